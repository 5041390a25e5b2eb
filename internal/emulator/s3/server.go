package s3

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

// Account is who may call: an access key of a user.
type Account struct {
	KeyID  string
	Secret string
	Owner  string // number of the account, twelve digits
	User   string // its name, for the words of refusals; empty = dashboard
	// Token makes the key a temporary one; requests must carry it.
	Token   string
	Expires time.Time // of the temporary key; zero = never
	// Allow are the actions of its policy, such as s3:GetObject; nil = all.
	Allow []string
}

// Bucket is a bucket as it was made.
type Bucket struct {
	Name       string    `json:"name"`
	Region     string    `json:"region"`      // empty = the server's region
	Owner      string    `json:"owner"`       // empty = the first account's
	Encryption string    `json:"encryption"`  // AES256 or aws:kms; empty = AES256, as all buckets have it
	ObjectLock int       `json:"object_lock"` // days of its default retention; 0 = no lock
	Deny       []string  `json:"deny"`        // actions that its own policy denies everybody
	Policy     string    `json:"policy"`      // the document as GetBucketPolicy answers it; only Deny above is carried out
	Expires    int       `json:"expires"`     // days after which a rule of its life cycle deletes; shown, not carried out
	Points     []string  `json:"points"`      // names of access points to it
	Created    time.Time `json:"created"`
}

// Config is what a Server starts with.
type Config struct {
	Dir      string // where objects and the index are kept
	Region   string // of the default endpoint; empty = us-east-1
	Accounts []Account
	Buckets  []Bucket // made when missing
	TLS      bool     // serve HTTPS, with the certificate of Running.CA
}

// Server is the emulated service. Make it with New; it is itself the handler
// of the endpoint of Config.Region.
type Server struct {
	region   string
	accounts map[string]Account
	store    *shelf.Store[Bucket]
	port     *control.Port
	skew     atomic.Int64 // seconds the service's clock is ahead
}

var bucketShape = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// New opens the folder and makes the preset buckets.
func New(cfg Config) (*Server, error) {
	if len(cfg.Accounts) == 0 {
		return nil, errors.New("an S3 emulator needs an account")
	}
	st, err := shelf.Open[Bucket](cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open emulator folder: %w", err)
	}
	s := &Server{region: or(cfg.Region, "us-east-1"), accounts: map[string]Account{}, store: st, port: control.New()}
	for _, a := range cfg.Accounts {
		s.accounts[a.KeyID] = a
	}
	owner := cfg.Accounts[0].Owner
	for _, b := range cfg.Buckets {
		if st.Bucket(b.Name) == nil {
			if err := s.SetBucket(s.complete(b, owner)); err != nil {
				return nil, err
			}
		}
	}
	s.port.Refuse = func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
		s.begin(w, r)
		if code == "SlowDown" && message == "" {
			message = "Please reduce your request rate."
		}
		refuse(w, r, refusal(status, or(code, "InternalError"), or(message, "We encountered an internal error. Please try again.")))
	}
	s.port.OnReset = func() { s.skew.Store(0) }
	s.controls(owner)
	return s, nil
}

// complete fills what a bucket's maker left out.
func (s *Server) complete(b Bucket, owner string) Bucket {
	b.Region, b.Owner, b.Encryption = or(b.Region, s.region), or(b.Owner, owner), or(b.Encryption, "AES256")
	if b.Created.IsZero() {
		b.Created = s.now(nil)
	}
	return b
}

// SetBucket makes a bucket or changes one that exists; its objects stay.
func (s *Server) SetBucket(b Bucket) error {
	return s.store.Do(shelf.Record[Bucket]{Op: shelf.OpBucket, Bucket: b.Name, Settings: &b})
}

// DropBucket removes a bucket and everything in it.
func (s *Server) DropBucket(name string) error {
	return s.store.Do(shelf.Record[Bucket]{Op: shelf.OpDrop, Bucket: name})
}

// ControlPort is the control door: rules, holds and counts.
func (s *Server) ControlPort() *control.Port { return s.port }

// SetSkew puts the service's clock ahead (or, negative, behind).
func (s *Server) SetSkew(d time.Duration) { s.skew.Store(int64(d / time.Second)) }

// Close ends the journal. Requests must have ended before.
func (s *Server) Close() error { return s.store.Close() }

