package tds

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Values of the types in Go: nil for NULL, int64, bool, float64, Decimal,
// string, []byte, time.Time (its Location matters only for datetimeoffset) and
// bakfile.GUID.

var (
	epoch1900 = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	epoch1    = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
)

const day = 24 * time.Hour

// value appends a value in the type's wire form.
func (t Type) value(b []byte, v any) ([]byte, error) {
	long := t.Size == Max
	if v == nil {
		switch {
		case long && (t.IsText() || t.IsBinary()):
			return le.AppendUint64(b, math.MaxUint64), nil
		case t.IsText() || t.IsBinary():
			return append(b, 0xff, 0xff), nil
		}
		return append(b, 0), nil
	}
	var raw []byte
	switch {
	case t.IsInteger() || t.IsBit():
		n, ok := integer(v)
		if !ok {
			return nil, wrongValue(t, v)
		}
		raw = le.AppendUint64(nil, uint64(n))[:t.Size]
	case t.IsFloat():
		f, ok := floating(v)
		if !ok {
			return nil, wrongValue(t, v)
		}
		if t.Size == 4 {
			raw = le.AppendUint32(nil, math.Float32bits(float32(f)))
		} else {
			raw = le.AppendUint64(nil, math.Float64bits(f))
		}
	case t.IsDecimal():
		d, ok := decimal(v)
		if !ok {
			return nil, wrongValue(t, v)
		}
		d = d.Rescale(t.Scale)
		if d.Digits() > t.Precision {
			return nil, wrongValue(t, v)
		}
		raw = make([]byte, t.Size)
		if d.Int.Sign() >= 0 {
			raw[0] = 1
		}
		big := new(big.Int).Abs(d.Int).Bytes()
		for i, x := range big {
			raw[len(big)-i] = x
		}
	case t.IsTime():
		at, ok := v.(time.Time)
		if !ok {
			return nil, wrongValue(t, v)
		}
		raw = t.time(at)
	case t.IsGUID():
		g, ok := v.(bakfile.GUID)
		if !ok {
			return nil, wrongValue(t, v)
		}
		wire := g.Wire()
		raw = wire[:]
	case t.IsText() || t.IsBinary():
		switch x := v.(type) {
		case []byte:
			raw = x
		case string:
			raw = t.encodeString(x)
		default:
			return nil, wrongValue(t, v)
		}
		if long {
			b = le.AppendUint64(b, uint64(len(raw)))
			if len(raw) > 0 {
				b = append(le.AppendUint32(b, uint32(len(raw))), raw...)
			}
			return le.AppendUint32(b, 0), nil
		}
		most := t.Size
		if t.id == idNVarChar || t.id == idNChar {
			most *= 2
		}
		raw = raw[:min(len(raw), most)]
		return append(le.AppendUint16(b, uint16(len(raw))), raw...), nil
	default:
		return nil, wrongValue(t, v)
	}
	return append(append(b, byte(len(raw))), raw...), nil
}

func (t Type) encodeString(s string) []byte {
	if t.id == idNVarChar || t.id == idNChar {
		return encodeText(s)
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r >= 0x100 {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func wrongValue(t Type, v any) error {
	return fmt.Errorf("%v (%T) does not fit a column of type %#x", v, v, t.id)
}

func integer(v any) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case int:
		return int64(x), true
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	case float64:
		return int64(x), true
	case Decimal:
		n := x.Rescale(0).Int
		return n.Int64(), n.IsInt64()
	}
	return 0, false
}

func floating(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case Decimal:
		return x.Float(), true
	}
	n, ok := integer(v)
	return float64(n), ok
}

func decimal(v any) (Decimal, bool) {
	switch x := v.(type) {
	case Decimal:
		return x, x.Int != nil
	case bakfile.LSN:
		d, err := ParseDecimal(x.String())
		return d, err == nil
	case float64:
		d, err := ParseDecimal(fmt.Sprintf("%.6f", x))
		return d, err == nil
	}
	n, ok := integer(v)
	return NewDecimal(n), ok
}

// time is the wire form of a date or time.
func (t Type) time(at time.Time) []byte {
	local := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	if t.id == idDateTime {
		days := floorDays(local.Sub(epoch1900))
		rest := local.Sub(epoch1900) - time.Duration(days)*day
		ticks := (rest*3 + 5*time.Millisecond) / (10 * time.Millisecond)
		if ticks >= 24*3600*300 {
			days, ticks = days+1, 0
		}
		return le.AppendUint32(le.AppendUint32(nil, uint32(int32(days))), uint32(ticks))
	}
	if t.id == idDateTimeOffset {
		local = at.UTC()
	}
	days := (local.Unix() - epoch1.Unix()) / 86400
	var out []byte
	if t.id != idDate {
		rest := local.Sub(local.Truncate(day))
		units := int64(rest)
		for range 9 - t.Scale {
			units /= 10
		}
		out = le.AppendUint64(nil, uint64(units))[:timeSize(t.Scale)]
	}
	if t.id != idTime {
		out = append(out, byte(days), byte(days>>8), byte(days>>16))
	}
	if t.id == idDateTimeOffset {
		_, offset := at.Zone()
		out = le.AppendUint16(out, uint16(int16(offset/60)))
	}
	return out
}

