package clouds

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
)

// plain is an instance with cloud disks, as it is after a purchase.
func plain() Standing {
	return Standing{Standard: Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Thursday}, Hour: 18, Method: Physical, Incremental: true, Log: LogEvery30},
		Can: Abilities{Snapshot: true, FiveMinuteLog: true, StorageGB: 150, Running: true, Status: "Running"}}
}

func cluster() Standing {
	s := plain()
	s.Can.Cluster, s.Can.SetPriority, s.Standard.Incremental, s.Standard.Priority = true, true, false, PrimaryOnly
	return s
}

// Every interplay of the table on the page "Back up data", and the refusals of
// ModifyBackupPolicy.
func TestStandardPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		was   Standing
		was1  func(*Standing)
		s     func(*Standard)
		sure  bool
		field string // that bars; "-" = the instance as a whole, "" = none
		text  string
	}{
		"as it is":       {plain(), nil, nil, false, "", ""},
		"least kept":     {plain(), nil, func(s *Standard) { s.RetentionDays = 6 }, false, FieldRetention, "7 to 730"},
		"most kept":      {plain(), nil, func(s *Standard) { s.RetentionDays = 730 }, false, "", ""},
		"kept too long":  {plain(), nil, func(s *Standard) { s.RetentionDays = 731 }, false, FieldRetention, "7 to 730"},
		"one day":        {plain(), nil, func(s *Standard) { s.Days = []time.Weekday{time.Monday, time.Monday} }, false, FieldDays, "two days"},
		"no such day":    {plain(), nil, func(s *Standard) { s.Days = append(s.Days, 7) }, false, FieldDays, ""},
		"hour 24":        {plain(), nil, func(s *Standard) { s.Hour = 24 }, false, FieldHour, "0 to 23"},
		"one way, asked": {plain(), nil, func(s *Standard) { s.Method, s.Incremental = Snapshot, false }, false, FieldMethod, "cannot be taken back"},
		"one way, typed": {plain(), nil, func(s *Standard) { s.Method, s.Incremental = Snapshot, false }, true, "", ""},
		"back from snapshots": {plain(), func(w *Standing) { w.Standard.Method = Snapshot }, func(s *Standard) { s.Incremental = false }, true,
			FieldMethod, "lets none go back"},
		"snapshot, incremental":     {plain(), nil, func(s *Standard) { s.Method = Snapshot }, true, FieldIncremental, "always full"},
		"snapshot, log as data":     {plain(), nil, func(s *Standard) { s.Method, s.Incremental, s.Log = Snapshot, false, LogAsData }, true, FieldLog, "every 30"},
		"snapshot, local disk":      {plain(), func(w *Standing) { w.Can.Snapshot = false }, func(s *Standard) { s.Method, s.Incremental = Snapshot, false }, true, FieldMethod, "cloud disks"},
		"snapshot, cross-region":    {plain(), func(w *Standing) { w.Can.CrossRegion = true }, func(s *Standard) { s.Method, s.Incremental = Snapshot, false }, true, FieldMethod, "Cross-region"},
		"physical, 4001 GB":         {plain(), func(w *Standing) { w.Can.StorageGB = 4001 }, nil, false, FieldMethod, "only snapshots"},
		"physical, 4000 GB":         {plain(), func(w *Standing) { w.Can.StorageGB = 4000 }, nil, false, "", ""},
		"physical, log as data":     {plain(), nil, func(s *Standard) { s.Log = LogAsData }, false, "", ""},
		"cluster, incremental":      {cluster(), nil, func(s *Standard) { s.Incremental = true }, false, FieldIncremental, "Cluster Edition"},
		"cluster, secondary":        {cluster(), nil, func(s *Standard) { s.Priority = SecondaryFirst }, false, "", ""},
		"secondary, incremental":    {cluster(), nil, func(s *Standard) { s.Priority, s.Incremental = SecondaryFirst, true }, false, FieldIncremental, "secondary"},
		"secondary, five minutes":   {cluster(), nil, func(s *Standard) { s.Priority, s.Log = SecondaryFirst, LogEvery5 }, false, FieldLog, "secondary"},
		"priority without cluster":  {plain(), nil, func(s *Standard) { s.Priority = SecondaryFirst }, false, FieldPriority, "Cluster Edition"},
		"priority, not changeable":  {cluster(), func(w *Standing) { w.Can.SetPriority = false }, func(s *Standard) { s.Priority = SecondaryFirst }, false, FieldPriority, "cannot be changed"},
		"five minutes, offered":     {plain(), nil, func(s *Standard) { s.Log = LogEvery5 }, false, "", ""},
		"five minutes, not offered": {plain(), func(w *Standing) { w.Can.FiveMinuteLog = false }, func(s *Standard) { s.Log = LogEvery5 }, false, FieldLog, "does not offer"},
		"five minutes stand":        {plain(), func(w *Standing) { w.Standard.Log, w.Can.FiveMinuteLog = LogEvery5, false }, func(s *Standard) { s.Log = LogEvery5 }, false, "", ""},
		"five minutes on snapshots": {plain(), nil, func(s *Standard) { s.Method, s.Incremental, s.Log = Snapshot, false, LogEvery5 }, true, "", ""},
		"primary, five minutes":     {cluster(), nil, func(s *Standard) { s.Priority, s.Log = PrimaryOnly, LogEvery5 }, false, "", ""},
		"snapshots by the quarter":  {plain(), nil, func(s *Standard) { s.Method, s.Incremental, s.SnapshotMinutes = Snapshot, false, 15 }, true, "", ""},
		"snapshots every 20":        {plain(), nil, func(s *Standard) { s.Method, s.Incremental, s.SnapshotMinutes = Snapshot, false, 20 }, true, FieldEvery, "every 15, 30 or 60"},
		"physical by the quarter":   {plain(), nil, func(s *Standard) { s.SnapshotMinutes = 15 }, false, FieldEvery, "for snapshots"},
		"interval switched off": {plain(), func(w *Standing) { w.Standard.Method, w.Standard.SnapshotMinutes = Snapshot, 15 },
			func(s *Standard) { s.Method, s.Incremental = Snapshot, false }, true, FieldEvery, "no documented value"},
		"advanced": {plain(), func(w *Standing) { w.AdvancedOn = true }, nil, false, FieldRows, "IncorrectBackupPolicy"},
		"stopped":  {plain(), func(w *Standing) { w.Can.Running, w.Can.Status = false, "Restarting" }, nil, false, "-", "Restarting"},
		"locked":   {plain(), func(w *Standing) { w.Can.Locked = "LockByDiskQuota" }, nil, false, "-", "LockByDiskQuota"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.was.Standard
			s.Days = slices.Clone(s.Days)
			if c.was1 != nil {
				c.was1(&c.was)
			}
			if c.s != nil {
				c.s(&s)
			}
			found := CheckStandard(c.was, s, c.sure)
			i := slices.IndexFunc(found, func(f policy.Finding) bool {
				return f.Bars && (f.Field == c.field || c.field == "-" && f.Field == "") && strings.Contains(f.Text.String(), c.text)
			})
			if (c.field == "") == policy.Barred(found) || c.field != "" && i < 0 {
				t.Errorf("found %+v", found)
			}
		})
	}
}

