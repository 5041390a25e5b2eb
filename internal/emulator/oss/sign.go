package oss

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	maxSkew    = 15 * time.Minute
	timeV4     = "20060102T150405Z"
	algorithm4 = "OSS4-HMAC-SHA256"
)

// signedV1 are the query names that take part in a V1 signature (public page
// "Include signatures in the Authorization header").
var signedV1 = map[string]bool{
	"acl": true, "uploads": true, "location": true, "cors": true, "logging": true, "website": true,
	"referer": true, "lifecycle": true, "delete": true, "append": true, "tagging": true,
	"objectMeta": true, "uploadId": true, "partNumber": true, "security-token": true, "position": true,
	"replication": true, "bucketInfo": true, "stat": true, "encryption": true, "versions": true,
	"versioning": true, "versionId": true, "policy": true, "restore": true, "symlink": true,
	"continuation-token": true, "response-content-type": true, "response-content-language": true,
	"response-expires": true, "response-cache-control": true, "response-content-disposition": true,
	"response-content-encoding": true, "x-oss-process": true, "x-oss-traffic-limit": true,
	"sequential": true, "startTime": true, "endTime": true, "comp": true, "requestPayment": true,
}

// authenticate recomputes the request's signature and returns whose it is.
func (s *Server) authenticate(r *http.Request, bucket, key string, q url.Values, region string) (Account, *apiError) {
	auth := r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(auth, algorithm4+" "):
		return s.headerV4(r, bucket, key, q, region, auth)
	case strings.HasPrefix(auth, "OSS "):
		return s.headerV1(r, bucket, key, q, auth)
	case q.Get("x-oss-signature-version") == algorithm4:
		return s.queryV4(r, bucket, key, q, region)
	case q.Get("Signature") != "":
		return s.queryV1(r, bucket, key, q)
	case auth != "":
		return Account{}, invalidArgument("The Authorization header is not supported.")
	}
	return Account{}, accessDenied("You have no right to access this object because of bucket acl.")
}