func (s *Server) controls(owner string) {
	s.port.HandleFunc("POST /buckets", func(w http.ResponseWriter, r *http.Request) {
		var b Bucket
		if !control.ReadJSON(w, r, &b) {
			return
		}
		if !bucketShape.MatchString(b.Name) {
			http.Error(w, "not a bucket name", http.StatusBadRequest)
			return
		}
		b = s.complete(b, owner)
		if err := s.SetBucket(b); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		control.WriteJSON(w, b)
	})
	s.port.HandleFunc("DELETE /buckets/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.DropBucket(r.PathValue("name")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		control.WriteJSON(w, struct{}{})
	})
	s.port.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			SkewSeconds int64 `json:"skew_seconds"`
		}
		if !control.ReadJSON(w, r, &in) {
			return
		}
		s.SetSkew(time.Duration(in.SkewSeconds) * time.Second)
		control.WriteJSON(w, in)
	})
}

// now is the service's clock; r may carry a rule of its own.
func (s *Server) now(r *http.Request) time.Time {
	skew := s.skew.Load()
	if r != nil {
		if v, ok := control.Effect(r.Context(), "clock_skew"); ok {
			skew, _ = strconv.ParseInt(v, 10, 64)
		}
	}
	return time.Now().UTC().Add(time.Duration(skew) * time.Second)
}

// ServeHTTP is the endpoint of the server's own region, behind the door.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Endpoint(s.region).ServeHTTP(w, r)
}

// Endpoint is the service of one region, behind the door.
func (s *Server) Endpoint(region string) http.Handler {
	return s.port.Wrap(s.operation, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, region) }))
}

// call is one request understood.
type call struct {
	server  *Server
	w       http.ResponseWriter
	r       *http.Request
	query   url.Values
	op      string
	bucket  string // its name
	point   string // the access point it was named by, empty without
	key     string
	account Account
	seal    *seal
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, region string) {
	s.begin(w, r)
	c, err := s.understand(r)
	if err != nil {
		refuse(w, r, refusal(400, "InvalidURI", "Couldn't parse the specified URI."))
		return
	}
	c.w = w
	var fail *apiError
	if c.account, c.seal, fail = s.authenticate(r, c.query, region); fail == nil {
		fail = c.dispatch(region)
	}
	if fail != nil {
		// A client that is still sending when the connection is closed under it
		// loses the answer. The service closes, too, but only a slow client loses
		// there what it was told; here every client of a busy machine is slow.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, mostDrained))
		refuse(w, r, fail)
	}
}

// mostDrained is how much of a refused request's body is read before the answer.
const mostDrained = 64 << 20

// begin writes what every answer has.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) {
	id := make([]byte, 48)
	_, _ = rand.Read(id)
	w.Header().Set("Server", "AmazonS3")
	w.Header().Set("x-amz-request-id", strings.ToUpper(hex.EncodeToString(id[:8])))
	w.Header().Set("x-amz-id-2", base64.StdEncoding.EncodeToString(id))
	w.Header().Set("Date", s.now(r).Format(http.TimeFormat))
}

var pointHost = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*)-([0-9]{12})$`)

// understand takes bucket and key out of host and path, decoding once: a slash
// inside a key may arrive as %2F.
func (s *Server) understand(r *http.Request) (*call, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	c := &call{server: s, r: r, query: query}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if name, ok := before(host, ".localhost", ".127.0.0.1"); ok {
		c.bucket = name
		if hit := pointHost.FindStringSubmatch(name); hit != nil {
			if b, ok := s.pointed(hit[1], hit[2]); ok {
				c.bucket, c.point = b, hit[1]
			}
		}
	} else {
		c.bucket, path, _ = strings.Cut(path, "/")
		if c.bucket, err = url.PathUnescape(c.bucket); err != nil {
			return nil, err
		}
	}
	c.key, err = url.PathUnescape(path)
	c.op = operationOf(r.Method, c.bucket, c.key, query)
	return c, err
}

func before(host string, suffixes ...string) (string, bool) {
	for _, s := range suffixes {
		if name, ok := strings.CutSuffix(host, s); ok && name != "" {
			return name, true
		}
	}
	return "", false
}

// pointed finds the bucket behind an access point.
func (s *Server) pointed(name, owner string) (string, bool) {
	for _, b := range s.store.Buckets() {
		for _, p := range b.Points {
			if p == name && b.Owner == owner {
				return b.Name, true
			}
		}
	}
	return "", false
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
