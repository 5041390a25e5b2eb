package policy

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Fields of a policy of our own, as forms and findings name them. Those of a
// rule are made by RuleField.
const (
	FieldName      = "name"
	FieldServers   = "servers"
	FieldZone      = "zone"
	FieldMissed    = "missed"
	FieldWindow    = "window"
	FieldLongest   = "longest"
	FieldStripes   = "stripes"
	FieldCopyOnly  = "copyonly"
	FieldVerify    = "verify"
	FieldBucket    = "bucket"
	FieldObjective = "objective"
)

// RuleField names a part of a rule, "cron" or "keep", such as full.cron.
func RuleField(k backup.Kind, part string) string { return string(k) + "." + part }

const (
	mostServers  = 500
	mostRules    = 8  // three make sense; what is wrong with a few more is told one by one
	mostStripes  = 64 // BACKUP DATABASE takes 64 devices
	mostWindow   = 7 * 24 * time.Hour
	leastLongest = 10 * time.Minute
	mostLongest  = 30 * 24 * time.Hour
	mostKeepDays = 36500
	mostKept     = 100_000
)

// Facts are what is known of the world a policy meets. What is zero is not
// known and not judged.
type Facts struct {
	Took           map[backup.Kind]time.Duration // by the last backups, the longest of each kind
	Simple, Logged int                           // chosen databases in recovery model SIMPLE, and in others
	ServersGone    []string                      // chosen ones that do not exist
	BucketGone     bool                          // the chosen one does not exist
	Overlaps       []Overlap                     // other policies in use that choose some of the same databases
	Lacking        map[string]endpoint.Lacks     // chosen servers at which something cannot be ordered, by their names
}

// Overlap is another policy that takes backups of databases of this one.
type Overlap struct {
	Policy    string // its name
	Databases string // some of them, for people
}

// Check judges a policy: what bars it first, field by field, and what somebody
// may want who knows better.
func Check(p Policy, f Facts, now time.Time) []Finding {
	c := &check{policy: p, facts: f}
	c.plain()
	c.rules()
	if Barred(c.out) {
		return c.out
	}
	cal, err := NewCalendar(p)
	if err != nil {
		c.bar("", err)
		return c.out
	}
	c.promises(cal, now)
	return c.out
}

type check struct {
	policy Policy
	facts  Facts
	out    []Finding
}

func (c *check) bars(field string, text, fix words.Text) {
	c.out = append(c.out, Finding{field, true, text, fix})
}
func (c *check) warn(field string, text, fix words.Text) {
	c.out = append(c.out, Finding{field, false, text, fix})
}

// bar is bars with the sentences of an error.
func (c *check) bar(field string, err error) {
	if err == nil {
		return
	}
	text, fix := fault.Texts(err)
	var o *fault.Error
	if !errors.As(err, &o) {
		text = words.Plain(err.Error())
	}
	c.bars(field, text, fix)
}

