package oss

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

// Account is who may call.
type Account struct {
	KeyID  string
	Secret string
	Owner  string // account id that owns buckets
	// SecurityToken makes the key a temporary one; requests must carry it.
	SecurityToken string
	Expires       time.Time // of the temporary key; zero = never
}

// Bucket is a bucket as it was made.
type Bucket struct {
	Name         string    `json:"name"`
	Region       string    `json:"region"`        // such as cn-hangzhou; empty = the server's region
	StorageClass string    `json:"storage_class"` // empty = Standard
	Encryption   string    `json:"encryption"`    // KMS, AES256, SM4; empty = off
	Owner        string    `json:"owner"`         // empty = the first account's owner
	Extranet     string    `json:"extranet"`      // endpoint hosts as GetBucketInfo tells them;
	Intranet     string    `json:"intranet"`      // empty = oss-<region>[-internal].aliyuncs.com
	Created      time.Time `json:"created"`
}

// Config is what a Server starts with.
type Config struct {
	Dir      string // where objects and the index are kept
	Region   string // of the default endpoint; empty = cn-hangzhou
	Accounts []Account
	Buckets  []Bucket // made when missing
}

// Server is the emulated service. Make it with New; it is itself the handler
// of the endpoint of Config.Region.
type Server struct {
	region      string
	accounts    map[string]Account
	store       *shelf.Store[Bucket]
	controlPort *control.Port
	skew        atomic.Int64 // seconds the service's clock is ahead
}

// New opens the folder and makes the preset buckets.
func New(cfg Config) (*Server, error) {
	if len(cfg.Accounts) == 0 {
		return nil, errors.New("an OSS emulator needs an account")
	}
	st, err := shelf.Open[Bucket](cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open emulator folder: %w", err)
	}
	s := &Server{region: or(cfg.Region, "cn-hangzhou"), accounts: map[string]Account{}, store: st, controlPort: control.New()}
	for _, a := range cfg.Accounts {
		s.accounts[a.KeyID] = a
	}
	for _, b := range cfg.Buckets {
		if st.Bucket(b.Name) == nil {
			if err := s.SetBucket(s.complete(b, cfg.Accounts[0].Owner)); err != nil {
				return nil, err
			}
		}
	}
	s.controlPort.Refuse = func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
		begin(w, 0)
		refuse(w, r, &apiError{status: status, code: or(code, "InternalError"), message: or(message, "We encountered an internal error. Please try again.")})
	}
	s.controlPort.OnReset = func() { s.skew.Store(0) }
	s.controls(cfg.Accounts[0].Owner)
	return s, nil
}

// complete fills what a bucket's maker left out.
func (s *Server) complete(b Bucket, owner string) Bucket {
	b.Region = or(b.Region, s.region)
	b.StorageClass = or(b.StorageClass, "Standard")
	b.Owner = or(b.Owner, owner)
	b.Extranet = or(b.Extranet, "oss-"+b.Region+".aliyuncs.com")
	b.Intranet = or(b.Intranet, "oss-"+b.Region+"-internal.aliyuncs.com")
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
func (s *Server) ControlPort() *control.Port { return s.controlPort }

// SetSkew puts the service's clock ahead (or, negative, behind).
func (s *Server) SetSkew(d time.Duration) { s.skew.Store(int64(d / time.Second)) }

// Close ends the journal. Requests must have ended before.
func (s *Server) Close() error { return s.store.Close() }

func (s *Server) controls(owner string) {
	s.controlPort.HandleFunc("POST /buckets", func(w http.ResponseWriter, r *http.Request) {
		var b Bucket
		if !control.ReadJSON(w, r, &b) {
			return
		}
		if !validBucketName(b.Name) {
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
	s.controlPort.HandleFunc("DELETE /buckets/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.DropBucket(r.PathValue("name")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		control.WriteJSON(w, struct{}{})
	})
	s.controlPort.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
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
	return s.controlPort.Wrap(Operation, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, region)
	}))
}

// call is one request understood.
type call struct {
	server  *Server
	w       http.ResponseWriter
	r       *http.Request
	query   url.Values
	bucket  string
	key     string
	account Account
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, region string) {
	begin(w, s.now(r).Unix())
	bucket, key, err := split(r)
	if err != nil {
		refuse(w, r, &apiError{status: 400, code: "InvalidURI", message: "Couldn't parse the specified URI."})
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, r, invalidArgument("The query string is not valid."))
		return
	}
	c := &call{server: s, w: w, r: r, query: query, bucket: bucket, key: key}
	var fail *apiError
	if c.account, fail = s.authenticate(r, bucket, key, query, region); fail == nil {
		fail = c.dispatch(region)
	}
	if fail != nil {
		refuse(w, r, fail)
	}
}

// begin writes what every answer has.
func begin(w http.ResponseWriter, unix int64) {
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	w.Header().Set("Server", "AliyunOSS")
	w.Header().Set("x-oss-request-id", strings.ToUpper(hex.EncodeToString(id)))
	if unix != 0 {
		w.Header().Set("Date", time.Unix(unix, 0).UTC().Format(http.TimeFormat))
	}
}

// split takes the bucket and the key out of the escaped path, decoding once:
// a slash inside a key may arrive as %2F.
func split(r *http.Request) (bucket, key string, err error) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	rawBucket, rawKey, _ := strings.Cut(path, "/")
	if bucket, err = url.PathUnescape(rawBucket); err != nil {
		return "", "", err
	}
	key, err = url.PathUnescape(rawKey)
	return bucket, key, err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Running is a Server on its own listeners.
type Running struct {
	*Server
	URL        string // of the wire, http://127.0.0.1:port
	ControlURL string
	servers    []*http.Server
}

// Start serves cfg on two loopback addresses, such as 127.0.0.1:0; empty
// addresses choose a free port.
func Start(cfg Config, listen, controlURL string) (*Running, error) {
	s, err := New(cfg)
	if err != nil {
		return nil, err
	}
	run := &Running{Server: s}
	if run.URL, err = run.listen(listen, s, s.controlPort.ConnState); err == nil {
		run.ControlURL, err = run.listen(controlURL, s.controlPort.Control(), nil)
	}
	if err != nil {
		run.Close()
		return nil, err
	}
	return run, nil
}

func (run *Running) listen(addr string, h http.Handler, watch func(net.Conn, http.ConnState)) (string, error) {
	l, err := net.Listen("tcp", or(addr, "127.0.0.1:0"))
	if err != nil {
		return "", err
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		l.Close()
		return "", fmt.Errorf("%s is not a loopback address", l.Addr())
	}
	hs := &http.Server{Handler: h, ConnState: watch, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	run.servers = append(run.servers, hs)
	go func() { _ = hs.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// Close releases what is held, stops serving and ends the journal.
func (run *Running) Close() error {
	run.controlPort.Reset()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, hs := range run.servers {
		if hs.Shutdown(ctx) != nil {
			hs.Close()
		}
	}
	return run.Server.Close()
}
