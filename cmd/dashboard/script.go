package main

import (
	"fmt"
	"io"
	"os"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/sourcescript"
)

// ScriptCmd writes the T-SQL that a person runs at a server which the dashboard
// cannot reach: it checks, takes backups one after the other, and says what to
// upload. Nothing is asked of any server here.
//
// The script goes to the standard output and what to do with it to the standard
// error; with --out it goes into a new file, as clients of Windows read it.
type ScriptCmd struct {
	Databases string `name:"databases" placeholder:"NAMES" help:"Databases, separated by ; or , with a name that holds one of them in brackets: 'orders; [a;b]'. Without it all user databases of the server."`
	Kind      string `name:"kind" enum:"full,diff,log" default:"full" help:"What is taken: full, diff or log."`
	Folder    string `name:"folder" required:"" placeholder:"FOLDER" help:"Where the backups go, as the server sees it; made when missing."`
	Take      bool   `name:"run" help:"Take the backups; without it the script only checks."`
	Compress  bool   `name:"compress" default:"true" negatable:"" help:"Compress where the edition can."`
	CopyOnly  bool   `name:"copy-only" help:"Take full backups that leave others' differentials alone and are no base themselves."`
	Target    string `name:"target" placeholder:"KIND" help:"Kind of the target, whose rules are kept, such as selfmanaged; without it the target is not known."`
	Version   string `name:"target-version" placeholder:"YEAR" help:"SQL Server of the target, such as 2019, so that a newer source is told in time."`
	Out       string `name:"out" type:"path" placeholder:"FILE.sql" help:"Write a new file instead of printing."`
}

// Run prints to the standard output.
func (c *ScriptCmd) Run() error { return c.print(os.Stdout, os.Stderr) }

func (c *ScriptCmd) print(out, errs io.Writer) error {
	made, err := c.script()
	if err != nil {
		return err
	}
	if c.Out == "" {
		if _, err := io.WriteString(out, made.Text); err != nil {
			return err
		}
	} else if err := keep(c.Out, made.File()); err != nil {
		return err
	}
	for i, step := range made.Next {
		fmt.Fprintf(errs, "%d. %s\n", i+1, step)
	}
	return nil
}

func (c *ScriptCmd) script() (sourcescript.Script, error) {
	r := sourcescript.Request{Kind: sourcescript.Kind(c.Kind), Folder: c.Folder, Run: c.Take, Compress: c.Compress, CopyOnly: c.CopyOnly}
	var err error
	if r.Databases, err = sourcescript.ParseNames(c.Databases); err != nil {
		return sourcescript.Script{}, err
	}
	if r.Target.Major, err = sourcescript.ParseVersion(c.Version); err != nil {
		return sourcescript.Script{}, err
	}
	if c.Target != "" {
		spec, err := app.Specs().Instance(endpoint.InstanceKind(c.Target))
		if err != nil {
			return sourcescript.Script{}, err
		}
		r.Target.Label, r.Target.Traits = "the "+spec.Word+" instance", &spec.Traits
	}
	return sourcescript.New(r)
}

// keep writes a file that is not there yet: what somebody has changed by hand
// stays.
func keep(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return fault.New(fault.Conflict, "The file is there already.", "Give --out another name, or remove the file.").Because(err)
	}
	if err == nil {
		_, err = f.Write(text)
		if closed := f.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return fault.New(fault.Invalid, "The file cannot be written.", "Check the path given to --out and the rights on its folder.").Because(err)
	}
	return nil
}
