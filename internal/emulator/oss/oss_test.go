package oss_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/oss"
)

var (
	owner   = oss.Account{KeyID: "LTAIowner", Secret: "owner-secret", Owner: "1000000000000001"}
	other   = oss.Account{KeyID: "LTAIother", Secret: "other-secret", Owner: "2000000000000002"}
	former  = oss.Account{KeyID: "STS.former", Secret: "former-secret", Owner: "1000000000000001", SecurityToken: "old", Expires: time.Now().Add(-time.Minute)}
	visitor = oss.Account{KeyID: "STS.visitor", Secret: "visitor-secret", Owner: "1000000000000001", SecurityToken: "token+/=", Expires: time.Now().Add(time.Hour)}
)

func start(t *testing.T, dir string) *oss.Running {
	t.Helper()
	run, err := oss.Start(oss.Config{
		Dir: dir, Accounts: []oss.Account{owner, other, visitor, former},
		Buckets: []oss.Bucket{
			{Name: "backups"}, {Name: "sealed", Encryption: "KMS", StorageClass: "IA"}, {Name: "cold", StorageClass: "Archive"},
			{Name: "elsewhere", Region: "cn-beijing"}, {Name: "foreign", Owner: other.Owner},
		},
	}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

func client(t *testing.T, url string, a oss.Account, options ...sdk.ClientOption) *sdk.Client {
	t.Helper()
	options = append([]sdk.ClientOption{sdk.AuthVersion(sdk.AuthV4), sdk.Region("cn-hangzhou"), sdk.SecurityToken(a.SecurityToken)}, options...)
	c, err := sdk.New(url, a.KeyID, a.Secret, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t *testing.T, c *sdk.Client, name string) *sdk.Bucket {
	t.Helper()
	b, err := c.Bucket(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func code(err error) string {
	var e sdk.ServiceError
	if errors.As(err, &e) {
		return fmt.Sprint(e.StatusCode, " ", e.Code)
	}
	return fmt.Sprint(err)
}

func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(data)
	return data
}

func read(t *testing.T, b *sdk.Bucket, key string, options ...sdk.Option) []byte {
	t.Helper()
	rc, err := b.GetObject(key, options...)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	defer rc.Close()
	data, err := io.ReadAll(rc)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return data
}

var awkward = []string{"plain.bak", "dir/a b+c.bak", "数据/备份 %2F & ?=#.trn", "a//b/../c", "~tilde*'()!", "sp ace/", strings.Repeat("k", 1023)}

func TestSignedClientsStoreAndReadObjects(t *testing.T) {
	run := start(t, t.TempDir())
	for name, version := range map[string]sdk.AuthVersionType{"V1": sdk.AuthV1, "V4": sdk.AuthV4} {
		for who, account := range map[string]oss.Account{"key": owner, "temporary key": visitor} {
			t.Run(name+" "+who, func(t *testing.T) {
				b := open(t, client(t, run.URL, account, sdk.AuthVersion(version)), "backups")
				for _, key := range awkward {
					data := noise(len(key) * 7)
					if err := b.PutObject(key, bytes.NewReader(data), sdk.ContentType("application/octet-stream")); err != nil {
						t.Fatalf("put %q: %v", key, err)
					}
					if got := read(t, b, key); !bytes.Equal(got, data) {
						t.Errorf("%q holds other bytes", key)
					}
					url, err := b.SignURL(key, sdk.HTTPGet, 60)
					if err != nil {
						t.Fatal(err)
					}
					res, err := http.Get(url)
					if err != nil {
						t.Fatal(err)
					}
					got, _ := io.ReadAll(res.Body)
					res.Body.Close()
					if res.StatusCode != 200 || !bytes.Equal(got, data) {
						t.Errorf("signed URL of %q answers %d: %.200s", key, res.StatusCode, got)
					}
					h, err := b.GetObjectDetailedMeta(key)
					if err != nil {
						t.Fatal(err)
					}
					if h.Get("ETag") != fmt.Sprintf(`"%X"`, md5.Sum(data)) || h.Get("Content-Length") != strconv.Itoa(len(data)) ||
						h.Get("X-Oss-Hash-Crc64ecma") != strconv.FormatUint(crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)), 10) {
						t.Errorf("headers of %q: %v", key, h)
					}
					if err := b.DeleteObject(key); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func TestRefusesBadCredentials(t *testing.T) {
	run := start(t, t.TempDir())
	wrong := owner
	wrong.Secret = "guess"
	stranger := owner
	stranger.KeyID = "LTAInobody"
	token := visitor
	token.SecurityToken = "stale"
	for name, tc := range map[string]struct {
		account oss.Account
		options []sdk.ClientOption
		bucket  string
		skew    time.Duration
		want    string
	}{
		"wrong secret V4":   {account: wrong, bucket: "backups", want: "403 SignatureDoesNotMatch"},
		"wrong secret V1":   {account: wrong, options: []sdk.ClientOption{sdk.AuthVersion(sdk.AuthV1)}, bucket: "backups", want: "403 SignatureDoesNotMatch"},
		"unknown key":       {account: stranger, bucket: "backups", want: "403 InvalidAccessKeyId"},
		"wrong region V4":   {account: owner, options: []sdk.ClientOption{sdk.Region("cn-beijing")}, bucket: "backups", want: "400 InvalidArgument"},
		"bucket elsewhere":  {account: owner, bucket: "elsewhere", want: "403 AccessDenied"},
		"bucket of another": {account: owner, bucket: "foreign", want: "403 AccessDenied"},
		"no bucket":         {account: owner, bucket: "missing", want: "404 NoSuchBucket"},
		"stale token":       {account: token, bucket: "backups", want: "403 InvalidSecurityToken"},
		"expired token":     {account: former, bucket: "backups", want: "403 SecurityTokenExpired"},
		"clock ahead":       {account: owner, bucket: "backups", skew: 16 * time.Minute, want: "403 RequestTimeTooSkewed"},
		"clock behind":      {account: owner, bucket: "backups", skew: -16 * time.Minute, want: "403 RequestTimeTooSkewed"},
		"clock near enough": {account: owner, bucket: "backups", skew: 14 * time.Minute, want: "404 NoSuchKey"},
	} {
		t.Run(name, func(t *testing.T) {
			run.SetSkew(tc.skew)
			defer run.SetSkew(0)
			_, err := open(t, client(t, run.URL, tc.account, tc.options...), tc.bucket).GetObject("x")
			if got := code(err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	res, err := http.Get(run.URL + "/backups/x")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 403 {
		t.Errorf("unsigned request answered %d", res.StatusCode)
	}
}

func TestSignedURLsExpire(t *testing.T) {
	run := start(t, t.TempDir())
	for name, version := range map[string]sdk.AuthVersionType{"V1": sdk.AuthV1, "V4": sdk.AuthV4} {
		b := open(t, client(t, run.URL, owner, sdk.AuthVersion(version)), "backups")
		url, err := b.SignURL("x", sdk.HTTPGet, 60)
		if err != nil {
			t.Fatal(err)
		}
		run.SetSkew(2 * time.Minute)
		res, err := http.Get(url)
		run.SetSkew(0)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 403 {
			t.Errorf("%s: expired URL answered %d", name, res.StatusCode)
		}
	}
}

func TestRanges(t *testing.T) {
	run := start(t, t.TempDir())
	b := open(t, client(t, run.URL, owner), "backups")
	data := noise(350 << 10)
	imur, err := b.InitiateMultipartUpload("striped")
	if err != nil {
		t.Fatal(err)
	}
	var parts []sdk.UploadPart
	for i, piece := range [][]byte{data[:100<<10], data[100<<10 : 250<<10], data[250<<10:]} {
		p, err := b.UploadPart(imur, bytes.NewReader(piece), int64(len(piece)), i+1)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	if _, err := b.CompleteMultipartUpload(imur, parts); err != nil {
		t.Fatal(err)
	}
	n := int64(len(data))
	for _, tc := range []struct {
		header   string
		standard bool
		from, to int64
	}{
		{"bytes=0-0", false, 0, 1},
		{"bytes=102390-102410", false, 102390, 102411},
		{"bytes=100000-300000", false, 100000, 300001},
		{"bytes=350000-", false, 350000, n},
		{"bytes=-10", false, n - 10, n},
		{"bytes=0-999999999", false, 0, n}, // not satisfiable as asked: the whole object
		{"bytes=358000-999999999", true, 358000, n},
		{"bytes=999999999-", false, 0, n},
		{"letters=1-2", true, 0, n},
	} {
		options := []sdk.Option{sdk.SetHeader("Range", tc.header)}
		if tc.standard {
			options = append(options, sdk.RangeBehavior("standard"))
		}
		if got := read(t, b, "striped", options...); !bytes.Equal(got, data[tc.from:tc.to]) {
			t.Errorf("%s: %d bytes, want %d", tc.header, len(got), tc.to-tc.from)
		}
	}
	if _, err := b.GetObject("striped", sdk.SetHeader("Range", "bytes=999999999-"), sdk.RangeBehavior("standard")); code(err) != "416 InvalidRange" {
		t.Errorf("range past the end: %v", err)
	}
}

func TestListsInPages(t *testing.T) {
	run := start(t, t.TempDir())
	b := open(t, client(t, run.URL, owner), "backups")
	var keys []string
	for i := range 25 {
		keys = append(keys, fmt.Sprintf("d%d/ob j+%02d.bak", i%3, i))
	}
	keys = append(keys, "root & <x>.bak")
	for _, k := range keys {
		if err := b.PutObject(k, strings.NewReader(k)); err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(keys)
	var v1, v2 []string
	marker, token := "", ""
	for {
		res, err := b.ListObjects(sdk.MaxKeys(7), sdk.Marker(marker))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range res.Objects {
			v1 = append(v1, o.Key)
		}
		if marker = res.NextMarker; !res.IsTruncated {
			break
		}
	}
	for {
		res, err := b.ListObjectsV2(sdk.MaxKeys(7), sdk.ContinuationToken(token))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range res.Objects {
			v2 = append(v2, o.Key)
		}
		if token = res.NextContinuationToken; !res.IsTruncated {
			break
		}
	}
	if fmt.Sprint(v1) != fmt.Sprint(keys) || fmt.Sprint(v2) != fmt.Sprint(keys) {
		t.Errorf("lists differ:\n%q\n%q\n%q", v1, v2, keys)
	}
	res, err := b.ListObjectsV2(sdk.Delimiter("/"), sdk.MaxKeys(2))
	if err != nil || fmt.Sprint(res.CommonPrefixes) != "[d0/ d1/]" || !res.IsTruncated {
		t.Fatalf("folders %v, error %v", res, err)
	}
	res, err = b.ListObjectsV2(sdk.Delimiter("/"), sdk.MaxKeys(2), sdk.ContinuationToken(res.NextContinuationToken))
	if err != nil || fmt.Sprint(res.CommonPrefixes) != "[d2/]" || len(res.Objects) != 1 || res.IsTruncated {
		t.Fatalf("folders %v, error %v", res, err)
	}
	res, err = b.ListObjectsV2(sdk.Prefix("d1/"), sdk.StartAfter("d1/ob j+10.bak"))
	if err != nil || len(res.Objects) != 4 {
		t.Fatalf("start-after %v, error %v", res.Objects, err)
	}
}

func TestMultipartKeepsTheRules(t *testing.T) {
	run := start(t, t.TempDir())
	b := open(t, client(t, run.URL, owner), "backups")
	imur, err := b.InitiateMultipartUpload("dir/big.bak")
	if err != nil {
		t.Fatal(err)
	}
	send := func(number, size int) sdk.UploadPart {
		p, err := b.UploadPart(imur, bytes.NewReader(noise(size)), int64(size), number)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	one, small, three := send(1, 100<<10), send(2, 99<<10), send(3, 10)
	if _, err := b.CompleteMultipartUpload(imur, []sdk.UploadPart{one, small, three}); code(err) != "400 EntityTooSmall" {
		t.Errorf("small part: %v", err)
	}
	stale := small
	small = send(2, 101<<10)
	if _, err := b.CompleteMultipartUpload(imur, []sdk.UploadPart{one, stale, three}); code(err) != "400 InvalidPart" {
		t.Errorf("stale part: %v", err)
	}
	if _, err := b.UploadPart(imur, strings.NewReader("x"), 1, 10001); code(err) != "400 InvalidArgument" {
		t.Errorf("part 10001: %v", err)
	}
	first, err := b.ListUploadedParts(imur, sdk.MaxParts(2))
	if err != nil || len(first.UploadedParts) != 2 || !first.IsTruncated || first.NextPartNumberMarker != "2" {
		t.Fatalf("parts %+v, error %v", first, err)
	}
	uploads, err := b.ListMultipartUploads(sdk.Prefix("dir/"))
	if err != nil || len(uploads.Uploads) != 1 || uploads.Uploads[0].Key != "dir/big.bak" || uploads.Uploads[0].UploadID != imur.UploadID {
		t.Fatalf("uploads %+v, error %v", uploads, err)
	}
	if _, err := b.CompleteMultipartUpload(imur, []sdk.UploadPart{one, small, three}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompleteMultipartUpload(imur, []sdk.UploadPart{one, small, three}); code(err) != "404 NoSuchUpload" {
		t.Errorf("second completion: %v", err)
	}
	want := append(append(noise(100<<10), noise(101<<10)...), noise(10)...)
	if got := read(t, b, "dir/big.bak"); !bytes.Equal(got, want) { // the SDK compares the CRC64 of the whole
		t.Error("the object is not its parts")
	}
	imur, err = b.InitiateMultipartUpload("dir/big.bak")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AbortMultipartUpload(imur); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ListUploadedParts(imur); code(err) != "404 NoSuchUpload" {
		t.Errorf("aborted upload: %v", err)
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	run := start(t, dir)
	b := open(t, client(t, run.URL, owner), "backups")
	data := noise(3 << 20)
	if err := b.PutObject("kept", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := b.PutObject("gone", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteObject("gone"); err != nil {
		t.Fatal(err)
	}
	imur, err := b.InitiateMultipartUpload("open")
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.UploadPart(imur, bytes.NewReader(data), int64(len(data)), 1)
	if err != nil {
		t.Fatal(err)
	}
	run.Close()

	b = open(t, client(t, start(t, dir).URL, owner), "backups")
	if !bytes.Equal(read(t, b, "kept"), data) {
		t.Error("kept object differs")
	}
	if _, err := b.GetObject("gone"); code(err) != "404 NoSuchKey" {
		t.Errorf("deleted object: %v", err)
	}
	if _, err := b.CompleteMultipartUpload(imur, []sdk.UploadPart{p}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, b, "open"), data) {
		t.Error("object of the resumed upload differs")
	}
}

func TestBucketsTellWhatTheyAre(t *testing.T) {
	run := start(t, t.TempDir())
	c := client(t, run.URL, owner)
	res, err := c.GetBucketInfo("sealed")
	if err != nil {
		t.Fatal(err)
	}
	i := res.BucketInfo
	if i.Location != "oss-cn-hangzhou" || i.StorageClass != "IA" || i.SseRule.SSEAlgorithm != "KMS" || i.Owner.ID != owner.Owner || i.ExtranetEndpoint != "oss-cn-hangzhou.aliyuncs.com" {
		t.Errorf("info %+v", i)
	}
	if res, err = c.GetBucketInfo("backups"); err != nil || res.BucketInfo.SseRule.SSEAlgorithm != "" {
		t.Errorf("info %+v, error %v", res, err)
	}
	if loc, err := c.GetBucketLocation("backups"); err != nil || loc != "oss-cn-hangzhou" {
		t.Errorf("location %q, error %v", loc, err)
	}
	if err := c.CreateBucket("fresh-one"); err != nil {
		t.Fatal(err)
	}
	if err := open(t, c, "fresh-one").PutObject("k", strings.NewReader("v")); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteBucket("fresh-one"); code(err) != "409 BucketNotEmpty" {
		t.Errorf("delete of a full bucket: %v", err)
	}
	if err := c.CreateBucket("foreign"); code(err) != "409 BucketAlreadyExists" {
		t.Errorf("bucket of another: %v", err)
	}
	cold := open(t, c, "cold")
	if err := cold.PutObject("k", strings.NewReader("v")); err != nil {
		t.Fatal(err)
	}
	if _, err := cold.GetObject("k"); code(err) != "403 InvalidObjectState" {
		t.Errorf("archived object: %v", err)
	}
	remote := control.Remote{URL: run.ControlURL}
	if err := remote.Call(t.Context(), http.MethodDelete, "/buckets/backups", nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetBucketInfo("backups"); code(err) != "404 NoSuchBucket" {
		t.Errorf("dropped bucket: %v", err)
	}
}

func TestBitesOnRequest(t *testing.T) {
	run := start(t, t.TempDir())
	b := open(t, client(t, run.URL, owner), "backups")
	for name, tc := range map[string]struct {
		rule control.Rule
		want string
	}{
		"corrupt answer": {control.Rule{Effects: map[string]string{"corrupt_crc": ""}}, "crc of DoPutObject is inconsistent"},
		"corrupt data":   {control.Rule{Effects: map[string]string{"corrupt_data": ""}}, "crc of DoPutObject is inconsistent"},
		"skewed clock":   {control.Rule{Effects: map[string]string{"clock_skew": "1200"}}, "RequestTimeTooSkewed"},
		"busy":           {control.Rule{Operation: "PutObject", Status: 503, Code: "ServiceUnavailable"}, "StatusCode=503, ErrorCode=ServiceUnavailable"},
		"gateway":        {control.Rule{Status: 502, Body: "<html>bad gateway</body>", ContentType: "text/html"}, "invalid response body, status = 502"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := run.ControlPort().Add(tc.rule); err != nil {
				t.Fatal(err)
			}
			if err := b.PutObject("k", strings.NewReader("value")); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if err := b.PutObject("k", strings.NewReader("value")); err != nil {
				t.Errorf("the rule bit twice: %v", err)
			}
		})
	}
}
