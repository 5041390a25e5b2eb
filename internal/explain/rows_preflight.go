package explain

import "github.com/bakplane/bakplane/internal/fault"

// Preflight is the code of a migration that stands still for a line of its
// preflight, by the line's own code.
func Preflight(line string) fault.Code { return fault.Code("preflight/" + line) }

// preflights are the codes of lines that bar the way. Cause and fix are those
// of the line; these stand where it is not at hand.
var preflights = []Row{
	preflight("bucket", "bucket refused"),
	preflight("bucket-account", "bucket of another account"),
	preflight("bucket-class", "bucket's storage class"),
	preflight("bucket-encryption", "bucket is encrypted"),
	preflight("bucket-region", "bucket elsewhere"),
	preflight("calls", "daily limit"),
	preflight("chain", "chain does not join"),
	preflight("checkdb", "DBCC CHECKDB"),
	preflight("clock", "clocks differ"),
	preflight("compress", "no compression"),
	preflight("edition", "edition lacks features"),
	preflight("files", "files refused"),
	preflight("files-clash", "places are taken"),
	preflight("filestream", "FILESTREAM data"),
	preflight("folder", "backup folder"),
	preflight("freeze", "freeze not possible"),
	preflight("instance", "target refused"),
	preflight("owner", "owner has no login"),
	preflight("instance-count", "too many databases"),
	preflight("instance-lock", "instance locked"),
	preflight("instance-state", "instance not running"),
	preflight("key", "file name refused"),
	preflight("many-files", "too many files"),
	preflight("prefix", "names begin alike"),
	preflight("file-guid", "files without GUID"),
	preflight("zone", "another time zone"),
	preflight("service", "service refused"),
	preflight("open-first", "opened before check"),
	preflight("certificate", "certificate of TDE"),
	preflight("capture", "change data capture"),
	preflight("memory-optimised", "memory-optimised tables"),
	preflight("access", "who may use it"),
	preflight("key-advice", "file name"),
	preflight("last-size", "large last increment"),
	preflight("name", "name not possible"),
	preflight("others", "foreign log backups"),
	preflight("page-verify", "page verify"),
	preflight("position", "not the first backup"),
	preflight("recovery", "recovery model"),
	preflight("replica", "availability group"),
	preflight("rights", "rights are missing"),
	preflight("sets", "several backups inside"),
	preflight("source", "file refused"),
	preflight("source-state", "source not ready"),
	preflight("space", "no space"),
	preflight("stripe", "striped backup"),
	preflight("tde", "encrypted database"),
	preflight("too-large", "file too large"),
	preflight("truncated", "file cut off"),
	preflight("version", "newer version"),
	preflight("wave", "wave not ready"),
	preflight("wave-bucket", "bucket too small"),
	preflight("wave-calls", "daily limit"),
	preflight("wave-count", "too many databases"),
	preflight("wave-folder", "folder too small"),
	preflight("wave-names", "names meet"),
	preflight("wave-space", "no space"),
}

func preflight(line, title string) Row {
	return Row{Code: Preflight(line), Title: "preflight: " + title, Next: []Action{Retry, Terminate},
		Cause: "The preflight found something that bars the way.", Fix: "Mend what its line names, then retry: everything is checked again."}
}
