package tds

import (
	"bytes"
	"testing"
	"time"
)

func FuzzLogin(f *testing.F) {
	good := make([]byte, loginFixed+20)
	le.PutUint32(good, uint32(len(good)))
	le.PutUint16(good[40:], loginFixed)
	le.PutUint16(good[42:], 4)
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLogin(b)
		if err == nil && (l.packetSize < 512 || l.packetSize > 32767) {
			t.Fatal(l.packetSize)
		}
	})
}

func FuzzPrelogin(f *testing.F) {
	f.Add(preloginReply([4]byte{16, 0, 0, 1}, wireOn))
	f.Add([]byte{1, 0, 6, 0, 1, 0xff})
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = prelogin(b) })
}

func FuzzHeaders(f *testing.F) {
	f.Add([]byte{1, 1, 0, 9, 0, 0, 1, 0, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readMessage(bytes.NewReader(b), 1<<16)
		if err == nil && len(m.body) > len(b) {
			t.Fatal("a body longer than what was sent")
		}
	})
}

func FuzzCalls(f *testing.F) {
	body := []byte{4, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0}
	for _, p := range []Param{{Type: NVarChar(10), Value: "select 1"}, {Name: "@a", Type: LSN, Value: NewDecimal(7)},
		{Type: DateTime2(7), Value: time.Unix(1e9, 5e8).UTC()}, {Type: NVarChar(Max), Value: "long"}} {
		body = append(shortText(body, p.Name), 0)
		body, _ = p.Type.value(p.Type.info(body), p.Value)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []byte{packetBatch, packetCall, packetTran} {
			requests, err := parseRequest(message{kind: kind, body: b})
			if err == nil && (len(requests) == 0 || len(requests) > maxCalls) {
				t.Fatal(len(requests))
			}
			// What was read can be written again.
			for _, r := range requests {
				for _, p := range r.Params {
					if p.Type.id != idNull {
						_, _ = p.Type.value(nil, p.Value)
					}
				}
			}
		}
	})
}

func TestValuesSurviveTheWire(t *testing.T) {
	at := time.Date(2026, 11, 20, 23, 59, 59, 790e6, time.UTC)
	for _, p := range []Param{
		{Type: Int, Value: int64(-5)}, {Type: BigInt, Value: int64(-1 << 62)}, {Type: TinyInt, Value: int64(255)}, {Type: Bit, Value: true},
		{Type: Float, Value: 2.5}, {Type: NVarChar(20), Value: "Ж😀"}, {Type: NVarChar(Max), Value: ""}, {Type: VarBinary(5), Value: []byte{1, 2}},
		{Type: DateTime, Value: at}, {Type: DateTime2(7), Value: at.Add(100)}, {Type: Int}, {Type: NVarChar(3)}, {Type: NVarChar(Max)},
	} {
		b, err := p.Type.value(p.Type.info(nil), p.Value)
		if err != nil {
			t.Fatal(err)
		}
		c := &cursor{b: b}
		typ, fixed := readType(c)
		got := readValue(c, typ, fixed)
		if x, ok := got.(time.Time); ok {
			if x.Sub(p.Value.(time.Time)).Abs() > 4*time.Millisecond {
				t.Errorf("%v, want %v", got, p.Value)
			}
		} else if b, ok := got.([]byte); ok {
			if !bytes.Equal(b, p.Value.([]byte)) {
				t.Errorf("%v, want %v", got, p.Value)
			}
		} else if got != p.Value {
			t.Errorf("%#v, want %#v", got, p.Value)
		}
		if c.err != nil || len(c.b) != 0 {
			t.Errorf("%v: %v, %d bytes left", p.Value, c.err, len(c.b))
		}
	}
	d, _ := ParseDecimal("25000000012800001")
	b, err := LSN.value(nil, d)
	if err != nil || !bytes.Equal(b, []byte{0x0d, 1, 1, 0xd0, 0x25, 0x18, 0x5e, 0xd1, 0x58, 0, 0, 0, 0, 0}) {
		t.Errorf("% x, %v", b, err)
	}
}