func floorDays(d time.Duration) int64 {
	n := int64(d / day)
	if d%day < 0 {
		n--
	}
	return n
}

func timeSize(scale int) int {
	switch {
	case scale <= 2:
		return 3
	case scale <= 4:
		return 4
	}
	return 5
}

// maxValue bounds one parameter.
const maxValue = 16 << 20

// readValue reads a parameter's value.
func readValue(c *cursor, t Type, fixed bool) any {
	if t.id == idNull {
		return nil
	}
	old := t.modern() != t
	if t = t.modern(); t.IsText() || t.IsBinary() {
		var raw []byte
		switch {
		case old:
			n := c.u32()
			if n == math.MaxUint32 {
				return nil
			}
			if n > maxValue {
				c.err = errMalformed
				return nil
			}
			raw = c.bytes(int(n))
		case t.Size == Max:
			var null bool
			if raw, null = readParts(c); null {
				return nil
			}
		default:
			n := c.u16()
			if n == 0xffff {
				return nil
			}
			raw = c.bytes(int(n))
		}
		switch {
		case c.err != nil:
			return nil
		case t.IsBinary():
			return raw
		case t.id == idNVarChar || t.id == idNChar:
			return decodeText(raw)
		}
		out := make([]rune, len(raw))
		for i, x := range raw {
			out[i] = rune(x)
		}
		return string(out)
	}
	n := t.Size
	if !fixed {
		if n = int(c.u8()); n == 0 {
			return nil
		}
	}
	raw := c.bytes(n)
	if c.err != nil {
		return nil
	}
	v, ok := t.decode(raw)
	if !ok {
		c.err = errMalformed
	}
	return v
}

// readParts reads a value of a (max) type.
func readParts(c *cursor) (raw []byte, null bool) {
	if c.u64() == math.MaxUint64 || c.err != nil {
		return nil, true
	}
	raw = []byte{}
	for {
		n := c.u32()
		if n == 0 || c.err != nil {
			return raw, false
		}
		if int64(len(raw))+int64(n) > maxValue {
			c.err = errMalformed
			return nil, true
		}
		raw = append(raw, c.bytes(int(n))...)
	}
}

func (t Type) decode(raw []byte) (any, bool) {
	switch {
	case t.IsBit():
		return raw[0] != 0, len(raw) == 1
	case t.IsInteger():
		switch len(raw) {
		case 1:
			return int64(raw[0]), true
		case 2:
			return int64(int16(le.Uint16(raw))), true
		case 4:
			return int64(int32(le.Uint32(raw))), true
		case 8:
			return int64(le.Uint64(raw)), true
		}
	case t.IsFloat() && len(raw) == 4:
		return float64(math.Float32frombits(le.Uint32(raw))), true
	case t.IsFloat() && len(raw) == 8:
		return math.Float64frombits(le.Uint64(raw)), true
	case t.IsDecimal() && len(raw) <= 17:
		n := new(big.Int)
		for i := len(raw) - 1; i > 0; i-- {
			n.Or(n.Lsh(n, 8), big.NewInt(int64(raw[i])))
		}
		if raw[0] == 0 {
			n.Neg(n)
		}
		return Decimal{n, t.Scale}, true
	case t.IsGUID() && len(raw) == 16:
		return bakfile.GUIDFromWire(raw), true
	case t.id == idDateTime && len(raw) == 8:
		days, ticks := int32(le.Uint32(raw)), le.Uint32(raw[4:])
		return epoch1900.AddDate(0, 0, int(days)).Add(time.Duration(ticks) * time.Second / 300), days > -60000 && days < 3000000
	case t.IsTime() && t.id != idDateTime:
		return t.decodeTime(raw)
	}
	return nil, false
}

func (t Type) decodeTime(raw []byte) (any, bool) {
	c := &cursor{b: raw}
	var clock time.Duration
	if t.id != idDate {
		var word [8]byte
		copy(word[:], c.fixed(timeSize(t.Scale)))
		clock = time.Duration(le.Uint64(word[:]))
		for range 9 - t.Scale {
			clock *= 10
		}
	}
	at := epoch1
	if t.id != idTime {
		d := c.fixed(3)
		at = at.AddDate(0, 0, int(d[0])|int(d[1])<<8|int(d[2])<<16)
	}
	at = at.Add(clock)
	if t.id == idDateTimeOffset {
		at = at.In(time.FixedZone("", 60*int(int16(c.u16()))))
	}
	return at, c.err == nil && len(c.b) == 0
}
