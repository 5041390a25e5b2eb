package emulators

import (
	"time"

	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
)

// instances are the instances of the cloud. Those with a past hold
// databases that the service has backed up since: one by a standard policy, the
// other by an advanced one.
func instances(pace Pace) []aliyunemu.Instance {
	first := aliyunemu.Instance{ID: Instance, Description: "demo instance", Account: Owner, Region: Region,
		Version: "2019_std_ha", Category: "HighAvailability", StorageGB: 500, UsedBytes: 42 << 30, MaxDatabases: 50}
	second := first
	second.ID, second.Description, second.StorageGB = Second, "demo reports", 200
	if pace.Past > 0 {
		since := time.Now().Add(-pace.Past)
		first.Databases = map[string]*aliyunemu.Database{"crm": {DataBytes: 9 << 30}, "webshop": {DataBytes: 21 << 30}, "warehouse": {DataBytes: 6 << 30}}
		first.Backups = aliyunemu.Backups{Since: since, Policy: aliyunemu.BackupPolicy{Retention: 14, Days: []string{"Monday", "Tuesday", "Thursday", "Saturday"}, Time: "18:00Z-19:00Z", Method: "Physical", Incremental: true, LogMinutes: 30}}
		second.Databases = map[string]*aliyunemu.Database{"reports": {DataBytes: 30 << 30}}
		second.Backups = aliyunemu.Backups{Since: since, Policy: aliyunemu.BackupPolicy{Retention: 30, Days: []string{"Monday", "Thursday"}, Time: "19:00Z-20:00Z", Method: "Physical", LogMinutes: 30,
			Advanced: true, LogRetention: 30, Rows: []aliyunemu.AdvancedRow{
				{ID: "rule-week", Key: "dayOfWeek", Value: "1,4", Days: 30}, {ID: "rule-month", Key: "dayOfMonth", Value: "-1", Days: 365}, {ID: "rule-year", Key: "dayOfYear", Value: "12-31", Days: -1}}}}
	}
	return []aliyunemu.Instance{first, second}
}

// Console changes a policy past the dashboard, as somebody would there.
func (g *All) Console(instance string, p aliyunemu.BackupPolicy) {
	g.RDS.PatchBackups(instance, aliyunemu.BackupsPatch{Policy: &p})
}
