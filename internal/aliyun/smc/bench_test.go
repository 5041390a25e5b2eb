package smc

import (
	"strconv"
	"testing"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
)

// BenchmarkJobs looks at fifty jobs with six runs each, over the wire.
func BenchmarkJobs(b *testing.B) {
	c := smcemu.Config{Accounts: []smcemu.Account{{ID: "1", Keys: []acs.Key{{ID: "LTAI", Secret: "sesame"}}}}}
	for n := range 50 {
		c.Jobs = append(c.Jobs, smcemu.Job{ID: "j-" + strconv.Itoa(n), Account: "1", Region: region, Status: "Finished", Runs: make([]smcemu.Run, 6)})
	}
	run, err := smcemu.Start(c)
	if err != nil {
		b.Fatal(err)
	}
	defer run.Close()
	center, err := New(Config{SMC: run.URL, AccessKeyID: "LTAI", Secret: "sesame"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if all, err := center.Jobs(b.Context()); err != nil || len(all) != 50 {
			b.Fatal(len(all), err)
		}
	}
}
