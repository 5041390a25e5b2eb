package migrations_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestTheRestOfAWave: a joint cutover in which one stopped goes on with what
// can, and what is not open is aborted together; the page says who is writable
// where, and the report why.
func TestTheRestOfAWave(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	f := h.Fleet(t, "billing", "crm", "hr")
	b.Get("/waves/new/checks"+waveQuery+"&database=billing&database=crm&database=hr").Sees(200, "The wave as a whole", "Space on the target", "Start 3 migrations", "They begin in this order", "3 of 50 with the wave").
		Submit("/waves").Sees(200, "The wave has begun with 3 databases.")
	page := b.At.Path
	b.Until("all following").Sees(200, "Writable at", "What is asked for at once", "no bound, set by --backups")
	b.Get(page+"/abort").Sees(200, "3 are aborted", "Its source stays writable")
	b.Submit(page+"/abort", "confirm", "billing").Sees(422, "The name typed is not billing weekend.")

	for _, name := range []string{"crm", "hr"} {
		f.Sources[name].With(func() {
			f.Sources[name].Refuses = fault.New(fault.Invalid, "Cannot open backup device.", "Let the service account write to the folder.")
		})
	}
	b.Get(page+"/cutover").Submit(page+"/cutover", "confirm", "billing weekend").Sees(200, "Ordered: the cutover of 3 databases begins.")
	b.Until("2 need you").Until("1 at the target").Sees(200, "Cut over the rest…", "Writable at the source", "2 of 3", "1 at the target")
	b.Get(page+"/cutover").Sees(200, "Cut over the rest of billing weekend", "The joint cutover began", "Cannot open backup device.", "goes on", "Cut over 2 databases")

	// crm can go on, hr still cannot.
	f.Sources["crm"].With(func() { f.Sources["crm"].Refuses = nil })
	b.Submit(page+"/rest", "confirm", "nothing").Sees(422, "The name typed is not billing weekend.")
	b.Submit(page+"/rest", "confirm", "billing weekend").Sees(200, "Ordered: the cutover of 2 databases begins.")
	b.Until("2 at the target").Until("1 needs you")

	b.Get(page+"/abort").Sees(200, "1 is aborted", "Stays open.", "2 databases stay open or opening", "billing, crm")
	b.Submit(page+"/abort", "confirm", "billing weekend", "why", "The folder of hr is full until Monday.").Sees(200, "1 database is given up")
	b.Until("1 given up").Sees(200, "2 open", "ended", "1 of 3", "2 at the target · 0 at neither")
	b.Get(page+"/abort").Sees(200, "There is nothing to abort")
	b.Do("POST", page+"/abort", "confirm=billing+weekend").Sees(422, "Nothing of the wave can be aborted.")
	b.Do("POST", page+"/rest", "confirm=billing+weekend").Sees(422, "Nothing that is left can be cut over now.")
	b.Get(page+"/report").Sees(200, "The folder of hr is full until Monday. It stood still: Cannot open backup device.", "Foretold", "What came was", "Writes were stopped for", "Size of the database", "From begin to open", "Began as", "number 3 of its wave",
		"The wave as a whole", "Calls a day", "EXEC [database].sys.sp_updatestats")
	for name, want := range map[string]string{"billing": "RESTORING", "crm": "RESTORING", "hr": "ONLINE"} {
		f.Sources[name].With(func() {
			if got := f.Sources[name].State; got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		})
	}
}

