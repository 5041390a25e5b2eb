package app_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/migration/remedy"
	"github.com/bakplane/bakplane/internal/run"
)

// remedied has a remedy done at the source and waits for its end.
func (h *house) remedied(database string, r migration.Remedy) remedy.Run {
	h.t.Helper()
	id, err := remedy.Order(h.t.Context(), h.app.DB.Migrations(), demo.Server, database, r, app.NewID, h.by())
	if err != nil {
		h.t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		w, err := h.app.DB.Migrations().RemedyRun(h.t.Context(), id)
		if err != nil {
			h.t.Fatal(err)
		}
		if !w.Going() {
			return w
		}
	}
	h.t.Fatal("it did not end in time")
	return remedy.Run{}
}

// ends waits until the run of a remedy has this state: what failed, or found
// damage, is not green.
func (h *house) ends(w remedy.Run, want run.State) {
	h.t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		r, err := h.app.DB.Run(h.t.Context(), w.ID)
		if err != nil {
			h.t.Fatal(err)
		}
		if r.State == want && (want != run.Failed || !r.Message.IsZero()) {
			return
		}
		if time.Now().After(end) || r.State.Ended() || r.State == run.Failed {
			h.t.Errorf("the run of %q ended as %s, want %s", w.Words(), r.State, want)
			return
		}
	}
}

// line is one line of the preflight of a database.
func (h *house) line(database, code string) migration.Finding {
	h.t.Helper()
	m, err := migration.LiveRequest{ServerID: demo.Server, Source: database, InstanceID: demo.Instance, StagingID: demo.Staging, Every: time.Hour}.Draft(demo.Backups)
	if err != nil {
		h.t.Fatal(err)
	}
	m.Traits = aliyun.Traits()
	findings, _, err := preflight.Live(h.t.Context(), h.app.Ports, m, time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range findings {
		if f.Code == code {
			return f
		}
	}
	h.t.Fatalf("no line %s in %+v", code, findings)
	return migration.Finding{}
}

// TestALineOfThePreflightIsMended: what fails is mended by the exact statement
// that was shown, at the server, and passes afterwards.
func TestALineOfThePreflightIsMended(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	simple := bakfile.RecoverySimple
	h.cloud.SQL.PatchDatabase("shop", sqlserveremu.DatabasePatch{Recovery: &simple})
	f := h.line("shop", "recovery")
	if f.Level != migration.Barred || f.Remedy != migration.RemedyRecovery {
		t.Fatalf("%+v", f)
	}
	if w := h.remedied("shop", f.Remedy); !w.Why.IsZero() {
		t.Fatalf("%+v", w)
	}
	if f = h.line("shop", "recovery"); f.Level != migration.Passed {
		t.Fatalf("%+v", f)
	}
	heard := false
	for _, s := range h.cloud.SQL.Heard() {
		heard = heard || s.Text == migration.RemedyRecovery.Statement("shop")
	}
	if !heard {
		t.Error("the server did not get the statement that is shown")
	}
	// The migration's own full backup begins the log chain.
	id := h.follow("shop", nil)
	h.until(id, "the differential applied", follows)

	f = h.line("stock", "checkdb")
	if f.Level != migration.Warned || f.Remedy != migration.RemedyCheck {
		t.Fatalf("%+v", f)
	}
	if w := h.remedied("stock", f.Remedy); !w.Why.IsZero() || len(w.Found) != 0 {
		t.Fatalf("%+v", w)
	}
	if f = h.line("stock", "checkdb"); f.Level != migration.Passed {
		t.Fatalf("%+v", f)
	}
	damaged := 2
	h.cloud.SQL.PatchDatabase("billing", sqlserveremu.DatabasePatch{Corrupted: &damaged})
	w := h.remedied("billing", migration.RemedyCheck)
	if len(w.Found) == 0 {
		t.Fatalf("%+v", w)
	}
	says(t, w.Words().String(), "found")
	h.ends(w, run.Failed)
	h.ends(h.remedied("no such database", migration.RemedyRecovery), run.Failed)
	h.ends(h.remedied("stock", migration.RemedyRecovery), run.Succeeded)
	if last, err := h.app.DB.Migrations().LastRemedyRun(t.Context(), demo.Server, "billing", migration.RemedyCheck); err != nil || last == nil || len(last.Found) == 0 {
		t.Fatalf("kept: %+v, %v", last, err)
	}
}

// TestPageVerifyIsMended by the exact statement that was shown.
func TestPageVerifyIsMended(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.at("ALTER DATABASE shop SET PAGE_VERIFY NONE")
	f := h.line("shop", "page-verify")
	if f.Level != migration.Warned || f.Remedy != migration.RemedyPageVerify {
		t.Fatalf("%+v", f)
	}
	says(t, f.Text.String()+f.Fix.String(), "NONE", "CHECKSUM")
	if w := h.remedied("shop", f.Remedy); !w.Why.IsZero() {
		t.Fatalf("%+v", w)
	}
	if f = h.line("shop", "page-verify"); f.Level != migration.Passed || f.Remedy != "" {
		t.Fatalf("%+v", f)
	}
	want := "ALTER DATABASE [shop] SET PAGE_VERIFY CHECKSUM"
	if s := migration.RemedyPageVerify.Statement("shop"); s != want {
		t.Errorf("shown: %s", s)
	}
	if !slices.ContainsFunc(h.cloud.SQL.Heard(), func(s sqlserveremu.Heard) bool { return s.Text == want }) {
		t.Error("the server did not get the statement that is shown")
	}
}

// TestAPersonMendsALineOfThePreflight: the button leads to the exact statement,
// and from there back to the checks, of the database or of its wave.
func TestAPersonMendsALineOfThePreflight(t *testing.T) {
	t.Parallel()
	place := url.Values{"server": {demo.Server}, "instance": {demo.Instance}, "staging": {demo.Staging}, "every": {"2h"}}
	for name, tc := range map[string]struct {
		checks string
		more   url.Values
	}{
		"of a database": {"/migrations/new/live/checks?", url.Values{"source_database": {"shop"}}},
		"of a wave":     {"/waves/new/checks?", url.Values{"name": {"weekend"}, "database": {"shop", "stock"}}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.at("ALTER DATABASE shop SET RECOVERY SIMPLE", "ALTER DATABASE shop SET PAGE_VERIFY NONE")
			r := h.reader()
			q := maps.Clone(place)
			maps.Copy(q, tc.more)
			checks := r.get(tc.checks + q.Encode())
			says(t, checks, "SIMPLE: there are no log backups", "Set recovery model FULL…", "Page verify is NONE", "Set page verify CHECKSUM…", "Run DBCC CHECKDB now…")
			for remedy, statement := range map[string]string{"recovery-full": "ALTER DATABASE [shop] SET RECOVERY FULL", "page-verify": "ALTER DATABASE [shop] SET PAGE_VERIFY CHECKSUM"} {
				ask := r.link(checks, "/remedies/"+remedy)
				says(t, r.get(ask), "At shop on "+emulators.Server, statement, "<"+tc.checks)
				u, err := url.Parse(ask)
				if err != nil {
					t.Fatal(err)
				}
				back := r.post(u.Path, u.Query())
				says(t, back, "Done: "+statement)
				for _, database := range tc.more["database"] {
					says(t, back, database)
				}
			}
			checks = r.get(tc.checks + q.Encode())
			for _, gone := range []string{"SIMPLE: there", "Page verify is NONE", "/remedies/recovery-full", "/remedies/page-verify"} {
				if strings.Contains(checks, gone) {
					t.Errorf("still says %q: %s", gone, checks)
				}
			}
		})
	}
}

