package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// InspectCmd tells what backup files really are, from their headers.
//
// With --json it prints one object keyed by file base name. A value is a
// bakfile.Description: the facts of RESTORE LABELONLY ("media"), HEADERONLY
// ("sets") and FILELISTONLY ("files" of a set), null where unknown. A file
// that cannot be read has {"error": "…", "fix": "…"} instead. Files of the
// same base name are told apart by their paths.
//
// It exits with 1 when a file could not be read, after telling of all others.
type InspectCmd struct {
	JSON  bool     `name:"json" help:"Print one JSON object, keyed by file name."`
	Files []string `arg:"" name:"file" help:"Backup files."`
}

// Run prints to the standard output.
func (c *InspectCmd) Run() error { return c.print(os.Stdout, os.Stderr) }

func (c *InspectCmd) print(out, errs io.Writer) error {
	failed := false
	described := map[string]any{}
	for i, path := range c.Files {
		f, err := readBackup(path)
		if err != nil {
			failed = true
			message, fix := fault.Words(err)
			described[c.key(path)] = map[string]string{"error": message, "fix": fix}
			sayLine(errs, "%s: %s %s", path, message, fix)
			continue
		}
		described[c.key(path)] = f.Describe()
		if !c.JSON {
			if i > 0 {
				fmt.Fprintln(out)
			}
			printFile(out, path, f)
		}
	}
	if c.JSON {
		if err := printJSON(out, described); err != nil {
			return err
		}
	}
	if failed {
		return exit(1)
	}
	return nil
}

// key is the file's base name, or its path where another file has that name.
func (c *InspectCmd) key(path string) string {
	base := filepath.Base(path)
	for _, other := range c.Files {
		if other != path && filepath.Base(other) == base {
			return path
		}
	}
	return base
}

// printJSON prints v; characters that steer a terminal or cannot be seen are
// written as \u escapes, which programs read as the same text.
func printJSON(out io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := out.Write(words.VisibleJSON(b.Bytes()))
	return err
}

// sayLine prints one line for people. Names in it come from files and servers:
// none of them may end the line or steer the terminal.
func sayLine(out io.Writer, format string, args ...any) {
	fmt.Fprintln(out, words.Visible(fmt.Sprintf(format, args...)))
}

// sayField prints a line of a table: the name of a fact and the fact.
func sayField(out io.Writer, name, format string, args ...any) {
	fmt.Fprintf(out, "  %s\t%s\n", name, words.Visible(fmt.Sprintf(format, args...)))
}

