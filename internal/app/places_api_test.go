package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
)

// TestPlacesAreTriedAndPickedOverTheAPI as on the pages: each step of a trial
// with its cause, and what an account holds with the fields of its form.
func TestPlacesAreTriedAndPickedOverTheAPI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var ready demo.Ready
	if err := (demo.Furnisher{App: h.app}).People(t.Context(), &ready); err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string, into any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, h.app.URL()+"/api/v1"+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+ready.Token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d %v", method, path, res.StatusCode, err)
		}
	}
	type trial struct {
		Works bool
		Steps []struct{ What, Result, Cause, Fix string }
	}
	var well, ill trial
	if ask("POST", "/buckets/"+demo.S3+"/test", &well); !well.Works || len(well.Steps) < 5 {
		t.Errorf("%+v", well)
	}
	if err := h.cloud.S3.SetBucket(s3emu.Bucket{Name: emulators.S3Bucket, Region: emulators.S3Region, Owner: emulators.S3Owner, Encryption: "AES256", Deny: []string{"s3:PutObject"}}); err != nil {
		t.Fatal(err)
	}
	ask("POST", "/buckets/"+demo.S3+"/test", &ill)
	results := map[string]int{}
	for _, s := range ill.Steps {
		results[s.Result]++
		if (s.Result == "fails") != (s.Cause != "" && s.Fix != "") {
			t.Errorf("%+v", s)
		}
	}
	if ill.Works || results["fails"] != 2 || results["not tried"] == 0 || results["works"] == 0 {
		t.Errorf("%+v", ill)
	}

	var found struct {
		Items []struct {
			What, Cause string
			Things      []struct {
				Name  string
				Facts map[string]string
				Notes []struct {
					Bad  bool
					Text string
				}
				Form map[string]string
			}
		}
	}
	ask("GET", "/accounts/"+demo.AWS+"/found", &found)
	if len(found.Items) != 2 || len(found.Items[0].Things) != 2 || len(found.Items[1].Things) != 1 || found.Items[0].Cause+found.Items[1].Cause != "" {
		t.Fatalf("%+v", found)
	}
	reports := found.Items[0].Things[1]
	if reports.Name != "frankfurt-reports" || reports.Form["host"] != "frankfurt-reports.invalid" || len(reports.Notes) != 2 || !reports.Notes[1].Bad || reports.Facts["Class"] != "db.t3.xlarge, in one zone" {
		t.Errorf("%+v", reports)
	}
	if b := found.Items[1].Things[0]; b.Form["bucket"] != emulators.S3Bucket || b.Form["account_id"] != demo.AWS {
		t.Errorf("%+v", b)
	}
}
