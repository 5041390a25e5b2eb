package tds

import (
	"bytes"
	"fmt"
)

// Type ids of the wire.
const (
	idNull           = 0x1f
	idImage          = 0x22
	idText           = 0x23
	idGUID           = 0x24
	idInt            = 0x26
	idDate           = 0x28
	idTime           = 0x29
	idDateTime2      = 0x2a
	idDateTimeOffset = 0x2b
	idNText          = 0x63
	idBit            = 0x68
	idDecimal        = 0x6a
	idNumeric        = 0x6c
	idFloat          = 0x6d
	idDateTime       = 0x6f
	idVarBinary      = 0xa5
	idVarChar        = 0xa7
	idBinary         = 0xad
	idChar           = 0xaf
	idNVarChar       = 0xe7
	idNChar          = 0xef
)

// Max is the length of (max) types.
const Max = -1

// Type is a column's or parameter's type. Size counts bytes of numbers and
// binaries, and characters of text.
type Type struct {
	id        byte
	Size      int
	Precision int
	Scale     int
}

// The types a server answers with.
var (
	TinyInt  = Type{id: idInt, Size: 1}
	SmallInt = Type{id: idInt, Size: 2}
	Int      = Type{id: idInt, Size: 4}
	BigInt   = Type{id: idInt, Size: 8}
	Bit      = Type{id: idBit, Size: 1}
	Real     = Type{id: idFloat, Size: 4}
	Float    = Type{id: idFloat, Size: 8}
	DateTime = Type{id: idDateTime, Size: 8}
	Date     = Type{id: idDate}
	GUID     = Type{id: idGUID, Size: 16}
	LSN      = Numeric(25, 0) // how SQL Server shows log sequence numbers
)

// DecimalType is decimal(precision, scale), precision up to 38.
func DecimalType(precision, scale int) Type {
	return Type{id: idDecimal, Size: decimalSize(precision), Precision: precision, Scale: scale}
}

// Numeric is numeric(precision, scale).
func Numeric(precision, scale int) Type {
	return Type{id: idNumeric, Size: decimalSize(precision), Precision: precision, Scale: scale}
}

// DateTime2 has a scale from 0 to 7.
func DateTime2(scale int) Type { return Type{id: idDateTime2, Scale: scale} }

// DateTimeOffset has a scale from 0 to 7.
func DateTimeOffset(scale int) Type { return Type{id: idDateTimeOffset, Scale: scale} }

// NVarChar holds up to n UTF-16 units, or Max.
func NVarChar(n int) Type { return Type{id: idNVarChar, Size: n} }

// NChar holds n UTF-16 units.
func NChar(n int) Type { return Type{id: idNChar, Size: n} }

// VarChar holds up to n bytes of code page 1252, or Max.
func VarChar(n int) Type { return Type{id: idVarChar, Size: n} }

// Char holds n bytes.
func Char(n int) Type { return Type{id: idChar, Size: n} }

// VarBinary holds up to n bytes, or Max.
func VarBinary(n int) Type { return Type{id: idVarBinary, Size: n} }

// IsZero reports whether the type was never set.
func (t Type) IsZero() bool { return t.id == 0 }

// IsText reports whether values are strings.
func (t Type) IsText() bool {
	return t.id == idNVarChar || t.id == idNChar || t.id == idVarChar || t.id == idChar
}

// IsDecimal reports whether values are Decimals.
func (t Type) IsDecimal() bool { return t.id == idDecimal || t.id == idNumeric }

// IsInteger reports whether values are whole numbers.
func (t Type) IsInteger() bool { return t.id == idInt }

// IsFloat reports whether values are floating.
func (t Type) IsFloat() bool { return t.id == idFloat }

// IsBit reports whether values are bits.
func (t Type) IsBit() bool { return t.id == idBit }

// IsGUID reports whether values are identifiers.
func (t Type) IsGUID() bool { return t.id == idGUID }

// IsBinary reports whether values are bytes.
func (t Type) IsBinary() bool { return t.id == idVarBinary || t.id == idBinary }

// IsTime reports whether values are dates or times.
func (t Type) IsTime() bool {
	switch t.id {
	case idDate, idTime, idDateTime, idDateTime2, idDateTimeOffset:
		return true
	}
	return false
}

