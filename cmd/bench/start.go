package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	longestStart = 500 * time.Millisecond
	starts       = 5
)

// start lets the demo furnish a folder, then measures from the start of the
// process until the whole first page is read: the Overview for a person who is
// signed in, and the sign-in page of a demo started again.
func (b *bench) start(ctx context.Context) error {
	data := filepath.Join(b.tmp, "demo")
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar}
	if err := b.furnish(ctx, client, data); err != nil {
		return fmt.Errorf("furnish the demo: %w", err)
	}
	overview, err := median(func() (time.Duration, error) {
		return b.firstPage(ctx, client, "/", "Sign out", func(line string) (string, error) {
			return line[strings.LastIndex(line, " ")+1:], nil
		}, "serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "error")
	})
	if err != nil {
		return err
	}
	signIn, err := median(func() (time.Duration, error) {
		return b.firstPage(ctx, http.DefaultClient, "/sign-in", "Sign in", demoURL, "demo", "--data", data, "--listen", "127.0.0.1:0", "--json")
	})
	if err != nil {
		return err
	}
	b.add("start of serve to the Overview, the demo's data", "< 0.5 s", overview < longestStart, "%d ms", overview.Milliseconds())
	b.add("start of the demo to the sign-in page, its data kept", "< 0.5 s", signIn < longestStart, "%d ms", signIn.Milliseconds())
	return os.RemoveAll(data)
}

type demoLine struct{ URL, User, Password, Token string }

func demoURL(line string) (string, error) {
	var ready demoLine
	err := json.Unmarshal([]byte(line), &ready)
	return ready.URL, err
}

// furnish runs the demo once, signs in and waits until every file of its
// migration is applied.
func (b *bench) furnish(ctx context.Context, client *http.Client, data string) error {
	p, line, err := b.startProcess(ctx, "demo", "--data", data, "--listen", "127.0.0.1:0", "--json")
	if err != nil {
		return err
	}
	defer p.stop()
	var ready demoLine
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		return err
	}
	res, err := client.PostForm(ready.URL+"/sign-in", url.Values{"name": {ready.User}, "password": {ready.Password}})
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("sign in: %s", res.Status)
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, ready.URL+"/api/v1/migrations", nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+ready.Token)
		body, err := fetch(http.DefaultClient, req)
		if err != nil {
			return err
		}
		if strings.Contains(body, `"following"`) {
			return nil
		}
	}
	return errors.New("the demo's migration did not apply its files within two minutes")
}

// firstPage starts the dashboard and reads a page that must hold a text.
func (b *bench) firstPage(ctx context.Context, client *http.Client, path, text string, address func(line string) (string, error), args ...string) (time.Duration, error) {
	began := time.Now()
	p, line, err := b.startProcess(ctx, args...)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	at, err := address(line)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+path, nil)
	if err != nil {
		return 0, err
	}
	body, err := fetch(client, req)
	took := time.Since(began)
	if err == nil && !strings.Contains(body, text) {
		err = fmt.Errorf("the page at %s does not say %q", path, text)
	}
	return took, err
}

func fetch(client *http.Client, req *http.Request) (string, error) {
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", req.URL.Path, res.Status)
	}
	return string(body), err
}

func median(measure func() (time.Duration, error)) (time.Duration, error) {
	var all []time.Duration
	for range starts {
		d, err := measure()
		if err != nil {
			return 0, err
		}
		all = append(all, d)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// process is a dashboard that has said its first line.
type process struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

func (b *bench) startProcess(ctx context.Context, args ...string) (*process, string, error) {
	p := &process{cmd: exec.CommandContext(ctx, b.binary, args...)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("%s said nothing: %w", args[0], err)
	}
	return p, strings.TrimSpace(line), nil
}

// stop asks the process to end, and makes it end after a while.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	last := time.AfterFunc(15*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer last.Stop()
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.cmd.Wait()
}
