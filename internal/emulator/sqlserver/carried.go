package sqlserveremu

import (
	"encoding/json"
	"io"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/spec"
)

// The contents of databases and what there is from the start (packages contents
// and spec), as those name them who start a server.
type (
	Contents      = contents.Contents
	TableContents = contents.TableContents
	Row           = contents.Row
	Change        = contents.Change
	TableSum      = contents.TableSum
	ColumnSpec    = contents.Column
	Config        = spec.Config
	Disk          = spec.Disk
	Heard         = spec.Heard
	DatabasePatch = spec.DatabasePatch
	LoginPatch    = spec.LoginPatch
	Login         = spec.Login
	DatabaseSpec  = spec.Database
	Container     = spec.Container
	TableSpec     = spec.Table
)

// Payload is contents.Carry.
func Payload(c json.RawMessage) ([]byte, error) { return contents.Carry(c) }

// Apply is contents.Apply.
func Apply(previous json.RawMessage, file *bakfile.File, r io.ReaderAt) (json.RawMessage, error) {
	return contents.Apply(previous, file, r)
}

// Sums is contents.Sums.
func Sums(c json.RawMessage) (map[string]TableSum, error) { return contents.Sums(c) }
