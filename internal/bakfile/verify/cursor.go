package verify

import (
	"errors"
	"fmt"
	"io"
)

const window = 256 << 10 // bytes held of a stream; nothing looked at is longer

// errCut: the stream ended where more was due.
var errCut = errors.New("the file ends here")

// cursor reads a stream through one fixed window.
type cursor struct {
	r      io.Reader
	buf    []byte
	lo, hi int
	off    int64 // of buf[lo] in the stream
	err    error // of r, io.EOF at its end
}

func newCursor(r io.Reader) *cursor { return &cursor{r: r, buf: make([]byte, window)} }

// peek gives up to n bytes without going on; fewer only at the end. They are
// valid until the next call.
func (c *cursor) peek(n int) ([]byte, error) {
	n = min(n, len(c.buf))
	if c.hi-c.lo < n && c.err == nil {
		copy(c.buf, c.buf[c.lo:c.hi])
		c.lo, c.hi = 0, c.hi-c.lo
		for idle := 0; c.hi < n && c.err == nil; {
			var got int
			got, c.err = c.r.Read(c.buf[c.hi:])
			c.hi += got
			if got > 0 {
				idle = 0
			} else if idle++; idle > 100 && c.err == nil {
				c.err = io.ErrNoProgress
			}
		}
	}
	if c.err != nil && !errors.Is(c.err, io.EOF) && c.hi-c.lo < n {
		return nil, fmt.Errorf("read backup at %d: %w", c.off, c.err)
	}
	return c.buf[c.lo:min(c.hi, c.lo+n)], nil
}

// next gives n bytes and goes behind them; errCut if they are not there.
func (c *cursor) next(n int) ([]byte, error) {
	b, err := c.peek(n)
	if err != nil {
		return nil, err
	}
	c.lo += len(b)
	c.off += int64(len(b))
	if len(b) < n {
		return b, errCut
	}
	return b, nil
}

// skip goes n bytes on.
func (c *cursor) skip(n int64) error {
	for n > 0 {
		b, err := c.next(int(min(n, extent)))
		if err != nil {
			return err
		}
		n -= int64(len(b))
	}
	return nil
}

// skipZeros goes n bytes on and counts those that are not zero.
func (c *cursor) skipZeros(n int64) (other int64, err error) {
	for n > 0 {
		b, err := c.next(int(min(n, extent)))
		if !allZero(b) {
			for _, x := range b {
				if x != 0 {
					other++
				}
			}
		}
		if err != nil {
			return other, err
		}
		n -= int64(len(b))
	}
	return other, nil
}
