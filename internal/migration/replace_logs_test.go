package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
)

// TestWhenADifferentialTakesThePlace: only where calls are counted, more logs
// wait than may be given, and a differential would be of use.
func TestWhenADifferentialTakesThePlace(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*Migration)
		used int // of 20, 3 kept
		want bool
	}{
		{"three wait for three", nil, 14, false},
		{"three wait for two", nil, 15, true},
		{"three wait for one", nil, 16, true},
		{"three wait for none", nil, 17, false},
		{"the cutover was ordered: three for three", func(m *Migration) { m.LiveSource.CutoverAsked = t0 }, 16, false},
		{"the cutover was ordered: three for two", func(m *Migration) { m.LiveSource.CutoverAsked = t0 }, 17, true},
		{"the cutover was ordered: only the tail's", func(m *Migration) { m.LiveSource.CutoverAsked = t0 }, 19, false},
		{"of given files", func(m *Migration) { m.LiveSource = nil }, 15, false},
		{"frozen", func(m *Migration) { m.LiveSource.Frozen = t0 }, 15, false},
		{"aborted", func(m *Migration) { m.LiveSource.AbortAsked = t0 }, 15, false},
		{"the full is on its way", func(m *Migration) { m.Files[0].State = FileSent }, 15, false},
		{"not counted", func(m *Migration) { m.Traits.Calls = endpoint.Calls{} }, 15, false},
		{"one of them is on its way already", func(m *Migration) { m.Files[2].State = FileSent }, 15, false},
		{"uploading counts as waiting", func(m *Migration) { m.Files[2].State = FileUploading }, 15, true},
		{"planned counts as waiting", func(m *Migration) { m.Files[2].State = FilePlanned }, 15, true},
		{"a differential waits among them", func(m *Migration) { m.Files = append(m.Files, file(6, "differential", FileStaged, 10, 25)) }, 15, false},
		{"the last differential built on another full", func(m *Migration) { m.LiveSource.SourceBackups[1].File = 0 }, 15, false},
		{"one that was refused says nothing of that", func(m *Migration) {
			m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{Kind: "differential", Verdict: Refused})
		}, 15, true},
		{"a later one is our own again", func(m *Migration) {
			m.LiveSource.SourceBackups[1].File = 0
			m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{Kind: "differential", Verdict: Adopted, File: 9})
		}, 15, true},
	} {
		m := fed(func(m *Migration) {
			wait(m, 3)
			if tc.edit != nil {
				tc.edit(m)
			}
		})
		if got := overtakes(m, Budget{Most: serviceTraits.Calls, Database: tc.used}, 3); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// TestAGapIsCoveredOnce: by a differential ordered at or after the asking, and
// taken.
func TestAGapIsCoveredOnce(t *testing.T) {
	for _, tc := range []struct {
		name string
		take SourceBackup
		want bool // still to be covered
	}{
		{"nothing was taken", SourceBackup{}, true},
		{"taken in the same instant", SourceBackup{Kind: "differential", Verdict: Accepted, Intended: t0}, false},
		{"taken before", SourceBackup{Kind: "differential", Verdict: Accepted, Intended: t0.Add(-1)}, true},
		{"found again", SourceBackup{Kind: "differential", Verdict: Adopted, Intended: t0.Add(time.Second)}, false},
		{"never arrived", SourceBackup{Kind: "differential", Verdict: Void, Intended: t0.Add(time.Second)}, true},
		{"without an answer", SourceBackup{Kind: "differential", Intended: t0.Add(time.Second)}, true},
		{"a log", SourceBackup{Kind: "log", Verdict: Accepted, Intended: t0.Add(time.Second)}, true},
	} {
		f := LiveSource{GapDifferentialAsked: t0, SourceBackups: []SourceBackup{tc.take}}
		if got := f.coversGap(); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
		f.GapDifferentialAsked = time.Time{}
		if f.coversGap() {
			t.Errorf("%s: nobody asked", tc.name)
		}
	}
}
