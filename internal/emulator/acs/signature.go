package acs

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxSkew is how far the caller's clock may lie from ours.
const maxSkew = 15 * time.Minute

// Gate checks who calls, and remembers the nonces that were used. Make it with
// NewGate; it may be used by many goroutines.
type Gate struct {
	find func(id string) (account string, key Key, known bool)

	mu     sync.Mutex
	nonces map[string]time.Time
	swept  time.Time
}

// NewGate makes a gate; find looks up an access key and the account it is of.
func NewGate(find func(id string) (account string, key Key, known bool)) *Gate {
	return &Gate{find: find, nonces: map[string]time.Time{}}
}

// Authenticate checks who calls: ACS3-HMAC-SHA256 in the headers as present
// SDKs send it, or the older signature in the parameters (HMAC-SHA1 or
// HMAC-SHA256). query holds the parameters of the URL, form those of the body.
func (g *Gate) Authenticate(r *http.Request, body []byte, query, form url.Values, now time.Time) (*Caller, *Refusal) {
	if auth := r.Header.Get("Authorization"); auth != "" {
		return g.acs3(r, auth, body, query, now)
	}
	all := url.Values{}
	for _, values := range []url.Values{query, form} {
		for name, v := range values {
			all[name] = v
		}
	}
	if all.Get("Signature") != "" {
		return g.legacy(r.Method, all, now)
	}
	return nil, Refuse(http.StatusBadRequest, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
}

func (g *Gate) acs3(r *http.Request, auth string, body []byte, query url.Values, now time.Time) (*Caller, *Refusal) {
	incomplete := Refuse(http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
	scheme, rest, _ := strings.Cut(auth, " ")
	if scheme != "ACS3-HMAC-SHA256" {
		return nil, incomplete
	}
	part := map[string]string{}
	for _, p := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		part[name] = value
	}
	who, refused := g.key(part["Credential"])
	if refused != nil {
		return nil, refused
	}
	if refused := fresh(r.Header.Get("x-acs-date"), now); refused != nil {
		return nil, refused
	}

	// Everything that steers the call must be signed.
	signed := strings.Split(part["SignedHeaders"], ";")
	if !slices.IsSorted(signed) || !slices.Contains(signed, "host") {
		return nil, incomplete
	}
	for _, must := range []string{"x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"} {
		if !slices.Contains(signed, must) {
			return nil, incomplete
		}
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-acs-") && !slices.Contains(signed, name) {
			return nil, incomplete
		}
	}
	sum := sha256.Sum256(body)
	hashed := hex.EncodeToString(sum[:])
	if r.Header.Get("x-acs-content-sha256") != hashed {
		return nil, incomplete
	}

	var canonical strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical.WriteString(r.Method + "\n" + path + "\n" + canonicalQuery(query) + "\n")
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	canonical.WriteString("\n" + part["SignedHeaders"] + "\n" + hashed)
	whole := sha256.Sum256([]byte(canonical.String()))
	toSign := "ACS3-HMAC-SHA256\n" + hex.EncodeToString(whole[:])
	mac := hmac.New(sha256.New, []byte(who.Key.Secret))
	mac.Write([]byte(toSign))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(part["Signature"])) {
		incomplete.Message += " server string to sign is:" + toSign
		return nil, incomplete
	}
	return g.accept(who, r.Header.Get("x-acs-security-token"), r.Header.Get("x-acs-signature-nonce"), now)
}

func (g *Gate) legacy(method string, all url.Values, now time.Time) (*Caller, *Refusal) {
	who, refused := g.key(all.Get("AccessKeyId"))
	if refused != nil {
		return nil, refused
	}
	if refused := fresh(all.Get("Timestamp"), now); refused != nil {
		return nil, refused
	}
	algorithms := map[string]func() hash.Hash{"HMAC-SHA1": sha1.New, "HMAC-SHA256": sha256.New}
	algorithm := algorithms[all.Get("SignatureMethod")]
	signature := all.Get("Signature")
	rest := url.Values{}
	for name, v := range all {
		if name != "Signature" {
			rest[name] = v
		}
	}
	toSign := method + "&%2F&" + escape(canonicalQuery(rest))
	if algorithm != nil {
		mac := hmac.New(algorithm, []byte(who.Key.Secret+"&"))
		mac.Write([]byte(toSign))
		if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), []byte(signature)) {
			return g.accept(who, all.Get("SecurityToken"), all.Get("SignatureNonce"), now)
		}
	}
	return nil, Refuse(http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards. server string to sign is:%s", toSign)
}

// key finds an access key.
func (g *Gate) key(id string) (*Caller, *Refusal) {
	account, key, known := g.find(id)
	switch {
	case id == "" || !known:
		return nil, Refuse(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	case key.Disabled:
		return nil, Refuse(http.StatusForbidden, "InvalidAccessKeyId.Inactive", "The specified AccessKeyId is disabled.")
	}
	return &Caller{account, key}, nil
}

// fresh checks the time of a request.
func fresh(date string, now time.Time) *Refusal {
	at, err := time.Parse("2006-01-02T15:04:05Z", date)
	if err != nil {
		return Refuse(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	if d := now.Sub(at); d > maxSkew || d < -maxSkew {
		return Refuse(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	return nil
}

// accept checks what only a rightly signed request is told: the security
// token, and that the nonce was not used before.
func (g *Gate) accept(who *Caller, token, nonce string, now time.Time) (*Caller, *Refusal) {
	if who.Key.SecurityToken != token {
		return nil, Refuse(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "The specified SecurityToken is not matched with the AccessKeyId.")
	}
	if nonce == "" {
		return nil, Refuse(http.StatusBadRequest, "MissingSignatureNonce", "SignatureNonce is mandatory for this action.")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// A nonce older than the allowed skew on both sides is refused by its date.
	if now.Sub(g.swept) > time.Minute {
		for n, at := range g.nonces {
			if now.Sub(at) > 2*maxSkew {
				delete(g.nonces, n)
			}
		}
		g.swept = now
	}
	name := who.Key.ID + " " + nonce
	if _, used := g.nonces[name]; used {
		return nil, Refuse(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	g.nonces[name] = now
	return who, nil
}

// canonicalQuery is the parameters sorted by name, percent-encoded.
func canonicalQuery(values url.Values) string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	pairs := make([]string, 0, len(names))
	for _, name := range names {
		for _, value := range values[name] {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// escape is RFC 3986: space is %20, the asterisk %2A, the tilde itself.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
}
