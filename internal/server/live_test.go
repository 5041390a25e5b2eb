package server_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

const liveQuery = "?server=source&source_database=orders&instance=target&staging=staging"

// TestAPersonCutsALiveDatabaseOver walks from the server's page to the open
// database with forms and links alone.
func TestAPersonCutsALiveDatabaseOver(t *testing.T) {
	h := newHouse(t)
	source := h.live(t)
	b := h.signedIn(t)
	b.get("/migrations/new").follow("From a server at work").sees(200, "Tail of the log WITH NORECOVERY", "1 h 36 min", "Uses up the day's imports in 1 h 15 min", "orders · 64.0 MB · FULL")
	b.submit("/migrations/new/live/checks", "source_database", "archive").sees(404, "There is no database archive.", "The checks could not be made.")
	b.get("/instances/source").follow("Migrate to…")
	b.get("/migrations/new/live?server=source&source_database=orders").submit("/migrations/new/live/checks").sees(200, "It can start", "Recovery model", "Backup folder", "DBCC CHECKDB",
		"BACKUP DATABASE [orders] TO DISK = N'"+serverFolder, "NORECOVERY", "BackupMode=UPDF", "CreateOnlineDatabaseTask", "A log backup every 1 h 36 min follows", "Abort makes the source writable again")
	b.submit("/migrations/live").sees(200, "The migration has begun with a full backup of orders.", "orders on SQL1")
	b.until("It follows the source unattended")
	b.until("≈")
	b.sees(200, "Writes would stop for", "measured on 1 increment", "If you cut over now", "2.0 MB of log", "of 20", "3 kept for the cutover", "tail", "Full backup at the source", "Follow logs", "BACKUP DATABASE [orders]", "DIFF")
	page := b.at.Path

	b.follow("Cut over…").sees(200, "Cut over orders", "The gate: the target's last LSN must be that of the tail.", "NORECOVERY", "How long writes would stop", "CreateOnlineDatabaseTask")
	b.submit(page+"/cutover").sees(200, "Ordered: the cutover begins.")
	b.until("The database is open on the target")
	b.sees(200, "Writes were stopped for", "By hand, after the cutover", "sp_updatestats", "Linked servers")
	b.get(page+"/cutover").sees(200, "It cannot be cut over now.")
	b.get(page+"/abort").sees(200, "It cannot be aborted now.")
	source.with(func() {
		if source.state != "RESTORING" {
			t.Errorf("the source is %s after the cutover", source.state)
		}
	})
	b.get("/audit").sees(200, "migration.cutover", "Froze orders")
}

func TestAbortingGivesTheSourceBack(t *testing.T) {
	h := newHouse(t)
	source := h.live(t)
	b := h.signedIn(t)
	b.get("/migrations/new/live/checks"+liveQuery+"&freeze=readonly&every=15m&compress=1").sees(200, "SET READ_ONLY", "COMPRESSION").submit("/migrations/live").until("It follows the source unattended")
	page := b.at.Path
	b.follow("Abort…").sees(200, "the half-restored database on the target is dropped", "Type orders to confirm", "TerminateMigrateTask", "Writes have not been stopped")
	b.submit(page+"/abort", "confirm", "order").sees(422, "The name typed is not orders.")
	b.submit(page+"/abort", "confirm", "orders").sees(200, "the source is given back")
	b.until("Aborted: writes to the source were never stopped")
	source.with(func() {
		if source.state != "ONLINE" || source.readOnly {
			t.Error("the source is not writable")
		}
	})
}

func TestABackupThatIsRefusedAsksWhatToDo(t *testing.T) {
	h := newHouse(t)
	source := h.live(t)
	source.refuses = fault.New(fault.Invalid, "Cannot open backup device. Operating system error 5 (Access is denied.).", "Let the service account write to the folder.")
	b := h.signedIn(t)
	b.get("/migrations/new/live/checks" + liveQuery).submit("/migrations/live").until("Backup refused")
	b.sees(200, "Access is denied", "Let the service account write to the folder.", "Retry from here", "Abort…")
	source.with(func() { source.refuses = nil })
	b.submit(b.at.Path + "/retry").until("It follows the source unattended")
}

func TestASourceIsNotAskedOnEveryLook(t *testing.T) {
	h := newHouse(t)
	source := h.live(t)
	b := h.signedIn(t)
	b.get("/migrations/new/live/checks" + liveQuery).submit("/migrations/live").until("It follows the source unattended")
	var before int
	source.with(func() { before = source.asked })
	for range 20 {
		b.get(b.at.Path)
	}
	source.with(func() {
		if n := source.asked - before; n > 2 {
			t.Errorf("20 looks asked the source %d times", n)
		}
		source.down = errors.New("gone")
	})
	b.get(b.at.Path).sees(200, "2.0 MB of log")
}

