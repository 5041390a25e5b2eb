package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
)

// demoCmd starts the dashboard beside an emulated cloud. What it adds goes
// through the same use cases as the forms on screen.
type demoCmd struct {
	Listen string        `help:"Address to listen on." default:"127.0.0.1:8620"`
	Data   string        `help:"Folder that keeps everything; without it a temporary one is used and removed." type:"path"`
	Files  string        `help:"Folder of your own backup files to start from." type:"existingdir"`
	JSON   bool          `help:"Print one JSON line once it is ready." name:"json"`
	Poll   time.Duration `help:"Shortest pause between two looks at a cloud task." default:"500ms"`
}

// Run prints how to sign in and works until it is stopped.
func (c *demoCmd) Run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder := c.Data
	if folder == "" {
		if folder, err = os.MkdirTemp("", "bakplane-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	g, err := emulators.Start(filepath.Join(folder, "cloud"), emulators.Pace{Step: 1500 * time.Millisecond, Rate: 40 << 20, Load: 3, Size: 24 << 20, Past: 40 * 24 * time.Hour})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	a, err := app.Open(ctx, app.Config{Data: folder, Listen: c.Listen, Poll: c.Poll, Settle: 20 * time.Second, Runs: 4, Scans: 2, UploadParallel: 3, UploadLimit: 24 << 20}, newLog("warn"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	d := demo.Furnisher{App: a, Cloud: g.Addresses(), Folder: folder, Own: c.Files, Console: g.Console}
	out, err := d.Furnish(ctx)
	if err != nil {
		return err
	}
	if err := c.tell(out); err != nil {
		return err
	}
	return a.Serve(ctx)
}

func (c *demoCmd) tell(r demo.Ready) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	fmt.Printf(`Bakplane demo: an emulated cloud on this machine, nothing leaves it.

  open      %s
  sign in   %s / %s
  API       curl -H "Authorization: Bearer %s" %s/api/v1/migrations
  files     %s

Ctrl-C ends it.
`, r.URL, r.User, r.Password, r.Token, r.URL, r.Files)
	if c.Data == "" {
		fmt.Println("Everything is thrown away then; --data DIR keeps it.")
	}
	return nil
}
