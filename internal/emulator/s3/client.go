package s3

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Client reads and writes a Server over HTTP as another emulator does, whose
// service has a role of its own: what it may not do is refused there, and
// counted.
type Client struct {
	URL     string // of the endpoint
	Region  string
	Account Account
}

// Refusal is the answer of a Server that says no.
type Refusal struct {
	Status        int
	Code, Message string
	Region        string // in which the bucket lies, where it is told
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message) }

// Do makes a signed call; header may be nil. The caller closes the answer's
// body. Refusals are *Refusal.
func (c Client) Do(ctx context.Context, method, bucket, key string, query url.Values, header http.Header, body io.Reader, size int64) (*http.Response, error) {
	path := "/" + escape(bucket)
	if key != "" {
		segments := strings.Split(key, "/")
		for i := range segments {
			segments[i] = escape(segments[i])
		}
		path += "/" + strings.Join(segments, "/")
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path+"?"+encodeQuery(query), body)
	if err != nil {
		return nil, err
	}
	r.ContentLength = size
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	c.sign(r, query)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	out := &Refusal{Status: res.StatusCode, Region: res.Header.Get("x-amz-bucket-region")}
	var doc struct{ Code, Message string }
	_ = xml.Unmarshal(text, &doc) // a HEAD has none
	out.Code, out.Message = doc.Code, doc.Message
	return nil, out
}

func (c Client) sign(r *http.Request, query url.Values) {
	now := time.Now().UTC()
	r.Header.Set("X-Amz-Date", now.Format(timeShape))
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	if c.Account.Token != "" {
		r.Header.Set("X-Amz-Security-Token", c.Account.Token)
	}
	r.Host = r.URL.Host
	signed := []string{"host"}
	for name := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-amz-") {
			signed = append(signed, low)
		}
	}
	slices.Sort(signed)
	text, _ := canonical(r, query, signed)
	sum := sha256.Sum256([]byte(text))
	scope := []string{now.Format("20060102"), c.Region, "s3", "aws4_request"}
	key := []byte("AWS4" + c.Account.Secret)
	for _, p := range scope {
		key = mac(key, p)
	}
	toSign := strings.Join([]string{algorithm, now.Format(timeShape), strings.Join(scope, "/"), hex.EncodeToString(sum[:])}, "\n")
	h := hmac.New(sha256.New, key)
	h.Write([]byte(toSign))
	r.Header.Set("Authorization", algorithm+" Credential="+c.Account.KeyID+"/"+strings.Join(scope, "/")+",SignedHeaders="+strings.Join(signed, ";")+",Signature="+hex.EncodeToString(h.Sum(nil)))
}

// Keys lists keys under a prefix in their order, at most so many.
func (c Client) Keys(ctx context.Context, bucket, prefix string, most int) (keys []string, err error) {
	token := ""
	for len(keys) < most {
		q := url.Values{"list-type": {"2"}, "prefix": {prefix}, "max-keys": {strconv.Itoa(min(most-len(keys), 1000))}}
		if token != "" {
			q.Set("continuation-token", token)
		}
		res, err := c.Do(ctx, http.MethodGet, bucket, "", q, nil, nil, 0)
		if err != nil {
			return nil, err
		}
		var page struct {
			Contents              []struct{ Key string }
			IsTruncated           bool
			NextContinuationToken string
		}
		err = xml.NewDecoder(res.Body).Decode(&page)
		res.Body.Close()
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys = append(keys, o.Key)
		}
		if token = page.NextContinuationToken; !page.IsTruncated {
			break
		}
	}
	return keys, nil
}
