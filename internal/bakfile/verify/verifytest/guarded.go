// Package verifytest damages backup files at random and knows which damages
// must be found. It reads files by itself, word by word as the rules are
// written down, so that it does not share the mistakes of the package it is for.
package verifytest

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

var le = binary.LittleEndian

// Unit is a stretch of a whole file that something guards. broken tells, of the
// same stretch after a damage, whether the guard must see it: sums of this
// kind are blind to some changes, such as text of one letter that becomes zeros.
type Unit struct {
	from, end int
	broken    func(before, after []byte) bool
}

// Guarded lists what is guarded in a backup file that is whole.
func Guarded(b []byte) []Unit {
	if string(b[:8]) == "MSSQLBAK" {
		return records(b)
	}
	return blocks(b)
}

func records(b []byte) (list []Unit) {
	for p := 0x1e0; p+0x1c <= len(b); {
		n := int(le.Uint16(b[p+2:]))
		switch b[p] {
		case 0x21:
			list = append(list, Unit{p, p + 0x1c + n, brokenRecord})
			p += 0x1c + n
		case 0x24:
			p += 0x18 + n
		default: // an index, or a filemark
			p = (p + 512) &^ 511
		}
		if p%512 == 0 && p+52 <= len(b) && string(b[p:p+4]) == "SFMB" {
			list = append(list, Unit{p, p + 52, brokenHeader})
			p += int(le.Uint16(b[p+8:]))
		}
	}
	return list
}

func brokenRecord(_, after []byte) bool {
	data := bytes.Clone(after[0x1c:])
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	r := uint32(0)
	for ; len(data) > 0; data = data[4:] {
		r = bits.RotateLeft32(r, 1) ^ le.Uint32(data)
	}
	return after[0] != 0x21 || int(le.Uint16(after[2:])) != len(after)-0x1c || r != le.Uint32(after[0x18:])
}

func words(b []byte) (x uint16) {
	for i := 0; i < len(b); i += 2 {
		x ^= le.Uint16(b[i:])
	}
	return x
}

func brokenHeader(_, after []byte) bool { return words(after[:50]) != le.Uint16(after[50:]) }
func brokenStream(_, after []byte) bool { return words(after[:20]) != le.Uint16(after[20:]) }
func brokenFill(_, after []byte) bool   { return bytes.Count(after, []byte{0}) != len(after) }

func blocks(b []byte) (list []Unit) {
	for p := 0; p+52 <= len(b); {
		kind := string(b[p : p+4])
		switch kind {
		case "TAPE", "SFMB", "SSET", "VOLB", "MSCI", "MSDA", "MSTL", "MSLS", "ESET":
		default:
			p += 512
			continue
		}
		list = append(list, Unit{p, p + 52, brokenHeader})
		at := p + int(le.Uint16(b[p+8:]))
		if kind == "SFMB" {
			p = at
			continue
		}
		for id := ""; id != "SPAD"; {
			at = p + (at-p+3)&^3
			id = string(b[at : at+4])
			size, summed := int(le.Uint64(b[at+8:])), b[at+7]&1 != 0
			list = append(list, Unit{at, at + 22, brokenStream})
			at += 22
			if id == "MQDA" || id == "MQTL" {
				for i := at + 2; i < at+size; {
					u := page(b, i)
					if id == "MQTL" {
						u = logBlock(b, i)
					}
					if u.broken != nil {
						list = append(list, u)
					}
					i = u.end
				}
				if summed {
					sum := (at+size-p+3)&^3 + p + 22
					list = append(list, Unit{at + 2, sum + 4, func(_, after []byte) bool {
						return sectors(after[:size-2]) != le.Uint32(after[len(after)-4:])
					}})
				}
			}
			at += size
		}
		p = at
	}
	return list
}

// sectors is the sum that pages, log blocks and streams share.
func sectors(b []byte) (r uint32) {
	for ; len(b) > 0; b = b[512:] {
		r = bits.RotateLeft32(r, 1)
		for i := 0; i < 512; i += 4 {
			r ^= le.Uint32(b[i:])
		}
	}
	return r
}

// withZero is the sum with the word at off as zero.
func withZero(b []byte, off int) uint32 {
	c := bytes.Clone(b)
	clear(c[off : off+4])
	return sectors(c)
}

// page is a page with a checksum. A damage that takes the mark itself away
// among other bytes leaves a page like those that were never marked.
func page(b []byte, i int) Unit {
	u := Unit{from: i, end: i + 8192}
	if b[i] == 1 && b[i+5]&2 != 0 && b[i+1] != 0x65 {
		u.broken = func(before, after []byte) bool {
			marked := after[0] == 1 && after[5]&2 != 0 || changed(before, after) == 1
			return marked && withZero(after, 0x3c) != le.Uint32(after[0x3c:])
		}
	}
	return u
}

func changed(a, b []byte) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// logBlock is a block of log with a checksum, or what is filled up behind it.
func logBlock(b []byte, i int) Unit {
	n := int(le.Uint16(b[i+6:]))
	if n == 0 || n%512 != 0 {
		return Unit{i, i + 512, brokenFill}
	}
	u := Unit{from: i, end: i + n}
	if b[i+8]&2 != 0 {
		u.broken = func(_, after []byte) bool { return withZero(after, 0x18) != le.Uint32(after[0x18:]) }
	}
	return u
}
