package app_test

import (
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/emulator/rdsapi"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// TestInstancesAndBucketsOfAnAWSAccountArePicked: what is known is marked, what
// backups would miss is named, and the form comes filled in. When one list is
// refused the other is still there.
func TestInstancesAndBucketsOfAnAWSAccountArePicked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const page = "/settings/aws-accounts/" + demo.AWS + "/found"
	r := h.reader()
	r.sees("/settings", "Pick from it")
	seen := r.sees(page, "frankfurt-demo added", "Multi-AZ", "kept for 7 days, taken 01:30-02:00 UTC", "role/rds-backup-restore, by the group sqlserver-backup",
		"frankfurt-reports", "Native backup and restore is off", "The service takes no backups by itself", emulators.S3Bucket+" added")
	if strings.Contains(seen, "cannot be listed") {
		t.Error("a list is missing")
	}
	form := r.raw(r.link(seen, "/settings/aws/new") + "&password=pa55-in-the-address")
	for _, field := range []string{`value="frankfurt-reports.invalid"`, `value="eu-central-1"`, `value="` + emulators.Master + `"`} {
		if !strings.Contains(form, field) {
			t.Errorf("the form has no %s", field)
		}
	}
	if strings.Contains(form, `value="pa55-in-the-address"`) {
		t.Error("an address filled in a password")
	}
	r.post("/settings/aws", url.Values{"host": {"frankfurt-reports.invalid"}, "port": {"1433"}, "name": {"reports"}, "region": {"eu-central-1"}, "login": {"admin"}, "password": {"a password"}, "encrypt": {"full"}})
	r.sees(page, "frankfurt-reports added")

	h.cloud.AWSAPI.Change(func(c *rdsapi.Config) { c.Users[0].Allow = []string{} })
	r.sees(page, "may not list what RDS holds: its policy does not allow rds:DescribeDBInstances", "Allow rds:DescribeDBInstances on * in its policy", emulators.S3Bucket+" added")

	a, err := h.app.DB.Account(t.Context(), demo.AWS)
	if err != nil {
		t.Fatal(err)
	}
	a.More = endpoint.WithMore(a.More, "s3_address", "http://127.0.0.1:1")
	h.save(func(d demo.Furnisher) error { return d.App.DB.SaveAccount(t.Context(), a, d.Entry("account")) })
	r.sees(page, "http://127.0.0.1:1")
}

// raw is a page as it was sent.
func (r *reader) raw(path string) string {
	r.h.t.Helper()
	res, err := r.client.Get(r.h.app.URL() + path)
	if err != nil {
		r.h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.h.t.Fatal(err)
	}
	return string(b)
}
