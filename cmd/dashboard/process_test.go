package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// asDashboard makes the test binary the dashboard itself: processes that are
// to be killed are started from it.
const asDashboard = "BAKPLANE_TEST_AS_DASHBOARD"

func TestMain(m *testing.M) {
	if os.Getenv(asDashboard) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a dashboard command in a process of its own.
type process struct {
	cmd  *exec.Cmd
	out  *bufio.Reader
	gone chan error
}

func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self, args...), gone: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asDashboard+"=1")
	if testing.Verbose() {
		p.cmd.Stderr = os.Stderr
	}
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(pipe)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// line reads the next line of output.
func (p *process) line(t testing.TB) string {
	t.Helper()
	s, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("read output of %s: %v", strings.Join(p.cmd.Args[1:], " "), err)
	}
	return strings.TrimSpace(s)
}

// kill ends the process as a power cut does, and waits until it is gone.
func (p *process) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.cmd.Wait()
}

// cloudProcess is the emulated cloud in its own process: it outlives the
// dashboard.
type cloudProcess struct {
	*process
	emulators.Addresses
	oss, rds control.Remote
}

func startCloud(t testing.TB) *cloudProcess {
	t.Helper()
	c := &cloudProcess{process: startProcess(t, "emulate", "--data", t.TempDir(), "--step", "15ms")}
	if err := json.Unmarshal([]byte(c.line(t)), &c.Addresses); err != nil {
		t.Fatal(err)
	}
	c.oss, c.rds = control.Remote{URL: c.OSSControl}, control.Remote{URL: c.RDSControl}
	// Every journey leaves an open database on the one instance.
	if err := c.rds.Call(context.Background(), "PATCH", "/instances/"+emulators.Instance, map[string]int{"max_databases": 10_000}, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// journey is one migration prepared in a data folder, with nobody at work on it.
type journey struct {
	t        testing.TB
	cloud    *cloudProcess
	data     string
	files    string
	database string
	id       string
	freeze   migration.Freeze // of a live one
}

var chainStart = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

// prepare writes a chain and a started migration into a new data folder.
func prepare(t testing.TB, c *cloudProcess, database string) *journey {
	t.Helper()
	j := &journey{t: t, cloud: c, data: t.TempDir(), files: t.TempDir(), database: database}
	if _, err := mtf.Chain(j.files, mtf.Options{Database: database, Started: chainStart, DataSize: 1 << 20, LogSize: 300 << 10}); err != nil {
		t.Fatal(err)
	}
	j.open(func(d *sqlite.DB) {
		p := app.NewPorts(d, j.data)
		furnish := demo.Furnisher{App: &app.App{DB: d, Ports: p}, Cloud: c.Addresses}
		if err := furnish.Places(context.Background(), j.files); err != nil {
			t.Fatal(err)
		}
		survey := drafting.Survey{Ports: p}
		seen, err := survey.Look(context.Background(), demo.Folder, "")
		if err != nil {
			t.Fatal(err)
		}
		draft, err := migration.NewDraft(migration.FilesRequest{SourceID: demo.Folder, StagingID: demo.Staging, StagingPrefix: database + "/",
			InstanceID: demo.Instance, OpenWhenApplied: true}, seen, false)
		if err != nil {
			t.Fatal(err)
		}
		if j.id, err = migration.Start(context.Background(), d.Migrations(), draft, nil, app.NewID, furnish.By()); err != nil {
			t.Fatal(err)
		}
	})
	return j
}

func (j *journey) keys() *secret.Keyring {
	k, err := secret.OpenKeyring(filepath.Join(j.data, "bakplane.key"))
	if err != nil {
		j.t.Fatal(err)
	}
	return k
}

func (j *journey) open(f func(*sqlite.DB)) {
	j.t.Helper()
	d, err := sqlite.Open(context.Background(), j.data, j.keys(), run.NewNotifier(), app.Specs())
	if err != nil {
		j.t.Fatal(err)
	}
	defer d.Close()
	f(d)
}

// serve starts the dashboard on the folder.
func (j *journey) serve() *process {
	j.t.Helper()
	p := startProcess(j.t, "serve", "--data", j.data, "--listen", "127.0.0.1:0", "--poll", "10ms", "--settle", "1s", "--upload-part", "262144", "--log-level", "warn")
	p.line(j.t)
	return p
}

// finished waits until the migration is open.
func (j *journey) finished(longest time.Duration) error {
	d, err := sqlite.Inspect(context.Background(), j.data, j.keys(), run.NewNotifier())
	if err != nil {
		return err
	}
	defer d.Close()
	deadline := time.Now().Add(longest)
	for {
		m, err := d.Migrations().Migration(context.Background(), j.id)
		if err != nil {
			return err
		}
		// The run is settled in a commit of its own after the end is noted.
		if r, err := d.Run(context.Background(), m.RunID); err == nil && m.Stage == migration.StageOpened && r.State == run.Succeeded {
			return nil
		}
		if m.Problem != nil || time.Now().After(deadline) {
			r, _ := d.Run(context.Background(), m.RunID)
			events, _ := d.Events(context.Background(), m.RunID, 0, 60)
			var story strings.Builder
			for i := len(events) - 1; i >= 0; i-- {
				fmt.Fprintf(&story, "\n  %s %s", events[i].At.Format("15:04:05.000"), events[i].Text)
			}
			return fmt.Errorf("not finished: stage %s, problem %+v, run %s %q%s", m.Stage, m.Problem, r.State, r.Message, story.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// proof checks everything that must hold after a migration, whatever happened
// on the way.
func (j *journey) proof() error {
	ctx := context.Background()
	d, err := sqlite.Inspect(ctx, j.data, j.keys(), run.NewNotifier())
	if err != nil {
		return err
	}
	defer d.Close()
	m, err := d.Migrations().Migration(ctx, j.id)
	if err != nil {
		return err
	}
	if err := j.createdOnce(m); err != nil {
		return err
	}
	if err := j.partsSentOnce(); err != nil {
		return err
	}
	if err := j.bytesEqual(m); err != nil {
		return err
	}
	if _, err := d.VerifyAudit(ctx); err != nil {
		return err
	}
	left, err := d.Runs(ctx, run.Filter{States: []run.State{run.Running, run.Queued, run.Waiting, run.Failed, run.Paused}})
	if err != nil || len(left) > 0 {
		return fmt.Errorf("runs left behind: %+v, %w", left, err)
	}
	return nil
}

// createdOnce: one task, each file given to it once, in order.
func (j *journey) createdOnce(m migration.Migration) error {
	var tasks []struct {
		Database string `json:"database"`
		Files    []struct {
			Key string `json:"key"`
		} `json:"files"`
	}
	if err := j.cloud.rds.Call(context.Background(), "GET", "/tasks", nil, &tasks); err != nil {
		return err
	}
	var got []string
	count := 0
	for _, task := range tasks {
		if task.Database == j.database {
			count++
			for _, f := range task.Files {
				got = append(got, f.Key)
			}
		}
	}
	var want []string
	for _, f := range m.Chain() {
		want = append(want, f.Key)
	}
	if count != 1 || fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("%d tasks with files %v, want one with %v", count, got, want)
	}
	return nil
}

// partsSentOnce: no part was stored twice by the service, and no object put
// together twice.
func (j *journey) partsSentOnce() error {
	counts, err := j.cloud.oss.Counts(context.Background())
	if err != nil {
		return err
	}
	for detail, n := range counts.Details {
		if strings.HasPrefix(detail, "UploadPart ") && n.Acted > 1 {
			return fmt.Errorf("%s was stored %d times", detail, n.Acted)
		}
	}
	return nil
}

// bytesEqual compares the objects with the files by CRC64.
func (j *journey) bytesEqual(m migration.Migration) error {
	ctx := context.Background()
	bucket, err := oss.Open(oss.Config{Endpoint: j.cloud.OSS, Region: j.cloud.Region, Bucket: j.cloud.Bucket, AccessKeyID: j.cloud.KeyID, Secret: j.cloud.Secret})
	if err != nil {
		return err
	}
	for _, f := range m.Chain() {
		want, err := os.ReadFile(filepath.Join(j.files, f.Source))
		if err != nil {
			return err
		}
		body, err := bucket.Read(ctx, f.Key, 0, int64(len(want)))
		if err != nil {
			return err
		}
		got, err := io.ReadAll(body)
		body.Close()
		if err != nil || objectstore.UpdateCRC64(0, got) != objectstore.UpdateCRC64(0, want) {
			return fmt.Errorf("%s differs from its file (%d and %d bytes): %w", f.Key, len(got), len(want), err)
		}
	}
	unfinished, err := bucket.Uploads(ctx, j.database+"/", 100)
	if err != nil || len(unfinished) > 0 {
		return fmt.Errorf("unfinished uploads left: %+v, %w", unfinished, err)
	}
	return nil
}