// TestAProgramMendsALineOfThePreflight by what the line names.
func TestAProgramMendsALineOfThePreflight(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.at("ALTER DATABASE shop SET RECOVERY SIMPLE")
	var out demo.Ready
	if err := (demo.Furnisher{App: h.app}).People(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	ask := func(path, body string, status int, into any) {
		t.Helper()
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		req, err := http.NewRequestWithContext(t.Context(), method, h.app.URL()+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+out.Token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		if res.StatusCode != status {
			t.Fatalf("%s: %s %s", path, res.Status, b)
		}
		if into != nil {
			if err := json.Unmarshal(b, into); err != nil {
				t.Fatal(err)
			}
		}
	}
	var found struct {
		MayStart bool `json:"may_start"`
		Findings []struct{ Code, Remedy string }
	}
	request := `{"server":"` + demo.Server + `","source_database":"shop","instance":"` + demo.Instance + `","staging":"` + demo.Staging + `","every":"2h"}`
	ask("/live-preflights", request, 200, &found)
	remedy := ""
	for _, f := range found.Findings {
		if f.Code == "recovery" {
			remedy = f.Remedy
		}
	}
	if found.MayStart || remedy == "" {
		t.Fatalf("%+v", found)
	}
	var run struct{ ID, State string }
	ask("/instances/"+demo.Server+"/remedies/"+remedy, `{"database":"shop"}`, 202, &run)
	for end := time.Now().Add(5 * time.Minute); run.State != "succeeded" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		ask("/runs/"+run.ID, "", 200, &run)
	}
	if run.State != "succeeded" {
		t.Fatalf("%+v", run)
	}
	ask("/live-preflights", request, 200, &found)
	if !found.MayStart {
		t.Fatalf("%+v", found)
	}
	ask("/instances/"+demo.Server+"/remedies/reboot", `{"database":"shop"}`, 422, nil)
	ask("/instances/"+demo.Instance+"/remedies/"+remedy, `{"database":"shop"}`, 422, nil)
	ask("/instances/"+demo.Server+"/remedies/"+remedy, `{}`, 422, nil)
}
