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
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// Restore makes a data folder from a copy in a folder of this machine: the file
// of the database, with its two others beside it. The folder must not hold a
// database or a key. check judges the database with its key before anything
// takes its place. What it made is whole or nothing: the database comes last.
func Restore(ctx context.Context, file, folder string, passphrase secret.Text, check func(ctx context.Context, file string, keys *secret.Keyring) error) (c Copy, err error) {
	for _, name := range []string{"bakplane.db", "bakplane.key"} {
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			return c, fault.Newf(fault.Conflict, "The folder %s holds a %s already.", folder, name).WithFix("Choose a folder without one, or move what is there away. Nothing is overwritten.")
		} else if !errors.Is(err, fs.ErrNotExist) {
			return c, fmt.Errorf("look into the data folder: %w", err)
		}
	}
	told, err := os.ReadFile(file + tellEnd)
	if err != nil {
		return c, fault.Newf(fault.NotFound, "There is no %s beside the copy, which says what it is.", filepath.Base(file)+tellEnd).WithFix("Bring all three files of the copy: the database, .key.age and .json.").Because(err)
	}
	if err := json.Unmarshal(told, &c); err != nil {
		return c, fault.Newf(fault.Invalid, "%s does not describe a copy.", filepath.Base(file)+tellEnd).Because(err)
	}
	sealed, err := os.ReadFile(file + keyEnd)
	if err != nil {
		return c, fault.Newf(fault.NotFound, "There is no %s beside the copy, which holds the sealed key.", filepath.Base(file)+keyEnd).WithFix("Bring all three files of the copy: the database, .key.age and .json.").Because(err)
	}
	key, err := unseal(sealed, passphrase)
	if err != nil {
		return c, err
	}
	keys, err := secret.ParseKeyring(key)
	if err != nil {
		return c, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return c, fmt.Errorf("make data folder: %w", err)
	}
	tmp := filepath.Join(folder, "bakplane.db.restoring")
	defer func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(tmp + end)
		}
	}()
	if err := copyFile(file, tmp, c); err != nil {
		return c, err
	}
	if err := check(ctx, tmp, keys); err != nil {
		return c, err
	}
	if err := place(folder, key, tmp); err != nil {
		return c, fmt.Errorf("place the data folder: %w", err)
	}
	return c, nil
}

func place(folder string, key []byte, tmp string) error {
	f, err := os.OpenFile(filepath.Join(folder, "bakplane.key"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(bytes.TrimSpace(key), '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(folder, "bakplane.db"))
}

// copyFile copies the database and compares it with what was told of it.
func copyFile(from, to string, c Copy) error {
	in, err := os.Open(from)
	if err != nil {
		return fault.Newf(fault.NotFound, "The copy %s cannot be read.", from).WithFix("Name the file of the database, ending in .db.").Because(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the data folder: %w", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("write the data folder: %w", err)
	}
	if n != c.Bytes || hex.EncodeToString(sum.Sum(nil)) != c.SHA256 {
		return fault.Newf(fault.Invalid, "The copy %s is not as it was taken: it was cut off or changed.", from).WithFix("Bring it from its place again, or take an older one.")
	}
	return nil
}

func unseal(sealed []byte, passphrase secret.Text) ([]byte, error) {
	with, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, CheckPassphrase(passphrase)
	}
	wrong := func(err error) error {
		return fault.New(fault.Denied, "The passphrase does not open the sealed key.", "Give the one that was in use when this copy was taken.").Because(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), with)
	if err != nil {
		return nil, wrong(err)
	}
	key, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err != nil {
		return nil, wrong(err)
	}
	return key, nil
}