// IsDateTime reports whether it is the old type, which counts 1/300 seconds.
func (t Type) IsDateTime() bool { return t.id == idDateTime }

func decimalSize(precision int) int {
	switch {
	case precision <= 9:
		return 5
	case precision <= 19:
		return 9
	case precision <= 28:
		return 13
	}
	return 17
}

// info appends TYPE_INFO.
func (t Type) info(b []byte) []byte {
	b = append(b, t.id)
	switch t.id {
	case idInt, idBit, idFloat, idDateTime, idGUID:
		return append(b, byte(t.Size))
	case idDecimal, idNumeric:
		return append(b, byte(t.Size), byte(t.Precision), byte(t.Scale))
	case idDateTime2, idDateTimeOffset, idTime:
		return append(b, byte(t.Scale))
	case idNVarChar, idNChar, idVarChar, idChar:
		n := t.Size
		if t.id == idNVarChar || t.id == idNChar {
			n *= 2
		}
		if t.Size == Max {
			n = 0xffff
		}
		return append(le.AppendUint16(b, uint16(n)), collation...)
	case idVarBinary, idBinary:
		n := t.Size
		if n == Max {
			n = 0xffff
		}
		return le.AppendUint16(b, uint16(n))
	}
	return b // DATE has nothing
}

// fixedTypes are the types without length that parameters may have.
var fixedTypes = map[byte]Type{
	0x30: TinyInt, 0x32: Bit, 0x34: SmallInt, 0x38: Int, 0x7f: BigInt, 0x3b: Real, 0x3e: Float, 0x3d: DateTime,
}

// lengths are those that the types with a length byte may have.
var lengths = map[byte][]byte{idInt: {1, 2, 4, 8}, idBit: {1}, idFloat: {4, 8}, idDateTime: {8}, idGUID: {16}}

// readType reads TYPE_INFO of a parameter; fixed types have no length before
// their value.
func readType(c *cursor) (t Type, fixed bool) {
	id := c.u8()
	if t, ok := fixedTypes[id]; ok {
		return t, true
	}
	t.id = id
	switch id {
	case idNull:
		return t, true
	case idInt, idBit, idFloat, idDateTime, idGUID:
		t.Size = int(c.u8())
		if c.err == nil && !bytes.Contains(lengths[id], []byte{byte(t.Size)}) {
			c.err = errMalformed
		}
	case idDecimal, idNumeric:
		t.Size, t.Precision, t.Scale = int(c.u8()), int(c.u8()), int(c.u8())
		if t.Precision < 1 || t.Precision > 38 || t.Scale > t.Precision {
			c.err = errMalformed
		}
		t.Size = decimalSize(t.Precision)
	case idDate:
	case idTime, idDateTime2, idDateTimeOffset:
		t.Scale = int(c.u8())
		if t.Scale > 7 {
			c.err = errMalformed
		}
	case idNVarChar, idNChar, idVarChar, idChar:
		t.Size = int(c.u16())
		c.bytes(len(collation))
		switch {
		case t.Size == 0xffff:
			t.Size = Max
		case id == idNVarChar || id == idNChar:
			t.Size /= 2
		}
	case idVarBinary, idBinary:
		if t.Size = int(c.u16()); t.Size == 0xffff {
			t.Size = Max
		}
	case idText, idNText, idImage: // of old clients, such as FreeTDS' ODBC driver
		c.u32()
		if id != idImage {
			c.bytes(len(collation))
		}
		t.Size = Max
	default:
		if c.err == nil {
			c.err = unknownType(id)
		}
	}
	return t, false
}

// unknownType is a parameter of a type that is not emulated, such as xml or a
// table.
type unknownType byte

func (u unknownType) Error() string { return fmt.Sprintf("data type %#02x is unknown", byte(u)) }

// modern is the type of the same values that came after text, ntext and image.
func (t Type) modern() Type {
	switch t.id {
	case idText:
		return VarChar(Max)
	case idNText:
		return NVarChar(Max)
	case idImage:
		return VarBinary(Max)
	}
	return t
}
