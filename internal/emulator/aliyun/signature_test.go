package aliyunemu

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
)

const (
	keyID  = "LTAItest"
	secret = "open+sesame/1"
)

func newServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	c := Config{Step: time.Millisecond,
		Accounts:  []Account{{ID: "1", Keys: []Key{{ID: keyID, Secret: secret}, {ID: "LTAIoff", Secret: secret, Disabled: true}}}, {ID: "2", Keys: []Key{{ID: "LTAIother", Secret: secret}}}},
		Instances: []Instance{{ID: "rm-1", Account: "1", Region: "cn-hangzhou", Version: "2019_std_ha", StorageGB: 20}}}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// sdk calls an action with the official core and returns what went over the
// wire and the code of the answer, empty for success.
func sdk(t *testing.T, s http.Handler, id, secret, action string, query map[string]string) (*http.Request, string) {
	t.Helper()
	var seen *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Clone(r.Context())
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	client, err := openapi.NewClient(&openapiutil.Config{Endpoint: dara.String(strings.TrimPrefix(server.URL, "http://")), Protocol: dara.String("HTTP"),
		AccessKeyId: &id, AccessKeySecret: &secret})
	if err != nil {
		t.Fatal(err)
	}
	client.DisableSDKError = dara.Bool(true)
	q := map[string]*string{}
	for name, value := range query {
		q[name] = &value
	}
	_, err = client.CallApi(&openapiutil.Params{Action: &action, Version: dara.String("2014-08-15"), Protocol: dara.String("HTTPS"), Pathname: dara.String("/"),
		Method: dara.String("POST"), AuthType: dara.String("AK"), Style: dara.String("RPC"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json")},
		&openapiutil.OpenApiRequest{Query: q}, &dara.RuntimeOptions{})
	switch e := err.(type) {
	case nil:
		return seen, ""
	case *openapi.ClientError:
		return seen, *e.Code
	default:
		t.Fatalf("got %T %v", err, err)
		return nil, ""
	}
}

func TestTheOfficialCoreIsUnderstood(t *testing.T) {
	s := newServer(t, nil)
	for _, value := range []string{"x", "", "a b+c*d~e/f:g?h&i=j%k", "数据库 ü 😀", "'\"<>\\^`{|}"} {
		if _, code := sdk(t, s, keyID, secret, "DescribeDBInstanceAttribute", map[string]string{"DBInstanceId": "rm-1", "Expired": value}); code != "" {
			t.Errorf("%q: %s", value, code)
		}
	}
	for name, c := range map[string]struct{ id, secret, action, code string }{
		"key":      {"LTAInobody", secret, "DescribeDatabases", "InvalidAccessKeyId.NotFound"},
		"disabled": {"LTAIoff", secret, "DescribeDatabases", "InvalidAccessKeyId.Inactive"},
		"secret":   {keyID, secret + "x", "DescribeDatabases", "IncompleteSignature"},
		"action":   {keyID, secret, "DropEverything", "InvalidAction.NotFound"},
		"account":  {"LTAIother", secret, "DescribeDatabases", "InvalidDBInstanceId.NotFound"},
	} {
		if _, code := sdk(t, s, c.id, c.secret, c.action, map[string]string{"DBInstanceId": "rm-1"}); code != c.code {
			t.Errorf("%s: got %q, want %s", name, code, c.code)
		}
	}
}

// send gives a request to the server as it is and returns the code.
func send(s *Server, r *http.Request) string {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var body struct{ Code, RequestId, Message, HostId, Recommend string }
	_ = json.Unmarshal(w.Body.Bytes(), &body)
	if w.Code != http.StatusOK && (body.Code == "" || body.RequestId == "" || body.Message == "" || body.HostId == "" || body.Recommend == "") {
		return fmt.Sprintf("an incomplete error: %d %s", w.Code, w.Body)
	}
	return body.Code
}

func TestSignedRequestsCannotBeChangedOrReplayed(t *testing.T) {
	s := newServer(t, nil)
	signed := func() *http.Request {
		fresh := newServer(t, nil) // sign without using the nonce up
		r, code := sdk(t, fresh, keyID, secret, "DescribeDatabases", map[string]string{"DBInstanceId": "rm-1"})
		if code != "" {
			t.Fatal(code)
		}
		again := httptest.NewRequest(r.Method, "http://"+r.Host+r.URL.String(), nil)
		again.Header = r.Header
		return again
	}
	if code := send(s, signed()); code != "" {
		t.Fatalf("an honest copy: %s", code)
	}
	for name, change := range map[string]func(*http.Request){
		"parameter": func(r *http.Request) { r.URL.RawQuery = "DBInstanceId=rm-2" },
		"added":     func(r *http.Request) { r.URL.RawQuery += "&PageSize=50" },
		"action":    func(r *http.Request) { r.Header.Set("x-acs-action", "TerminateMigrateTask") },
		"host":      func(r *http.Request) { r.Host = "elsewhere.example" },
		"method":    func(r *http.Request) { r.Method = http.MethodGet },
		"header":    func(r *http.Request) { r.Header.Set("x-acs-extra", "1") },
		"body": func(r *http.Request) {
			b := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader("DBName=x"))
			r.Body, r.ContentLength = b.Body, b.ContentLength
		},
		"body and hash": func(r *http.Request) {
			b := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader("DBName=x"))
			r.Body = b.Body
			r.Header.Set("x-acs-content-sha256", fmt.Sprintf("%x", sha256.Sum256([]byte("DBName=x"))))
		},
		"fewer headers": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "x-acs-action;", "", 1))
		},
	} {
		r := signed()
		change(r)
		if code := send(s, r); code != "IncompleteSignature" {
			t.Errorf("%s changed: %q", name, code)
		}
	}
	r := signed()
	if code := send(s, r.Clone(t.Context())); code != "" {
		t.Fatal(code)
	}
	if code := send(s, r); code != "SignatureNonceUsed" {
		t.Errorf("a replay: %q", code)
	}
	r = signed()
	r.Header.Del("Authorization")
	if code := send(s, r); code != "MissingAccessKeyId" {
		t.Errorf("unsigned: %q", code)
	}
	r = signed()
	r.Header.Set("x-acs-date", "yesterday")
	if code := send(s, r); code != "InvalidTimeStamp.Format" {
		t.Errorf("a strange date: %q", code)
	}
	r = signed()
	r.Header.Set("x-acs-date", time.Now().UTC().Add(-16*time.Minute).Format("2006-01-02T15:04:05Z"))
	if code := send(s, r); code != "InvalidTimeStamp.Expired" {
		t.Errorf("an old date: %q", code)
	}
}

