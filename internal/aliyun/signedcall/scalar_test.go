package signedcall

import (
	"encoding/json"
	"testing"
	"time"
)

func TestScalarsInEitherSpelling(t *testing.T) {
	var v struct {
		A, B, C, D, E Text
		F, G, H, I    Number
	}
	in := `{"A":"x","B":12,"C":true,"D":null,"E":{"k":1},"F":"7","G":8,"H":"","I":9.0}`
	if err := json.Unmarshal([]byte(in), &v); err != nil {
		t.Fatal(err)
	}
	if v.A != "x" || v.B != "12" || v.C != "true" || v.D != "" || v.E != `{"k":1}` || v.F != 7 || v.G != 8 || v.H != 0 || v.I != 9 {
		t.Errorf("got %+v", v)
	}
	for _, bad := range []string{`{"F":"many"}`, `{"F":1.5}`, `{"F":[]}`, `{"F":true}`} {
		if err := json.Unmarshal([]byte(bad), &v); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestTimesInEitherFormat(t *testing.T) {
	want := time.Date(2026, 11, 20, 12, 18, 0, 0, time.UTC)
	for _, s := range []Text{"2026-11-20T12:18Z", "2026-11-20T12:18:00Z", " 2026-11-20T12:18:00Z ", "2026-11-20T20:18:00+08:00", "2026-11-20T12:18:00.000Z", "2026-11-20T12:18:0Z"} {
		if got := s.Time(); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: got %v", s, got)
		}
	}
	for _, s := range []Text{"", "yesterday", "2026-11-20 12:18:00"} {
		if got := s.Time(); !got.IsZero() {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

func FuzzScalars(f *testing.F) {
	f.Add([]byte(`{"Text":1,"Number":"2"}`))
	f.Add([]byte(`{"Text":null,"Number":1e3}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v struct {
			Text   Text
			Number Number
		}
		if json.Unmarshal(b, &v) == nil {
			v.Text.Time()
		}
	})
}
