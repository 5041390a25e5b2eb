package audit

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// line is an entry as it is exported: one JSON object a line. Before and After
// are texts, since the chain is over their very bytes.
type line struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Name    string    `json:"actor"`
	Via     string    `json:"via"`
	Address string    `json:"address,omitempty"`
	Action  string    `json:"action"`
	Subject string    `json:"subject"`
	Summary string    `json:"summary"`
	Before  *string   `json:"before,omitempty"`
	After   *string   `json:"after,omitempty"`
	Prev    string    `json:"prev"`
	Hash    string    `json:"hash"`
}

func told(m json.RawMessage) *string {
	if m == nil {
		return nil
	}
	s := string(m)
	return &s
}

func (l line) entry() (e Entry, err error) {
	e = Entry{Seq: l.Seq, At: l.At, Actor: Actor{Name: l.Name, Via: l.Via, Address: l.Address}, Action: l.Action, Subject: l.Subject, Summary: l.Summary}
	if l.Before != nil {
		e.Before = json.RawMessage(*l.Before)
	}
	if l.After != nil {
		e.After = json.RawMessage(*l.After)
	}
	if e.Prev, err = ParseHash(l.Prev); err != nil {
		return e, err
	}
	e.Hash, err = ParseHash(l.Hash)
	return e, err
}

// Export writes entries, oldest first and at least one, into a file of a folder
// and returns its name, which has the numbers of the first and the last. It is
// on the disk, and was read again, when Export returns; a file of that name is
// written over.
func Export(folder string, all []Entry) (name string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make folder for exported audit entries: %w", err)
	}
	name = fmt.Sprintf("audit-%012d-%012d.jsonl.gz", all[0].Seq, all[len(all)-1].Seq)
	file := filepath.Join(folder, name)
	if err := write(file+".new", all); err != nil {
		return "", fmt.Errorf("export audit entries: %w", err)
	}
	i := 0
	err = Read(file+".new", func(e Entry) error {
		if i == len(all) || e.Hash != all[i].Hash {
			return errors.New("the file does not hold what was written")
		}
		i++
		return nil
	})
	if err == nil && i < len(all) {
		err = errors.New("the file does not hold all that was written")
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return "", fmt.Errorf("export audit entries: %w", err)
	}
	f, err := os.Open(folder)
	if err != nil {
		return "", fmt.Errorf("export audit entries: %w", err)
	}
	_ = f.Sync() // some file systems cannot; the rename is then as safe as they are
	return name, f.Close()
}

func write(file string, all []Entry) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	to := json.NewEncoder(z)
	for _, e := range all {
		err = to.Encode(line{Seq: e.Seq, At: e.At, Name: e.Actor.Name, Via: e.Actor.Via, Address: e.Actor.Address, Action: e.Action, Subject: e.Subject, Summary: e.Summary,
			Before: told(e.Before), After: told(e.After), Prev: e.Prev.String(), Hash: e.Hash.String()})
		if err != nil {
			break
		}
	}
	return errors.Join(err, z.Close(), f.Sync(), f.Close())
}

// Read hands the entries of an exported file to each.
func Read(file string, each func(Entry) error) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read exported audit entries: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(file), err)
	}
	from := json.NewDecoder(z)
	for {
		var l line
		err := from.Decode(&l)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", filepath.Base(file), err)
		}
		e, err := l.entry()
		if err == nil {
			err = each(e)
		}
		if err != nil {
			return err
		}
	}
}

// Exported walks over the exported files of a folder from the first entry on,
// which w must stand at, and leaves it at the last one. A folder without files
// leaves it where it is. Files may overlap: one may have been written before
// its entries were removed, and again. Its error is a *Broken where they are
// not whole.
func Exported(folder string, w *Walk, each func(Entry)) error {
	files, err := filepath.Glob(filepath.Join(folder, "audit-*.jsonl.gz"))
	if err != nil {
		return err
	}
	slices.Sort(files) // numbers in names have one length
	for _, f := range files {
		err := Read(f, func(e Entry) error {
			if e.Seq <= w.Seq {
				return nil
			}
			each(e)
			return w.Step(e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
