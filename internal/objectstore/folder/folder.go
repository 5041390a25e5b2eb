// Package folder is a bucket over a directory of a local or mounted disk.
//
// Keys are relative slash paths of ordinary files. Nothing outside the
// directory is reached: the operating system resolves every name inside it
// (os.Root), so neither ".." nor a symbolic link leads out. Writes go to a
// hidden folder first and are renamed into place after an fsync; a reader sees
// the old file or the new one. Unfinished multipart uploads live in the hidden
// folder too, one directory each, a file per part whose name carries its MD5
// and CRC64.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// hidden is where writes grow until they are whole.
const hidden = ".uploads"

// Bucket is one directory.
type Bucket struct {
	dir  string
	root *os.Root
}

var (
	_ objectstore.Bucket     = (*Bucket)(nil)
	_ objectstore.Opener     = (*Bucket)(nil)
	_ objectstore.FreeSpacer = (*Bucket)(nil)
)

// Open opens an existing directory. It writes nothing.
func Open(dir string) (*Bucket, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	b := &Bucket{dir: abs}
	if b.root, err = os.OpenRoot(abs); err != nil {
		return nil, b.fail("open", "", err)
	}
	return b, nil
}

// Close ends the use of the directory.
func (b *Bucket) Close() error { return b.root.Close() }

// Dir is the directory's absolute path.
func (b *Bucket) Dir() string { return b.dir }

// Limits are generous: a file system has none that matter.
func (b *Bucket) Limits() objectstore.Limits {
	return objectstore.Limits{MinPart: 1, MaxPart: 1 << 40, MaxParts: 10000}
}

// Info names the directory.
func (b *Bucket) Info(context.Context) (objectstore.Info, error) {
	info, err := os.Stat(b.dir)
	if err == nil && !info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return objectstore.Info{}, b.fail("look at", "", err)
	}
	return objectstore.Info{Name: filepath.Base(b.dir)}, nil
}

// name checks a key and returns it as a path inside the root.
func name(key string) (string, error) {
	bad := func(why string) error {
		return fault.Newf(fault.Invalid, "%q cannot be a file in a folder: %s.", key, why).
			WithFix("Use a relative path with forward slashes, such as sales/full.bak.")
	}
	switch {
	case !fs.ValidPath(key) || key == ".":
		return "", bad("it is not a plain relative path")
	case len(key) > 1023:
		return "", bad("it is longer than 1023 bytes")
	case strings.ContainsAny(key, "\x00\\"):
		return "", bad("it holds a character that paths do not allow")
	case key == hidden || strings.HasPrefix(key, hidden+"/"):
		return "", bad("the name " + hidden + " is taken for unfinished uploads")
	}
	for element := range strings.SplitSeq(key, "/") {
		if len(element) > 255 {
			return "", bad("a name in it is longer than 255 bytes")
		}
	}
	return filepath.FromSlash(key), nil
}

// Stat describes one file. The ETag changes when the file does; a checksum is
// not known without reading.
func (b *Bucket) Stat(_ context.Context, key string) (objectstore.Object, error) {
	p, err := name(key)
	if err != nil {
		return objectstore.Object{}, err
	}
	info, err := b.root.Stat(p)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return objectstore.Object{}, b.fail("look at", key, err)
	}
	return object(key, info), nil
}

func object(key string, info fs.FileInfo) objectstore.Object {
	return objectstore.Object{
		Key: key, Size: info.Size(), Modified: info.ModTime().UTC(),
		ETag: fmt.Sprintf("%X-%X", info.Size(), info.ModTime().UnixNano()),
	}
}

// Read opens a range of a file.
func (b *Bucket) Read(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	p, err := name(key)
	if err != nil {
		return nil, err
	}
	f, err := b.openFile(p)
	if err != nil {
		return nil, b.fail("read", key, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, offset, max(length, 0)), f}, nil
}

func (b *Bucket) openFile(p string) (*os.File, error) {
	info, err := b.root.Stat(p) // opening a pipe would hang
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return b.root.Open(p)
}

// OpenSource opens a file to be uploaded elsewhere, with the fingerprint of a
// file rather than of an object.
func (b *Bucket) OpenSource(_ context.Context, key string) (objectstore.Source, error) {
	p, err := name(key)
	if err != nil {
		return nil, err
	}
	f, err := b.openFile(p)
	if err != nil {
		return nil, b.fail("read", key, err)
	}
	return objectstore.NewFile(filepath.Join(b.dir, p), f, func() (fs.FileInfo, error) { return b.root.Stat(p) })
}

// Delete removes a file; its folders stay.
func (b *Bucket) Delete(_ context.Context, key string) error {
	p, err := name(key)
	if err != nil {
		return err
	}
	if info, err := b.root.Lstat(p); err == nil && info.IsDir() {
		return nil // a folder is not an object
	}
	if err := b.root.Remove(p); err != nil && !gone(err) {
		return b.fail("delete", key, err)
	}
	return nil
}

// List walks only the folders that can hold wanted keys.
func (b *Bucket) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Object, error) {
	if limit <= 0 {
		return nil, nil
	}
	w := &walk{bucket: b, ctx: ctx, prefix: prefix, after: after, limit: limit}
	if err := w.dir(""); err != nil && !errors.Is(err, fs.SkipAll) {
		return nil, b.fail("list", "", err)
	}
	return w.found, nil
}

type walk struct {
	bucket        *Bucket
	ctx           context.Context // lives as long as one call
	prefix, after string
	limit         int
	found         []objectstore.Object
}

// dir visits one folder, whose name ends in a slash or is empty, in the byte
// order of whole keys: a folder counts as its name with the slash.
func (w *walk) dir(folder string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	d, err := w.bucket.root.Open(path.Clean("./" + folder))
	if err != nil {
		return err
	}
	entries, err := d.ReadDir(-1)
	d.Close()
	if err != nil {
		return err
	}
	keys := make([]string, 0, len(entries))
	for _, e := range entries {
		key := folder + e.Name()
		if folder == "" && e.Name() == hidden {
			continue
		}
		if e.IsDir() {
			key += "/"
		}
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		if err := w.visit(key); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) visit(key string) error {
	if strings.HasSuffix(key, "/") {
		wanted := strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)
		if !wanted || key < w.after && !strings.HasPrefix(w.after, key) {
			return nil
		}
		err := w.dir(key)
		if errors.Is(err, fs.ErrPermission) || gone(err) {
			return nil // a folder closed to us, or just removed, hides its files only
		}
		return err
	}
	if !strings.HasPrefix(key, w.prefix) || key <= w.after {
		return nil
	}
	info, err := w.bucket.root.Stat(filepath.FromSlash(key)) // follows links inside the folder only
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	w.found = append(w.found, object(key, info))
	if len(w.found) == w.limit {
		return fs.SkipAll
	}
	return nil
}
