package objectstore

import "testing"

func TestCommonPrefix(t *testing.T) {
	for want, keys := range map[string][]string{
		"":      nil,
		"a/b":   {"a/b"},
		"a/f":   {"a/f1", "a/f2", "a/f10"},
		"a/ü":   {"a/ü1", "a/ü2"},
		"a/":    {"a/ä", "a/ü"}, // their first bytes are equal
		"x":     {"x", "x1"},
		"a/b/c": {"a/b/c", "a/b/c"},
	} {
		if got := CommonPrefix(keys); got != want {
			t.Errorf("%q: %q, want %q", keys, got, want)
		}
	}
}
