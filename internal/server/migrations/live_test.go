package migrations_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

const liveQuery = "?server=source&source_database=orders&instance=target&staging=staging"

// TestAPersonCutsALiveDatabaseOver walks from the server's page to the open
// database with forms and links alone.
func TestAPersonCutsALiveDatabaseOver(t *testing.T) {
	h := servertest.NewHouse(t)
	source := h.Live(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new").Follow("From a server at work").Sees(200, "Tail of the log WITH NORECOVERY", "1 h 36 min", "Uses up the day's imports in 1 h 15 min", "orders · 64.0 MB · FULL")
	b.Submit("/migrations/new/live/checks", "source_database", "archive").Sees(404, "There is no database archive.", "The checks could not be made.")
	b.Get("/instances/source").Follow("Migrate to…")
	b.Get("/migrations/new/live?server=source&source_database=orders").Submit("/migrations/new/live/checks").Sees(200, "It can start", "Recovery model", "Backup folder", "DBCC CHECKDB",
		"BACKUP DATABASE [orders] TO DISK = N'"+servertest.ServerFolder, "NORECOVERY", "BackupMode=UPDF", "CreateOnlineDatabaseTask", "A log backup every 1 h 36 min follows", "Abort makes the source writable again")
	b.Submit("/migrations/live").Sees(200, "The migration has begun with a full backup of orders.", "orders on SQL1")
	b.Until("It follows the source unattended")
	b.Until("≈")
	b.Sees(200, "Writes would stop for", "measured on 1 increment", "If you cut over now", "2.0 MB of log", "of 20", "3 kept for the cutover", "tail", "Full backup at the source", "Follow logs", "BACKUP DATABASE [orders]", "DIFF")
	page := b.At.Path

	b.Follow("Cut over…").Sees(200, "Cut over orders", "The gate: the target's last LSN must be that of the tail.", "NORECOVERY", "How long writes would stop", "CreateOnlineDatabaseTask")
	b.Submit(page+"/cutover").Sees(200, "Ordered: the cutover begins.")
	b.Until("The database is open on the target")
	b.Sees(200, "Writes were stopped for", "By hand, after the cutover", "sp_updatestats", "Linked servers")
	b.Get(page+"/cutover").Sees(200, "It cannot be cut over now.")
	b.Get(page+"/abort").Sees(200, "It cannot be aborted now.")
	source.With(func() {
		if source.State != "RESTORING" {
			t.Errorf("the source is %s after the cutover", source.State)
		}
	})
	b.Get("/audit").Sees(200, "migration.cutover", "Froze orders")
}

func TestAbortingGivesTheSourceBack(t *testing.T) {
	h := servertest.NewHouse(t)
	source := h.Live(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new/live/checks"+liveQuery+"&freeze=readonly&every=15m&compress=1").Sees(200, "SET READ_ONLY", "COMPRESSION").Submit("/migrations/live").Until("It follows the source unattended")
	page := b.At.Path
	b.Follow("Abort…").Sees(200, "the half-restored database on the target is dropped", "Type orders to confirm", "TerminateMigrateTask", "Writes have not been stopped")
	b.Submit(page+"/abort", "confirm", "order").Sees(422, "The name typed is not orders.")
	b.Submit(page+"/abort", "confirm", "orders").Sees(200, "the source is given back")
	b.Until("Aborted: writes to the source were never stopped")
	source.With(func() {
		if source.State != "ONLINE" || source.ReadOnly {
			t.Error("the source is not writable")
		}
	})
}

func TestABackupThatIsRefusedAsksWhatToDo(t *testing.T) {
	h := servertest.NewHouse(t)
	source := h.Live(t)
	source.Refuses = fault.New(fault.Invalid, "Cannot open backup device. Operating system error 5 (Access is denied.).", "Let the service account write to the folder.")
	b := h.SignedIn(t)
	b.Get("/migrations/new/live/checks" + liveQuery).Submit("/migrations/live").Until("Backup refused")
	b.Sees(200, "Access is denied", "Let the service account write to the folder.", "Retry from here", "Abort…")
	source.With(func() { source.Refuses = nil })
	b.Submit(b.At.Path + "/retry").Until("It follows the source unattended")
}

func TestASourceIsNotAskedOnEveryLook(t *testing.T) {
	h := servertest.NewHouse(t)
	source := h.Live(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new/live/checks" + liveQuery).Submit("/migrations/live").Until("It follows the source unattended")
	var before int
	source.With(func() { before = source.Asked })
	for range 20 {
		b.Get(b.At.Path)
	}
	source.With(func() {
		if n := source.Asked - before; n > 2 {
			t.Errorf("20 looks asked the source %d times", n)
		}
		source.Down = errors.New("gone")
	})
	b.Get(b.At.Path).Sees(200, "2.0 MB of log")
}

func TestAServerThatIsDownKeepsTheFormAway(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new/live").Sees(200, "There is no SQL Server to migrate from yet.")
	h.Live(t).Down = fault.New(fault.Unavailable, "The server refused the connection.", "Look whether it runs.")
	b.Get("/migrations/new/live").Sees(200, "The server refused the connection.", "Ask again", "Change the server")
	b.Get("/migrations/new/live/checks"+liveQuery).Sees(503, "The server refused the connection.", "The checks could not be made.")
	h.Source.With(func() { h.Source.Down = context.DeadlineExceeded })
	b.Get("/migrations/new/live").Sees(200, "It did not answer within 5 s.")
	b.Get("/migrations/new/live/checks" + liveQuery + "&every=soon").Sees(422)
}

func TestAProgramCutsALiveDatabaseOver(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Live(t)
	p := h.Program(t)
	var databases struct {
		Items []struct {
			Name    string
			Waiting int64 `json:"log_bytes_since_backup"`
		}
	}
	p.Ask("GET", "/api/v1/instances/source/databases", nil, 200, &databases)
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
	p.Ask("POST", "/api/v1/live-migrations", request, 422, nil)
	request["every"] = "15m"
	var preflight struct {
		MayStart bool `json:"may_start"`
	}
	p.Ask("POST", "/api/v1/live-preflights", request, 200, &preflight)
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
	p.Ask("POST", "/api/v1/live-migrations", request, 201, &m)
	wait := func(stage string) {
		t.Helper()
		deadline := time.Now().Add(5 * time.Minute)
		for m.Stage != stage {
			if time.Now().After(deadline) {
				t.Fatalf("it never came to %s: %+v", stage, m)
			}
			changes, stop := h.Notifier.Listen()
			select {
			case <-changes:
			case <-time.After(200 * time.Millisecond):
			}
			stop()
			p.Ask("GET", "/api/v1/migrations/"+m.ID, nil, 200, &m)
		}
	}
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/cutover", nil, 409, nil)
	wait("following")
	if !preflight.MayStart || m.Live.Every != "15m0s" || m.Live.Backups[0].Kind != "full" || m.Live.GateOpen || m.Live.Predicted == nil {
		t.Errorf("%+v", m.Live)
	}
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/open", map[string]string{}, 409, nil)
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/cutover", nil, 202, &m)
	wait("opened")
	if !m.Live.GateOpen || m.Live.Measured == nil || m.Live.Measured.Total <= 0 || m.Live.Predicted != nil {
		t.Errorf("%+v", m.Live)
	}
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/abort", map[string]string{"confirm": "orders"}, 409, nil)
}

func TestALogOfOthersThatIsOutOfReachStopsTheFollowing(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Live(t).Foreign = true
	b := h.SignedIn(t)
	b.Get("/migrations/new/live/checks" + liveQuery).Submit("/migrations/live").Until("Foreign log backup")
	b.Sees(200, `CORP\backup took a log backup of orders`, `E:\other\orders_log_1512.trn`, "Copy the file into the server's backup folder", "Retry from here", "Abort…")
	b.Get("/").Until("See what to do").Sees(200, "foreign log backup")
}

func TestWhileWritesAreStoppedTheClockRunsAndAbortStaysPossible(t *testing.T) {
	h := servertest.NewHouse(t)
	source := h.Live(t)
	source.Hold = make(chan struct{})
	b := h.SignedIn(t)
	b.Get("/migrations/new/live/checks" + liveQuery).Submit("/migrations/live").Until("≈")
	page := b.At.Path
	b.Get(page + "/cutover").Submit(page + "/cutover").Until("Cutover under way: writes are being stopped")
	b.Sees(200, "Writes are being stopped", "some may still be answered", "The gate is closed: The tail of the log has not been taken.", "cutting over", "Cut over: tail of the log WITH NORECOVERY")
	runs := false
	servertest.Each(b.Page, func(n *servertest.Node) { runs = runs || servertest.Has(n, "data-since") })
	if !runs {
		t.Error("no clock runs")
	}
	b.Follow("Abort…").Sees(200, "Writes are being stopped", "RESTORE DATABASE [orders] WITH RECOVERY")
	b.Submit(page+"/abort", "confirm", "orders").Until("Aborted: the source is writable again")
	b.Get("/migrations").Sees(200, "terminated")
	source.With(func() {
		if source.State != "ONLINE" {
			t.Errorf("the source is %s", source.State)
		}
	})
}
