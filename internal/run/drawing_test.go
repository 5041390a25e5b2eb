package run_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/run"
)

// TestDrawingShowsTheMoves keeps the drawing in docs/architecture.md true.
func TestDrawingShowsTheMoves(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, drawing, found := strings.Cut(string(page), "```mermaid\nstateDiagram-v2\n")
	drawing, _, closed := strings.Cut(drawing, "```")
	if !found || !closed {
		t.Fatal("docs/architecture.md holds no state drawing")
	}
	drawn := map[string]bool{}
	for _, arrow := range regexp.MustCompile(`(?m)^\s*(\S+) --> (\S+)`).FindAllStringSubmatch(drawing, -1) {
		drawn[arrow[1]+" → "+arrow[2]] = true
	}
	want := map[string]bool{"[*] → queued": true}
	for from, to := range run.Moves() {
		for _, s := range to {
			want[fmt.Sprintf("%s → %s", from, s)] = true
			if s.Ended() {
				want[fmt.Sprintf("%s → [*]", s)] = true
			}
		}
	}
	for _, move := range slices.Sorted(maps.Keys(want)) {
		if !drawn[move] {
			t.Errorf("%s is allowed and not drawn", move)
		}
	}
	for _, move := range slices.Sorted(maps.Keys(drawn)) {
		if !want[move] {
			t.Errorf("%s is drawn and not allowed", move)
		}
	}
}