// TestAWaveIsAbortedFrozen: what is frozen in a joint cutover is given back by
// one order.
func TestAWaveIsAbortedFrozen(t *testing.T) {
	h := servertest.NewHouseWith(t, 16, migration.Rules{}, migration.Caps{})
	b := h.SignedIn(t)
	f := h.Fleet(t, "billing", "crm")
	b.Get("/waves/new/checks" + waveQuery + "&database=billing&database=crm").Submit("/waves")
	page := b.At.Path
	b.Until("4 of 4")
	h.RDS.Hang("", true) // the tails never get applied
	b.Get(page+"/cutover").Submit(page+"/cutover", "confirm", "billing weekend").Sees(200, "Ordered")
	b.Until("2 at neither")
	b.Get(page+"/abort").Sees(200, "Its source is made writable again").Submit(page+"/abort", "confirm", "billing weekend").Sees(200, "2 databases are given up and the sources given back.")
	b.Until("2 of 2") // writable at the source
	h.RDS.Hang("", false)
	b.Until("2 given up").Sees(200, "ended", "The source is writable again.")
	for name, s := range f.Sources {
		s.With(func() {
			if s.State != "ONLINE" {
				t.Errorf("%s is %s", name, s.State)
			}
		})
	}
	p := h.ProgramOf(t, "admin")
	var w struct {
		Checks  []struct{ Code, Level string }
		Members []struct{ Writable, Stage string }
	}
	p.Ask("GET", "/api/v1"+page, nil, 200, &w)
	if len(w.Checks) < 5 || len(w.Members) != 2 || w.Members[0].Writable != "source" || w.Members[0].Stage != string(migration.StageTerminated) {
		t.Errorf("%+v", w)
	}
	p.Ask("POST", "/api/v1"+page+"/abort", map[string]any{"confirm": "billing weekend"}, 409, nil)
	p.Ask("POST", "/api/v1"+page+"/rest", map[string]any{}, 409, nil)
}

// TestAWaveBeginsInItsOrder: with one backup at a time the databases begin in
// the order given; it can be changed for those that have not begun.
func TestAWaveBeginsInItsOrder(t *testing.T) {
	h := servertest.NewHouseWith(t, 16, migration.Rules{}, migration.Caps{Backups: 1})
	b := h.SignedIn(t)
	names := []string{"a1", "a2", "a3", "a4", "a5", "a6"}
	f := h.Fleet(t, names...)
	begin := make(chan struct{})
	f.Begin = begin
	q := "?name=ordered&server=source&instance=target&staging=staging&every=4h&place%3Aa4=1&place%3Aa2=2"
	for _, n := range names {
		q += "&database=" + n
	}
	b.Get("/waves/new/checks"+q).Sees(200, "a4 a2 a1 a3 a5 a6").Submit("/waves").Sees(200, "The wave has begun with 6 databases.")
	page := b.At.Path
	b.Until("waits its turn").Until("begin before it")

	ids := map[string]string{}
	rows, err := h.DB.Migrations().Migrations(t.Context(), migration.Filter{Wave: strings.TrimPrefix(page, "/waves/")})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		ids[r.Database] = r.ID
	}
	place := func(name string) string { return "place:" + ids[name] }
	b.Until("Order…").Get(page + "/order").Until("Keep this order")
	for !begun(t, h, page)["a4"] {
		h.ANotice()
	}
	b.Get(page+"/order").Submit(page+"/order", place("a6"), "x").Sees(422, "is not a place")
	b.Do("POST", page+"/order", url.Values{place("a4"): {"9"}}.Encode()).Sees(422, "a4 has begun already")
	b.Get(page+"/order").Submit(page+"/order", place("a6"), "1", place("a2"), "99").Sees(200, "The order is changed.")
	close(begin)
	b.Until("all following")
	f.Mu.Lock()
	defer f.Mu.Unlock()
	if want := []string{"a4", "a6", "a1", "a3", "a5", "a2"}; !slices.Equal(f.Fulls, want) {
		t.Errorf("full backups were taken of %v, want %v", f.Fulls, want)
	}
	var order struct {
		Members []struct {
			Database string
			Place    int
			Begun    bool
		}
	}
	p := h.ProgramOf(t, "admin")
	p.Ask("GET", "/api/v1"+page, nil, 200, &order)
	if len(order.Members) != 6 || order.Members[1].Database != "a6" || order.Members[1].Place != 2 || !order.Members[1].Begun {
		t.Errorf("%+v", order)
	}
	p.Ask("PUT", "/api/v1"+page+"/order", map[string]any{"order": []string{ids["a1"]}}, 409, nil)
}

func begun(t *testing.T, h *servertest.House, page string) map[string]bool {
	t.Helper()
	rows, err := h.DB.Migrations().Migrations(t.Context(), migration.Filter{Wave: strings.TrimPrefix(page, "/waves/")})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, r := range rows {
		out[r.Database] = r.Begun
	}
	return out
}

