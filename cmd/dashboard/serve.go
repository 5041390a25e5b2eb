package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/bakplane/bakplane/internal/app"
)

type serveCmd struct {
	app.Config
}

// Run serves until it is stopped.
func (c *serveCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a, err := app.Open(ctx, c.Config, newLog(c.LogLevel))
	if err != nil {
		return err
	}
	fmt.Printf("Bakplane is at %s\n", a.URL())
	return errors.Join(a.Serve(ctx), a.Close())
}
