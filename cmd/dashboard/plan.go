package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// PlanCmd tells in which order backups restore a database, what is left out
// and why, and what is missing. Several databases give several plans.
//
// It exits with 0 when every plan is whole, with 3 when something is missing
// or must be chosen, or a given backup could not be read, and with 1 when
// there is nothing to plan for. The shape of --json is that of plansJSON.
type PlanCmd struct {
	JSON     bool     `name:"json" help:"Print the plans as JSON."`
	StopAt   string   `name:"stopat" placeholder:"TIME" help:"Restore to this moment: 2026-11-20T01:00:00Z, or without a zone on the clock of the server that made the backups; a zone needs backups that tell theirs."`
	Headers  string   `name:"headers" type:"path" placeholder:"FILE.json" help:"Read an array of rows of RESTORE HEADERONLY instead of backup files."`
	Database string   `name:"database" placeholder:"NAME" help:"Plan only for the database of this name."`
	Base     string   `name:"base" placeholder:"GUID" help:"Begin with the full backup that has this BackupSetGUID."`
	Fork     string   `name:"fork" placeholder:"GUID" help:"End on this recovery fork."`
	Files    []string `arg:"" optional:"" name:"file" help:"Backup files."`
}

// unreadable is a given file that is no backup we can read.
type unreadable struct {
	File  string `json:"file"`
	Error string `json:"error"`
	Fix   string `json:"fix"`

	matters bool // it is, or may be, a backup
}

// Run prints to the standard output.
func (c *PlanCmd) Run() error { return c.print(os.Stdout, os.Stderr) }

func (c *PlanCmd) print(out, errs io.Writer) error {
	sets, bad, err := c.sets()
	if err != nil {
		return err
	}
	for _, b := range bad {
		sayLine(errs, "%s: %s %s", b.File, b.Error, b.Fix)
	}
	options, err := c.options(sets)
	if err != nil {
		return err
	}
	plans := c.wanted(sets, options)
	if c.JSON {
		if err := printJSON(out, newPlansJSON(plans, bad, options.StopAt != nil)); err != nil {
			return err
		}
	} else {
		for i := range plans {
			if i > 0 {
				fmt.Fprintln(out)
			}
			printPlan(out, &plans[i])
		}
	}
	if len(plans) == 0 {
		if c.Database != "" && len(sets) > 0 {
			sayLine(errs, "None of these backups is of a database named %s.", c.Database)
		}
		return exit(1)
	}
	for _, p := range plans {
		if !p.Whole() {
			return exit(3)
		}
	}
	for _, b := range bad {
		if b.matters {
			return exit(3)
		}
	}
	return nil
}

func (c *PlanCmd) sets() ([]backup.Set, []unreadable, error) {
	switch {
	case c.Headers != "" && len(c.Files) > 0:
		return nil, nil, fault.New(fault.Invalid, "Backup files and --headers were both given.", "Give one or the other.")
	case c.Headers != "":
		in, err := os.Open(c.Headers)
		if err != nil {
			return nil, nil, fault.New(fault.NotFound, "The file of headers cannot be opened.", "Check the path given to --headers.").Because(err)
		}
		defer in.Close()
		sets, err := backup.FromHeaders(in)
		return sets, nil, err
	case len(c.Files) == 0:
		return nil, nil, fault.New(fault.Invalid, "No backup files were given.", "Name the files, or use --headers FILE.json.")
	}
	var read []backup.ReadFile
	var bad []unreadable
	for _, path := range c.Files {
		f, err := readBackup(path)
		if err != nil {
			message, fix := fault.Words(err)
			why := bakfile.ReasonOf(err)
			bad = append(bad, unreadable{path, message, fix, why != bakfile.NotBackup && why != bakfile.OtherTape})
			continue
		}
		read = append(read, backup.ReadFile{Name: filepath.Base(path), File: f})
	}
	return backup.FromFiles(read), bad, nil
}

func (c *PlanCmd) options(sets []backup.Set) (o backup.Options, err error) {
	if c.Base != "" {
		if o.Base, err = bakfile.ParseGUID(c.Base); err != nil {
			return o, fault.New(fault.Invalid, "--base is not a GUID.", "Give the BackupSetGUID of a full backup.").Because(err)
		}
	}
	if c.Fork != "" {
		if o.Fork, err = bakfile.ParseGUID(c.Fork); err != nil {
			return o, fault.New(fault.Invalid, "--fork is not a GUID.", "Give a RecoveryForkID.").Because(err)
		}
	}
	if c.StopAt != "" {
		at, onClock, err := stopTime(c.StopAt, sets)
		if err != nil {
			return o, err
		}
		o.StopAt, o.Clock = &at, onClock
	}
	return o, nil
}