// readBackup reads the header of the file at path. Its errors are faults.
func readBackup(path string) (*bakfile.File, error) {
	in, err := os.Open(path)
	if err != nil {
		kind, what := fault.Invalid, "The file cannot be opened."
		switch {
		case os.IsNotExist(err):
			kind, what = fault.NotFound, "There is no such file."
		case os.IsPermission(err):
			kind, what = fault.Denied, "The file may not be read by this user."
		}
		return nil, fault.New(kind, what, "Check the path and the rights on it.").Because(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, fault.New(fault.Unavailable, "The file cannot be looked at.", "Check the disk or share it lies on.").Because(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "This is a folder or a device, not a file.", "Name the backup files themselves.")
	}
	f, err := bakfile.Read(in, info.Size())
	if err != nil && fault.Of(err) == fault.Unknown {
		return nil, fault.New(fault.Unavailable, "The file cannot be read.", "Check the disk or share it lies on, and that nobody is writing the file.").Because(err)
	}
	return f, err
}

func printFile(out io.Writer, path string, f *bakfile.File) {
	sayLine(out, "%s: %s", filepath.Base(path), whatItIs(f))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	m := f.Media
	line := func(name, format string, args ...any) { sayField(w, name, format, args...) }
	line("file size", "%s (%s bytes), blocks of %d", words.Bytes(f.Size), words.Number(f.Size), m.PhysicalBlockSize)
	if m.FamilyCount > 1 {
		line("stripe", "%d of %d of media set %s: all are needed for a restore", m.FamilySequence, m.FamilyCount, m.SetGUID)
	} else {
		line("media set", "%s", m.SetGUID)
	}
	if m.Name != "" || m.Description != "" {
		line("media", "%s", strings.Trim(m.Name+", "+m.Description, ", "))
	}
	if f.Truncated {
		line("truncated", "the end of the file is missing or damaged; what stood only there is unknown, and more sets may have followed")
	}
	if f.TDEThumbprint != "" {
		line("encryption", "TDE, as far as can be told: a restore needs the certificate with the thumbprint 0x%s", strings.ToUpper(f.TDEThumbprint))
	}
	for i := range f.Sets {
		printSet(w, &f.Sets[i])
	}
	w.Flush()
}

func whatItIs(f *bakfile.File) string {
	what := "an uncompressed SQL Server backup"
	if f.Container == bakfile.Compressed {
		what = "a compressed SQL Server backup"
	}
	if len(f.Sets) > 1 {
		what += fmt.Sprintf(" with %d backup sets", len(f.Sets))
	}
	return what
}

func printSet(w io.Writer, s *bakfile.Set) {
	line := func(name, format string, args ...any) { sayField(w, name, format, args...) }
	line(fmt.Sprintf("set %d", s.Position), "%s of %s", s.Type, s.Database)
	if s.Name != "" || s.Description != "" {
		line("  name", "%s", strings.Trim(s.Name+", "+s.Description, ", "))
	}
	line("  server", "%s (%s %s), by %s", s.ServerName, s.Product(), s.Version(), s.UserName)
	line("  database", "version %d, compatibility level %d, recovery model %s, created %s",
		s.DatabaseVersion, s.CompatibilityLevel, orUnknown(string(s.RecoveryModel)), clockText(s.DatabaseCreated, nil))
	line("  started", "%s", clockText(s.Started, s.UTCOffset))
	line("  finished", "%s", clockText(s.Finished, s.UTCOffset))
	if s.LSNsTrustworthy {
		line("  LSN", "first %s, last %s, checkpoint %s", s.FirstLSN, s.LastLSN, s.CheckpointLSN)
	} else {
		line("  LSN", "unknown: this version of SQL Server writes them at the end of the file")
	}
	line("  full before it", "checkpoint %s", s.DatabaseBackupLSN)
	if s.Type.IsDifferential() {
		line("  based on", "full backup %s at LSN %s", s.DifferentialBaseGUID, s.DifferentialBaseLSN)
	}
	line("  backup set", "%s", s.SetGUID)
	line("  recovery fork", "%s", s.RecoveryForkID)
	if !s.ForkPointLSN.IsZero() {
		line("  forked", "at LSN %s from %s", s.ForkPointLSN, s.FirstRecoveryForkID)
	}
	line("  family", "%s", s.FamilyGUID)
	line("  size", "%s", sizes(s))
	if notes := setNotes(s); notes != "" {
		line("  notes", "%s", notes)
	}
	for _, f := range s.Files {
		kind := map[string]string{"D": "data", "L": "log"}[f.Type]
		line("  file", "%d %s, %s, %s, %s", f.FileID, orUnknown(kind), f.LogicalName, words.Bytes(f.Size), strings.TrimRight(f.PhysicalName, " "))
	}
}

func sizes(s *bakfile.Set) string {
	if !s.Complete {
		return "unknown"
	}
	text := words.Bytes(s.BackupSize).String()
	if s.IsCompressed {
		text += ", compressed " + words.Bytes(s.CompressedSize).String()
	}
	return text
}

func setNotes(s *bakfile.Set) string {
	var notes []string
	for _, n := range []struct {
		is   bool
		text string
	}{
		{s.HasChecksums, "with checksums"},
		{s.BeginsLogChain, "begins a log chain"},
		{s.LooksCopyOnly(), "copy-only"},
		{s.HasBulkLoggedData(), "holds minimally logged changes"},
		{s.IsTailLog(), "tail of the log"},
		{s.HasNoRecovery(), "taken WITH NORECOVERY: the database took no changes after it"},
		{s.HasIncompleteMetadata(), "metadata incomplete"},
		{s.IsSnapshot(), "snapshot: the data is elsewhere"},
		{s.IsDamaged(), "marked as damaged"},
		{!s.Complete, "cut off: cannot be restored"},
	} {
		if n.is {
			notes = append(notes, n.text)
		}
	}
	return strings.Join(notes, "; ")
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// clockText is the server's local time, with UTC beside it where known.
func clockText(t bakfile.LocalTime, offset *time.Duration) string {
	if t.IsZero() {
		return "unknown"
	}
	text := t.Format(time.DateTime) + " local"
	if offset != nil {
		text += ", " + t.Add(-*offset).Format(time.DateTime) + " UTC"
	}
	return text
}
