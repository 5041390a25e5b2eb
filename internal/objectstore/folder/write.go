package folder

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// written is a new file that is whole and synced but has no name yet.
type written struct {
	path string // inside the root
	md5  string
	crc  uint64
}

// write streams exactly size bytes into a new file of folder.
func (b *Bucket) write(ctx context.Context, folder string, body io.Reader, size int64) (_ written, err error) {
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	w := written{path: filepath.Join(folder, "new-"+hex.EncodeToString(id))}
	f, err := b.root.OpenFile(w.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return w, err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			_ = b.root.Remove(w.path)
		}
	}()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	sum := md5.New()
	left := size
	for {
		if err := ctx.Err(); err != nil {
			return w, err
		}
		n, readErr := body.Read(*buf)
		if left -= int64(n); left < 0 {
			return w, fault.New(fault.Invalid, "The data is longer than was said.", "")
		}
		sum.Write((*buf)[:n])
		w.crc = objectstore.UpdateCRC64(w.crc, (*buf)[:n])
		if _, err := f.Write((*buf)[:n]); err != nil {
			return w, err
		}
		if errors.Is(readErr, io.EOF) || readErr == nil && left == 0 {
			break
		}
		if readErr != nil {
			return w, readErr
		}
	}
	if left != 0 {
		return w, fault.New(fault.Invalid, "The data is shorter than was said.", "").Because(io.ErrUnexpectedEOF)
	}
	w.md5 = strings.ToUpper(hex.EncodeToString(sum.Sum(nil)))
	return w, f.Sync()
}

// name moves a written file to its key, making folders as needed.
func (b *Bucket) name(from, to string) error {
	dir := filepath.Dir(to)
	if err := b.root.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if err := b.root.Rename(from, to); err != nil {
		return err
	}
	return b.sync(dir)
}

// sync makes the names in a folder durable.
func (b *Bucket) sync(dir string) error {
	d, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

// Put writes a file beside and renames it into place.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, size int64) (objectstore.Object, error) {
	p, err := name(key)
	if err != nil {
		return objectstore.Object{}, err
	}
	w, err := b.putInto(ctx, p, body, size)
	if err != nil {
		return objectstore.Object{}, b.fail("write", key, err)
	}
	return b.done(ctx, key, w.crc)
}

func (b *Bucket) putInto(ctx context.Context, p string, body io.Reader, size int64) (written, error) {
	if err := b.root.MkdirAll(hidden, 0o750); err != nil {
		return written{}, err
	}
	b.sweep()
	w, err := b.write(ctx, hidden, body, size)
	if err != nil {
		return w, err
	}
	if err := b.name(w.path, p); err != nil {
		_ = b.root.Remove(w.path)
		return w, err
	}
	return w, nil
}

// sweep removes what writers that died left behind more than a day ago.
func (b *Bucket) sweep() {
	d, err := b.root.Open(hidden)
	if err != nil {
		return
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "new-") {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = b.root.Remove(filepath.Join(hidden, e.Name())) // the next write tries again
		}
	}
}

// done describes a file just written.
func (b *Bucket) done(ctx context.Context, key string, crc uint64) (objectstore.Object, error) {
	o, err := b.Stat(ctx, key)
	if err != nil {
		return objectstore.Object{}, fmt.Errorf("look at the new file: %w", err)
	}
	o.CRC64 = &crc
	return o, nil
}
