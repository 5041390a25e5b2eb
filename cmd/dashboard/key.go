package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
)

type keyCmd struct {
	Rotate keyRotateCmd `cmd:"" help:"Seal the stored credentials anew with another key."`
}

type keyRotateCmd struct {
	Data string `help:"Bakplane's data folder; the dashboard must not be at work on it." required:"" type:"existingdir" env:"BAKPLANE_DATA"`
}

// Run changes the key of a data folder. It may be killed at any moment: the next
// start finds out which of the two keys opens the database.
func (c *keyRotateCmd) Run() error {
	return withFolder(c.Data, func(ctx context.Context, d *sqlite.DB) error {
		if err := d.Rotate(ctx, c.Data, audit.New(commandLine(), time.Now(), "key.rotate", "key/", "Changed the key of the data folder.")); err != nil {
			return err
		}
		fmt.Println("The key is another now. Backups from before need the key that was kept with them; whoever had the old one could read the credentials: change those at their places, too.")
		return nil
	})
}
