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
	log := newLog(c.LogLevel)
	a, err := app.Open(ctx, c.Config, log)
	if err != nil {
		return err
	}
	fmt.Printf("Bakplane is at %s\n", a.URL())
	if code := a.SetUpCode(); !code.Empty() {
		fmt.Printf("First start: open it and give the set-up code %s\n", code.Reveal())
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	go func() {
		for range again {
			if err := a.Reload(); err != nil {
				log.Error("read the certificate anew; the one before stays in use", "err", err)
			} else {
				log.Info("asked to read the certificate anew")
			}
		}
	}()
	return errors.Join(a.Serve(ctx), a.Close())
}
