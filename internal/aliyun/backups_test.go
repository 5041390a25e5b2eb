package aliyun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/scan"
)

// backups is an emulated instance whose service backs it up.
type backups struct {
	*cloud
	cloud1 *Cloud
}

func newBackups(t *testing.T, changes ...func(*aliyunemu.Config)) *backups {
	t.Helper()
	c := newCloud(t, append([]func(*aliyunemu.Config){func(c *aliyunemu.Config) {
		c.Contents, c.Payload = sqlserveremu.Apply, sqlserveremu.Payload
		c.Clock = time.Date(2026, 3, 3, 1, 0, 0, 0, time.UTC) // a Tuesday; the next scheduled backup is on Wednesday at 18:00
		c.Instances[0].Databases = map[string]*aliyunemu.Database{"Shop": {Contents: rows("a"), DataBytes: 8 << 20}, "Crm": {Contents: rows("x"), DataBytes: 8 << 20}}
	}}, changes...)...)
	return &backups{c, c.client(func(*Config) {}).Cloud(instance)}
}

// rows are contents of one table with one column.
func rows(values ...string) json.RawMessage {
	t := sqlserveremu.TableContents{Schema: "dbo", Name: "t", Next: int64(len(values) + 1)}
	for i, v := range values {
		t.Rows = append(t.Rows, sqlserveremu.Row{ID: int64(i + 1), Values: []*string{&v}})
	}
	b, err := json.Marshal(sqlserveremu.Contents{Tables: []sqlserveremu.TableContents{t}})
	if err != nil {
		panic(err)
	}
	return b
}

func (b *backups) patch(p map[string]any) {
	b.t.Helper()
	b.hasControl(http.MethodPatch, "/instances/"+instance+"/backups", p)
}

func (b *backups) forward(d time.Duration) time.Time {
	b.t.Helper()
	var now aliyunemu.Clock
	if err := (control.Remote{URL: b.rds.ControlURL}).Call(b.t.Context(), http.MethodPost, "/clock", map[string]string{"forward": d.String()}, &now); err != nil {
		b.t.Fatal(err)
	}
	return now.Now
}

func (b *backups) contents(database string, values ...string) {
	b.t.Helper()
	b.hasControl(http.MethodPut, "/instances/"+instance+"/databases/"+database+"/contents", rows(values...))
}