// TestAPausedDatabaseLetsOthersBegin: whoever cannot begin does not hold those
// after it.
func TestAPausedDatabaseLetsOthersBegin(t *testing.T) {
	h := servertest.NewHouseWith(t, 16, migration.Rules{}, migration.Caps{Backups: 1})
	b := h.SignedIn(t)
	f := h.Fleet(t, "a1", "a2", "a3")
	begin := make(chan struct{})
	f.Begin = begin
	b.Get("/waves/new/checks?name=paused&server=source&instance=target&staging=staging&every=4h&database=a1&database=a2&database=a3").Submit("/waves").Sees(200, "The wave has begun with 3 databases.")
	page := b.At.Path
	for !begun(t, h, page)["a1"] {
		h.ANotice()
	}
	b.Get(page).Follow("a2").Until("Pause")
	b.Submit(b.At.Path + "/pause")
	for paused := false; !paused; h.ANotice() {
		rows, err := h.DB.Migrations().Migrations(t.Context(), migration.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			paused = paused || r.Database == "a2" && r.RunState == run.Paused
		}
	}
	close(begin)
	deadline := time.Now().Add(5 * time.Minute)
	for !begun(t, h, page)["a3"] {
		if time.Now().After(deadline) {
			t.Fatal("a3 waits for a paused one")
		}
		h.ANotice()
	}
	if begun(t, h, page)["a2"] {
		t.Error("the paused one began")
	}
}

// TestAWaveTooLargeAsAWhole: each could start, all together do not fit.
func TestAWaveTooLargeAsAWhole(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	f := h.Fleet(t, "big1", "big2", "big3")
	for _, s := range f.Sources {
		s.With(func() { s.Bytes = 40 << 30 }) // the instance has 100 GB
	}
	q := "?name=large&server=source&instance=target&staging=staging&every=4h&database=big1&database=big2"
	b.Get("/waves/new/checks"+q).Sees(200, "Start 2 migrations")
	b.Get("/waves/new/checks"+q+"&database=big3").Sees(200, "All of them together do not fit.", "Enlarge its storage by", "It can start when at least one database")
	b.Do("POST", "/waves", strings.TrimPrefix(q, "?")+"&database=big3").Sees(422, "All of them together do not fit.")
	b.Get("/waves").Sees(200, "No waves yet.")
	p := h.ProgramOf(t, "admin")
	var refused struct {
		Error, Fix string
		Databases  []struct{ Error string }
	}
	p.Ask("POST", "/api/v1/waves", map[string]any{"name": "large", "server": "source", "databases": []string{"big1", "big2", "big3"}, "instance": "target", "staging": "staging", "every": "4h"}, 422, &refused)
	if !strings.Contains(refused.Error, "Space on the target") || refused.Fix == "" || len(refused.Databases) != 3 || refused.Databases[0].Error == "" {
		t.Errorf("%+v", refused)
	}
}

// TestAnIntervalThatFitsIsOffered: too many calls a day for all together, and
// the interval that would do is a button.
func TestAnIntervalThatFitsIsOffered(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	q := "?name=thirty&server=source&instance=target&staging=staging&every=15m"
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("db%02d", i))
		q += "&database=" + names[i]
	}
	h.Fleet(t, names...)
	b.Get("/waves/new?"+q[1:]).Sees(200, "Lets up to", "3 h", "12 h")
	b.Get("/waves/new/checks"+q).Sees(200, "makes up to 600 calls a day for 30 databases", "Choose a log backup every 2 h 11 min or more.", "Start 30 migrations")
	b.Follow("Check with a log backup every 2 h 11 min").Sees(200, "The wave makes at most 480 a day; 500 of 500 are left", "Start 30 migrations")
	if strings.Contains(b.Text(), "Check with a log backup every") {
		t.Error("it fits and another interval is offered")
	}
}

