package aliyunemu

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// describeBackupPolicy tells BackupLog Enable only of logs every 5 minutes, and
// their interval in BackupInterval, as the comments of the SDKs have it. Logs
// with each data backup show as -1, and snapshots by the minute as the interval
// where logs have none of their own in it: neither is confirmed. Some scalars
// are written as text and some as numbers, as the reference's own samples do.
func (q *request) describeBackupPolicy() (answer, *refusal) {
	s := q.server
	s.mu.Lock()
	defer s.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	b := &in.Backups
	p := &b.Policy
	out := answer{
		"BackupRetentionPeriod": p.Retention, "PreferredBackupPeriod": strings.Join(p.Days, ","), "PreferredBackupTime": p.Time,
		"PreferredNextBackupTime": p.slot(s.now()).Format(timeMinutes), "BackupMethod": p.Method,
		"EnableIncrementDataBackup": p.Incremental, "BackupLog": "Disabled", "EnableBackupLog": 0,
		"LogBackupRetentionPeriod": p.Retention, "ReleasedKeepPolicy": p.ReleasedKeep, "LogBackupFrequency": "", "BackupInterval": "-1",
		"SupportsHighFrequencyBackup": flag(!b.NoFiveMinutes), "SupportVolumeShadowCopy": flag(!b.LocalDisk),
		"SupportModifyBackupPriority": in.Category == "AlwaysOn", "AdvancedBackupPolicyEnabled": p.Advanced,
	}
	if in.Category == "AlwaysOn" {
		out["BackupPriority"] = p.Priority
	}
	switch {
	case p.LogMinutes == 5:
		out["BackupLog"], out["EnableBackupLog"], out["BackupInterval"] = "Enable", "1", 5
	case p.LogMinutes > 0:
		out["LogBackupFrequency"], out["BackupInterval"] = "LogInterval", strconv.Itoa(p.LogMinutes)
	}
	if p.Method == "Snapshot" && p.SnapshotMinutes > 0 {
		out["BackupInterval"] = strconv.Itoa(p.SnapshotMinutes)
	}
	if p.Advanced {
		rows := []answer{}
		for _, r := range p.Rows {
			row := answer{"StrategyId": r.ID, "BakType": "F", "FilterType": "crontab", "FilterKey": r.Key, "FilterValue": r.Value,
				"RetentionType": "delay", "RetentionValue": r.Days, "SrcType": "db", "DestType": "level1"}
			if r.Days == -1 {
				row["RetentionType"] = "never"
			}
			rows = append(rows, row)
		}
		out["AdvancedDataPolicies"] = answer{"AdvancedDataPolicy": rows}
		out["AdvancedLogPolicies"] = answer{"AdvancedLogPolicy": []answer{{"StrategyId": "log", "EnableLogBackup": 1,
			"LogRetentionType": "delay", "LogRetentionValue": max(p.LogRetention, 7)}}}
	}
	return out, nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

var hourForm = regexp.MustCompile(`^([01]\d|2[0-3]):00Z-([01]\d|2[0-4]):00Z$`)

func validHour(s string) bool {
	m := hourForm.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	from, _ := strconv.Atoi(m[1])
	to, _ := strconv.Atoi(m[2])
	return to == from+1 || from == 23 && to == 0
}

// readDays reads day names; false when one is none or there are doubles.
func readDays(s string) (out []string, ok bool) {
	for name := range strings.SplitSeq(s, ",") {
		known := false
		for d := time.Sunday; d <= time.Saturday; d++ {
			known = known || d.String() == name
		}
		if !known || slices.Contains(out, name) {
			return nil, false
		}
		out = append(out, name)
	}
	return out, true
}

// modifyBackupPolicy keeps the documented rules. The codes for combinations
// that the console refuses and the page of the API does not mention
// (incremental with snapshots or on Cluster Edition, parameters of other
// engines) are our choice, and so is the order of the checks.
func (q *request) modifyBackupPolicy() (answer, *refusal) {
	s := q.server
	var refused *refusal
	s.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		if refused = in.running(); refused != nil {
			return
		}
		var p BackupPolicy
		if p, refused = q.policy(in); refused != nil {
			return
		}
		b := &in.Backups
		if p.Time != b.Policy.Time || !slices.Equal(p.Days, b.Policy.Days) {
			b.Extra = s.now().Add(2 * time.Minute)
			b.Slot = s.now() // the new times count from now on
		}
		if b.Policy.LogMinutes == 0 && p.LogMinutes > 0 {
			b.LogTo = s.now().Truncate(time.Second).Add(-time.Duration(p.LogMinutes) * time.Minute)
		}
		b.Policy = p
	})
	if refused != nil {
		return nil, refused
	}
	return answer{"DBInstanceID": q.params.Get("DBInstanceId"), "EnableBackupLog": "1", "CompressType": "", "HighSpaceUsageProtection": ""}, nil
}

