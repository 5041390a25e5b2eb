package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
)

const mostResident = 150 << 20 // bytes

// groups are the kinds of pages as the figures name them, by the beginning of
// their shape; the first that fits counts.
var groups = []struct{ name, shape string }{
	{"an instance's sets and logs, any filter, deep pages", "/instances/…/sets (cloud)"},
	{"an instance's sets and logs, any filter, deep pages", "/instances/…/logs"},
	{"all sets, any filter, deep pages", "/sets "},
	{"a set", "/sets/…"},
	{"a set", "/instances/…/sets/…"},
	{"a database", "/instances/…/databases"},
	{"an instance and its tabs", "/instances/…"},
	{"the list of instances", "/instances "},
	{"runs, deep pages", "/runs "},
	{"a run", "/runs/…"},
	{"audit, deep pages", "/audit "},
	{"policies", "/policies"},
	{"Overview", "/ "},
	{otherPages, "none"},
}

const otherPages = "other pages: migrations, waves, protection"

func group(kind string) string {
	for _, g := range groups {
		if strings.HasPrefix(kind+" ", g.shape) {
			return g.name
		}
	}
	return otherPages
}

// pages asks the real dashboard for pages of a generated house, while another
// client changes things all the time.
func (b *bench) pages(ctx context.Context) (err error) {
	folder, err := b.house(ctx)
	if err != nil {
		return err
	}
	serve := []string{"serve", "--data", folder, "--listen", "127.0.0.1:0", "--log-level", "error", "--scans", "0"}
	p, line, err := b.startProcess(ctx, serve...)
	if err != nil {
		return err
	}
	stop := sync.OnceFunc(p.stop)
	defer stop()
	at := line[strings.LastIndex(line, " ")+1:]
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	if err := enter(ctx, client, at); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	service, err := cloudService(ctx, client, at)
	if err != nil {
		return fmt.Errorf("start the cloud's service: %w", err)
	}
	defer service.Close()
	sets, err := setsToPin(ctx, client, at)
	if err != nil {
		return err
	}
	w := newWalker(client, at)
	walking, cancel := context.WithCancel(ctx)
	defer cancel()
	var writing sync.WaitGroup
	var wrote int
	var writeErr error
	writing.Go(func() { wrote, writeErr = changeOn(walking, client, at, sets) })
	w.walk(ctx)
	cancel()
	writing.Wait()
	if writeErr != nil {
		return writeErr
	}
	memory, known := peakResident(p.cmd.Process.Pid)
	b.tellPages(w, wrote)
	if known {
		b.add("that house: peak memory of the dashboard", "≤ 150 MB", memory <= mostResident, "%d MB", memory>>20)
	}
	stop()
	started, err := median(func() (time.Duration, error) {
		return b.firstPage(ctx, client, "/", "Sign out", func(line string) (string, error) { return line[strings.LastIndex(line, " ")+1:], nil }, serve...)
	})
	if err != nil {
		return err
	}
	b.add("that house: start of serve to the Overview", "< 0.5 s", started < longestStart, "%d ms", started.Milliseconds())
	return nil
}

