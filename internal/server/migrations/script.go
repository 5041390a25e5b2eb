package migrations

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/sourcescript"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// scriptRequestOf reads the form. A list that cannot be read is told with the
// rest of the request, so that the form can be shown again.
func scriptRequestOf(c echo.Context) (drafting.ScriptRequest, error) {
	get := c.QueryParam
	names, err := sourcescript.ParseNames(get("databases"))
	return drafting.ScriptRequest{Databases: names, Kind: server.FirstOf(get("kind"), string(sourcescript.Full)), Folder: get("folder"), Run: get("run") != "",
		Compress: get("compress") != "", CopyOnly: get("copy_only") != "", Instance: get("instance"), Version: get("version")}, err
}

// scriptPage asks what the script shall do, and shows it once that was said.
func (s *Pages) scriptPage(c echo.Context) (server.View, error) {
	w, err := scriptRequestOf(c)
	asked := c.QueryParam("kind") != ""
	if !asked { // nothing was chosen yet
		w.Compress = true
	}
	v := views.Script{From: fromTabs("script")}
	var made sourcescript.Script
	refused := err
	if asked && refused == nil {
		made, refused = s.Drafting.Script(c.Request().Context(), w)
	}
	if refused != nil && fault.Of(refused) == fault.Unknown {
		return server.View{}, refused
	}
	if v.Form, err = s.scriptForm(c, w, refused); err != nil {
		return server.View{}, err
	}
	out := server.View{Title: "Get the script", Section: "migrations"}
	switch {
	case refused != nil:
		out.Status = server.StatusOf(refused)
	case asked:
		v.Text, v.Name, v.Next, v.Download = made.Text, made.Name, made.Next, "/migrations/new/script/file?"+scriptValues(w).Encode()
	}
	out.Page = func(f kit.Frame) templ.Component { return views.ScriptPage(f, v) }
	return out, nil
}

// scriptFile is the script as a file to keep.
func (s *Pages) scriptFile(c echo.Context) error {
	w, err := scriptRequestOf(c)
	if err != nil {
		return err
	}
	made, err := s.Drafting.Script(c.Request().Context(), w)
	if err != nil {
		return err
	}
	// The name is made of letters, digits, hyphens and a dot.
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+made.Name+`"`)
	return c.Blob(http.StatusOK, "application/sql; charset=utf-8", made.File())
}

// scriptForm is the form with what was typed.
func (s *Pages) scriptForm(c echo.Context, w drafting.ScriptRequest, refused error) (kit.Form, error) {
	targets, err := s.Drafting.Targets(c.Request().Context())
	if err != nil {
		return kit.Form{}, err
	}
	target := targetField(targets, w.Instance)
	target.Label, target.Optional, target.Hint = "Where the databases go", true, "What it does not take, such as FILESTREAM or an encrypted database, is told before a backup is taken."
	target.Options = slices.Insert(target.Options, 0, kit.Option{Value: "", Label: "Not decided yet"})
	version := kit.Field{Name: "version", Label: "Its version", Type: "select", Optional: true, Value: w.Version, Options: []kit.Option{{Value: "", Label: "Not known"}}}
	for _, name := range sourcescript.Versions() {
		version.Options = append(version.Options, kit.Option{Value: name, Label: "SQL Server " + name})
	}
	run := []kit.Option{{Value: "", Label: "Check only", Hint: "Says what stands against each backup and what would be run. Set @run = 1 at the top of the script to take them."}, {Value: "1", Label: "Check, then take the backups", Hint: "What the checks stop is left out; the others go on."}}
	return kit.Form{Action: "/migrations/new/script", Method: "get", Submit: "Get the script", Problem: server.ProblemOf(refused), Fields: []kit.Field{
		{Name: "databases", Label: "Databases", Type: "area", Value: c.QueryParam("databases"), Optional: true, Mono: true, Placeholder: "orders; stock", Hint: "Separated by ; or , or lines. A name that holds one of them stands in brackets: [a;b]. Empty: all user databases of the server."},
		{Name: "kind", Label: "What is taken", Type: "choices", Value: w.Kind, Options: []kit.Option{
			{Value: string(sourcescript.Full), Label: "Full backups", Hint: "The beginning of a migration."},
			{Value: string(sourcescript.Diff), Label: "Differential backups", Hint: "What changed since the last full backup that is not copy-only."},
			{Value: string(sourcescript.Log), Label: "Log backups", Hint: "Everything since the last log backup, whoever took it."}}},
		{Name: "folder", Label: "Folder at the server", Value: w.Folder, Mono: true, Placeholder: `D:\backup`, Hint: "As the server sees it: a drive, a share or a path of Linux. It is made when it is missing."},
		{Name: "run", Label: "Check or take", Type: "choices", Value: server.Flag(w.Run), Options: run},
		target, version,
		{Name: "compress", Label: "Compression", Type: "select", Optional: true, Value: server.Flag(w.Compress), Options: []kit.Option{{Value: "1", Label: "Compress where the edition can: less to upload"}, {Value: "", Label: "Do not compress"}}},
		{Name: "copy_only", Label: "Other backup jobs", Type: "select", Optional: true, Value: server.Flag(w.CopyOnly), Options: []kit.Option{{Value: "", Label: "The full backup is a base: differentials can follow"}, {Value: "1", Label: "Copy-only: the full backup leaves others' differentials alone"}}},
	}}, nil
}

// scriptValues are the fields that are set, for the address of the file.
func scriptValues(w drafting.ScriptRequest) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"databases": sourcescript.FormatNames(w.Databases), "kind": w.Kind, "folder": strings.TrimSpace(w.Folder), "run": server.Flag(w.Run),
		"compress": server.Flag(w.Compress), "copy_only": server.Flag(w.CopyOnly), "instance": w.Instance, "version": w.Version} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}
