package tds

import "io"

// Column is a column of a result.
type Column struct {
	Name string
	Type Type
}

// Commands in DONE tokens.
const (
	CommandSelect = 0xc1
	CommandInsert = 0xc3
	CommandDelete = 0xc4
	CommandUpdate = 0xc5
)

// Reply is the answer to a request, written token by token and sent packet by
// packet. It belongs to the goroutine that runs the request.
type Reply struct {
	out     *packets
	server  string
	version [4]byte
	call    bool // inside a procedure call: DONE becomes DONEINPROC
	columns []Column
	pending *done // written when it is known whether more follows
	outs    [][]byte
	status  int32
	inTran  func() bool
}

type done struct {
	id      byte
	status  uint16
	command uint16
	rows    uint64
}

// DONE status bits.
const (
	doneMore      = 0x01
	doneError     = 0x02
	doneInTran    = 0x04
	doneCount     = 0x10
	doneAttention = 0x20
)

const (
	tokenDone       = 0xfd
	tokenDoneProc   = 0xfe
	tokenDoneInProc = 0xff
)

func (r *Reply) put(b []byte) {
	r.settle(true)
	r.out.write(b)
}

// settle writes the DONE that waits.
func (r *Reply) settle(more bool) {
	d := r.pending
	if d == nil {
		return
	}
	r.pending = nil
	if more {
		d.status |= doneMore
	}
	if r.inTran != nil && r.inTran() {
		d.status |= doneInTran
	}
	b := le.AppendUint16([]byte{d.id}, d.status)
	b = le.AppendUint16(b, d.command)
	r.out.write(le.AppendUint64(b, d.rows))
}

// token writes a token with two bytes of length.
func (r *Reply) token(id byte, body []byte) {
	r.put(append(le.AppendUint16([]byte{id}, uint16(len(body))), body...))
}

// Columns begins a result set.
func (r *Reply) Columns(columns []Column) {
	r.columns = columns
	b := le.AppendUint16([]byte{0x81}, uint16(len(columns)))
	for _, c := range columns {
		b = append(b, 0, 0, 0, 0) // user type
		b = append(b, 0x09, 0)    // nullable, updatable unknown
		b = c.Type.info(b)
		b = shortText(b, c.Name)
	}
	r.put(b)
}

// Row writes a row of the result set begun last.
func (r *Reply) Row(values []any) (err error) {
	b := []byte{0xd1}
	for i, c := range r.columns {
		if b, err = c.Type.value(b, values[i]); err != nil {
			return err
		}
	}
	r.put(b)
	return nil
}

// Done ends a statement. A negative number of rows means none is told.
func (r *Reply) Done(command int, rows int64) {
	d := &done{id: tokenDone, command: uint16(command)}
	if rows >= 0 {
		d.status, d.rows = doneCount, uint64(rows)
	}
	r.finish(d)
}

// Failed ends a statement that failed; its errors were written before.
func (r *Reply) Failed() { r.finish(&done{id: tokenDone, status: doneError}) }

func (r *Reply) finish(d *done) {
	if r.call {
		d.id = tokenDoneInProc
	}
	r.settle(true)
	r.pending = d
}

// Message writes an error or a piece of information.
func (r *Reply) Message(m Message) {
	id := byte(0xab)
	if m.IsError() {
		id = 0xaa
	}
	b := le.AppendUint32(nil, uint32(int32(m.Number)))
	b = append(b, byte(max(m.State, 1)), byte(m.Class))
	b = longText(b, m.Text, 2000)
	b = shortText(b, r.server)
	b = shortText(b, m.Proc)
	r.token(id, le.AppendUint32(b, uint32(max(m.Line, 1))))
}

// Flush sends what was written so far, so that messages arrive while the
// request goes on.
func (r *Reply) Flush() { r.out.flush() }

// Err is the first error of the connection below.
func (r *Reply) Err() error { return r.out.err }

// env writes an ENVCHANGE.
func (r *Reply) env(kind byte, now, before []byte) {
	r.token(0xe3, append(append([]byte{kind}, now...), before...))
}

// EnvDatabase tells the client that its database changed.
func (r *Reply) EnvDatabase(now, before string) {
	r.env(1, shortText(nil, now), shortText(nil, before))
}

// EnvBegin tells that a transaction began, EnvCommit and EnvRollback how it
// ended.
func (r *Reply) EnvBegin(id uint64) { r.env(8, transaction(id), []byte{0}) }

// EnvCommit tells that the transaction was committed.
func (r *Reply) EnvCommit(id uint64) { r.env(9, []byte{0}, transaction(id)) }

// EnvRollback tells that the transaction was rolled back.
func (r *Reply) EnvRollback(id uint64) { r.env(10, []byte{0}, transaction(id)) }

func transaction(id uint64) []byte { return append([]byte{8}, le.AppendUint64(nil, id)...) }

// ReturnStatus sets what the called procedure returns; zero is success.
func (r *Reply) ReturnStatus(status int32) { r.status = status }

// ReturnValue sends an output parameter at the end of the call.
func (r *Reply) ReturnValue(p Param) error {
	b := le.AppendUint16([]byte{0xac}, uint16(len(r.outs)))
	b = shortText(b, p.Name)
	b = append(b, 1, 0, 0, 0, 0, 0, 0)
	b, err := p.Type.value(p.Type.info(b), p.Value)
	if err == nil {
		r.outs = append(r.outs, b)
	}
	return err
}

// endCall writes what follows the statements of a procedure.
func (r *Reply) endCall() {
	for _, b := range r.outs {
		r.put(b)
	}
	r.put(le.AppendUint32([]byte{0x79}, uint32(r.status)))
	r.pending = &done{id: tokenDoneProc}
	r.outs, r.status = nil, 0
}

// end sends the rest of the message.
func (r *Reply) end() error {
	if r.pending == nil {
		r.pending = &done{id: tokenDone}
	}
	r.settle(false)
	return r.out.end()
}

// Unheard is a reply that nobody reads.
func Unheard() *Reply {
	return &Reply{out: &packets{w: io.Discard, kind: packetReply, size: defaultPacketSize}}
}
