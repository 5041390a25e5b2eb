package sqlserver

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// errClear is refused before the login is sent: with a server that cannot
// encrypt, or somebody on the way who says so, the driver would go on and send
// the password readable.
var errClear = errors.New("server does not support encryption: the password would travel in the clear")

// greeted reads the server's answer to PRELOGIN before the driver does, and
// breaks the connection off when it says that the server cannot encrypt
// ([MS-TDS] 2.2.6.5, option ENCRYPTION, value ENCRYPT_NOT_SUP).
type greeted struct {
	net.Conn
	read bool
	rest []byte
	err  error
}

// Read implements net.Conn.
func (g *greeted) Read(b []byte) (int, error) {
	if !g.read {
		g.read = true
		g.greeting()
	}
	if len(g.rest) > 0 {
		n := copy(b, g.rest)
		g.rest = g.rest[n:]
		return n, nil
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.Conn.Read(b)
}

// greeting reads the first packet. What is none is left to the driver.
func (g *greeted) greeting() {
	const header, most = 8, 32 << 10
	packet := make([]byte, header)
	n, err := io.ReadFull(g.Conn, packet)
	if err == nil && packet[0] == 4 {
		if size := int(binary.BigEndian.Uint16(packet[2:])); size > header && size <= most {
			packet = append(packet, make([]byte, size-header)...)
			var more int
			more, err = io.ReadFull(g.Conn, packet[header:])
			if n += more; err == nil && cannotEncrypt(packet[header:]) {
				g.err = errClear
				return
			}
		}
	}
	g.rest, g.err = packet[:n], err
}

// cannotEncrypt looks for the option ENCRYPTION among those of an answer to
// PRELOGIN. One that is missing or cut off counts as cannot: the driver must not
// read more into it than we do.
func cannotEncrypt(options []byte) bool {
	const encryption, end, notSupported = 1, 0xff, 2
	for at := 0; at+5 <= len(options) && options[at] != end; at += 5 {
		if options[at] != encryption {
			continue
		}
		offset, length := int(binary.BigEndian.Uint16(options[at+1:])), int(binary.BigEndian.Uint16(options[at+3:]))
		return length < 1 || offset >= len(options) || options[offset] == notSupported
	}
	return true
}