// order backs up and waits for the end.
func (b *backups) order(o backup.Order) backup.CloudSet {
	b.t.Helper()
	id, err := b.cloud1.Order(b.t.Context(), o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.forward(time.Minute)
	jobs, err := b.cloud1.Jobs(b.t.Context(), id)
	if err != nil || len(jobs) != 1 || !jobs[0].Ended() || jobs[0].SetID == "" {
		b.t.Fatalf("job %s: %+v %v", id, jobs, err)
	}
	return b.set(jobs[0].SetID)
}

func (b *backups) set(id string) backup.CloudSet {
	b.t.Helper()
	page, err := b.cloud1.Sets(b.t.Context(), backup.SetQuery{ID: id})
	if err != nil || len(page.Sets) != 1 || page.Total != 1 {
		b.t.Fatalf("set %s: %+v %v", id, page, err)
	}
	return page.Sets[0]
}

// refusal checks kind, code and field of a refusal, and that a person can read it.
func refusal(t *testing.T, err error, kind fault.Kind, code, field string) {
	t.Helper()
	var r *clouds.Refusal
	if fault.Of(err) != kind || !errors.As(err, &r) || r.Code != code || r.Field != field {
		t.Fatalf("got %v: %#v\nwant %s %s %s", err, r, kind, code, field)
	}
	if message, _ := fault.Words(err); r.Request != "" && (!strings.Contains(message, code) || !strings.Contains(message, r.Request)) {
		t.Errorf("message %q lacks code or request", message)
	}
}

func TestBackupJobsComeToTheirEnd(t *testing.T) {
	b := newBackups(t)
	b.patch(map[string]any{"hold": true})
	id, err := b.cloud1.Order(t.Context(), backup.Order{})
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := b.cloud1.Jobs(t.Context(), "")
	if err != nil || len(jobs) != 1 || jobs[0].ID != id || jobs[0].Status != "NoStart" || jobs[0].Percent != 0 || jobs[0].Automated || jobs[0].Ended() {
		t.Errorf("%+v %v", jobs, err)
	}
	_, err = b.cloud1.Order(t.Context(), backup.Order{Snapshot: true})
	refusal(t, err, fault.Conflict, "BackupJobExists", "")
	b.patch(map[string]any{"hold": false})
	b.forward(time.Minute)
	if jobs, err = b.cloud1.Jobs(t.Context(), ""); err != nil || len(jobs) != 0 {
		t.Errorf("%+v %v", jobs, err)
	}
	if jobs, err = b.cloud1.Jobs(t.Context(), id); err != nil || len(jobs) != 1 || jobs[0].Status != "Finished" || jobs[0].Percent != 100 {
		t.Fatalf("%+v %v", jobs, err)
	}
	s := b.set(jobs[0].SetID)
	if s.Failed || s.Kind != backup.Full || !s.Manual || s.Snapshot || !s.Usable || !s.Downloads || !s.Kept || s.Size == 0 ||
		!s.Expires.Equal(s.Finished.AddDate(0, 0, 7)) || !slices.Equal(s.Databases, []string{"Crm", "Shop"}) {
		t.Errorf("%+v", s)
	}
	if auto := b.order(backup.Order{Automatic: true}); auto.Kind != backup.Differential {
		t.Errorf("automatic within three days of a full one: %+v", auto)
	}
	b.patch(map[string]any{"fail": true})
	if s := b.order(backup.Order{}); !s.Failed || s.Usable || s.Downloads {
		t.Errorf("failed set %+v", s)
	}
	b.patch(map[string]any{"fail": false})
	if s := b.order(backup.Order{Snapshot: true}); !s.Snapshot || s.Downloads {
		t.Errorf("snapshot %+v", s)
	}
	if _, err := b.cloud1.Jobs(t.Context(), "b-1"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no number: %v", err)
	}
}

func TestTwentyBackupsADay(t *testing.T) {
	b := newBackups(t)
	for range backup.OrdersADay {
		b.order(backup.Order{Snapshot: true})
	}
	_, err := b.cloud1.Order(t.Context(), backup.Order{})
	refusal(t, err, fault.Conflict, "BackupTimesExceeded", "")
	b.forward(25 * time.Hour)
	b.order(backup.Order{})
}

func TestSingleDatabasesAndTheirExpiry(t *testing.T) {
	b := newBackups(t)
	s := b.order(backup.Order{Databases: []string{"Shop"}, RetentionDays: 30})
	if !s.Expires.Equal(s.Finished.AddDate(0, 0, 30)) || !slices.Equal(s.Databases, []string{"Shop"}) {
		t.Errorf("%+v", s)
	}
	later := s.Expires.AddDate(0, 0, 10).Truncate(time.Minute)
	if err := b.cloud1.Extend(t.Context(), s.ID, later); err != nil {
		t.Fatal(err)
	}
	if got := b.set(s.ID).Expires; !got.Equal(later) {
		t.Errorf("expires %v, want %v", got, later)
	}
	refusal(t, b.cloud1.Extend(t.Context(), s.ID, s.Expires), fault.Conflict, "InvalidExpectExpireTime", clouds.FieldExpiry)
	// A service that goes by the examples of its page wants seconds.
	later = later.AddDate(0, 0, 1)
	b.bite(control.Rule{Operation: "ModifyBackupSetExpireTime", Status: 400, Code: "InvalidExpectExpireTime.Format", Message: "The specified parameter ExpectExpireTime is not valid."})
	if err := b.cloud1.Extend(t.Context(), s.ID, later); err != nil || !b.set(s.ID).Expires.Equal(later) {
		t.Errorf("with seconds: %v", err)
	}
	whole := b.order(backup.Order{})
	refusal(t, b.cloud1.Extend(t.Context(), whole.ID, later), fault.Conflict, "OperationDenied.BackupSet", clouds.FieldExpiry)
	both := b.order(backup.Order{Databases: []string{"Shop", "Crm"}, RetentionDays: backup.ForEver})
	if !both.Expires.IsZero() {
		t.Errorf("kept for ever, expires %v", both.Expires)
	}
	_, err := b.cloud1.Order(t.Context(), backup.Order{Databases: []string{"Nobody"}})
	refusal(t, err, fault.NotFound, "InvalidDBName.NotFound", policy.FieldDatabases)
	for id, want := range map[string][]string{s.ID: {"Shop"}, both.ID: {"Shop", "Crm"}} {
		if names, err := b.cloud1.SetDatabases(t.Context(), id); err != nil || !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%v %v, want %v", names, err, want)
		}
	}
}

