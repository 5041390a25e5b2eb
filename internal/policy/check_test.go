package policy

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

func sound() Policy {
	return Policy{ID: "p", Name: "Nightly", Enabled: true, Servers: []string{"s"}, Zone: "Asia/Shanghai", Missed: MissedLate, Window: 2 * time.Hour, Rules: []Rule{
		{Kind: backup.Full, Cron: "30 2 * * 0", Keep: Keep{Days: 30, Monthly: 12}},
		{Kind: backup.Differential, Cron: "30 2 * * 1-6", Keep: Keep{Days: 14}},
		{Kind: backup.Log, Cron: "*/15 * * * *", Keep: Keep{Days: 14}}}}
}

func TestCheckSaysWhatIsWrongBesideItsField(t *testing.T) {
	now := utc("2026-05-01T00:00")
	if got := Check(sound(), Facts{}, now); len(got) != 0 {
		t.Fatalf("a sound policy: %+v", got)
	}
	for _, tc := range []struct {
		name   string
		change func(p *Policy, f *Facts)
		field  string
		bars   bool
		text   string
	}{
		{"no name", func(p *Policy, _ *Facts) { p.Name = " " }, FieldName, true, "name"},
		{"no server", func(p *Policy, _ *Facts) { p.Servers = nil }, FieldServers, true, "no server"},
		{"a server that is gone", func(_ *Policy, f *Facts) { f.ServersGone = []string{"s"} }, FieldServers, true, "not exist"},
		{"a zone of no map", func(p *Policy, _ *Facts) { p.Zone = "Asia/Atlantis" }, FieldZone, true, "no time zone"},
		{"TZ=0", func(p *Policy, _ *Facts) { p.Rules[0].Cron = "TZ=0" }, "full.cron", true, "zone has a field"},
		{"30 February", func(p *Policy, _ *Facts) { p.Rules[2].Cron = "0 0 30 2 *" }, "log.cron", true, "never comes"},
		{"seconds", func(p *Policy, _ *Facts) { p.Rules[2].Cron = "*/5 * * * * *" }, "log.cron", true, "not a cron line"},
		{"weekday 7", func(p *Policy, _ *Facts) { p.Rules[0].Cron = "30 2 * * 7" }, "full.cron", true, "Sunday is 0"},
		{"up to weekday 7", func(p *Policy, _ *Facts) { p.Rules[0].Cron = "30 2 * * 1-7/2" }, "full.cron", true, "Sunday is 0"},
		{"every database excluded behind a blank", func(p *Policy, _ *Facts) { p.Databases.Exclude = []string{" *"} }, FieldDatabases, true, "excludes every database"},
		{"every database that has a name excluded", func(p *Policy, _ *Facts) { p.Databases.Exclude = []string{"?*"} }, FieldDatabases, true, "excludes every database"},
		{"a zone whose sign is turned", func(p *Policy, _ *Facts) { p.Zone = "Etc/GMT+8" }, FieldZone, false, "Etc/GMT+8 means UTC−8"},
		{"its counterpart", func(p *Policy, _ *Facts) { p.Zone = "Etc/GMT-3" }, FieldZone, false, "Etc/GMT-3 means UTC+3"},
		{"29 February", func(p *Policy, _ *Facts) {
			p.Rules, p.Objective = []Rule{{Kind: backup.Full, Cron: "0 0 29 2 *"}}, 24*time.Hour
		}, FieldObjective, false, "up to 1461 d"},
		{"another policy for the same databases", func(_ *Policy, f *Facts) { f.Overlaps = []Overlap{{"Other", "shop"}} }, FieldDatabases, false, "The policy Other takes backups of some of the same databases too (shop)"},
		{"a run that ends too soon", func(p *Policy, f *Facts) {
			p.Longest, f.Took = time.Hour, map[backup.Kind]time.Duration{backup.Full: 40 * time.Minute}
		}, FieldLongest, false, "ends as failed after 1 h"},
		{"no time to run", func(p *Policy, _ *Facts) { p.Longest = time.Minute }, FieldLongest, true, "A run may take"},
		{"no full", func(p *Policy, _ *Facts) { p.Rules = p.Rules[1:] }, "full.cron", true, "build on them"},
		{"two of a kind", func(p *Policy, _ *Facts) { p.Rules = append(p.Rules, p.Rules[0]) }, "full.cron", true, "two rules"},
		{"negative days", func(p *Policy, _ *Facts) { p.Rules[0].Keep.Days = -1 }, "full.keep", true, "-1"},
		{"copy-only and differentials", func(p *Policy, _ *Facts) { p.How.CopyOnly = true }, FieldCopyOnly, true, "differential"},
		{"too many stripes", func(p *Policy, _ *Facts) { p.How.Stripes = 65 }, FieldStripes, true, "64"},
		{"late without a window", func(p *Policy, _ *Facts) { p.Window = 0 }, FieldWindow, true, "window"},
		{"a bucket that vanished", func(_ *Policy, f *Facts) { f.BucketGone = true }, FieldBucket, true, "bucket"},
		{"logs of SIMPLE only", func(_ *Policy, f *Facts) { f.Simple = 3 }, "log.cron", false, "Every chosen database is in recovery model SIMPLE"},
		{"logs of some SIMPLE", func(_ *Policy, f *Facts) { f.Simple, f.Logged = 3, 1 }, "log.cron", false, "3 of the chosen"},
		{"a short window", func(_ *Policy, f *Facts) { f.Took = map[backup.Kind]time.Duration{backup.Full: 3 * time.Hour} }, FieldWindow, false, "took 3 h"},
		{"slots too near", func(_ *Policy, f *Facts) { f.Took = map[backup.Kind]time.Duration{backup.Log: 20 * time.Minute} }, "log.cron", false, "took 20 min"},
		{"the last full would go", func(p *Policy, _ *Facts) { p.Rules[0].Keep = Keep{Days: 3} }, "full.keep", false, "kept until"},
		{"logs for too short", func(p *Policy, _ *Facts) { p.Rules[2].Keep = Keep{Days: 2} }, "log.keep", false, "none in between"},
		{"logs longer than fulls", func(p *Policy, _ *Facts) { p.Rules[0].Keep = Keep{Days: 10} }, "log.keep", false, "stay as long"},
		{"an objective out of reach", func(p *Policy, _ *Facts) { p.Objective = 5 * time.Minute }, FieldObjective, false, "up to 15 min"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, f := sound(), Facts{}
			tc.change(&p, &f)
			got := Check(p, f, now)
			for _, g := range got {
				if g.Field == tc.field && g.Bars == tc.bars && strings.Contains(g.Text.String(), tc.text) {
					return
				}
			}
			t.Errorf("%+v", got)
		})
	}
}

