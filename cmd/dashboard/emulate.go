package main

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/emulators"
)

// emulateCmd runs the emulated cloud alone, for trying Bakplane's forms and
// for tests that let the cloud outlive the dashboard.
type emulateCmd struct {
	Data string        `help:"Folder for the emulators' state." required:"" type:"path"`
	Step time.Duration `help:"How long a stage of a task lasts." default:"300ms"`
	Rate int64         `help:"Bytes per second at which files are fetched; 0 = unbounded." default:"0"`
}

// Run prints one JSON line with the addresses and works until it is stopped.
func (c *emulateCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	g, err := emulators.Start(c.Data, emulators.Pace{Step: c.Step, Rate: c.Rate})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(g.Addresses()); err != nil {
		return err
	}
	<-ctx.Done()
	return g.Close()
}