// TestWavesArePaged: the list and the table of a wave go on where the page
// before ended.
func TestWavesArePaged(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	f := h.Fleet(t, "a")
	f.Begin = make(chan struct{}) // nothing begins
	for i := range 60 {
		w := wave.Wave{ID: fmt.Sprintf("w%03d", i), Name: fmt.Sprintf("wave %03d", i), Created: time.Now()}
		if err := h.DB.Migrations().CreateWave(t.Context(), w, audit.New(audit.Actor{Name: "test", Via: "command"}, w.Created, "wave.start", "wave/"+w.ID, "Started.")); err != nil {
			t.Fatal(err)
		}
	}
	b.Get("/waves").Sees(200, "wave 059", "wave 010")
	if strings.Contains(b.Text(), "wave 009") {
		t.Error("the first page does not end")
	}
	b.Follow("Older →").Sees(200, "wave 009", "wave 000")
	p := h.ProgramOf(t, "admin")
	var list struct {
		Items []struct{ Name string }
		Next  string
	}
	p.Ask("GET", "/api/v1/waves?limit=40", nil, 200, &list)
	if len(list.Items) != 40 || list.Next == "" {
		t.Fatalf("%d, next %q", len(list.Items), list.Next)
	}
	next := list.Next
	list.Items, list.Next = nil, ""
	p.Ask("GET", next, nil, 200, &list)
	if len(list.Items) != 20 || list.Next != "" || list.Items[19].Name != "wave 000" {
		t.Errorf("%+v", list)
	}
	// A wave of many that have not begun: nobody is at work on them here.
	for i := range 120 {
		m, err := migration.LiveRequest{ServerID: "source", Source: fmt.Sprintf("db%03d", i), InstanceID: "target", StagingID: "staging", Every: time.Hour}.Draft("backups")
		if err != nil {
			t.Fatal(err)
		}
		m.WaveID, m.Rank = "w000", i+1
		if _, err := migration.StartLive(t.Context(), h.DB.Migrations(), m, migration.Origin{Server: "SQL1"}, nil, func() string { return fmt.Sprintf("m%03d-%d", i, time.Now().UnixNano()) }, migration.By{At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	b.Get("/waves/w000").Sees(200, "db000", "db049", "50 of 120")
	b.Follow("Next →").Sees(200, "db050", "db099").Follow("Next →").Sees(200, "db100", "db119", "20 of 120")
	if strings.Contains(b.Text(), "db099") {
		t.Error("a row is on two pages")
	}
}

// TestUploadsKeepToTheirCap counts at the object store how many files are on
// their way at once: every request that finishes one is held for a moment.
func TestUploadsKeepToTheirCap(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	const databases, uploads = 12, 3
	h := servertest.NewHouseWith(t, 32, migration.Rules{}, migration.Caps{Uploads: uploads})
	b := h.SignedIn(t)
	q := url.Values{"name": {"twelve"}, "server": {"source"}, "instance": {"target"}, "staging": {"staging"}, "every": {"4h"}}
	for i := range databases {
		q.Add("database", fmt.Sprintf("db%02d", i))
	}
	h.Fleet(t, q["database"]...)
	for _, op := range []string{"PutObject", "CompleteMultipartUpload"} {
		if _, err := h.OSS.ControlPort().Add(control.Rule{Operation: op, Hold: "before", Times: -1}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	most, released := 0, 0
	var counting sync.WaitGroup
	counting.Go(func() {
		for {
			held := h.OSS.ControlPort().Held(ctx)
			if ctx.Err() != nil {
				h.OSS.ControlPort().Release("")
				return
			}
			for range 250 { // as many as may come, come; the last ones are fewer
				if len(held) >= uploads {
					break
				}
				time.Sleep(4 * time.Millisecond)
				held = h.OSS.ControlPort().Held(ctx)
			}
			time.Sleep(20 * time.Millisecond) // one too many would show
			most = max(most, len(h.OSS.ControlPort().Held(ctx)))
			released += h.OSS.ControlPort().Release(held[0].ID)
		}
	})
	b.Get("/waves/new/checks?"+q.Encode()).Submit("/waves").Sees(200, "The wave has begun with 12 databases.")
	b.Until("24 of 24") // a full and a differential backup of each
	h.OSS.ControlPort().Remove("")
	stop()
	counting.Wait()
	if most != uploads || released < 2*databases {
		t.Errorf("%d files were on their way at once, want %d; %d were counted", most, uploads, released)
	}
}