// plain checks what each field is for itself.
func (c *check) plain() {
	p := &c.policy
	if name := strings.TrimSpace(p.Name); name == "" || len(name) > 100 || name != p.Name {
		c.bars(FieldName, words.Say("The policy needs a name of at most 100 bytes."), words.Say("Give it the name your colleagues know it by."))
	}
	switch n := len(p.Servers); {
	case n == 0:
		c.bars(FieldServers, words.Say("The policy looks after no server."), words.Say("Choose at least one."))
	case n > mostServers:
		c.bars(FieldServers, words.Say("%d servers are too many for one policy.", n), words.Say("Make several policies of at most %d.", mostServers))
	}
	seen := map[string]bool{}
	for _, s := range p.Servers {
		if seen[s] {
			c.bars(FieldServers, words.Say("A server is chosen twice."), words.Say("Choose it once."))
		}
		seen[s] = true
	}
	if n := len(c.facts.ServersGone); n > 0 {
		c.bars(FieldServers, words.Say("%d of the chosen servers do not exist any more.", n), words.Say("Choose others."))
	}
	c.lacking()
	c.bar(FieldDatabases, p.Databases.Check())
	_, err := LoadZone(p.Zone)
	c.bar(FieldZone, err)
	if means, ok := turned(p.Zone); ok && err == nil {
		c.warn(FieldZone, words.Say("%s means %s: the signs of these names are the reverse of what is usual.", p.Zone, means), words.Say("Choose a place, such as Asia/Shanghai, unless that is what you mean."))
	}
	for _, o := range c.facts.Overlaps {
		c.warn(FieldDatabases, words.Say("The policy %s takes backups of some of the same databases too (%s): both take fulls that the other's differentials build on, and share the log chain.", o.Policy, o.Databases), words.Say("Let one policy look after a database, or make one of them copy-only."))
	}
	switch {
	case p.Missed != MissedLate && p.Missed != MissedSkip:
		c.bars(FieldMissed, words.Say("%q is not a way to deal with missed times.", p.Missed), words.Say("Choose late or skip."))
	case p.Window < 0 || p.Window > mostWindow:
		c.bars(FieldWindow, words.Say("The window is out of range."), words.Say("Choose one minute to seven days."))
	case p.Missed == MissedLate && p.Window < onTime:
		c.bars(FieldWindow, words.Say("What starts late needs a window in which it may."), words.Say("Choose at least one minute, or let missed times be skipped."))
	}
	if p.How.Stripes < 0 || p.How.Stripes > mostStripes {
		c.bars(FieldStripes, words.Say("A backup set has 1 to %d stripes.", mostStripes), words.Say("Choose a number in between."))
	}
	c.out = append(c.out, p.How.Wrong()...)
	if p.Longest != 0 && (p.Longest < leastLongest || p.Longest > mostLongest) {
		c.bars(FieldLongest, words.Say("A run may take %s to %s.", words.Span(leastLongest), words.Span(mostLongest)), words.Say("Choose a time in between, or leave it empty for %s.", words.Span(UsualLongest)))
	}
	if p.Objective < 0 {
		c.bars(FieldObjective, words.Say("The objective is negative."), words.Say("Leave it empty to promise nothing."))
	}
	if c.facts.BucketGone {
		c.bars(FieldBucket, words.Say("The chosen bucket does not exist any more."), words.Say("Choose another one, or let the sets stay in the server's folder."))
	}
}

// rules checks each rule, and that they make sense together.
func (c *check) rules() {
	p := &c.policy
	if n := len(p.Rules); n > mostRules {
		c.bars("", words.Say("%d rules are too many for one policy.", n), words.Say("Make one for each kind: full, differential and log."))
		return
	}
	seen := map[backup.Kind]bool{}
	for _, r := range p.Rules {
		if r.Kind != backup.Full && r.Kind != backup.Differential && r.Kind != backup.Log {
			c.bars("", words.Say("%q is not a kind of backup.", r.Kind), words.Say("Choose full, differential or log."))
			continue
		}
		if seen[r.Kind] {
			c.bars(RuleField(r.Kind, "cron"), words.Say("There are two rules for %s backups.", r.Kind), words.Say("Make one of them."))
		}
		seen[r.Kind] = true
		_, err := parseCron(r.Cron)
		c.bar(RuleField(r.Kind, "cron"), err)
		k := r.Keep
		for _, n := range []int{k.Count, k.Daily, k.Weekly, k.Monthly, k.Yearly} {
			if n < 0 || n > mostKept {
				c.bars(RuleField(r.Kind, "keep"), words.Say("%d is not a number of sets to keep.", n), words.Say("Choose 0 to %d.", mostKept))
			}
		}
		if k.Days < 0 || k.Days > mostKeepDays {
			c.bars(RuleField(r.Kind, "keep"), words.Say("%d is not a number of days to keep sets.", k.Days), words.Say("Choose 0 to %d.", mostKeepDays))
		}
	}
	if !seen[backup.Full] {
		text := words.Say("Without full backups nothing can be restored: differential and log backups build on them.")
		if len(p.Rules) == 0 {
			text = words.Say("The policy has no rule.")
		}
		c.bars(RuleField(backup.Full, "cron"), text, words.Say("Say when full backups are taken, such as 30 2 * * 0."))
	}
	if p.How.CopyOnly && seen[backup.Differential] {
		c.bars(FieldCopyOnly, words.Say("No differential can build on copy-only full backups: these would build on whatever full another tool takes."), words.Say("Take plain full backups, or no differentials."))
	}
	if p.How.CopyOnly && seen[backup.Log] {
		c.warn(FieldCopyOnly, words.Say("Copy-only log backups cut nothing: the databases' logs grow until another tool backs them up."), words.Text{})
	}
	if seen[backup.Log] && c.facts.Simple > 0 {
		if c.facts.Logged == 0 {
			c.warn(RuleField(backup.Log, "cron"), words.Say("Every chosen database is in recovery model SIMPLE, which has no log backups: this rule does nothing for now."), words.Say("Set the databases to FULL, or leave the rule out."))
		} else {
			c.warn(RuleField(backup.Log, "cron"), words.Say("%d of the chosen databases are in recovery model SIMPLE and get no log backups.", c.facts.Simple), words.Text{})
		}
	}
}

