package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/scan"
)

// TestAServiceThatTakesNoLogsIsLate: an instance of the cloud is held to its
// own policy, which nobody has to repeat, by what its service really has.
func TestAServiceThatTakesNoLogsIsLate(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	h := newHouseBeside(t, emulators.Pace{Step: 10 * time.Millisecond, Past: 10 * 24 * time.Hour}, func(c *app.Config) {
		c.Now = now
	})
	instance := h.cloud.RDS.ControlURL + "/instances/" + emulators.Instance + "/backups"
	hour := (time.Now().UTC().Hour() + 12) % 24 // no data backup meanwhile
	h.control(http.MethodPatch, instance, fmt.Sprintf(`{"policy": {"days": ["Monday","Tuesday","Wednesday","Thursday","Friday","Saturday","Sunday"], "time": "%02d:00Z-%02d:00Z"}}`, hour, (hour+1)%24))
	pass := func(d time.Duration) {
		t.Helper()
		h.control(http.MethodPost, h.cloud.RDS.ControlURL+"/clock", fmt.Sprintf(`{"forward": %q}`, d))
		ahead.Add(int64(d))
	}
	look := func() error {
		err := h.app.Collector.Scan(t.Context(), scan.InstanceSubject(demo.Instance), nil)
		if err := h.app.Promising().Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		return err
	}
	crm := func() backup.Protection {
		t.Helper()
		p, err := h.app.DB.Catalogue().Protection(t.Context(), demo.Instance, "crm")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	read := h.reader()

	t.Log("the sets are known and the policy is not")
	refused, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "DescribeBackupPolicy", Status: 403, Code: "Forbidden.RAM", Times: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := look(); err == nil {
		t.Error("a policy that cannot be read is no trouble")
	}
	if p := crm(); p.RestorableTo.IsZero() || p.Objective != 0 || !p.Due.IsZero() || p.Late(now()) {
		t.Errorf("%+v", p)
	}
	says(t, read.get("/protection"), "policy not known yet")
	h.cloud.RDS.ControlPort().Remove(refused.ID)

	t.Log("the policy is read with the next look")
	if err := look(); err != nil {
		t.Fatal(err)
	}
	if p := crm(); p.Objective != 30*time.Minute || p.Late(now()) || p.Due.IsZero() || !p.LateAt.After(now().Add(10*time.Minute)) {
		t.Errorf("%+v", p)
	}
	says(t, read.get("/protection"), "as promised", "of 30 min")

	t.Log("its logs stop")
	h.control(http.MethodPatch, instance, `{"stop_logs": true}`)
	pass(2 * time.Hour)
	if err := look(); err != nil {
		t.Fatal(err)
	}
	if p := crm(); !p.Late(now()) {
		t.Errorf("%+v", p)
	}
	for _, duePolicy := range []string{"/", "/protection?show=late", "/instances/" + demo.Instance + "/database?name=crm"} {
		if text := read.get(duePolicy); !strings.Contains(text, "crm") || !strings.Contains(text, "the newest restorable moment is older than the objective of 30 min") {
			t.Errorf("%s: %s", duePolicy, text)
		}
	}

	t.Log("logs come again, and the next data backup begins a new window")
	h.control(http.MethodPatch, instance, `{"stop_logs": false}`)
	pass(time.Hour)
	if err := look(); err != nil {
		t.Fatal(err)
	}
	if p := crm(); !p.Late(now()) || p.Whole {
		t.Errorf("a gap is as promised: %+v", p)
	}
	pass(12 * time.Hour)
	if err := look(); err != nil {
		t.Fatal(err)
	}
	if p := crm(); p.Late(now()) || !p.Whole {
		t.Errorf("%+v", p)
	}
	if v, err := h.app.DB.Policies().Versions(t.Context(), policy.InstanceSubject(demo.Instance), 10); err != nil || len(v) != 1 || v[0].Note != "first seen" {
		t.Errorf("%+v, %v", v, err)
	}

	t.Log("a change made elsewhere is noted once two looks saw it")
	five := h.cloud.RDS.ControlURL + "/instances/" + emulators.Instance + "/backups"
	h.control(http.MethodPatch, five, `{"log_minutes": 5}`)
	for _, want := range []time.Duration{30 * time.Minute, 5 * time.Minute} {
		if err := look(); err != nil {
			t.Fatal(err)
		}
		if p := crm(); p.Objective != want {
			t.Errorf("%s, want %s", p.Objective, want)
		}
	}
}
