package aliyunemu

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPositions(t *testing.T) {
	for s, want := range map[string]Position{
		"oss-cn-hangzhou.aliyuncs.com:bkt:a.bak":          {"oss-cn-hangzhou.aliyuncs.com", "bkt", "a.bak"},
		"127.0.0.1:9000:bkt:in/a b+c.bak":                 {"127.0.0.1:9000", "bkt", "in/a b+c.bak"},
		"oss-cn-hangzhou-internal.aliyuncs.com:b-1:x/y.z": {"oss-cn-hangzhou-internal.aliyuncs.com", "b-1", "x/y.z"},
		"": {}, "a.bak": {}, "bkt:a.bak": {}, ":bkt:a.bak": {}, "host:bkt:": {}, "host:BKT:a.bak": {}, "host:b:a.bak": {}, "host:-bkt:a.bak": {},
		"host:bkt:a:b.bak": {}, "127.0.0.1:9000:bkt:a:b.bak": {}, "http://host:bkt:a.bak": {}, "127.0.0.1:99999:bkt:a.bak": {},
		"host:bkt:/a.bak": {}, "[::1]:9000:bkt:a.bak": {}, "host:9000:bkt:a.bak": {},
	} {
		got, ok := parsePosition(s)
		if ok != (want != Position{}) || ok && got != want {
			t.Errorf("%q: got %+v %v", s, got, ok)
		}
	}
}

// A position that is accepted is written in one way only.
func TestPositionsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-z0-9.:-]{0,20}:[a-zA-Z0-9:-]{1,8}:[a-z:/. ]{0,8}`).Draw(t, "position")
		if p, ok := parsePosition(s); ok && p.Endpoint+":"+p.Bucket+":"+p.Key != s {
			t.Fatalf("%q became %+v", s, p)
		}
	})
}
