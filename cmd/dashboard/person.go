package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

type personCmd struct {
	Reset resetPasswordCmd `cmd:"" name:"reset-password" help:"Give somebody a new password, also while the dashboard is at work."`
}

type resetPasswordCmd struct {
	Name string `arg:"" help:"Who signs in with it."`
	Data string `help:"Bakplane's data folder." required:"" type:"existingdir" env:"BAKPLANE_DATA"`
}

// Run prints the new password this once. The person's sessions end.
func (c *resetPasswordCmd) Run() (err error) {
	ctx := context.Background()
	keys, err := sqlite.Keys(ctx, c.Data)
	if err != nil {
		return err
	}
	d, err := sqlite.Beside(ctx, c.Data, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	defer d.Close()
	p, err := d.PersonNamed(ctx, c.Name)
	if err != nil {
		return err
	}
	password := secret.NewText(strings.ToLower(rand.Text()[:20]))
	e := audit.New(commandLine(), time.Now(), "person.password", "person/"+p.ID, "Gave "+p.Name+" a new password.")
	if err := d.SetPassword(ctx, p.ID, person.HashPassword(password), e); err != nil {
		return err
	}
	fmt.Printf("The password of %s is now %s\nChange it under Settings after the next sign-in.\n", p.Name, password.Reveal())
	return nil
}
