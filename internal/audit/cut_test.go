package audit

import "testing"

// TestATrailIsCutInPortions: an export is never the reason for the next.
func TestATrailIsCutInPortions(t *testing.T) {
	for _, c := range []struct {
		cut, newest int64
		most        int
		want        int64
	}{
		{0, 6, 2, 4},
		{4, 7, 2, 0}, // one too many: the entry that says so
		{4, 8, 2, 6},
		{4, 8, 0, 0},
		{0, 5, 10, 0},
		{0, 1010, 1000, 0}, // a hundredth
		{0, 1011, 1000, 11},
		{11, 1022, 1000, 22},
		{11, 1021, 1000, 0},
	} {
		if got := Beyond(c.cut, c.newest, c.most); got != c.want {
			t.Errorf("cut %d, newest %d, most %d: %d, want %d", c.cut, c.newest, c.most, got, c.want)
		}
	}
	for _, most := range []int{1, 2, 150, 1_000_000} {
		cut, newest, exports := int64(0), int64(most)+50_000, 0
		for up := Beyond(cut, newest, most); up > 0; up = Beyond(cut, newest, most) {
			cut, newest, exports = min(up, cut+2000), newest+1, exports+1
			if exports > 30 {
				t.Fatalf("most %d: exports do not end", most)
			}
		}
	}
}