// snapshotEvery are the intervals of snapshots in minutes.
var snapshotEvery = []string{"15", "30", "60", "120", "180", "240", "360", "480", "720"}

// logMinutes reads how often logs are backed up: BackupLog Enable alone is every
// 5 minutes, LogInterval alone every 30, neither is with each data backup. That
// logs cannot be switched off is documented; how the service refuses both at
// once, and 5 minutes where they are not offered, is not, and the codes are our
// choice.
func (q *request) logMinutes(b *Backups, method string, priority int) (int, *refusal) {
	denied := func(message string) *refusal {
		return refuse(http.StatusForbidden, "OperationDenied.ApiForbiddenForLogBackupFrequency", "%s", message)
	}
	log, frequency := q.params.Get("BackupLog"), q.params.Get("LogBackupFrequency")
	switch {
	case frequency != "" && frequency != "LogInterval":
		return 0, refuse(http.StatusBadRequest, "InvalidLogBackupFrequency.Malformed", "The specified parameter %s is not valid.", "LogBackupFrequency")
	case log != "" && log != "Enable", q.params.Get("EnableBackupLog") != "":
		return 0, refuse(http.StatusForbidden, "OperationDenied.ModifyBackupSwitchOff", "Log backup cannot be disabled for this instance.")
	case log == "Enable" && frequency != "":
		return 0, refuse(http.StatusBadRequest, "InvalidLogBackupFrequency.Malformed", "The specified parameter %s is not valid.", "LogBackupFrequency")
	case log == "Enable" && b.NoFiveMinutes:
		return 0, denied("The instance does not support high-frequency log backup.")
	case log == "Enable" && priority == 1 && method == "Physical":
		return 0, denied("High-frequency log backup is not available while backups are taken on the secondary node first.")
	case log == "Enable":
		return 5, nil
	case frequency == "LogInterval":
		return 30, nil
	case method == "Snapshot":
		return 0, denied("With snapshot backup, the log backup frequency cannot be the same as that of data backup.")
	}
	return 0, nil
}

// snapshotMinutes reads the interval of snapshots; left out, it stays. BackupInterval
// is for snapshots alone; the code of its refusal is our choice.
func (q *request) snapshotMinutes(now int, method string) (int, *refusal) {
	text := q.params.Get("BackupInterval")
	switch {
	case method != "Snapshot" && text == "":
		return 0, nil
	case text == "":
		return now, nil
	case method != "Snapshot" || !slices.Contains(snapshotEvery, text):
		return 0, refuse(http.StatusBadRequest, "InvalidBackupInterval.Malformed", "The specified parameter %s is not valid.", "BackupInterval")
	}
	minutes, _ := strconv.Atoi(text)
	return minutes, nil
}

