package aliyunemu

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
)

// Server is the emulated API. Make it with New, serve it on loopback, Close it.
type Server struct {
	config      Config
	controlPort *control.Port
	handler     http.Handler
	objects     Objects

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	st      *state
	roles   map[string]*Credential // by account
	gate    *acs.Gate
	hangAll bool
	wake    chan struct{} // closed and replaced when a hang ends
	saveErr error
	began   time.Time // this life
}

// New makes the cloud of c, as Config.File left it if there is one, and goes
// on with the tasks that were under way.
func New(c Config) (*Server, error) {
	if c.Step <= 0 {
		c.Step = 300 * time.Millisecond
	}
	if c.CheckStep <= 0 {
		c.CheckStep = c.Step
	}
	st, err := load(c)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, controlPort: control.New(), objects: c.Objects, st: st, roles: map[string]*Credential{}, wake: make(chan struct{}), began: time.Now()}
	s.gate = acs.NewGate(s.key)
	for _, a := range c.Accounts {
		s.roles[a.ID] = a.ImportRole
	}
	if s.objects == nil {
		s.objects = newOSSObjects(c)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.controlPort.Refuse = func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
		acs.WriteRefusal(w, r, &refusal{Status: status, Code: code, Message: message})
	}
	s.handler = s.controlPort.Wrap(operation, http.HandlerFunc(s.serve))
	s.controls()
	s.backupControls()
	s.st.remember(s.now())
	s.resume()
	return s, nil
}

// ServeHTTP answers the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Control is the control door; serve it on a listener of its own.
func (s *Server) Control() http.Handler { return s.controlPort.Control() }

// ControlPort is the control door for callers in the same process.
func (s *Server) ControlPort() *control.Port { return s.controlPort }