func TestLegacySignature(t *testing.T) {
	s := newServer(t, nil)
	sign := func(at time.Time, nonce, secret string) url.Values {
		v := url.Values{"Action": {"DescribeDatabases"}, "Version": {"2014-08-15"}, "Format": {"JSON"}, "DBInstanceId": {"rm-1"}, "DBName": {"a b+*~ü"},
			"AccessKeyId": {keyID}, "SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {nonce}, "Timestamp": {at.UTC().Format("2006-01-02T15:04:05Z")}}
		// As the public page on RPC signatures writes it.
		encoded := strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(v.Encode())
		toSign := "POST&%2F&" + strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(encoded))
		mac := hmac.New(sha1.New, []byte(secret+"&"))
		mac.Write([]byte(toSign))
		v.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		return v
	}
	post := func(v url.Values, inBody bool) string {
		r := httptest.NewRequest(http.MethodPost, "/?"+v.Encode(), nil)
		if inBody {
			r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(v.Encode()))
		}
		return send(s, r)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		v      url.Values
		inBody bool
		code   string
	}{
		"query":  {sign(now, "n1", secret), false, ""},
		"form":   {sign(now, "n2", secret), true, ""},
		"secret": {sign(now, "n3", "wrong"), false, "IncompleteSignature"},
		"clock":  {sign(now.Add(-20*time.Minute), "n4", secret), false, "InvalidTimeStamp.Expired"},
	} {
		if code := post(c.v, c.inBody); code != c.code {
			t.Errorf("%s: got %q, want %q", name, code, c.code)
		}
	}
	v := sign(now, "n5", secret)
	post(v, false)
	if code := post(v, false); code != "SignatureNonceUsed" {
		t.Errorf("a replay: %q", code)
	}
}