func TestDiffInWords(t *testing.T) {
	a := plain().Standard
	b := Standard{RetentionDays: 30, Days: []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}, Hour: 23, Method: Snapshot, Log: LogAsData, Priority: PrimaryOnly}
	want := "Kept: 7 days → 30 days; Days: Mon, Thu → every day; Hour: 18:00–19:00 UTC → 23:00–00:00 UTC; Method: physical → snapshot; Incremental: on → off; Log backups: every 30 minutes → with each data backup"
	if got := policy.ChangesWords(Diff(a, b)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if d := Diff(a, a); len(d) > 0 {
		t.Errorf("%+v", d)
	}
}

func TestHoursInTwoZones(t *testing.T) {
	day := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for hour, want := range map[int]string{3: "03:00–04:00 UTC (11:00–12:00 UTC+8)", 18: "18:00–19:00 UTC (02:00–03:00 UTC+8, the day after)"} {
		if got := HourWords(hour, Beijing, day); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := HourWords(1, time.FixedZone("EST", -5*3600), day); got != "01:00–02:00 UTC (20:00–21:00 EST, the day before)" {
		t.Errorf("got %q", got)
	}
	// The example of the page "Back up data".
	if got := TwoZones(time.Date(2025, 7, 15, 12, 10, 23, 0, time.UTC)); got != "2025-07-15 12:10:23 UTC (2025-07-15 20:10:23 in the console, UTC+8)" {
		t.Errorf("got %q", got)
	}
}

func TestComingBackups(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC) // a Tuesday
	s := plain().Standard
	s.Days = []time.Weekday{time.Monday, time.Wednesday, time.Friday, time.Saturday}
	got := Coming(s, nil, now, 2)
	var text []string
	for _, one := range got {
		text = append(text, one.At.Format("Mon 02 15:04")+" "+string(one.Kind))
	}
	want := "Wed 04 18:00 full, Fri 06 18:00 differential, Sat 07 18:00 differential, Mon 09 18:00 full, Wed 11 18:00 differential, Fri 13 18:00 full, Sat 14 18:00 differential, Mon 16 18:00 differential"
	if strings.Join(text, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(text, ", "), want)
	}
	if !got[0].Expires.Equal(got[0].At.AddDate(0, 0, 7)) {
		t.Errorf("expires %v", got[0].Expires)
	}
}

