package migration

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

// TestWhereAFileLiesForTheTarget: it is left where it is only when the target
// reads there and takes its name, and no two get one name.
func TestWhereAFileLiesForTheTarget(t *testing.T) {
	step := func(n byte, name string) backup.Step {
		return backup.Step{Set: &backup.Set{ID: backup.GUID{n}, Kind: backup.Log, Files: []backup.SetFile{{Name: name}}}}
	}
	for _, tc := range []struct {
		name       string
		key, from  string
		same, keep bool
		want       string // empty = a safe name
	}{
		{"in its place", "d/a.bak", "b", true, false, "d/a.bak"},
		{"in its place, under a name that is refused", "d/a b.bak", "b", true, false, ""},
		{"unpacked elsewhere", "d/a.bak", "unpacked", true, false, ""},
		{"in another place", "d/a.bak", "b", false, false, ""},
		{"its name is kept", "d/a.bak", "b", false, true, "up/a.bak"},
		{"unpacked, its name is not kept", "d/a.bak", "unpacked", false, true, ""},
	} {
		w := FilesRequest{SourceID: "b", StagingPrefix: "up/", Traits: serviceTraits, KeepNames: tc.keep}
		seen := []Seen{{From: tc.from, Key: tc.key, Name: "listed", File: &bakfile.File{}}}
		got := filesOf(&backup.Plan{Database: "shop", Steps: []backup.Step{step(1, "listed")}}, seen, w, tc.same, 4)
		if len(got) != 1 || got[0].Ord != 4 || (got[0].From == "") != (tc.from == "b") {
			t.Fatalf("%s: %+v", tc.name, got)
		}
		if key := got[0].Key; key != tc.want && (tc.want != "" || !strings.HasPrefix(key, "up/shopLOG")) {
			t.Errorf("%s: %q, want %q", tc.name, key, tc.want)
		}
	}
	seen := []Seen{{From: "b", Key: "x/a.bak", Name: "1", File: &bakfile.File{}}, {From: "b", Key: "y/a.bak", Name: "2", File: &bakfile.File{}}}
	twins := filesOf(&backup.Plan{Steps: []backup.Step{step(1, "1"), step(2, "2")}}, seen, FilesRequest{SourceID: "b", StagingPrefix: "up/", KeepNames: true, Traits: serviceTraits}, false, 1)
	if len(twins) != 2 || twins[0].Key == twins[1].Key || twins[1].Ord != 2 {
		t.Errorf("%+v", twins)
	}
	if got := SafeName(File{Kind: "log", Started: t0, SetGUID: bakfile.GUID{}}, "ü-$"); got != "databaseLOG2026030112000000000000.bak" {
		t.Errorf("%q", got)
	}
	if got := SafeName(File{Kind: "full"}, strings.Repeat("a", 99)); !strings.HasPrefix(got, strings.Repeat("a", 60)+"FULL") {
		t.Errorf("%q", got)
	}
}

// TestOneLineageIsChosen: without a choice there must be one only.
func TestOneLineageIsChosen(t *testing.T) {
	one, two := backup.Plan{Family: backup.GUID{1}}, backup.Plan{Family: backup.GUID{2}}
	for _, tc := range []struct {
		plans  []backup.Plan
		family backup.GUID
		want   backup.GUID
	}{
		{[]backup.Plan{one}, backup.GUID{}, one.Family}, {[]backup.Plan{one, two}, backup.GUID{}, backup.GUID{}}, {[]backup.Plan{one, two}, two.Family, two.Family}, {[]backup.Plan{one}, two.Family, backup.GUID{}}, {nil, backup.GUID{}, backup.GUID{}},
	} {
		var got backup.GUID
		if p := chosen(tc.plans, tc.family); p != nil {
			got = p.Family
		}
		if got != tc.want {
			t.Errorf("%v of %d plans: %v, want %v", tc.family, len(tc.plans), got, tc.want)
		}
	}
}
