package migration

import "testing"

func TestRefusedKey(t *testing.T) {
	plain := serviceTraits.Keys
	for key, refused := range map[string]bool{
		"a.bak": false, "a.TRN": false, "a.zip": true, "a": true, "a b.bak": true, "a\u00a0b.bak": true, "ä.bak": true, "a\x01.bak": true, "a?.bak": true, "d/a.log": false,
	} {
		if why, fix := RefusedKey(plain, key); why.IsZero() == refused || why.IsZero() != fix.IsZero() {
			t.Errorf("%q: %q", key, why)
		}
	}
	for key, refused := range map[string]bool{"ä b.xyz": false, "a:b": true, `a\b`: true, "a": false} {
		if why, _ := RefusedKey(serverTraits.Keys, key); why.IsZero() == refused {
			t.Errorf("at a server, %q: %q", key, why)
		}
	}
}
