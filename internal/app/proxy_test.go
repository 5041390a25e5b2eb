package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/bakplane/bakplane/internal/app"
)

func TestOnlyNamedProxiesTellWhoAsks(t *testing.T) {
	for name, c := range map[string]struct{ trust, forwarded, want string }{
		"nobody is named":                {"", "203.0.113.9", "127.0.0.1"},
		"another network is named":       {"10.0.0.0/8, fd00::/8", "203.0.113.9", "127.0.0.1"},
		"the proxy is named":             {"127.0.0.1", "203.0.113.9", "203.0.113.9"},
		"its network is named":           {"10.0.0.0/8,127.0.0.0/8", "203.0.113.9", "203.0.113.9"},
		"two proxies are named":          {"10.0.0.0/8,127.0.0.0/8", "198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"},
		"private networks are not named": {"127.0.0.0/8", "203.0.113.9, 192.168.3.4", "192.168.3.4"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(config *app.Config) { config.TrustProxy = parsed(t, "--trust-proxy="+c.trust).TrustProxy })
			form := url.Values{"code": {h.app.SetUpCode().Reveal()}, "name": {"ana"}, "password": {"correct horse battery"}, "again": {"correct horse battery"}}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.app.URL()+"/welcome", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-For", c.forwarded)
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			entries, err := h.app.DB.AuditEntries(t.Context(), "", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Action == "person.first" {
					if e.Actor.Address != c.want {
						t.Errorf("the first administrator came from %q, want %q", e.Actor.Address, c.want)
					}
					return
				}
			}
			t.Fatalf("status %d, and nobody became the first administrator", answer.StatusCode)
		})
	}
}

func TestWhatIsNoNetworkIsRefusedAtStart(t *testing.T) {
	for value, want := range map[string]string{
		"10.0.0.0/33":       `"10.0.0.0/33" is no network of a proxy. Write networks such as 10.0.0.0/8 or fd00::/8, or single addresses, with commas between them`,
		"proxy.example.com": `"proxy.example.com" is no network of a proxy.`,
		"10.0.0.0/8,":       `"" is no network of a proxy.`,
		"fe80::1%eth0":      `is no network of a proxy.`,
		"10.0.0.5/8":        `"10.0.0.5/8" may mean one address or its whole network. Write 10.0.0.5 or 10.0.0.0/8`,
	} {
		_, err := parse(t, "--trust-proxy="+value)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--trust-proxy") {
			t.Errorf("%q: %v, want %q", value, err, want)
		}
		t.Setenv("BAKPLANE_TRUST_PROXY", value)
		if _, err := parse(t); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q in the environment: %v, want %q", value, err, want)
		}
	}
	t.Setenv("BAKPLANE_TRUST_PROXY", "192.0.2.7,fd00::/8")
	if got := parsed(t).TrustProxy; len(got) != 2 || got[0].String() != "192.0.2.7/32" || got[1].String() != "fd00::/8" {
		t.Errorf("the environment named %v", got)
	}
}

// parse reads flags as the command does.
func parse(t *testing.T, flags ...string) (c app.Config, err error) {
	t.Helper()
	k, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(flags)
	return c, err
}

func parsed(t *testing.T, flags ...string) app.Config {
	t.Helper()
	c, err := parse(t, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
