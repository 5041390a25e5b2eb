package clouds

import (
	"slices"
	"strconv"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Choice is one value that a field offers; Why says why it cannot be chosen
// now, empty = it can.
type Choice struct {
	Field, Value string
	Name         string // for people
	Why          words.Text
}

// Most storage on which the service takes physical backups, in GB (RDS API
// ModifyBackupPolicy, OperationDenied.NotSupportedBackupMethod).
const mostPhysicalGB = 4000

// OneWay reports whether a change cannot be taken back: snapshots, once chosen,
// stay (RDS API ModifyBackupPolicy, OperationDenied.SwitchSnapshotToPhysical).
func OneWay(was Standard, s Standard) bool { return was.Method == Physical && s.Method == Snapshot }

// Writable tells whether the standard policy can be written now.
func Writable(was Standing) (out []policy.Finding) {
	bar := func(field string, text, fix words.Text) {
		out = append(out, policy.Finding{Field: field, Bars: true, Text: text, Fix: fix})
	}
	if was.AdvancedOn {
		bar(FieldRows, words.Say("The instance has an advanced backup policy. The service's API does not change the standard policy of such an instance (IncorrectBackupPolicy)."), words.Say("Change it in the console."))
	}
	return append(out, reachable(was.Can)...)
}

// reachable tells whether the instance takes changes at all.
func reachable(can Abilities) (out []policy.Finding) {
	if !can.Running {
		out = append(out, policy.Finding{Bars: true, Text: words.Say("The instance is %s, and takes changes only while it is Running.", orWord(can.Status, "not running")), Fix: words.Say("Wait until it is running.")})
	}
	if can.Locked != "" {
		out = append(out, policy.Finding{Bars: true, Text: words.Say("The instance is locked: %s.", can.Locked), Fix: words.Say("Enlarge the storage or settle the payment, then try again.")})
	}
	return out
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// CheckStandard tells what speaks against a standard policy, and what is to be
// known of it, by the table of the page "Back up data" and the refusals of
// ModifyBackupPolicy. was is the policy as it was just read; confirmed tells
// that a person typed the confirmation that OneWay asks for.
func CheckStandard(was Standing, s Standard, confirmed bool) []policy.Finding {
	out := Writable(was)
	bar := func(field string, text, fix words.Text) {
		out = append(out, policy.Finding{Field: field, Bars: true, Text: text, Fix: fix})
	}
	if s.RetentionDays < backup.LeastRetention || s.RetentionDays > backup.MostRetention {
		bar(FieldRetention, words.Say("Backups are kept for %d to %d days.", backup.LeastRetention, backup.MostRetention), words.Text{})
	}
	if len(sortDays(s.Days)) < 2 || slices.ContainsFunc(s.Days, func(d time.Weekday) bool { return d < time.Sunday || d > time.Saturday }) {
		bar(FieldDays, words.Say("The service takes backups on at least two days a week."), words.Say("Choose two days or more."))
	}
	if s.Hour < 0 || s.Hour > 23 {
		bar(FieldHour, words.Say("The hour is 0 to 23, UTC."), words.Text{})
	}
	for _, c := range Choices(was, s) {
		if !c.Why.IsZero() && c.Value == s.value(c.Field) {
			bar(c.Field, c.Why, fixes(c.Field, c.Value))
		}
	}
	if s.SnapshotMinutes != 0 && !slices.Contains(SnapshotIntervals, s.SnapshotMinutes) {
		bar(FieldEvery, words.Say("The service takes snapshots every 15, 30 or 60 minutes, or every 2, 3, 4, 6, 8 or 12 hours."), words.Text{})
	}
	if OneWay(was.Standard, s) && !confirmed {
		bar(FieldMethod, words.Say("The change from physical backups to snapshots cannot be taken back. Physical backups by hand stay possible."), words.Say("Type the confirmation."))
	}
	if s.RetentionDays < was.Standard.RetentionDays && was.Standard.RetentionDays > 0 {
		out = append(out, policy.Finding{Field: FieldRetention, Text: words.Say("Logs are kept as long as data: the recovery window shrinks from %s to %s. Whether sets that exist keep their expiry is not documented.", daysWords(was.Standard.RetentionDays), daysWords(s.RetentionDays))})
	}
	return out
}

// value is what a field is set to, as Choice has it.
func (s Standard) value(field string) string {
	switch field {
	case FieldMethod:
		return string(s.Method)
	case FieldIncremental:
		return strconv.FormatBool(s.Incremental)
	case FieldLog:
		return string(s.Log)
	case FieldPriority:
		return strconv.Itoa(int(s.Priority))
	case FieldEvery:
		return strconv.Itoa(s.SnapshotMinutes)
	}
	return ""
}

func fixes(field, value string) words.Text {
	switch {
	case field == FieldEvery && value == "0":
		return words.Say("Switch it off in the console.")
	case field == FieldEvery:
		return words.Say("Choose none.")
	case field == FieldLog:
		return words.Say("Choose every 30 minutes.")
	case field == FieldIncremental:
		return words.Say("Switch it off.")
	case field == FieldMethod:
		return words.Say("Choose the other method.")
	}
	return words.Text{}
}

// Choices lists the values of the fields that exclude each other, with the
// reason where one cannot be chosen beside the rest of s: a form shows them
// grey at once.
func Choices(was Standing, s Standard) []Choice {
	can := was.Can
	var incrementalOff words.Text
	switch {
	case s.Method == Snapshot:
		incrementalOff = words.Say("Snapshots are always full: incremental is for physical backups.")
	case can.Cluster && s.Priority == SecondaryFirst:
		incrementalOff = words.Say("Backups on the secondary first exclude incremental, and Cluster Edition has none with physical backups.")
	case can.Cluster:
		incrementalOff = words.Say("Cluster Edition has no incremental with physical backups.")
	}
	out := []Choice{
		{FieldMethod, string(Physical), Physical.Words(), physicalWhy(was)},
		{FieldMethod, string(Snapshot), Snapshot.Words(), snapshotWhy(was)},
		{FieldIncremental, "true", "on", incrementalOff},
		{FieldIncremental, "false", "off", words.Text{}},
		{FieldLog, string(LogAsData), LogAsData.Words(), words.Text{}},
		{FieldLog, string(LogEvery30), LogEvery30.Words(), words.Text{}},
		{FieldLog, string(LogEvery5), LogEvery5.Words(), fiveWhy(was, s)},
	}
	if s.Method == Snapshot {
		out[4].Why = words.Say("With snapshots, logs are backed up every 30 or every 5 minutes.")
	}
	out = append(out, intervals(was, s)...)
	for _, p := range []Priority{PrimaryOnly, SecondaryFirst} {
		out = append(out, Choice{FieldPriority, strconv.Itoa(int(p)), p.Words(), priorityWhy(was, s, p)})
	}
	return out
}

func physicalWhy(was Standing) words.Text {
	switch {
	case was.Standard.Method == Snapshot:
		return words.Say("The instance takes snapshots, and the service lets none go back to physical backups. Physical backups by hand stay possible.")
	case was.Can.StorageGB > mostPhysicalGB:
		return words.Say("The instance has %d GB of storage; above %d GB only snapshots are taken.", was.Can.StorageGB, mostPhysicalGB)
	}
	return words.Text{}
}

func snapshotWhy(was Standing) words.Text {
	switch {
	case was.Standard.Method == Snapshot:
		return words.Text{}
	case !was.Can.Snapshot:
		return words.Say("The instance's disks do not take snapshots: they are for cloud disks.")
	case was.Can.CrossRegion:
		return words.Say("Cross-region backup is on, which excludes snapshots. Switch it off in the console first.")
	}
	return words.Text{}
}

// fiveWhy goes by what the service tells of the instance; one that stands at
// five minutes can stay there.
func fiveWhy(was Standing, s Standard) words.Text {
	switch {
	case was.Can.Cluster && s.Method == Physical && s.Priority == SecondaryFirst:
		return words.Say("Backups on the secondary first exclude log backups every 5 minutes.")
	case !was.Can.FiveMinuteLog && was.Standard.Log != LogEvery5:
		return words.Say("The instance does not offer log backups every 5 minutes.")
	}
	return words.Text{}
}

// intervals are the choices of how often snapshots are taken besides those at
// the hour. The value that switches an interval off again is not documented any
// more (an older text had -1), and left out it may well stay.
func intervals(was Standing, s Standard) []Choice {
	var none, some words.Text
	if s.Method == Snapshot && was.Standard.SnapshotMinutes > 0 {
		none = words.Say("The service's API has no documented value that switches the interval off.")
	}
	if s.Method != Snapshot {
		some = words.Say("The interval is for snapshots.")
	}
	out := []Choice{{FieldEvery, "0", EveryWords(0), none}}
	for _, minutes := range SnapshotIntervals {
		out = append(out, Choice{FieldEvery, strconv.Itoa(minutes), EveryWords(minutes), some})
	}
	return out
}

func priorityWhy(was Standing, s Standard, p Priority) words.Text {
	switch {
	case p == was.Standard.Priority:
		return words.Text{}
	case !was.Can.Cluster:
		return words.Say("Which node takes the backups can be chosen on Cluster Edition.")
	case !was.Can.SetPriority:
		return words.Say("The service says that this instance's priority cannot be changed.")
	case s.Method == Snapshot:
		return words.Say("The priority is for physical backups.")
	}
	return words.Text{}
}

// CheckAdvanced tells what speaks against an advanced policy (pages "Back up
// data" and "Sparse backup").
func CheckAdvanced(was Standing, a Advanced, confirmed bool) []policy.Finding {
	out := reachable(was.Can)
	bar := func(field string, text, fix words.Text) {
		out = append(out, policy.Finding{Field: field, Bars: true, Text: text, Fix: fix})
	}
	switch {
	case !was.AdvancedOn:
		bar(FieldRows, words.Say("The advanced backup policy is off. Switching it on may have no way back, so that Bakplane does not."), words.Say("Switch it on in the console."))
	case was.Advanced.Unread > 0:
		bar(FieldRows, words.Say("%d of the instance's rules cannot be read by this version, so that nothing is written over them.", was.Advanced.Unread), words.Say("Change this policy in the console."))
	case !was.Can.WriteAdvanced:
		bar(FieldRows, words.Say("The service does not tell the ids of the rules, by which they would be changed."), words.Say("Change this policy in the console."))
	}
	longest := 0
	for i, r := range a.Rows {
		if text := r.wrong(); !text.IsZero() {
			bar(FieldRows, words.Say("Rule %d: %s", i+1, text), words.Text{})
		}
		if r.RetentionDays == Forever || longest != Forever && r.RetentionDays > longest {
			longest = r.RetentionDays
		}
		if r.Cycle == Monthly && slices.ContainsFunc(r.Days, func(d int) bool { return d > 28 }) {
			out = append(out, policy.Finding{Field: FieldRows, Text: words.Say("Rule %d: months without this day have no backup of it.", i+1), Fix: words.Say("Choose the last day instead.")})
		}
		if r.Cycle == Yearly && slices.Contains(r.Days, 229) {
			out = append(out, policy.Finding{Field: FieldRows, Text: words.Say("Rule %d: 29 February comes in leap years only.", i+1)})
		}
	}
	if len(a.Rows) == 0 || a.Rows[0].Cycle != Weekly || len(sortInts(a.Rows[0].Days)) < 2 {
		bar(FieldRows, words.Say("The first rule is weekly and has at least two days."), words.Say("Choose two days or more in the first rule."))
	}
	if len(was.Advanced.Rows) > 0 && !slices.ContainsFunc(a.Rows, func(r Sparse) bool { return r.ID == was.Advanced.Rows[0].ID }) {
		bar(FieldRows, words.Say("The first rule cannot be removed."), words.Say("Change it instead."))
	}
	if a.Hour < 0 || a.Hour > 23 {
		bar(FieldHour, words.Say("The hour is 0 to 23, UTC."), words.Text{})
	}
	s := Standard{Method: a.Method, Incremental: a.Incremental, Log: a.Log, Priority: was.Standard.Priority}
	for _, c := range Choices(was, s) {
		switch {
		case c.Field == FieldPriority, c.Why.IsZero() || c.Value != s.value(c.Field):
		case c.Field == FieldIncremental && a.Method == Physical: // the page excludes it with snapshots alone
		default:
			bar(c.Field, c.Why, fixes(c.Field, c.Value))
		}
	}
	if a.Log == LogEvery5 && !(was.AdvancedOn && was.Advanced.Log == LogEvery5) {
		bar(FieldLog, words.Say("The page of the advanced policy offers logs with each data backup and every 30 minutes; whether 5 minutes can be had beside it is not documented."), words.Say("Choose every 30 minutes."))
	}
	switch {
	case a.LogRetentionDays < 7 || a.LogRetentionDays > 7300:
		bar(FieldLogKept, words.Say("Logs are kept for 7 to 7,300 days."), words.Text{})
	case longest != Forever && a.LogRetentionDays > longest:
		bar(FieldLogKept, words.Say("Logs cannot be kept longer than data, which is kept %s at most.", daysWords(longest)), words.Say("Keep data longer, or logs shorter."))
	}
	if OneWay(was.Standard, s) && !confirmed {
		bar(FieldMethod, words.Say("The change from physical backups to snapshots cannot be taken back. Physical backups by hand stay possible."), words.Say("Type the confirmation."))
	}
	return out
}

// wrong says what is wrong with a rule by itself.
func (s Sparse) wrong() words.Text {
	var problems []words.Text
	if s.RetentionDays != Forever && (s.RetentionDays < 7 || s.RetentionDays > 7300) {
		problems = append(problems, words.Say("sets are kept for 7 to 7,300 days, or for ever."))
	}
	if len(s.Days) == 0 {
		problems = append(problems, words.Say("it has no days."))
	}
	for _, d := range s.Days {
		ok := false
		switch s.Cycle {
		case Weekly:
			ok = d >= 1 && d <= 7
		case Monthly:
			ok = d == LastDay || d >= 1 && d <= 31
		case Yearly:
			ok = validDate(d/100, d%100)
		}
		if !ok {
			problems = append(problems, words.Say("%d is no day of a %s rule.", d, s.Cycle))
			break
		}
	}
	return words.Join(problems...)
}
