package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// house is the server over a real database, real adapters and an emulated
// cloud, with the engine at work, as people meet it.
type house struct {
	*httptest.Server
	db       *db.DB
	notifier *run.Notifier
	ports    *ports
	files    string  // folder with backup files
	source   *source // the SQL Server at work, when there is one
	rds      *aliyunemu.Running
	oss      *ossemu.Running
}

const (
	adminName     = "dba@example.org"
	adminPassword = "correct horse battery"
)

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseWith(t, 2, migration.Rules{}, migration.Caps{})
}

// newHouseWith is a house whose engine works on so many runs at once and keeps
// to these bounds.
func newHouseWith(t *testing.T, parallel int, rules migration.Rules, caps migration.Caps) *house {
	t.Helper()
	rules.Poll, rules.Settle = 20*time.Millisecond, time.Second
	keys, err := secret.OpenKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{notifier: run.NewNotifier(), files: t.TempDir()}
	if h.db, err = db.Open(t.Context(), t.TempDir(), keys, h.notifier, app.Specs()); err != nil {
		t.Fatal(err)
	}
	ports := &ports{Opener: app.Ports(h.db, t.TempDir())}
	h.ports = ports
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	copier := h.copier(newID)
	collector := &scan.Collector{Ports: ports, Endpoints: h.db, Catalogue: h.db.Catalogue(), Store: h.db.Scanning(), Now: time.Now}
	handler, err := server.New(server.Config{Zone: time.FixedZone("", 8*3600), Version: "test", Caps: caps, Restores: rules.Restores}, server.Deps{
		Endpoints: h.db, Kinds: app.Specs(), Runs: h.db, Migrations: h.db.Migrations(), Survey: &migration.Survey{Ports: ports}, Ports: ports, People: h.db, Audit: h.db,
		Sessions: h.db.Sessions(), Notifier: h.notifier, Log: log, Now: time.Now, NewID: newID,
		Clouds: ports, Catalogue: h.db.Catalogue(), Policies: h.db.Policies(), Copier: copier, Scans: h.db.Scanning(),
		Pruner: &backupjob.Pruner{Kit: copier.Kit, Policies: h.db.Policies()}, Restoring: &backupjob.Restoring{Kit: copier.Kit, Restorers: ports},
		Collect: func(ctx context.Context, id string) error {
			return collector.Scan(ctx, scan.InstanceSubject(id), nil)
		},
		Collected: func(ctx context.Context, id string) (time.Time, error) {
			l, err := collector.Store.Visit(ctx, scan.InstanceSubject(id))
			return l.Good, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := &run.Engine{Store: h.db, Owner: newID(), Notifier: h.notifier, Log: log, Parallel: parallel, Lease: 30 * time.Second, MaxTries: 5, Now: time.Now,
		Workers: map[string]run.Worker{migration.RunKind: &migration.Worker{Store: h.db.Migrations(), Runs: h.db, Ports: ports, Now: time.Now, NewID: newID,
			Rules: rules, Caps: caps, Limits: &run.Limits{}, Upload: migration.UploadRules{Parallel: 2},
			SourceBackups: migration.SourceRules{Reserve: 3, Settle: time.Second, Fresh: time.Minute}}}}
	engine.Workers[backupjob.RunCopy] = copier
	engine.Workers[backupjob.RunCloudBackup] = &backupjob.CloudWorker{CloudKit: copier.CloudKit}
	engine.Workers[backupjob.RunCloudRestore] = &backupjob.CloudRestorer{CloudKit: copier.CloudKit}
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() {
		if err := engine.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	h.Server = httptest.NewUnstartedServer(handler)
	h.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	h.Start()
	t.Cleanup(func() {
		stop()
		h.Close()
		working.Wait()
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// ports reaches the places of the endpoints in the database.
type ports struct {
	*kinds.Opener
	mu     sync.Mutex
	source backup.Server
	own    map[string]*sqlserver.Server // self-managed servers, by id of their endpoint
	sent   func()                       // called after every file given to the cloud; nil = nobody counts
}

func (p *ports) set(s backup.Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.source = s
}

func (p *ports) Target(ctx context.Context, id string) (migration.Target, error) {
	if s := p.own[id]; s != nil {
		return s.Target(), nil
	}
	t, err := p.Opener.Target(ctx, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && p.sent != nil {
		return counted{t, p.sent}, nil
	}
	return t, err
}

func (p *ports) Server(ctx context.Context, id string) (backup.Server, migration.Place, error) {
	i, err := p.Endpoints.Instance(ctx, id)
	if err != nil {
		return nil, migration.Place{}, err
	}
	if s := p.own[id]; s != nil {
		return s, migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.Kind != sqlserver.InstanceKind || p.source == nil {
		return nil, migration.Place{}, fault.New(fault.Invalid, "There is no such server.", "")
	}
	return p.source, migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}, nil
}

func (p *ports) Restorer(_ context.Context, id string) (backup.Restorer, migration.Place, error) {
	s, ok := p.own[id]
	if !ok {
		return nil, migration.Place{}, fault.Newf(fault.NotFound, "%s is no self-managed server.", id)
	}
	return s, migration.Place{BucketID: id + "-folder"}, nil
}

func (p *ports) Reader(ctx context.Context, id string) (backup.Server, error) {
	s, _, err := p.Server(ctx, id)
	return s, err
}

// cloud plants the emulators and adds the places with fixed ids, with a chain
// of orders in the folder.
func (h *house) cloud(t *testing.T) {
	t.Helper()
	h.cloudWith(t, func(*aliyunemu.Config) {})
}

// cloudWith does the same with another cloud.
func (h *house) cloudWith(t *testing.T, change func(*aliyunemu.Config)) {
	t.Helper()
	store, err := ossemu.Start(ossemu.Config{Dir: t.TempDir(), Region: "cn-hangzhou",
		Accounts: []ossemu.Account{{KeyID: "key-one", Secret: "secret-one", Owner: "1001"}, {KeyID: "key-role", Secret: "secret-role", Owner: "1001"}},
		Buckets:  []ossemu.Bucket{{Name: "sql-moves", Region: "cn-hangzhou", StorageClass: "Standard", Owner: "1001"}}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h.oss = store
	config := aliyunemu.Config{
		Accounts:  []aliyunemu.Account{{ID: "1001", Keys: []aliyunemu.Key{{ID: "key-one", Secret: "secret-one"}}, ImportRole: &aliyunemu.Credential{AccessKeyID: "key-role", Secret: "secret-role"}}},
		Instances: []aliyunemu.Instance{{ID: "rm-test1hangzhou", Account: "1001", Region: "cn-hangzhou", Version: "2019_std_ha", Category: "HighAvailability", StorageGB: 100, MaxDatabases: 50}},
		Endpoints: map[string]string{"oss-cn-hangzhou.aliyuncs.com": store.URL}, Step: 10 * time.Millisecond, File: filepath.Join(t.TempDir(), "rds.json")}
	change(&config)
	rds, err := aliyunemu.Start(config, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rds.Close() })
	h.rds = rds
	if err := os.Mkdir(filepath.Join(h.files, "orders"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := mtf.Chain(filepath.Join(h.files, "orders"), mtf.Options{Database: "orders", Server: "SQL1", Started: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.files, "orders", "notes.txt"), []byte("no backup at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := func(what string) audit.Entry {
		return audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), what+".add", what+"/test", "Added.")
	}
	for _, err := range []error{
		h.db.SaveAccount(t.Context(), endpoint.Account{ID: "account", Name: "moves", AccessKeyID: "key-one", Secret: secret.NewText("secret-one"), Region: "cn-hangzhou", Address: rds.URL, OwnerID: "1001"}, e("account")),
		h.db.SaveBucket(t.Context(), endpoint.Bucket{ID: "staging", Name: "sql-moves", Kind: oss.BucketKind, AccountID: "account", Region: "cn-hangzhou", Address: store.URL, Bucket: "sql-moves"}, e("bucket")),
		h.db.SaveBucket(t.Context(), endpoint.Bucket{ID: "files", Name: "SQL backups", Kind: folder.BucketKind, Path: h.files}, e("bucket")),
		h.db.SaveInstance(t.Context(), endpoint.Instance{ID: "target", Name: "Hangzhou", Kind: aliyun.InstanceKind, AccountID: "account", Region: "cn-hangzhou", InstanceID: "rm-test1hangzhou"}, e("instance")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// admin makes an administrator without the first-start page.
func (h *house) admin(t *testing.T) person.Person {
	t.Helper()
	now := time.Now().UTC()
	p := person.Person{ID: "admin", Name: adminName, Hash: person.HashPassword(secret.NewText(adminPassword)), Created: now, Changed: now}
	if err := h.db.AddFirst(t.Context(), p, audit.New(audit.Actor{Name: adminName, Via: "command"}, now, "person.first", "person/admin", "Made.")); err != nil {
		t.Fatal(err)
	}
	return p
}

// browser is a person at a browser without scripts.
type browser struct {
	t    *testing.T
	h    *house
	http *http.Client
	page *html.Node
	code int
	at   *url.URL
}

func (h *house) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, h: h, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// signedIn is a browser whose person is signed in.
func (h *house) signedIn(t *testing.T) *browser {
	t.Helper()
	h.admin(t)
	b := h.browser(t)
	b.get("/sign-in").submit("/sign-in", "name", adminName, "password", adminPassword)
	if b.at.Path != "/" || b.code != http.StatusOK {
		t.Fatalf("signed in, and arrived at %s (%d)", b.at, b.code)
	}
	return b
}

func (b *browser) get(path string) *browser {
	b.t.Helper()
	return b.do(http.MethodGet, path, "")
}

func (b *browser) do(method, path, body string) *browser {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.h.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if b.page, err = html.Parse(resp.Body); err != nil {
		b.t.Fatal(err)
	}
	b.code, b.at = resp.StatusCode, resp.Request.URL
	return b
}

// submit fills the form that goes to an address, the way a browser would: its
// hidden fields and preset values, then the pairs given.
func (b *browser) submit(action string, pairs ...string) *browser {
	b.t.Helper()
	var form *html.Node
	each(b.page, func(n *html.Node) {
		if n.Data == "form" && attr(n, "action") == action {
			form = n
		}
	})
	if form == nil {
		b.t.Fatalf("%s has no form that goes to %s; it says %.600s", b.at, action, b.text())
	}
	values := url.Values{}
	each(form, func(n *html.Node) {
		switch {
		case n.Data == "input" && (attr(n, "type") != "radio" && attr(n, "type") != "checkbox" || has(n, "checked")) && attr(n, "name") != "":
			values.Add(attr(n, "name"), attr(n, "value"))
		case n.Data == "textarea":
			values.Set(attr(n, "name"), textOf(n))
		case n.Data == "option" && has(n, "selected"), n.Data == "option" && n.PrevSibling == nil:
			values.Set(attr(n.Parent, "name"), attr(n, "value"))
		}
	})
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	if attr(form, "method") == "get" {
		return b.get(action + "?" + values.Encode())
	}
	return b.do(http.MethodPost, action, values.Encode())
}

// follow clicks the link with these words.
func (b *browser) follow(words string) *browser {
	b.t.Helper()
	href := ""
	each(b.page, func(n *html.Node) {
		if n.Data == "a" && strings.TrimSpace(textOf(n)) == words {
			href = attr(n, "href")
		}
	})
	if href == "" {
		b.t.Fatalf("%s has no link %q; it says %.600s", b.at, words, b.text())
	}
	return b.get(href)
}

func (b *browser) text() string { return strings.Join(strings.Fields(textOf(b.page)), " ") }

// sees fails unless the page has this status and says all of these.
func (b *browser) sees(code int, texts ...string) *browser {
	b.t.Helper()
	if b.code != code {
		b.t.Errorf("%s answered %d, want %d: %.300s", b.at, b.code, code, b.text())
	}
	for _, w := range texts {
		if !strings.Contains(b.text(), w) {
			b.t.Errorf("%s does not say %q; it says %.1200s", b.at, w, b.text())
		}
	}
	return b
}

// until reloads the page until it says something.
func (b *browser) until(text string) *browser {
	b.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !strings.Contains(b.text(), text) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s never said %q; it says %.2000s", b.at, text, b.text())
		}
		changes, stop := b.h.notifier.Listen()
		select {
		case <-changes:
		case <-time.After(200 * time.Millisecond):
		}
		stop()
		b.get(b.at.RequestURI())
	}
	return b
}

func each(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, f)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if n.Type == html.ElementNode && n.Data != "span" && n.Data != "strong" {
			b.WriteString(" ")
		}
	}
	walk(n)
	return b.String()
}

// program is a script with a token.
type program struct {
	t     *testing.T
	h     *house
	token string
}

func (h *house) program(t *testing.T) *program {
	t.Helper()
	return h.programOf(t, h.admin(t).ID)
}

// programOf is a program of somebody who is there already.
func (h *house) programOf(t *testing.T, personID string) *program {
	t.Helper()
	text := person.NewToken()
	err := h.db.AddToken(t.Context(), person.Token{ID: "token", PersonID: personID, Name: "script", Hash: person.HashToken(text.Reveal()), Created: time.Now()},
		audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "token.add", "token/token", "Made."))
	if err != nil {
		t.Fatal(err)
	}
	return &program{t, h, text.Reveal()}
}

// ask sends a request and decodes the answer, which must have this status.
func (p *program) ask(method, path string, body any, status int, into any) {
	p.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		in = strings.NewReader(string(b))
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.h.URL+path, in)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode != status {
		p.t.Fatalf("%s %s: %d %s, want %d", method, path, resp.StatusCode, got, status)
	}
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			p.t.Fatal(fmt.Errorf("%s %s: %w in %s", method, path, err, got))
		}
	}
}
