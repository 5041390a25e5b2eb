package sqlserveremu

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
	Schema  string       `json:"schema"`
	Name    string       `json:"name"`
	Columns []ColumnSpec `json:"columns"`
	Next    int64        `json:"next"` // ID of the next row
	Rows    []Row        `json:"rows"`
}

// Row has an identity of its own beside its values, which are text; nil is
// NULL.
type Row struct {
	ID     int64     `json:"id"`
	Values []*string `json:"values"`
}

// Change is one log record with content.
type Change struct {
	LSN     bakfile.LSN  `json:"lsn"`
	At      time.Time    `json:"at"`
	Kind    ChangeKind   `json:"kind"`
	Table   string       `json:"table"` // schema.name
	ID      int64        `json:"id,omitempty"`
	Values  []*string    `json:"values,omitempty"`
	Columns []ColumnSpec `json:"columns,omitempty"`
}

// ChangeKind says what a record does.
type ChangeKind string

const (
	PutRow      ChangeKind = "put" // insert or replace
	DeleteRow   ChangeKind = "delete"
	CreateTable ChangeKind = "create"
	DropTable   ChangeKind = "drop"
)

// payload is what a backup set carries: contents in a full or differential
// one, changes in a log.
type payload struct {
	Contents *Contents `json:"contents,omitempty"`
	Changes  []Change  `json:"changes,omitempty"`
}

const (
	payloadWord  = "EMULATED"
	payloadFrame = 16
	maxPayload   = 1 << 30 // bytes of JSON
)

func (p payload) encode() ([]byte, error) {
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

// Payload is what a backup file carries of contents in JSON. It fits the
// Payload hook of the emulated ApsaraDB.
func Payload(contents json.RawMessage) ([]byte, error) {
	var c Contents
	if err := json.Unmarshal(contents, &c); err != nil {
		return nil, fmt.Errorf("read contents: %w", err)
	}
	return payload{Contents: &c}.encode()
}

// errNoContents: the set was not written by this emulator.
var errNoContents = errors.New("the backup set carries no contents of an emulated database")

func readPayload(r io.ReaderAt, position int) (p payload, err error) {
	stream, err := mtf.Payload(r, position)
	if err != nil {
		return p, err
	}
	head := make([]byte, payloadFrame)
	if _, err := io.ReadFull(stream, head); err != nil || string(head[:8]) != payloadWord {
		return p, errNoContents
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
	p, err := readPayload(r, 1)
	if errors.Is(err, errNoContents) || errors.Is(err, mtf.ErrNoPayload) {
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
		t := tablesOf(&before)
		at := before.LSN
		for _, c := range p.Changes {
			if c.LSN.Compare(at) >= 0 {
				t.apply(c)
			}
		}
		if last := file.Sets[0].LastLSN; last.Compare(at) > 0 {
			at = last
		}
		p.Contents = t.contents(at)
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

// tables are the tables of a database by their name in lower case.
type tables map[string]*table

type table struct {
	id           int
	schema, name string
	columns      []ColumnSpec
	next         int64
	rows         map[int64][]*string // values are never changed in place

	made    time.Time // zero = with the database
	updates int64     // statements that changed rows since the server started
	updated time.Time // when the last of them did
}

func (t *table) fullName() string { return t.schema + "." + t.name }

func tablesOf(c *Contents) tables {
	out := tables{}
	for i, t := range c.Tables {
		n := &table{id: objectID(i), schema: t.Schema, name: t.Name, columns: t.Columns, next: t.Next, rows: make(map[int64][]*string, len(t.Rows))}
		for _, r := range t.Rows {
			n.rows[r.ID] = r.Values
		}
		out[strings.ToLower(n.fullName())] = n
	}
	return out
}

func objectID(n int) int { return 245575913 + 16*n }

func (ts tables) apply(c Change) {
	key := strings.ToLower(c.Table)
	t := ts[key]
	switch {
	case c.Kind == CreateTable:
		schema, name, _ := strings.Cut(c.Table, ".")
		most := objectID(-1)
		for _, o := range ts {
			most = max(most, o.id)
		}
		ts[key] = &table{id: most + 16, schema: schema, name: name, columns: c.Columns, next: 1, rows: map[int64][]*string{}, made: c.At}
	case t == nil:
	case c.Kind == DropTable:
		delete(ts, key)
	case c.Kind == PutRow:
		t.rows[c.ID] = c.Values
		t.next = max(t.next, c.ID+1)
	case c.Kind == DeleteRow:
		delete(t.rows, c.ID)
	}
}

// contents is a copy that later changes do not touch.
func (ts tables) contents(at bakfile.LSN) *Contents {
	c := &Contents{LSN: at, Tables: []TableContents{}}
	for _, t := range ts.sorted() {
		n := TableContents{Schema: t.schema, Name: t.name, Columns: t.columns, Next: t.next, Rows: make([]Row, 0, len(t.rows))}
		for _, id := range t.ids() {
			n.Rows = append(n.Rows, Row{id, t.rows[id]})
		}
		c.Tables = append(c.Tables, n)
	}
	return c
}

// sorted gives the tables in the order of their making.
func (ts tables) sorted() []*table {
	out := make([]*table, 0, len(ts))
	for _, t := range ts {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *table) int { return a.id - b.id })
	return out
}

func (t *table) ids() []int64 {
	ids := make([]int64, 0, len(t.rows))
	for id := range t.rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
