package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/aliyun/smc"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/emulator/acs"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

const (
	benchJobs    = 1000
	jobsAtWork   = 40
	serverPoll   = 200 * time.Millisecond
	serverLooks  = 6                // intervals that are watched
	serverPeriod = 30 * serverPoll  // between two looks while a job is at work
	serverSlack  = serverPeriod / 4 // of ticks, of the look itself and of a busy machine
	smcAccount   = "servers"
)

// servers has the real dashboard look at a thousand jobs, in the house of a
// million sets, and changes one of them now and then.
func (b *bench) servers(ctx context.Context) (err error) {
	folder, err := b.house(ctx)
	if err != nil {
		return err
	}
	service, err := smcemu.Start(thousandJobs())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	store, err := openStore(ctx, folder)
	if err != nil {
		return err
	}
	entry := audit.New(audit.Engine, time.Now(), "account.save", "account/"+smcAccount, "Generated.")
	err = errors.Join(
		store.SaveAccount(ctx, endpoint.Account{ID: smcAccount, Name: "Servers", Kind: aliyun.AccountKind, AccessKeyID: benchKeyID, Secret: secret.NewText(benchSecret), Region: benchRegion,
			More: map[string]string{smc.AddressField: service.URL, smc.OOSField: service.URL, smc.ECSField: service.URL}}, entry),
		store.Servers().Watch(ctx, smcAccount, true, entry), store.Close())
	if err != nil {
		return err
	}
	p, line, err := b.startProcess(ctx, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--log-level", "error", "--scans", "0", "--poll", serverPoll.String())
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.stop()
		return err
	}
	at, client := line[strings.LastIndex(line, " ")+1:], &http.Client{Jar: jar}
	var seen []time.Duration
	var calls map[string]int
	var looked time.Duration
	if err = enter(ctx, client, at); err == nil {
		seen, calls, looked, err = watchServers(ctx, service, client, at)
	}
	memory, known := peakResident(p.cmd.Process.Pid)
	p.stop()
	if err != nil {
		return err
	}
	most := (float64(looked)/float64(serverPeriod) + 1) * benchJobs / 50
	b.add(fmt.Sprintf("%d jobs watched for %.0f intervals: describe calls for jobs", benchJobs, float64(looked)/float64(serverPeriod)), fmt.Sprintf("≤ %.0f, one for 50 jobs an interval", most), float64(calls["DescribeReplicationJobs"]) <= most && calls["DescribeReplicationJobs"] > 0,
		"%d, and %d for sources, %d for intermediate instances", calls["DescribeReplicationJobs"], calls["DescribeSourceServers"], calls["DescribeInstances"])
	if known {
		b.add("the same, in the house of that catalogue: peak memory of the dashboard", "< 150 MB", memory < mostResident, "%d MB", memory>>20)
	}
	worst := slices.Max(seen)
	b.add("the same: from a job's failure at the service until its page tells it", fmt.Sprintf("one interval (%s, and %s of slack)", serverPeriod, serverSlack), worst <= serverPeriod+serverSlack, "%s at most of %d", worst.Round(time.Millisecond), len(seen))
	store, err = openStore(ctx, folder)
	if err != nil {
		return err
	}
	if err := errors.Join(store.Servers().Watch(ctx, smcAccount, false, entry), store.RemoveAccount(ctx, smcAccount, entry), store.Close()); err != nil {
		return err
	}
	return b.serverRules(ctx)
}

// serverRules drives orders through random sequences in memory, and asks the
// emulated service over the wire whether it allows what our rules allow.
func (b *bench) serverRules(ctx context.Context) error {
	for _, of := range []struct {
		pkg, test, flag, name string
		n                     int
	}{
		{"./internal/servermigration", "TestNoSequenceMisleadsAnOrder", "-sequences", "orders about servers: random sequences of changes, faults, lost answers and deaths; nothing forbidden called, nothing completed twice or unordered", 100_000},
		{"./internal/aliyun/smc", "TestTheRulesAgreeWithTheService", "-walks", "random walks of a job over the wire: what the rules allow the service takes, and refuses what they forbid", 400},
	} {
		cmd := b.goTest(ctx, of.pkg, "-run", "^"+of.test+"$", "-count", "1", "-v", "-timeout", "10m", fmt.Sprintf("%s=%d", of.flag, of.n))
		out, failed := cmd.CombinedOutput()
		if failed == nil && !strings.Contains(string(out), "--- PASS: "+of.test) {
			return fmt.Errorf("%s did not run: %s", of.test, tail(out))
		}
		b.add(of.name, fmt.Sprintf("all %d", of.n), failed == nil, "%s", map[bool]string{true: fmt.Sprint(of.n), false: string(tail(out))}[failed == nil])
	}
	return nil
}

