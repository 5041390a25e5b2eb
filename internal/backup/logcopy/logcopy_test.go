package logcopy

import (
	"fmt"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func lsn(n uint32) backup.LSN { return backup.LSN{VLF: n} }

// listed are log backups 1…n, each from LSN 10k to 10(k+1).
func listed(n int) (out []Log) {
	for k := 1; k <= n; k++ {
		out = append(out, Log{Seq: int64(k), Name: fmt.Sprintf("7.ab/7.ab.%d.%d", k, 1000+k), Taken: noon.Add(time.Duration(k) * 5 * time.Minute), First: lsn(uint32(10 * k)), Last: lsn(uint32(10 * (k + 1)))})
	}
	return out
}

func full(last uint32) backup.Record {
	return backup.Record{State: backup.Complete, Set: backup.Set{Kind: backup.Full, Last: lsn(last)}, Copies: []backup.Copy{{BucketID: "b", Keys: []string{"full.bak"}}}}
}

// held are copies of some of the log backups.
func held(logs []Log, seqs ...int) (out []backup.Record) {
	for _, k := range seqs {
		l := logs[k-1]
		at := l.Taken
		out = append(out, backup.Record{State: backup.Complete, Set: backup.Set{Kind: backup.Log, First: l.First, Last: l.Last, Finished: backup.Moment{Local: at, UTC: &at}}, Copies: []backup.Copy{{BucketID: "b", Keys: []string{"logs/" + l.Name}}}})
	}
	return out
}

func seqs(logs []Log) (out []int64) {
	for _, l := range logs {
		out = append(out, l.Seq)
	}
	return out
}

// TestWhatIsToBeCopied: from the oldest one held on, or from the full on.
func TestWhatIsToBeCopied(t *testing.T) {
	all := listed(6)
	for name, tc := range map[string]struct {
		listed  []Log
		records []backup.Record
		missing string
		first   string // of the first call
	}{
		"no full":                       {all, nil, "[]", "[]"},
		"a full, none held":             {all, []backup.Record{full(35)}, "[3 4 5 6]", "[3 4 5 6]"},
		"a log that ends with the full": {all, []backup.Record{full(40)}, "[4 5 6]", "[4 5 6]"},
		"some held":                     {all, append(held(all, 2, 3), full(5)), "[4 5 6]", "[4 5 6]"},
		"all held":                      {all, append(held(all, 1, 2, 3, 4, 5, 6), full(5)), "[]", "[]"},
		"one was lost in the bucket":    {all, append(held(all, 2, 4, 5), full(5)), "[3 6]", "[3]"},
		"what retention let go of":      {all, append(held(all, 5), full(5)), "[6]", "[6]"},
		"none listed":                   {nil, append(held(all, 5), full(5)), "[]", "[]"},
	} {
		s := Stand("shop", tc.listed, tc.records)
		if got := fmt.Sprint(seqs(s.Missing)); got != tc.missing {
			t.Errorf("%s: missing %s, want %s", name, got, tc.missing)
		}
		if got := fmt.Sprint(seqs(Stretch(s.Missing, 100))); got != tc.first {
			t.Errorf("%s: first call %s, want %s", name, got, tc.first)
		}
		if len(s.Missing) > 0 && s.Leaves != s.Missing[0].Taken.Add(7*24*time.Hour) {
			t.Errorf("%s: leaves at %s", name, s.Leaves)
		}
	}
	if got := seqs(Stretch(all, 2)); len(got) != 2 {
		t.Errorf("a call of %v", got)
	}
}

// TestAKeyMayDifferInCase: servers print GUIDs in upper case.
func TestAKeyMayDifferInCase(t *testing.T) {
	all := listed(2)
	all[0].Name = "7.AB/7.AB.1.1001"
	if s := Stand("shop", all, append(held(listed(2), 1), full(5))); len(s.Missing) != 1 {
		t.Errorf("%v", seqs(s.Missing))
	}
}

// TestGapsAreSeen: of the service's own chain, and those of a copying that came
// too late; a data backup behind them begins anew.
func TestGapsAreSeen(t *testing.T) {
	all := listed(6)
	broken := listed(6)
	broken[3].Broken = true // log 4, from LSN 40
	for name, tc := range map[string]struct {
		listed  []Log
		records []backup.Record
		broken  int
		lost    bool
	}{
		"whole":                         {all, append(held(all, 1, 2), full(5)), 0, false},
		"broken":                        {broken, append(held(all, 1, 2), full(5)), 1, false},
		"broken, and a full behind it":  {broken, append(held(all, 1, 2), full(5), full(45)), 0, false},
		"broken before there was one":   {broken, nil, 0, false},
		"copied too late":               {all[3:], append(held(all, 1, 2), full(5)), 0, true},
		"copied just in time":           {all[2:], append(held(all, 1, 2), full(5)), 0, false},
		"too late, and a full since":    {all[3:], append(held(all, 1, 2), full(5), full(41)), 0, false},
		"nothing was copied, ever":      {all[3:], []backup.Record{full(5)}, 0, false},
		"another database of that name": {all[3:], append(renamed(held(all, 1, 2)), full(5)), 0, false},
	} {
		s := Stand("shop", tc.listed, tc.records)
		if len(s.Broken) != tc.broken || (s.Lost != nil) != tc.lost {
			t.Errorf("%s: broken %v, lost %v", name, s.Broken, s.Lost)
		}
	}
}

func renamed(records []backup.Record) []backup.Record {
	for i := range records {
		records[i].Copies[0].Keys = []string{fmt.Sprintf("logs/9.cd/9.cd.%d.1", i)}
	}
	return records
}
