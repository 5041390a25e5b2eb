package server_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

const waveQuery = "?name=billing+weekend&server=source&instance=target&staging=staging&every=15m"

// TestAPersonMovesAWave walks from the list of waves to the printed report.
func TestAPersonMovesAWave(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	b.get("/waves").sees(200, "No waves yet.").follow("New wave").sees(200, "There is no SQL Server to migrate from yet.")
	f := h.fleet(t, "billing", "crm", "hr")
	f.sources["hr"].state = "OFFLINE"
	b.get("/migrations").follow("Waves").follow("New wave").sees(200, "billing", "64.0 MB", "FULL", "offline", "Select all", "A wave of databases")
	b.submit("/waves/new/checks", "name", "x").sees(422, "No database is chosen.")
	b.get("/waves/new"+waveQuery+"&pick=all").submit("/waves/new/checks", "name", "").sees(422, "The wave has no name.")

	// hr is not online and cannot be ticked; an address may name it all the same.
	b.get("/waves/new/checks"+waveQuery+"&database=billing&database=hr&database=crm&database=billing&database=gone").
		sees(200, "2 can start, 2 cannot.", "Left out as things stand: hr, gone.", "There is no database gone.", "left out", "can start", "Start 2 migrations", "What will be done")
	b.submit("/waves").sees(200, "The wave has begun with 2 databases.", "Left out: hr", "billing weekend", "billing", "crm")
	page := b.at.Path
	b.follow("crm").follow("billing weekend")
	b.until("all following").sees(200, "2 of 2", "ready for the cutover", "Behind at most", "2.0 MB of log")
	b.get("/waves").until("2 following").sees(200, "billing weekend", "2 databases") // their differentials may be on their way
	b.do("POST", "/waves", strings.TrimPrefix(waveQuery, "?")+"&database=crm&database=billing").sees(422, "None of them can start yet.", "crm is being migrated to this instance already.")
	b.get("/waves/new/checks"+waveQuery+"&database=crm").sees(200, "crm is being migrated to this instance already.", "None of them can start yet.")

	b.get(page + "/cutover").until("≈")
	b.get(page).follow("Cut over…").sees(200, "Cut over billing weekend", "The gate: the target's last LSN must be that of the tail.", "Writes stop at most", "≈", "Type billing weekend to confirm", "tail")
	b.submit(page+"/cutover", "confirm", "billing").sees(422, "The name typed is not billing weekend.")
	b.submit(page+"/cutover", "confirm", "billing weekend").sees(200, "Ordered: the cutover of 2 databases begins.")
	b.until("all open").sees(200, "Writes stopped at most", "Writes were stopped for")
	b.get(page+"/cutover").sees(200, "It cannot be cut over now.")
	b.get(page).follow("Report").sees(200, "Report of billing weekend", "billing on SQL1", "Hangzhou (rm-test1hangzhou)", "Writes were stopped for", "First and last LSN", "tail ends at LSN", "and the target applied it", "DBCC CHECKDB", "Logins", "EXEC [database].sys.sp_updatestats")
	for _, name := range []string{"billing", "crm"} {
		f.sources[name].with(func() {
			if s := f.sources[name].state; s != "RESTORING" {
				t.Errorf("%s is %s after the cutover", name, s)
			}
		})
	}
}

