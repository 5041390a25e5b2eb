package kit

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// When is a moment as people read it, with the exact form on hover. The zero
// When shows as nothing.
type When = words.When

// Zone words times for one reader.
type Zone = words.Zone

// Span words a duration with at most two units.
func Span(d time.Duration) string { return words.Span(d).String() }

// Size is a number of bytes as people say it, exact on hover.
type Size struct {
	Text  string // 412 GB
	Exact string // 442,381,631,488 bytes
}

// Bytes words n; unknown (negative) shows as nothing.
func Bytes(n int64) Size {
	if n < 0 {
		return Size{}
	}
	return Size{Text: words.Bytes(n).String(), Exact: words.Number(n).String() + " bytes"}
}

// Progress is a bar with words: value, rate and estimate.
type Progress struct {
	Label string // for those who do not see the bar: "Upload of orders.bak"
	Value int64
	Max   int64  // 0 = not known: the bar moves without a value
	Words string // 31 % · 128 of 412 GB · 96 MB/s · about 50 min left
}

// Transfer words the progress of done out of total bytes at a rate in bytes
// per second; a rate of 0 is not shown and gives no estimate.
func Transfer(label string, done, total int64, rate float64) *Progress {
	p := &Progress{Label: label, Value: done, Max: total}
	var parts []string
	if total > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", int(math.Floor(100*float64(done)/float64(total)))),
			words.Scaled(float64(done))+" of "+words.Scaled(float64(total)))
	} else {
		parts = append(parts, words.Scaled(float64(done)))
	}
	if rate > 0 {
		parts = append(parts, words.Scaled(rate)+"/s")
		if total > done {
			left := time.Duration(float64(total-done) / rate * float64(time.Second))
			parts = append(parts, "about "+Span(left)+" left")
		}
	}
	p.Words = strings.Join(parts, " · ")
	return p
}

// Count words n of a thing: "1 file", "2 files", "1,204 files".
func Count(n int, one, many string) string { return words.Count(n, one, many).String() }
