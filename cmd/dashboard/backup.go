package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/ownbackup"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

type backupCmd struct {
	Data       string `help:"Bakplane's data folder." required:"" type:"existingdir" env:"BAKPLANE_DATA"`
	To         string `help:"Where the copy goes: a folder, a new file, or bucket:NAME or bucket:NAME/PREFIX for a bucket that the dashboard knows." required:""`
	Passphrase string `help:"File with the passphrase that seals the key; the variable BAKPLANE_BACKUP_PASSPHRASE holds the passphrase itself." name:"passphrase-file" type:"existingfile" optional:""`
	Keep       int    `help:"Remove the oldest copies there beyond so many; 0 = remove none." default:"0"`
}

// Run takes a copy and prints its three files.
func (c *backupCmd) Run() error {
	ctx := context.Background()
	passphrase, err := app.Passphrase(c.Passphrase)
	if err != nil {
		return err
	}
	if err := ownbackup.CheckPassphrase(passphrase); err != nil {
		return err
	}
	keys, err := sqlite.Keys(ctx, c.Data)
	if err != nil {
		return err
	}
	d, err := sqlite.Beside(ctx, c.Data, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	defer d.Close()
	p, err := app.FindOwnPlace(ctx, d, app.NewPorts(d, c.Data), c.To)
	if err != nil {
		return err
	}
	taken, err := p.Take(ctx, d, ownbackup.Taker{Source: d, Folder: c.Data, Passphrase: passphrase, Version: app.Version(), Now: time.Now}, commandLine())
	if err != nil {
		return err
	}
	fmt.Printf("%s (%s, %d audit entries), %s and %s.json\n", taken.Name, words.Bytes(taken.Bytes), taken.Entries, taken.Key, taken.Name)
	if c.Keep > 0 && p.Name == "" {
		gone, err := ownbackup.Prune(ctx, p.Bucket, p.Prefix, c.Keep)
		for _, name := range gone {
			fmt.Printf("removed %s\n", name)
		}
		return err
	}
	return nil
}

type restoreCmd struct {
	Copy       string `arg:"" help:"File of the copied database, with its .key.age and .json beside it." type:"existingfile"`
	Data       string `help:"Folder to make; it must not hold a database or a key." required:"" type:"path" env:"BAKPLANE_DATA"`
	Passphrase string `help:"File with the passphrase that opens the key; the variable BAKPLANE_BACKUP_PASSPHRASE holds the passphrase itself." name:"passphrase-file" type:"existingfile" optional:""`
}

// Run makes the data folder and says what stands in it.
func (c *restoreCmd) Run() error {
	ctx := context.Background()
	passphrase, err := app.Passphrase(c.Passphrase)
	if err != nil {
		return err
	}
	from := strings.TrimSuffix(strings.TrimSuffix(c.Copy, ".json"), ".key.age")
	taken, err := ownbackup.Restore(ctx, from, c.Data, passphrase, sqlite.CheckCopy)
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	err = withFolder(c.Data, func(ctx context.Context, d *sqlite.DB) error {
		return d.Restored(ctx, audit.New(commandLine(), time.Now(), "house.restore", "house/", fmt.Sprintf("Made this data folder on %s from the copy %s, taken %s.", host, filepath.Base(from), taken.Taken.Format(time.RFC3339))).With(nil, taken))
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s is as it was %s. Start the dashboard with --data %s.\nWhat happened since is not in it: runs that were at work then look first what was done, and policies take what is due now.\n", c.Data, taken.Taken.Format("2006-01-02 15:04:05 UTC"), c.Data)
	return nil
}
