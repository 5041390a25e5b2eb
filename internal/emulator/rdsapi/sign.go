package rdsapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	stamp     = "20060102T150405Z"
	maxSkew   = 5 * time.Minute
)

// authenticate computes the signature again (AWS general reference, "Signature
// Version 4"); code is empty when it holds.
func authenticate(r *http.Request, body []byte, cfg Config) (u User, status int, code, message string) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return u, http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"
	}
	fields := map[string]string{}
	for f := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[name] = value
	}
	scope, signed := strings.Split(fields["Credential"], "/"), strings.Split(fields["SignedHeaders"], ";")
	if len(scope) != 5 || scope[3] != "rds" || scope[4] != "aws4_request" || !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date") {
		return u, http.StatusForbidden, "IncompleteSignature", "Credential should be scoped to correct service: 'rds'."
	}
	if scope[2] != cfg.Region {
		return u, http.StatusForbidden, "SignatureDoesNotMatch", "Credential should be scoped to a valid region, not '" + scope[2] + "'."
	}
	at := slices.IndexFunc(cfg.Users, func(u User) bool { return u.KeyID == scope[0] })
	if at < 0 {
		return u, http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."
	}
	u = cfg.Users[at]
	when, err := time.Parse(stamp, r.Header.Get("X-Amz-Date"))
	if err != nil || when.Format("20060102") != scope[1] {
		return u, http.StatusForbidden, "IncompleteSignature", "Date must be in ISO-8601 'basic format'."
	}
	if off := time.Since(when); off > maxSkew {
		return u, http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: " + when.Format(stamp) + " is now earlier than " + time.Now().UTC().Add(-maxSkew).Format(stamp)
	} else if off < -maxSkew {
		return u, http.StatusForbidden, "SignatureDoesNotMatch", "Signature not yet current: " + when.Format(stamp) + " is still later than " + time.Now().UTC().Add(maxSkew).Format(stamp)
	}
	if want := signature(r, body, u.Secret, scope, signed); !hmac.Equal([]byte(want), []byte(fields["Signature"])) {
		return u, http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	}
	return u, 0, "", ""
}

func signature(r *http.Request, body []byte, secret string, scope, signed []string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n/\n\n") // the query protocol posts to the root, without a query
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
			if value == "" {
				value = itoa(len(body))
			}
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + sum(body))
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, strings.Join([]string{algorithm, r.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), sum([]byte(b.String()))}, "\n")))
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