// Scheduled backups, logs and expiry on the service's own clock.
func TestScheduleOverTwoWeeks(t *testing.T) {
	b := newBackups(t)
	s, err := b.cloud1.Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Standard.Log, s.Standard.RetentionDays = clouds.LogEvery30, 7
	if err := b.cloud1.SetPolicy(t.Context(), s.Standard, s.Can); err != nil {
		t.Fatal(err)
	}
	now := b.forward(14 * 24 * time.Hour)
	page, err := b.cloud1.Sets(t.Context(), backup.SetQuery{})
	if err != nil || len(page.Sets) != 4 { // four a week, the older ones have expired
		t.Fatalf("%d sets %v", len(page.Sets), err)
	}
	diffs := 0
	for _, one := range page.Sets {
		if one.Started.Hour() != 18 || !slices.Contains(s.Standard.Days, one.Started.Weekday()) || one.Manual || now.Sub(one.Finished) > 7*24*time.Hour {
			t.Errorf("%+v", one)
		}
		if one.Kind == backup.Differential {
			diffs++
		}
	}
	if diffs == 0 || diffs == 4 {
		t.Errorf("%d differentials of 4", diffs)
	}
	logs, err := b.cloud1.Logs(t.Context(), now.Add(-8*24*time.Hour), now, 1)
	if err != nil || len(logs.Logs) != 336 || logs.Total != 336 || logs.Bytes == 0 {
		t.Fatalf("%d logs of %d, %v", len(logs.Logs), logs.Total, err)
	}
	var records []backup.Record
	for _, s := range page.Sets {
		records = append(records, scan.CloudRecord("i", s, now))
	}
	for _, l := range logs.Logs {
		records = append(records, scan.CloudRecord("i", backup.CloudSet{ID: backup.CloudLogID(l), Kind: backup.Log, Started: l.From, Finished: l.To, Usable: true}, now))
	}
	windows := backup.Windows(records)
	if len(windows) == 0 {
		t.Error("it can be restored to no time")
	}
	for _, w := range windows {
		if now.Sub(w.To) > time.Hour {
			t.Errorf("window %+v", w)
		}
	}
	if narrow, err := b.cloud1.Sets(t.Context(), backup.SetQuery{From: page.Sets[0].Started.Add(-time.Minute), To: now.Add(time.Hour)}); err != nil || len(narrow.Sets) != 1 {
		t.Errorf("narrowed: %+v %v", narrow, err)
	}
}

func fetch(t *testing.T, link string) (int, []byte) {
	t.Helper()
	res, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b
}

