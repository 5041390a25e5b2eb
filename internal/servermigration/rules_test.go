package servermigration

import (
	"strings"
	"testing"
	"time"
)

func fits() (Draft, Around) {
	s := Server{ID: "s-1", State: ServerAvailable, Platform: "Windows Server 2019", Disks: []Disk{{Index: 0, GiB: 80, Parts: []Part{{Device: "0_1", Needed: true, Used: 30 << 30}, {Device: "0_2"}}}, {Index: 1, GiB: 200}}}
	return Draft{SourceID: "s-1", Region: "cn-hangzhou", Name: "move-1", Target: ToImage, ImageName: "move-1", Disks: []DraftDisk{{Index: 0, GiB: 80}, {Index: 1, GiB: 200}}, Network: Private, VSwitch: "vsw-abcd1", Every: 6, Keep: 3, ValidTill: noon.Add(30 * 24 * time.Hour)},
		Around{Now: noon, Server: &s}
}

// TestADraftIsJudgedBeforeItIsSent: each rule of CreateReplicationJob, of the
// limits and of Windows, with one thing wrong at a time.
func TestADraftIsJudgedBeforeItIsSent(t *testing.T) {
	if d, a := fits(); len(Review(d, a)) != 0 {
		t.Fatalf("%+v", Review(d, a))
	}
	for _, c := range []struct {
		name   string
		change func(*Draft, *Around)
		field  string
		says   string
	}{
		{"source not listed", func(_ *Draft, a *Around) { a.Server = nil }, "source_id", "does not list"},
		{"agent away", func(_ *Draft, a *Around) { a.Server.State = ServerUnavailable }, "source_id", "does not answer"},
		{"an unfinished job", func(_ *Draft, a *Around) { a.Jobs = []Job{{SourceID: "s-1", Status: Expired}} }, "source_id", "not finished"},
		{"name taken", func(_ *Draft, a *Around) { a.Jobs = []Job{{Name: "move-1", Status: Finished}} }, "name", "Another job"},
		{"image name taken", func(_ *Draft, a *Around) { a.Jobs = []Job{{ImageName: "move-1", Status: Waiting}} }, "image_name", "this name"},
		{"too many jobs", func(_ *Draft, a *Around) { a.Jobs = make([]Job, MostJobs) }, "", "1,000"},
		{"name begins with a digit", func(d *Draft, _ *Around) { d.Name = "1move" }, "name", "beginning with a letter"},
		{"interval 0", func(d *Draft, _ *Around) { d.Every = 0 }, "every_hours", "1 hour to 7 days"},
		{"interval 169", func(d *Draft, _ *Around) { d.Every = 169 }, "every_hours", "1 hour to 7 days"},
		{"11 images", func(d *Draft, _ *Around) { d.Keep = 11 }, "keep_images", "1 to 10"},
		{"container of Windows", func(d *Draft, _ *Around) {
			d.Target, d.Namespace, d.Repository, d.Tag = ToContainer, "n", "r", "t"
		}, "target", "not made of Windows"},
		{"Windows to an instance abroad", func(d *Draft, _ *Around) { d.Target, d.InstanceID, d.Region = ToInstance, "i-abcd1", "cn-hongkong" }, "target", "mainland"},
		{"no system disk", func(d *Draft, _ *Around) { d.Disks = d.Disks[1:] }, "disks", "system disk"},
		{"disk it has not", func(d *Draft, _ *Around) { d.Disks = append(d.Disks, DraftDisk{Index: 7, GiB: 40}) }, "disks", "no disk 7"},
		{"disk twice", func(d *Draft, _ *Around) { d.Disks = append(d.Disks, d.Disks[1]) }, "disks", "twice"},
		{"smaller than what is used", func(d *Draft, _ *Around) { d.Disks[0].GiB = 30 }, "disks", "not more than what is used"},
		{"partition left out that is needed", func(d *Draft, _ *Around) { d.Disks[0].Parts = []string{"0_2"} }, "disks", "cannot be left out"},
		{"VPC without a switch", func(d *Draft, _ *Around) { d.VSwitch = "" }, "vswitch", "needs a switch"},
		{"start in five minutes", func(d *Draft, _ *Around) { d.Start = noon.Add(5 * time.Minute) }, "start", "10 minutes"},
		{"start in 31 days", func(d *Draft, _ *Around) { d.Start = noon.Add(31 * 24 * time.Hour) }, "start", "30 days"},
		{"valid for six days", func(d *Draft, _ *Around) { d.ValidTill = noon.Add(6 * 24 * time.Hour) }, "valid_till", "7 to 90 days"},
		{"no validity", func(d *Draft, _ *Around) { d.ValidTill = time.Time{} }, "valid_till", "two ways"},
	} {
		d, a := fits()
		c.change(&d, &a)
		found := false
		for _, f := range Review(d, a) {
			found = found || (f.Bars && f.Field == c.field && strings.Contains(f.Text.String(), c.says))
		}
		if !found {
			t.Errorf("%s: %+v", c.name, Review(d, a))
		}
	}
}

