package tsql

// takes is what an option takes behind it.
type takes int

const (
	nothing takes = iota
	value         // = n or = 'text'
	perhaps       // either
)

// Options of BACKUP that the emulation reads (public page "BACKUP
// (Transact-SQL)").
var backupOptions = map[string]takes{
	"DIFFERENTIAL": nothing, "COPY_ONLY": nothing, "COMPRESSION": nothing, "NO_COMPRESSION": nothing,
	"CHECKSUM": nothing, "NO_CHECKSUM": nothing, "STOP_ON_ERROR": nothing, "CONTINUE_AFTER_ERROR": nothing,
	"INIT": nothing, "NOINIT": nothing, "SKIP": nothing, "NOSKIP": nothing, "FORMAT": nothing, "NOFORMAT": nothing,
	"NAME": value, "DESCRIPTION": value, "MEDIANAME": value, "MEDIADESCRIPTION": value, "EXPIREDATE": value, "RETAINDAYS": value,
	"BLOCKSIZE": value, "BUFFERCOUNT": value, "MAXTRANSFERSIZE": value, "STATS": perhaps,
	"NORECOVERY": nothing, "NO_TRUNCATE": nothing, "STANDBY": value,
}

// Options of the RESTORE statements (public page "RESTORE Arguments").
var (
	restoreOptions = map[string]takes{
		"RECOVERY": nothing, "NORECOVERY": nothing, "STANDBY": value, "REPLACE": nothing, "RESTART": nothing,
		"RESTRICTED_USER": nothing, "FILE": value, "MEDIANAME": value, "STATS": perhaps, "STOPAT": value,
		"STOPATMARK": value, "STOPBEFOREMARK": value, "CHECKSUM": nothing, "NO_CHECKSUM": nothing,
		"STOP_ON_ERROR": nothing, "CONTINUE_AFTER_ERROR": nothing, "BLOCKSIZE": value, "BUFFERCOUNT": value,
		"MAXTRANSFERSIZE": value, "MEDIAPASSWORD": value, "PASSWORD": value, "KEEP_REPLICATION": nothing, "KEEP_CDC": nothing, "UNLOAD": nothing, "NOUNLOAD": nothing,
	}
	lookOptions = map[string]takes{
		"FILE": value, "MEDIANAME": value, "CHECKSUM": nothing, "NO_CHECKSUM": nothing, "STOP_ON_ERROR": nothing,
		"CONTINUE_AFTER_ERROR": nothing, "UNLOAD": nothing, "NOUNLOAD": nothing, "STATS": perhaps, "LOADHISTORY": nothing,
		"MEDIAPASSWORD": value, "PASSWORD": value,
	}
)

// Pairs of which only one may stand.
var exclusive = [][2]string{
	{"COMPRESSION", "NO_COMPRESSION"}, {"CHECKSUM", "NO_CHECKSUM"}, {"STOP_ON_ERROR", "CONTINUE_AFTER_ERROR"},
	{"INIT", "NOINIT"}, {"FORMAT", "NOFORMAT"}, {"FORMAT", "NOINIT"}, {"SKIP", "NOSKIP"}, {"RECOVERY", "NORECOVERY"}, {"STANDBY", "RECOVERY"},
	{"STANDBY", "NORECOVERY"},
	// The page "RESTORE Arguments" says that it is not permitted; with which
	// number and words is not confirmed.
	{"KEEP_CDC", "NORECOVERY"},
}

func (p *parser) backup() Statement {
	s := &Backup{}
	switch {
	case p.take("DATABASE"):
	case p.take("LOG"):
		s.Log = true
	default:
		p.refuse()
	}
	s.Database = p.device()
	p.want("TO")
	s.Devices = p.devices()
	s.Options, _ = p.options(backupOptions, "BACKUP", false)
	if s.Log {
		if s.Options.Has("DIFFERENTIAL") {
			p.fail(&Error{3032, 2, 16, "One or more of the options (differential) are not supported for this statement. Review the documentation for supported options.", p.peek().line})
		}
		return s
	}
	for _, o := range []string{"NORECOVERY", "NO_TRUNCATE", "STANDBY"} {
		if s.Options.Has(o) {
			word := map[string]string{"NORECOVERY": "norecovery", "NO_TRUNCATE": "no_truncate", "STANDBY": "standby"}[o]
			p.fail(&Error{3032, 2, 16, "One or more of the options (" + word + ") are not supported for this statement. Review the documentation for supported options.", p.peek().line})
		}
	}
	return s
}

func (p *parser) restore() Statement {
	s := &Restore{}
	t := p.next()
	s.Kind = t.upper()
	known := restoreOptions
	switch {
	case t.is("DATABASE", "LOG"):
		s.Database = p.device()
		if p.take("FROM") {
			s.Devices = p.devices()
		}
	case t.is("HEADERONLY", "FILELISTONLY", "LABELONLY", "VERIFYONLY"):
		p.want("FROM")
		s.Devices = p.devices()
		known = lookOptions
	default:
		p.at--
		p.refuse()
	}
	s.Options, s.Moves = p.options(known, "RESTORE", true)
	return s
}

// maxDevices is what BACKUP and RESTORE take.
const maxDevices = 64

func (p *parser) devices() (out []Device) {
	for {
		t := p.peek()
		switch {
		case t.is("DISK", "URL"):
			p.at++
			p.want("=")
			if k := p.peek().kind; k != text && k != variable {
				p.refuse()
			}
			out = append(out, Device{t.upper(), p.primary()})
		default:
			out = append(out, Device{"NAME", p.device()})
		}
		if len(out) > maxDevices {
			p.fail(&Error{3205, 2, 16, "Too many backup devices specified for backup or restore; only 64 are allowed.", t.line})
		}
		if !p.take(",") {
			return out
		}
	}
}

func (p *parser) options(known map[string]takes, statement string, moves bool) (Options, []Move) {
	out := Options{}
	var moved []Move
	if !p.take("WITH") {
		return out, nil
	}
	for {
		t := p.next()
		if moves && t.is("MOVE") {
			m := Move{Logical: p.literal()}
			p.want("TO")
			m.Path = p.literal()
			moved = append(moved, m)
		} else {
			takes, ok := known[t.upper()]
			if t.kind != word {
				p.at--
				p.refuse()
			}
			if !ok {
				p.fail(unknownOption(t, statement))
			}
			if out.Has(t.upper()) {
				p.fail(&Error{3032, 2, 16, "One or more of the options (" + t.text + ") are not supported for this statement. Review the documentation for supported options.", t.line})
			}
			out[t.upper()] = nil
			if takes == value || takes == perhaps && p.peek().is("=") {
				p.want("=")
				out[t.upper()] = p.literal()
			}
		}
		if !p.take(",") {
			break
		}
	}
	for _, pair := range exclusive {
		if out.Has(pair[0]) && out.Has(pair[1]) {
			p.fail(&Error{3031, 2, 16, "Option '" + pair[0] + "' conflicts with option(s) '" + pair[1] + "'. Remove the conflicting option and reissue the statement.", p.peek().line})
		}
	}
	return out, moved
}

func (p *parser) literal() Expr {
	switch p.peek().kind {
	case text, variable, number:
		return p.primary()
	}
	p.refuse()
	return nil
}
