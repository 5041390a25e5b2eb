package smcemu

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
)

// Server is the emulated service. Make it with New, serve it on loopback, Close it.
type Server struct {
	config      Config
	controlPort *control.Port
	handler     http.Handler
	gate        *acs.Gate

	mu      sync.Mutex
	st      *state
	pace    float64
	saveErr error
}

// New makes the service of c, as Config.File left it if there is one.
func New(c Config) (*Server, error) {
	st, err := load(c)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, controlPort: control.New(), st: st, pace: c.Pace}
	if s.pace <= 0 {
		s.pace = 1
	}
	s.gate = acs.NewGate(func(id string) (string, acs.Key, bool) {
		for _, a := range c.Accounts {
			for _, k := range a.Keys {
				if k.ID == id {
					return a.ID, k, true
				}
			}
		}
		return "", acs.Key{}, false
	})
	s.controlPort.Refuse = func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
		acs.WriteRefusal(w, r, &acs.Refusal{Status: status, Code: code, Message: message})
	}
	s.handler = s.controlPort.Wrap(func(r *http.Request) string { return r.Header.Get("x-acs-action") }, http.HandlerFunc(s.serve))
	s.controls()
	return s, nil
}

// ServeHTTP answers the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Control is the control door; serve it on a listener of its own.
func (s *Server) Control() http.Handler { return s.controlPort.Control() }

// ControlPort is the control door for callers in the same process.
func (s *Server) ControlPort() *control.Port { return s.controlPort }

// Close releases held requests. It returns the last error of writing the file.
func (s *Server) Close() error {
	s.controlPort.Release("")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saveErr
}

// change lets everything happen that is due, runs f, and saves what is left.
func (s *Server) change(f func(now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	moved := s.catchUp(now)
	if f != nil {
		f(now)
	}
	if moved || f != nil {
		s.saveErr = s.st.save(s.config.File)
	}
}

type (
	answer  = map[string]any
	refusal = acs.Refusal
)

// request is one authenticated call. The state is locked while it is answered.
type request struct {
	*http.Request
	server *Server
	st     *state
	caller *acs.Caller
	params url.Values
	now    time.Time // by the clock that jobs go by
	wrote  bool
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		acs.WriteRefusal(w, r, acs.Refuse(http.StatusBadRequest, "InvalidRequest", "The request body cannot be read."))
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	form := url.Values{}
	if err == nil && len(body) > 0 {
		form, err = url.ParseQuery(string(body))
	}
	if err != nil {
		acs.WriteRefusal(w, r, acs.Refuse(http.StatusBadRequest, "InvalidParameter", "The parameters cannot be read."))
		return
	}
	who, refused := s.gate.Authenticate(r, body, query, form, time.Now().UTC())
	if refused != nil {
		acs.WriteRefusal(w, r, refused)
		return
	}
	q := &request{Request: r, server: s, caller: who, params: query}
	for name, v := range form {
		q.params[name] = v
	}
	out, refused := q.dispatch()
	if refused != nil {
		acs.WriteRefusal(w, r, refused)
		return
	}
	if out == nil {
		out = answer{}
	}
	out["RequestId"] = acs.RequestID()
	acs.WriteJSON(w, http.StatusOK, out)
}

// operations are the calls there are, by the version of their API and their name.
var operations = map[string]map[string]struct {
	product string
	do      func(*request) (answer, *refusal)
}{
	"2019-06-01": {
		"CreateReplicationJob":          {"smc", (*request).createReplicationJob},
		"StartReplicationJob":           {"smc", (*request).startReplicationJob},
		"StopReplicationJob":            {"smc", (*request).stopReplicationJob},
		"DeleteReplicationJob":          {"smc", (*request).deleteReplicationJob},
		"DescribeReplicationJobs":       {"smc", (*request).describeReplicationJobs},
		"ModifyReplicationJobAttribute": {"smc", (*request).modifyReplicationJob},
		"CutOverReplicationJob":         {"smc", (*request).cutOverReplicationJob},
		"DescribeSourceServers":         {"smc", (*request).describeSourceServers},
		"ModifySourceServerAttribute":   {"smc", (*request).modifySourceServer},
		"DeleteSourceServer":            {"smc", (*request).deleteSourceServer},
		"CreateAccessToken":             {"smc", (*request).createAccessToken},
		"ListAccessTokens":              {"smc", (*request).listAccessTokens},
		"DisableAccessToken":            {"smc", (*request).disableAccessToken},
		"DeleteAccessToken":             {"smc", (*request).deleteAccessToken},
		"StartExecution":                {"oos", (*request).startExecution},
		"ListExecutions":                {"oos", (*request).listExecutions},
	},
	"2014-05-26": {
		"RunInstances":      {"ecs", (*request).runInstances},
		"DescribeInstances": {"ecs", (*request).describeInstances},
		"DeleteInstance":    {"ecs", (*request).deleteInstance},
		"DescribeImages":    {"ecs", (*request).describeImages},
	},
}

func (q *request) dispatch() (out answer, refused *refusal) {
	action, version := q.Header.Get("x-acs-action"), q.Header.Get("x-acs-version")
	if action == "" {
		action, version = q.params.Get("Action"), q.params.Get("Version")
	}
	of, known := operations[version]
	if !known {
		return nil, acs.Refuse(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
	}
	op, known := of[action]
	if !known {
		return nil, acs.Refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
	}
	if denied := q.caller.Key.Denied; slices.Contains(denied, action) || slices.Contains(denied, "*") {
		// The pages of SMC name this code; other products answer Forbidden.RAM.
		no := acs.Refuse(http.StatusForbidden, "Forbidden.Unauthorized", "A required authorization for the specified action is not supplied.")
		if op.product != "smc" {
			no = acs.Refuse(http.StatusForbidden, "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM.")
		}
		no.Action = op.product + ":" + action
		return nil, no
	}
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	q.st, q.now = q.server.st, q.server.now()
	moved := q.server.catchUp(q.now)
	out, refused = op.do(q)
	if moved || q.wrote {
		q.server.saveErr = q.st.save(q.server.config.File)
	}
	return out, refused
}
