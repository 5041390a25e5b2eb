package sqlserveremu

import (
	"encoding/json"
	"io"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
)

// The contents of databases (package contents), as those name them who start a
// server.
type (
	Contents      = contents.Contents
	TableContents = contents.TableContents
	Row           = contents.Row
	Change        = contents.Change
	TableSum      = contents.TableSum
	ColumnSpec    = contents.Column
)

// Payload is contents.Carry.
func Payload(c json.RawMessage) ([]byte, error) { return contents.Carry(c) }

// Apply is contents.Apply.
func Apply(previous json.RawMessage, file *bakfile.File, r io.ReaderAt) (json.RawMessage, error) {
	return contents.Apply(previous, file, r)
}

// Sums is contents.Sums.
func Sums(c json.RawMessage) (map[string]TableSum, error) { return contents.Sums(c) }
