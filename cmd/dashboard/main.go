// Command dashboard is Bakplane: one binary that looks after backups of SQL
// Server databases and takes databases to the cloud from backup files.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	_ "time/tzdata" // policies name zones, and not every machine knows them

	"github.com/alecthomas/kong"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/fault"
)

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the dashboard."`
	Demo    demoCmd    `cmd:"" help:"Run the dashboard with an emulated cloud on this machine and a migration at work."`
	Inspect InspectCmd `cmd:"" help:"Tell what backup files really are."`
	Verify  VerifyCmd  `cmd:"" help:"Read backup files whole and tell whether every page is as it was written."`
	Plan    PlanCmd    `cmd:"" help:"Tell in which order backups restore a database, what is left out and what is missing."`
	Script  ScriptCmd  `cmd:"" help:"Write the T-SQL that takes backups at a server which the dashboard cannot reach."`
	Audit   auditCmd   `cmd:"" help:"Check the audit trail."`
	Key     keyCmd     `cmd:"" help:"The key of a data folder."`
	Person  personCmd  `cmd:"" help:"People who sign in."`
	Backup  backupCmd  `cmd:"" help:"Take a copy of the data folder, also while the dashboard is at work on it."`
	Restore restoreCmd `cmd:"" help:"Make a data folder from a copy."`
	Emulate emulateCmd `cmd:"" help:"Run the emulated cloud alone, on loopback."`
	Health  healthCmd  `cmd:"" help:"Ask the dashboard on this machine whether it works."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

func main() {
	var c cli
	ctx := kong.Parse(&c, kong.Name("dashboard"), kong.Description("Backups of SQL Server databases, and the way of databases to the cloud."), kong.UsageOnError())
	if err := ctx.Run(); err != nil {
		os.Exit(say(err))
	}
}

// exit is an error that only carries an exit code; what is wrong was printed.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// say prints an error for a person and returns the exit code.
func say(err error) int {
	var code exit
	if errors.As(err, &code) {
		return int(code)
	}
	var f *fault.Error
	if errors.As(err, &f) {
		message, fix := fault.Words(f)
		sayLine(os.Stderr, "%s", message)
		if fix != "" {
			sayLine(os.Stderr, "%s", fix)
		}
		return 1
	}
	sayLine(os.Stderr, "%s", err)
	return 1
}

type versionCmd struct{}

// Run prints the version the binary was built from.
func (versionCmd) Run() error {
	fmt.Println(app.Version())
	return nil
}

func newLog(level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // kong let only known levels through
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}
