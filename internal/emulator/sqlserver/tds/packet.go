package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

// Packet types.
const (
	packetBatch     = 0x01
	packetCall      = 0x03
	packetReply     = 0x04
	packetAttention = 0x06
	packetBulk      = 0x07
	packetTran      = 0x0e
	packetLogin     = 0x10
	packetPrelogin  = 0x12
)

// Packet status bits.
const (
	statusEnd       = 0x01
	statusIgnore    = 0x02
	statusReset     = 0x08
	statusResetKeep = 0x10
)

const (
	headerSize        = 8
	defaultPacketSize = 4096
	maxMessage        = 32 << 20 // bytes of one request
	maxLoginMessage   = 128 << 10
)

var errMalformed = errors.New("the client's message is malformed")

// message is one request of a client, put together from its packets.
type message struct {
	kind    byte
	reset   bool
	ignored bool // the client gave it up while sending
	body    []byte
}

// readMessage reads packets up to the one that ends the message.
func readMessage(r io.Reader, limit int) (m message, err error) {
	var head [headerSize]byte
	for first := true; ; first = false {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return m, err
		}
		kind, status, length := head[0], head[1], int(be.Uint16(head[2:]))
		if length < headerSize || !first && kind != m.kind {
			return m, errMalformed
		}
		if first {
			m.kind, m.reset = kind, status&(statusReset|statusResetKeep) != 0
		}
		n := len(m.body)
		if n+length-headerSize > limit {
			return m, fmt.Errorf("%w: longer than %d bytes", errMalformed, limit)
		}
		m.body = append(m.body, make([]byte, length-headerSize)...)
		if _, err := io.ReadFull(r, m.body[n:]); err != nil {
			return m, err
		}
		if status&statusEnd != 0 {
			m.ignored = status&statusIgnore != 0
			return m, nil
		}
	}
}

// packets cuts what is written into packets of one message.
type packets struct {
	w      io.Writer
	kind   byte
	size   int
	spid   uint16
	number byte
	buf    []byte // payload not sent yet
	err    error
}

func (p *packets) write(b []byte) {
	p.buf = append(p.buf, b...)
	for room := p.size - headerSize; len(p.buf) > room; {
		p.send(p.buf[:room], 0)
		p.buf = p.buf[:copy(p.buf, p.buf[room:])]
	}
}

// flush sends what is there and keeps the message open.
func (p *packets) flush() {
	if len(p.buf) > 0 {
		p.send(p.buf, 0)
		p.buf = p.buf[:0]
	}
}

// end sends the rest as the last packet of the message.
func (p *packets) end() error {
	p.send(p.buf, statusEnd)
	p.buf, p.number = p.buf[:0], 0
	return p.err
}

func (p *packets) send(payload []byte, status byte) {
	if p.err != nil {
		return
	}
	p.number++
	out := make([]byte, headerSize, headerSize+len(payload))
	out[0], out[1], out[6] = p.kind, status, p.number
	be.PutUint16(out[2:], uint16(headerSize+len(payload)))
	be.PutUint16(out[4:], p.spid)
	_, p.err = p.w.Write(append(out, payload...))
}

// cursor reads a message's body with bounds. After a read past the end it
// answers zeros and err is set.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) bytes(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.b) {
		c.err = errMalformed
		return nil
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

// fixed is like bytes, and long enough even after an error.
func (c *cursor) fixed(n int) []byte {
	if b := c.bytes(n); b != nil || n == 0 {
		return b
	}
	return make([]byte, n)
}

func (c *cursor) u8() byte    { return c.fixed(1)[0] }
func (c *cursor) u16() uint16 { return le.Uint16(c.fixed(2)) }
func (c *cursor) u32() uint32 { return le.Uint32(c.fixed(4)) }
func (c *cursor) u64() uint64 { return le.Uint64(c.fixed(8)) }

// text reads n UTF-16 units.
func (c *cursor) text(n int) string { return decodeText(c.bytes(2 * n)) }

func decodeText(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = le.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func encodeText(s string) []byte {
	out := make([]byte, 0, 2*len(s))
	for _, u := range utf16.Encode([]rune(s)) {
		out = le.AppendUint16(out, u)
	}
	return out
}

// shortText appends a B_VARCHAR: one byte that counts UTF-16 units, the text.
func shortText(b []byte, s string) []byte {
	text := encodeText(s)
	text = text[:min(len(text), 2*255)]
	return append(append(b, byte(len(text)/2)), text...)
}

// longText appends a US_VARCHAR, with two bytes of count.
func longText(b []byte, s string, most int) []byte {
	text := encodeText(s)
	text = text[:min(len(text), 2*most)]
	return append(le.AppendUint16(b, uint16(len(text)/2)), text...)
}
