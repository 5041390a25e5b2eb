package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/bakfile/verify"
)

// zeroed are the samples whose pages and log were filled with zeros, so that
// they hold no one's rows: they must be called damaged.
var zeroed = map[string]bool{"sql2012-rtm_medianame_checksum_full.bak": true, "sql2005-sp2_two-sets_full.bak": true}

func samples(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(bakfiletest.Samples(t), "*.[bt][ar][kn]"))
	if err != nil || len(list) < 41 {
		t.Fatalf("%d sample files, %v, want at least 41", len(list), err)
	}
	return list
}

func walk(t testing.TB, path string) *verify.File {
	t.Helper()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := verify.Read(t.Context(), r, 2)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSamplesAreWholeAsWritten(t *testing.T) {
	whole := 0
	for _, path := range samples(t) {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			r := verify.Together(walk(t, path))
			if zeroed[name] {
				if r.Verdict != verify.Damaged {
					t.Errorf("%s, want damaged", r.Verdict)
				}
				return
			}
			whole++
			if r.Verdict != verify.Whole || r.Unaccounted != 0 {
				t.Errorf("%s, %d bytes unaccounted for\ndamage %+v\nunknown %+v", r.Verdict, r.Unaccounted, r.Damage, r.Unknown)
			}
			if r.Pages.Seen+r.Log.Seen == 0 && !strings.Contains(name, "log") {
				t.Error("neither pages nor log blocks were seen")
			}
			t.Logf("%s pages %+v log %+v sums %+v", r.Sentence, r.Pages, r.Log, r.Sums)
		})
	}
}
