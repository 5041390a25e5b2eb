package oss_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// What an upload says of its object is kept through either way of uploading,
// and told with it.
func TestHeadersOfAnUploadAreKept(t *testing.T) {
	run := start(t, t.TempDir())
	b := open(t, client(t, run.URL, owner), "backups")
	options := []sdk.Option{sdk.Meta("set", "1a2b"), sdk.ServerSideEncryption("AES256"), sdk.ObjectStorageClass(sdk.StorageIA), sdk.CacheControl("no-cache")}
	if err := b.PutObject("put.bak", strings.NewReader("x"), options...); err != nil {
		t.Fatal(err)
	}
	up, err := b.InitiateMultipartUpload("parts.bak", options...)
	if err != nil {
		t.Fatal(err)
	}
	part, err := b.UploadPart(up, strings.NewReader("x"), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompleteMultipartUpload(up, []sdk.UploadPart{part}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"put.bak", "parts.bak"} {
		h, err := b.GetObjectDetailedMeta(key)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"X-Oss-Meta-Set": "1a2b", "X-Oss-Server-Side-Encryption": "AES256", "X-Oss-Storage-Class": "IA", "Cache-Control": "no-cache"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s of %s is %q, want %q", name, key, got, want)
			}
		}
	}
	for what, option := range map[string]sdk.Option{
		"InvalidArgument":                 sdk.ObjectStorageClass("Warm"),
		"InvalidEncryptionAlgorithmError": sdk.ServerSideEncryption("ROT13"),
		"MetadataTooLarge":                sdk.Meta("long", strings.Repeat("x", 9<<10)),
	} {
		refused(t, b.PutObject("bad", strings.NewReader("x"), option), what)
		_, err := b.InitiateMultipartUpload("bad", option)
		refused(t, err, what)
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if e, ok := err.(sdk.ServiceError); !ok || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// The vendor's JavaScript SDK has no Date header: x-oss-date stands in its line.
func TestTheDateOfASignatureMayStandInXOssDate(t *testing.T) {
	run := start(t, t.TempDir())
	at := time.Now().UTC().Format(http.TimeFormat)
	mac := hmac.New(sha1.New, []byte(owner.Secret))
	io.WriteString(mac, "PUT\n\ntext/plain\n"+at+"\nx-oss-date:"+at+"\n/backups/a.txt")
	if got := send(t, run.URL+"/backups/a.txt", map[string]string{"Content-Type": "text/plain", "x-oss-date": at,
		"Authorization": "OSS " + owner.KeyID + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))}); got != http.StatusOK {
		t.Errorf("got %d", got)
	}
}

// A V4 signature covers what the body is said to be.
func TestV4NeedsTheContentsHash(t *testing.T) {
	run := start(t, t.TempDir())
	if got := send(t, run.URL+"/backups/a.txt", map[string]string{"x-oss-date": time.Now().UTC().Format("20060102T150405Z"),
		"Authorization": "OSS4-HMAC-SHA256 Credential=" + owner.KeyID + "/20260101/cn-hangzhou/oss/aliyun_v4_request,Signature=00"}); got != http.StatusBadRequest {
		t.Errorf("got %d", got)
	}
}

func send(t *testing.T, url string, headers map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