// TestTheScheduleCountsFromTheEnd of the last synchronisation, and says of
// images only what can be known.
func TestTheScheduleCountsFromTheEnd(t *testing.T) {
	cycle := func(n int, hours, took time.Duration) Cycle {
		return Cycle{ImageID: string(rune('a' + n)), Start: noon.Add(hours * time.Hour), End: noon.Add(hours*time.Hour + took)}
	}
	j := Job{Status: Waiting, Every: 6, Keep: 2, Cycles: []Cycle{cycle(0, -30, 5*time.Hour), cycle(1, -19, 30*time.Minute), cycle(2, -12, 40*time.Minute), cycle(3, -5, 50*time.Minute)}}
	if got, want := NextSync(j), noon.Add(-5*time.Hour+50*time.Minute+6*time.Hour); !got.Equal(want) {
		t.Errorf("next %s, not %s", got, want)
	}
	if d, n := Takes(j); d != 40*time.Minute || n != 3 {
		t.Errorf("takes %s over %d: the first copied everything", d, n)
	}
	if kept := Kept(j, map[string]bool{"a": true}); len(kept) != 3 || kept[0].ImageID != "a" {
		t.Errorf("kept %+v", kept)
	}
	if c, ok := DropsNext(j, nil); !ok || c.ImageID != "c" {
		t.Errorf("drops %+v", c)
	}
	if c, ok := DropsNext(j, map[string]bool{"c": true}); !ok || c.ImageID != "d" {
		t.Errorf("a used one is passed over: %+v", c)
	}
	j.Status = Running
	if !NextSync(j).IsZero() {
		t.Error("while one is at work the next has no time")
	}
	if got := Merged(j.Cycles, j.Cycles[2:]); len(got) != 4 || !got[0].Unlisted || got[3].Unlisted {
		t.Errorf("history: %+v", got)
	}
}

// TestADraftIsForecast by what is used and the rates that are known; its validity
// lies within the service's limits also when it is sent a while later.
func TestADraftIsForecast(t *testing.T) {
	d, a := fits()
	runs, bytes := Planned(d, *a.Server, noon, 3)
	if want := int64(230) << 30; bytes != want {
		t.Errorf("%d bytes, not %d: used where it is told, else the size", bytes, want)
	}
	first := runs[0].End.Sub(runs[0].Start)
	if !runs[0].Start.Equal(noon) || first < 7*time.Hour || first > 8*time.Hour || !runs[1].Start.Equal(runs[0].End.Add(6*time.Hour)) {
		t.Errorf("%+v, the first takes %s", runs, first)
	}
	for _, minute := range []time.Duration{0, time.Minute, 59*time.Minute + 59*time.Second} {
		now := noon.Add(minute)
		for _, days := range []int{7, 30, 89, 90} {
			d.ValidTill = ValidFor(days, now)
			for _, later := range []time.Duration{0, 30 * time.Minute} {
				a.Now = now.Add(later)
				if all := Review(d, a); Barred(all) {
					t.Errorf("%d days from %s, sent %s later: %+v", days, now, later, all)
				}
			}
		}
	}
}