// tellPages adds a line for each group of pages, and prints each kind.
func (b *bench) tellPages(w *walker, wrote int) {
	p95 := func(all []time.Duration) time.Duration {
		slices.Sort(all)
		return all[len(all)*95/100]
	}
	together := map[string][]time.Duration{}
	fmt.Fprintln(os.Stderr)
	for _, kind := range w.kinds {
		if took := w.took[kind]; len(took) > 0 {
			together[group(kind)] = append(together[group(kind)], took...)
			fmt.Fprintf(os.Stderr, "  %-50s %4d asked, p95 %6.1f ms, slowest %6.1f ms\n", kind, len(took), ms(p95(took)), ms(slices.Max(took)))
		}
	}
	for i, g := range groups {
		took := together[g.name]
		if len(took) == 0 || slices.ContainsFunc(groups[:i], func(o struct{ name, shape string }) bool { return o.name == g.name }) {
			continue
		}
		b.add(fmt.Sprintf("pages over HTTP beside %d audited changes, p95 of %s", wrote, g.name), "30 ms", p95(took) <= longestQuery, "%.1f ms of %d", ms(p95(took)), len(took))
	}
	for _, f := range w.failed[:min(3, len(w.failed))] {
		fmt.Fprintln(os.Stderr, "  "+f)
	}
	b.add("pages over HTTP that were not answered", "0", len(w.failed) == 0, "%d of %d", len(w.failed), w.asked)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// enter signs in as the person of the generated house, and reads the Overview.
func enter(ctx context.Context, client *http.Client, at string) error {
	said := url.Values{"name": {benchPerson}, "password": {benchPassword}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/sign-in", strings.NewReader(said.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	page, err := fetch(client, req)
	if err == nil && !strings.Contains(page, "Sign out") {
		err = errors.New("the page does not say that somebody is signed in")
	}
	return err
}

// cloudService starts what answers in the name of the cloud, on loopback, and
// tells the dashboard where.
func cloudService(ctx context.Context, client *http.Client, at string) (*aliyunemu.Running, error) {
	c := aliyunemu.Config{Accounts: []aliyunemu.Account{{ID: "1", Keys: []aliyunemu.Key{{ID: benchKeyID, Secret: benchSecret}}}}}
	for i := range wanted.clouds {
		in := aliyunemu.Instance{ID: cloudInstance(i), Description: cloudID(i), Account: "1", Region: benchRegion, Version: "2019_std_ha", Category: "HighAvailability", StorageGB: 500, UsedBytes: 42 << 30, MaxDatabases: 50,
			Databases: map[string]*aliyunemu.Database{}}
		for k := range wanted.databases {
			in.Databases[databaseName(k)] = &aliyunemu.Database{DataBytes: 1 << 30}
		}
		c.Instances = append(c.Instances, in)
	}
	service, err := aliyunemu.Start(c, "", "")
	if err != nil {
		return nil, err
	}
	if err := send(ctx, client, http.MethodPut, at+"/api/v1/accounts/account", map[string]any{"name": "Account", "access_key_id": benchKeyID, "secret": benchSecret, "region": benchRegion, "address": service.URL}); err != nil {
		return nil, errors.Join(err, service.Close())
	}
	return service, nil
}

// send changes something through the API.
func send(ctx context.Context, client *http.Client, method, address string, to map[string]any) error {
	body, err := json.Marshal(to)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	_, err = fetch(client, req)
	return err
}

// changeOn changes things through the API at the rate of writeRate: it pins
// sets, or lets them go again, and once a second renames an instance. Each
// change is an entry of the audit trail.
func changeOn(ctx context.Context, client *http.Client, at string, sets []string) (n int, err error) {
	tick := time.NewTicker(time.Second / writeRate)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return n, nil
		case <-tick.C:
		}
		if n%writeRate == 0 {
			i := n / writeRate % wanted.clouds
			err = send(ctx, client, http.MethodPut, at+"/api/v1/instances/"+cloudID(i), map[string]any{"name": fmt.Sprintf("%s at %d", cloudID(i), n), "kind": "apsaradb", "account_id": "account", "region": benchRegion, "instance_id": cloudInstance(i)})
		} else {
			err = send(ctx, client, http.MethodPost, at+"/api/v1/sets/"+sets[n%len(sets)]+"/pin", map[string]any{"on": n/len(sets)%2 == 0, "note": "for the auditors"})
		}
		if ctx.Err() != nil {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("change something: %w", err)
		}
		n++
	}
}

// setsToPin are the ids of sets of many databases.
func setsToPin(ctx context.Context, client *http.Client, at string) (ids []string, err error) {
	for i := range 50 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/api/v1/sets?limit=20&"+url.Values{"instance": {serverID(i * 7)}}.Encode(), nil)
		if err != nil {
			return nil, err
		}
		body, err := fetch(client, req)
		if err != nil {
			return nil, err
		}
		var duePolicy struct{ Items []struct{ ID string } }
		if err := json.Unmarshal([]byte(body), &duePolicy); err != nil {
			return nil, err
		}
		for _, s := range duePolicy.Items {
			ids = append(ids, s.ID)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("there are no sets to pin")
	}
	return ids, nil
}
