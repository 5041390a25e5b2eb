package tds

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// Encryption is what the server asks of its clients' connections.
type Encryption int

const (
	// EncryptionOffered: as the client likes; at least the login when it can.
	EncryptionOffered Encryption = iota
	// EncryptionForced: clients that cannot are refused.
	EncryptionForced
	// EncryptionMissing: the server has no certificate.
	EncryptionMissing
)

// Encryption values of PRELOGIN.
const (
	wireOff    = 0
	wireOn     = 1
	wireNotSup = 2
	wireReq    = 3
)

// agree answers the client's value; refused means there is no common ground.
func (e Encryption) agree(client byte) (server byte, refused bool) {
	switch {
	case e == EncryptionMissing:
		return wireNotSup, false
	case client == wireNotSup:
		return wireNotSup, e == EncryptionForced
	case client == wireOn || client == wireReq || e == EncryptionForced:
		return wireOn, false
	}
	return wireOff, false
}

// prelogin reads the client's options and returns its encryption value.
func prelogin(body []byte) (client byte, err error) {
	client = wireNotSup
	for at := 0; ; at += 5 {
		if at >= len(body) {
			return 0, errMalformed
		}
		if body[at] == 0xff {
			return client, nil
		}
		if at+5 > len(body) {
			return 0, errMalformed
		}
		offset, length := int(be.Uint16(body[at+1:])), int(be.Uint16(body[at+3:]))
		if offset+length > len(body) {
			return 0, errMalformed
		}
		if body[at] == 1 {
			if length < 1 {
				return 0, errMalformed
			}
			client = body[offset]
		}
	}
}

func preloginReply(version [4]byte, encryption byte) []byte {
	data := [][]byte{
		{version[0], version[1], version[2], version[3], 0, 0}, // VERSION
		{encryption},
		{0}, // INSTOPT
		{},  // THREADID
		{0}, // MARS
	}
	var head, tail []byte
	offset := 5*len(data) + 1
	for i, d := range data {
		head = append(head, byte(i))
		head = be.AppendUint16(head, uint16(offset))
		head = be.AppendUint16(head, uint16(len(d)))
		offset += len(d)
		tail = append(tail, d...)
	}
	return append(append(head, 0xff), tail...)
}

// handshakeConn carries TLS records inside PRELOGIN packets until the
// handshake is over, and then as they are.
type handshakeConn struct {
	net.Conn
	over    bool
	pending bytes.Buffer // to be sent as one message
	read    []byte
}

func (h *handshakeConn) Write(b []byte) (int, error) {
	if h.over {
		return h.Conn.Write(b)
	}
	return h.pending.Write(b)
}

func (h *handshakeConn) Read(b []byte) (int, error) {
	if h.over && len(h.read) == 0 {
		return h.Conn.Read(b)
	}
	if len(h.read) == 0 {
		if err := h.flush(); err != nil {
			return 0, err
		}
		m, err := readMessage(h.Conn, maxLoginMessage)
		if err != nil {
			return 0, err
		}
		if m.kind != packetPrelogin {
			return 0, fmt.Errorf("packet type %#x within the TLS handshake: %w", m.kind, errMalformed)
		}
		h.read = m.body
	}
	n := copy(b, h.read)
	h.read = h.read[n:]
	return n, nil
}

func (h *handshakeConn) flush() error {
	if h.pending.Len() == 0 {
		return nil
	}
	p := packets{w: h.Conn, kind: packetPrelogin, size: defaultPacketSize}
	p.write(h.pending.Bytes())
	h.pending.Reset()
	return p.end()
}

// secure runs the TLS handshake inside PRELOGIN packets.
func secure(conn net.Conn, config *tls.Config) (*tls.Conn, error) {
	if config == nil {
		return nil, errors.New("there is no certificate")
	}
	own := config.Clone()
	own.MaxVersion = tls.VersionTLS12
	own.SessionTicketsDisabled = true
	h := &handshakeConn{Conn: conn}
	t := tls.Server(h, own)
	if err := t.Handshake(); err != nil {
		_ = h.flush() // the alert
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	if err := h.flush(); err != nil {
		return nil, err
	}
	h.over = true
	return t, nil
}

// peeked is a connection whose first byte was looked at.
type peeked struct {
	net.Conn
	first []byte
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// strict recognises TDS 8, where TLS comes first, and answers the connection
// to go on with.
func strict(conn net.Conn, config *tls.Config) (net.Conn, bool, error) {
	first := make([]byte, 1)
	if _, err := io.ReadFull(conn, first); err != nil {
		return nil, false, err
	}
	p := &peeked{conn, first}
	if first[0] != 0x16 {
		return p, false, nil
	}
	if config == nil {
		return nil, false, errors.New("there is no certificate")
	}
	own := config.Clone()
	own.NextProtos = []string{"tds/8.0"}
	t := tls.Server(p, own)
	if err := t.Handshake(); err != nil {
		return nil, false, fmt.Errorf("TLS handshake: %w", err)
	}
	return t, true, nil
}
