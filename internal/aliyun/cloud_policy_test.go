package aliyun

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

func TestPolicyIsReadAndWritten(t *testing.T) {
	b := newBackups(t)
	s, err := b.cloud1.Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := clouds.Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Wednesday, time.Friday, time.Sunday}, Hour: 18,
		Method: clouds.Physical, Incremental: true, Log: clouds.LogAsData}
	if d := clouds.Diff(want, s.Standard); len(d) > 0 {
		t.Errorf("default policy differs: %+v", d)
	}
	if !s.Can.Running || !s.Can.Snapshot || !s.Can.FiveMinuteLog || s.Can.Cluster || s.Can.SetPriority || s.Can.StorageGB != 100 || s.Can.CrossRegion || s.AdvancedOn || s.Next.IsZero() {
		t.Errorf("abilities %+v", s)
	}
	want = clouds.Standard{RetentionDays: 30, Days: []time.Weekday{time.Tuesday, time.Saturday}, Hour: 23, Method: clouds.Physical, Log: clouds.LogEvery30}
	if err := b.cloud1.SetPolicy(t.Context(), want, s.Can); err != nil {
		t.Fatal(err)
	}
	if s, err = b.cloud1.Policy(t.Context()); err != nil || len(clouds.Diff(want, s.Standard)) > 0 {
		t.Errorf("read back %+v %v", s.Standard, err)
	}
	want.Method = clouds.Snapshot
	if err := b.cloud1.SetPolicy(t.Context(), want, s.Can); err != nil {
		t.Fatal(err)
	}
	want.Method = clouds.Physical
	refusal(t, b.cloud1.SetPolicy(t.Context(), want, s.Can), fault.Conflict, "OperationDenied.SwitchSnapshotToPhysical", clouds.FieldMethod)
	want.Method, want.Log, want.SnapshotMinutes = clouds.Snapshot, clouds.LogEvery5, 120
	if err := b.cloud1.SetPolicy(t.Context(), want, s.Can); err != nil {
		t.Fatal(err)
	}
	if s, err = b.cloud1.Policy(t.Context()); err != nil || len(clouds.Diff(want, s.Standard)) > 0 {
		t.Errorf("snapshots every two hours and logs every five minutes, read back as %+v %v", s.Standard, err)
	}
	b.patch(map[string]any{"log_minutes": 5, "policy": map[string]any{"retention": 60}})
	if s, err = b.cloud1.Policy(t.Context()); err != nil || s.Standard.Log != clouds.LogEvery5 || s.Standard.RetentionDays != 60 || s.Raw["BackupLog"] != "Enable" {
		t.Errorf("changed in the console: %+v %v", s, err)
	}
}

func TestPolicyOfClusterEdition(t *testing.T) {
	b := newBackups(t, func(c *aliyunemu.Config) { c.Instances[0].Category = "AlwaysOn" })
	s, err := b.cloud1.Policy(t.Context())
	if err != nil || !s.Can.Cluster || !s.Can.SetPriority || s.Standard.Priority != clouds.PrimaryOnly || s.Standard.Incremental {
		t.Fatalf("%+v %v", s, err)
	}
	s.Standard.Priority = clouds.SecondaryFirst
	if err := b.cloud1.SetPolicy(t.Context(), s.Standard, s.Can); err != nil {
		t.Fatal(err)
	}
	if s, _ = b.cloud1.Policy(t.Context()); s.Standard.Priority != clouds.SecondaryFirst {
		t.Errorf("priority %v", s.Standard.Priority)
	}
	_, err = b.cloud1.Order(t.Context(), backup.Order{Automatic: true})
	refusal(t, err, fault.Invalid, "InvalidBackupType.Format", clouds.FieldMode)
}

