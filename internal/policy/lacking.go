package policy

import (
	"maps"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

// lacking judges what cannot be ordered at some of the servers.
func (c *check) lacking() {
	p := c.policy
	for _, name := range slices.Sorted(maps.Keys(c.facts.Lacking)) {
		lacks := c.facts.Lacking[name]
		if lacks.Verify && p.How.Verify {
			c.bars(FieldVerify, words.Say("%s cannot read a backup through after it was taken, and what is not verified would never make an older one go.", name), words.Say("Leave verifying out, or make a policy of its own for it."))
		}
		if lacks.Keys {
			c.out = append(c.out, p.How.keyless(name)...)
		}
		if lacks.CopyOnly && p.How.CopyOnly {
			c.bars(FieldCopyOnly, words.Say("%s takes no copy-only backups.", name), words.Say("Leave copy-only out."))
		}
		if _, logs := p.Rule(backup.Log); logs && lacks.Logs {
			c.warn("log.cron", words.Say("The service of %s takes its log backups by itself: this rule takes none there.", name), words.Say("It is harmless where other servers are chosen too; else leave the rule out."))
		}
		if lacks.Stripes && p.How.Stripes > mostPattern {
			c.bars(FieldStripes, words.Say("%s takes a backup over at most %d files.", name, mostPattern), words.Say("Choose 1 to %d.", mostPattern))
		}
	}
}

// mostPattern is how many files a set may have where their names are made of a
// pattern.
const mostPattern = 10
