package objectstore_test

import (
	"hash/crc64"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/objectstore"
)

func TestCRC64IsTheOneServicesSpeak(t *testing.T) {
	// The check value of CRC-64/XZ in the catalogue of CRC algorithms.
	if got := objectstore.UpdateCRC64(0, []byte("123456789")); got != 0x995dc9bbdf1939fa {
		t.Errorf("sum %x", got)
	}
}

// Check values of CRC-64/XZ, CRC-64/NVME and CRC-32/ISCSI in the catalogue of
// CRC algorithms.
func TestChecksumsAreThoseServicesSpeak(t *testing.T) {
	for c, want := range map[*objectstore.Checksum]uint64{objectstore.CRC64: 0x995dc9bbdf1939fa, objectstore.CRC64NVME: 0xae8b14860a799888, objectstore.CRC32C: 0xe3069283} {
		if got := c.Update(0, []byte("123456789")); got != want {
			t.Errorf("%s is %x, want %x", c, got, want)
		}
		data := make([]byte, 100<<10)
		_, _ = rand.NewChaCha8([32]byte{}).Read(data)
		whole := c.Update(0, data)
		rapid.Check(t, func(t *rapid.T) {
			cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
			a, b := c.Update(0, data[:cut]), c.Update(0, data[cut:])
			if got := c.Combine(a, b, int64(len(data)-cut)); got != whole {
				t.Fatalf("%s put together at %d is %x, want %x", c, cut, got, whole)
			}
			if got := c.Update(a, data[cut:]); got != whole {
				t.Fatalf("%s continued at %d is %x, want %x", c, cut, got, whole)
			}
		})
	}
}

func TestLongSumsAreThoseOfTheStandardLibrary(t *testing.T) {
	data := make([]byte, 300<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	table := crc64.MakeTable(crc64.ECMA)
	rapid.Check(t, func(t *rapid.T) {
		p := data[rapid.IntRange(0, 100).Draw(t, "from"):rapid.IntRange(100, len(data)).Draw(t, "to")]
		sum := rapid.Uint64().Draw(t, "sum")
		if got, want := objectstore.UpdateCRC64(sum, p), crc64.Update(sum, table, p); got != want {
			t.Fatalf("%d bytes: %x, want %x", len(p), got, want)
		}
	})
}

func BenchmarkCRC64(b *testing.B) {
	data := make([]byte, 256<<10)
	b.SetBytes(int64(len(data)))
	var sum uint64
	for b.Loop() {
		sum = objectstore.UpdateCRC64(sum, data)
	}
}

func TestCombinedSumsAreTheSumOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOf(rapid.Byte()).Draw(t, "whole")
		cut := rapid.IntRange(0, len(whole)).Draw(t, "cut")
		a, b := objectstore.UpdateCRC64(0, whole[:cut]), objectstore.UpdateCRC64(0, whole[cut:])
		if got, want := objectstore.CombineCRC64(a, b, int64(len(whole)-cut)), objectstore.UpdateCRC64(0, whole); got != want {
			t.Fatalf("combined %x, whole %x", got, want)
		}
	})
}

func TestCombiningIsAssociativeForLongParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b"), rapid.Uint64().Draw(t, "c")
		lenB := rapid.Int64Range(0, 1<<45).Draw(t, "len b")
		lenC := rapid.Int64Range(0, 1<<45).Draw(t, "len c")
		left := objectstore.CombineCRC64(objectstore.CombineCRC64(a, b, lenB), c, lenC)
		right := objectstore.CombineCRC64(a, objectstore.CombineCRC64(b, c, lenC), lenB+lenC)
		if left != right {
			t.Fatalf("%x and %x", left, right)
		}
	})
}
