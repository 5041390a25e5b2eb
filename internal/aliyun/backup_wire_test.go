package aliyun

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

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
	s := clouds.Standard{RetentionDays: 7, Days: []time.Weekday{time.Sunday, time.Monday}, Hour: 23, Method: clouds.Physical, Incremental: true, Log: clouds.LogEvery30, Priority: clouds.PrimaryOnly}
	base := "BackupPolicyMode=DataBackupPolicy&BackupRetentionPeriod=7&DBInstanceId=rm-1&PreferredBackupPeriod=Monday%2CSunday&PreferredBackupTime=23%3A00Z-24%3A00Z"
	five, asData, snapshots := s, s, s
	five.Log, asData.Log = clouds.LogEvery5, clouds.LogAsData
	snapshots.Method, snapshots.Incremental, snapshots.SnapshotMinutes = clouds.Snapshot, false, 180
	for _, one := range []struct {
		do   func() error
		want string
	}{
		{func() error { return c.SetPolicy(t.Context(), five, clouds.Abilities{}) }, base + "&EnableIncrementDataBackup=true&BackupLog=Enable"},
		{func() error { return c.SetPolicy(t.Context(), asData, clouds.Abilities{}) }, base + "&EnableIncrementDataBackup=true"},
		{func() error { return c.SetPolicy(t.Context(), snapshots, clouds.Abilities{}) }, base + "&BackupMethod=Snapshot&LogBackupFrequency=LogInterval&BackupInterval=180"},
		{func() error { return c.SetPolicy(t.Context(), s, clouds.Abilities{}) }, base + "&EnableIncrementDataBackup=true&LogBackupFrequency=LogInterval"},
		{func() error {
			return c.SetPolicy(t.Context(), s, clouds.Abilities{Cluster: true, SetPriority: true, Snapshot: true})
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
		{func() error { return c.Extend(t.Context(), "7", at) }, "DBInstanceId=rm-1&BackupId=7&ExpectExpireTime=2026-07-15T04%3A11Z"},
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
		want := clouds.Standard{RetentionDays: 30, Days: []time.Weekday{time.Monday, time.Sunday}, Hour: 2, Method: clouds.Physical, Log: clouds.LogEvery30, Priority: clouds.SecondaryFirst}
		if err != nil || len(clouds.Diff(want, s.Standard)) > 0 || !s.Can.Snapshot || !s.Can.FiveMinuteLog || !s.Can.SetPriority || s.Can.StorageGB != 500 || s.AdvancedOn || s.Raw["CrossRegion"] != "not told" {
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
	refusal(t, c.Extend(t.Context(), "1", time.Now()), fault.Conflict, "Weird", clouds.FieldExpiry)
	body = `{"RequestId":"R9"}`
	if _, err := c.Order(t.Context(), backup.Order{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no job named: %v", err)
	}
}
