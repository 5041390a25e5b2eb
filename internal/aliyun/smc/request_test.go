package smc

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/servermigration"
)

// asked are the parameters of the last call of an operation, as they came over
// the wire.
func (c *cloud) asked(operation string) url.Values {
	c.t.Helper()
	all := c.ControlPort().Requests(operation)
	if len(all) == 0 {
		c.t.Fatalf("no %s came", operation)
	}
	_, query, _ := strings.Cut(all[len(all)-1].Target, "?")
	v, err := url.ParseQuery(query)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

func TestWhatIsSentIsWholeAndNothingMore(t *testing.T) {
	c := begin(t)
	d := draft()
	d.Disks[1].Parts = []string{"1_0"}
	d.Network, d.VPC, d.VSwitch, d.OwnLicense, d.Start = servermigration.Private, "vpc-1", "vsw-1", true, time.Now().Add(time.Hour)
	c.create(d)
	got := c.asked("CreateReplicationJob")
	for name, want := range map[string]string{
		"RegionId": region, "SourceId": windows, "Name": "move", "TargetType": "Image", "ImageName": "moved", "SystemDiskSize": "80", "SystemDiskPart.1.Device": "0_0", "SystemDiskPart.1.SizeBytes": "64424509440",
		"DataDisk.1.Index": "1", "DataDisk.1.Size": "120", "DataDisk.1.Part.1.Device": "1_0", "DataDisk.1.Part.1.SizeBytes": "107374182400", "RunOnce": "false", "Frequency": "6", "MaxNumberOfImageToKeep": "2",
		"NetMode": "2", "VpcId": "vpc-1", "VSwitchId": "vsw-1", "LicenseType": "BYOL", "ClientToken": "t-move",
		"ValidTime": d.ValidTill.UTC().Format("2006-01-02T15:04:05Z"), "ScheduledStartTime": d.Start.UTC().Format("2006-01-02T15:04:05Z"),
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
		got.Del(name)
	}
	if len(got) != 0 {
		t.Errorf("more was sent: %v", got)
	}

	// Force is never sent without a word for it, and count and days always are.
	_ = c.Remove(t.Context(), windows, false)
	if got := c.asked("DeleteSourceServer"); got.Has("Force") || got.Get("SourceId") != windows {
		t.Errorf("a removal sends %v", got)
	}
	if err := c.Remove(t.Context(), windows, true); err != nil {
		t.Error(err)
	}
	if got := c.asked("DeleteSourceServer"); got.Get("Force") != "true" {
		t.Errorf("a removal with the job sends %v", got)
	}
	if _, _, err := c.NewToken(t.Context(), servermigration.TokenDraft{Name: "office", Count: 100, Days: 30}); err != nil {
		t.Error(err)
	}
	if got := c.asked("CreateAccessToken"); got.Get("Count") != "100" || got.Get("TimeToLiveInDays") != "30" {
		t.Errorf("a code is asked for with %v", got)
	}
}
