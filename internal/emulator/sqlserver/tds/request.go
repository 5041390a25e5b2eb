package tds

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a client asks for.
type Kind int

const (
	Batch Kind = iota // SQL holds statements
	Call              // Proc is called with Params
	Begin             // a transaction
	Commit
	Rollback
)

// Request is one thing asked of a session. A message may hold several calls.
type Request struct {
	Kind   Kind
	SQL    string
	Proc   string
	Params []Param
}

// Param is a parameter of a call.
type Param struct {
	Name   string // with @; empty for positional ones
	Output bool
	Type   Type
	Value  any
}

// Names of the procedures that are called by number.
var procIDs = map[uint16]string{
	1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute", 5: "sp_cursorprepexec",
	6: "sp_cursorunprepare", 7: "sp_cursorfetch", 8: "sp_cursoroption", 9: "sp_cursorclose",
	10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 14: "sp_prepexecrpc", 15: "sp_unprepare",
}

// Bounds of one message.
const (
	maxCalls  = 64
	maxParams = 2100
)

// parseRequest reads a request's message.
func parseRequest(m message) ([]Request, error) {
	c := &cursor{b: m.body}
	if err := skipHeaders(c); err != nil {
		return nil, err
	}
	switch m.kind {
	case packetBatch:
		if len(c.b)%2 != 0 {
			return nil, errMalformed
		}
		return []Request{{Kind: Batch, SQL: decodeText(c.b)}}, nil
	case packetCall:
		return parseCalls(c)
	case packetTran:
		kind, ok := map[uint16]Kind{5: Begin, 7: Commit, 8: Rollback}[c.u16()]
		if !ok || c.err != nil {
			return nil, fmt.Errorf("transaction request of an unknown kind: %w", errMalformed)
		}
		return []Request{{Kind: kind}}, nil
	}
	return nil, fmt.Errorf("packet type %#x: %w", m.kind, errMalformed)
}

// skipHeaders steps over ALL_HEADERS.
func skipHeaders(c *cursor) error {
	if len(c.b) < 4 {
		return errMalformed
	}
	total := le.Uint32(c.b)
	if total < 4 || int64(total) > int64(len(c.b)) {
		return errMalformed
	}
	c.bytes(int(total))
	return c.err
}

func parseCalls(c *cursor) (calls []Request, err error) {
	for len(c.b) > 0 && len(calls) < maxCalls {
		r := Request{Kind: Call}
		if n := c.u16(); n == 0xffff {
			id := c.u16()
			if r.Proc = procIDs[id]; r.Proc == "" && c.err == nil {
				return nil, fmt.Errorf("procedure number %d: %w", id, errMalformed)
			}
		} else {
			r.Proc = c.text(int(n))
		}
		c.u16() // options
		for len(c.b) > 0 && c.err == nil {
			if c.b[0] == 0xff || c.b[0] == 0x80 {
				c.u8()
				break
			}
			if len(r.Params) >= maxParams {
				return nil, errMalformed
			}
			p := readParam(c)
			var unknown unknownType
			if errors.As(c.err, &unknown) {
				// Whether SQL Server keeps the connection is not confirmed.
				return nil, Refuse(8009, 16, "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. Parameter %d (\"%s\"): Data type 0x%02X is unknown.", len(r.Params)+1, p.Name, byte(unknown))
			}
			r.Params = append(r.Params, p)
		}
		if c.err != nil {
			return nil, c.err
		}
		calls = append(calls, r)
	}
	if len(calls) == 0 {
		return nil, errMalformed
	}
	return calls, nil
}

func readParam(c *cursor) (p Param) {
	p.Name = c.text(int(c.u8()))
	p.Output = c.u8()&1 != 0
	var fixed bool
	p.Type, fixed = readType(c)
	if c.err == nil {
		p.Value = readValue(c, p.Type, fixed)
		p.Type = p.Type.modern()
	}
	return p
}

// Text is a parameter's value as text, empty when it is none.
func (p Param) Text() string {
	s, _ := p.Value.(string)
	return s
}

// Named looks a parameter up by name or, when it has none, by place.
func (r *Request) Named(name string, place int) (Param, bool) {
	for _, p := range r.Params {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	if place < len(r.Params) && r.Params[place].Name == "" {
		return r.Params[place], true
	}
	return Param{}, false
}