func TestOutlook(t *testing.T) {
	now := utc("2026-05-01T00:00")
	c, err := NewCalendar(sound())
	if err != nil {
		t.Fatal(err)
	}
	o := c.Outlook(now, 3)
	if len(o.Next) != 9 || o.Next[0].Local != "2026-05-01T08:15" || o.RPO != 15*time.Minute || o.RPOSimple != 24*time.Hour || o.GapOfFull != 7*24*time.Hour {
		t.Errorf("%+v", o)
	}
	want := map[backup.Kind][2]int{ // a little more or less as the end falls
		backup.Full:         {14, 17},     // four or five of 30 days, eleven months before them
		backup.Differential: {12, 18},     // of 14 days, and one a log stands on
		backup.Log:          {1344, 1450}, // of 14 days, and what the oldest stands on
	}
	for _, f := range o.Kept {
		if w := want[f.Kind]; f.Sets < w[0] || f.Sets > w[1] || f.AtLeast || f.Grows {
			t.Errorf("%+v, want %v", f, w)
		}
	}
	p := sound()
	p.Rules = []Rule{{Kind: backup.Full, Cron: "0 0 * 1,2 *"}}
	if c, err = NewCalendar(p); err != nil {
		t.Fatal(err)
	}
	o = c.Outlook(now, 1)
	if o.RPO < 305*24*time.Hour || o.RPO > 308*24*time.Hour || !o.Kept[0].Grows || o.Kept[0].Sets < 58 || o.Kept[0].Sets > 62 {
		t.Errorf("months apart: %+v", o)
	}
}

