package aliyunemu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

// shelf is an object store in memory.
type shelf struct {
	files map[string][]byte
	sizes map[string]int64 // claimed
	reads atomic.Int64
}

func (s *shelf) Open(_ context.Context, at Position, _ Credential, _ string) (Object, error) {
	b, ok := s.files[at.Key]
	if !ok {
		return nil, errors.New("NoSuchKey (HTTP 404)")
	}
	size := int64(len(b))
	if claimed := s.sizes[at.Key]; claimed > 0 {
		size = claimed
	}
	return &slot{s, b, size}, nil
}

type slot struct {
	shelf *shelf
	b     []byte
	size  int64
}

func (s *slot) Size() int64 { return s.size }

func (s *slot) Range(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	s.shelf.reads.Add(1)
	return io.NopCloser(io.NewSectionReader(bytes.NewReader(s.b), offset, length)), nil
}

func newShelf(t *testing.T, payload string) *shelf {
	t.Helper()
	s := &shelf{files: map[string][]byte{}, sizes: map[string]int64{}}
	o := mtf.Options{Database: "Demo", DataSize: 64 << 10, LogSize: 8 << 10}
	if payload != "" {
		o.Payload = func(bakfile.Set) (io.Reader, int64) { return strings.NewReader(payload), int64(len(payload)) }
	}
	paths, err := mtf.Chain(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		s.files[[]string{"full.bak", "diff.bak", "log1.trn", "log2.trn"}[i]] = b
	}
	return s
}

func role(c *Config) { c.Accounts[0].ImportRole = &Credential{} }

func create(t *testing.T, s *Server, key, id string) string {
	t.Helper()
	q := map[string]string{"DBInstanceId": "rm-1", "DBName": "Demo", "BackupMode": "UPDF", "IsOnlineDB": "False", "OssObjectPositions": "oss-cn-hangzhou.aliyuncs.com:bkt:" + key}
	if id != "" {
		q["MigrateTaskId"] = id
	}
	_, code := sdk(t, s, keyID, secret, "CreateMigrateTask", q)
	return code
}

func wait(t *testing.T, s *Server, want func(Task) bool) Task {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if tasks := s.Tasks(); len(tasks) > 0 && want(tasks[len(tasks)-1]) {
			return tasks[len(tasks)-1]
		}
	}
	t.Fatalf("waited in vain: %+v", s.Tasks())
	return Task{}
}

func status(s string) func(Task) bool { return func(t Task) bool { return t.Status == s } }

