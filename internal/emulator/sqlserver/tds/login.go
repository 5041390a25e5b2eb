package tds

import "strconv"

// Login is what a client says of itself.
type Login struct {
	User, Password string
	Database       string // empty = the login's default
	Host, App      string
	Library        string
	Language       string
	Windows        bool // asked for Windows authentication
	Encrypted      bool // the whole connection, not the login alone

	packetSize int
	version    uint32
	features   bool
}

const loginFixed = 94

// parseLogin reads LOGIN7.
func parseLogin(b []byte) (*Login, error) {
	if len(b) < loginFixed || int64(le.Uint32(b)) > int64(len(b)) {
		return nil, errMalformed
	}
	l := &Login{version: le.Uint32(b[4:]), packetSize: int(le.Uint32(b[8:])), Windows: b[25]&0x80 != 0, features: b[27]&0x10 != 0}
	ok := true
	raw := func(at int) []byte {
		offset, n := int(le.Uint16(b[at:])), 2*int(le.Uint16(b[at+2:]))
		if n == 0 {
			return nil
		}
		if offset < 36 || offset+n > len(b) {
			ok = false
			return nil
		}
		return b[offset : offset+n]
	}
	l.Host, l.User = decodeText(raw(36)), decodeText(raw(40))
	password := append([]byte(nil), raw(44)...)
	for i, x := range password {
		x ^= 0xa5
		password[i] = x<<4 | x>>4
	}
	l.Password = decodeText(password)
	l.App, l.Library, l.Language, l.Database = decodeText(raw(48)), decodeText(raw(60)), decodeText(raw(64)), decodeText(raw(68))
	if !ok {
		return nil, errMalformed
	}
	if l.packetSize == 0 {
		l.packetSize = defaultPacketSize
	}
	l.packetSize = min(max(l.packetSize, 512), 32767)
	return l, nil
}

// collation is SQL_Latin1_General_CP1_CI_AS.
var collation = []byte{0x09, 0x04, 0xd0, 0x00, 0x34}

// accept writes the tokens of a login that succeeded.
func (r *Reply) accept(l *Login, database, language string) {
	r.EnvDatabase(database, "master")
	r.Message(Message{Number: 5701, State: 2, Class: 0, Text: "Changed database context to '" + database + "'."})
	r.env(7, append([]byte{byte(len(collation))}, collation...), []byte{0})
	r.env(2, shortText(nil, language), shortText(nil, ""))
	r.Message(Message{Number: 5703, State: 1, Class: 0, Text: "Changed language setting to " + language + "."})

	ack := []byte{1, 0x74, 0, 0, 4}
	ack = shortText(ack, "Microsoft SQL Server")
	ack = append(ack, r.version[0], r.version[1], r.version[2], r.version[3])
	r.token(0xad, ack)
	size := strconv.Itoa(l.packetSize)
	r.env(4, shortText(nil, size), shortText(nil, strconv.Itoa(defaultPacketSize)))
	if l.features {
		r.put([]byte{0xae, 0xff})
	}
	r.Done(0, -1)
}
