// Package contents is what the emulated databases hold: tables with rows, the
// changes of a log, and both as the payload of real backup files.
package contents

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

// Contents is what a database holds at one place of its log. Its JSON form is
// canonical: equal contents give equal bytes.
type Contents struct {
	LSN    bakfile.LSN     `json:"lsn"` // of the next record: what lies before it is in
	Tables []TableContents `json:"tables"`
}

// TableContents is a table; rows stand by ascending ID.
type TableContents struct {
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Next    int64    `json:"next"` // ID of the next row
	Rows    []Row    `json:"rows"`
}

// Row has an identity of its own beside its values, which are text; nil is
// NULL.
type Row struct {
	ID     int64     `json:"id"`
	Values []*string `json:"values"`
}

// Change is one log record with content.
type Change struct {
	LSN     bakfile.LSN `json:"lsn"`
	At      time.Time   `json:"at"`
	Kind    ChangeKind  `json:"kind"`
	Table   string      `json:"table"` // schema.name
	ID      int64       `json:"id,omitempty"`
	Values  []*string   `json:"values,omitempty"`
	Columns []Column    `json:"columns,omitempty"`
}

// ChangeKind says what a record does.
type ChangeKind string

const (
	PutRow      ChangeKind = "put" // insert or replace
	DeleteRow   ChangeKind = "delete"
	CreateTable ChangeKind = "create"
	DropTable   ChangeKind = "drop"
)

// Payload is what a backup set carries: contents in a full or differential
// one, changes in a log.
type Payload struct {
	// Contained, and the kinds (FD or FX) of filegroups by name, are of full
	// backups, whose headers here have no place for them.
	Contained bool              `json:"contained,omitempty"`
	Spaces    map[string]string `json:"spaces,omitempty"`
	// Access is who may use the database, such as RESTRICTED_USER, at the end
	// of the backup.
	Access string `json:"access,omitempty"`
	// CDC says that change data capture is on at the end of the backup.
	CDC bool `json:"cdc,omitempty"`
	// Began is when a log begins: its predecessor was taken then.
	Began time.Time `json:"began,omitzero"`
	// Tracking says the same of change tracking.
	Tracking bool `json:"tracking,omitempty"`

	Contents *Contents `json:"contents,omitempty"`
	Changes  []Change  `json:"changes,omitempty"`
}

const (
	payloadWord  = "EMULATED"
	payloadFrame = 16
	maxPayload   = 1 << 30 // bytes of JSON
)

// Encode gives the bytes in a backup set.
func (p Payload) Encode() ([]byte, error) {
	var out bytes.Buffer
	out.Write(make([]byte, payloadFrame))
	z := gzip.NewWriter(&out)
	if err := json.NewEncoder(z).Encode(p); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	b := out.Bytes()
	copy(b, payloadWord)
	binary.LittleEndian.PutUint64(b[8:], uint64(len(b)-payloadFrame))
	return b, nil
}

// Carry is what a backup file carries of contents in JSON. It fits the
// Payload hook of the emulated ApsaraDB.
func Carry(contents json.RawMessage) ([]byte, error) {
	var c Contents
	if err := json.Unmarshal(contents, &c); err != nil {
		return nil, fmt.Errorf("read contents: %w", err)
	}
	return Payload{Contents: &c}.Encode()
}

// ErrNone: the set was not written by this emulator.
var ErrNone = errors.New("the backup set carries no contents of an emulated database")

