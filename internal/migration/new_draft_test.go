package migration

import (
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

// TestNewDraft: what was left open gets its usual value, what was chosen stays,
// and every call is worded in its order.
func TestNewDraft(t *testing.T) {
	data, known := chainFiles(t, "shop")
	var seen []Seen
	for name, b := range data {
		file, err := bakfile.Read(bytesAt(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, Seen{From: "b", Key: name, Name: name, Size: int64(len(b)), File: file})
	}
	seen = append(seen, Seen{From: "b", Key: "readme", Name: "readme"})
	d, err := NewDraft(FilesRequest{SourceID: "b", Traits: serviceTraits}, seen, false)
	if err != nil || d.Plan == nil || len(d.Files) < 3 {
		t.Fatalf("%+v, %v", d.Files, err)
	}
	if m := d.Migration; m.Mode != Pending || m.Check != CheckAsync || m.StagingPrefix != "bakplane/" || m.Database != "shop" || m.SourceDatabase != "shop" || m.SourceServer == "" {
		t.Errorf("%+v", m)
	}
	if no := d.NotBackups(); len(no) != 1 || no[0].Name != "readme" {
		t.Errorf("no backups: %+v", no)
	}
	if files := d.DataFiles(); len(files) == 0 || d.Files[0].SetGUID != known["full"].SetGUID {
		t.Errorf("data files: %+v", files)
	}
	verbs := func(d Draft) (out []Verb) {
		for _, r := range d.Requests(plainWords{}, RestoreCall{}) {
			out = append(out, r.Verb)
		}
		return out
	}
	if v := verbs(d); len(v) != len(d.Files)+1 || v[0] != VerbRestore || v[1] != VerbImport || v[len(v)-1] != VerbOpen {
		t.Errorf("%v", v)
	}
	w := FilesRequest{SourceID: "b", Traits: serviceTraits, Database: "store", Mode: Immediate, Check: CheckSync, StagingPrefix: "up/"}
	if d, err = NewDraft(w, seen, false); err != nil || d.Migration.Database != "store" || d.Migration.Mode != Immediate || d.Migration.Check != CheckSync || d.Migration.StagingPrefix != "up/" {
		t.Errorf("%+v, %v", d.Migration, err)
	}
	if v := verbs(d); v[len(v)-1] == VerbOpen {
		t.Errorf("opened twice: %v", v)
	}
	if v := verbs(Draft{Migration: Migration{Mode: Pending}}); len(v) != 0 {
		t.Errorf("calls of nothing: %v", v)
	}
	if d, err := NewDraft(FilesRequest{Family: backup.GUID{9}}, seen, false); err == nil || d.Plan != nil {
		t.Error("a lineage that is not among the files")
	}
	if d, err := NewDraft(FilesRequest{}, nil, false); err != nil || d.Plan != nil || len(d.Files) != 0 {
		t.Errorf("nothing seen: %+v, %v", d, err)
	}
}
