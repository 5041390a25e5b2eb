// Command bench measures the figures that Bakplane promises and prints them as
// a table. It exits with 1 when one is not reached. Everything runs on this
// machine, against emulators on loopback, and is removed afterwards.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the table.
type figure struct {
	name     string
	limit    string // as people say it
	measured string
	ok       bool
}

// bench is one measurement of everything.
type bench struct {
	root    string // of the repository
	tmp     string // removed at the end
	binary  string // the dashboard, built from root
	samples string // folder of real backup files; empty = none here
	bytes   int64  // of the uploaded file
	kills   int    // journeys killed at random

	cutoverRuns int    // journeys with something going wrong
	kept        string // folder of the generated house; empty = a new one each time

	figures []figure
}

func (b *bench) add(name, limit string, ok bool, measured string, args ...any) {
	b.figures = append(b.figures, figure{name, limit, fmt.Sprintf(measured, args...), ok})
}

func main() {
	b := &bench{}
	flag.Int64Var(&b.bytes, "bytes", 4<<30, "size of the uploaded file")
	flag.IntVar(&b.kills, "kills", 50, "how many migrations are killed at random moments")
	flag.IntVar(&b.cutoverRuns, "cutovers", 100, "how many databases under load are cut over with something going wrong")
	flag.StringVar(&b.kept, "house", "", "keep the generated house in this folder, and use it again")
	only := flag.String("only", "inspect,verify,start,hostile,msdb,wave,catalogue,pages,servers,own,year,upload,s3,planner,retention,policies,stops,cutovers,kill", "parts to measure, comma separated")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errMissed = errors.New("not every figure is reached")

func (b *bench) run(ctx context.Context, parts []string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 75*time.Minute)
	defer cancel()
	if b.tmp, err = os.MkdirTemp("", "bakplane-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.tmp)) }()
	if err := b.build(ctx); err != nil {
		return err
	}
	// Those that measure a child's memory come before the catalogue: it is
	// counted from its parent's on, and the parent grows there.
	measures := map[string]func(context.Context) error{"inspect": b.inspect, "verify": b.verify, "start": b.start, "hostile": b.hostile, "own": b.own, "year": b.year, "catalogue": b.catalogue, "pages": b.pages, "servers": b.servers, "upload": b.upload, "s3": b.s3, "kill": b.kill,
		"cutovers": b.cutovers, "stops": b.stops, "wave": b.wave, "planner": b.planner, "policies": b.policies, "retention": b.retention, "msdb": b.msdb}
	for _, part := range parts {
		measure, known := measures[part]
		if !known {
			return fmt.Errorf("there is no part %q", part)
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "measuring %s …", part)
		if err := measure(ctx); err != nil {
			return fmt.Errorf("measure %s: %w", part, err)
		}
		fmt.Fprintf(os.Stderr, " %s\n", time.Since(began).Round(time.Second))
	}
	return b.print()
}

// build makes the binary that people would use.
func (b *bench) build(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the repository: %w", err)
	}
	b.root = strings.TrimSpace(string(out))
	b.binary = filepath.Join(b.tmp, "dashboard")
	b.samples = os.Getenv("BAKPLANE_SAMPLES")
	if b.samples == "" {
		b.samples = filepath.Join(filepath.Dir(b.root), "shared", "testdata", "bak")
	}
	if _, err := os.Stat(b.samples); err != nil {
		b.samples = ""
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", b.binary, "./cmd/dashboard")
	cmd.Dir, cmd.Stderr = b.root, os.Stderr
	return cmd.Run()
}

func (b *bench) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tLIMIT\tMEASURED\t")
	missed := false
	for _, f := range b.figures {
		word := "ok"
		if !f.ok {
			word, missed = "NOT OK", true
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.name, f.limit, f.measured, word)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missed {
		return errMissed
	}
	return nil
}
