package sqlserveremu

import (
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// backupOrder is a BACKUP with its variables replaced.
type backupOrder struct {
	statement string
	log       bool
	database  string
	paths     []string
	differential, copyOnly, compress, checksum, noRecovery,
	overwrite, format, goOn bool
	name, description string
	mediaName         string
	stats             int
	blockSize         int
	user              string
}

func (n *session) backupOrder(b *tsql.Backup) (o backupOrder, err error) {
	o.log, o.user = b.Log, n.login
	text := func(x tsql.Expr) string {
		v, e := n.constant(x)
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
		v, e := n.constant(x)
		if e != nil && err == nil {
			err = e
		}
		number, ok := v.(int64)
		if !ok && err == nil {
			err = refusal(3217, 16, "Invalid value specified for %s parameter.", name)
		}
		return number
	}
	o.database = text(b.Database)
	for _, d := range b.Devices {
		switch d.Kind {
		case "URL":
			return o, refusal(3201, 16, "Cannot open backup device '%s'. Operating system error 50(The request is not supported.).", text(d.Path))
		case "NAME":
			return o, refusal(3206, 16, "Backup device '%s' does not exist. To view existing backup devices, use the sys.backup_devices catalog view. To create a new backup device use either sp_addumpdevice or SQL Server Management Studio.", text(d.Path))
		}
		p := text(d.Path)
		if len(p) > 259 {
			return o, refusal(3057, 16, "Invalid device name. The length of the device name provided exceeds supported limit (maximum length is:259). Reissue the BACKUP statement with a valid device name.")
		}
		o.paths = append(o.paths, p)
	}
	has := b.Options.Has
	o.differential, o.copyOnly, o.compress, o.checksum = has("DIFFERENTIAL"), has("COPY_ONLY") && !has("DIFFERENTIAL") || has("NO_TRUNCATE"), has("COMPRESSION"), has("CHECKSUM")
	o.noRecovery, o.format, o.goOn = has("NORECOVERY"), has("FORMAT"), has("CONTINUE_AFTER_ERROR") || has("NO_TRUNCATE")
	o.overwrite = has("INIT") || has("FORMAT")
	for name, into := range map[string]*string{"NAME": &o.name, "DESCRIPTION": &o.description, "MEDIANAME": &o.mediaName} {
		if has(name) {
			*into = text(b.Options[name])
		}
	}
	if len([]rune(o.name)) > 128 || len([]rune(o.description)) > 255 {
		// The number SQL Server gives here is not confirmed.
		return o, refusal(3037, 16, "The name or description of the backup set is too long.")
	}
	within := func(name string, otherwise, least, most int64) int {
		v := whole(name, otherwise)
		if (v < least || v > most) && err == nil {
			err = errRange(v, name)
		}
		return int(v)
	}
	if has("STATS") {
		o.stats = within("STATS", 10, 1, 100)
	}
	o.blockSize = within("BLOCKSIZE", 512, 512, 65536)
	if o.blockSize&(o.blockSize-1) != 0 {
		return o, refusal(3253, 16, "The block size parameter must supply a value that is a power of 2.")
	}
	if t := within("MAXTRANSFERSIZE", 1<<20, 64<<10, 4<<20); t%(64<<10) != 0 && err == nil {
		err = errRange(int64(t), "MAXTRANSFERSIZE")
	}
	within("BUFFERCOUNT", 1, 1, 1<<31-1)
	if has("STANDBY") {
		return o, refusal(3032, 16, "One or more of the options (standby) are not supported for this statement. Review the documentation for supported options.")
	}
	return o, err
}

// errRange: a number of an option is too small or too large.
func errRange(v int64, name string) error {
	return refusal(3250, 16, "The value '%d' is not within range for the %s parameter.", v, name)
}
