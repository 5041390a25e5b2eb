package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

const (
	maxSkew   = 15 * time.Minute
	timeShape = "20060102T150405Z"
	algorithm = "AWS4-HMAC-SHA256"
)

// authenticate recomputes the request's signature and returns whose it is (S3
// API reference, "Signature calculations for the Authorization header").
func (s *Server) authenticate(r *http.Request, q url.Values, region string) (Account, *seal, *apiError) {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return Account{}, nil, refusal(403, "AccessDenied", "Access Denied")
	}
	text, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return Account{}, nil, refusal(400, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
	}
	fields := map[string]string{}
	for f := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	malformed := func(message string, extra ...field) *apiError {
		return refusal(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; "+message, extra...)
	}
	if len(scope) != 5 || scope[3] != "s3" || scope[4] != "aws4_request" {
		return Account{}, nil, malformed(`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	account, known := s.accounts[scope[0]]
	if !known {
		return Account{}, nil, refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", field{"AWSAccessKeyId", scope[0]})
	}
	if scope[2] != region {
		e := malformed("the region '"+scope[2]+"' is wrong; expecting '"+region+"'", field{"Region", region})
		e.region = region
		return Account{}, nil, e
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(timeShape, stamp)
	if err != nil || at.Format("20060102") != scope[1] {
		return Account{}, nil, refusal(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
	}
	if off := s.now(r).Sub(at); off.Abs() > maxSkew {
		return Account{}, nil, refusal(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
			field{"RequestTime", stamp}, field{"ServerTime", s.now(r).Format(time.RFC3339)}, field{"MaxAllowedSkewMilliseconds", strconv.Itoa(int(maxSkew.Milliseconds()))})
	}
	if fail := s.token(r, account); fail != nil {
		return Account{}, nil, fail
	}
	signed := strings.Split(fields["SignedHeaders"], ";")
	if fail := mustBeSigned(r, signed); fail != nil {
		return Account{}, nil, fail
	}
	text, ok = canonical(r, q, signed)
	if !ok {
		return Account{}, nil, refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	}
	sum := sha256.Sum256([]byte(text))
	toSign := strings.Join([]string{algorithm, stamp, strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + account.Secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	signature := hex.EncodeToString(mac(key, toSign))
	if !hmac.Equal([]byte(signature), []byte(fields["Signature"])) {
		return Account{}, nil, refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
			field{"AWSAccessKeyId", scope[0]}, field{"StringToSign", toSign}, field{"SignatureProvided", fields["Signature"]}, field{"CanonicalRequest", text})
	}
	return account, &seal{key: key, stamp: stamp, scope: strings.Join(scope[1:], "/"), before: signature}, nil
}

// seal signs the chunks of a body one after the other, each with the signature
// before it (S3 API reference, "Signature calculations: transferring payload in
// multiple chunks").
type seal struct {
	key          []byte
	stamp, scope string
	before       string // signature of the request or of the chunk before
}

// of is the signature of the next chunk, whose data has this hash.
func (s *seal) of(hash []byte) string {
	empty := sha256.Sum256(nil)
	s.before = hex.EncodeToString(mac(s.key, strings.Join([]string{algorithm + "-PAYLOAD", s.stamp, s.scope, s.before, hex.EncodeToString(empty[:]), hex.EncodeToString(hash)}, "\n")))
	return s.before
}

// token checks what temporary credentials carry.
func (s *Server) token(r *http.Request, a Account) *apiError {
	given := r.Header.Get("X-Amz-Security-Token")
	_, expired := control.Effect(r.Context(), "expired")
	switch {
	case expired, given != "" && given == a.Token && !a.Expires.IsZero() && s.now(r).After(a.Expires):
		return refusal(400, "ExpiredToken", "The provided token has expired.", field{"Token-0", given})
	case given != a.Token:
		return refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.", field{"Token-0", given})
	}
	return nil
}

// mustBeSigned demands the headers that the service demands.
func mustBeSigned(r *http.Request, signed []string) *apiError {
	missing := func(name string) *apiError {
		return refusal(403, "AccessDenied", "There were headers present in the request which were not signed", field{"HeadersNotSigned", name})
	}
	if !slices.Contains(signed, "host") {
		return missing("host")
	}
	for name := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-amz-") && !slices.Contains(signed, low) {
			return missing(low)
		}
	}
	return nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// canonical is the request as it is signed. The path is signed as it came,
// encoded once, unlike with other services.
func canonical(r *http.Request, q url.Values, signed []string) (string, bool) {
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if payload == "" {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + encodePath(r.URL) + "\n" + encodeQuery(q) + "\n")
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + payload)
	return b.String(), true
}

func encodePath(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			plain = s
		}
		segments[i] = escape(plain)
	}
	path := strings.Join(segments, "/")
	return or(path, "/")
}

func encodeQuery(q url.Values) string {
	names := make([][2]string, 0, len(q)) // encoded, plain
	for name := range q {
		names = append(names, [2]string{escape(name), name})
	}
	slices.SortFunc(names, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var pairs []string
	for _, name := range names {
		values := slices.Clone(q[name[1]])
		slices.Sort(values)
		for _, v := range values {
			pairs = append(pairs, name[0]+"="+escape(v))
		}
	}
	return strings.Join(pairs, "&")
}

// escape is UriEncode of the specification, with slashes.
func escape(s string) string {
	const hexes = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexes[c>>4])
		b.WriteByte(hexes[c&15])
	}
	return b.String()
}
