package main

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/bakplane/bakplane/internal/servermigration"
)

const (
	benchJobs    = 1000
	jobsAtWork   = 40
	serverPoll   = 100 * time.Millisecond
	serverLooks  = 10               // intervals that are watched
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
	p, _, err := b.startProcess(ctx, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--log-level", "error", "--scans", "0", "--poll", serverPoll.String())
	if err != nil {
		return err
	}
	changed, calls, looked, err := watchServers(ctx, service)
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
	worst, err := freshness(ctx, folder, changed)
	if err != nil {
		return err
	}
	b.add("the same: a job's failure told by pages", fmt.Sprintf("within one interval (%s, and %s of slack)", serverPeriod, serverSlack), worst <= serverPeriod+serverSlack, "%s at the latest of %d", worst.Round(time.Millisecond), len(changed))
	store, err = openStore(ctx, folder)
	if err != nil {
		return err
	}
	return errors.Join(store.Servers().Watch(ctx, smcAccount, false, entry), store.RemoveAccount(ctx, smcAccount, entry), store.Close())
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

// change is a job that failed at the service, and when.
type change struct {
	job string
	at  time.Time
}

// watchServers waits for the first look, fails a job about every second interval
// and counts what is asked meanwhile.
func watchServers(ctx context.Context, service *smcemu.Running) (changed []change, calls map[string]int, looked time.Duration, err error) {
	for service.ControlPort().Counts().Operations["DescribeSourceServers"].Acted < benchJobs/50 {
		select {
		case <-ctx.Done():
			return nil, nil, 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	service.ControlPort().Reset()
	began := time.Now()
	for n := 0; time.Since(began) < serverLooks*serverPeriod; n++ {
		// Not in step with the looks, so that every part of an interval is met.
		select {
		case <-ctx.Done():
			return nil, nil, 0, ctx.Err()
		case <-time.After(serverPeriod*2 - serverPeriod*7/10):
		}
		c := change{fmt.Sprintf("j-bp1bench%012d", n), time.Now()}
		failed, code := "InError", "InternalError"
		service.Job(c.job, smcemu.JobPatch{Status: &failed, Code: &code})
		changed = append(changed, c)
	}
	select { // so that the last one is seen
	case <-ctx.Done():
		return nil, nil, 0, ctx.Err()
	case <-time.After(2 * serverPeriod):
	}
	calls = map[string]int{}
	for op, n := range service.ControlPort().Counts().Operations {
		calls[op] = n.Seen
	}
	return changed, calls, time.Since(began), nil
}

// freshness is how long it took at most until what pages read told of a change.
func freshness(ctx context.Context, folder string, changed []change) (worst time.Duration, err error) {
	store, err := openStore(ctx, folder)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, c := range changed {
		said, err := store.Servers().Happened(ctx, smcAccount, c.job, 100)
		if err != nil {
			return 0, err
		}
		at := slices.IndexFunc(said, func(h servermigration.Happened) bool { return strings.HasPrefix(h.Text.String(), "Failed.") })
		if at < 0 {
			return 0, fmt.Errorf("nothing is told of the failure of %s: %+v", c.job, said)
		}
		worst = max(worst, said[at].At.Sub(c.at)) // told with the time at which its look began
	}
	return worst, nil
}
