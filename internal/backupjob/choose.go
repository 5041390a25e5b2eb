package backupjob

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// Mover is a live migration under way from a server.
type Mover struct {
	MigrationID string
	Database    string // at the source
	Target      string // name at the target, for sentences
	CuttingOver bool   // the cutover was ordered, or writes are frozen
}

// Choose decides which databases of a server a run backs up, in which order
// and how, and which are left out and why. Databases that a person named and
// that are not there fail.
//
// Full and differential backups: what was never backed up comes first, then
// the biggest, so that no big one is left alone at the end. Logs: the oldest
// last log first, because that database stands to lose most.
func Choose(s Plan, have []backup.Database, movers []Mover, held map[string]Holding) []Order {
	var open, rest []Order
	at := map[string]backup.Database{}
	for _, d := range have {
		at[d.Name] = d
		o, listed := consider(s, d, moverOf(movers, d.Name, s.Collation), held[d.Name])
		switch {
		case !listed:
		case o.Ended():
			rest = append(rest, o)
		default:
			open = append(open, o)
		}
	}
	for _, name := range s.Job.Databases {
		if !slices.ContainsFunc(have, func(d backup.Database) bool { return s.Collation.Same(d.Name, name) }) {
			rest = append(rest, Order{Database: name, Kind: s.Job.Kind, State: OrderFailed,
				Message: words.Say("There is no database %s on the server.", name), Fix: words.Say("It was dropped or renamed, or the login may not see it.")})
		}
	}
	slices.SortStableFunc(open, func(a, b Order) int { return before(s.Job.Kind, at[a.Database], at[b.Database]) })
	out := slices.Concat(open, rest)
	for i := range out {
		out[i].Ord = i + 1
	}
	return out
}

