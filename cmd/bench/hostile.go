package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

const (
	hostileRequests = 500
	hostileMemory   = 60 << 20
)

// hostile sends requests of strangers, each as large as the dashboard takes
// them and each with other names, and measures what its memory grows by.
func (b *bench) hostile(ctx context.Context) error {
	p, line, err := b.startProcess(ctx, "serve", "--data", filepath.Join(b.tmp, "hostile"), "--listen", "127.0.0.1:0", "--log-level", "error")
	if err != nil {
		return err
	}
	defer p.stop()
	at := line[strings.LastIndex(line, " ")+1:]
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, body string, header ...string) error {
		req, err := http.NewRequestWithContext(ctx, method, at+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	if err := ask("GET", "/welcome", ""); err != nil {
		return err
	}
	idle, ok := peakResident(p.cmd.Process.Pid)
	if !ok {
		return nil // nobody tells on this kind of machine
	}
	long := strings.Repeat("A", 60_000)
	for i := range hostileRequests {
		var err error
		switch own := fmt.Sprint(i, long); i % 5 {
		case 0:
			err = ask("M"+own, "/", "")
		case 1:
			err = ask("GET", "/"+own, "")
		case 2:
			err = ask("POST", "/sign-in", url.Values{"name": {own}, "password": {"x"}}.Encode())
		case 3:
			err = ask("GET", "/api/v1/runs", "", "Authorization", "Bearer "+own)
		case 4:
			err = ask("POST", "/welcome", url.Values{"code": {own[:100]}, "name": {own[:50]}, "password": {own[:900]}, "again": {own[:900]}}.Encode(), "Cookie", "zone="+own[:3000])
		}
		if err != nil {
			return err
		}
	}
	peak, _ := peakResident(p.cmd.Process.Pid)
	b.add(fmt.Sprintf("memory that %d requests of strangers take over idle", hostileRequests), "60 MB", peak-idle <= hostileMemory, "%d MB", (peak-idle)>>20)
	return nil
}
