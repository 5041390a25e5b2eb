// Package order is BACKUP and RESTORE with their variables replaced and their
// options judged, before any server is asked.
package order

import (
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Backup is a BACKUP with its variables replaced.
type Backup struct {
	Statement string
	Log       bool
	Database  string
	Paths     []string
	Differential, CopyOnly, Compress, Checksum, NoRecovery,
	Overwrite, Format, GoOn bool
	Name, Description string
	MediaName         string
	Stats             int
	BlockSize         int
	User              string
}

// Constant gives the value of a literal or a variable.
type Constant func(tsql.Expr) (any, error)

// ForBackup reads the order of a BACKUP.
func ForBackup(b *tsql.Backup, constant Constant) (o Backup, err error) {
	o.Log, o.Statement = b.Log, "BACKUP DATABASE"
	if o.Log {
		o.Statement = "BACKUP LOG"
	}
	text := func(x tsql.Expr) string {
		v, e := constant(x)
		if e != nil && err == nil {
			err = e
		}
		return value.Text(v)
	}
	whole := func(name string, otherwise int64) int64 {
		x, ok := b.Options[name]
		if !ok || x == nil {
			return otherwise
		}
		v, e := constant(x)
		if e != nil && err == nil {
			err = e
		}
		number, ok := v.(int64)
		if !ok && err == nil {
			err = tds.Refuse(3217, 16, "Invalid value specified for %s parameter.", name)
		}
		return number
	}
	o.Database = text(b.Database)
	for _, d := range b.Devices {
		switch d.Kind {
		case "URL":
			return o, tds.Refuse(3201, 16, "Cannot open backup device '%s'. Operating system error 50(The request is not supported.).", text(d.Path))
		case "NAME":
			return o, tds.Refuse(3206, 16, "Backup device '%s' does not exist. To view existing backup devices, use the sys.backup_devices catalog view. To create a new backup device use either sp_addumpdevice or SQL Server Management Studio.", text(d.Path))
		}
		p := text(d.Path)
		if len(p) > 259 {
			return o, tds.Refuse(3057, 16, "Invalid device name. The length of the device name provided exceeds supported limit (maximum length is:259). Reissue the BACKUP statement with a valid device name.")
		}
		o.Paths = append(o.Paths, p)
	}
	has := b.Options.Has
	o.Differential, o.CopyOnly, o.Compress, o.Checksum = has("DIFFERENTIAL"), has("COPY_ONLY") && !has("DIFFERENTIAL") || has("NO_TRUNCATE"), has("COMPRESSION"), has("CHECKSUM")
	o.NoRecovery, o.Format, o.GoOn = has("NORECOVERY"), has("FORMAT"), has("CONTINUE_AFTER_ERROR") || has("NO_TRUNCATE")
	o.Overwrite = has("INIT") || has("FORMAT")
	for name, into := range map[string]*string{"NAME": &o.Name, "DESCRIPTION": &o.Description, "MEDIANAME": &o.MediaName} {
		if has(name) {
			*into = text(b.Options[name])
		}
	}
	if len([]rune(o.Name)) > 128 || len([]rune(o.Description)) > 255 {
		// The number SQL Server gives here is not confirmed.
		return o, tds.Refuse(3037, 16, "The name or description of the backup set is too long.")
	}
	within := func(name string, otherwise, least, most int64) int {
		v := whole(name, otherwise)
		if (v < least || v > most) && err == nil {
			err = errRange(v, name)
		}
		return int(v)
	}
	if has("STATS") {
		o.Stats = within("STATS", 10, 1, 100)
	}
	o.BlockSize = within("BLOCKSIZE", 512, 512, 65536)
	if o.BlockSize&(o.BlockSize-1) != 0 {
		return o, tds.Refuse(3253, 16, "The block size parameter must supply a value that is a power of 2.")
	}
	if t := within("MAXTRANSFERSIZE", 1<<20, 64<<10, 4<<20); t%(64<<10) != 0 && err == nil {
		err = errRange(int64(t), "MAXTRANSFERSIZE")
	}
	within("BUFFERCOUNT", 1, 1, 1<<31-1)
	if has("STANDBY") {
		return o, tds.Refuse(3032, 16, "One or more of the options (standby) are not supported for this statement. Review the documentation for supported options.")
	}
	return o, err
}

// errRange: a number of an option is too small or too large.
func errRange(v int64, name string) error {
	return tds.Refuse(3250, 16, "The value '%d' is not within range for the %s parameter.", v, name)
}
