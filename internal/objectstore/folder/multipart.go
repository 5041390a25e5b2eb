package folder

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// keyFile holds the key of an unfinished upload.
const keyFile = "key"

// Begin makes the upload's directory.
func (b *Bucket) Begin(_ context.Context, key string) (objectstore.UploadID, error) {
	if _, err := name(key); err != nil {
		return "", err
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	id := hex.EncodeToString(raw)
	dir := filepath.Join(hidden, id)
	err := b.root.MkdirAll(dir, 0o750)
	if err == nil {
		err = b.root.WriteFile(filepath.Join(dir, keyFile), []byte(key), 0o640)
	}
	if err == nil {
		err = b.sync(hidden)
	}
	if err != nil {
		_ = b.root.RemoveAll(dir)
		return "", b.fail("write", key, err)
	}
	return objectstore.UploadID(id), nil
}

// upload returns the directory of an unfinished upload of exactly this key.
func (b *Bucket) upload(key string, id objectstore.UploadID) (string, error) {
	if _, err := name(key); err != nil {
		return "", err
	}
	if raw, err := hex.DecodeString(string(id)); err == nil && len(raw) == 16 {
		dir := filepath.Join(hidden, string(id))
		noted, err := b.root.ReadFile(filepath.Join(dir, keyFile))
		if err == nil && string(noted) == key {
			return dir, nil
		}
		if err != nil && !gone(err) {
			return "", b.fail("read", key, err)
		}
	}
	if b.missing() {
		return "", b.fail("read", "", fs.ErrNotExist)
	}
	return "", fault.Newf(fault.NotFound, "The unfinished upload of %s no longer exists.", key).
		WithFix("Start the upload again.")
}

// partFile is what a part's file name tells.
type partFile struct {
	objectstore.Part
	path string
}

// partName: part-00001-<md5>-<crc64>-<size>.
func partName(number int, w written, size int64) string {
	return fmt.Sprintf("part-%05d-%s-%016x-%d", number, w.md5, w.crc, size)
}

func parsePart(dir, file string) (partFile, bool) {
	f := strings.Split(file, "-")
	if len(f) != 5 || f[0] != "part" {
		return partFile{}, false
	}
	number, err1 := strconv.Atoi(f[1])
	crc, err2 := strconv.ParseUint(f[3], 16, 64)
	size, err3 := strconv.ParseInt(f[4], 10, 64)
	if errors.Join(err1, err2, err3) != nil {
		return partFile{}, false
	}
	return partFile{objectstore.Part{Number: number, Size: size, ETag: f[2], CRC64: &crc}, filepath.Join(dir, file)}, true
}

// partFiles lists the parts of an upload by number.
func (b *Bucket) partFiles(dir string) ([]partFile, error) {
	d, err := b.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var parts []partFile
	for _, n := range names {
		if p, ok := parsePart(dir, n); ok {
			parts = append(parts, p)
		}
	}
	sort.Slice(parts, func(i, j int) bool { return parts[i].Number < parts[j].Number })
	return parts, nil
}

// PutPart writes the part beside and renames it to the name that tells its sums.
func (b *Bucket) PutPart(ctx context.Context, key string, id objectstore.UploadID, number int, body io.Reader, size int64) (objectstore.Part, error) {
	if number < 1 || number > b.Limits().MaxParts {
		return objectstore.Part{}, fault.Newf(fault.Invalid, "Part numbers go from 1 to %d, not %d.", b.Limits().MaxParts, number)
	}
	dir, err := b.upload(key, id)
	if err != nil {
		return objectstore.Part{}, err
	}
	w, err := b.write(ctx, dir, body, size)
	if err != nil {
		return objectstore.Part{}, b.fail("write", key, err)
	}
	// The older part goes only when the new one is whole.
	old, err := b.partFiles(dir)
	to := filepath.Join(dir, partName(number, w, size))
	if err == nil {
		err = b.root.Rename(w.path, to)
	}
	for _, p := range old {
		if err == nil && p.Number == number && p.path != to {
			err = b.root.Remove(p.path)
		}
	}
	if err == nil {
		err = b.sync(dir)
	}
	if err != nil {
		_ = b.root.Remove(w.path)
		return objectstore.Part{}, b.fail("write", key, err)
	}
	crc := w.crc
	return objectstore.Part{Number: number, Size: size, ETag: w.md5, CRC64: &crc}, nil
}

// Parts lists the part files.
func (b *Bucket) Parts(_ context.Context, key string, id objectstore.UploadID) ([]objectstore.Part, error) {
	dir, err := b.upload(key, id)
	if err != nil {
		return nil, err
	}
	files, err := b.partFiles(dir)
	if err != nil {
		return nil, b.fail("list", key, err)
	}
	var parts []objectstore.Part
	for _, f := range files {
		parts = append(parts, f.Part)
	}
	return parts, nil
}

// Complete joins the parts in the upload's directory, renames the whole into
// place and removes the rest. An upload that is gone because this already
// happened is recognised by its result.
func (b *Bucket) Complete(ctx context.Context, key string, id objectstore.UploadID, parts []objectstore.Part) (objectstore.Object, error) {
	p, err := name(key)
	if err != nil {
		return objectstore.Object{}, err
	}
	parts = slices.SortedFunc(slices.Values(parts), func(a, b objectstore.Part) int { return a.Number - b.Number })
	dir, err := b.upload(key, id)
	if fault.Is(err, fault.NotFound) {
		if o, ok := b.completed(ctx, key, parts); ok {
			return o, nil
		}
	}
	if err != nil {
		return objectstore.Object{}, err
	}
	files, err := b.chosen(dir, key, parts)
	if err != nil {
		return objectstore.Object{}, err
	}
	whole := filepath.Join(dir, "whole")
	crc, err := b.join(ctx, whole, files)
	if err == nil {
		err = b.name(whole, p)
	}
	if err == nil {
		err = b.root.RemoveAll(dir)
	}
	if err != nil {
		return objectstore.Object{}, b.fail("write", key, err)
	}
	return b.done(ctx, key, crc)
}

// chosen finds the files of the parts to join.
func (b *Bucket) chosen(dir, key string, parts []objectstore.Part) ([]partFile, error) {
	held, err := b.partFiles(dir)
	if err != nil {
		return nil, b.fail("list", key, err)
	}
	byNumber := map[int]partFile{}
	for _, h := range held {
		byNumber[h.Number] = h
	}
	var files []partFile
	for _, want := range parts {
		h, ok := byNumber[want.Number]
		if !ok || !strings.EqualFold(h.ETag, want.ETag) {
			return nil, fault.Newf(fault.Conflict, "Part %d of %s is not the one that was sent.", want.Number, key).
				WithFix("Retry: parts that differ are sent again.")
		}
		files = append(files, h)
	}
	if len(files) == 0 {
		return nil, fault.Newf(fault.Invalid, "The upload of %s has no parts to join.", key)
	}
	return files, nil
}

func (b *Bucket) join(ctx context.Context, whole string, files []partFile) (crc uint64, err error) {
	out, err := b.root.OpenFile(whole, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	for _, p := range files {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		in, err := b.root.Open(p.path)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(out, in) // in the kernel where the file system can
		in.Close()
		if err == nil && n != p.Size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		crc = objectstore.CombineCRC64(crc, *p.CRC64, p.Size)
	}
	return crc, out.Sync()
}

// completed recognises the object that these parts became.
func (b *Bucket) completed(ctx context.Context, key string, parts []objectstore.Part) (objectstore.Object, bool) {
	var size int64
	var want uint64
	for _, p := range parts {
		if p.CRC64 == nil {
			return objectstore.Object{}, false
		}
		size += p.Size
		want = objectstore.CombineCRC64(want, *p.CRC64, p.Size)
	}
	o, err := b.Stat(ctx, key)
	if err != nil || o.Size != size || len(parts) == 0 {
		return objectstore.Object{}, false
	}
	r, err := b.Read(ctx, key, 0, size)
	if err != nil {
		return objectstore.Object{}, false
	}
	defer r.Close()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var crc uint64
	for {
		n, err := r.Read(*buf)
		crc = objectstore.UpdateCRC64(crc, (*buf)[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || ctx.Err() != nil {
			return objectstore.Object{}, false
		}
	}
	o.CRC64 = &crc
	return o, crc == want
}

// Abort removes the upload's directory.
func (b *Bucket) Abort(_ context.Context, key string, id objectstore.UploadID) error {
	dir, err := b.upload(key, id)
	if fault.Is(err, fault.NotFound) && !b.missing() {
		return nil
	}
	if err == nil {
		err = b.root.RemoveAll(dir)
	}
	return b.fail("delete", key, err)
}

// Uploads lists the directories of unfinished uploads.
func (b *Bucket) Uploads(_ context.Context, prefix string, limit int) ([]objectstore.Unfinished, error) {
	d, err := b.root.Open(hidden)
	if gone(err) && !b.missing() {
		return nil, nil
	}
	if err != nil {
		return nil, b.fail("list", "", err)
	}
	entries, err := d.ReadDir(-1)
	d.Close()
	if err != nil {
		return nil, b.fail("list", "", err)
	}
	var found []objectstore.Unfinished
	for _, e := range entries {
		noted := filepath.Join(hidden, e.Name(), keyFile)
		key, err := b.root.ReadFile(noted)
		if err != nil || !strings.HasPrefix(string(key), prefix) {
			continue
		}
		info, err := b.root.Stat(noted)
		if err != nil {
			continue
		}
		found = append(found, objectstore.Unfinished{Key: string(key), ID: objectstore.UploadID(e.Name()), Begun: info.ModTime().UTC()})
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].Key != found[j].Key {
			return found[i].Key < found[j].Key
		}
		return found[i].ID < found[j].ID
	})
	return found[:min(len(found), max(limit, 0))], nil
}