// promises compares what the rules give with what is expected of them.
func (c *check) promises(cal *Calendar, now time.Time) {
	p := &c.policy
	gap := map[backup.Kind]time.Duration{}
	for _, r := range p.Rules {
		gap[r.Kind] = cal.LongestGap(now, r.Kind)
		if took := c.facts.Took[r.Kind]; took > 0 {
			if p.Missed == MissedLate && p.Window < took {
				c.warn(FieldWindow, words.Say("The last %s backup took %s, longer than the window of %s: one that waits for another may come too late.", r.Kind, words.Span(took), words.Span(p.Window)), words.Say("Choose a longer window."))
			}
			if longest := cmp.Or(p.Longest, UsualLongest); longest < took*2 {
				c.warn(FieldLongest, words.Say("The last %s backup took %s, and a run ends as failed after %s.", r.Kind, words.Span(took), words.Span(longest)), words.Say("Let runs take at least twice as long as they usually do."))
			}
			if next := cal.shortestGap(now, r.Kind); next > 0 && next < took {
				c.warn(RuleField(r.Kind, "cron"), words.Say("The last %s backup took %s, and the next comes %s after it: it would have to wait.", r.Kind, words.Span(took), words.Span(next)), words.Say("Take them less often."))
			}
		}
	}
	full, _ := p.Rule(backup.Full)
	if onlyDays(full.Keep) && days(full.Keep.Days) < gap[backup.Full] {
		c.warn(RuleField(backup.Full, "keep"), words.Say("Full backups are kept %s and come up to %s apart: the last one would go before the next is there. It is kept until that one is complete.", words.Span(days(full.Keep.Days)), words.Span(gap[backup.Full])), words.Say("Keep them longer, or by number."))
	}
	if log, ok := p.Rule(backup.Log); ok && onlyDays(log.Keep) {
		if days(log.Keep.Days) < gap[backup.Full] {
			c.warn(RuleField(backup.Log, "keep"), words.Say("Log backups are kept %s and full backups come up to %s apart: of older full backups only their own moment can be restored, none in between.", words.Span(days(log.Keep.Days)), words.Span(gap[backup.Full])), words.Say("Keep logs at least as long as full backups are apart."))
		}
		if onlyDays(full.Keep) && log.Keep.Days > full.Keep.Days {
			c.warn(RuleField(backup.Log, "keep"), words.Say("Log backups are kept longer than full backups: the full backups that they need stay as long."), words.Text{})
		}
	}
	logged, simple := cal.WorstRPO(now, c.facts.Took)
	if p.Objective <= 0 {
		return
	}
	_, logs := p.Rule(backup.Log)
	switch {
	case logged > p.Objective:
		c.warn(FieldObjective, words.Say("These rules can lose up to %s of changes; the objective is %s.", words.Span(logged), words.Span(p.Objective)), words.Say("Take log backups more often, or promise less."))
	case logs && simple > p.Objective && c.facts.Simple > 0:
		c.warn(FieldObjective, words.Say("Databases in recovery model SIMPLE get no log backups and can lose up to %s; the objective is %s.", words.Span(simple), words.Span(p.Objective)), words.Text{})
	}
}

func onlyDays(k Keep) bool { return k.Days > 0 && k == Keep{Days: k.Days} }

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
