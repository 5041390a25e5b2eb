package ownbackup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/secret"
)

// Source is a store that can be copied while it is at work.
type Source interface {
	// Snapshot writes a consistent copy of the database into a file that must
	// not exist, readable by its owner only, checks it, and tells the newest audit
	// entry in it.
	Snapshot(ctx context.Context, file string) (audit.Head, error)
}

// Copy describes one copy. It is the last of its three files: where it is, the
// others are whole.
type Copy struct {
	Version string    `json:"version"` // of the Bakplane that took it
	Taken   time.Time `json:"taken"`
	Name    string    `json:"database"` // file of the database
	Key     string    `json:"key"`      // file of the sealed key
	Bytes   int64     `json:"bytes"`    // of the database
	SHA256  string    `json:"sha256"`   // of the database, hex
	Entries int64     `json:"audit_entries"`
	Newest  string    `json:"audit_newest"` // hash of the newest audit entry
}

// Taker takes copies.
type Taker struct {
	Source     Source
	Folder     string // the data folder: its key is sealed, and it needs room for a copy
	Passphrase secret.Text
	Version    string
	Now        func() time.Time
}

const (
	keyEnd, tellEnd = ".key.age", ".json"
	// scryptWork makes a guess of the passphrase cost 64 MB and some tenths of a
	// second; age's own choice takes four times that, much for a small machine.
	scryptWork = 16
	shortest   = 12 // characters of a passphrase
	partBytes  = 32 << 20
)

// CheckPassphrase refuses one that would not hold.
func CheckPassphrase(p secret.Text) error {
	if len([]rune(p.Reveal())) < shortest {
		return fault.Newf(fault.Invalid, "The passphrase for the key is missing or has fewer than %d characters.", shortest).
			WithFix("Write one into a file that you alone can read and name it with --passphrase-file, or give it as BAKPLANE_BACKUP_PASSPHRASE. Keep it elsewhere, too: without it the copy opens no credential.")
	}
	return nil
}

// Take puts a copy under a name into a bucket.
func (t *Taker) Take(ctx context.Context, to objectstore.Bucket, name string) (c Copy, err error) {
	if err := CheckPassphrase(t.Passphrase); err != nil {
		return c, err
	}
	tmp := filepath.Join(t.Folder, "own-backup.tmp")
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(tmp + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return c, fmt.Errorf("remove a copy that was begun: %w", err)
		}
	}
	defer func() { _ = os.Remove(tmp) }()
	head, err := t.Source.Snapshot(ctx, tmp)
	if err != nil {
		return c, err
	}
	c = Copy{Version: t.Version, Taken: t.Now().UTC().Truncate(time.Second), Name: name, Key: name + keyEnd, Entries: head.Seq, Newest: head.Hash.String()}
	key, err := os.ReadFile(filepath.Join(t.Folder, "bakplane.key"))
	if err != nil {
		return c, fmt.Errorf("read key file: %w", err)
	}
	sealed, err := seal(key, t.Passphrase)
	if err != nil {
		return c, err
	}
	f, err := os.Open(tmp)
	if err != nil {
		return c, fmt.Errorf("read the copy: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if c.Bytes, err = io.Copy(sum, f); err != nil {
		return c, fmt.Errorf("read the copy: %w", err)
	}
	c.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if err := put(ctx, to, name, f, c.Bytes); err != nil {
		return c, fmt.Errorf("store the copy: %w", err)
	}
	if _, err := to.Put(ctx, c.Key, bytes.NewReader(sealed), int64(len(sealed))); err != nil {
		return c, fmt.Errorf("store the sealed key: %w", err)
	}
	told, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return c, err
	}
	if _, err := to.Put(ctx, name+tellEnd, bytes.NewReader(told), int64(len(told))); err != nil {
		return c, fmt.Errorf("store what the copy is: %w", err)
	}
	return c, nil
}

// put stores a file, in parts when it is large.
func put(ctx context.Context, to objectstore.Bucket, key string, f *os.File, size int64) (err error) {
	if size <= partBytes {
		_, err = to.Put(ctx, key, io.NewSectionReader(f, 0, size), size)
		return err
	}
	id, err := to.Begin(ctx, key)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, to.Abort(context.WithoutCancel(ctx), key, id))
		}
	}()
	var parts []objectstore.Part
	// A service takes 10,000 parts: beyond 320 GB they grow.
	each := max(int64(partBytes), size/9000)
	for at := int64(0); at < size; at += each {
		n := min(each, size-at)
		p, err := to.PutPart(ctx, key, id, len(parts)+1, io.NewSectionReader(f, at, n), n)
		if err != nil {
			return err
		}
		parts = append(parts, p)
	}
	_, err = to.Complete(ctx, key, id, parts)
	return err
}

func seal(key []byte, passphrase secret.Text) ([]byte, error) {
	to, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, fmt.Errorf("seal the key: %w", err)
	}
	to.SetWorkFactor(scryptWork)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err == nil {
		_, err = w.Write(key)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal the key: %w", err)
	}
	return out.Bytes(), nil
}

const nameFormat = "20060102T150405Z"

// Name is what a copy taken at a moment is called, under a prefix.
func Name(prefix string, at time.Time) string {
	return prefix + "bakplane-" + at.UTC().Format(nameFormat) + ".db"
}

// Copies lists the whole copies under a prefix that bear names of Name, the
// oldest first. Files of others there are left out.
func Copies(ctx context.Context, in objectstore.Bucket, prefix string) (names []string, err error) {
	after := ""
	for {
		found, err := in.List(ctx, prefix+"bakplane-", after, 1000)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			if name, whole := strings.CutSuffix(o.Key, tellEnd); whole && !TakenAt(prefix, name).IsZero() {
				names = append(names, name)
			}
			after = o.Key
		}
		if len(found) < 1000 {
			slices.Sort(names)
			return names, nil
		}
	}
}

// TakenAt is when the copy of a name was taken; zero for what is no such name.
func TakenAt(prefix, name string) time.Time {
	text, ok := strings.CutPrefix(name, prefix+"bakplane-")
	at, err := time.Parse(nameFormat+".db", text)
	if !ok || err != nil {
		return time.Time{}
	}
	return at
}

// Prune removes the oldest copies beyond the newest so many, and tells them. The
// description goes first: what is half removed is no copy.
func Prune(ctx context.Context, in objectstore.Bucket, prefix string, keep int) (gone []string, err error) {
	all, err := Copies(ctx, in, prefix)
	if err != nil {
		return nil, err
	}
	for _, name := range all[:max(0, len(all)-max(keep, 1))] {
		for _, end := range []string{tellEnd, keyEnd, ""} {
			if err := in.Delete(ctx, name+end); err != nil {
				return gone, err
			}
		}
		gone = append(gone, name)
	}
	return gone, nil
}