// TestWhatExpiryMeans differs by state: a running job is left alone, of a waiting
// one nobody says.
func TestWhatExpiryMeans(t *testing.T) {
	for _, c := range []struct {
		status Status
		in     time.Duration
		says   string
		soon   bool
	}{
		{Running, -time.Hour, "left alone", false},
		{Waiting, -time.Hour, "not documented", true},
		{Waiting, 10 * 24 * time.Hour, "not documented", false},
		{Ready, 24 * time.Hour, "Expires in", true},
		{Stopped, 10 * 24 * time.Hour, "Expires in", false},
		{Expired, -time.Hour, "deletes it about", true},
		{Finished, -time.Hour, "", false},
	} {
		text, soon := Validity(Job{Status: c.status, ValidTill: noon.Add(c.in)}, noon)
		if soon != c.soon || !strings.Contains(text.String(), c.says) || (c.says == "" && !text.IsZero()) {
			t.Errorf("%s: %q %v", c.status, text, soon)
		}
	}
}

// TestWhatCostsMoney: the intermediate instance costs while a job waits, is
// paused or failed, and no longer when it was released.
func TestWhatCostsMoney(t *testing.T) {
	for _, c := range []struct {
		status Status
		is     Presence
		costs  bool
	}{{Running, There, true}, {Waiting, NotKnown, true}, {Stopped, There, true}, {InError, There, true}, {InError, Missing, false}, {Finished, There, false}, {Gone, There, false}} {
		got := Costs(Job{Status: c.status, TransitionID: "i-1", Target: ToImage}, c.is, nil)
		if (len(got) > 0) != c.costs {
			t.Errorf("%s %s: %+v", c.status, c.is, got)
		}
	}
	tried := Order{What: Try, Made: "i-2", Ask: Ask{Machine: &MachineDraft{ImageID: "m-1"}}}
	if got := Costs(Job{Status: Finished}, NotKnown, []Order{tried}); len(got) != 1 || got[0].ID != "i-2" || !Tried([]Order{tried})["m-1"] {
		t.Errorf("%+v", got)
	}
	released := []Order{tried, {What: Release, Ask: Ask{Name: "i-2"}, Finished: noon}}
	if got := Costs(Job{Status: Finished}, NotKnown, released); len(got) != 0 || Tried(released)["m-1"] {
		t.Errorf("a released instance costs: %+v", got)
	}
}

// TestAPaceSaysHowItWasComputed and a new phase begins anew.
func TestAPaceSaysHowItWasComputed(t *testing.T) {
	j := Job{Status: Running, Phase: Syncing, Progress: 10}
	var seen []Sample
	for i := range 200 {
		j.Progress = 10 + float64(i)*0.2
		seen = Sampled(seen, j, noon.Add(time.Duration(i)*time.Minute))
	}
	if len(seen) > mostSamples {
		t.Errorf("%d samples", len(seen))
	}
	p := PaceOf(j, seen, noon.Add(199*time.Minute))
	if p.Rate < 11 || p.Rate > 13 || p.Left <= 0 || p.How.IsZero() {
		t.Errorf("%+v", p)
	}
	j.Phase = Processing
	if seen = Sampled(seen, j, noon.Add(200*time.Minute)); len(seen) != 1 {
		t.Errorf("a new phase goes on with %d samples", len(seen))
	}
	still := PaceOf(j, seen, noon.Add(300*time.Minute))
	j.Phase = Syncing
	if s := Standstill(j, &Server{Platform: "Windows"}, still); !strings.Contains(s.String(), "Volume Shadow Copy") {
		t.Errorf("%q", s)
	}
}