// Read reads what a backup set of a file carries; ErrNone when it is of a real
// server.
func Read(r io.ReaderAt, position int) (p Payload, err error) {
	stream, err := mtf.Payload(r, position)
	if err != nil {
		return p, err
	}
	head := make([]byte, payloadFrame)
	if _, err := io.ReadFull(stream, head); err != nil || string(head[:8]) != payloadWord {
		return p, ErrNone
	}
	z, err := gzip.NewReader(io.LimitReader(stream, int64(binary.LittleEndian.Uint64(head[8:]))))
	if err != nil {
		return p, fmt.Errorf("read contents: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(z, maxPayload)).Decode(&p); err != nil {
		return p, fmt.Errorf("read contents: %w", err)
	}
	return p, nil
}

// Apply restores the first backup set of a file: a full or differential one
// replaces what was there before, a log is rolled forward on it. It judges no
// chain; records that are already in are passed over. A file that carries no
// contents leaves them as they are. The result is a Contents in JSON. It fits
// the Contents hook of the emulated ApsaraDB.
func Apply(previous json.RawMessage, file *bakfile.File, r io.ReaderAt) (json.RawMessage, error) {
	p, err := Read(r, 1)
	if errors.Is(err, ErrNone) || errors.Is(err, mtf.ErrNoPayload) {
		return previous, nil
	}
	if err != nil || len(file.Sets) == 0 {
		return nil, err
	}
	if p.Contents == nil {
		var before Contents
		if len(previous) == 0 {
			return previous, nil
		}
		if err := json.Unmarshal(previous, &before); err != nil {
			return nil, fmt.Errorf("read previous contents: %w", err)
		}
		t := TablesOf(&before)
		at := before.LSN
		for _, c := range p.Changes {
			if c.LSN.Compare(at) >= 0 {
				t.Apply(c)
			}
		}
		if last := file.Sets[0].LastLSN; last.Compare(at) > 0 {
			at = last
		}
		p.Contents = t.Contents(at)
	}
	return json.Marshal(p.Contents)
}

// TableSum is the canonical checksum of a table.
type TableSum struct {
	Rows     int    `json:"rows"`
	Checksum string `json:"checksum"` // SHA-256 over names, types and rows
}

// Sums gives the checksums of all tables of a Contents in JSON, by
// schema.name.
func Sums(contents json.RawMessage) (map[string]TableSum, error) {
	var c Contents
	if err := json.Unmarshal(contents, &c); err != nil {
		return nil, fmt.Errorf("read contents: %w", err)
	}
	return c.Sums(), nil
}

// Sums gives the checksums of all tables, by schema.name.
func (c *Contents) Sums() map[string]TableSum {
	out := map[string]TableSum{}
	for _, t := range c.Tables {
		h := sha256.New()
		enc := json.NewEncoder(h)
		_ = enc.Encode(t.Columns)
		for _, r := range t.Rows {
			_ = enc.Encode(r)
		}
		out[t.Schema+"."+t.Name] = TableSum{len(t.Rows), hex.EncodeToString(h.Sum(nil))}
	}
	return out
}

// Tables are the tables of a database by their name in lower case.
type Tables map[string]*Table

// Table is one, with what sys.dm_db_index_usage_stats counts.
type Table struct {
	ID           int
	Schema, Name string
	Columns      []Column
	Next         int64               // ID of the next row
	Rows         map[int64][]*string // values are never changed in place

	Made    time.Time // zero = with the database
	Updates int64     // statements that changed rows since the server started
	Updated time.Time // when the last of them did
}

// Column is a column; Type is as in CREATE TABLE: int, nvarchar(50).
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Null bool   `json:"null,omitempty"`
	// Computed is what makes the values of a computed column, GETDATE() or
	// DB_NAME(); empty = it is stored.
	Computed string `json:"computed,omitempty"`
	// Hidden columns, such as the period columns of a temporal table, take no
	// part in *.
	Hidden bool `json:"hidden,omitempty"`
}

// Compute fills the computed columns of a row.
func (t *Table) Compute(row []any, now time.Time, database string) {
	for i, c := range t.Columns {
		switch c.Computed {
		case "GETDATE()":
			row[i] = now.Format("2006-01-02T15:04:05.0000000")
		case "DB_NAME()":
			row[i] = database
		}
	}
}

// FullName is schema.name.
func (t *Table) FullName() string { return t.Schema + "." + t.Name }

// TablesOf gives the tables of contents that nobody else changes.
func TablesOf(c *Contents) Tables {
	out := Tables{}
	for i, t := range c.Tables {
		n := &Table{ID: objectID(i), Schema: t.Schema, Name: t.Name, Columns: t.Columns, Next: t.Next, Rows: make(map[int64][]*string, len(t.Rows))}
		for _, r := range t.Rows {
			n.Rows[r.ID] = r.Values
		}
		out[strings.ToLower(n.FullName())] = n
	}
	return out
}

func objectID(n int) int { return 245575913 + 16*n }

// Apply does a change.
func (ts Tables) Apply(c Change) {
	key := strings.ToLower(c.Table)
	t := ts[key]
	switch {
	case c.Kind == CreateTable:
		schema, name, _ := strings.Cut(c.Table, ".")
		most := objectID(-1)
		for _, o := range ts {
			most = max(most, o.ID)
		}
		ts[key] = &Table{ID: most + 16, Schema: schema, Name: name, Columns: c.Columns, Next: 1, Rows: map[int64][]*string{}, Made: c.At}
	case t == nil:
	case c.Kind == DropTable:
		delete(ts, key)
	case c.Kind == PutRow:
		t.Rows[c.ID] = c.Values
		t.Next = max(t.Next, c.ID+1)
	case c.Kind == DeleteRow:
		delete(t.Rows, c.ID)
	}
}

// Contents is a copy that later changes do not touch.
func (ts Tables) Contents(at bakfile.LSN) *Contents {
	c := &Contents{LSN: at, Tables: []TableContents{}}
	for _, t := range ts.Sorted() {
		n := TableContents{Schema: t.Schema, Name: t.Name, Columns: t.Columns, Next: t.Next, Rows: make([]Row, 0, len(t.Rows))}
		for _, id := range t.IDs() {
			n.Rows = append(n.Rows, Row{id, t.Rows[id]})
		}
		c.Tables = append(c.Tables, n)
	}
	return c
}

// Sorted gives the tables in the order of their making.
func (ts Tables) Sorted() []*Table {
	out := make([]*Table, 0, len(ts))
	for _, t := range ts {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Table) int { return a.ID - b.ID })
	return out
}

// IDs are those of the rows, ascending.
func (t *Table) IDs() []int64 {
	ids := make([]int64, 0, len(t.Rows))
	for id := range t.Rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Touched counts a statement that changes rows of a table, as
// sys.dm_db_index_usage_stats does: once however many rows it meets, none
// included. The lock is held.
func (t *Table) Touched(at time.Time) { t.Updates, t.Updated = t.Updates+1, at }