// A process that dies at any step and comes back ends where it would have
// ended, and makes nothing twice.
func TestStateOutlivesTheProcess(t *testing.T) {
	files := newShelf(t, "")
	file := filepath.Join(t.TempDir(), "state.json")
	begin := func() *Server {
		s, err := New(Config{Step: time.Millisecond, File: file, Objects: files,
			Accounts:  []Account{{ID: "1", Keys: []Key{{ID: keyID, Secret: secret}}, ImportRole: &Credential{}}},
			Instances: []Instance{{ID: "rm-1", Account: "1", Region: "cn-hangzhou", Version: "2019_std_ha", StorageGB: 20}}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	restart := func(s *Server) *Server {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return begin()
	}
	s := begin()
	for i, key := range []string{"full.bak", "log1.trn", "log2.trn"} {
		id := ""
		if i > 0 {
			id = s.Tasks()[0].ID
		}
		if code := create(t, s, key, id); code != "" {
			t.Fatal(code)
		}
		s = restart(s) // before the first step
		for _, f := range []string{"Downloading", "Finished", "CheckSuccess", "Restoring"} {
			s.mu.Lock()
			s.config.Step = time.Millisecond
			s.mu.Unlock()
			wait(t, s, func(task Task) bool { // at this step, or already past it
				return task.Status == "Waiting" || len(task.Files) == i+1 && task.Files[i].Status == f
			})
			s = restart(s)
		}
		task := wait(t, s, status("Waiting"))
		if len(task.Files) != i+1 || task.Files[i].Status != "Restored" || task.Description != "" {
			t.Fatalf("after %s: %+v %+v", key, task, task.Files[i])
		}
	}
	in, _ := s.Instance("rm-1")
	if db := in.Databases["Demo"]; len(db.AppliedSets) != 3 || db.LastLSN != (bakfile.LSN{VLF: 34, Block: 3000, Slot: 1}) {
		t.Errorf("the database: %+v", db)
	}
	_, code := sdk(t, s, keyID, secret, "CreateOnlineDatabaseTask", map[string]string{"DBInstanceId": "rm-1", "DBName": "Demo", "MigrateTaskId": s.Tasks()[0].ID, "CheckDBMode": "AsyncExecuteDBCheck"})
	if code != "" {
		t.Fatal(code)
	}
	s = restart(s)
	wait(t, s, status("Success"))
	s = restart(s)
	wait(t, s, func(task Task) bool { return task.Description == textChecked })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.Created(); n.Tasks != 1 || n.Files != 3 {
		t.Errorf("created %+v", n)
	}
}

func TestSizeLimits(t *testing.T) {
	files := newShelf(t, "")
	s := newServer(t, func(c *Config) { role(c); c.Objects = files })
	files.sizes["full.bak"] = 3<<40 + 1
	if code := create(t, s, "full.bak", ""); code != "BakFileSizeExceeded" {
		t.Errorf("above 3 TB: %q", code)
	}
	files.sizes["full.bak"] = 21 << 30
	if code := create(t, s, "full.bak", ""); code != "FileSizeExceeded" {
		t.Errorf("above the storage: %q", code)
	}
}

// The rows that a source put into its backup arrive in the database.
func TestContentsArrive(t *testing.T) {
	files := newShelf(t, `{"rows":[1,2,3]}`)
	s := newServer(t, func(c *Config) {
		role(c)
		c.Objects = files
		c.Contents = func(_ json.RawMessage, _ *bakfile.File, r io.ReaderAt) (json.RawMessage, error) {
			p, err := mtf.Payload(r, 1)
			if err != nil {
				return nil, err
			}
			return io.ReadAll(p)
		}
	})
	if code := create(t, s, "full.bak", ""); code != "" {
		t.Fatal(code)
	}
	wait(t, s, status("Waiting"))
	in, _ := s.Instance("rm-1")
	if got := string(in.Databases["Demo"].Contents); got != `{"rows":[1,2,3]}` {
		t.Errorf("got %q", got)
	}
}

// The download is real, and its rate can be bounded.
func TestDownloadRate(t *testing.T) {
	files := newShelf(t, "")
	size := int64(len(files.files["full.bak"]))
	s := newServer(t, func(c *Config) { role(c); c.Objects = files; c.Rate = size * 4 })
	begun := time.Now()
	if code := create(t, s, "full.bak", ""); code != "" {
		t.Fatal(code)
	}
	task := wait(t, s, status("Waiting"))
	if d := time.Since(begun); d < 250*time.Millisecond || task.Files[0].Downloaded != size {
		t.Errorf("%v, %d of %d bytes", d, task.Files[0].Downloaded, size)
	}
}

func TestParametersThatDoNotGoTogether(t *testing.T) {
	s := newServer(t, nil)
	good := map[string]string{"DBInstanceId": "rm-1", "DBName": "Demo", "BackupMode": "UPDF", "IsOnlineDB": "False", "OssObjectPositions": "oss-cn-hangzhou.aliyuncs.com:bkt:a.bak"}
	for _, c := range []struct{ name, value, code string }{
		{"DBName", "", "MissingDBName"},
		{"OssObjectPositions", "", "MissingOssObjectPositions"},
		{"OssObjectPositions", "a.bak", "InvalidOssUrl"},
		{"IsOnlineDB", "false", "InvalidParameterCombination"},
		{"IsOnlineDB", "True", "InvalidParameterCombination"},
		{"BackupMode", "FULL", "InvalidParameterCombination"},
		{"BackupMode", "LOG", "InvalidParameterCombination"},
		{"CheckDBMode", "NotExecuteDBCheck", "InvalidParameterCombination"},
		{"DBInstanceId", "", "MissingDBInstanceId"},
	} {
		q := map[string]string{}
		for name, value := range good {
			q[name] = value
		}
		q[c.name] = c.value
		if _, code := sdk(t, s, keyID, secret, "CreateMigrateTask", q); code != c.code {
			t.Errorf("%s=%q: got %q, want %s", c.name, c.value, code, c.code)
		}
	}
	for _, c := range []struct{ start, end, size, code string }{
		{"2026-11-20T12:00Z", "2026-11-20T13:00Z", "30", ""},
		{"2026-11-20T12:00:00Z", "2026-11-20T13:00Z", "30", "InvalidStartTime.Format"},
		{"2026-11-20T12:00Z", "tomorrow", "30", "InvalidEndTime.Format"},
		{"2026-11-20T13:00Z", "2026-11-20T13:00Z", "30", "InvalidParameterCombination"},
		{"2026-11-20T12:00Z", "2026-11-20T13:00Z", "101", "InvalidMaxRecordsPerPage.Malformed"},
		{"2026-11-20T12:00Z", "2026-11-20T13:00Z", "29", "InvalidMaxRecordsPerPage.Malformed"},
	} {
		q := map[string]string{"DBInstanceId": "rm-1", "StartTime": c.start, "EndTime": c.end, "PageSize": c.size, "PageNumber": "1"}
		if _, code := sdk(t, s, keyID, secret, "DescribeMigrateTasks", q); code != c.code {
			t.Errorf("%+v: got %q", c, code)
		}
	}
	if _, code := sdk(t, s, keyID, secret, "DescribeDatabases", map[string]string{"DBInstanceId": "rm-1", "PageSize": "31"}); code != "InvalidMaxRecordsPerPage.Malformed" {
		t.Errorf("page size 31: %q", code)
	}
	if _, code := sdk(t, s, keyID, secret, "DescribeDatabases", map[string]string{"DBInstanceId": "rm-1", "PageNumber": "0"}); code != "InvalidPageNumbers.Malformed" {
		t.Errorf("page 0: %q", code)
	}
}
