package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Check values of the catalogue of CRC algorithms, and sums put together.
func TestChecksumsAndTheirCombination(t *testing.T) {
	for name, want := range map[string]uint64{crc32IEEE: 0xcbf43926, crc32C: 0xe3069283, crc64NVME: 0xae8b14860a799888} {
		h := hashOf(name)
		h.Write([]byte("123456789"))
		if got := number(h.Sum(nil)); got != want {
			t.Errorf("%s is %x, want %x", name, got, want)
		}
		data := make([]byte, 10_000)
		_, _ = rand.NewChaCha8([32]byte{}).Read(data)
		sum := func(p []byte) uint64 { h := hashOf(name); h.Write(p); return number(h.Sum(nil)) }
		rapid.Check(t, func(t *rapid.T) {
			cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
			if got := combine(name, sum(data[:cut]), sum(data[cut:]), int64(len(data)-cut)); got != sum(data) {
				t.Fatalf("%s put together at %d is %x", name, cut, got)
			}
		})
	}
}

var user = Account{KeyID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Owner: "111111111111"}

func start(t *testing.T) *Running {
	t.Helper()
	run, err := Start(Config{Dir: t.TempDir(), Accounts: []Account{user}, Buckets: []Bucket{{Name: "examplebucket"}}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

// The example "GET Object" of the S3 API reference, "Signature calculations for
// the Authorization header": its canonical request and string to sign are
// printed there, and the signature is what they must give.
func TestTheSignatureIsThatOfTheReference(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "http://examplebucket.s3.amazonaws.com/test.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	r.Header.Set("Range", "bytes=0-9")
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(empty[:]))
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	text, ok := canonical(r, r.URL.Query(), []string{"host", "range", "x-amz-content-sha256", "x-amz-date"})
	if sum := sha256.Sum256([]byte(text)); !ok || hex.EncodeToString(sum[:]) != "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972" {
		t.Errorf("the canonical request is\n%s", text)
	}
}

// ask signs a request by hand, so that what is refused is not what the SDK
// would never send.
func ask(t *testing.T, run *Running, method, path string, body []byte, change func(h http.Header)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, run.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	now := time.Now().UTC()
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	r.Header.Set("X-Amz-Date", now.Format(timeShape))
	if change != nil {
		change(r.Header)
	}
	signed := []string{"host"}
	for name := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-amz-") {
			signed = append(signed, low)
		}
	}
	slices.Sort(signed)
	text, _ := canonical(r, r.URL.Query(), signed)
	hash := sha256.Sum256([]byte(text))
	scope := []string{now.Format("20060102"), "us-east-1", "s3", "aws4_request"}
	key := []byte("AWS4" + user.Secret)
	for _, p := range scope {
		key = mac(key, p)
	}
	toSign := strings.Join([]string{algorithm, now.Format(timeShape), strings.Join(scope, "/"), hex.EncodeToString(hash[:])}, "\n")
	r.Header.Set("Authorization", algorithm+" Credential="+user.KeyID+"/"+strings.Join(scope, "/")+", SignedHeaders="+strings.Join(signed, ";")+", Signature="+hex.EncodeToString(mac(key, toSign)))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	var e struct{ Code string }
	_ = xml.Unmarshal(answer, &e)
	return res.StatusCode, e.Code
}

