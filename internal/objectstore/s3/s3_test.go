package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	emulator "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/s3"
)

const secret = "a-secret-nobody-prints"

var (
	us     = emulator.Account{KeyID: "AKIAUS", Secret: secret, Owner: "111111111111"}
	them   = emulator.Account{KeyID: "AKIATHEM", Secret: "other", Owner: "222222222222"}
	temp   = emulator.Account{KeyID: "ASIATEMP", Secret: secret, Owner: us.Owner, Token: "token", Expires: time.Now().Add(-time.Hour)}
	reader = emulator.Account{KeyID: "AKIAREADER", Secret: secret, Owner: us.Owner, User: "reader", Allow: []string{"s3:ListBucket", "s3:GetObject"}}
)

// service is an emulator with a few buckets.
func service(t *testing.T, change ...func(*emulator.Config)) *emulator.Running {
	t.Helper()
	cfg := emulator.Config{
		Dir: t.TempDir(), Region: "eu-central-1", Accounts: []emulator.Account{us, them, temp, reader},
		Buckets: []emulator.Bucket{
			{Name: "backups", Points: []string{"nightly"}}, {Name: "kms", Encryption: "aws:kms"}, {Name: "locked", ObjectLock: 30},
			{Name: "closed", Deny: []string{"s3:PutObject"}}, {Name: "elsewhere", Region: "us-west-2"}, {Name: "foreign", Owner: them.Owner},
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	run, err := emulator.Start(cfg, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

func config(run *emulator.Running) s3.Config {
	return s3.Config{Endpoint: run.URL, Region: "eu-central-1", Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret, Patience: 5 * time.Second}
}

func open(t testing.TB, cfg s3.Config) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(cfg)
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
	for name, change := range map[string]func(*s3.Config){
		"crc64nvme": func(*s3.Config) {}, "crc32c": func(c *s3.Config) { c.Checksums = s3.Castagnoli }, "md5": func(c *s3.Config) { c.Checksums = s3.None },
		"kms": func(c *s3.Config) { c.Bucket = "kms" }, "locked": func(c *s3.Config) { c.Bucket = "locked" },
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "crc64nvme" {
				t.Skip("the same path with another sum or bucket")
			}
			run := service(t)
			cfg := config(run)
			change(&cfg)
			objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket { return open(t, cfg) })
		})
	}
	// Over TLS the bucket is in the host name, and once it is an access point.
	for name, bucket := range map[string]string{"tls": "backups", "access point": "arn:aws:s3:eu-central-1:111111111111:accesspoint/nightly"} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "tls" {
				t.Skip("the same path with another name of the bucket")
			}
			run := service(t, func(c *emulator.Config) { c.TLS = true })
			objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket {
				cfg := config(run)
				cfg.Bucket = bucket
				return s3.Local(open(t, cfg), run.CA)
			})
		})
	}
	t.Run("real", func(t *testing.T) {
		cfg := s3.Config{
			Endpoint: os.Getenv("BAKPLANE_S3_ENDPOINT"), Region: os.Getenv("BAKPLANE_S3_REGION"), Bucket: os.Getenv("BAKPLANE_S3_BUCKET"),
			AccessKeyID: os.Getenv("BAKPLANE_S3_KEY_ID"), Secret: os.Getenv("BAKPLANE_S3_KEY_SECRET"), PathStyle: os.Getenv("BAKPLANE_S3_PATH_STYLE") != "",
			Checksums: s3.Checksums(os.Getenv("BAKPLANE_S3_CHECKSUMS")),
		}
		if cfg.Bucket == "" {
			t.Skip("BAKPLANE_S3_BUCKET, _REGION or _ENDPOINT, _KEY_ID and _KEY_SECRET name no real bucket")
		}
		objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket { return open(t, cfg) })
	})
}

