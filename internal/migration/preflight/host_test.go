package preflight

import (
	"errors"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestATargetsOwnRooms pins what fits a self-managed server to the byte.
func TestATargetsOwnRooms(t *testing.T) {
	for _, tc := range []struct {
		name string
		h    migration.HostFacts
		ours []string
		code string
		want migration.Level
	}{
		{"just fits", migration.HostFacts{Volumes: []migration.Volume{{Path: "/d", Need: 9, Free: 9}}}, nil, "space", migration.Passed},
		{"a byte too little", migration.HostFacts{Volumes: []migration.Volume{{Path: "/d", Need: 9, Free: 8}}}, nil, "space", migration.Barred},
		{"a full volume is told", migration.HostFacts{Volumes: []migration.Volume{{Path: "/d", Need: 9, Free: 0}}}, nil, "space", migration.Barred},
		{"not told", migration.HostFacts{Volumes: []migration.Volume{{Path: "/d", Need: 9, Free: -1}}}, nil, "space", migration.Warned},
		{"as large as the edition takes", migration.HostFacts{LargestMDF: 9, Moves: []migration.Move{{To: "/d/a", Size: 4}, {To: "/d/b", Size: 5}}}, nil, "edition", ""},
		{"a byte larger", migration.HostFacts{LargestMDF: 9, Moves: []migration.Move{{To: "/d/a", Size: 5}, {To: "/d/b", Size: 5}}}, nil, "edition", migration.Barred},
		{"no bound", migration.HostFacts{Moves: []migration.Move{{To: "/d/a", Size: 1 << 50}}}, nil, "edition", ""},
		{"one of two places is taken", migration.HostFacts{Moves: []migration.Move{{To: "/d/a"}, {To: "/d/b", Taken: "x"}}}, nil, "files-clash", migration.Barred},
		{"one file is seen by both", migration.HostFacts{Names: []string{"A", "b"}}, []string{"c", "a"}, "bucket", migration.Passed},
		{"none is seen by both", migration.HostFacts{Names: []string{"b"}}, []string{"a"}, "bucket", migration.Barred},
		{"the folder is empty", migration.HostFacts{Names: []string{"b"}}, nil, "bucket", migration.Warned},
	} {
		f := Facts{Migration: migration.Migration{Database: "shop"}, Host: &HostCheck{HostFacts: tc.h, Ours: tc.ours}}
		j := &judge{}
		j.host(f)
		if got := levelsOf(t, j.out)[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
	}
}

func TestJudgeAServerOfOnesOwn(t *testing.T) {
	whole := func() Facts {
		return Facts{Migration: migration.Migration{Traits: serverTraits, Database: "shop", Mode: migration.Pending, Files: []migration.File{{Ord: 1, Kind: "full", Key: "my (own) names.bak", Size: 4 << 40}}},
			Sets:     []SetFacts{{File: migration.File{Kind: "full", Key: "my (own) names.bak", Size: 4 << 40}, VersionMajor: 15, RecoveryModel: "FULL", Position: 1, SetsInFile: 1, FamilyCount: 3, Complete: true}},
			Instance: migration.TargetInstance{VersionMajor: 15, Status: "Running", Edition: "std"}, CallsDay: 1000, CallsHost: 1000,
			Host: &HostCheck{HostFacts: migration.HostFacts{Folder: "/backup", Names: []string{"Readme.txt"}, Moves: []migration.Move{{Logical: "shop", To: "/data/shop_1.mdf", Size: 8 << 20}}, Volumes: []migration.Volume{{Path: "/data", Need: 8 << 20, Free: 9 << 20}}}, Ours: []string{"readme.txt"}}}
	}
	levels := func(fs []migration.Finding) (barred []string) {
		for _, f := range fs {
			if f.Level == migration.Barred {
				barred = append(barred, f.Code)
			}
			if f.Level != migration.Passed && f.Fix.IsZero() {
				t.Errorf("no fix: %+v", f)
			}
		}
		return barred
	}
	if got := levels(Judge(whole())); len(got) > 0 {
		t.Errorf("a cloud's limits bar it: %v", got)
	}
	for want, change := range map[string]func(*Facts){
		"rights":      func(f *Facts) { f.Host.Missing = []backup.MissingRight{{Right: "restore", Grant: "ALTER SERVER ROLE"}} },
		"bucket":      func(f *Facts) { f.Host.Names = []string{"other"} },
		"files-clash": func(f *Facts) { f.Host.Moves[0].Taken = "database x" },
		"space":       func(f *Facts) { f.Host.Volumes[0].Free = 1 },
		"edition":     func(f *Facts) { f.Host.LargestMDF = 1 << 20 },
		"name":        func(f *Facts) { f.Databases = []string{"SHOP"} },
		"version":     func(f *Facts) { f.Instance.VersionMajor = 14 },
		"key":         func(f *Facts) { f.Sets[0].File.Key = `a\b.bak` },
	} {
		f := whole()
		change(&f)
		if got := levels(Judge(f)); len(got) != 1 || got[0] != want {
			t.Errorf("want %s alone, got %v", want, got)
		}
	}
	unseen := whole()
	unseen.Host.FolderSays = errors.New("access denied")
	if got := levels(Judge(unseen)); len(got) != 1 || got[0] != "bucket" {
		t.Errorf("a folder that the target cannot list: %v", got)
	}
}

// Stripes of one set are no links of their own.
func TestNoGapBetweenStripes(t *testing.T) {
	set := bakfile.GUID{1}
	if why := gap([]migration.File{{Kind: "full", SetGUID: set, LastLSN: lsn(5)}, {Kind: "full", SetGUID: set, LastLSN: lsn(5)}, {Kind: "log", SetGUID: bakfile.GUID{2}, FirstLSN: lsn(5), LastLSN: lsn(9)}}); !why.IsZero() {
		t.Errorf("a gap between stripes: %s", why)
	}
}
