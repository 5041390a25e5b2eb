package migration

import (
	"strings"
	"testing"
	"time"

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

// TestATargetsOwnRooms pins what fits a self-managed server to the byte.
func TestATargetsOwnRooms(t *testing.T) {
	for _, tc := range []struct {
		name string
		h    HostFacts
		ours []string
		code string
		want Level
	}{
		{"just fits", HostFacts{Volumes: []Volume{{Path: "/d", Need: 9, Free: 9}}}, nil, "space", Passed},
		{"a byte too little", HostFacts{Volumes: []Volume{{Path: "/d", Need: 9, Free: 8}}}, nil, "space", Barred},
		{"a full volume is told", HostFacts{Volumes: []Volume{{Path: "/d", Need: 9, Free: 0}}}, nil, "space", Barred},
		{"not told", HostFacts{Volumes: []Volume{{Path: "/d", Need: 9, Free: -1}}}, nil, "space", Warned},
		{"as large as the edition takes", HostFacts{LargestMDF: 9, Moves: []Move{{To: "/d/a", Size: 4}, {To: "/d/b", Size: 5}}}, nil, "edition", ""},
		{"a byte larger", HostFacts{LargestMDF: 9, Moves: []Move{{To: "/d/a", Size: 5}, {To: "/d/b", Size: 5}}}, nil, "edition", Barred},
		{"no bound", HostFacts{Moves: []Move{{To: "/d/a", Size: 1 << 50}}}, nil, "edition", ""},
		{"one of two places is taken", HostFacts{Moves: []Move{{To: "/d/a"}, {To: "/d/b", Taken: "x"}}}, nil, "files-clash", Barred},
		{"one file is seen by both", HostFacts{Names: []string{"A", "b"}}, []string{"c", "a"}, "bucket", Passed},
		{"none is seen by both", HostFacts{Names: []string{"b"}}, []string{"a"}, "bucket", Barred},
		{"the folder is empty", HostFacts{Names: []string{"b"}}, nil, "bucket", Warned},
	} {
		f := Facts{Migration: Migration{Database: "shop"}, Host: &HostCheck{HostFacts: tc.h, Ours: tc.ours}}
		j := &judge{}
		j.host(f)
		if got := levelsOf(t, j.out)[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
	}
}

// TestAWaveAtItsBounds pins what fits together to the byte and the call.
func TestAWaveAtItsBounds(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*WaveFacts)
		code string
		want Level
	}{
		{"the target just fits", func(f *WaveFacts) { f.Instance.UsedBytes = 70 }, "wave-space", Passed},
		{"a byte too little", func(f *WaveFacts) { f.Instance.UsedBytes = 71 }, "wave-space", Barred},
		{"the bucket just fits", func(f *WaveFacts) { f.BucketMay = 20 }, "wave-bucket", Passed},
		{"the bucket is a byte too small", func(f *WaveFacts) { f.BucketMay = 19 }, "wave-bucket", Barred},
		{"a full bucket is told", func(f *WaveFacts) { f.BucketMay = 0 }, "wave-bucket", Barred},
		{"the folder just fits", func(f *WaveFacts) { f.Members[1].FreeBackup = 20 }, "wave-folder", Passed},
		{"the folder is a byte too small", func(f *WaveFacts) { f.Members[1].FreeBackup = 19 }, "wave-folder", Barred},
		{"a full folder is told", func(f *WaveFacts) { f.Members[1].FreeBackup = 0 }, "wave-folder", Barred},
		{"as many calls as are left", func(f *WaveFacts) { f.CallsHost = 478 }, "wave-calls", Passed},
		{"one call too few", func(f *WaveFacts) { f.CallsHost = 479 }, "wave-calls", Warned},
		{"one call too few by what is planned", func(f *WaveFacts) { f.CallsPlan, f.CallsHost = 479, 1 }, "wave-calls", Warned},
		{"just the full backups and the cutover", func(f *WaveFacts) { f.CallsHost = 490 }, "wave-calls", Warned},
		{"not even these", func(f *WaveFacts) { f.CallsHost = 491 }, "wave-calls", Barred},
	} {
		f := WaveFacts{Traits: serviceTraits, Every: 4 * time.Hour, BucketMay: -1, Instance: TargetInstance{StorageBytes: 100, MaxDatabases: 9},
			Members: []WaveNeed{{Name: "a", DataBytes: 10, LogBytes: 5, FreeBackup: 99}, {Name: "b", DataBytes: 10, LogBytes: 5, FreeBackup: 99}}}
		tc.edit(&f)
		if got := levelsOf(t, JudgeWave(f))[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
	}
}
