package explain

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestEveryRowSaysWhatToDo(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range All() {
		key := string(r.Code) + " " + string(r.At)
		if seen[key] {
			t.Errorf("%s has two rows", key)
		}
		seen[key] = true
		words := len(strings.Fields(strings.TrimPrefix(r.Title, "preflight: ")))
		if words < 2 && !strings.HasPrefix(r.Title, "preflight: ") && r.Code != Unknown || words > 4 {
			t.Errorf("%s: the title %q has %d words", key, r.Title, words)
		}
		if (len(r.Next) == 0) != (r.None != "") {
			t.Errorf("%s: actions %v, and %q as reason for none", key, r.Next, r.None)
		}
		for _, s := range []string{r.Cause, r.Fix, r.Named} {
			if s == r.Named && s == "" {
				continue
			}
			if s == "" || !strings.HasSuffix(strings.TrimSuffix(s, ")"), ".") && !strings.HasSuffix(s, ".") || strings.Contains(strings.ReplaceAll(s, "%s", ""), "%") {
				t.Errorf("%s: %q is no sentence", key, s)
			}
		}
		if strings.Contains(r.Cause+r.Fix, "%") || strings.Count(r.Named, "%s") > 1 || r.Named != "" && !strings.Contains(r.Named, "%s") {
			t.Errorf("%s: only Named has an argument, and one", key)
		}
		switch r.At {
		case "", AtServer, AtService, AtFollowing:
		default:
			t.Errorf("%s: nobody asks for that place", key)
		}
	}
}

func TestTheNearestRowIsFound(t *testing.T) {
	for _, c := range []struct {
		code fault.Code
		at   []At
		fix  string
	}{
		{"gap", nil, "Add the missing"},
		{"gap", []At{AtService}, "Add the missing"},
		{"gap", []At{AtFollowing, AtServer}, "Take a differential"},
		{"space", []At{AtServer}, "volumes"},
		{"space", []At{AtFollowing, AtServer}, "volumes"},
		{"space", []At{AtService}, "instance's storage"},
		{"certificate", []At{AtService}, "Decrypt"},
		{"never heard of", []At{AtServer}, "error log"},
		{"never heard of", nil, "Read its own words"},
	} {
		if got := Of(c.code, c.at...); !strings.Contains(got.Fix, c.fix) {
			t.Errorf("%s at %v: %q", c.code, c.at, got.Fix)
		}
	}
	for code, want := range map[fault.Code]string{"gap": "a log is missing", "preflight/space": "preflight: no space", "of-yesterday": "of yesterday", "preflight/of-yesterday": "preflight: of yesterday"} {
		if got := Title(code); got != want {
			t.Errorf("%s is called %q, want %q", code, got, want)
		}
	}
	f := Fault(fault.Denied, "service-account", AtServer, `D:\x.bak`)
	if f.Code != "service-account" || f.Message.String() != `The service account of SQL Server may not use D:\x.bak.` || f.Fix.IsZero() {
		t.Errorf("%+v", f)
	}
	if f = Fault(fault.Denied, "service-account", AtServer, ""); strings.Contains(f.Message.String(), "%") {
		t.Errorf("without a name: %q", f.Message)
	}
}
