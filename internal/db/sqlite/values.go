package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/bakplane/bakplane/internal/db/sqlite/packed"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// micros is how a time is stored; the zero time is 0.
func micros(t time.Time) int64 { return packed.Micros(t) }

// moment reads a stored time.
func moment(us int64) time.Time { return packed.Moment(us) }

// text marshals a value that cannot fail to marshal.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("db: " + err.Error())
	}
	return string(b)
}

// list marshals a slice; a nil one becomes [].
func list[T any](v []T) string {
	if v == nil {
		return "[]"
	}
	return text(v)
}

// parse reads stored JSON; empty text leaves v as it is.
func parse(s string, v any) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), v)
}

// told reads a sentence out of a column; it is written with Encode.
func told(t *words.Text) sql.Scanner { return toldColumn{t} }

type toldColumn struct{ to *words.Text }

func (c toldColumn) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.to = words.Text{}
	case string:
		*c.to = words.Decode(v)
	case []byte:
		*c.to = words.Decode(string(v))
	default:
		return fmt.Errorf("a sentence is stored as %T", v)
	}
	return nil
}

// stored wraps an error of the database with the operation and gives those a
// kind that somebody can act on.
func stored(what string, err error) error {
	var e *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fault.Newf(fault.NotFound, "There is no such thing (%s).", what).Because(err)
	case errors.As(err, &e):
		switch code := e.Code() & 0xff; {
		case code == lib.SQLITE_FULL:
			return fault.New(fault.Unavailable, "The disk with Bakplane's data folder is full.", "Free some space there; work goes on by itself.").Because(err)
		case code == lib.SQLITE_BUSY || code == lib.SQLITE_LOCKED:
			return fault.New(fault.Unavailable, "Bakplane's database is busy.", "Try again in a moment.").Because(err)
		case code == lib.SQLITE_IOERR || code == lib.SQLITE_CANTOPEN || code == lib.SQLITE_READONLY:
			return fault.New(fault.Unavailable, "Bakplane cannot write its database.", "Check the disk and the rights of the data folder.").Because(err)
		case code == lib.SQLITE_CONSTRAINT && strings.Contains(e.Error(), "UNIQUE"):
			return fault.Newf(fault.Conflict, "Something of that name already exists (%s).", what).WithFix("Choose another name.").Because(err)
		case code == lib.SQLITE_CONSTRAINT && strings.Contains(e.Error(), "FOREIGN KEY"):
			return fault.Newf(fault.Conflict, "Something else still needs this, or it names something that is gone (%s).", what).Because(err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}