func TestItIsAsStrictAsTheService(t *testing.T) {
	run := start(t)
	data := []byte("some bytes")
	chunk := func(trailer string) []byte {
		return []byte(strconv.FormatInt(int64(len(data)), 16) + "\r\n" + string(data) + "\r\n0\r\n" + trailer + "\r\n\r\n")
	}
	h := hashOf(crc64NVME)
	h.Write(data)
	right := base64.StdEncoding.EncodeToString(h.Sum(nil))
	trailed := func(h http.Header) {
		h.Set("X-Amz-Content-Sha256", trailing)
		h.Set("X-Amz-Trailer", "x-amz-checksum-crc64nvme")
		h.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(len(data)))
	}
	for name, tc := range map[string]struct {
		method, path string
		body         []byte
		change       func(h http.Header)
		status       int
		code         string
	}{
		"a body":            {"PUT", "/examplebucket/k", data, nil, 200, ""},
		"another body":      {"PUT", "/examplebucket/k", data, func(h http.Header) { h.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) }, 400, "XAmzContentSHA256Mismatch"},
		"a trailer":         {"PUT", "/examplebucket/k", chunk("x-amz-checksum-crc64nvme:" + right), trailed, 200, ""},
		"a wrong trailer":   {"PUT", "/examplebucket/k", chunk("x-amz-checksum-crc64nvme:AAAAAAAAAAA="), trailed, 400, "BadDigest"},
		"a missing trailer": {"PUT", "/examplebucket/k", chunk("x-amz-meta-a:b"), trailed, 400, "InvalidRequest"},
		"a short body":      {"PUT", "/examplebucket/k", chunk("x-amz-checksum-crc64nvme:" + right), func(h http.Header) { trailed(h); h.Set("X-Amz-Decoded-Content-Length", "11") }, 400, "IncompleteBody"},
		"no chunks":         {"PUT", "/examplebucket/k", data, trailed, 400, ""},
		"a wrong checksum":  {"PUT", "/examplebucket/k", data, func(h http.Header) { h.Set("X-Amz-Checksum-Crc32c", "AAAAAA==") }, 400, "BadDigest"},
		"two checksums": {"PUT", "/examplebucket/k", data, func(h http.Header) {
			h.Set("X-Amz-Checksum-Crc32c", "AAAAAA==")
			h.Set("X-Amz-Checksum-Crc32", "AAAAAA==")
		}, 400, "InvalidRequest"},
		"a clock":                 {"PUT", "/examplebucket/k", data, func(h http.Header) { h.Set("X-Amz-Date", time.Now().UTC().Add(-16*time.Minute).Format(timeShape)) }, 403, ""},
		"a token of nobody":       {"GET", "/examplebucket?list-type=2", nil, func(h http.Header) { h.Set("X-Amz-Security-Token", "t") }, 400, "InvalidToken"},
		"a composite upload":      {"POST", "/examplebucket/k?uploads", nil, func(h http.Header) { h.Set("X-Amz-Checksum-Algorithm", crc32C) }, 501, "NotImplemented"},
		"a part of no upload":     {"PUT", "/examplebucket/k?partNumber=1&uploadId=x", data, nil, 404, "NoSuchUpload"},
		"part 10001":              {"PUT", "/examplebucket/k?partNumber=10001&uploadId=x", data, nil, 400, "InvalidArgument"},
		"an unknown call":         {"GET", "/examplebucket/k?tagging", nil, nil, 501, "NotImplemented"},
		"another bucket":          {"GET", "/another?list-type=2", nil, nil, 404, "NoSuchBucket"},
		"a range behind the end":  {"GET", "/examplebucket/k", nil, func(h http.Header) { h.Set("Range", "bytes=100-200") }, 416, "InvalidRange"},
		"a key beyond all bounds": {"PUT", "/examplebucket/" + strings.Repeat("k", 1025), data, nil, 400, "KeyTooLongError"},
		"another owner":           {"GET", "/examplebucket?list-type=2", nil, func(h http.Header) { h.Set("X-Amz-Expected-Bucket-Owner", "222222222222") }, 403, "AccessDenied"},
	} {
		if tc.method == "GET" && strings.Contains(tc.path, "/k") {
			ask(t, run, "PUT", "/examplebucket/k", data, nil)
		}
		if status, code := ask(t, run, tc.method, tc.path, tc.body, tc.change); status != tc.status || tc.code != "" && code != tc.code {
			t.Errorf("%s: %d %s, want %d %s", name, status, code, tc.status, tc.code)
		}
	}
	res, err := http.Get(run.URL + "/examplebucket/k")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: %d", res.StatusCode)
	}
}
