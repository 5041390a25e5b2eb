package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/internal/words"
)

func keeper(t *testing.T) (*DB, servermigration.Store) {
	t.Helper()
	d := open(t)
	if err := d.SaveAccount(t.Context(), endpoint.Account{ID: "a", Name: "acme", Kind: "alibaba"}, entry("save")); err != nil {
		t.Fatal(err)
	}
	if err := d.Servers().Watch(t.Context(), "a", true, entry("watch")); err != nil {
		t.Fatal(err)
	}
	return d, d.Servers()
}

// TestALookKeepsWhatItFound: one that began before the newest good one changes
// nothing, one that failed only says so, what is not listed any more is gone and
// stays as it was known, and comes back when it is listed again.
func TestALookKeepsWhatItFound(t *testing.T) {
	d, s := keeper(t)
	ctx := t.Context()
	cycle := servermigration.Cycle{ImageID: "m-1", Start: noon, End: noon.Add(time.Hour)}
	job := servermigration.Job{ID: "j", SourceID: "s", Name: "move", Status: servermigration.Waiting, Created: noon, Cycles: []servermigration.Cycle{cycle}}
	source := servermigration.Server{ID: "s", Name: "SQL01", JobID: "j"}
	look := func(minute int, jobs ...servermigration.Job) {
		t.Helper()
		if err := s.NoteSeen(ctx, "a", servermigration.Seen{At: noon.Add(time.Duration(minute) * time.Minute), Servers: []servermigration.Server{source}, Jobs: jobs}); err != nil {
			t.Fatal(err)
		}
	}
	now := func() string {
		t.Helper()
		k, err := s.Job(ctx, "a", "j")
		if err != nil {
			t.Fatal(err)
		}
		h, err := s.Happened(ctx, "a", "j", 100)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s of %s, %d runs, %d happened, minute %.0f", k.Status, k.SourceName, len(k.Cycles), len(h), k.Looked.Sub(noon).Minutes())
	}
	is := func(what, want string) {
		t.Helper()
		if got := now(); got != want {
			t.Errorf("%s: %s, not %s", what, got, want)
		}
	}
	look(10, job)
	is("a first look", "Waiting of SQL01, 1 runs, 1 happened, minute 10")
	late := job
	late.Status = servermigration.Running
	look(5, late)
	is("one that was overtaken", "Waiting of SQL01, 1 runs, 1 happened, minute 10")
	if err := s.NoteSeen(ctx, "a", servermigration.Seen{At: noon.Add(12 * time.Minute), Why: words.Say("No answer.")}); err != nil {
		t.Fatal(err)
	}
	is("one that failed", "Waiting of SQL01, 1 runs, 1 happened, minute 10")
	look(15)
	is("the job is not listed", "Gone of SQL01, 1 runs, 2 happened, minute 15")
	var writes int
	count := func() (n int) {
		if err := d.read.QueryRow(`SELECT count(*) FROM smc_happened`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	writes = count()
	look(20)
	is("still not", "Gone of SQL01, 1 runs, 2 happened, minute 15")
	if count() != writes {
		t.Error("a job that is gone goes again")
	}
	job.Cycles = nil
	look(25, job)
	is("it is listed again, its run is not", "Waiting of SQL01, 1 runs, 2 happened, minute 25")
	all, err := s.Servers(ctx, servermigration.ServerFilter{})
	if err != nil || len(all) != 1 || all[0].Last == nil || all[0].Last.Name != "move" {
		t.Errorf("%+v %v", all, err)
	}
}

// TestListsOfServersGoPageByPage: each once, those that are gone last; jobs whose
// validity ends are found, and what costs is counted over all of them.
func TestListsOfServersGoPageByPage(t *testing.T) {
	_, s := keeper(t)
	ctx := t.Context()
	var seen servermigration.Seen
	for n := range 25 {
		id := fmt.Sprintf("%02d", n)
		seen.Servers = append(seen.Servers, servermigration.Server{ID: "s" + id, JobID: "j" + id})
		j := servermigration.Job{ID: "j" + id, SourceID: "s" + id, Status: servermigration.Waiting, TransitionID: "i-" + id, Created: noon.Add(time.Duration(n/3) * time.Minute)}
		if n%5 == 0 {
			j.ValidTill = noon.Add(time.Duration(n) * time.Hour)
		}
		if n%2 == 0 {
			j.Status = servermigration.Finished
		}
		seen.Jobs = append(seen.Jobs, j)
	}
	seen.At = noon.Add(time.Minute)
	if err := s.NoteSeen(ctx, "a", seen); err != nil {
		t.Fatal(err)
	}
	seen.At, seen.Servers = noon.Add(2*time.Minute), seen.Servers[3:]
	if err := s.NoteSeen(ctx, "a", seen); err != nil {
		t.Fatal(err)
	}
	var servers, jobs []string
	for f := (servermigration.ServerFilter{Limit: 7}); ; {
		page, err := s.Servers(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page {
			servers = append(servers, k.ID)
		}
		if len(page) < 7 {
			break
		}
		f.After = page[6].Key()
	}
	if got := strings.Join(servers, " "); len(servers) != 25 || !strings.HasPrefix(got, "s03 ") || !strings.HasSuffix(got, " s24 s00 s01 s02") {
		t.Error(got)
	}
	for f := (servermigration.Filter{Limit: 7}); ; {
		page, err := s.Jobs(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page {
			jobs = append(jobs, k.ID)
		}
		if len(page) < 7 {
			break
		}
		f.Before = servermigration.Key{Created: page[6].Created, ID: page[6].ID}
	}
	if got := strings.Join(jobs, " "); len(jobs) != 25 || !strings.HasPrefix(got, "j24 j23 ") || !strings.HasSuffix(got, " j00") {
		t.Error(got)
	}
	ending, err := s.Jobs(ctx, servermigration.Filter{EndsBefore: noon.Add(12 * time.Hour)})
	if err != nil || len(ending) != 3 { // 0, 5, 10; the others tell none or end later
		t.Errorf("%d jobs end, %v", len(ending), err)
	}
	if n, err := s.Costly(ctx); err != nil || n != 12 {
		t.Errorf("%d cost, %v", n, err)
	}
	if err := s.NoteTransitions(ctx, "a", map[string]servermigration.Presence{"j01": servermigration.Missing, "j03": servermigration.There}, noon); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Costly(ctx); err != nil || n != 11 {
		t.Errorf("%d cost after one is gone, %v", n, err)
	}
	counts, err := s.Counts(ctx, servermigration.Filter{AccountID: "a"})
	if err != nil || counts[servermigration.Waiting] != 12 || counts[servermigration.Finished] != 13 {
		t.Errorf("%v %v", counts, err)
	}
}
