package objectstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/bakplane/bakplane/internal/fault"
)

// probe is how much of each end of a file its fingerprint covers.
const probe = 64 << 10

// File is a source on a local or mounted disk.
type File struct {
	name string // for people
	f    *os.File
	info fs.FileInfo
	stat func() (fs.FileInfo, error)
}

var _ Source = (*File)(nil)

// NewFile makes a source of an open file. The function looks the name up
// anew, so that a replaced or deleted file is noticed. The source owns f.
func NewFile(name string, f *os.File, stat func() (fs.FileInfo, error)) (*File, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, unreadable(name, err)
	}
	return &File{name: name, f: f, info: info, stat: stat}, nil
}

// Size is the size when the file was opened.
func (s *File) Size() int64 { return s.info.Size() }

// ReadAt reads the open file.
func (s *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.f.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreadable(s.name, err)
	}
	return n, err
}

// Open streams a section of the open file.
func (s *File) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s, offset, length)), nil
}

// Close closes the file.
func (s *File) Close() error { return s.f.Close() }

// Fingerprint hashes size, time of change and both ends. The second word is
// the file's place on its disk and its inode's own time of change, which no
// program can set back.
func (s *File) Fingerprint(context.Context) (string, error) {
	named, err := s.stat()
	if errors.Is(err, fs.ErrNotExist) {
		return "", vanished(s.name, err)
	}
	if err != nil {
		return "", unreadable(s.name, err)
	}
	if !os.SameFile(named, s.info) {
		return "", Changed(s.name)
	}
	now, err := s.f.Stat()
	if err != nil {
		return "", unreadable(s.name, err)
	}
	if now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime()) {
		return "", Changed(s.name)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %d\n", now.Size(), now.ModTime().UnixNano())
	buf := make([]byte, min(probe, now.Size()))
	for _, off := range []int64{0, now.Size() - int64(len(buf))} {
		if _, err := s.f.ReadAt(buf, off); err != nil && !errors.Is(err, io.EOF) {
			return "", unreadable(s.name, err)
		}
		h.Write(buf)
	}
	return "file:" + hex.EncodeToString(h.Sum(nil)[:16]) + " " + place(now), nil
}

func unreadable(name string, cause error) *fault.Error {
	if errors.Is(cause, fs.ErrPermission) {
		return fault.Newf(fault.Denied, "The file %s may not be read by the account the dashboard runs as.", name).
			WithFix("Give that account the right to read the file, then retry.").Because(cause)
	}
	return fault.Newf(fault.Conflict, "The file %s cannot be read.", name).
		WithFix("Check the disk or the network share it lies on, then retry: the parts already sent are kept.").Because(cause)
}