// policy reads the policy that the call wants.
func (q *request) policy(in *Instance) (BackupPolicy, *refusal) {
	bad := func(code, name string) *refusal {
		return refuse(http.StatusBadRequest, code, "The specified parameter %s is not valid.", name)
	}
	b, v := &in.Backups, q.params.Get
	p := b.Policy
	for _, foreign := range []string{"LogBackupRetentionPeriod", "HighSpaceUsageProtection", "LocalLogRetentionHours", "LocalLogRetentionSpace",
		"LogBackupLocalRetentionNumber", "CompressType", "Category", "ArchiveBackupRetentionPeriod"} {
		if v(foreign) != "" {
			return p, refuse(http.StatusBadRequest, "InvalidParameter", "Parameters is not valid.")
		}
	}
	if mode := v("BackupPolicyMode"); mode != "" && mode != "DataBackupPolicy" {
		return p, refuse(http.StatusBadRequest, "InvalidParameter", "Parameters is not valid.")
	}
	advanced := slices.ContainsFunc(keys(q.params), func(n string) bool { return strings.HasPrefix(n, "Advanced") })
	if (p.Advanced || advanced) && !(p.Advanced && b.AdvancedByAPI) {
		return p, refuse(http.StatusBadRequest, "IncorrectBackupPolicy", "The instance uses the advanced backup policy, which cannot be modified through OpenAPI.")
	}
	if !validHour(v("PreferredBackupTime")) {
		return p, bad("InvalidPreferredBackupTime.Format", "PreferredBackupTime")
	}
	days, ok := readDays(v("PreferredBackupPeriod"))
	if !ok || len(days) < 2 {
		return p, bad("InvalidPreferredBackupPeriod.Malformed", "PreferredBackupPeriod")
	}
	retention, err := strconv.Atoi(v("BackupRetentionPeriod"))
	if err != nil || retention < 7 || retention > 730 {
		return p, bad("InvalidBackupRetentionPeriod.Malformed", "BackupRetentionPeriod")
	}
	method := v("BackupMethod")
	switch {
	case method == "":
		method = p.Method
	case method != "Physical" && method != "Snapshot":
		return p, bad("InvalidBackupMethod.Format", "BackupMethod")
	}
	switch {
	case method == "Physical" && p.Method == "Snapshot":
		return p, refuse(http.StatusForbidden, "OperationDenied.SwitchSnapshotToPhysical", "Switching from snapshot backup to physical backup is not supported.")
	case method == "Snapshot" && b.LocalDisk, method == "Physical" && in.StorageGB > 4000:
		return p, refuse(http.StatusForbidden, "OperationDenied.NotSupportedBackupMethod", "The instance does not support the specified backup method.")
	case method == "Snapshot" && b.CrossRegion != "":
		return p, refuse(http.StatusBadRequest, "OperationDenied.SwitchToSnapshot", "Disable cross-region backup before switching to snapshot backup.")
	}
	priority := p.Priority
	if text := v("BackupPriority"); text != "" {
		priority, err = strconv.Atoi(text)
		if err != nil || priority != 1 && priority != 2 || in.Category != "AlwaysOn" || method != "Physical" {
			return p, refuse(http.StatusForbidden, "IncorrectCategory", "The category of the instance does not support the specified parameter BackupPriority.")
		}
	}
	incremental, err := strconv.ParseBool(cmp.Or(v("EnableIncrementDataBackup"), "false"))
	if err != nil {
		return p, bad("InvalidParameter", "EnableIncrementDataBackup")
	}
	if incremental && (method == "Snapshot" || in.Category == "AlwaysOn") {
		return p, refuse(http.StatusBadRequest, "InvalidParameterCombination", "Incremental backup is not available with the specified backup method and category.")
	}
	minutes, refused := q.logMinutes(b, method, priority)
	if refused != nil {
		return p, refused
	}
	if p.SnapshotMinutes, refused = q.snapshotMinutes(p.SnapshotMinutes, method); refused != nil {
		return p, refused
	}
	if keep := v("ReleasedKeepPolicy"); keep != "" {
		if !slices.Contains([]string{"None", "Lastest", "All"}, keep) {
			return p, bad("InvalidReleasedKeepPolicy.Format", "ReleasedKeepPolicy")
		}
		p.ReleasedKeep = keep
	}
	p.Retention, p.Days, p.Time, p.Method, p.Incremental, p.LogMinutes, p.Priority = retention, days, v("PreferredBackupTime"), method, incremental, minutes, priority
	if p.Advanced {
		p.Rows = slices.Clone(p.Rows)
		return p, q.advancedRows(&p)
	}
	return p, nil
}

func keys(m map[string][]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// advancedRows changes rows as ActionType says.
func (q *request) advancedRows(p *BackupPolicy) *refusal {
	for n := 1; n <= 100; n++ {
		v := func(name string) string { return q.params.Get(fmt.Sprintf("AdvancedDataPolicies.%d.%s", n, name)) }
		action := v("ActionType")
		if action == "" {
			break
		}
		days, err := strconv.Atoi(v("RetentionValue"))
		if v("RetentionType") == "never" {
			days, err = -1, nil
		}
		row := AdvancedRow{ID: v("StrategyId"), Key: v("FilterKey"), Value: v("FilterValue"), Days: days}
		i := slices.IndexFunc(p.Rows, func(r AdvancedRow) bool { return r.ID == row.ID })
		bad := action != "DELETE" && (err != nil || days != -1 && (days < 7 || days > 7300) || row.Value == "" ||
			!slices.Contains([]string{"dayOfWeek", "dayOfMonth", "dayOfYear"}, row.Key))
		switch {
		case bad, action != "CREATE" && i < 0, action == "DELETE" && i == 0:
			return refuse(http.StatusBadRequest, "InvalidParameter", "The specified parameter AdvancedDataPolicies.%d is not valid.", n)
		case action == "CREATE":
			q.server.st.Next++
			row.ID = fmt.Sprintf("st-%d", q.server.st.Next)
			p.Rows = append(p.Rows, row)
		case action == "UPDATE":
			p.Rows[i] = row
		case action == "DELETE":
			p.Rows = slices.Delete(p.Rows, i, i+1)
		}
	}
	if text := q.params.Get("AdvancedLogPolicies.1.LogRetentionValue"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 7 || n > 7300 {
			return refuse(http.StatusBadRequest, "InvalidParameter", "The specified parameter AdvancedLogPolicies.1 is not valid.")
		}
		p.LogRetention = n
	}
	return nil
}

// describeInstanceCrossBackupPolicy tells whether sets are copied elsewhere.
func (q *request) describeInstanceCrossBackupPolicy() (answer, *refusal) {
	if _, refused := q.need("RegionId"); refused != nil {
		return nil, refused
	}
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	word := "Disable"
	if in.Backups.CrossRegion != "" {
		word = "Enable"
	}
	return answer{"DBInstanceId": in.ID, "RegionId": in.Region, "BackupEnabled": word, "LogBackupEnabled": word,
		"CrossBackupRegion": in.Backups.CrossRegion, "CrossBackupType": "1", "RetentType": 1, "Retention": 7}, nil
}
