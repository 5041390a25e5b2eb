package policies_test

import (
	"strings"
	"testing"

	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

const policyPage = "/instances/target/policy"

func TestAPolicyIsChangedDriftsAndIsRolledBack(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target").Follow("Policy").Sees(200, "Next data backup", "Worst-case RPO", "30 min", "7 days", "Mon, Wed, Fri, Sun", "18:00–19:00 UTC", "02:00–03:00", "first seen")
	b.Follow("Change").Sees(200, "Keep data and log backups for (days)", "Every 5 minutes", "There is no way back to physical backups by policy")

	// Every rule at once, beside its field, and nothing is sent.
	b.Submit(policyPage+"/review", "retention", "3").Sees(422, "Backups are kept for 7 to 730 days.")
	b.Get(policyPage+"/edit?retention=30&hour=20&days=Monday&method=Snapshot&incremental=true&log=as+data").Sees(200, "at least two days a week", "Snapshots are always full", "With snapshots, logs are backed up every 30")

	b.Get(policyPage+"/edit").Submit(policyPage+"/review", "retention", "30", "hour", "20")
	b.Sees(200, "7 days", "30 days", "ModifyBackupPolicy", "BackupRetentionPeriod=30", "PreferredBackupTime=20:00Z-21:00Z", "A backup may start about two minutes after you change the time", "Sets kept at once", "free of charge")
	b.Submit(policyPage, nothing...).Sees(200, "Read again, the service has what was asked for", "30 days", "20:00–21:00 UTC", servertest.AdminName)

	// Somebody turns it in the console; the page says so, and leads back.
	h.Elsewhere(t, aliyunemu.BackupPolicy{Retention: 14})
	b.Get(policyPage).Submit("/instances/target/look").Sees(200, "Changed elsewhere: Kept: 30 days → 14 days", "seen in the cloud")
	b.Follow("Put version 2 back…").Sees(200, "Roll back to version 2", "14 days", "30 days")
	b.Submit(policyPage).Sees(200, "Saved", "rolled back to version 2")
	if strings.Contains(b.Text(), "Changed elsewhere:") {
		t.Error("the page still tells of drift")
	}

	// Or it is taken over.
	h.Elsewhere(t, aliyunemu.BackupPolicy{Retention: 60})
	b.Submit("/instances/target/look").Sees(200, "Changed elsewhere").Submit(policyPage+"/accept").Sees(200, "is a version of yours", "acknowledged", "60 days")
	versions, err := h.DB.Policies().Versions(t.Context(), policy.InstanceSubject("target"), 50)
	if err != nil || len(versions) != 6 {
		t.Errorf("%d versions %v", len(versions), err)
	}
	b.Get("/audit").Sees(200, "policy.write", "policy.acknowledge")
}

// nothing adds no field to a form.
var nothing []string

func TestAChangeWithoutAWayBackIsTyped(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get(policyPage+"/edit").Submit(policyPage+"/review", "method", "Snapshot", "incremental", "false")
	b.Sees(200, "physical", "snapshot", "Type snapshot", "Snapshots cannot be downloaded")
	b.Submit(policyPage, "confirm", "yes").Sees(422, "cannot be taken back")
	b.Get(policyPage+"/edit").Submit(policyPage+"/review", "method", "Snapshot", "incremental", "false")
	b.Submit(policyPage, "confirm", "snapshot").Sees(200, "Saved", "snapshot")
	b.Get(policyPage+"/edit").Sees(200, "the service lets none go back to physical backups")
}

func TestWhatCameSinceIsNotWrittenOver(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get(policyPage+"/edit").Submit(policyPage+"/review", "retention", "30")
	h.Elsewhere(t, aliyunemu.BackupPolicy{Time: "03:00Z-04:00Z"})
	b.Submit(policyPage).Sees(422, "The policy was changed elsewhere since this page was read")
}

func TestOnePolicyGoesToManyInstances(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get(policyPage).Follow("Apply to other instances…").Sees(200, "Second", "What changes")
	b.Submit(policyPage+"/apply").Sees(422, "No instance is chosen.")
	b.Get(policyPage+"/apply").Submit(policyPage+"/apply", "instances", "second").Sees(200, "Result at each instance", "Second", "written", "every 30 minutes")
	b.Get(policyPage+"/apply").Submit(policyPage+"/apply", "instances", "second").Sees(200, "unchanged", "nothing was sent")
	b.Get("/instances/second/policy").Sees(200, "applied from Hangzhou to 1 instance")
}

func TestTheAdvancedPolicyIsShownWithItsGate(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get(policyPage+"/advanced").Sees(200, "It is shown, not written", "The advanced backup policy is off", "There are no rules")
	on := true
	h.RDS.PatchBackups(servertest.CloudInstance, aliyunemu.BackupsPatch{Advanced: &on, Policy: &aliyunemu.BackupPolicy{LogRetention: 30, Rows: []aliyunemu.AdvancedRow{
		{ID: "s-1", Key: "dayOfWeek", Value: "1,4", Days: 30}, {ID: "s-2", Key: "dayOfMonth", Value: "-1", Days: 365}, {ID: "s-3", Key: "dayOfYear", Value: "12-31", Days: -1}}}})
	b.Submit("/instances/target/look").Sees(200, "week", "Mon, Thu", "30 days", "the last day", "365 days", "31 December", "for ever", "Sets in a year")
	b.Get(policyPage).Sees(200, "It is in force, with 3 rules.")

	// The emulated service refuses the write, until it is told to take it.
	rules := "s-1: weekly 1,3,5 keep 60\ns-2: monthly last keep 365\ns-3: yearly 12-31 keep forever"
	review := policyPage + "/advanced/review"
	b.Get(policyPage+"/advanced").Submit(review, "rows", "s-1: weekly 1 keep 60").Sees(422, "The first rule is weekly and has at least two days.")
	b.Submit(review, "rows", "sometimes").Sees(422, "cannot be read", "Write a rule as")
	b.Submit(review, "rows", rules).Sees(200, "Mon, Wed, Fri", "AdvancedDataPolicies.1.StrategyId=s-1", "AdvancedDataPolicies.1.ActionType=UPDATE")
	b.Submit(policyPage+"/advanced").Sees(422, "IncorrectBackupPolicy")
	h.RDS.PatchBackups(servertest.CloudInstance, aliyunemu.BackupsPatch{AdvancedByAPI: &on})
	b.Get(policyPage+"/advanced").Submit(review, "rows", rules)
	b.Submit(policyPage+"/advanced").Sees(200, "Saved", "Mon, Wed, Fri", "60 days")
	b.Get(policyPage+"/edit").Sees(200, "The instance has an advanced backup policy")
}

func TestAProgramEditsAPolicy(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	p := h.Program(t)
	base := "/api/v1/instances/target/policy"
	var now struct {
		Standard struct {
			RetentionDays int `json:"retention_days"`
			Days          []string
		}
		Drift []struct{ Field, Before, After string }
		Can   struct{ Snapshot bool }
		RPO   int `json:"worst_rpo_seconds"`
	}
	p.Ask("GET", base, nil, 200, &now)
	if now.Standard.RetentionDays != 7 || len(now.Standard.Days) != 4 || now.RPO != 1800 || !now.Can.Snapshot {
		t.Fatalf("%+v", now)
	}
	var review struct {
		Valid    bool
		Problems map[string]string
		Call     string
		Coming   []struct{ Kind string }
		OneWay   bool `json:"one_way"`
	}
	p.Ask("POST", base+"/review", map[string]any{"days": []string{"Monday"}}, 200, &review)
	if review.Valid || review.Problems["days"] == "" {
		t.Errorf("%+v", review)
	}
	p.Ask("POST", base+"/review", map[string]any{"retention_days": 60}, 200, &review)
	if !review.Valid || !strings.Contains(review.Call, "BackupRetentionPeriod=60") || len(review.Coming) < 14 {
		t.Errorf("%+v", review)
	}
	p.Ask("PUT", base, map[string]any{"days": []string{"Monday"}}, 422, nil)
	p.Ask("PUT", base, map[string]any{"method": "Snapshot", "incremental": false}, 422, nil)
	p.Ask("PUT", base, map[string]any{"retention_days": 60}, 200, &now)
	if now.Standard.RetentionDays != 60 {
		t.Errorf("%+v", now)
	}
	h.Elsewhere(t, aliyunemu.BackupPolicy{Retention: 14})
	p.Ask("POST", "/api/v1/instances/target/look", nil, 204, nil)
	p.Ask("GET", base, nil, 200, &now)
	if len(now.Drift) != 1 || now.Drift[0].Before != "60 days" || now.Drift[0].After != "14 days" {
		t.Errorf("%+v", now.Drift)
	}
	p.Ask("POST", base+"/accept", nil, 200, &now)
	if len(now.Drift) != 0 {
		t.Errorf("%+v", now.Drift)
	}
	var applied struct {
		Items []struct{ Instance, Result string }
	}
	p.Ask("POST", base+"/apply", map[string]any{"instances": []string{"second"}}, 200, &applied)
	if len(applied.Items) != 1 || applied.Items[0].Result != "written" {
		t.Errorf("%+v", applied)
	}
	var versions struct{ Items []struct{ Number int } }
	p.Ask("GET", base+"/versions?limit=3", nil, 200, &versions)
	if len(versions.Items) != 3 {
		t.Errorf("%+v", versions)
	}
}