// Close stops the tasks where they are and waits for them. With a File they
// go on with the next New. It returns the last error of writing that file.
func (s *Server) Close() error {
	s.mu.Lock() // no task begins any more
	s.stop()
	s.mu.Unlock()
	s.controlPort.Release("")
	s.work.Wait()
	if o, ok := s.objects.(*ossObjects); ok {
		o.http.CloseIdleConnections()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saveErr
}

// refusal is an error answer of the API.
type refusal = acs.Refusal

func refuse(status int, code, format string, args ...any) *refusal {
	return acs.Refuse(status, code, format, args...)
}

// key finds an access key and whose it is.
func (s *Server) key(id string) (account string, key Key, known bool) {
	for _, a := range s.config.Accounts {
		for _, k := range a.Keys {
			if k.ID == id {
				return a.ID, k, true
			}
		}
	}
	return "", Key{}, false
}

// operation is the action's name: in a header today, in the parameters before.
func operation(r *http.Request) string {
	if a := r.Header.Get("x-acs-action"); a != "" {
		return a
	}
	if strings.HasPrefix(r.URL.Path, downloads) {
		return "Download"
	}
	return r.URL.Query().Get("Action")
}

// change runs f with the state locked and saves what it left.
func (s *Server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.st.remember(s.now())
	s.st.trim(time.Now())
	s.saveErr = s.st.save(s.config.File)
}

// request is one authenticated call.
type request struct {
	*http.Request
	server *Server
	caller *acs.Caller
	params url.Values
	now    time.Time
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, downloads) {
		s.download(w, r)
		return
	}
	now := time.Now().UTC()
	if skew, ok := control.Effect(r.Context(), "clock_skew"); ok {
		if d, err := time.ParseDuration(skew); err == nil {
			now = now.Add(d)
			w.Header().Set("Date", now.Format(http.TimeFormat))
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		acs.WriteRefusal(w, r, refuse(http.StatusBadRequest, "InvalidRequest", "The request body cannot be read."))
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	form := url.Values{}
	if err == nil && len(body) > 0 {
		form, err = url.ParseQuery(string(body))
	}
	if err != nil {
		acs.WriteRefusal(w, r, refuse(http.StatusBadRequest, "InvalidParameter", "The parameters cannot be read."))
		return
	}
	who, refused := s.gate.Authenticate(r, body, query, form, now)
	if refused != nil {
		acs.WriteRefusal(w, r, refused)
		return
	}
	params := url.Values{}
	for _, values := range []url.Values{query, form} {
		for name, v := range values {
			params[name] = v
		}
	}
	answer, refused := (&request{Request: r, server: s, caller: who, params: params, now: now}).dispatch()
	if refused != nil {
		acs.WriteRefusal(w, r, refused)
		return
	}
	if _, have := answer["RequestId"]; !have {
		answer["RequestId"] = acs.RequestID()
	}
	acs.WriteJSON(w, http.StatusOK, answer)
}

type answer = map[string]any

func (q *request) dispatch() (answer, *refusal) {
	action, version := operation(q.Request), q.Header.Get("x-acs-version")
	if action == "" {
		action = q.params.Get("Action")
	}
	if version == "" {
		version = q.params.Get("Version")
	}
	if version != "2014-08-15" {
		return nil, refuse(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
	}
	actions := map[string]func() (answer, *refusal){
		"DescribeDBInstances":         q.describeDBInstances,
		"DescribeDBInstanceAttribute": q.describeDBInstanceAttribute,
		"DescribeDatabases":           q.describeDatabases,
		"CreateMigrateTask":           q.createMigrateTask,
		"CreateOnlineDatabaseTask":    q.createOnlineDatabaseTask,
		"DescribeMigrateTasks":        q.describeMigrateTasks,
		"DescribeMigrateTaskById":     q.describeMigrateTaskByID,
		"DescribeOssDownloads":        q.describeOssDownloads,
		"TerminateMigrateTask":        q.terminateMigrateTask,

		"DescribeBackupPolicy":              q.describeBackupPolicy,
		"ModifyBackupPolicy":                q.modifyBackupPolicy,
		"CreateBackup":                      q.createBackup,
		"DescribeBackupTasks":               q.describeBackupTasks,
		"DescribeBackups":                   q.describeBackups,
		"DescribeBackupDatabase":            q.describeBackupDatabase,
		"DescribeLogBackupFiles":            q.describeLogBackupFiles,
		"ModifyBackupSetExpireTime":         q.modifyBackupSetExpireTime,
		"DeleteBackup":                      q.deleteBackup,
		"DescribeInstanceCrossBackupPolicy": q.describeInstanceCrossBackupPolicy,
		"DescribeCrossRegionBackups":        q.describeCrossRegionBackups,
		"CopyDatabaseBetweenInstances":      q.copyDatabaseBetweenInstances,
	}
	do := actions[action]
	if do == nil {
		return nil, refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
	}
	if slices.Contains(q.caller.Key.Denied, action) || slices.Contains(q.caller.Key.Denied, "*") {
		denied := refuse(http.StatusForbidden, "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM.")
		denied.Action = "rds:" + action
		return nil, denied
	}
	q.server.catchUp()
	return do()
}

// need returns a required parameter.
func (q *request) need(name string) (string, *refusal) {
	if v := q.params.Get(name); v != "" {
		return v, nil
	}
	return "", refuse(http.StatusBadRequest, "Missing"+name, "%s is mandatory for this action.", name)
}

// page reads PageNumber and PageSize.
func (q *request) page(allowed func(int) bool) (number, size int, refused *refusal) {
	number, size = 1, 30
	if v := q.params.Get("PageNumber"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return 0, 0, refuse(http.StatusBadRequest, "InvalidPageNumbers.Malformed", "The specified parameter PageNumber is not valid.")
		}
		number = n
	}
	if v := q.params.Get("PageSize"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || !allowed(n) {
			return 0, 0, refuse(http.StatusForbidden, "InvalidMaxRecordsPerPage.Malformed", "The specified parameter PageSize is not valid.")
		}
		size = n
	}
	return number, size, nil
}

// cut returns one page of rows.
func cut[T any](rows []T, number, size int) []T {
	from := min((number-1)*size, len(rows))
	if from < 0 {
		from = len(rows)
	}
	return rows[from:min(from+size, len(rows))]
}

// instance finds an instance of the caller's account. The state is locked.
func (q *request) instance() (*Instance, *refusal) {
	id, refused := q.need("DBInstanceId")
	if refused != nil {
		return nil, refused
	}
	control.Detail(q.Context(), id)
	in := q.server.st.Instances[id]
	if in == nil || in.Account != q.caller.Account {
		return nil, refuse(http.StatusNotFound, "InvalidDBInstanceId.NotFound", "The specified DB instance does not exist.")
	}
	return in, nil
}
