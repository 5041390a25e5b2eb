package explain

import "testing"

func TestASentenceIsRecognisedByAllItsFragments(t *testing.T) {
	rows := []Sentence{{"narrow", []string{"access denied", "same region"}}, {"wide", []string{"access denied"}}}
	for text, want := range map[string]string{"Access Denied. Not the SAME region.": "narrow", "access denied": "wide", "same region": "", "": ""} {
		if got := Recognised(rows, text); string(got) != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
