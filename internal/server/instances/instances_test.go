package instances_test

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestASQLServerIsAddedChangedAndShown(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Ports.Set(servertest.NewSource(h.Files))
	b := h.SignedIn(t)
	b.Get("/settings/folders/new").Submit("/settings/folders", "path", h.Files, "name", "backups of SQL1")
	b.Get("/settings/servers/new").Sees(200, "Add a SQL Server", "learn the password")
	b.Submit("/settings/servers", "host", "sql1/x", "login", "sa", "password", "s3cret", "server_folder", servertest.ServerFolder)
	b.Sees(422, `"sql1/x" is not a host.`)
	if strings.Contains(b.Text(), "s3cret") {
		t.Error("the password came back")
	}
	b.Submit("/settings/servers", "host", "sql1.example.org", "port", "1434", "ca_pem", "-----BEGIN CERTIFICATE-----", "password", "s3cret").Sees(200, "The SQL Server is saved.", "sql1.example.org,1434")
	all, err := h.DB.Instances(t.Context())
	if err != nil || len(all) != 1 || all[0].Encrypt != endpoint.EncryptFull || all[0].CAPEM != "-----BEGIN CERTIFICATE-----" || all[0].Trust || all[0].Password.Reveal() != "s3cret" {
		t.Fatalf("%+v %v", all, err)
	}
	form := "/settings/servers/" + all[0].ID
	b.Get(form).Submit(form, "name", "SQL1").Sees(200, "The SQL Server is saved.")
	b.Get(form).Submit(form, "host", "sql2.example.org").Sees(422, "The password is needed again")
	b.Get("/settings/instances/"+all[0].ID).Sees(404, "This is not an instance.")
	if i, err := h.DB.Instance(t.Context(), all[0].ID); err != nil || i.Name != "SQL1" || i.Host != "sql1.example.org" || i.Password.Reveal() != "s3cret" {
		t.Errorf("%+v %v", i, err)
	}

	b.Get("/instances").Sees(200, "SQL1", "sql1.example.org,1434", "databases come from here")
	b.Follow("SQL1").Sees(200, "SQL Server 2016", "13.0.5026.0", "Developer Edition", "orders", "64.0 MB", "8.0 MB log", "FULL", "9 d ago", "no log backups", "Migrate to…")
	b.Get("/migrations/new").Sees(200, "SQL1 · self-managed SQL Server", "its backup folder")
}

func TestAServerThatDoesNotAnswerSaysWhatToDo(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Live(t).Down = fault.New(fault.Denied, "Login failed for user 'bakplane'.", "Give the password again under Settings.")
	b := h.SignedIn(t)
	b.Get("/instances/source").Sees(200, "no answer", "Login failed for user 'bakplane'.", "Give the password again under Settings.", "Ask again", "Change it")
	b.Get("/instances/target").Sees(200, "SQL Server 2019", "No databases yet.", "of 50 it may hold")
}

func TestTheAPITakesServers(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	p := h.Program(t)
	in := map[string]any{"name": "SQL1", "kind": "selfmanaged", "host": "sql1.example.org", "instance_name": "PROD", "login": "sa", "password": "s3cret", "encrypt": "strict", "server_folder": "/backup", "folder": "files"}
	var made map[string]any
	p.Ask("POST", "/api/v1/instances", in, 201, &made)
	if made["password"] != nil || made["instance_name"] != "PROD" || made["account_id"] != nil {
		t.Errorf("%v", made)
	}
	in["folder"] = "staging"
	p.Ask("POST", "/api/v1/instances", in, 422, nil)
	in["folder"], in["kind"] = "files", "apsaradb"
	p.Ask("PUT", "/api/v1/instances/"+made["id"].(string), in, 409, nil)
}