func TestWorstRPO(t *testing.T) {
	s := plain().Standard
	for log, want := range map[LogFrequency]time.Duration{LogEvery5: 5 * time.Minute, LogEvery30: 30 * time.Minute, LogAsData: 4*24*time.Hour + time.Hour} {
		s.Log = log
		if got, why := WorstRPO(s); got != want || why == "" {
			t.Errorf("%s: %v %s", log, got, why)
		}
	}
}

func TestForeseen(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	was, s := plain(), plain().Standard
	s.Incremental, s.Hour, s.RetentionDays = false, 3, 14
	known := Known{Sets: []backup.CloudSet{{Kind: backup.Full, Size: 10 << 30, Usable: true, Finished: now.AddDate(0, 0, -10)}}, LogBytesPerDay: 1 << 30}
	f := Foresee("rm-1", was, s, known, now, 4)
	if len(f.Next) != 8 || f.Sets != 4 || len(f.Changes) != 3 || f.Call.Action != "ModifyBackupPolicy" || f.RPO != 30*time.Minute {
		t.Errorf("%+v", f)
	}
	if f.Storage.Free != 75<<30 || f.Storage.Full != 40<<30 || f.Storage.Log != 14<<30 || !f.Storage.Enough {
		t.Errorf("%+v", f.Storage)
	}
	if !slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, "two minutes") }) {
		t.Errorf("notes %q", f.Notes)
	}
	s.Method = Snapshot
	if f := Foresee("rm-1", was, s, known, now, 4); f.Storage.Free != 0 || f.Storage.Enough || !strings.Contains(f.Storage.Words, "not documented") {
		t.Errorf("%+v", f.Storage)
	}
	was.Standard = s
	if f := Foresee("rm-1", was, s, known, now, 4); len(f.Changes) != 0 || slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, "two minutes") }) {
		t.Errorf("nothing changes: %+v", f)
	}
}

func rules() Advanced {
	return Advanced{Hour: 18, Method: Physical, Log: LogEvery30, LogRetentionDays: 14, LogID: "log", Rows: []Sparse{
		{ID: "a", Cycle: Weekly, Days: []int{1, 4}, RetentionDays: 14, FilterKey: "dayOfWeek", FilterValue: "1,4"},
		{ID: "b", Cycle: Monthly, Days: []int{LastDay}, RetentionDays: 365, FilterKey: "dayOfMonth", FilterValue: "-1"},
		{ID: "c", Cycle: Yearly, Days: []int{229, 1231}, RetentionDays: Forever, FilterKey: "dayOfYear", FilterValue: "02-29,12-31"}}}
}

func TestYearOfSparseRules(t *testing.T) {
	year := Year(rules(), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC), 366)
	kept := map[string]int{}
	for _, s := range year {
		kept[s.At.Format("01-02")] = s.Keep
	}
	for day, want := range map[string]int{"01-03": 14, "01-31": 365, "02-29": Forever, "12-31": Forever, "11-30": 365, "01-04": 0} {
		if kept[day] != want { // 31 January 2028 is a Monday, and 29 February the last of its month
			t.Errorf("%s is kept %d, want %d", day, kept[day], want)
		}
	}
	mondays, lasts := 52+1, 12
	if n := len(year); n < mondays+lasts || n > 2*mondays+lasts+1 {
		t.Errorf("%d backups", n)
	}
	if year := Year(rules(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 365); slices.ContainsFunc(year, func(s CloudSlot) bool { return s.At.Day() == 29 && s.At.Month() == time.February }) {
		t.Error("29 February in a common year")
	}
}

