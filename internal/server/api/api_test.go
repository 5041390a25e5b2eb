package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/server/api"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestAProgramTakesADatabaseToTheCloud(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	p := h.Program(t)
	request := map[string]any{"source": "files", "prefix": "orders/", "instance": "target", "staging": "staging"}

	var plan struct {
		Whole      bool
		Apply      []struct{ Kind, Key string }
		LeftOut    []struct{ Reason string } `json:"left_out"`
		NotBackups []struct{ File string }   `json:"not_backups"`
		Calls      []string
	}
	p.Ask("POST", "/api/v1/plans", request, 200, &plan)
	if !plan.Whole || len(plan.Apply) < 2 || plan.Apply[0].Kind != "full" || len(plan.NotBackups) != 1 || !strings.Contains(plan.Calls[0], "BackupMode=UPDF") {
		t.Fatalf("plan: %+v", plan)
	}
	var preflight struct {
		MayStart bool `json:"may_start"`
		Findings []struct{ Title, Level, Text string }
	}
	p.Ask("POST", "/api/v1/preflights", request, 200, &preflight)
	if !preflight.MayStart || len(preflight.Findings) < 5 {
		t.Fatalf("preflight: %+v", preflight)
	}
	var m struct {
		ID, Stage string
		RunState  string `json:"run_state"`
		AppliedTo string `json:"applied_to_lsn"`
		Files     []struct{ State string }
		Problem   *struct{ Cause string }
	}
	p.Ask("POST", "/api/v1/migrations", request, 201, &m)
	wait := func(stage string) {
		t.Helper()
		deadline := time.Now().Add(5 * time.Minute)
		for m.Stage != stage {
			if time.Now().After(deadline) {
				t.Fatalf("never %s: %+v", stage, m)
			}
			changes, stop := h.Notifier.Listen()
			select {
			case <-changes:
			case <-time.After(100 * time.Millisecond):
			}
			stop()
			p.Ask("GET", "/api/v1/migrations/"+m.ID, nil, 200, &m)
		}
	}
	wait("following")
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/terminate", map[string]string{"confirm": "no"}, 422, nil)
	var details struct {
		Status string
		Files  []struct{ Status string }
	}
	p.Ask("GET", "/api/v1/migrations/"+m.ID+"/details?ask=1", nil, 200, &details)
	if details.Status != "Waiting" || len(details.Files) != len(plan.Apply) {
		t.Errorf("details: %+v", details)
	}
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/open", map[string]string{"check": "async"}, 202, &m)
	wait("opened")
	p.Ask("POST", "/api/v1/migrations/"+m.ID+"/open", map[string]string{}, 409, nil)

	var audit struct {
		Items []struct{ Actor, Via, Action string }
	}
	p.Ask("GET", "/api/v1/audit?limit=500", nil, 200, &audit)
	found := false
	for _, e := range audit.Items {
		found = found || e.Action == "migration.open" && e.Via == "api" && strings.Contains(e.Actor, "token script")
	}
	if !found {
		t.Error("the audit trail does not say which token opened the database")
	}
	var whole struct{ Whole bool }
	p.Ask("GET", "/api/v1/audit/verify", nil, 200, &whole)
	if !whole.Whole {
		t.Error("the chain of audit entries is broken")
	}
}

func TestTheAPIRefusesInSentences(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	p := h.Program(t)
	for name, tc := range map[string]struct {
		method, path string
		body         any
		status       int
		kind, says   string
	}{
		"unknown thing":     {"GET", "/api/v1/migrations/0198", nil, 404, "not_found", "does not exist"},
		"unknown address":   {"GET", "/api/v1/nothing", nil, 404, "not_found", "nothing under this address"},
		"wrong method":      {"DELETE", "/api/v1/audit", nil, 405, "invalid", "does not take such a request"},
		"misspelt field":    {"POST", "/api/v1/plans", map[string]any{"sauce": "files"}, 422, "invalid", `unknown field "sauce"`},
		"wrong type":        {"POST", "/api/v1/plans", map[string]any{"source": 7}, 422, "invalid", "cannot be read"},
		"nothing chosen":    {"POST", "/api/v1/plans", map[string]any{}, 422, "invalid", "No place"},
		"unknown mode":      {"POST", "/api/v1/plans", map[string]any{"source": "files", "instance": "target", "mode": "fast"}, 422, "invalid", "fast"},
		"folder as staging": {"POST", "/api/v1/plans", map[string]any{"source": "files", "instance": "target"}, 422, "invalid", "is a folder"},
		"no files there":    {"POST", "/api/v1/plans", map[string]any{"source": "files", "instance": "target", "staging": "staging", "prefix": "nope/"}, 404, "not_found", "no file"},
		"script, kind":      {"POST", "/api/v1/scripts", map[string]any{"kind": "tail", "folder": "/b"}, 422, "invalid", "tail"},
		"script, folder":    {"POST", "/api/v1/scripts", map[string]any{"kind": "full", "folder": "b"}, 422, "invalid", "not a whole path"},
		"script, version":   {"POST", "/api/v1/scripts", map[string]any{"kind": "full", "folder": "/b", "version": "2018"}, 422, "invalid", "2018"},
		"script, name":      {"POST", "/api/v1/scripts", map[string]any{"kind": "full", "folder": "/b", "databases": []string{"a\nb"}}, 422, "invalid", "control character"},
		"script, target":    {"POST", "/api/v1/scripts", map[string]any{"kind": "full", "folder": "/b", "instance": "nobody"}, 404, "not_found", ""},
		"bad limit":         {"GET", "/api/v1/runs?limit=0", nil, 422, "invalid", "limit"},
		"bad state":         {"GET", "/api/v1/runs?state=asleep", nil, 422, "invalid", "asleep"},
		"still needed":      {"DELETE", "/api/v1/accounts/account", nil, 409, "conflict", "needs"},
		"plain http afar":   {"POST", "/api/v1/accounts", map[string]any{"name": "x", "access_key_id": "key", "secret": "s", "region": "cn-hangzhou", "address": "http://example.com"}, 422, "invalid", "unencrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			var e struct{ Error, Fix, Kind string }
			p.Ask(tc.method, tc.path, tc.body, tc.status, &e)
			if e.Kind != tc.kind || !strings.Contains(e.Error, tc.says) {
				t.Errorf("%+v, want %s saying %q", e, tc.kind, tc.says)
			}
		})
	}
	for _, token := range []string{"", "bkp_wrong"} {
		var e struct{ Kind, Fix string }
		(&servertest.Program{T: t, H: h, Token: token}).Ask("GET", "/api/v1/runs", nil, http.StatusUnauthorized, &e)
		if e.Kind != "denied" || e.Fix == "" {
			t.Errorf("token %q: %+v", token, e)
		}
	}
}