func (s *Server) headerV4(r *http.Request, bucket, key string, q url.Values, region, auth string) (Account, *apiError) {
	fields := map[string]string{}
	for f := range strings.SplitSeq(strings.TrimPrefix(auth, algorithm4+" "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[name] = value
	}
	payload := r.Header.Get("x-oss-content-sha256")
	if payload != "UNSIGNED-PAYLOAD" {
		return Account{}, invalidArgument("x-oss-content-sha256 is missing or not valid.") // the message is our choice
	}
	stamp := r.Header.Get("x-oss-date")
	at, err := time.Parse(timeV4, stamp)
	if err != nil {
		stamp = r.Header.Get("Date")
		if at, err = http.ParseTime(stamp); err != nil {
			return Account{}, accessDenied("OSS authentication requires a valid Date.")
		}
	}
	a, scope, fail := s.scope(fields["Credential"], at, region)
	if fail != nil {
		return Account{}, fail
	}
	if fail := s.clock(r, at, maxSkew); fail != nil {
		return Account{}, fail
	}
	return a, s.verifyV4(r, bucket, key, q, a, stamp, scope, fields["AdditionalHeaders"], fields["Signature"], payload)
}

func (s *Server) queryV4(r *http.Request, bucket, key string, q url.Values, region string) (Account, *apiError) {
	stamp := q.Get("x-oss-date")
	at, err := time.Parse(timeV4, stamp)
	seconds, err2 := strconv.ParseInt(q.Get("x-oss-expires"), 10, 64)
	if err != nil || err2 != nil || seconds < 1 || seconds > 604800 {
		return Account{}, invalidArgument("x-oss-date or x-oss-expires is not valid.")
	}
	a, scope, fail := s.scope(q.Get("x-oss-credential"), at, region)
	if fail != nil {
		return Account{}, fail
	}
	if s.now(r).After(at.Add(time.Duration(seconds) * time.Second)) {
		return Account{}, accessDenied("Request has expired.")
	}
	signed := url.Values{}
	for k, v := range q {
		if k != "x-oss-signature" {
			signed[k] = v
		}
	}
	return a, s.verifyV4(r, bucket, key, signed, a, stamp, scope, q.Get("x-oss-additional-headers"), q.Get("x-oss-signature"), "UNSIGNED-PAYLOAD")
}

// scope reads <key id>/<day>/<region>/oss/aliyun_v4_request.
func (s *Server) scope(credential string, at time.Time, region string) (Account, string, *apiError) {
	p := strings.Split(credential, "/")
	if len(p) != 5 || p[4] != "aliyun_v4_request" {
		return Account{}, "", invalidArgument("Invalid Credential in Authorization header.")
	}
	a, ok := s.accounts[p[0]]
	if !ok {
		return Account{}, "", unknownKey(p[0])
	}
	switch {
	case p[3] != "oss":
		return Account{}, "", &apiError{status: 400, code: "InvalidArgument", message: "Invalid signing product in Authorization header.", ec: "0002-00000227"}
	case p[2] != region:
		return Account{}, "", &apiError{status: 400, code: "InvalidArgument", message: "Invalid signing region in Authorization header."}
	case p[1] != at.Format("20060102"):
		return Account{}, "", &apiError{status: 400, code: "InvalidArgument", message: "Invalid signing date in Authorization header."}
	}
	return a, strings.Join(p[1:], "/"), nil
}

func (s *Server) verifyV4(r *http.Request, bucket, key string, q url.Values, a Account, stamp, scope, additional, given, payload string) *apiError {
	resource := "/"
	if bucket != "" {
		resource = "/" + bucket + "/" + strings.ReplaceAll(escape(key), "%2F", "/")
	}
	headers := map[string]string{}
	also := map[string]bool{}
	for name := range strings.SplitSeq(additional, ";") {
		also[name] = true
	}
	for name, values := range r.Header {
		low := strings.ToLower(name)
		if low == "content-type" || low == "content-md5" || strings.HasPrefix(low, "x-oss-") || also[low] {
			headers[low] = strings.TrimSpace(values[0])
		}
	}
	if also["host"] {
		headers["host"] = r.Host
	}
	var lines strings.Builder
	for _, name := range sortedKeys(headers) {
		lines.WriteString(name + ":" + headers[name] + "\n")
	}
	canonical := strings.Join([]string{r.Method, resource, canonicalQuery(q), lines.String(), additional, payload}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{algorithm4, stamp, scope, hex.EncodeToString(sum[:])}, "\n")
	derived := []byte("aliyun_v4" + a.Secret)
	for part := range strings.SplitSeq(scope, "/") {
		derived = mac(sha256.New, derived, part)
	}
	want := hex.EncodeToString(mac(sha256.New, derived, text))
	if !hmac.Equal([]byte(want), []byte(given)) {
		return mismatch(a.KeyID, text, given).with("CanonicalRequest", canonical)
	}
	return s.token(r, a, or(r.Header.Get("x-oss-security-token"), q.Get("x-oss-security-token")))
}

func (s *Server) headerV1(r *http.Request, bucket, key string, q url.Values, auth string) (Account, *apiError) {
	id, given, ok := strings.Cut(strings.TrimPrefix(auth, "OSS "), ":")
	if !ok {
		return Account{}, invalidArgument("The Authorization header is not valid.")
	}
	a, ok := s.accounts[id]
	if !ok {
		return Account{}, unknownKey(id)
	}
	date := or(r.Header.Get("x-oss-date"), r.Header.Get("Date"))
	at, err := http.ParseTime(date)
	if err != nil {
		return Account{}, accessDenied("OSS authentication requires a valid Date.")
	}
	if fail := s.clock(r, at, maxSkew); fail != nil {
		return Account{}, fail
	}
	// Browsers cannot set Date; the vendor's JavaScript SDK sends x-oss-date and
	// signs it in the line of the date. Which of the two counts where a request
	// has both is not documented: either is taken.
	fail := s.verifyV1(r, bucket, key, q, a, date, given, r.Header.Get("x-oss-security-token"))
	if fail != nil && fail.code == "SignatureDoesNotMatch" && r.Header.Get("Date") != date {
		fail = s.verifyV1(r, bucket, key, q, a, r.Header.Get("Date"), given, r.Header.Get("x-oss-security-token"))
	}
	return a, fail
}

func (s *Server) queryV1(r *http.Request, bucket, key string, q url.Values) (Account, *apiError) {
	id := q.Get("OSSAccessKeyId")
	a, ok := s.accounts[id]
	if !ok {
		return Account{}, unknownKey(id)
	}
	unix, err := strconv.ParseInt(q.Get("Expires"), 10, 64)
	if err != nil {
		return Account{}, invalidArgument("Expires is not valid.")
	}
	if s.now(r).Unix() > unix {
		return Account{}, accessDenied("Request has expired.").with("Expires", time.Unix(unix, 0).UTC().Format(time.RFC3339))
	}
	return a, s.verifyV1(r, bucket, key, q, a, q.Get("Expires"), q.Get("Signature"), q.Get("security-token"))
}

func (s *Server) verifyV1(r *http.Request, bucket, key string, q url.Values, a Account, date, given, token string) *apiError {
	headers := map[string]string{}
	for name, values := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-oss-") {
			headers[low] = values[0]
		}
	}
	var b strings.Builder
	b.WriteString(strings.Join([]string{r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), date}, "\n") + "\n")
	for _, name := range sortedKeys(headers) {
		b.WriteString(name + ":" + headers[name] + "\n")
	}
	b.WriteString("/")
	if bucket != "" {
		b.WriteString(bucket + "/" + key)
	}
	sub := map[string]string{}
	for name, values := range q {
		if signedV1[name] {
			sub[name] = values[0]
		}
	}
	for i, name := range sortedKeys(sub) {
		b.WriteString(map[bool]string{true: "?", false: "&"}[i == 0] + name)
		if sub[name] != "" {
			b.WriteString("=" + sub[name])
		}
	}
	want := base64.StdEncoding.EncodeToString(mac(sha1.New, []byte(a.Secret), b.String()))
	if !hmac.Equal([]byte(want), []byte(given)) {
		return mismatch(a.KeyID, b.String(), given)
	}
	return s.token(r, a, token)
}

