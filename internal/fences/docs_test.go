package fences

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// placed are files and folders of the house that a page names.
var placed = regexp.MustCompile("`((?:internal|cmd|web|docs)/[A-Za-z0-9_/.]+)`")

// What the documents point at is there: a page that grew old sends the next
// person to the wrong door.
func TestPlacesNamedInTheDocumentsExist(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/adding-a-target.md"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range placed.FindAllSubmatch(text, -1) {
			seen++
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(string(hit[1])))); err != nil {
				t.Errorf("%s points at %s, which is not there", page, hit[1])
			}
		}
	}
	if seen < 20 {
		t.Fatalf("only %d places are named", seen)
	}
}
