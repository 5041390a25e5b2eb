package shelf

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// index is the journal's place.
func (s *Store[S]) index() string { return filepath.Join(s.dir, "journal.jsonl") }

// replay reads the journal up to its end or the first torn line.
func (s *Store[S]) replay() error {
	f, err := os.Open(s.index())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var r Record[S]
		if dec.Decode(&r) != nil {
			return nil
		}
		_, _ = s.apply(r) // what is gone now was gone then
	}
}

// rewrite replaces the journal by the shortest one with the same result.
func (s *Store[S]) rewrite() error {
	tmp := s.index() + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	put := func(r Record[S]) {
		if err == nil {
			err = enc.Encode(r)
		}
	}
	for name, b := range s.buckets {
		put(Record[S]{Op: OpBucket, Bucket: name, Settings: &b.settings})
		for _, o := range b.objects {
			put(Record[S]{Op: OpPut, Bucket: name, Object: o})
		}
		for _, u := range b.uploads {
			put(Record[S]{Op: OpBegin, Bucket: name, Begun: u})
			for _, p := range u.parts {
				put(Record[S]{Op: OpPart, Bucket: name, Upload: u.ID, Part: p})
			}
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = os.Rename(tmp, s.index())
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
func (s *Store[S]) sweep() error {
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
