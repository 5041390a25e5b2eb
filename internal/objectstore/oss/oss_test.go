package oss_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	emulator "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
)

const secret = "a-secret-nobody-prints"

var (
	us   = emulator.Account{KeyID: "LTAIus", Secret: secret, Owner: "1000000000000001"}
	them = emulator.Account{KeyID: "LTAIthem", Secret: "other", Owner: "2000000000000002"}
	temp = emulator.Account{KeyID: "STS.temp", Secret: secret, Owner: us.Owner, SecurityToken: "token", Expires: time.Now().Add(-time.Hour)}
)

// service is an emulator with a few buckets.
func service(t *testing.T) *emulator.Running {
	t.Helper()
	run, err := emulator.Start(emulator.Config{
		Dir: t.TempDir(), Accounts: []emulator.Account{us, them, temp},
		Buckets: []emulator.Bucket{
			{Name: "backups"}, {Name: "others"}, {Name: "sealed", Encryption: "AES256", StorageClass: "IA"},
			{Name: "cold", StorageClass: "Archive"}, {Name: "elsewhere", Region: "cn-beijing"}, {Name: "foreign", Owner: them.Owner},
		},
	}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

func config(run *emulator.Running) oss.Config {
	return oss.Config{Endpoint: run.URL, Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret, Patience: 5 * time.Second}
}

func open(t *testing.T, cfg oss.Config) *oss.Bucket {
	t.Helper()
	b, err := oss.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func bite(t *testing.T, run *emulator.Running, rules ...control.Rule) {
	t.Helper()
	for _, r := range rules {
		if _, err := run.ControlPort().Add(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBucketContract(t *testing.T) {
	t.Run("emulator", func(t *testing.T) {
		run := service(t)
		objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket { return open(t, config(run)) })
	})
	t.Run("real", func(t *testing.T) {
		cfg := oss.Config{
			Endpoint: os.Getenv("BAKPLANE_OSS_ENDPOINT"), Region: os.Getenv("BAKPLANE_OSS_REGION"), Bucket: os.Getenv("BAKPLANE_OSS_BUCKET"),
			AccessKeyID: os.Getenv("BAKPLANE_OSS_KEY_ID"), Secret: os.Getenv("BAKPLANE_OSS_KEY_SECRET"),
		}
		if cfg.Endpoint == "" {
			t.Skip("BAKPLANE_OSS_ENDPOINT, _REGION, _BUCKET, _KEY_ID and _KEY_SECRET name no real bucket")
		}
		objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket { return open(t, cfg) })
	})
}

func TestInfoTellsWhatPreflightNeeds(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.Bucket = "sealed"
	info, err := open(t, cfg).Info(t.Context())
	want := objectstore.Info{Name: "sealed", Location: "oss-cn-hangzhou", StorageClass: "IA", Encryption: "AES256", Owner: us.Owner, Endpoint: "oss-cn-hangzhou.aliyuncs.com"}
	if err != nil || info != want {
		t.Errorf("info %+v, %v", info, err)
	}
	cfg.Bucket, cfg.PublicEndpoint = "backups", "127.0.0.1:9000"
	info, err = open(t, cfg).Info(t.Context())
	if err != nil || info.Encryption != "" || info.Endpoint != cfg.PublicEndpoint {
		t.Errorf("info %+v, %v", info, err)
	}
}

func TestRefusalsAreSentences(t *testing.T) {
	run := service(t)
	if _, err := open(t, func() oss.Config { c := config(run); c.Bucket = "cold"; return c }()).Put(t.Context(), "k", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*oss.Config)
		skew   time.Duration
		kind   fault.Kind
		says   string
	}{
		"wrong secret":    {change: func(c *oss.Config) { c.Secret = "guess" }, kind: fault.Denied, says: "secret of the access key LTAIus is wrong"},
		"unknown key":     {change: func(c *oss.Config) { c.AccessKeyID = "LTAInobody" }, kind: fault.Denied, says: "LTAInobody is not known"},
		"wrong region":    {change: func(c *oss.Config) { c.Region = "cn-beijing" }, kind: fault.Invalid, says: "region cn-beijing is not the one of the endpoint"},
		"elsewhere":       {change: func(c *oss.Config) { c.Bucket = "elsewhere" }, kind: fault.Denied, says: "oss-cn-beijing.aliyuncs.com"},
		"foreign":         {change: func(c *oss.Config) { c.Bucket = "foreign" }, kind: fault.Denied, says: "belongs to another account"},
		"no bucket":       {change: func(c *oss.Config) { c.Bucket = "missing" }, kind: fault.NotFound, says: "The bucket missing does not exist"},
		"clock behind":    {skew: 20 * time.Minute, kind: fault.Denied, says: "clock of this machine is 20 min behind"},
		"clock ahead":     {skew: -20 * time.Minute, kind: fault.Denied, says: "clock of this machine is 20 min ahead of"},
		"token expired":   {change: func(c *oss.Config) { c.AccessKeyID, c.SecurityToken = temp.KeyID, temp.SecurityToken }, kind: fault.Denied, says: "temporary credentials"},
		"token wrong":     {change: func(c *oss.Config) { c.AccessKeyID, c.SecurityToken = temp.KeyID, "stale" }, kind: fault.Denied, says: "temporary credentials"},
		"archived object": {change: func(c *oss.Config) { c.Bucket = "cold" }, kind: fault.Conflict, says: "archived"},
		"no object":       {kind: fault.NotFound, says: "The object k is not in the bucket backups"},
	} {
		t.Run(name, func(t *testing.T) {
			run.SetSkew(tc.skew)
			defer run.SetSkew(0)
			cfg := config(run)
			if tc.change != nil {
				tc.change(&cfg)
			}
			b := open(t, cfg)
			_, readErr := b.Read(t.Context(), "k", 0, 1)
			_, statErr := b.Stat(t.Context(), "k")
			for call, err := range map[string]error{"read": readErr, "stat": statErr} {
				if name == "archived object" && call == "stat" {
					continue // headers of archived objects are readable
				}
				message, fix := fault.Words(err)
				if fault.Of(err) != tc.kind || !strings.Contains(message, tc.says) || fix == "" {
					t.Errorf("%s: kind %q, %q, fix %q", call, fault.Of(err), message, fix)
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s tells the secret: %v", call, err)
				}
			}
		})
	}
}

func TestAHeadWithoutReasonIsAskedAgain(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	bite(t, run, control.Rule{Method: "HEAD", Status: 403, ContentType: "application/xml", Headers: map[string]string{"x-oss-request-id": "1"}},
		control.Rule{Operation: "GetBucketInfo", Status: 403, Code: "SignatureDoesNotMatch"})
	if _, err := b.Stat(t.Context(), "k"); fault.Of(err) != fault.Denied || !strings.Contains(err.Error(), "secret of the access key") {
		t.Errorf("stat: %v", err)
	}
	bite(t, run, control.Rule{Method: "HEAD", Status: 404, ContentType: "application/xml", Headers: map[string]string{"x-oss-request-id": "1"}})
	if _, err := b.Stat(t.Context(), "k"); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), "object k is not in the bucket") {
		t.Errorf("stat: %v", err)
	}
}

func TestWhatPassesIsRepeated(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	if _, err := b.Put(t.Context(), "k", strings.NewReader("value"), 5); err != nil {
		t.Fatal(err)
	}
	zero, one := int64(0), int64(1)
	for name, rule := range map[string]control.Rule{
		"busy":             {Status: 503, Code: "ServiceUnavailable"},
		"internal error":   {Status: 500, Code: "InternalError"},
		"throttled":        {Status: 429, Code: "QpsLimitExceeded"},
		"gateway page":     {Status: 502, Body: "<html><h1>Bad Gateway</h1></html>", ContentType: "text/html"},
		"gateway time-out": {Status: 504, Body: "<html>", ContentType: "text/html", Acted: true},
		"connection cut":   {CutAnswer: &zero},
		"answer cut":       {CutAnswer: &one},
	} {
		t.Run(name, func(t *testing.T) {
			for call, f := range map[string]func() error{
				"ListObjectsV2":        func() error { _, err := b.List(t.Context(), "", "", 10); return err },
				"GetBucketInfo":        func() error { _, err := b.Info(t.Context()); return err },
				"HeadObject":           func() error { _, err := b.Stat(t.Context(), "k"); return err },
				"ListMultipartUploads": func() error { _, err := b.Uploads(t.Context(), "", 10); return err },
				"DeleteObject":         func() error { return b.Delete(t.Context(), "other") },
			} {
				run.ControlPort().Reset()
				rule.Operation = call
				bite(t, run, rule)
				if err := f(); err != nil {
					t.Errorf("%s: %v", call, err)
				}
				if n := run.ControlPort().Counts().Operations[call].Seen; n != 2 && !(name == "answer cut" && (call == "HeadObject" || call == "DeleteObject")) {
					t.Errorf("%s: %d requests", call, n)
				}
			}
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.Patience = time.Second
	b := open(t, cfg)
	bite(t, run, control.Rule{Times: -1, Status: 503, Code: "ServiceUnavailable"})
	_, err := b.Stat(t.Context(), "k") // or it would not come back
	if fault.Of(err) != fault.Unavailable {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Stat(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSilenceIsNotWaitedOutForEver(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.Timeout, cfg.Patience = 300*time.Millisecond, time.Millisecond
	b := open(t, cfg)
	for _, when := range []string{"before", "after"} {
		bite(t, run, control.Rule{Hold: when})
		_, err := b.Put(t.Context(), "k", strings.NewReader("x"), 1)
		if message, _ := fault.Words(err); fault.Of(err) != fault.Unavailable || !strings.Contains(message, "in time") {
			t.Errorf("held %s: %v", when, err)
		}
		run.ControlPort().Release("")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	bite(t, run, control.Rule{Hold: "before"})
	if _, err := b.Put(ctx, "k", strings.NewReader("x"), 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline: %v", err)
	}
}

// slow gives its bytes over a longer time than a silence may last.
type slow struct{ left int }

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, nil
	}
	time.Sleep(100 * time.Millisecond)
	s.left--
	p[0] = 'x'
	return 1, nil
}

func TestASlowBodyIsNotASilence(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.Timeout = 3 * time.Second
	if _, err := open(t, cfg).Put(t.Context(), "k", &slow{left: 40}, 40); err != nil {
		t.Error(err)
	}
}

func TestDamageIsNoticed(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	id, err := b.Begin(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	for effect, kind := range map[string]fault.Kind{"corrupt_crc": fault.Unavailable, "corrupt_data": fault.Unavailable, "omit_crc": fault.Conflict} {
		rule := control.Rule{Times: 2, Effects: map[string]string{effect: ""}}
		bite(t, run, rule)
		_, putErr := b.Put(t.Context(), "k", strings.NewReader("value"), 5)
		_, partErr := b.PutPart(t.Context(), "k", id, 1, strings.NewReader("value"), 5)
		if fault.Of(putErr) != kind || fault.Of(partErr) != kind {
			t.Errorf("%s: put %v, part %v", effect, putErr, partErr)
		}
	}
}

func TestPagesOfPartsAndUploads(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	id, err := b.Begin(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 1001; n++ {
		if _, err := b.PutPart(t.Context(), "k", id, n, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := b.Parts(t.Context(), "k", id)
	if err != nil || len(parts) != 1001 || parts[1000].Number != 1001 {
		t.Errorf("%d parts, %v", len(parts), err)
	}
	for range 1000 {
		if _, err := b.Begin(t.Context(), "many"); err != nil {
			t.Fatal(err)
		}
	}
	ups, err := b.Uploads(t.Context(), "", 2000)
	if err != nil || len(ups) != 1001 {
		t.Errorf("%d uploads, %v", len(ups), err)
	}
}

func TestOpenRefusesNonsense(t *testing.T) {
	good := oss.Config{Endpoint: "oss-cn-hangzhou.aliyuncs.com", Region: "oss-cn-hangzhou", Bucket: "backups", AccessKeyID: "id", Secret: secret}
	if _, err := oss.Open(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*oss.Config){
		"no endpoint": func(c *oss.Config) { c.Endpoint = "" },
		"no region":   func(c *oss.Config) { c.Region = " " },
		"no key":      func(c *oss.Config) { c.AccessKeyID = "" },
		"no secret":   func(c *oss.Config) { c.Secret = "" },
		"bad bucket":  func(c *oss.Config) { c.Bucket = "Not_A_Bucket" },
		"bad address": func(c *oss.Config) { c.Endpoint = "http://%zz" },
	} {
		c := good
		change(&c)
		if _, err := oss.Open(c); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("bucket", "config", good)
	for _, text := range []string{fmt.Sprint(good), fmt.Sprintf("%+v %#v %s", good, good, good), log.String()} {
		if strings.Contains(text, secret) || !strings.Contains(text, "backups") {
			t.Errorf("prints %s", text)
		}
	}
}

func TestRedirectsAndDeadAddresses(t *testing.T) {
	run := service(t)
	bite(t, run, control.Rule{Status: http.StatusMovedPermanently, Headers: map[string]string{"Location": "https://elsewhere.invalid/"}, ContentType: "text/html"})
	if _, err := open(t, config(run)).Info(t.Context()); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("redirect: %v", err)
	}
	cfg := config(run)
	cfg.Patience = time.Millisecond
	cfg.Endpoint = "http://127.0.0.1:1"
	if _, err := open(t, cfg).Info(t.Context()); fault.Of(err) != fault.Unavailable {
		t.Errorf("nobody listens: %v", err)
	}
	cfg.Endpoint = strings.Replace(run.URL, "http://", "https://", 1)
	if _, err := open(t, cfg).Info(t.Context()); fault.Of(err) != fault.Invalid {
		t.Errorf("no TLS there: %v", err)
	}
}