// nothing is an environment and a store in which nothing is known.
type nothing struct {
	Store
	Sets
	facts int
}

func (n *nothing) Facts(context.Context, Policy) (Facts, error) { n.facts++; return Facts{}, nil }

func (n *nothing) Policies(context.Context) ([]Policy, error) { return nil, nil }

// others are the policies there are.
type others struct {
	nothing
	policies []Policy
}

func (o *others) Policies(context.Context) ([]Policy, error) { return o.policies, nil }

// protected are the databases of every server.
type protected struct {
	none
	known []string
}

type none interface {
	Sets(ctx context.Context, instanceID, database string, limit int) ([]backup.Record, error)
}

func (o protected) Protections(context.Context, backup.ProtectionFilter) (out []backup.Protection, err error) {
	for _, name := range o.known {
		var p backup.Protection
		p.Database = name
		out = append(out, p)
	}
	return out, nil
}

func TestPoliciesThatOverlapAreNamed(t *testing.T) {
	other := func(change func(*Policy)) Policy {
		p := sound()
		p.ID, p.Name = "o", "Other"
		change(&p)
		return p
	}
	for _, c := range []struct {
		what  string
		mine  Selection
		other Policy
		want  string // databases; empty = no overlap
	}{
		{"everything of both", Selection{}, other(func(*Policy) {}), "every one"},
		{"another server", Selection{}, other(func(p *Policy) { p.Servers = []string{"z"} }), ""},
		{"disabled", Selection{}, other(func(p *Policy) { p.Enabled = false }), ""},
		{"copy-only", Selection{}, other(func(p *Policy) { p.How.CopyOnly = true }), ""},
		{"itself", Selection{}, other(func(p *Policy) { p.ID = "p" }), ""},
		{"by pattern", Selection{Include: []string{"sh*"}}, other(func(p *Policy) { p.Databases.Exclude = []string{"shoe"} }), "shop"},
		{"side by side", Selection{Include: []string{"sh*"}}, other(func(p *Policy) { p.Databases.Exclude = []string{"SH*"} }), ""},
	} {
		o := &others{policies: []Policy{c.other}}
		p := sound()
		p.Databases = c.mine
		got, err := (Editor{Store: o, Sets: protected{known: []string{"hr", "shoe", "shop"}}, Environment: o, Now: func() time.Time { return utc("2026-05-01T00:00") }}).Judge(t.Context(), p)
		text := ""
		for _, f := range got {
			text += f.Text.String()
		}
		if err != nil || (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, %v", c.what, text, err)
		}
	}
}

// TestWhatIsRefusedIsNotForeseen: an outlook over rules of every minute costs
// memory and time for each of them, and nobody can save them.
func TestWhatIsRefusedIsNotForeseen(t *testing.T) {
	k := Editor{Environment: &nothing{}, Store: &nothing{}, Sets: protected{}, Now: func() time.Time { return utc("2026-05-01T00:00") }}
	p := sound()
	p.ID = ""
	for range 2000 {
		p.Rules = append(p.Rules, Rule{Kind: backup.Log, Cron: "* * * * *"})
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v, err := k.Preview(t.Context(), p)
	runtime.ReadMemStats(&after)
	if err != nil || !Barred(v.Findings) || len(v.Findings) > 3 || len(v.Outlook.Next) > 0 {
		t.Errorf("%d findings, %d slots foreseen: %v", len(v.Findings), len(v.Outlook.Next), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("2,003 rules cost %d bytes", took)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if v, err := k.Preview(gone, sound()); err == nil || len(v.Outlook.Next) > 0 {
		t.Errorf("foreseen for nobody: %v", err)
	}
}