// What goes over TLS is one chunk with its checksum behind it.
func TestBodiesOverTLSCarryTheirChecksumInATrailer(t *testing.T) {
	run := service(t, func(c *emulator.Config) { c.TLS = true })
	cfg := config(run)
	b := s3.Local(open(t, cfg), run.CA)
	data := objectstoretest.Noise(1, 3<<20)
	if _, err := b.Put(t.Context(), "k", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	bite(t, run, control.Rule{Operation: "PutObject", Times: -1, Effects: map[string]string{"no_trailers": ""}})
	_, err := b.Put(t.Context(), "k", bytes.NewReader(data), int64(len(data)))
	for fault.Is(err, fault.Unavailable) { // a refusal that meets the body can go down with the connection
		_, err = b.Put(t.Context(), "k", bytes.NewReader(data), int64(len(data)))
	}
	if _, fix := fault.Words(err); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "not-offered" || !strings.Contains(fix, "choose no checksums") {
		t.Errorf("a store without trailers: %v, fix %q", err, fix)
	}
	cfg.Checksums = s3.None
	plain := s3.Local(open(t, cfg), run.CA)
	if _, err := plain.Put(t.Context(), "k", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Errorf("without checksums: %v", err)
	}
	if _, err := s3.Local(open(t, config(run)), nil).Info(t.Context()); fault.CodeOf(err) != "tls" {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestInfoTellsWhatPreflightNeeds(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.Owner = us.Owner
	info, err := open(t, cfg).Info(t.Context())
	want := objectstore.Info{Name: "backups", Location: "eu-central-1", StorageClass: "Standard", Owner: us.Owner, Endpoint: "arn:aws:s3:::backups"}
	if err != nil || info != want {
		t.Errorf("info %+v, %v", info, err)
	}
	for _, c := range []struct{ region, bucket, want string }{
		{"eu-central-1", "backups", "arn:aws:s3:::backups/a/b.bak"}, {"cn-north-1", "backups", "arn:aws-cn:s3:::backups/a/b.bak"},
		{"us-gov-west-1", "backups", "arn:aws-us-gov:s3:::backups/a/b.bak"}, {"eusc-de-east-1", "backups", "arn:aws-eusc:s3:::backups/a/b.bak"},
		{"eu-central-1", "arn:aws:s3:eu-central-1:111111111111:accesspoint/nightly", "arn:aws:s3:eu-central-1:111111111111:accesspoint/nightly/object/a/b.bak"},
	} {
		if got := s3.ARN(c.region, c.bucket, "a/b.bak"); got != c.want {
			t.Errorf("ARN in %s is %s, want %s", c.region, got, c.want)
		}
	}
}

func TestRefusalsAreSentences(t *testing.T) {
	run := service(t)
	for name, tc := range map[string]struct {
		change func(*s3.Config)
		kind   fault.Kind
		code   fault.Code
		says   string
	}{
		"wrong secret":    {func(c *s3.Config) { c.Secret = "guess" }, fault.Denied, "secret", "secret of the access key AKIAUS is wrong"},
		"unknown key":     {func(c *s3.Config) { c.AccessKeyID = "AKIANOBODY" }, fault.Denied, "key-id", "AKIANOBODY is not known"},
		"no bucket":       {func(c *s3.Config) { c.Bucket = "missing" }, fault.NotFound, "bucket-gone", "The bucket missing does not exist"},
		"foreign":         {func(c *s3.Config) { c.Bucket = "foreign" }, fault.Denied, "rights", "AKIAUS may not do this in the bucket foreign"},
		"another owner":   {func(c *s3.Config) { c.Owner = them.Owner }, fault.Denied, "rights", "may belong to another account than 222222222222"},
		"expired":         {func(c *s3.Config) { c.AccessKeyID, c.Secret, c.Token = temp.KeyID, temp.Secret, temp.Token }, fault.Denied, "token", "no longer valid"},
		"elsewhere":       {func(c *s3.Config) { c.Bucket = "elsewhere" }, fault.Invalid, "bucket-region", "lies in the region us-west-2"},
		"no profile":      {func(c *s3.Config) { c.AccessKeyID, c.Secret, c.Profile = "", "", "nobody" }, fault.Invalid, "key-id", "no profile nobody"},
		"half a key":      {func(c *s3.Config) { c.Secret = "" }, fault.Invalid, "", "not complete"},
		"no address":      {func(c *s3.Config) { c.Endpoint = "http://127.0.0.1:1" }, fault.Unavailable, "", "The connection to http://127.0.0.1:1 failed"},
		"bucket's name":   {func(c *s3.Config) { c.Bucket = "No Bucket" }, fault.Invalid, "", "is not a bucket name"},
		"region's name":   {func(c *s3.Config) { c.Region = "Frankfurt" }, fault.Invalid, "", "is not a region"},
		"account's name":  {func(c *s3.Config) { c.Owner = "me" }, fault.Invalid, "", "not the number of an AWS account"},
		"other checksums": {func(c *s3.Config) { c.Checksums = "sum" }, fault.Invalid, "", "not a way to prove"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(run)
			cfg.Patience = time.Millisecond
			tc.change(&cfg)
			b, err := s3.Open(cfg)
			if err == nil {
				defer b.Close()
				_, err = b.Info(t.Context())
			}
			message, fix := fault.Words(err)
			if !fault.Is(err, tc.kind) || fault.CodeOf(err) != tc.code || !strings.Contains(message+" "+fix, tc.says) || strings.Contains(message+fix, secret) {
				t.Errorf("%v (%q %q): %q, fix %q", fault.Of(err), fault.CodeOf(err), err, message, fix)
			}
			if cfg.Bucket != "No Bucket" && err != nil && b != nil { // a HEAD has no words; what it lacks is asked for
				if _, err := b.Stat(t.Context(), "k"); !fault.Is(err, tc.kind) || fault.CodeOf(err) != tc.code {
					t.Errorf("stat: %v", err)
				}
			}
		})
	}
	if s := fmt.Sprintf("%v %+v %#v", config(run), config(run), config(run)); strings.Contains(s, secret) {
		t.Errorf("a configuration prints its secret: %s", s)
	}
}

// The line of the policy that is missing is named, and a denial of the bucket's
// own policy told from it.
func TestWhatAPolicyLacksIsNamed(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.AccessKeyID, cfg.Secret = reader.KeyID, reader.Secret
	b := open(t, cfg)
	_, err := b.Put(t.Context(), "k", strings.NewReader("x"), 1)
	message, fix := fault.Words(err)
	if !fault.Is(err, fault.Denied) || !strings.Contains(message, "s3:PutObject is refused") || !strings.Contains(fix, "Allow s3:PutObject on arn:aws:s3:::backups/*") {
		t.Errorf("put: %q, fix %q", message, fix)
	}
	err = b.Abort(t.Context(), "k", "none")
	if _, fix := fault.Words(err); !strings.Contains(fix, "s3:AbortMultipartUpload on arn:aws:s3:::backups/*") {
		t.Errorf("abort: %v, fix %q", err, fix)
	}
	_, err = b.Uploads(t.Context(), "", 1)
	if _, fix := fault.Words(err); !strings.Contains(fix, "s3:ListBucketMultipartUploads on arn:aws:s3:::backups ") {
		t.Errorf("uploads: %v, fix %q", err, fix)
	}
	cfg = config(run)
	cfg.Bucket = "closed"
	_, err = open(t, cfg).Begin(t.Context(), "k")
	if _, fix := fault.Words(err); !fault.Is(err, fault.Denied) || !strings.Contains(fix, "A policy denies s3:PutObject outright") {
		t.Errorf("begin: %v, fix %q", err, fix)
	}
}

func TestABucketWithALockTakesChecksumsOnly(t *testing.T) {
	run := service(t)
	cfg := config(run)
	cfg.Bucket, cfg.Checksums = "locked", s3.None
	_, err := open(t, cfg).Put(t.Context(), "k", strings.NewReader("x"), 1)
	if fault.CodeOf(err) != "object-lock" {
		t.Errorf("without checksums: %v", err)
	}
	cfg.Checksums = s3.NVME
	if _, err := open(t, cfg).Put(t.Context(), "k", strings.NewReader("x"), 1); err != nil {
		t.Errorf("with checksums: %v", err)
	}
}

func TestABucketInAnotherRegionIsFollowed(t *testing.T) {
	run := service(t)
	west, err := run.Serve("", run.Endpoint("us-west-2"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range map[string]func(b *s3.Bucket) error{
		"info": func(b *s3.Bucket) error { _, err := b.Info(t.Context()); return err },
		"list": func(b *s3.Bucket) error { _, err := b.List(t.Context(), "", "", 1); return err },
		"stat": func(b *s3.Bucket) error {
			if _, err := b.Stat(t.Context(), "k"); !fault.Is(err, fault.NotFound) {
				return err
			}
			return nil
		},
		"upload": func(b *s3.Bucket) error { return upload(t, b, objectstoretest.Noise(1, 12<<20)) },
	} {
		cfg := config(run)
		cfg.Endpoint, cfg.Bucket, cfg.PathStyle = "", "elsewhere", true
		b := s3.Regions(open(t, cfg), map[string]string{"eu-central-1": run.URL, "us-west-2": west})
		if err := call(b); err != nil {
			t.Error(err)
		}
		if info, err := b.Info(t.Context()); err != nil || info.Location != "us-west-2" {
			t.Errorf("info %+v, %v", info, err)
		}
	}
	// A store of one's own that wants another region in the signature says which.
	cfg := config(run)
	cfg.Region = "us-east-1"
	if _, err := open(t, cfg).Info(t.Context()); err != nil {
		t.Errorf("another region in the signature: %v", err)
	}
}

// upload brings data under a key and compares.
func upload(t *testing.T, b objectstore.Bucket, data []byte) error {
	t.Helper()
	source := &objectstoretest.Bytes{Data: data}
	o, err := objectstore.Upload{Bucket: b, Key: "dir/full.bak", Source: source, Ledger: new(objectstoretest.Memory), PartSize: 5 << 20, Patience: 20 * time.Second}.Run(t.Context())
	if err != nil {
		return err
	}
	if sum := objectstore.ChecksumOf(b).Update(0, data); o.CRC64 == nil || *o.CRC64 != sum || o.Size != int64(len(data)) {
		return fmt.Errorf("uploaded %+v, want the sum %x", o, sum)
	}
	body, err := b.Read(t.Context(), "dir/full.bak", 0, int64(len(data)))
	if err != nil {
		return err
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, data) {
		return errors.Join(errors.New("the object is not the file"), err)
	}
	return nil
}

func TestAClockThatIsOffIsCorrected(t *testing.T) {
	run := service(t)
	run.SetSkew(3 * time.Hour)
	b := open(t, config(run))
	if err := upload(t, b, objectstoretest.Noise(1, 12<<20)); err != nil {
		t.Errorf("upload: %v", err)
	}
	run.SetSkew(0)
	bite(t, run, control.Rule{Operation: "ListObjectsV2", Times: -1, Status: 403, Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the current time is too large."})
	if _, err := b.List(t.Context(), "", "", 1); fault.CodeOf(err) != "clock" {
		t.Errorf("a clock that cannot be corrected: %v", err)
	}
}

func TestSlowDownIsLeftInPeace(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	bite(t, run, control.Rule{Operation: "UploadPart", Times: 3, Status: 503, Code: "SlowDown"}, control.Rule{Operation: "CreateMultipartUpload", Times: 2, Status: 503, Code: "SlowDown"},
		control.Rule{Operation: "CompleteMultipartUpload", Times: 2, Status: 503, Code: "SlowDown"})
	if err := upload(t, b, objectstoretest.Noise(1, 17<<20)); err != nil {
		t.Fatal(err)
	}
	bite(t, run, control.Rule{Operation: "PutObject", Times: -1, Status: 503, Code: "SlowDown"})
	_, err := b.Put(t.Context(), "k", strings.NewReader("x"), 1)
	if !fault.Is(err, fault.Unavailable) || fault.CodeOf(err) != "slow-down" {
		t.Errorf("put: %v", err)
	}
}

// Credentials that expire in the middle: what was sent stays, and with new ones
// the upload goes on from there.
func TestCredentialsThatExpireInTheMiddleKeepWhatWasSent(t *testing.T) {
	run := service(t)
	data := objectstoretest.Noise(1, 37<<20)
	ledger := new(objectstoretest.Memory)
	job := objectstore.Upload{Bucket: open(t, config(run)), Key: "full.bak", Source: &objectstoretest.Bytes{Data: data}, Ledger: ledger, PartSize: 5 << 20, Parallel: 1, Patience: 5 * time.Second}
	rule, err := run.ControlPort().Add(control.Rule{Operation: "UploadPart", Skip: 3, Times: -1, Effects: map[string]string{"expired": ""}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = job.Run(t.Context())
	if _, fix := fault.Words(err); !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "token" || !strings.Contains(fix, "what was sent already stays") {
		t.Fatalf("expired: %v, fix %q", err, fix)
	}
	if state, _ := ledger.Load(t.Context()); len(state.Done) != 3 {
		t.Fatalf("%d parts are noted, want 3", len(state.Done))
	}
	run.ControlPort().Remove(rule.ID)
	before := run.ControlPort().Counts().Operations["UploadPart"].Acted
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sent := run.ControlPort().Counts().Operations["UploadPart"].Acted - before; sent != 5 {
		t.Errorf("%d parts were sent afterwards, want 5", sent)
	}
}

// A store that lies about its checksum is caught, wherever it lies.
func TestAStoreThatLiesIsCaught(t *testing.T) {
	for name, tc := range map[string]struct {
		rules []control.Rule
		want  string // what the upload ends with; empty = it succeeds
	}{
		"a part, once": {[]control.Rule{{Operation: "UploadPart", Effects: map[string]string{"corrupt_crc": ""}}}, ""},
		"every part, but the list of parts is true": {[]control.Rule{{Operation: "UploadPart", Times: -1, Effects: map[string]string{"corrupt_crc": ""}}}, ""},
		"parts without a sum":                       {[]control.Rule{{Operation: "UploadPart", Times: -1, Effects: map[string]string{"omit_crc": ""}}}, "did not tell the checksum (CRC64NVME)"},
		"the whole, then truth":                     {[]control.Rule{{Operation: "CompleteMultipartUpload", Effects: map[string]string{"corrupt_crc": ""}}}, ""},
		"the whole, always": {[]control.Rule{{Operation: "CompleteMultipartUpload", Effects: map[string]string{"corrupt_crc": ""}},
			{Operation: "HeadObject", Skip: 1, Times: -1, Effects: map[string]string{"corrupt_crc": ""}}}, "differs from the file"},
		"the whole without a sum": {[]control.Rule{{Operation: "CompleteMultipartUpload", Effects: map[string]string{"omit_crc": ""}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := service(t)
			bite(t, run, tc.rules...)
			b := open(t, config(run))
			data := objectstoretest.Noise(1, 12<<20)
			_, err := objectstore.Upload{Bucket: b, Key: "full.bak", Source: &objectstoretest.Bytes{Data: data}, Ledger: new(objectstoretest.Memory), PartSize: 5 << 20, Patience: time.Second}.Run(t.Context())
			if message, _ := fault.Words(err); tc.want == "" && err != nil || tc.want != "" && !strings.Contains(message, tc.want) {
				t.Errorf("%v", err)
			}
			if _, statErr := b.Stat(t.Context(), "full.bak"); tc.want == "differs from the file" && !fault.Is(statErr, fault.NotFound) {
				t.Errorf("an object that nobody can believe is still there: %v", statErr)
			}
		})
	}
}

// A store that keeps other bytes than it was sent and sums these is caught when
// they are read; what it stores truly is not read back.
func TestNothingIsReadBack(t *testing.T) {
	run := service(t)
	if err := upload(t, open(t, config(run)), objectstoretest.Noise(1, 12<<20)); err != nil {
		t.Fatal(err)
	}
	if n := run.ControlPort().Counts().Operations["GetObject"].Seen; n != 1 { // the test's own
		t.Errorf("%d reads", n)
	}
}
