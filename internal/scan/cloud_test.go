package scan

import (
	"fmt"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestWhichSetsOfTheServiceAreForgotten: those inside the time that was listed,
// an hour from its ends, which it did not list.
func TestWhichSetsOfTheServiceAreForgotten(t *testing.T) {
	from, to := noon, noon.Add(10*time.Hour)
	for _, tc := range []struct {
		name string
		edit func(*backup.Record)
		want bool
	}{
		{"not listed", func(*backup.Record) {}, true},
		{"listed", func(r *backup.Record) { r.Cloud.ID = "there" }, false},
		{"a log", func(r *backup.Record) { r.Set.Kind = backup.Log }, false},
		{"removed already", func(r *backup.Record) { r.State = backup.Removed }, false},
		{"not the service's", func(r *backup.Record) { r.Cloud = nil }, false},
		{"begun an hour after", func(r *backup.Record) { r.Cloud.Started = from.Add(time.Hour) }, false},
		{"begun a little later", func(r *backup.Record) { r.Cloud.Started = from.Add(time.Hour + 1) }, true},
		{"copied, and known to be gone there", func(r *backup.Record) { r.Cloud.Usable, r.Copies = false, make([]backup.Copy, 1) }, false},
		{"copied", func(r *backup.Record) { r.Copies = make([]backup.Copy, 1) }, true},
		{"not usable", func(r *backup.Record) { r.Cloud.Usable = false }, true},
	} {
		s, c := newStand()
		r := backup.Record{ID: "r", State: backup.Complete, Set: backup.Set{Kind: backup.Full}, Cloud: &backup.CloudSet{ID: "1", Started: noon.Add(2 * time.Hour), Usable: true}}
		tc.edit(&r)
		s.known = []backup.Record{r}
		if err := c.forget(t.Context(), "cloud", from, to, map[string]bool{"there": true}); err != nil || (len(s.gone) == 1) != tc.want {
			t.Errorf("%s: %v, %v", tc.name, s.gone, err)
		}
		if f := s.filters[0]; !f.From.Equal(from.Add(time.Hour)) || !f.To.Equal(to.Add(-time.Hour)) || f.Origin != backup.InCloud || f.InstanceID != "cloud" {
			t.Errorf("%s: %+v", tc.name, f)
		}
	}
	for failed, want := range map[bool]backup.RecordState{false: backup.Complete, true: backup.Broken} {
		if r := CloudRecord("i", backup.CloudSet{Failed: failed, Kind: backup.Full, Expires: to}, noon); r.State != want || !r.Expires.Equal(to) || r.Origin != backup.InCloud || r.InstanceID != "i" {
			t.Errorf("failed %v: %+v", failed, r)
		}
	}
}

// TestWhatAFileOfABucketIs.
func TestWhatAFileOfABucketIs(t *testing.T) {
	_, c := newStand()
	whole := backup.Set{Server: "SRV", Database: "d", Complete: true, FamilyCount: 2, Files: []backup.SetFile{{Family: 1, Name: "1", Size: 3}, {Family: 2, Name: "2", Size: 4}}}
	for _, tc := range []struct {
		name string
		edit func(*backup.Set)
		want string
	}{
		{"whole", func(*backup.Set) {}, "i complete [1 2] 7"},
		{"of a stranger", func(s *backup.Set) { s.Server = "x" }, " complete [1 2] 7"},
		{"a stripe is missing", func(s *backup.Set) { s.Files = s.Files[1:] }, "i broken [ 2] 4"},
		{"cut", func(s *backup.Set) { s.Complete = false }, "i broken [1 2] 7"},
		{"damaged", func(s *backup.Set) { s.Damaged = true }, "i broken [1 2] 7"},
	} {
		s := whole
		tc.edit(&s)
		r := c.fileRecord(s, "f", map[string]string{"srv": "i"})
		if got := fmt.Sprintf("%s %s %v %d", r.InstanceID, r.State, r.Copies[0].Keys, r.Copies[0].Size); got != tc.want || r.Origin != backup.InBucket {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