// TestAWaveWaitsForItsLast shows that the joint cutover is all or none.
func TestAWaveWaitsForItsLast(t *testing.T) {
	h := newHouse(t)
	f := h.fleet(t, "billing", "crm")
	f.sources["crm"].refuses = fault.New(fault.Invalid, "Cannot open backup device.", "Let the service account write to the folder.")
	p := h.program(t)
	request := map[string]any{"name": "billing weekend", "server": "source", "databases": []string{"billing", "crm", "nothing"}, "instance": "target", "staging": "staging", "every": "15m"}
	type result struct{ Database, ID, Error, Fix string }
	var begun struct {
		ID        string
		Databases []result
	}
	p.ask("POST", "/api/v1/waves", map[string]any{"name": "x", "server": "source", "databases": []string{}, "instance": "target", "staging": "staging"}, 422, nil)
	p.ask("POST", "/api/v1/waves", request, 201, &begun)
	if ds := begun.Databases; len(ds) != 3 || ds[0].ID == "" || ds[0].Error != "" || ds[1].ID == "" || ds[2].ID != "" || ds[2].Error != "There is no database nothing." {
		t.Fatalf("%+v", begun)
	}
	var refused struct {
		Error, Kind string
		Databases   []result
	}
	p.ask("POST", "/api/v1/waves", request, 422, &refused)
	if len(refused.Databases) != 3 || !strings.Contains(refused.Databases[0].Error, "already") {
		t.Errorf("%+v", refused)
	}
	var w struct {
		Total, Following, Open int
		Needs                  int `json:"need_a_person"`
		Ready                  bool
		Members                []struct {
			Database, Stage string
			Behind          float64 `json:"behind_seconds"`
			Waiting         int64   `json:"log_bytes_since_backup"`
			NotReady        string  `json:"not_ready"`
			Measured        *struct {
				Total float64 `json:"total_seconds"`
			}
		}
	}
	wait := func(what string, met func() bool) {
		t.Helper()
		deadline := time.Now().Add(30 * time.Second)
		look := func() {
			w.Members = nil
			p.ask("GET", "/api/v1/waves/"+begun.ID, nil, 200, &w)
		}
		for look(); !met(); look() {
			if time.Now().After(deadline) {
				t.Fatalf("it never came to this: %s: %+v", what, w)
			}
			h.aNotice()
		}
	}
	wait("one follows, one needs a person", func() bool { return w.Following == 1 && w.Needs == 1 })
	if w.Ready || w.Total != 2 || w.Members[0].Database != "billing" || w.Members[0].NotReady != "" || w.Members[0].Waiting != 2<<20 || w.Members[0].Behind <= 0 || w.Members[1].NotReady == "" {
		t.Errorf("%+v", w)
	}
	refused.Databases = nil
	p.ask("POST", "/api/v1/waves/"+begun.ID+"/cutover", nil, 409, &refused)
	if refused.Kind != "conflict" || len(refused.Databases) != 2 || refused.Databases[0].ID == "" || refused.Error == "" {
		t.Errorf("%+v", refused)
	}
	for _, d := range refused.Databases {
		if (d.Database == "crm") != (d.Error != "") {
			t.Errorf("%+v", d)
		}
	}
	f.sources["billing"].with(func() {
		if s := f.sources["billing"].state; s != "ONLINE" {
			t.Errorf("billing is %s although the order was refused", s)
		}
	})
	f.sources["crm"].with(func() { f.sources["crm"].refuses = nil })
	p.ask("POST", "/api/v1/migrations/"+begun.Databases[1].ID+"/retry", nil, 202, nil)
	wait("both follow", func() bool { return w.Following == 2 && w.Ready })
	p.ask("POST", "/api/v1/waves/"+begun.ID+"/cutover", nil, 202, nil)
	wait("both are open", func() bool { return w.Open == 2 })
	for _, m := range w.Members {
		if m.Measured == nil || m.Measured.Total <= 0 {
			t.Errorf("%+v", m)
		}
	}
	var list struct {
		Items []struct {
			Name        string
			Total, Open int
		}
	}
	p.ask("GET", "/api/v1/waves", nil, 200, &list)
	if len(list.Items) != 1 || list.Items[0].Open != 2 || list.Items[0].Total != 2 {
		t.Errorf("%+v", list)
	}
	p.ask("GET", "/api/v1/waves/none", nil, 404, nil)
	p.ask("POST", "/api/v1/waves/none/cutover", nil, 404, nil)
}

// aNotice waits until something changed, for a moment at most.
func (h *house) aNotice() {
	changes, stop := h.notifier.Listen()
	defer stop()
	select {
	case <-changes:
	case <-time.After(200 * time.Millisecond):
	}
}

// TestFiftyDatabasesKeepToTheCaps takes a wave of fifty to its joint cutover:
// the server is never asked for more backups at once than allowed (tails do not
// wait for their turn, writes stand still), the
// instance never holds more files than allowed, and nobody is left behind.
func TestFiftyDatabasesKeepToTheCaps(t *testing.T) {
	const databases, backups, restores = 50, 3, 5
	h := newHouseWith(t, 64, migration.Rules{Restores: restores}, migration.Caps{Backups: backups, Uploads: 4})
	var names []string
	q := url.Values{"name": {"fifty"}, "server": {"source"}, "instance": {"target"}, "staging": {"staging"}, "every": {"1h"}}
	for i := range databases {
		names = append(names, fmt.Sprintf("db%02d", i))
	}
	q["database"] = names
	f := h.fleet(t, names...)
	f.sourceBackups = 5 * time.Millisecond

	var mu sync.Mutex
	held, cutting := 0, false
	h.ports.count(func() {
		mu.Lock()
		defer mu.Unlock()
		if !cutting { // a frozen source does not wait for its turn
			held = max(held, h.atTheInstance())
		}
	})
	b := h.signedIn(t)
	b.get("/waves/new/checks?"+q.Encode()).sees(200, "50 databases", "Start 50 migrations").submit("/waves").sees(200, "The wave has begun with 50 databases.")
	page := b.at.Path
	b.until("all following").sees(200, "50 of 50")
	mu.Lock()
	if held > restores || held < 2 {
		t.Errorf("the instance held %d files at once, want 2 to %d", held, restores)
	}
	cutting = true
	mu.Unlock()
	b.get(page+"/cutover").submit(page+"/cutover", "confirm", "fifty").sees(200, "Ordered: the cutover of 50 databases begins.").until("all open")
	f.mu.Lock()
	if f.most > backups || f.most < 2 {
		t.Errorf("%d backups at once, want 2 to %d", f.most, backups)
	}
	f.mu.Unlock()
	left := 0
	for _, name := range names {
		f.sources[name].with(func() {
			if s := f.sources[name]; s.state != "RESTORING" || len(s.history) < 3 {
				t.Errorf("%s: %s after %d backups", name, s.state, len(s.history))
				left++
			}
		})
	}
	// Read by cmd/bench.
	t.Logf("WAVE open=%d backups=%d backups_cap=%d files=%d files_cap=%d", databases-left, f.most, backups, held, restores)
}

// atTheInstance counts the files that the emulated instance has not restored.
func (h *house) atTheInstance() (n int) {
	for _, task := range h.rds.Tasks() {
		for _, f := range task.Files {
			if f.Status != "Restored" {
				n++
			}
		}
	}
	return n
}