func TestSecretsGoInAndNeverComeOut(t *testing.T) {
	h := servertest.NewHouse(t)
	p := h.Program(t)
	var a struct{ ID string }
	p.Ask("POST", "/api/v1/accounts", map[string]any{"name": "x", "access_key_id": "key-one", "secret": "s3cret-s3cret", "region": "cn-hangzhou"}, 201, &a)
	p.Ask("PUT", "/api/v1/accounts/"+a.ID, map[string]any{"name": "y", "access_key_id": "key-one", "region": "cn-hangzhou"}, 200, nil)
	stored, err := h.DB.Account(t.Context(), a.ID)
	if err != nil || stored.Secret.Reveal() != "s3cret-s3cret" || stored.Name != "y" {
		t.Errorf("a change without a secret lost it: %v %v", stored, err)
	}
	for _, path := range []string{"/api/v1/accounts", "/api/v1/accounts/" + a.ID, "/api/v1/audit"} {
		var raw json.RawMessage
		p.Ask("GET", path, nil, 200, &raw)
		if strings.Contains(string(raw), "s3cret") {
			t.Errorf("%s shows the secret", path)
		}
	}
	var made struct{ ID, Token string }
	p.Ask("POST", "/api/v1/tokens", map[string]string{"name": "second"}, 201, &made)
	second := &servertest.Program{T: t, H: h, Token: made.Token}
	second.Ask("GET", "/api/v1/tokens", nil, 200, nil)
	p.Ask("DELETE", "/api/v1/tokens/"+made.ID, nil, 204, nil)
	second.Ask("GET", "/api/v1/tokens", nil, 401, nil)
}

// TestTheDescriptionIsOfThisAPI compares the description with what answers:
// every described request finds a handler, and no handler is undescribed.
func TestTheDescriptionIsOfThisAPI(t *testing.T) {
	h := servertest.NewHouse(t)
	stranger := &servertest.Program{T: t, H: h, Token: ""}
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	stranger.Ask("GET", "/api/v1/openapi.json", nil, 200, &doc)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %q", doc.OpenAPI)
	}
	described := map[string]bool{}
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			if method == "parameters" {
				continue
			}
			described[strings.ToUpper(method)+" "+strings.NewReplacer("{", ":", "}", "").Replace(path)] = true
			var op struct {
				OperationID string
				Summary     string
			}
			if err := json.Unmarshal(raw, &op); err != nil || op.OperationID == "" || op.Summary == "" || ids[op.OperationID] {
				t.Errorf("%s %s: operation %+v %v", method, path, op, err)
			}
			ids[op.OperationID] = true
		}
	}
	routed := apiRoutes(t)
	for r := range described {
		if !slices.Contains(routed, r) {
			t.Errorf("%s is described and not served", r)
		}
	}
	for _, r := range routed {
		if !described[r] {
			t.Errorf("%s is served and not described", r)
		}
	}
	whole, err := json.Marshal(doc.Paths)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`#/components/schemas/(\w+)`).FindAllStringSubmatch(string(whole), -1) {
		if doc.Components.Schemas[m[1]] == nil {
			t.Errorf("the schema %s is referred to and not described", m[1])
		}
	}
}

func TestMetricsAreForPeopleAndTokens(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	b.Get("/metrics").Sees(200, "bakplane_http_requests_total", "bakplane_migrations_active")
	b.Get("/healthz").Sees(200, `"status":"ok"`)
}

func apiRoutes(t *testing.T) (out []string) {
	t.Helper()
	for _, r := range api.Routes() {
		if path, ok := strings.CutPrefix(r.Path, "/api/v1"); ok && r.Method != "echo_route_not_found" {
			out = append(out, r.Method+" "+path)
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes", len(out))
	}
	return out
}
