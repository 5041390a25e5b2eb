package mtf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A payload lies in a stream of a kind of its own, behind a frame of 32 bytes
// (a word and the length), and is padded to whole pages. It is not one of SQL
// Server's streams of pages or log, since it holds neither: whoever checks
// pages must see that it does not understand this, and find no damage.
const (
	payloadStreamID = "BKPL"
	frameWord       = "BAKPLANE PAYLOAD"
	frameHeader     = 32
	page            = 8192
)

// ErrNoPayload: the set carries no payload, as in files of a real SQL Server.
var ErrNoPayload = errors.New("the backup set carries no payload of the emulator")

func frameSize(payload int64) int64 { return (frameHeader + payload + page - 1) / page * page }

// data writes the block with the payload: padding to a physical block, two
// bytes, the framed payload.
func (f *file) data(d *build, s *Set, begin int64) {
	base := f.off
	d.fill(base, f.block)
	size := frameSize(s.PayloadSize)
	d.streamHead(payloadStreamID, 0, 2+size)
	frame := make([]byte, 2+frameHeader)
	copy(frame[2:], frameWord)
	le.PutUint64(frame[2+16:], uint64(s.PayloadSize))
	f.write(append(d.b, frame...))

	content := s.Payload
	if content == nil {
		content = &generated{}
	}
	if f.err == nil && !f.dry {
		var n int64
		if n, f.err = io.CopyN(f.w, content, s.PayloadSize); errors.Is(f.err, io.EOF) {
			f.err = fmt.Errorf("payload ends after %d of %d bytes", n, s.PayloadSize)
		}
	}
	f.off += s.PayloadSize
	f.write(make([]byte, size-frameHeader-s.PayloadSize))

	// What follows the content is built on a fresh buffer that begins here.
	here := f.off
	tail := &build{make([]byte, (4-here%4)%4)}
	tail.pad(here-begin, grain)
	f.write(tail.b)
}

// generated is an endless pattern that no compressor shrinks to nothing and
// that costs little to make.
type generated struct{ state uint64 }

func (g *generated) Read(b []byte) (int, error) {
	for i := 0; i < len(b); i += 8 {
		g.state = g.state*6364136223846793005 + 1442695040888963407
		var word [8]byte
		le.PutUint64(word[:], g.state)
		copy(b[i:], word[:])
	}
	return len(b), nil
}

// Payload finds the bytes that Write was given for the set at position, from
// 1. It follows the blocks from the start of the file.
func Payload(r io.ReaderAt, position int) (*io.SectionReader, error) {
	p, size := int64(0), int64(512)
	for range 1 << 16 {
		h := make([]byte, 0x64)
		if _, err := r.ReadAt(h, p); err != nil {
			return nil, fmt.Errorf("read block at %d: %w", p, errors.Join(ErrNoPayload, err))
		}
		switch string(h[:4]) {
		case "SFMB":
			p += size
			continue
		case "TAPE":
			size = 512 * int64(le.Uint16(h[0x40:]))
		}
		content, next, err := payloadStream(r, p, int64(le.Uint16(h[8:])))
		if err != nil {
			return nil, err
		}
		if content != nil {
			if position--; position == 0 {
				return content, nil
			}
		}
		p = next
	}
	return nil, ErrNoPayload
}

// payloadStream looks for a framed payload among the streams of the block at
// off and tells where the next block begins.
func payloadStream(r io.ReaderAt, off, first int64) (found *io.SectionReader, next int64, err error) {
	p := off + first
	for range 64 {
		p = (p + 3) &^ 3
		h := make([]byte, streamHeader)
		if _, err := r.ReadAt(h, p); err != nil {
			return nil, 0, fmt.Errorf("read stream at %d: %w", p, err)
		}
		id, size := string(h[:4]), int64(le.Uint64(h[8:]))
		if xorWords(h[:20]) != le.Uint16(h[20:]) || size < 0 {
			return nil, 0, fmt.Errorf("no stream at %d: %w", p, ErrNoPayload)
		}
		p += streamHeader
		if id == payloadStreamID && size >= 2+frameHeader {
			frame := make([]byte, frameHeader)
			if _, err := r.ReadAt(frame, p+2); err != nil {
				return nil, 0, fmt.Errorf("read data at %d: %w", p, err)
			}
			n := int64(le.Uint64(frame[16:]))
			if bytes.HasPrefix(frame, []byte(frameWord)) && n >= 0 && n <= size-2-frameHeader {
				found = io.NewSectionReader(r, p+2+frameHeader, n)
			}
		}
		p += size
		if id == "SPAD" {
			return found, p, nil
		}
	}
	return nil, 0, ErrNoPayload
}
