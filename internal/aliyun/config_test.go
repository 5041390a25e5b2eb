package aliyun

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		config         Config
		host, protocol string // empty host: refused
	}{
		{Config{Region: "cn-hangzhou"}, "rds.aliyuncs.com", "HTTPS"},
		{Config{Region: "cn-hangzhou-finance"}, "rds-vpc.cn-hangzhou-finance.aliyuncs.com", "HTTPS"},
		{Config{Region: "eu-central-1"}, "rds.eu-central-1.aliyuncs.com", "HTTPS"},
		{Config{Region: "cn-hangzhou", Endpoint: "rds.example.com"}, "rds.example.com", "HTTPS"},
		{Config{Endpoint: "http://127.0.0.1:8080"}, "127.0.0.1:8080", "HTTP"},
		{Config{Endpoint: "http://127.0.0.1:8080/"}, "127.0.0.1:8080", "HTTP"},
		{Config{Endpoint: "https://127.0.0.1:8080", PlainHTTP: true}, "127.0.0.1:8080", "HTTPS"},
		{Config{Endpoint: "127.0.0.1:8080", PlainHTTP: true}, "127.0.0.1:8080", "HTTP"},
		{Config{}, "", ""},
		{Config{Region: "evil.example/"}, "", ""},
		{Config{Endpoint: "ftp://x"}, "", ""},
		{Config{Endpoint: "http://x/path"}, "", ""},
		{Config{Endpoint: "http://user@x"}, "", ""},
		{Config{Endpoint: "http://"}, "", ""},
	} {
		host, protocol, err := c.config.address()
		if c.host == "" {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v: got %q, %v, want refusal", c.config, host, err)
			}
			continue
		}
		if err != nil || host != c.host || protocol != c.protocol {
			t.Errorf("%v: got %q %q %v, want %q %q", c.config, host, protocol, err, c.host, c.protocol)
		}
	}
}

func TestConfigPrintsWithoutSecrets(t *testing.T) {
	c := Config{Region: "cn-hangzhou", AccessKeyID: "LTAI1", Secret: "topsecret", SecurityToken: "tokentoken"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, c); strings.Contains(s, "topsecret") || strings.Contains(s, "tokentoken") {
			t.Errorf("%s prints a secret", verb)
		}
	}
}

func TestEngineVersion(t *testing.T) {
	for s, want := range map[string]struct {
		major   int
		edition string
	}{
		"2008r2": {10, ""}, "08r2_ent_ha": {10, "ent"}, "2012": {11, ""}, "2012_web": {11, "web"},
		"2014_std_ha": {12, "std"}, "2016_ent_ha": {13, "ent"}, "2017_ent": {14, "ent"},
		"2019_std_ha": {15, "std"}, "2022_std_ha": {16, "std"}, "2022": {16, ""}, "2025_ent": {17, "ent"},
		"": {0, ""}, "8.0": {0, ""}, "2099_std": {0, "std"},
	} {
		major, edition := engineVersion(s)
		if major != want.major || edition != want.edition {
			t.Errorf("%q: got %d %q, want %d %q", s, major, edition, want.major, want.edition)
		}
	}
}

func TestClientTokenFitsTheService(t *testing.T) {
	for _, key := range []string{"run-7.open", strings.Repeat("a", 64)} {
		if got := clientToken(key); got != key {
			t.Errorf("%q became %q", key, got)
		}
	}
	for _, key := range []string{strings.Repeat("a", 65), "größe", "a b"} {
		if got := clientToken(key); len(got) != 64 || got == key || got != clientToken(key) {
			t.Errorf("%q became %q", key, got)
		}
	}
}