// What the service refuses of a policy reaches its field. The calls are made
// past our own rules, as an instance that changed meanwhile would meet them.
func TestRefusedPolicies(t *testing.T) {
	good := clouds.Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Friday}, Hour: 18, Method: clouds.Physical, Log: clouds.LogEvery30}
	for name, c := range map[string]struct {
		prepare     func(*backups)
		change      func(*clouds.Standard, *clouds.Abilities)
		kind        fault.Kind
		code, field string
	}{
		"retention": {nil, func(s *clouds.Standard, _ *clouds.Abilities) { s.RetentionDays = 731 }, fault.Invalid, "InvalidBackupRetentionPeriod.Malformed", clouds.FieldRetention},
		"days":      {nil, func(s *clouds.Standard, _ *clouds.Abilities) { s.Days = s.Days[:1] }, fault.Invalid, "InvalidPreferredBackupPeriod.Malformed", clouds.FieldDays},
		"hour":      {nil, func(s *clouds.Standard, _ *clouds.Abilities) { s.Hour = 24 }, fault.Invalid, "InvalidPreferredBackupTime.Format", clouds.FieldHour},
		"snapshot log": {nil, func(s *clouds.Standard, _ *clouds.Abilities) { s.Method, s.Log = clouds.Snapshot, clouds.LogAsData },
			fault.Conflict, "OperationDenied.ApiForbiddenForLogBackupFrequency", clouds.FieldLog},
		"local disk": {func(b *backups) { b.patch(map[string]any{"local_disk": true}) }, func(s *clouds.Standard, _ *clouds.Abilities) { s.Method = clouds.Snapshot },
			fault.Conflict, "OperationDenied.NotSupportedBackupMethod", clouds.FieldMethod},
		"large": {func(b *backups) { patch(b.cloud, map[string]any{"storage_gb": 5000}) }, nil, fault.Conflict, "OperationDenied.NotSupportedBackupMethod", clouds.FieldMethod},
		"cross-region": {func(b *backups) { b.patch(map[string]any{"cross_region": "cn-beijing"}) }, func(s *clouds.Standard, _ *clouds.Abilities) { s.Method = clouds.Snapshot },
			fault.Conflict, "OperationDenied.SwitchToSnapshot", clouds.FieldMethod},
		"priority": {nil, func(s *clouds.Standard, can *clouds.Abilities) {
			s.Priority, can.Cluster, can.SetPriority = clouds.SecondaryFirst, true, true
		}, fault.Conflict, "IncorrectCategory", clouds.FieldPriority},
		"advanced": {func(b *backups) { b.patch(map[string]any{"advanced": true}) }, nil, fault.Conflict, "IncorrectBackupPolicy", clouds.FieldRows},
		"stopped":  {func(b *backups) { patch(b.cloud, map[string]any{"status": "Restarting"}) }, nil, fault.Conflict, "IncorrectDBInstanceState", ""},
		"locked":   {func(b *backups) { patch(b.cloud, map[string]any{"lock_mode": "ManualLock"}) }, nil, fault.Conflict, "IncorrectDBInstanceLockMode", ""},
		"unknown": {func(b *backups) {
			b.bite(control.Rule{Times: -1, Status: 400, Code: "Weird.Code", Message: "Told by a rule."})
		}, nil, fault.Invalid, "Weird.Code", ""},
		"switch off": {func(b *backups) {
			b.bite(control.Rule{Times: -1, Status: 403, Code: "OperationDenied.ModifyBackupSwitchOff", Message: "x"})
		}, nil, fault.Conflict, "OperationDenied.ModifyBackupSwitchOff", clouds.FieldLog},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackups(t)
			if c.prepare != nil {
				c.prepare(b)
			}
			s, can := good, clouds.Abilities{Snapshot: true}
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
		!slices.Equal(s.Advanced.Rows[1].Days, []int{clouds.LastDay, 1}) || !slices.Equal(s.Advanced.Rows[2].Days, []int{630}) || s.Advanced.Rows[2].RetentionDays != clouds.Forever {
		t.Fatalf("%+v %v", s, err)
	}
	a := s.Advanced
	a.Rows = slices.Clone(a.Rows[:2])
	a.Rows[1].RetentionDays = 365
	a.Rows = append(a.Rows, clouds.Sparse{Cycle: clouds.Yearly, Days: []int{1231}, RetentionDays: clouds.Forever})
	a.LogRetentionDays = 10
	refusal(t, b.cloud1.SetAdvanced(t.Context(), s.Advanced, a), fault.Conflict, "IncorrectBackupPolicy", clouds.FieldRows)
	b.patch(map[string]any{"advanced_by_api": true})
	if err := b.cloud1.SetAdvanced(t.Context(), s.Advanced, a); err != nil {
		t.Fatal(err)
	}
	if s, err = b.cloud1.Policy(t.Context()); err != nil || len(clouds.DiffAdvanced(a, s.Advanced)) > 0 {
		t.Errorf("%+v %v: %v", s.Advanced, err, clouds.DiffAdvanced(a, s.Advanced))
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
		was      clouds.Method
		disk     *bool
		region   string
		storage  int64
	}
	var grounds []ground
	for _, category := range categories {
		for _, was := range []clouds.Method{clouds.Physical, clouds.Snapshot} {
			for _, disk := range []*bool{&yes, &no} {
				for _, region := range []string{"", "cn-beijing"} {
					for _, storage := range []int64{100, 5000} {
						if was == clouds.Snapshot && (*disk || region != "") {
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
		for _, method := range []clouds.Method{clouds.Physical, clouds.Snapshot} {
			for _, incremental := range []bool{false, true} {
				for _, log := range []clouds.LogFrequency{clouds.LogAsData, clouds.LogEvery30, clouds.LogEvery5} {
					for _, priority := range []clouds.Priority{clouds.PriorityNone, clouds.SecondaryFirst, clouds.PrimaryOnly} {
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
						bars := policy.Barred(clouds.CheckStandard(standing, s, true))
						sent := b.cloud1.SetPolicy(t.Context(), s, standing.Can)
						now, err := b.cloud1.Policy(t.Context())
						if err != nil {
							t.Fatal(err)
						}
						kept := sent == nil && len(clouds.Diff(s, now.Standard)) == 0
						if priority != clouds.PriorityNone && now.Standard.Priority != priority {
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
