package oss_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
)

// journal is a ledger in a file of JSON lines, synced after each.
type journal struct {
	objectstoretest.Memory
	f *os.File
}

type line struct {
	Begun  *objectstore.Begun
	Part   *objectstore.Part
	Object *objectstore.Object
}

func openJournal(path string) (*journal, error) {
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	j := &journal{}
	ctx := context.Background()
	whole := bytes.LastIndexByte(data, '\n') + 1 // the last line may be torn
	for text := range strings.Lines(string(data[:whole])) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, err
		}
		switch {
		case l.Begun != nil:
			err = j.Memory.Begun(ctx, *l.Begun)
		case l.Part != nil:
			err = j.Memory.PartDone(ctx, *l.Part)
		case l.Object != nil:
			err = j.Memory.Completed(ctx, *l.Object)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(path, data[:whole], 0o600); err != nil {
		return nil, err
	}
	j.f, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	return j, err
}

func (j *journal) add(l line) error {
	text, err := json.Marshal(l)
	if err == nil {
		_, err = j.f.Write(append(text, '\n'))
	}
	if err == nil {
		err = j.f.Sync()
	}
	return err
}

func (j *journal) Begun(_ context.Context, b objectstore.Begun) error { return j.add(line{Begun: &b}) }
func (j *journal) PartDone(_ context.Context, p objectstore.Part) error {
	return j.add(line{Part: &p})
}
func (j *journal) Completed(_ context.Context, o objectstore.Object) error {
	return j.add(line{Object: &o})
}

// task is what a process that will be killed does.
type task struct{ URL, File, Journal string }

func uploadOnce(text string) int {
	err := func() error {
		var t task
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			return err
		}
		b, err := oss.Open(oss.Config{Endpoint: t.URL, Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret})
		if err != nil {
			return err
		}
		j, err := openJournal(t.Journal)
		if err != nil {
			return err
		}
		source, err := openFile(t.File)
		if err != nil {
			return err
		}
		_, err = objectstore.Upload{Bucket: b, Key: key, Source: source, Ledger: j, PartSize: partSize}.Run(context.Background())
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestKilledAtRandomMomentsItFinishes(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	dir := t.TempDir()
	url, controlURL := separate(t, filepath.Join(dir, "service"))
	remote := control.Remote{URL: controlURL}
	data := objectstoretest.Noise(1, 60*partSize+5)
	file := filepath.Join(dir, "full.bak")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(task{URL: url, File: file, Journal: filepath.Join(dir, "journal")})
	if err != nil {
		t.Fatal(err)
	}
	// A part takes 30 ms, so that a kill hits the work more than the start.
	if _, err := remote.Add(t.Context(), control.Rule{Operation: "UploadPart", Times: -1, DelayMS: 30}); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for done := false; !done; {
		var stderr bytes.Buffer
		cmd := exec.Command(os.Args[0])
		cmd.Env, cmd.Stderr = append(os.Environ(), uploadAs+"="+string(text)), &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(20+rand.IntN(80+10*kills))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		switch {
		case err == nil:
			done = true
		case cmd.ProcessState.Exited():
			t.Fatalf("the upload gave up: %s", stderr.String())
		default:
			if kills++; kills > 500 {
				t.Fatal("no progress")
			}
		}
		rest(t, url, remote)
	}
	t.Logf("%d kills", kills)
	b := open(t, oss.Config{Endpoint: url, Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret})
	body, err := b.Read(t.Context(), key, 0, int64(len(data))+1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the object is not the file, %v", err)
	}
	counts, err := remote.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for detail, c := range counts.Details {
		if strings.HasPrefix(detail, "UploadPart ") && c.Acted > 1 {
			t.Errorf("%s was stored %d times", detail, c.Acted)
		}
	}
	for _, op := range []string{"InitiateMultipartUpload", "CompleteMultipartUpload"} {
		if n := counts.Operations[op].Acted; n != 1 {
			t.Errorf("%s happened %d times", op, n)
		}
	}
}

// rest waits until the emulator has finished what the dead left with it: a
// request of a new connection is answered, so all earlier connections were
// seen, and then none is open.
func rest(t *testing.T, url string, remote control.Remote) {
	t.Helper()
	alone := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := alone.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for range 10_000 {
		counts, err := remote.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if counts.Open == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the emulator does not come to rest")
}
