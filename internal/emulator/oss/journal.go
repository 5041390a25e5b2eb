package oss

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func (s *store) path() string { return filepath.Join(s.dir, "journal.jsonl") }

// replay reads the journal up to its end or the first torn line.
func (s *store) replay() error {
	f, err := os.Open(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var r record
		if dec.Decode(&r) != nil {
			return nil
		}
		_, _ = s.apply(r) // what is gone now was gone then
	}
}

// rewrite replaces the journal by the shortest one with the same result.
func (s *store) rewrite() error {
	tmp := s.path() + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	put := func(r record) {
		if err == nil {
			err = enc.Encode(r)
		}
	}
	for _, b := range s.buckets {
		put(record{Op: opBucket, Settings: &b.Bucket})
		for _, o := range b.objects {
			put(record{Op: opPut, Bucket: b.Name, Object: o})
		}
		for _, u := range b.uploads {
			put(record{Op: opBegin, Bucket: b.Name, Begun: u})
			for _, p := range u.parts {
				put(record{Op: opPart, Bucket: b.Name, Upload: u.ID, Part: p})
			}
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = os.Rename(tmp, s.path())
	}
	if err != nil {
		f.Close()
		return err
	}
	s.journal = f
	return nil
}

// sweep removes files that no object and no part owns: bodies whose request
// died before it was noted.
func (s *store) sweep() error {
	owned := map[string]bool{}
	for _, b := range s.buckets {
		for _, o := range b.objects {
			for _, p := range o.Files {
				owned[p.Name] = true
			}
		}
		for _, u := range b.uploads {
			for _, p := range u.parts {
				owned[p.File.Name] = true
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, "data"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !owned[e.Name()] {
			if err := os.Remove(filepath.Join(s.dir, "data", e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// do applies a record and writes it down.