func TestAServerThatIsDownKeepsTheFormAway(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	b.get("/migrations/new/live").sees(200, "There is no SQL Server to migrate from yet.")
	h.live(t).down = fault.New(fault.Unavailable, "The server refused the connection.", "Look whether it runs.")
	b.get("/migrations/new/live").sees(200, "The server refused the connection.", "Ask again", "Change the server")
	b.get("/migrations/new/live/checks"+liveQuery).sees(503, "The server refused the connection.", "The checks could not be made.")
	h.source.with(func() { h.source.down = context.DeadlineExceeded })
	b.get("/migrations/new/live").sees(200, "It did not answer within 5 s.")
	b.get("/migrations/new/live/checks" + liveQuery + "&every=soon").sees(422)
}

func TestAProgramCutsALiveDatabaseOver(t *testing.T) {
	h := newHouse(t)
	h.live(t)
	p := h.program(t)
	var databases struct {
		Items []struct {
			Name    string
			Waiting int64 `json:"log_bytes_since_backup"`
		}
	}
	p.ask("GET", "/api/v1/instances/source/databases", nil, 200, &databases)
	if len(databases.Items) != 3 || databases.Items[1].Name != "orders" || databases.Items[1].Waiting != 2<<20 {
		t.Errorf("%+v", databases)
	}
	request := map[string]any{}
	q, err := url.ParseQuery(strings.TrimPrefix(liveQuery, "?"))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q {
		request[k] = v[0]
	}
	request["every"] = "often"
	p.ask("POST", "/api/v1/live-migrations", request, 422, nil)
	request["every"] = "15m"
	var preflight struct {
		MayStart bool `json:"may_start"`
	}
	p.ask("POST", "/api/v1/live-preflights", request, 200, &preflight)
	var m struct {
		ID, Stage string
		Live      *struct {
			Every               string
			Backups             []struct{ Kind, Verdict string }
			GateOpen            bool `json:"gate_open"`
			Predicted, Measured *struct {
				Known bool
				Total float64 `json:"total_seconds"`
			}
		}
	}
	p.ask("POST", "/api/v1/live-migrations", request, 201, &m)
	wait := func(stage string) {
		t.Helper()
		deadline := time.Now().Add(30 * time.Second)
		for m.Stage != stage {
			if time.Now().After(deadline) {
				t.Fatalf("it never came to %s: %+v", stage, m)
			}
			changes, stop := h.notifier.Listen()
			select {
			case <-changes:
			case <-time.After(200 * time.Millisecond):
			}
			stop()
			p.ask("GET", "/api/v1/migrations/"+m.ID, nil, 200, &m)
		}
	}
	p.ask("POST", "/api/v1/migrations/"+m.ID+"/cutover", nil, 409, nil)
	wait("following")
	if !preflight.MayStart || m.Live.Every != "15m0s" || m.Live.Backups[0].Kind != "full" || m.Live.GateOpen || m.Live.Predicted == nil {
		t.Errorf("%+v", m.Live)
	}
	p.ask("POST", "/api/v1/migrations/"+m.ID+"/open", map[string]string{}, 409, nil)
	p.ask("POST", "/api/v1/migrations/"+m.ID+"/cutover", nil, 202, &m)
	wait("opened")
	if !m.Live.GateOpen || m.Live.Measured == nil || m.Live.Measured.Total <= 0 || m.Live.Predicted != nil {
		t.Errorf("%+v", m.Live)
	}
	p.ask("POST", "/api/v1/migrations/"+m.ID+"/abort", map[string]string{"confirm": "orders"}, 409, nil)
}

func TestALogOfOthersThatIsOutOfReachStopsTheFollowing(t *testing.T) {
	h := newHouse(t)
	h.live(t).foreign = true
	b := h.signedIn(t)
	b.get("/migrations/new/live/checks" + liveQuery).submit("/migrations/live").until("Somebody else took a log backup")
	b.sees(200, `CORP\backup took a log backup of orders`, `E:\other\orders_log_1512.trn`, "Copy the file into the server's backup folder", "Retry from here", "Abort…")
	b.get("/").until("See what to do").sees(200, "somebody else took a log backup")
}

func TestWhileWritesAreStoppedTheClockRunsAndAbortStaysPossible(t *testing.T) {
	h := newHouse(t)
	source := h.live(t)
	source.hold = make(chan struct{})
	b := h.signedIn(t)
	b.get("/migrations/new/live/checks" + liveQuery).submit("/migrations/live").until("≈")
	page := b.at.Path
	b.get(page + "/cutover").submit(page + "/cutover").until("Cutover under way: writes are stopped")
	b.sees(200, "Writes have been stopped for", "The gate is closed: The tail of the log has not been taken.", "cutting over", "Cut over: tail of the log WITH NORECOVERY")
	runs := false
	each(b.page, func(n *node) { runs = runs || has(n, "data-since") })
	if !runs {
		t.Error("no clock runs")
	}
	b.follow("Abort…").sees(200, "Writes are stopped now", "RESTORE DATABASE [orders] WITH RECOVERY")
	b.submit(page+"/abort", "confirm", "orders").until("Aborted: the source is writable again")
	b.get("/migrations").sees(200, "terminated")
	source.with(func() {
		if source.state != "ONLINE" {
			t.Errorf("the source is %s", source.state)
		}
	})
}
