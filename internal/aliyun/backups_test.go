package aliyun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/door"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
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
	b.control(http.MethodPatch, "/instances/"+instance+"/backups", p)
}

func (b *backups) forward(d time.Duration) time.Time {
	b.t.Helper()
	var now aliyunemu.Clock
	if err := (door.Remote{URL: b.rds.ControlURL}).Call(b.t.Context(), http.MethodPost, "/clock", map[string]string{"forward": d.String()}, &now); err != nil {
		b.t.Fatal(err)
	}
	return now.Now
}

func (b *backups) contents(database string, values ...string) {
	b.t.Helper()
	b.control(http.MethodPut, "/instances/"+instance+"/databases/"+database+"/contents", rows(values...))
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
	var r *policy.Refusal
	if fault.Of(err) != kind || !errors.As(err, &r) || r.Code != code || r.Field != field {
		t.Fatalf("got %v: %#v\nwant %s %s %s", err, r, kind, code, field)
	}
	if message, _ := fault.Words(err); r.Request != "" && (!strings.Contains(message, code) || !strings.Contains(message, r.Request)) {
		t.Errorf("message %q lacks code or request", message)
	}
}

func TestPolicyIsReadAndWritten(t *testing.T) {
	b := newBackups(t)
	s, err := b.cloud1.Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Wednesday, time.Friday, time.Sunday}, Hour: 18,
		Method: policy.Physical, Incremental: true, Log: policy.LogAsData}
	if d := policy.Diff(want, s.Standard); len(d) > 0 {
		t.Errorf("default policy differs: %+v", d)
	}
	if !s.Can.Running || !s.Can.Snapshot || !s.Can.FiveMinuteLog || s.Can.Cluster || s.Can.SetPriority || s.Can.StorageGB != 100 || s.Can.CrossRegion || s.AdvancedOn || s.Next.IsZero() {
		t.Errorf("abilities %+v", s)
	}
	want = policy.Standard{RetentionDays: 30, Days: []time.Weekday{time.Tuesday, time.Saturday}, Hour: 23, Method: policy.Physical, Log: policy.LogEvery30}
	if err := b.cloud1.SetPolicy(t.Context(), want, s.Can); err != nil {
		t.Fatal(err)
	}
	if s, err = b.cloud1.Policy(t.Context()); err != nil || len(policy.Diff(want, s.Standard)) > 0 {
		t.Errorf("read back %+v %v", s.Standard, err)
	}
	want.Method = policy.Snapshot
	if err := b.cloud1.SetPolicy(t.Context(), want, s.Can); err != nil {
		t.Fatal(err)
	}
	want.Method = policy.Physical
	refusal(t, b.cloud1.SetPolicy(t.Context(), want, s.Can), fault.Conflict, "OperationDenied.SwitchSnapshotToPhysical", policy.FieldMethod)
	b.patch(map[string]any{"log_minutes": 5, "policy": map[string]any{"retention": 60}})
	if s, err = b.cloud1.Policy(t.Context()); err != nil || s.Standard.Log != policy.LogEvery5 || s.Standard.RetentionDays != 60 || s.Raw["BackupInterval"] != "5" {
		t.Errorf("changed in the console: %+v %v", s, err)
	}
}

func TestPolicyOfClusterEdition(t *testing.T) {
	b := newBackups(t, func(c *aliyunemu.Config) { c.Instances[0].Category = "AlwaysOn" })
	s, err := b.cloud1.Policy(t.Context())
	if err != nil || !s.Can.Cluster || !s.Can.SetPriority || s.Standard.Priority != policy.PrimaryOnly || s.Standard.Incremental {
		t.Fatalf("%+v %v", s, err)
	}
	s.Standard.Priority = policy.SecondaryFirst
	if err := b.cloud1.SetPolicy(t.Context(), s.Standard, s.Can); err != nil {
		t.Fatal(err)
	}
	if s, _ = b.cloud1.Policy(t.Context()); s.Standard.Priority != policy.SecondaryFirst {
		t.Errorf("priority %v", s.Standard.Priority)
	}
	_, err = b.cloud1.Order(t.Context(), backup.Order{Automatic: true})
	refusal(t, err, fault.Invalid, "InvalidBackupType.Format", policy.FieldMode)
}