func TestAdvancedPolicies(t *testing.T) {
	was := plain()
	was.AdvancedOn, was.Can.WriteAdvanced, was.Advanced = true, true, rules()
	for name, c := range map[string]struct {
		was   func(*Standing)
		a     func(*Advanced)
		field string
		text  string
	}{
		"as it is":           {nil, nil, "", ""},
		"off":                {func(w *Standing) { w.AdvancedOn = false }, nil, FieldRows, "is off"},
		"unread":             {func(w *Standing) { w.Advanced.Unread = 1 }, nil, FieldRows, "cannot be read"},
		"no ids":             {func(w *Standing) { w.Can.WriteAdvanced = false }, nil, FieldRows, "ids"},
		"first not weekly":   {nil, func(a *Advanced) { a.Rows[0], a.Rows[1] = a.Rows[1], a.Rows[0] }, FieldRows, "first rule is weekly"},
		"first gone":         {nil, func(a *Advanced) { a.Rows[0].ID = "" }, FieldRows, "cannot be removed"},
		"one day":            {nil, func(a *Advanced) { a.Rows[0].Days = []int{1} }, FieldRows, "two days"},
		"no such day":        {nil, func(a *Advanced) { a.Rows[1].Days = []int{32} }, FieldRows, "32 is no day"},
		"no such date":       {nil, func(a *Advanced) { a.Rows[2].Days = []int{230} }, FieldRows, "230 is no day"},
		"kept too long":      {nil, func(a *Advanced) { a.Rows[1].RetentionDays = 7301 }, FieldRows, "7 to 7,300"},
		"logs too long":      {nil, func(a *Advanced) { a.Rows, a.LogRetentionDays = a.Rows[:1], 15 }, FieldLogKept, "longer than data"},
		"logs with forever":  {nil, func(a *Advanced) { a.LogRetentionDays = 7300 }, "", ""},
		"logs too short":     {nil, func(a *Advanced) { a.LogRetentionDays = 6 }, FieldLogKept, "7 to 7,300"},
		"five minutes":       {nil, func(a *Advanced) { a.Log = LogEvery5 }, FieldLog, ""},
		"five minutes stand": {func(w *Standing) { w.Advanced.Log, w.Standard.Log, w.Can.FiveMinuteLog = LogEvery5, LogEvery5, true }, func(a *Advanced) { a.Log = LogEvery5 }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, a := was, rules()
			if c.was != nil {
				c.was(&w)
			}
			if c.a != nil {
				c.a(&a)
			}
			found := CheckAdvanced(w, a, false)
			if (c.field == "") == policy.Barred(found) || c.field != "" && !slices.ContainsFunc(found, func(f policy.Finding) bool {
				return f.Bars && f.Field == c.field && strings.Contains(f.Text.String(), c.text)
			}) {
				t.Errorf("found %+v", found)
			}
		})
	}
}

func TestRowsAreReadAndWrittenInTheFormSeen(t *testing.T) {
	for _, c := range []struct {
		key, value, kept string
		n                int
		days             []int
		ok               bool
	}{
		{"dayOfWeek", "5,1", "delay", 14, []int{1, 5}, true},
		{"DayOfMonth", "1, last", "delay", 14, []int{LastDay, 1}, true},
		{"dayOfYear", "6-30,12/31", "never", 0, []int{630, 1231}, true},
		{"dayOfYear", "0229", "delay", 14, []int{229}, true},
		{"dayOfYear", "60", "delay", 14, nil, false},
		{"dayOfWeek", "8", "delay", 14, nil, false},
		{"backupInterval", "60", "delay", 14, nil, false},
		{"dayOfWeek", "1", "delay", 0, nil, false},
	} {
		got, ok := ReadRow("r", c.key, c.value, c.kept, c.n)
		if ok != c.ok || ok && (!slices.Equal(got.Days, c.days) || (c.kept == "never") != (got.RetentionDays == Forever)) {
			t.Errorf("%s %s: %+v %v", c.key, c.value, got, ok)
		}
	}
	was, a := rules(), rules()
	a.Rows[2].Days = []int{630}
	call, err := AdvancedCall("rm-1", was, a)
	if err != nil || !slices.Contains(call.Parameters, backup.Parameter{Name: "AdvancedDataPolicies.1.FilterValue", Value: "06-30"}) {
		t.Errorf("%+v %v", call, err)
	}
	if slices.ContainsFunc(call.Parameters, func(p backup.Parameter) bool {
		return p.Name == "EnableAdvancedBackupPolicy" || p.Name == "AdvancedDataPolicies.2.StrategyId"
	}) {
		t.Errorf("%+v", call)
	}
	was.Rows = was.Rows[:1]
	if _, err := AdvancedCall("rm-1", was, a); !fault.Is(err, fault.Conflict) {
		t.Errorf("a form that nobody knows: %v", err)
	}
}

