package server_test

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

func TestASQLServerIsAddedChangedAndShown(t *testing.T) {
	h := newHouse(t)
	h.ports.set(newSource(h.files))
	b := h.signedIn(t)
	b.get("/settings/folders/new").submit("/settings/folders", "path", h.files, "name", "backups of SQL1")
	b.get("/settings/servers/new").sees(200, "Add a SQL Server", "learn the password")
	b.submit("/settings/servers", "host", "sql1/x", "login", "sa", "password", "s3cret", "server_folder", serverFolder)
	b.sees(422, `"sql1/x" is not a host.`)
	if strings.Contains(b.text(), "s3cret") {
		t.Error("the password came back")
	}
	b.submit("/settings/servers", "host", "sql1.example.org", "port", "1434", "ca_pem", "-----BEGIN CERTIFICATE-----", "password", "s3cret").sees(200, "The SQL Server is saved.", "sql1.example.org,1434")
	all, err := h.db.Instances(t.Context())
	if err != nil || len(all) != 1 || all[0].Encrypt != endpoint.EncryptFull || all[0].CAPEM != "-----BEGIN CERTIFICATE-----" || all[0].Trust || all[0].Password.Reveal() != "s3cret" {
		t.Fatalf("%+v %v", all, err)
	}
	form := "/settings/servers/" + all[0].ID
	b.get(form).submit(form, "name", "SQL1").sees(200, "The SQL Server is saved.")
	b.get(form).submit(form, "host", "sql2.example.org").sees(422, "The password is needed again")
	b.get("/settings/instances/"+all[0].ID).sees(404, "This is not an instance.")
	if i, err := h.db.Instance(t.Context(), all[0].ID); err != nil || i.Name != "SQL1" || i.Host != "sql1.example.org" || i.Password.Reveal() != "s3cret" {
		t.Errorf("%+v %v", i, err)
	}

	b.get("/instances").sees(200, "SQL1", "sql1.example.org,1434", "databases come from here")
	b.follow("SQL1").sees(200, "SQL Server 2016", "13.0.5026.0", "Developer Edition", "orders", "64.0 MB", "8.0 MB log", "FULL", "9 d ago", "no log backups", "Migrate to…")
	b.get("/migrations/new").sees(200, "SQL1 · self-managed SQL Server", "its backup folder")
}

func TestAServerThatDoesNotAnswerSaysWhatToDo(t *testing.T) {
	h := newHouse(t)
	h.live(t).down = fault.New(fault.Denied, "Login failed for user 'bakplane'.", "Give the password again under Settings.")
	b := h.signedIn(t)
	b.get("/instances/source").sees(200, "no answer", "Login failed for user 'bakplane'.", "Give the password again under Settings.", "Ask again", "Change it")
	b.get("/instances/target").sees(200, "SQL Server 2019", "No databases yet.", "of 50 it may hold")
}

func TestTheAPITakesServers(t *testing.T) {
	h := newHouse(t)
	h.cloud(t)
	p := h.program(t)
	in := map[string]any{"name": "SQL1", "kind": "selfmanaged", "host": "sql1.example.org", "instance_name": "PROD", "login": "sa", "password": "s3cret", "encrypt": "strict", "server_folder": "/backup", "folder": "files"}
	var made map[string]any
	p.ask("POST", "/api/v1/instances", in, 201, &made)
	if made["password"] != nil || made["instance_name"] != "PROD" || made["account_id"] != nil {
		t.Errorf("%v", made)
	}
	in["folder"] = "staging"
	p.ask("POST", "/api/v1/instances", in, 422, nil)
	in["folder"], in["kind"] = "files", "apsaradb"
	p.ask("PUT", "/api/v1/instances/"+made["id"].(string), in, 409, nil)
}