// wanted are the plans for the database asked for. Its name also decides
// between forks that live under different names.
func (c *PlanCmd) wanted(sets []backup.Set, o backup.Options) []backup.Plan {
	plans := backup.Plans(sets, o)
	if c.Database == "" {
		return plans
	}
	var wanted []backup.Plan
	for _, p := range plans {
		if !concerns(&p, c.Database) {
			continue
		}
		if fork, ok := forkOf(p.Choice, c.Database); ok {
			left := o
			left.Fork = fork
			for _, q := range backup.Plans(sets, left) {
				if q.Family == p.Family {
					p = q
				}
			}
		}
		wanted = append(wanted, p)
	}
	return wanted
}

// forkOf is the only candidate whose database has the name.
func forkOf(c *backup.Choice, database string) (fork backup.GUID, ok bool) {
	if c == nil {
		return fork, false
	}
	for _, k := range c.Candidates {
		if strings.EqualFold(k.Database, database) {
			if ok {
				return fork, false
			}
			fork, ok = k.Fork, true
		}
	}
	return fork, ok
}

func concerns(p *backup.Plan, database string) bool {
	if strings.EqualFold(p.Database, database) {
		return true
	}
	for _, s := range p.Steps {
		if strings.EqualFold(s.Set.Database, database) {
			return true
		}
	}
	for _, l := range p.LeftOut {
		if strings.EqualFold(l.Set.Database, database) {
			return true
		}
	}
	return false
}

func printPlan(out io.Writer, p *backup.Plan) {
	sayLine(out, "%s (family %s)", orUnknown(p.Database), p.Family)
	if len(p.Steps) > 0 {
		fmt.Fprintln(out, "  apply in this order:")
	}
	for i, s := range p.Steps {
		sayLine(out, "  %3d. %s", i+1, setLabel(s.Set))
		sayLine(out, "       %s of %s, %s, LSN %s to %s%s", s.Set.Kind, s.Set.Database,
			momentText(s.Set.Finished), s.Join.First, s.Join.Last, joinText(s))
	}
	if len(p.Steps) > 0 {
		sayLine(out, "  reaches LSN %s on recovery fork %s", p.Reaches, p.Fork)
	}
	for _, n := range p.Notes {
		sayLine(out, "  note: %s", n)
	}
	if len(p.LeftOut) > 0 {
		fmt.Fprintln(out, "  left out:")
	}
	for _, l := range p.LeftOut {
		sayLine(out, "    %s: %s", setLabel(l.Set), l.Words)
	}
	if p.Choice != nil {
		sayLine(out, "  to choose: %s %s", p.Choice.Words, p.Choice.Fix)
		for _, c := range p.Choice.Candidates {
			sayLine(out, "    --fork %s: %s on %s, %d sets, to LSN %s, %s", c.Fork, c.Database, orUnknown(c.Server), c.Sets, c.Reaches, momentText(c.Finished))
		}
	}
	if len(p.Missing) > 0 {
		fmt.Fprintln(out, "  missing:")
	}
	for _, m := range p.Missing {
		sayLine(out, "    %s %s", m.Words, m.Fix)
	}
	if p.Whole() {
		fmt.Fprintln(out, "  The chain is whole.")
	}
}

func joinText(s backup.Step) string {
	if s.Set.Kind != backup.Log {
		return ""
	}
	text := ", overlaps what is there"
	if s.Join.Exact {
		text = ", joins exactly"
	}
	if s.StopAt {
		text += ", WITH STOPAT"
	}
	return text
}

// setLabel names a set by its files, or by its row among headers.
func setLabel(s *backup.Set) string {
	var names []string
	for _, f := range s.Files {
		name := f.Name
		if name == "" {
			name = fmt.Sprintf("row %d", f.Row)
		}
		if f.Position > 1 {
			name += fmt.Sprintf(" (set %d)", f.Position)
		}
		names = append(names, name)
	}
	label := strings.Join(names, " + ")
	if n := s.FileSize(); n > 0 {
		label += ", " + words.Bytes(n).String()
	}
	return label
}

func momentText(m backup.Moment) string {
	if m.IsZero() {
		return "time unknown"
	}
	if m.Adrift {
		return m.UTC.Format(time.DateTime) + " UTC"
	}
	text := m.Local.Format(time.DateTime) + " local"
	if m.UTC != nil {
		text += ", " + m.UTC.Format(time.DateTime) + " UTC"
	}
	return text
}