func TestWhatAutomaticWillDecide(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	full := func(age time.Duration, change func(*backup.CloudSet)) []backup.CloudSet {
		s := backup.CloudSet{Kind: backup.Full, Usable: true, Finished: now.Add(-age), Databases: []string{"a", "b"}}
		if change != nil {
			change(&s)
		}
		return []backup.CloudSet{s, {Kind: backup.Full, Usable: true, Finished: now.AddDate(0, 0, -9), Databases: []string{"a", "b"}}}
	}
	for name, c := range map[string]struct {
		sets []backup.CloudSet
		want backup.Kind
	}{
		"none":             {nil, backup.Full},
		"three days":       {full(72*time.Hour, nil), backup.Differential},
		"longer":           {full(73*time.Hour, nil), backup.Full},
		"failed":           {full(time.Hour, func(s *backup.CloudSet) { s.Failed = true }), backup.Full},
		"snapshot":         {full(time.Hour, func(s *backup.CloudSet) { s.Snapshot = true }), backup.Full},
		"single databases": {full(time.Hour, func(s *backup.CloudSet) { s.Manual, s.Databases = true, []string{"a"} }), backup.Full},
		"by hand":          {full(time.Hour, func(s *backup.CloudSet) { s.Manual = true }), backup.Differential},
	} {
		if got, why, barred := Automatic(plain(), c.sets, now); got != c.want || why.IsZero() || !barred.IsZero() {
			t.Errorf("%s: %s %q %q", name, got, why, barred)
		}
	}
	w := cluster()
	w.Standard.Priority = SecondaryFirst
	if _, _, barred := Automatic(w, nil, now); barred.IsZero() {
		t.Error("the secondary first takes full backups only")
	}
	if !policy.Barred(CheckOrder(backup.Order{Automatic: true}, w, nil, nil, now)) || policy.Barred(CheckOrder(backup.Order{}, w, nil, nil, now)) {
		t.Error("orders on the secondary first")
	}
}

func TestTwentyADay(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	var sets []backup.CloudSet
	for i := range 21 {
		sets = append(sets, backup.CloudSet{Started: now.Add(-time.Duration(5+i) * time.Hour)})
	}
	if made, frees := Today(sets, nil, now); made != 19 || !frees.Equal(now.Add(time.Hour)) {
		t.Errorf("%d, %v", made, frees)
	}
	if policy.Barred(CheckOrder(backup.Order{}, plain(), sets, nil, now)) {
		t.Error("the 20th is refused")
	}
	sets = append(sets, backup.CloudSet{Started: now})
	if !policy.Barred(CheckOrder(backup.Order{}, plain(), sets, nil, now)) {
		t.Error("the 21st is taken")
	}
}

func TestWhichSetsCanBeKeptLonger(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	good := backup.CloudSet{Kind: backup.Full, Manual: true, Usable: true, Databases: []string{"a"}, Expires: now.AddDate(0, 0, 7)}
	for name, c := range map[string]struct {
		change func(*backup.CloudSet)
		can    bool
		unsure bool
	}{
		"single":       {func(*backup.CloudSet) {}, true, false},
		"all of them":  {func(s *backup.CloudSet) { s.Databases = []string{"a", "b", "c"} }, true, true},
		"not told":     {func(s *backup.CloudSet) { s.Databases = nil }, true, true},
		"automatic":    {func(s *backup.CloudSet) { s.Manual = false }, false, false},
		"snapshot":     {func(s *backup.CloudSet) { s.Snapshot = true }, false, false},
		"differential": {func(s *backup.CloudSet) { s.Kind = backup.Differential }, false, false},
		"failed":       {func(s *backup.CloudSet) { s.Failed = true }, false, false},
		"expired":      {func(s *backup.CloudSet) { s.Expires = now }, false, false},
		"for ever":     {func(s *backup.CloudSet) { s.Expires = time.Time{} }, false, false},
	} {
		s := good
		c.change(&s)
		if e := Extendable(s, 3, now); e.Can != c.can || !e.Unsure.IsZero() != c.unsure || e.Can != (len(e.Why) == 0) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if !policy.Barred(CheckExpiry(good, good.Expires, 3, now)) || policy.Barred(CheckExpiry(good, good.Expires.Add(time.Second), 3, now)) {
		t.Error("only later")
	}
}
