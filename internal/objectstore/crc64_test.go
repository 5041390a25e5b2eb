package objectstore_test

import (
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
