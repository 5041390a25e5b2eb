package bakfile

import (
	"errors"
	"fmt"
	"io"
)

const (
	windowSize  = 32 << 10  // least bytes per read: many small looks become one
	headSize    = 48 << 10  // read of every file at first: media header, first set, key of TDE
	wholeSize   = 128 << 10 // a file up to this size is read at once
	keptWindows = 4
)

var errPastEnd = errors.New("past the end of the file")

// source reads a file through a few windows, so that looks at neighbouring
// blocks cost one read of the file underneath.
type source struct {
	r       io.ReaderAt
	size    int64
	reads   int // calls of r.ReadAt so far
	windows []window
}

type window struct {
	off  int64
	data []byte
}

// at returns n bytes from off, valid as long as the caller keeps them. Bytes
// past the end give errPastEnd.
func (s *source) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > s.size-int64(n) {
		return nil, errPastEnd
	}
	for _, w := range s.windows {
		if from := off - w.off; from >= 0 && from+int64(n) <= int64(len(w.data)) {
			return w.data[from : from+int64(n)], nil
		}
	}
	start, want := off, max(int64(n), windowSize)
	if s.size <= wholeSize {
		start, want = 0, s.size
	} else if start+want > s.size {
		start = max(0, s.size-want)
	}
	w, err := s.load(start, min(want, s.size-start))
	if err != nil {
		return nil, err
	}
	return w[off-start : off-start+int64(n)], nil
}

// want reads the stretch from off to end in one go unless a window has it. It
// is advice: whatever it cannot do is done, or complained of, by at.
func (s *source) want(off, end int64) {
	off, end = max(off, 0), min(end, s.size)
	if n := end - off; n > 0 && n <= maxConfig {
		_, _ = s.at(off, int(n))
	}
}

func (s *source) load(off, n int64) ([]byte, error) {
	data := make([]byte, n)
	s.reads++
	if got, err := s.r.ReadAt(data, off); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read %d bytes at %d: %w", n, off, err)
	}
	if len(s.windows) == keptWindows {
		s.windows = s.windows[1:]
	}
	s.windows = append(s.windows, window{off, data})
	return data, nil
}

// view is a stretch of logical bytes, of a file or of decoded records.
// Offsets begin at 0; bytes that are not there give errPastEnd.
type view interface {
	at(off int64, n int) ([]byte, error)
}

// stretch is the view of a part of a file.
type stretch struct {
	src      *source
	off, end int64
}

func (v stretch) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > v.end-v.off-int64(n) {
		return nil, errPastEnd
	}
	return v.src.at(v.off+off, n)
}

// soft turns a malformed place into "not there" and lets a failure of the
// reader underneath pass.
func soft(err error) error {
	var e *Error
	if errors.Is(err, errPastEnd) || errors.Is(err, errMalformed) || errors.As(err, &e) {
		return nil
	}
	return err
}