func before(kind backup.Kind, a, b backup.Database) int {
	if kind == backup.Log {
		return cmp.Or(a.LastLog.Compare(b.LastLog), strings.Compare(a.Name, b.Name))
	}
	never := func(d backup.Database) int {
		if d.LastFull.IsZero() {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(never(a), never(b)), cmp.Compare(b.DataBytes, a.DataBytes), strings.Compare(a.Name, b.Name))
}

func moverOf(movers []Mover, database string, by tsql.Collation) *Mover {
	for i := range movers {
		if by.Same(movers[i].Database, database) {
			return &movers[i]
		}
	}
	return nil
}

// consider decides about one database; listed is false when nothing is to be
// said of it.
func consider(s Plan, d backup.Database, m *Mover, h Holding) (o Order, listed bool) {
	o = Order{Database: d.Name, Kind: s.Job.Kind, CopyOnly: s.How.CopyOnly && s.Job.Kind != backup.Differential, Bytes: d.DataBytes, State: OrderOpen}
	leave := func(why words.Text) (Order, bool) {
		o.State, o.Message = OrderLeftOut, why
		return o, true
	}
	if len(s.Job.Databases) > 0 {
		if !slices.ContainsFunc(s.Job.Databases, func(n string) bool { return s.Collation.Same(n, d.Name) }) {
			return o, false
		}
		if strings.EqualFold(d.Name, "tempdb") {
			return leave(words.Say("tempdb is never backed up."))
		}
	} else if chosen, why := s.Selection.Chooses(d.Name, s.Collation); !chosen {
		if s.Selection.Excludes(d.Name, s.Collation) {
			return leave(words.Plain(sentence(why)))
		}
		return o, false
	}
	if why := d.Closed(); why != "" {
		return leave(words.Text{Format: why})
	}
	switch d.State {
	case "ONLINE":
	case "RECOVERING":
		return leave(words.Say("It is %s.", d.State))
	default: // RECOVERY_PENDING, SUSPECT, EMERGENCY
		o.State, o.Message = OrderFailed, words.Say("%s is %s and cannot be backed up.", d.Name, d.State)
		o.Fix = words.Say("Look at the server's error log; what it held is in its older backups.")
		return o, true
	}
	switch {
	case s.Lacks.Logs && o.Kind == backup.Log && !s.CopiesLogs:
		return leave(words.Say("The service of %s takes its log backups by itself.", s.Server))
	case s.Lacks.CopyOnly && o.CopyOnly:
		o.State, o.Message = OrderFailed, words.Say("No copy-only backup can be ordered at %s.", s.Server)
		o.Fix = words.Say("Leave copy-only out: the backup is a base for differentials then.")
		return o, true
	case s.Lacks.CopyOnly && m != nil && o.Kind == backup.Full:
		return leave(words.Say("Left alone: migration %s builds on its own full backup, and a copy-only one cannot be ordered here.", m.MigrationID))
	}
	share := d.ShareOf(o.Kind, o.CopyOnly)
	switch {
	case share.Failed:
		o.State, o.Message, o.Fix = OrderFailed, share.Why, words.Say("Retry when the group has a primary replica again.")
		return o, true
	case !share.Take:
		return leave(share.Why)
	}
	if policy.IsSystem(d.Name) && o.Kind != backup.Full {
		if d.RecoveryModel == "SIMPLE" || strings.EqualFold(d.Name, "master") {
			return leave(words.Say("System databases get full backups only."))
		}
	}
	if m != nil {
		if m.CuttingOver {
			return leave(words.Say("Left alone: migration %s to %s is cutting over.", m.MigrationID, m.Target))
		}
		if o.Kind == backup.Log && !o.CopyOnly {
			return leave(words.Say("Left to migration %s, which takes its log backups.", m.MigrationID))
		}
	}
	if o.State == OrderOpen {
		o = build(o, s, d, h)
	}
	if o.State == OrderOpen && !share.Why.IsZero() {
		o.Note = words.Join(o.Note, share.Why)
	}
	if o.State == OrderOpen && m != nil && o.Kind == backup.Full && !o.CopyOnly {
		o.CopyOnly = true
		o.Note = words.Join(o.Note, words.Say("Copy-only: migration %s builds on its own full backup.", m.MigrationID))
	}
	return o, true
}

// build looks whether there is something to build on. The engine is asked, which
// knows when a database was made anew, restored over or only copied, whatever
// msdb has under its name; and the catalogue, whether that can be restored from.
func build(o Order, s Plan, d backup.Database, h Holding) Order {
	leave := func(why words.Text) Order {
		o.State, o.Message = OrderLeftOut, why
		return o
	}
	first := func(why words.Text) Order {
		switch {
		case s.FullFirst:
			o.Kind, o.CopyOnly, o.Note = backup.Full, false, words.Say("%s A full backup is taken first.", why)
		default:
			o.State, o.Message, o.Fix = OrderFailed, why, words.Say("Take a full backup first, not copy-only.")
		}
		return o
	}
	switch o.Kind {
	case backup.Differential:
		switch {
		case d.BaseTold && d.BaseGUID.IsZero():
			return first(words.Say("The engine knows no full backup to build on: copy-only ones are none, nor those of what had this name before."))
		case h.Base == BaseLost:
			return first(words.Say("Nothing can be restored from the full backup that a differential would build on, of %s: a snapshot or on another device, broken, or gone.", d.BaseAt.UTC().Format("2006-01-02 15:04 UTC")))
		case h.Base == BaseHere, d.InAvailabilityGroup && !d.BaseGUID.IsZero(): // of a group, it may be in another replica's history
		case d.LastFull.IsZero():
			return first(words.Say("There is no full backup to build on that is known here."))
		}
		if why := d.Exempt().NoDifferential; why != "" {
			return leave(words.Text{Format: why})
		}
	case backup.Log:
		switch why := d.Exempt().NoLog; {
		case why != "":
			return leave(words.Text{Format: why})
		case d.Member != nil && d.Member.Role == backup.Secondary:
			// What its logs follow is in the primary's history.
		case d.LastLogBackupLSN.IsZero() && !d.Asleep:
			return first(words.Say("It is in recovery model %s in name only: no full backup began a log chain.", d.RecoveryModel))
		case s.CopiesLogs && !h.Full:
			return first(words.Say("There is no full backup in a bucket that copies of its log backups could follow."))
		case (h.NoFull || d.LastFull.IsZero() && !h.Full) && !d.InAvailabilityGroup:
			return first(words.Say("No full backup that its log backups could follow can be restored from."))
		}
	}
	return o
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:]) + "."
}

// chosen words a choice.
func chosen(orders []Order) words.Text {
	var open int
	var left []string
	for _, o := range orders {
		switch o.State {
		case OrderOpen:
			open++
		default:
			left = append(left, fmt.Sprintf("%s (%s)", o.Database, bare(o.Message.String())))
		}
	}
	text := words.Say("%s backed up.", words.Count(open, "database is", "databases are"))
	if len(left) > 0 {
		text = words.Join(text, words.Say("Left out: %s.", few(left)))
	}
	return text
}
