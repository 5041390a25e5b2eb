package rdsapi

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// User is who may call.
type User struct {
	KeyID, Secret string
	Name          string   // in the words of refusals
	Allow         []string // actions, such as rds:DescribeDBInstances; nil = all
}

// Instance is an instance as DescribeDBInstances tells it.
type Instance struct {
	ID, Engine, EngineVersion, Class, Status, Master string
	Host                                             string // empty: it is being made
	Port                                             int
	StorageGB                                        int
	MultiAZ                                          bool
	Key                                              string // ARN of the storage's key; empty = not encrypted
	BackupDays                                       int    // 0 = no automated backups
	BackupWindow                                     string // UTC
	Group                                            string
	GroupStatus                                      string    // in-sync, applying, pending-apply …
	Resource                                         string    // DbiResourceId, another for each instance of one name
	Since                                            time.Time // where its automated backups begin; zero = they are being made
}

// Snapshot is a snapshot of an instance as DescribeDBSnapshots tells it.
type Snapshot struct {
	ID, Instance string
	Kind         string    // manual, automated, awsbackup
	Status       string    // available, creating, copying …
	Created      time.Time // zero: it is being made
	StorageGB    int
	Key          string
}

// Retained are automated backups that stayed when their instance was deleted.
type Retained struct {
	Instance, Resource string
	From, To           time.Time
}

// Group is an option group; Role is that of SQLSERVER_BACKUP_RESTORE.
type Group struct {
	Name   string
	Backup bool
	Role   string
}

// Config is what a Server starts with.
type Config struct {
	Region, Owner string
	Users         []User
	Instances     []Instance
	Groups        []Group
	Snapshots     []Snapshot
	Retained      []Retained
}

// Server is the emulated API. Make it with New.
type Server struct {
	cfg  Config
	port *control.Port
	mu   sync.Mutex // guards cfg
}

// New makes the API of one region and account.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, port: control.New()}
	s.port.Refuse = func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
		refuse(w, status, code, message)
	}
	return s
}

// ControlPort is the control door.
func (s *Server) ControlPort() *control.Port { return s.port }

// Change lets a test change what the account holds.
func (s *Server) Change(change func(*Config)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.cfg)
}

// Handler is the endpoint, behind the control port.
func (s *Server) Handler() http.Handler {
	return s.port.Wrap(func(*http.Request) string { return "rds" }, http.HandlerFunc(s.serve))
}

const most = 1 << 16 // bytes of a request

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return
	}
	s.mu.Lock()
	cfg := s.cfg
	s.mu.Unlock()
	user, status, code, message := authenticate(r, body, cfg)
	if code != "" {
		refuse(w, status, code, message)
		return
	}
	q, err := url.ParseQuery(string(body))
	if err != nil || r.Method != http.MethodPost {
		refuse(w, http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error.")
		return
	}
	action := q.Get("Action")
	control.Detail(r.Context(), action)
	if q.Get("Version") != "2014-10-31" {
		refuse(w, http.StatusBadRequest, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", action, q.Get("Version")))
		return
	}
	if user.Allow != nil && !slices.Contains(user.Allow, "rds:"+action) {
		refuse(w, http.StatusForbidden, "AccessDenied", fmt.Sprintf("User: arn:aws:iam::%s:user/%s is not authorized to perform: rds:%s on resource: arn:aws:rds:%s:%s:* because no identity-based policy allows the rds:%s action", cfg.Owner, user.Name, action, cfg.Region, cfg.Owner, action))
		return
	}
	switch action {
	case "DescribeDBInstances":
		instances(w, q, cfg)
	case "DescribeDBInstanceAutomatedBackups":
		automated(w, q, cfg)
	case "DescribeDBSnapshots":
		snapshots(w, q, cfg)
	case "DescribeOptionGroups":
		groups(w, q, cfg)
	default:
		refuse(w, http.StatusBadRequest, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", action, q.Get("Version")))
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	write(w, status, struct {
		XMLName xml.Name `xml:"http://rds.amazonaws.com/doc/2014-10-31/ ErrorResponse"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
		Request string   `xml:"RequestId"`
	}{Type: "Sender", Code: code, Message: message, Request: "00000000-0000-0000-0000-000000000001"})
}

func write(w http.ResponseWriter, status int, v any) {
	b, err := xml.Marshal(v)
	if err != nil {
		panic(err) // a struct of ours
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