// token checks a temporary key's token.
func (s *Server) token(r *http.Request, a Account, given string) *apiError {
	switch {
	case a.SecurityToken != given:
		return &apiError{status: 403, code: "InvalidSecurityToken", message: "The security token you provided is invalid.", ec: "0002-00000050"}
	case !a.Expires.IsZero() && s.now(r).After(a.Expires):
		return &apiError{status: 403, code: "SecurityTokenExpired", message: "The security token you provided has expired.", ec: "0002-00000069"}
	}
	return nil
}

func (s *Server) clock(r *http.Request, at time.Time, bound time.Duration) *apiError {
	now := s.now(r)
	if off := now.Sub(at).Abs(); off > bound {
		e := &apiError{status: 403, code: "RequestTimeTooSkewed", message: "The difference between the request time and the current time is too large.", ec: "0002-00000504"}
		return e.with("MaxAllowedSkewMilliseconds", strconv.FormatInt(bound.Milliseconds(), 10)).
			with("RequestTime", at.UTC().Format(isoTime)).with("ServerTime", now.Format(isoTime))
	}
	return nil
}

func unknownKey(id string) *apiError {
	return (&apiError{status: 403, code: "InvalidAccessKeyId", message: "The OSS Access Key Id you provided does not exist in our records.", ec: "0002-00000902"}).with("OSSAccessKeyId", id)
}

func mismatch(id, text, given string) *apiError {
	e := &apiError{status: 403, code: "SignatureDoesNotMatch", message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", ec: "0002-00000201"}
	return e.with("OSSAccessKeyId", id).with("SignatureProvided", given).with("StringToSign", text)
}

func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// escape is RFC 3986: everything but letters, digits and -_.~ is encoded.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func canonicalQuery(q url.Values) string {
	encoded := map[string]string{}
	for name, values := range q {
		encoded[escape(name)] = escape(values[0])
	}
	var parts []string
	for _, name := range sortedKeys(encoded) {
		if encoded[name] != "" {
			name += "=" + encoded[name]
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, "&")
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