// What the service refuses of a policy reaches its field. The calls are made
// past our own rules, as an instance that changed meanwhile would meet them.
func TestRefusedPolicies(t *testing.T) {
	good := policy.Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Friday}, Hour: 18, Method: policy.Physical, Log: policy.LogEvery30}
	for name, c := range map[string]struct {
		prepare     func(*backups)
		change      func(*policy.Standard, *policy.Abilities)
		kind        fault.Kind
		code, field string
	}{
		"retention": {nil, func(s *policy.Standard, _ *policy.Abilities) { s.RetentionDays = 731 }, fault.Invalid, "InvalidBackupRetentionPeriod.Malformed", policy.FieldRetention},
		"days":      {nil, func(s *policy.Standard, _ *policy.Abilities) { s.Days = s.Days[:1] }, fault.Invalid, "InvalidPreferredBackupPeriod.Malformed", policy.FieldDays},
		"hour":      {nil, func(s *policy.Standard, _ *policy.Abilities) { s.Hour = 24 }, fault.Invalid, "InvalidPreferredBackupTime.Format", policy.FieldHour},
		"snapshot log": {nil, func(s *policy.Standard, _ *policy.Abilities) { s.Method, s.Log = policy.Snapshot, policy.LogAsData },
			fault.Conflict, "OperationDenied.ApiForbiddenForLogBackupFrequency", policy.FieldLog},
		"local disk": {func(b *backups) { b.patch(map[string]any{"local_disk": true}) }, func(s *policy.Standard, _ *policy.Abilities) { s.Method = policy.Snapshot },
			fault.Conflict, "OperationDenied.NotSupportedBackupMethod", policy.FieldMethod},
		"large": {func(b *backups) { patch(b.cloud, map[string]any{"storage_gb": 5000}) }, nil, fault.Conflict, "OperationDenied.NotSupportedBackupMethod", policy.FieldMethod},
		"cross-region": {func(b *backups) { b.patch(map[string]any{"cross_region": "cn-beijing"}) }, func(s *policy.Standard, _ *policy.Abilities) { s.Method = policy.Snapshot },
			fault.Conflict, "OperationDenied.SwitchToSnapshot", policy.FieldMethod},
		"priority": {nil, func(s *policy.Standard, can *policy.Abilities) {
			s.Priority, can.Cluster, can.SetPriority = policy.SecondaryFirst, true, true
		}, fault.Conflict, "IncorrectCategory", policy.FieldPriority},
		"advanced": {func(b *backups) { b.patch(map[string]any{"advanced": true}) }, nil, fault.Conflict, "IncorrectBackupPolicy", policy.FieldRows},
		"stopped":  {func(b *backups) { patch(b.cloud, map[string]any{"status": "Restarting"}) }, nil, fault.Conflict, "IncorrectDBInstanceState", ""},
		"locked":   {func(b *backups) { patch(b.cloud, map[string]any{"lock_mode": "ManualLock"}) }, nil, fault.Conflict, "IncorrectDBInstanceLockMode", ""},
		"unknown": {func(b *backups) {
			b.bite(door.Rule{Times: -1, Status: 400, Code: "Weird.Code", Message: "Told by a rule."})
		}, nil, fault.Invalid, "Weird.Code", ""},
		"switch off": {func(b *backups) {
			b.bite(door.Rule{Times: -1, Status: 403, Code: "OperationDenied.ModifyBackupSwitchOff", Message: "x"})
		}, nil, fault.Conflict, "OperationDenied.ModifyBackupSwitchOff", policy.FieldLog},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackups(t)
			if c.prepare != nil {
				c.prepare(b)
			}
			s, can := good, policy.Abilities{Snapshot: true}
			s.Days = slices.Clone(s.Days)
			if c.change != nil {
				c.change(&s, &can)
			}
			refusal(t, b.cloud1.SetPolicy(t.Context(), s, can), c.kind, c.code, c.field)
		})
	}
}

