package order

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Restore is a RESTORE with its variables replaced.
type Restore struct {
	Log        bool
	Database   string
	Paths      []string
	Position   int    // FILE = n; zero = not given
	NoRecovery bool   // STANDBY too
	Standby    string // path of the undo file
	Replace    bool
	Restricted bool // RESTRICTED_USER
	KeepCDC    bool // KEEP_CDC
	Checksum   bool
	Moves      map[string]string // by logical name in lower case
	StopAt     *time.Time
	Stats      int
	Password   string // of the media
	History    bool   // LOADHISTORY
}

// ForRestore reads the order of a RESTORE of any kind.
func ForRestore(r *tsql.Restore, constant Constant) (o Restore, err error) {
	text := func(x tsql.Expr) string {
		v, e := constant(x)
		if e != nil && err == nil {
			err = e
		}
		return value.Text(v)
	}
	o.Log = r.Kind == "LOG"
	if r.Database != nil {
		o.Database = text(r.Database)
	}
	for _, d := range r.Devices {
		if d.Kind != "DISK" {
			return o, tds.Refuse(3206, 16, "Backup device '%s' does not exist. To view existing backup devices, use the sys.backup_devices catalog view. To create a new backup device use either sp_addumpdevice or SQL Server Management Studio.", text(d.Path))
		}
		o.Paths = append(o.Paths, text(d.Path))
	}
	o.Moves = map[string]string{}
	for _, m := range r.Moves {
		o.Moves[strings.ToLower(text(m.Logical))] = text(m.Path)
	}
	has := r.Options.Has
	if x, ok := r.Options["MEDIAPASSWORD"]; ok {
		o.Password = text(x)
	}
	o.History, o.Restricted = has("LOADHISTORY"), has("RESTRICTED_USER")
	o.KeepCDC = has("KEEP_CDC")
	if x, ok := r.Options["STANDBY"]; ok {
		o.Standby = text(x)
	}
	o.NoRecovery, o.Replace, o.Checksum = has("NORECOVERY") || o.Standby != "", has("REPLACE"), has("CHECKSUM")
	for _, unsupported := range []string{"STOPATMARK", "STOPBEFOREMARK", "RESTART"} {
		if has(unsupported) {
			return o, tds.Refuse(3032, 16, "One or more of the options (%s) are not supported for this statement. Review the documentation for supported options.", strings.ToLower(unsupported))
		}
	}
	if x, ok := r.Options["FILE"]; ok {
		v, e := constant(x)
		if e != nil {
			return o, e
		}
		position, ok := v.(int64)
		if !ok || position < 1 {
			return o, errRange(value.Whole(v), "FILE")
		}
		o.Position = int(position)
	}
	if x, ok := r.Options["STOPAT"]; ok {
		at, ok := value.ParseTime(text(x))
		if !ok {
			return o, tds.Refuse(241, 16, "Conversion failed when converting date and/or time from character string.")
		}
		o.StopAt = &at
	}
	if has("STATS") {
		o.Stats = 10
		if x := r.Options["STATS"]; x != nil {
			v, e := constant(x)
			if e != nil {
				return o, e
			}
			k, ok := v.(int64)
			if !ok || k < 1 || k > 100 {
				return o, errRange(value.Whole(v), "STATS")
			}
			o.Stats = int(k)
		}
	}
	return o, err
}
