package objectstore

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPlanChoosesPartSizes(t *testing.T) {
	oss := Limits{MinPart: 100 << 10, MaxPart: 5 << 30, MaxParts: 10000}
	for _, c := range []struct {
		size, asked int64
		partSize    int64
		parts       int
	}{
		{0, 0, 8 << 20, 0},
		{1, 0, 8 << 20, 1},
		{8 << 20, 0, 8 << 20, 1},
		{8<<20 + 1, 0, 8 << 20, 2},
		{4 << 30, 0, 8 << 20, 512},
		{100 << 30, 0, 52 << 20, 1970},
		{3 << 40, 0, 315 << 20, 9987},   // 3 TiB needs about 315 MiB
		{48 << 40, 0, 5034 << 20, 9999}, // near the largest object there is
		{1 << 30, 1, 1 << 20, 1024},
		{1 << 20, 1 << 10, 100 << 10, 11},     // below the service's least
		{10 << 30, 6 << 30, 5 << 30, 2},       // above the service's most
		{200 << 30, 10 << 20, 21 << 20, 9753}, // too many parts otherwise
	} {
		got := plan(c.size, c.asked, oss)
		if got.PartSize != c.partSize || got.Parts != c.parts {
			t.Errorf("plan(%d, %d) = %d parts of %d, want %d of %d", c.size, c.asked, got.Parts, got.PartSize, c.parts, c.partSize)
		}
	}
}

func TestPlanCoversEveryByteOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{MinPart: 100 << 10, MaxPart: 5 << 30, MaxParts: 10000}
		p := plan(rapid.Int64Range(0, 48<<40).Draw(t, "size"), rapid.Int64Range(0, 8<<30).Draw(t, "asked"), limits)
		if p.Parts > mostParts || p.PartSize < limits.MinPart || p.PartSize > limits.MaxPart {
			t.Fatalf("%+v", p)
		}
		var end int64
		for n := 1; n <= p.Parts; n++ {
			off, length := p.section(n)
			if off != end || length <= 0 || length > p.PartSize {
				t.Fatalf("part %d of %+v at %d, %d bytes", n, p, off, length)
			}
			end = off + length
		}
		if end != p.Size {
			t.Fatalf("%+v covers %d bytes", p, end)
		}
	})
}