func TestAdvancedPolicy(t *testing.T) {
	b := newBackups(t)
	b.patch(map[string]any{"advanced": true, "policy": map[string]any{"log_retention": 14, "rows": []map[string]any{
		{"id": "r1", "key": "dayOfWeek", "value": "1,5", "days": 14}, {"id": "r2", "key": "dayOfMonth", "value": "1,-1", "days": 90},
		{"id": "r3", "key": "dayOfYear", "value": "06-30", "days": -1}}}})
	s, err := b.cloud1.Policy(t.Context())
	if err != nil || !s.AdvancedOn || len(s.Advanced.Rows) != 3 || !s.Can.WriteAdvanced || s.Advanced.LogRetentionDays != 14 ||
		!slices.Equal(s.Advanced.Rows[1].Days, []int{policy.LastDay, 1}) || !slices.Equal(s.Advanced.Rows[2].Days, []int{630}) || s.Advanced.Rows[2].RetentionDays != policy.Forever {
		t.Fatalf("%+v %v", s, err)
	}
	a := s.Advanced
	a.Rows = slices.Clone(a.Rows[:2])
	a.Rows[1].RetentionDays = 365
	a.Rows = append(a.Rows, policy.Sparse{Cycle: policy.Yearly, Days: []int{1231}, RetentionDays: policy.Forever})
	a.LogRetentionDays = 10
	refusal(t, b.cloud1.SetAdvanced(t.Context(), s.Advanced, a), fault.Conflict, "IncorrectBackupPolicy", policy.FieldRows)
	b.patch(map[string]any{"advanced_by_api": true})
	if err := b.cloud1.SetAdvanced(t.Context(), s.Advanced, a); err != nil {
		t.Fatal(err)
	}
	if s, err = b.cloud1.Policy(t.Context()); err != nil || len(policy.DiffAdvanced(a, s.Advanced)) > 0 {
		t.Errorf("%+v %v: %v", s.Advanced, err, policy.DiffAdvanced(a, s.Advanced))
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
	later := s.Expires.AddDate(0, 0, 10)
	if err := b.cloud1.Extend(t.Context(), s.ID, later); err != nil {
		t.Fatal(err)
	}
	if got := b.set(s.ID).Expires; !got.Equal(later) {
		t.Errorf("expires %v, want %v", got, later)
	}
	refusal(t, b.cloud1.Extend(t.Context(), s.ID, s.Expires), fault.Conflict, "InvalidExpectExpireTime", policy.FieldExpiry)
	whole := b.order(backup.Order{})
	refusal(t, b.cloud1.Extend(t.Context(), whole.ID, later), fault.Conflict, "OperationDenied.BackupSet", policy.FieldExpiry)
	if got := b.order(backup.Order{Databases: []string{"Shop", "Crm"}, RetentionDays: backup.ForEver}); !got.Expires.IsZero() {
		t.Errorf("kept for ever, expires %v", got.Expires)
	}
	_, err := b.cloud1.Order(t.Context(), backup.Order{Databases: []string{"Nobody"}})
	refusal(t, err, fault.NotFound, "InvalidDBName.NotFound", policy.FieldDatabases)
	if names, err := b.cloud1.SetDatabases(t.Context(), s.ID); err != nil || !slices.Equal(names, []string{"Shop"}) {
		t.Errorf("%v %v", names, err)
	}
}

// Scheduled backups, logs and expiry on the service's own clock.
func TestScheduleOverTwoWeeks(t *testing.T) {
	b := newBackups(t)
	s, err := b.cloud1.Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Standard.Log, s.Standard.RetentionDays = policy.LogEvery30, 7
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
	for _, w := range backup.CloudWindow(page.Sets, logs.Logs) {
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
	b := newBackups(t)
	s, err := b.cloud1.Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Standard.Log = policy.LogEvery30
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
		o.Target = instance
		if err := b.cloud1.Restore(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		b.forward(time.Minute)
		in, _ := b.rds.Instance(instance)
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
	names, err := b.cloud1.Names(t.Context(), instance)
	if err != nil || !slices.Equal(names, []string{"Crm", "Shop", "Shop_set", "Shop_then"}) {
		t.Errorf("%v %v", names, err)
	}
	for name, c := range map[string]struct {
		o    backup.RestoreOrder
		kind fault.Kind
		code string
	}{
		"taken":   {backup.RestoreOrder{SetID: full.ID, Target: instance, Databases: map[string]string{"Shop": "crm"}}, fault.Conflict, "InvalidDBName.Duplicate"},
		"unknown": {backup.RestoreOrder{SetID: full.ID, Target: instance, Databases: map[string]string{"Nobody": "n"}}, fault.NotFound, "InvalidDBName.NotFound"},
		"target":  {backup.RestoreOrder{SetID: full.ID, Target: "rm-none", Databases: map[string]string{"Shop": "n"}}, fault.NotFound, "InvalidDBInstanceId.NotFound"},
		"gone":    {backup.RestoreOrder{SetID: "1", Target: instance, Databases: map[string]string{"Shop": "n"}}, fault.NotFound, "InvalidBackupId.NotFound"},
		"too old": {backup.RestoreOrder{At: moment.AddDate(-1, 0, 0), Target: instance, Databases: map[string]string{"Shop": "n"}}, fault.Conflict, "InvalidRestoreTime.NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			var r *policy.Refusal
			if err := b.cloud1.Restore(t.Context(), c.o); fault.Of(err) != c.kind || !errors.As(err, &r) || r.Code != c.code {
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
	logs, err := b.cloud1.CrossRegionLogs(t.Context(), now.Add(-24*time.Hour), now, 1)
	if err != nil || len(logs.Logs) != 1 {
		t.Errorf("%+v %v", logs, err)
	}
}

// After a lost answer the backup is there once, and is found.
func TestALostAnswerToCreateBackup(t *testing.T) {
	b := newBackups(t)
	b.bite(door.Rule{Operation: "CreateBackup", Times: 1, Acted: true, Status: 502, Body: "<html>bad gateway</html>", ContentType: "text/html"})
	_, err := b.cloud1.Order(t.Context(), backup.Order{})
	if !fault.Is(err, fault.Unavailable) || errors.Is(err, backup.ErrUndone) {
		t.Fatalf("got %v", err)
	}
	if _, fix := fault.Words(err); !strings.Contains(fix, "not known whether") {
		t.Errorf("fix %q", fix)
	}
	b.bite(door.Rule{Operation: "CreateBackup", Times: 1, Status: 400, Code: "Throttling.User", Message: "Request was denied due to user flow control."})
	if _, err := b.cloud1.Order(t.Context(), backup.Order{}); !errors.Is(err, backup.ErrUndone) {
		t.Errorf("throttled: %v", err)
	}
	if page, err := b.cloud1.Sets(t.Context(), backup.SetQuery{}); err != nil || len(page.Sets) > 1 {
		t.Errorf("%+v %v", page, err)
	}
}

// The parameters as they go over the wire.
func TestBackupCallsOnTheWire(t *testing.T) {
	var got url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Query()
		fmt.Fprint(w, `{"RequestId":"R1","BackupJobId":5,"Success":true,"Code":"200","TotalRecordCount":"0","Items":{}}`)
	}))
	defer server.Close()
	client, err := NewClient(Config{Endpoint: server.URL, Region: "cn-hangzhou", AccessKeyID: "k", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	c, at := client.Cloud("rm-1"), time.Date(2026, 7, 15, 12, 10, 23, 0, time.FixedZone("", 8*3600))
	s := policy.Standard{RetentionDays: 7, Days: []time.Weekday{time.Sunday, time.Monday}, Hour: 23, Method: policy.Physical, Incremental: true, Log: policy.LogEvery30, Priority: policy.PrimaryOnly}
	base := "BackupLog=Enable&BackupPolicyMode=DataBackupPolicy&BackupRetentionPeriod=7&DBInstanceId=rm-1&PreferredBackupPeriod=Monday%2CSunday&PreferredBackupTime=23%3A00Z-24%3A00Z"
	for _, one := range []struct {
		do   func() error
		want string
	}{
		{func() error { return c.SetPolicy(t.Context(), s, policy.Abilities{}) }, base + "&EnableIncrementDataBackup=true&LogBackupFrequency=LogInterval"},
		{func() error {
			return c.SetPolicy(t.Context(), s, policy.Abilities{Cluster: true, SetPriority: true, Snapshot: true})
		}, base + "&BackupMethod=Physical&BackupPriority=2&LogBackupFrequency=LogInterval"},
		{func() error { _, err := c.Order(t.Context(), backup.Order{Automatic: true}); return err }, "DBInstanceId=rm-1&BackupMethod=Physical&BackupType=Auto&BackupStrategy=instance"},
		{func() error { _, err := c.Order(t.Context(), backup.Order{Snapshot: true}); return err }, "DBInstanceId=rm-1&BackupMethod=Snapshot&BackupStrategy=instance"},
		{func() error {
			_, err := c.Order(t.Context(), backup.Order{Databases: []string{"a", "b"}, RetentionDays: -1})
			return err
		}, "DBInstanceId=rm-1&BackupMethod=Physical&BackupType=FullBackup&BackupStrategy=db&DBName=a%2Cb&BackupRetentionPeriod=-1"},
		{func() error { _, err := c.Jobs(t.Context(), "5"); return err }, "DBInstanceId=rm-1&BackupJobId=5"},
		{func() error {
			_, err := c.Sets(t.Context(), backup.SetQuery{From: at, To: at.Add(time.Hour)})
			return err
		},
			"DBInstanceId=rm-1&StartTime=2026-07-15T04%3A10Z&EndTime=2026-07-15T05%3A10Z&PageSize=100&PageNumber=1"},
		{func() error { _, err := c.Logs(t.Context(), at, at.Add(time.Hour), 2); return err },
			"DBInstanceId=rm-1&StartTime=2026-07-15T04%3A10Z&EndTime=2026-07-15T05%3A10Z&PageSize=500&PageNumber=2"},
		{func() error { return c.Extend(t.Context(), "7", at) }, "DBInstanceId=rm-1&BackupId=7&ExpectExpireTime=2026-07-15T04%3A10%3A23Z"},
		{func() error { _, err := c.CrossRegion(t.Context(), at, at.Add(time.Hour), 1); return err },
			"DBInstanceId=rm-1&RegionId=cn-hangzhou&StartTime=2026-07-15T04%3A10%3A23Z&EndTime=2026-07-15T05%3A10%3A23Z&PageSize=100&PageNumber=1"},
		{func() error {
			return c.Restore(t.Context(), backup.RestoreOrder{At: at, Target: "rm-2", Databases: map[string]string{"b": "B2", "a": "A2"}})
		}, "DBInstanceId=rm-1&TargetDBInstanceId=rm-2&DbNames=%7B%22a%22%3A%22A2%22%2C%22b%22%3A%22B2%22%7D&RestoreTime=2026-07-15T04%3A10%3A23Z&SyncUserPrivilege=NO"},
	} {
		want, _ := url.ParseQuery(one.want)
		if err := one.do(); err != nil || got.Encode() != want.Encode() {
			t.Errorf("got %s, %v\nwant %s", got.Encode(), err, want.Encode())
		}
	}
}

// versions keeps versions in memory.
type versions struct {
	mu   sync.Mutex
	all  map[string][]policy.Version
	acts []audit.Entry
}

func (v *versions) Versions(_ context.Context, subject string, limit int) ([]policy.Version, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := slices.Clone(v.all[subject])
	slices.Reverse(out)
	return out[:min(limit, len(out))], nil
}

func (v *versions) Version(_ context.Context, subject string, number int) (policy.Version, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.all[subject][number-1], nil
}

func (v *versions) AddVersion(_ context.Context, one policy.Version, e *audit.Entry) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[string][]policy.Version{}
	}
	one.Number = len(v.all[one.Subject]) + 1
	v.all[one.Subject] = append(v.all[one.Subject], one)
	if e != nil {
		v.acts = append(v.acts, *e)
	}
	return nil
}

func (v *versions) Record(_ context.Context, e audit.Entry) error {
	v.acts = append(v.acts, e)
	return nil
}

func (b *backups) CloudPolicy(_ context.Context, id string) (policy.Cloud, error) {
	if id == "endpoint" {
		id = instance
	}
	return b.cloud1.client.Cloud(id), nil
}

// An edit, a change elsewhere, the way back, and answers that are lost.
func TestPolicyIsEditedDriftsAndIsRolledBack(t *testing.T) {
	b, kept := newBackups(t), &versions{}
	c := policy.Clouds{Ports: b, Versions: kept, Now: time.Now, Pause: time.Millisecond}
	dba := policy.By{Actor: audit.Actor{Name: "dba", Via: "web"}}
	first, err := c.Look(t.Context(), "endpoint")
	if err != nil || first.Drift != nil || len(first.Versions) != 1 {
		t.Fatalf("%+v %v", first, err)
	}
	seen, wanted := first.Standing.Content(), first.Standing.Standard
	wanted.RetentionDays, wanted.Hour, wanted.Log = 30, 3, policy.LogEvery30
	w, err := c.Write(t.Context(), "endpoint", policy.Wish{Seen: &seen, Standard: &wanted}, dba)
	if err != nil || len(w.Changes) != 3 || len(w.Differ) != 0 || w.Now.Standard.RetentionDays != 30 {
		t.Fatalf("%+v %v", w, err)
	}
	if n := len(kept.acts); n != 1 || !strings.Contains(kept.acts[0].Summary, "Kept: 7 days → 30 days") || !strings.Contains(string(kept.acts[0].After), "30 days") {
		t.Errorf("acts %+v", kept.acts)
	}
	if w, err := c.Write(t.Context(), "endpoint", policy.Wish{Standard: &wanted}, dba); err != nil || len(w.Changes) != 0 || len(kept.acts) != 1 {
		t.Errorf("nothing to do: %+v %v", w, err)
	}
	if _, err := c.Write(t.Context(), "endpoint", policy.Wish{Seen: &seen, Standard: &first.Standing.Standard}, dba); !fault.Is(err, fault.Conflict) {
		t.Errorf("seen before somebody else's change: %v", err)
	}
	var o *policy.Objection
	bad := wanted
	bad.Days = bad.Days[:1]
	if _, err := c.Write(t.Context(), "endpoint", policy.Wish{Standard: &bad}, dba); !fault.Is(err, fault.Invalid) || !errors.As(err, &o) || o.Findings[0].Field != policy.FieldDays {
		t.Errorf("one day: %v", err)
	}
	// Elsewhere.
	b.patch(map[string]any{"policy": map[string]any{"retention": 90}})
	for range 2 { // stays drift until a person decides
		l, err := c.Look(t.Context(), "endpoint")
		if err != nil || l.Drift == nil || len(l.Drift.Changes) != 1 || l.Drift.Changes[0].After != "90 days" || len(l.Versions) != 3 || l.Versions[0].Actor != "" {
			t.Fatalf("%+v %v", l, err)
		}
	}
	if w, err = c.RollBack(t.Context(), "endpoint", 2, false, dba); err != nil || w.Now.Standard.RetentionDays != 30 {
		t.Fatalf("%+v %v", w, err)
	}
	l, err := c.Look(t.Context(), "endpoint")
	if err != nil || l.Drift != nil || l.Versions[0].Note != "rolled back to version 2" || l.Versions[0].Actor != "dba" {
		t.Errorf("%+v %v", l.Versions[0], err)
	}
	b.patch(map[string]any{"policy": map[string]any{"retention": 91}})
	if err := c.Acknowledge(t.Context(), "endpoint", dba); err != nil {
		t.Fatal(err)
	}
	if l, err = c.Look(t.Context(), "endpoint"); err != nil || l.Drift != nil {
		t.Errorf("acknowledged: %+v %v", l.Drift, err)
	}
	// The answer is lost each time it is sent; the look afterwards finds it done.
	b.bite(door.Rule{Operation: "ModifyBackupPolicy", Times: -1, Acted: true, Status: 502, Body: "<html></html>", ContentType: "text/html"})
	b.cloud1.client.patience = 50 * time.Millisecond
	wanted.RetentionDays = 45
	if w, err = c.Write(t.Context(), "endpoint", policy.Wish{Standard: &wanted}, dba); err != nil || w.Now.Standard.RetentionDays != 45 {
		t.Errorf("%+v %v", w, err)
	}
}

// One policy for many instances: a refusal at one holds no other, and a
// repetition goes on.
func TestOnePolicyForManyInstances(t *testing.T) {
	b := newBackups(t, func(c *aliyunemu.Config) {
		for i := range 8 {
			in := c.Instances[0]
			in.ID, in.Databases = fmt.Sprintf("rm-many%d", i), nil
			if i == 3 {
				in.Status = "Restarting"
			}
			if i == 5 {
				in.Category = "AlwaysOn"
			}
			c.Instances = append(c.Instances, in)
		}
	})
	kept := &versions{}
	c := policy.Clouds{Ports: b, Versions: kept, Now: time.Now, Pause: time.Millisecond}
	s := policy.Standard{RetentionDays: 14, Days: []time.Weekday{time.Monday, time.Friday}, Hour: 20, Method: policy.Physical, Log: policy.LogEvery30}
	ids := []string{"rm-none"}
	for i := range 8 {
		ids = append(ids, fmt.Sprintf("rm-many%d", i))
	}
	for round := range 2 {
		for i, a := range c.Apply(t.Context(), ids, s, false, policy.By{Actor: audit.Actor{Name: "dba"}, Note: "applied to 9 instances"}) {
			switch {
			case i == 0 && !fault.Is(a.Err, fault.NotFound), i == 4 && !fault.Is(a.Err, fault.Invalid):
				t.Errorf("%s: %v", a.InstanceID, a.Err)
			case i == 0, i == 4:
			case a.Err != nil || (len(a.Written.Changes) == 0) != (round == 1) || len(policy.Diff(s, a.Written.Now.Standard)) > 0:
				t.Errorf("round %d, %s: %+v %v", round, a.InstanceID, a.Written, a.Err)
			}
		}
	}
	if len(kept.acts) != 7 {
		t.Errorf("%d acts", len(kept.acts))
	}
}

func TestExpiryIsMovedAndNoted(t *testing.T) {
	b, kept := newBackups(t), &versions{}
	s := b.order(backup.Order{Databases: []string{"Shop"}})
	now := func() time.Time { return b.forward(0) }
	until, dba := s.Expires.AddDate(0, 0, 3), audit.Actor{Name: "dba"}
	for range 2 {
		if got, err := policy.Extend(t.Context(), b.cloud1, kept, "endpoint", s.ID, until, 2, dba, now); err != nil || !got.Expires.Equal(until) || len(kept.acts) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
	}
	var o *policy.Objection
	if _, err := policy.Extend(t.Context(), b.cloud1, kept, "endpoint", s.ID, s.Expires, 2, dba, now); !errors.As(err, &o) {
		t.Errorf("shorter: %v", err)
	}
	all := b.order(backup.Order{})
	_, err := policy.Extend(t.Context(), b.cloud1, kept, "endpoint", all.ID, until.AddDate(0, 0, 9), 2, dba, now)
	refusal(t, err, fault.Conflict, "OperationDenied.BackupSet", policy.FieldExpiry)
	if _, err := policy.Extend(t.Context(), b.cloud1, kept, "endpoint", "9", until, 2, dba, now); !fault.Is(err, fault.NotFound) {
		t.Errorf("no set: %v", err)
	}
}

// An order whose answer was lost is looked for and adopted, and made once.
func TestLostOrdersAreAdopted(t *testing.T) {
	b := newBackups(t)
	b.order(backup.Order{})
	b.bite(door.Rule{Operation: "CreateBackup", Times: 1, Acted: true, Status: 502, Body: "<html></html>", ContentType: "text/html"})
	b.bite(door.Rule{Operation: "CreateBackup", Times: 1, Skip: 1, Status: 502, Body: "<html></html>", ContentType: "text/html"})
	order := backup.Order{Databases: []string{"Shop"}, RetentionDays: 30}
	for round, calls := range []int{1, 2} { // the first call arrives, that of the second round does not
		var s backup.OrderState
		made := 0
		ended := false
		for range 100 {
			now := b.forward(time.Second)
			jobs, err1 := b.cloud1.Jobs(t.Context(), s.JobID)
			page, err2 := b.cloud1.Sets(t.Context(), backup.SetQuery{})
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			switch backup.NextOrder(s) {
			case backup.OrderLook:
				in := backup.NewOrderIntent(order, jobs, page.Sets, now)
				s.Intent = &in
			case backup.OrderMake:
				s.Called, made = true, made+1
				id, err := b.cloud1.Order(t.Context(), order)
				if err != nil && !fault.Is(err, fault.Unavailable) {
					t.Fatal(err)
				}
				s.JobID = id
			case backup.OrderSeek:
				s = s.Found(backup.SeekOrder(*s.Intent, jobs, page.Sets, now, 5*time.Second))
			case backup.OrderFollow:
				var job *backup.Job
				if len(jobs) == 1 {
					job = &jobs[0]
				}
				s = s.Saw(job)
			case backup.OrderDone:
				ended = true
			case backup.OrderFailed:
				t.Fatalf("failed: %+v", s)
			}
			if ended {
				break
			}
		}
		page, err := b.cloud1.Sets(t.Context(), backup.SetQuery{})
		if !ended || err != nil || len(page.Sets) != 2+round || made != calls || page.Sets[0].ID != s.SetID {
			t.Errorf("round %d: ended %v, %d calls, %d sets, %+v", round, ended, made, len(page.Sets), s)
		}
	}
}

// What our rules let through the service takes and tells again; what they bar
// it refuses, or does not keep.
func TestOurRulesAgreeWithTheService(t *testing.T) {
	b := newBackups(t)
	yes, no := true, false
	categories := []string{"HighAvailability", "AlwaysOn"}
	type ground struct {
		category string
		was      policy.Method
		disk     *bool
		region   string
		storage  int64
	}
	var grounds []ground
	for _, category := range categories {
		for _, was := range []policy.Method{policy.Physical, policy.Snapshot} {
			for _, disk := range []*bool{&yes, &no} {
				for _, region := range []string{"", "cn-beijing"} {
					for _, storage := range []int64{100, 5000} {
						if was == policy.Snapshot && (*disk || region != "") {
							continue // such an instance is not
						}
						grounds = append(grounds, ground{category, was, disk, region, storage})
					}
				}
			}
		}
	}
	barred, let := 0, 0
	for _, g := range grounds {
		for _, method := range []policy.Method{policy.Physical, policy.Snapshot} {
			for _, incremental := range []bool{false, true} {
				for _, log := range []policy.LogFrequency{policy.LogAsData, policy.LogEvery30} {
					for _, priority := range []policy.Priority{policy.PriorityNone, policy.SecondaryFirst, policy.PrimaryOnly} {
						before, minutes := 2, 30
						b.rds.Patch(instance, aliyunemu.InstancePatch{Category: &g.category, StorageGB: &g.storage})
						b.rds.PatchBackups(instance, aliyunemu.BackupsPatch{LocalDisk: g.disk, CrossRegion: &g.region, Incremental: &no, LogMinutes: &minutes,
							Policy: &aliyunemu.BackupPolicy{Method: string(g.was), Priority: before}})
						standing, err := b.cloud1.Policy(t.Context())
						if err != nil {
							t.Fatal(err)
						}
						s := standing.Standard
						s.Method, s.Incremental, s.Log, s.Priority = method, incremental, log, priority
						bars := policy.Barred(policy.CheckStandard(standing, s, true))
						sent := b.cloud1.SetPolicy(t.Context(), s, standing.Can)
						now, err := b.cloud1.Policy(t.Context())
						if err != nil {
							t.Fatal(err)
						}
						kept := sent == nil && len(policy.Diff(s, now.Standard)) == 0
						if priority != policy.PriorityNone && now.Standard.Priority != priority {
							kept = false // where the service tells no priority, it keeps none
						}
						if kept == bars {
							t.Errorf("%+v, disk %v: %s incremental %v, log %s, priority %d: barred %v, but kept %v (%v)", g, *g.disk, method, incremental, log, priority, bars, kept, sent)
						}
						if bars {
							barred++
						} else {
							let++
						}
					}
				}
			}
		}
	}
	if barred < 100 || let < 50 {
		t.Errorf("%d barred, %d let through", barred, let)
	}
}

// Scalars come now as text, now as numbers, and lists may be missing.
func TestScalarsOfBackupsDrift(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("x-acs-action") {
		case "DescribeDBInstanceAttribute":
			fmt.Fprint(w, `{"Items":{"DBInstanceAttribute":[{"DBInstanceId":"rm-1","DBInstanceStatus":"Running","Category":"AlwaysOn","DBInstanceStorage":"500","LockMode":"Unlock"}]}}`)
		case "DescribeInstanceCrossBackupPolicy":
			w.WriteHeader(403)
			fmt.Fprint(w, `{"Code":"Forbidden.RAM","Message":"no","RequestId":"R"}`)
		default:
			fmt.Fprint(w, body)
		}
	}))
	defer server.Close()
	client, err := NewClient(Config{Endpoint: server.URL, Region: "cn-hangzhou", AccessKeyID: "k", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	c := client.Cloud("rm-1")
	for _, body = range []string{
		`{"BackupRetentionPeriod":30,"PreferredBackupPeriod":"Monday,Sunday","PreferredBackupTime":"02:00Z-03:00Z","SupportsHighFrequencyBackup":1,"SupportVolumeShadowCopy":1,"BackupPriority":1,"SupportModifyBackupPriority":true,"EnableIncrementDataBackup":false,"BackupInterval":30,"LogBackupFrequency":"LogInterval","AdvancedBackupPolicyEnabled":false,"AdvancedDataPolicies":null}`,
		`{"BackupRetentionPeriod":"30","PreferredBackupPeriod":"Sunday, Monday","PreferredBackupTime":"02:00Z-03:00Z","SupportsHighFrequencyBackup":"1","SupportVolumeShadowCopy":"1","BackupPriority":"1","SupportModifyBackupPriority":"true","EnableIncrementDataBackup":"false","BackupInterval":"30","LogBackupFrequency":null,"BackupMethod":"Physical","Future":"field"}`,
	} {
		s, err := c.Policy(t.Context())
		want := policy.Standard{RetentionDays: 30, Days: []time.Weekday{time.Monday, time.Sunday}, Hour: 2, Method: policy.Physical, Log: policy.LogEvery30, Priority: policy.SecondaryFirst}
		if err != nil || len(policy.Diff(want, s.Standard)) > 0 || !s.Can.Snapshot || !s.Can.FiveMinuteLog || !s.Can.SetPriority || s.Can.StorageGB != 500 || s.AdvancedOn || s.Raw["CrossRegion"] != "not told" {
			t.Errorf("%+v %v", s, err)
		}
	}
	for _, body = range []string{
		`{"TotalRecordCount":"1","Items":{"Backup":[{"BackupId":314,"BackupStatus":"Success","BackupType":"FullBackup","BackupMode":"Manual","BackupMethod":"Physical","BackupStartTime":"2026-03-03T01:00:00Z","BackupEndTime":"2026-03-03T01:10Z","BackupSize":"77","IsAvail":"1","CopyOnlyBackup":1,"StorageClass":0,"Encryption":{"a":1},"BackupDownloadLinkByDB":null}]}}`,
		`{"TotalRecordCount":1,"Items":{"Backup":[{"BackupId":"314","BackupStatus":"Success","BackupType":"FullBackup","BackupMode":"Manual","BackupMethod":"Physical","BackupStartTime":"2026-03-03T01:00Z","BackupEndTime":"2026-03-03T01:10:00Z","BackupSize":77,"IsAvail":1,"CopyOnlyBackup":"1","StorageClass":"0","Encryption":"{}"}]}}`,
	} {
		page, err := c.Sets(t.Context(), backup.SetQuery{})
		if err != nil || page.Total != 1 || len(page.Sets) != 1 || page.Sets[0].ID != "314" || page.Sets[0].Size != 77 || !page.Sets[0].CopyOnly || !page.Sets[0].Usable ||
			page.Sets[0].Downloads || page.Sets[0].Finished.Sub(page.Sets[0].Started) != 10*time.Minute {
			t.Errorf("%+v %v", page, err)
		}
	}
	body = `{"RequestId":"R"}`
	if page, err := c.Sets(t.Context(), backup.SetQuery{}); err != nil || len(page.Sets) != 0 {
		t.Errorf("%+v %v", page, err)
	}
	body = `{"RequestId":"R9","Success":"false","Code":"Weird","Message":"No."}`
	refusal(t, c.Extend(t.Context(), "1", time.Now()), fault.Conflict, "Weird", policy.FieldExpiry)
	body = `{"RequestId":"R9"}`
	if _, err := c.Order(t.Context(), backup.Order{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no job named: %v", err)
	}
}
