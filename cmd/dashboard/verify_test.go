package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/bakfile/verify"
)

func verified(t *testing.T, c VerifyCmd) (code exit, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if err := c.print(t.Context(), &o, &e); err != nil && !errors.As(err, &code) {
		t.Fatal(err)
	}
	return code, o.String(), e.String()
}

func TestVerifyTellsOutcomesApartByItsExitCode(t *testing.T) {
	whole := bakfiletest.Sample(t, "sql2008r2_orphanusers_checksum_full.bak")
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	page := bytes.Index(b, []byte("MQDA")) + 24 + 8192*3
	b[page+5000] ^= 0x10
	hurt := filepath.Join(t.TempDir(), "hurt.bak")
	if err := os.WriteFile(hurt, b, 0o600); err != nil {
		t.Fatal(err)
	}
	stripes := []string{bakfiletest.Sample(t, "sql2008r2_stripe2of2_full.bak"), bakfiletest.Sample(t, "sql2008r2_stripe1of2_full.bak")}
	for _, c := range []struct {
		name  string
		files []string
		code  exit
		says  []string
	}{
		{"whole", []string{whole}, 0, []string{"Complete and unaltered (backup checksum).", "168: 161 with a checksum", "no proof against a forger"}},
		{"both stripes", stripes, 0, []string{"Complete; pages and log blocks right.", "2 files, 1 backup set"}},
		{"one stripe twice", []string{stripes[0], stripes[0]}, exitDamaged, []string{"is there twice"}},
		{"a changed page", []string{hurt}, exitDamaged, []string{"Damaged:", "Page 1:3 is not as it was written."}},
		{"of the emulator", chain(t, "orders")[:1], exitNotUnderstood, []string{"Not understood:"}},
		{"not there", []string{hurt + "x"}, exitUnreadable, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := verified(t, VerifyCmd{Files: c.files})
			if code != c.code {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, out, errs)
			}
			for _, text := range c.says {
				if !strings.Contains(out, text) {
					t.Errorf("does not say %q:\n%s", text, out)
				}
			}
			if (errs != "") != (c.code == exitUnreadable) {
				t.Errorf("on the error stream: %q", errs)
			}
		})
	}
	_, out, _ := verified(t, VerifyCmd{JSON: true, Files: []string{hurt}})
	var r struct {
		Verdict verify.Verdict `json:"verdict"`
		Pages   struct {
			Bad   int64    `json:"bad"`
			First []string `json:"first_bad"`
		} `json:"pages"`
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Verdict != verify.Damaged || r.Pages.Bad != 1 || r.Pages.First[0] != "1:3" {
		t.Errorf("%+v, %v", r, err)
	}
}
