package tds

import (
	"fmt"
	"math/big"
	"strings"
)

// Decimal is a value of a decimal column: Int × 10^-Scale.
type Decimal struct {
	Int   *big.Int
	Scale int
}

// NewDecimal is a whole number.
func NewDecimal(n int64) Decimal { return Decimal{Int: big.NewInt(n)} }

// ParseDecimal reads digits with a sign and a point.
func ParseDecimal(s string) (Decimal, error) {
	whole, fraction, _ := strings.Cut(strings.TrimSpace(s), ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || len(s) > 60 || strings.ContainsAny(fraction, "+-") {
		return Decimal{}, fmt.Errorf("%q is not a decimal number", s)
	}
	return Decimal{n, len(fraction)}, nil
}

// Rescale rounds to a scale, halves away from zero.
func (d Decimal) Rescale(scale int) Decimal {
	if d.Int == nil {
		return Decimal{new(big.Int), scale}
	}
	ten := big.NewInt(10)
	n := new(big.Int).Set(d.Int)
	for s := d.Scale; s < scale; s++ {
		n.Mul(n, ten)
	}
	if drop := d.Scale - scale; drop > 0 {
		unit := new(big.Int).Exp(ten, big.NewInt(int64(drop)), nil)
		half := new(big.Int).Rsh(unit, 1)
		if n.Sign() < 0 {
			n.Sub(n, half)
		} else {
			n.Add(n, half)
		}
		n.Quo(n, unit)
	}
	return Decimal{n, scale}
}

// Cmp compares two decimals.
func (d Decimal) Cmp(e Decimal) int {
	scale := max(d.Scale, e.Scale)
	return d.Rescale(scale).Int.Cmp(e.Rescale(scale).Int)
}

// Float is the nearest floating number.
func (d Decimal) Float() float64 {
	f, _ := new(big.Float).SetString(d.String())
	v, _ := f.Float64()
	return v
}

// Digits counts the decimal digits.
func (d Decimal) Digits() int { return len(new(big.Int).Abs(d.Int).String()) }

func (d Decimal) String() string {
	if d.Int == nil {
		return "0"
	}
	s := new(big.Int).Abs(d.Int).String()
	if d.Scale > 0 {
		if len(s) <= d.Scale {
			s = strings.Repeat("0", d.Scale-len(s)+1) + s
		}
		s = s[:len(s)-d.Scale] + "." + s[len(s)-d.Scale:]
	}
	if d.Int.Sign() < 0 {
		s = "-" + s
	}
	return s
}