func TestLinksGiveRealBackups(t *testing.T) {
	b := newBackups(t)
	b.order(backup.Order{})
	b.contents("Shop", "a", "b")
	s := b.order(backup.Order{Automatic: true})
	links, err := b.cloud1.SetLinks(t.Context(), s.ID, s.Started)
	if err != nil || len(links) != 3 {
		t.Fatalf("%d links %v", len(links), err)
	}
	if text := fmt.Sprint(links); strings.Contains(text, "Signature") {
		t.Error("a link prints itself")
	}
	i := slices.IndexFunc(links, func(l backup.Link) bool { return l.Database == "Shop" })
	status, body := fetch(t, links[i].Public.Reveal())
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	file, err := bakfile.Read(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(file.Sets) != 1 || file.Sets[0].Database != "Shop" || file.Sets[0].Type != bakfile.TypeDifferential || !file.Sets[0].Complete {
		t.Fatalf("%+v %v", file, err)
	}
	held, err := sqlserveremu.Apply(nil, file, bytes.NewReader(body))
	if err != nil || !bytes.Equal(held, rows("a", "b")) {
		t.Errorf("the file holds %s, %v", held, err)
	}
	if status, _ := fetch(t, strings.Replace(links[i].Public.Reveal(), "Shop&", "Crm&", 1)); status != http.StatusForbidden {
		t.Errorf("a changed link gave %d", status)
	}
	now := b.forward(2 * time.Hour)
	if status, _ := fetch(t, links[i].Public.Reveal()); status != http.StatusForbidden {
		t.Errorf("an expired link gave %d", status)
	}
	logs, err := b.cloud1.Logs(t.Context(), now.Add(-24*time.Hour), now, 1)
	if err != nil || len(logs.Logs) == 0 {
		t.Fatalf("%+v %v", logs, err)
	}
	l, err := b.cloud1.LogLinks(t.Context(), logs.Logs[0].From, logs.Logs[0].To)
	if err != nil || len(l) != 1 || l[0].Expires.Before(now) {
		t.Fatalf("%+v %v", l, err)
	}
	if status, body := fetch(t, l[0].Public.Reveal()); status != http.StatusOK || !bytes.HasPrefix(body, []byte("PK")) {
		t.Errorf("log: status %d, %d bytes", status, len(body))
	}
	snapshot := b.order(backup.Order{Snapshot: true})
	if _, err := b.cloud1.SetLinks(t.Context(), snapshot.ID, time.Time{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("links of a snapshot: %v", err)
	}
	if _, err := b.cloud1.SetLinks(t.Context(), "999", time.Time{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("links of no set: %v", err)
	}
}

// A restore gives what the database held then.
func TestRestoreIntoAnExistingInstance(t *testing.T) {
	const other = "rm-other"
	b := newBackups(t, func(c *aliyunemu.Config) {
		second := c.Instances[0]
		second.ID, second.Databases = other, map[string]*aliyunemu.Database{"Crm": {Contents: rows("x"), DataBytes: 8 << 20}}
		c.Instances = append(c.Instances, second)
	})
	s, err := b.cloud1.Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Standard.Log = clouds.LogEvery30
	if err := b.cloud1.SetPolicy(t.Context(), s.Standard, s.Can); err != nil {
		t.Fatal(err)
	}
	full := b.order(backup.Order{})
	b.contents("Shop", "a", "b")
	moment := b.forward(time.Hour)
	b.contents("Shop", "a", "b", "c")
	b.forward(time.Hour)
	restore := func(o backup.RestoreOrder) string {
		t.Helper()
		o.Target = other
		if err := b.cloud1.Restore(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		b.forward(time.Minute)
		in, _ := b.rds.Instance(other)
		for _, to := range o.Databases {
			if db := in.Databases[to]; db == nil || !db.Restored {
				t.Fatalf("%s: %+v", to, db)
			} else {
				return string(db.Contents)
			}
		}
		return ""
	}
	if got := restore(backup.RestoreOrder{SetID: full.ID, Databases: map[string]string{"Shop": "Shop_set"}}); got != string(rows("a")) {
		t.Errorf("the set held %s", got)
	}
	if got := restore(backup.RestoreOrder{At: moment.Truncate(time.Second), Databases: map[string]string{"Shop": "Shop_then"}}); got != string(rows("a", "b")) {
		t.Errorf("the moment held %s", got)
	}
	names, err := b.cloud1.Names(t.Context(), other)
	if err != nil || !slices.Equal(names, []string{"Crm", "Shop_set", "Shop_then"}) {
		t.Errorf("%v %v", names, err)
	}
	for name, c := range map[string]struct {
		o    backup.RestoreOrder
		kind fault.Kind
		code string
	}{
		"taken":   {backup.RestoreOrder{SetID: full.ID, Target: other, Databases: map[string]string{"Shop": "crm"}}, fault.Conflict, "InvalidDBName.Duplicate"},
		"unknown": {backup.RestoreOrder{SetID: full.ID, Target: other, Databases: map[string]string{"Nobody": "n"}}, fault.NotFound, "InvalidDBName.NotFound"},
		"target":  {backup.RestoreOrder{SetID: full.ID, Target: "rm-none", Databases: map[string]string{"Shop": "n"}}, fault.NotFound, "InvalidDBInstanceId.NotFound"},
		"itself":  {backup.RestoreOrder{SetID: full.ID, Target: instance, Databases: map[string]string{"Shop": "n"}}, fault.Invalid, ""},
		"gone":    {backup.RestoreOrder{SetID: "1", Target: other, Databases: map[string]string{"Shop": "n"}}, fault.NotFound, "InvalidBackupId.NotFound"},
		"too old": {backup.RestoreOrder{At: moment.AddDate(-1, 0, 0), Target: other, Databases: map[string]string{"Shop": "n"}}, fault.Conflict, "InvalidRestoreTime.NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			var r *clouds.Refusal
			if err := b.cloud1.Restore(t.Context(), c.o); fault.Of(err) != c.kind || c.code != "" && (!errors.As(err, &r) || r.Code != c.code) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCrossRegionCopies(t *testing.T) {
	b := newBackups(t)
	b.patch(map[string]any{"cross_region": "cn-beijing"})
	if s, err := b.cloud1.Policy(t.Context()); err != nil || !s.Can.CrossRegion {
		t.Errorf("%+v %v", s.Can, err)
	}
	b.forward(time.Hour)
	b.order(backup.Order{})
	now := b.forward(time.Hour)
	page, err := b.cloud1.CrossRegion(t.Context(), now.Add(-24*time.Hour), now, 1)
	if err != nil || len(page.Sets) != 1 || page.Sets[0].Region != "cn-beijing" || page.Sets[0].Kind != backup.Full || page.Sets[0].Size == 0 {
		t.Errorf("%+v %v", page, err)
	}
	b.order(backup.Order{Automatic: true})
	now = b.forward(time.Hour)
	page, err = b.cloud1.CrossRegion(t.Context(), now.Add(-24*time.Hour), now, 1)
	if err != nil || len(page.Sets) != 2 || page.Sets[0].Kind != backup.Differential || page.Sets[1].Kind != backup.Full {
		t.Errorf("%+v %v", page, err)
	}
}
