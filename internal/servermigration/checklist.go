package servermigration

import (
	"context"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Item is a line of a checklist that a person ticks.
type Item struct {
	Key  string
	Text words.Text
}

// BeforeComplete is what has to be done on the source server before a job is
// completed; all of it is ticked by somebody first. databases: a SQL Server that
// is known lives on it.
func BeforeComplete(s Server, databases bool) []Item {
	all := []Item{{"services", words.Say("The applications on the source server are stopped, so that nothing is written any more.")}}
	if databases {
		all = append(all,
			Item{"backup", words.Say("A last backup of its databases is taken.")},
			Item{"sql-stopped", words.Say("The SQL Server service is stopped: files that change while they are copied break the copy.")})
	}
	return append(all,
		Item{"synchronised", words.Say("What was written last is synchronised, or one last synchronisation is ordered with the completion.")},
		Item{"tried", words.Say("An image was tried or verified.")})
}

// AfterMove is what nobody does for a person after a server has moved (help page
// on incremental migration, and the FAQ on moved servers).
func AfterMove(s Server, databases bool) []Item {
	all := []Item{{"address", words.Say("The new addresses stand in connection strings, firewalls and allow-lists.")},
		{"dns", words.Say("Names resolve to the new address; the ICP filing names it where one is needed.")}}
	if s.Windows() {
		all = append(all,
			Item{"drives", words.Say("Drive letters are as before; where they are not, C:\\go2aliyun_prepare\\go2aliyun_restore.exe restores them. Its repair of file rights has ended.")},
			Item{"licence", words.Say("Windows is activated: with slmgr /upk and /ipk and the cloud's KMS, or by a licence of your own.")})
	} else {
		all = append(all, Item{"mounts", words.Say("Data disks are mounted, swap is on, and network interfaces have the names that settings use.")})
	}
	if databases {
		all = append(all, Item{"sql", words.Say("SQL Server runs, its databases are online, and their backups run at the new server.")})
	}
	return append(all,
		Item{"started", words.Say("Services and applications that do not start by themselves are started.")},
		Item{"leftovers", words.Say("The job is deleted, and instances made to try, old images and the source are removed when nobody needs them.")})
}

// AllTicked reports which items of a list nobody has ticked.
func AllTicked(list []Item, ticks []Tick) (missing []Item) {
next:
	for _, i := range list {
		for _, t := range ticks {
			if t.Item == i.Key {
				continue next
			}
		}
		missing = append(missing, i)
	}
	return missing
}

// Mark notes that somebody made a line of a job's checklists true, or takes that
// back.
func (d *Desk) Mark(ctx context.Context, accountID, jobID, item string, done bool, who audit.Actor) error {
	k, err := d.Store.Job(ctx, accountID, jobID)
	if err != nil {
		return err
	}
	s, err := d.Store.Server(ctx, accountID, k.SourceID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	databases := s.InstanceID != ""
	for _, i := range append(BeforeComplete(s.Server, databases), AfterMove(s.Server, databases)...) {
		if i.Key != item {
			continue
		}
		said := "Ticked: "
		if !done {
			said = "Took the tick back: "
		}
		now := d.Now()
		return d.Store.Tick(ctx, accountID, jobID, Tick{Item: item, By: who.Name, At: now}, done, audit.New(who, now, "server.tick", "server-job/"+jobID, said+i.Text.String()))
	}
	return fault.New(fault.Invalid, "This line is on no checklist of the job.", "Load the page again.")
}