func openStore(ctx context.Context, folder string) (*sqlite.DB, error) {
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, folder, keys, run.NewNotifier(), app.Specs())
}

func thousandJobs() smcemu.Config {
	now := time.Now().UTC().Truncate(time.Second)
	c := smcemu.Config{Accounts: []smcemu.Account{{ID: "1", Keys: []acs.Key{{ID: benchKeyID, Secret: benchSecret}}}}}
	for n := range benchJobs {
		source, created := fmt.Sprintf("s-bp1bench%012d", n), now.Add(-time.Duration(n+200)*time.Hour)
		c.Sources = append(c.Sources, smcemu.Source{ID: source, Account: "1", Name: fmt.Sprintf("server%04d", n), Platform: "Windows Server 2019 64-bit", Arch: "x86_64", Agent: "2.8.6", Windows: true, Created: created,
			System: fmt.Sprintf(`{"hostname":"SERVER%04d","ipv4":"10.1.%d.%d","cores":"4","memory":"16.00"}`, n, n/250, n%250+1),
			Disks:  []smcemu.Disk{{SizeGiB: 80, Path: "C:", Parts: []smcemu.Part{{Device: "0_0", Path: "C:", SizeBytes: 80 << 30, UsedBytes: 40 << 30, Need: true}}}, {Index: 1, SizeGiB: 200, Path: "D:", Parts: []smcemu.Part{{Device: "1_0", Path: "D:", SizeBytes: 200 << 30, UsedBytes: 90 << 30}}}}})
		j := smcemu.Job{ID: fmt.Sprintf("j-bp1bench%012d", n), Account: "1", Source: source, Region: benchRegion, Name: fmt.Sprintf("move%04d", n), Target: "Image", ImageName: fmt.Sprintf("image%04d", n), SystemDisk: 80,
			DataDisks: []smcemu.Disk{{Index: 1, SizeGiB: 200}}, Frequency: 24, Keep: 5, Created: created, Started: created, Valid: now.AddDate(0, 0, 20), Status: "Waiting", Next: now.Add(time.Duration(1+n%20) * time.Hour), Transition: fmt.Sprintf("i-bp1bench%012d", n)}
		for k := range 6 {
			at := now.Add(-time.Duration(6-k) * 25 * time.Hour)
			j.Runs = append(j.Runs, smcemu.Run{Start: at.Add(-time.Hour), End: at, ImageID: fmt.Sprintf("m-bp1bench%06d%06d", n, k), Type: "Schedule"})
		}
		if n < jobsAtWork {
			j.Status, j.Phase, j.RunType, j.RunFrom, j.Since = "Running", "Syncing", "Schedule", now, now
		}
		c.Jobs = append(c.Jobs, j)
	}
	return c
}

// watchServers waits for the first look, fails a job now and then, asks its page
// until that tells it, and counts what the service is asked meanwhile.
func watchServers(ctx context.Context, service *smcemu.Running, client *http.Client, at string) (seen []time.Duration, calls map[string]int, looked time.Duration, err error) {
	for service.ControlPort().Counts().Operations["DescribeSourceServers"].Acted < benchJobs/50 {
		if err := rest(ctx, 20*time.Millisecond); err != nil {
			return nil, nil, 0, err
		}
	}
	service.ControlPort().Reset()
	began := time.Now()
	for n := 0; time.Since(began) < serverLooks*serverPeriod; n++ {
		if err := rest(ctx, serverPeriod*3/10); err != nil { // not in step with the looks, so that every part of an interval is met
			return nil, nil, 0, err
		}
		id, failed, code := fmt.Sprintf("j-bp1bench%012d", n), "InError", "InternalError"
		service.Job(id, smcemu.JobPatch{Status: &failed, Code: &code})
		since := time.Now()
		for {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/servers/"+smcAccount+"/jobs/"+id, nil)
			if err != nil {
				return nil, nil, 0, err
			}
			page, err := fetch(client, req)
			if err != nil {
				return nil, nil, 0, err
			}
			if strings.Contains(page, code) {
				break
			}
			if time.Since(since) > time.Minute {
				return nil, nil, 0, fmt.Errorf("the page of %s does not tell its failure", id)
			}
			if err := rest(ctx, 100*time.Millisecond); err != nil {
				return nil, nil, 0, err
			}
		}
		seen = append(seen, time.Since(since))
	}
	calls = map[string]int{}
	for op, n := range service.ControlPort().Counts().Operations {
		calls[op] = n.Seen
	}
	return seen, calls, time.Since(began), nil
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
