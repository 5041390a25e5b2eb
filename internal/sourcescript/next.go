package sourcescript

import "strings"

// next is what a person does with the script, in order.
func (r Request) next() []string {
	out := []string{"Run the script at the server, as a sysadmin if you can. It checks first and says what stands against each backup."}
	if !r.Run {
		out = append(out, "When nothing stands against it any more, set @run = 1 at its top and run it again.")
	}
	out = append(out, "It names the files it took. "+capital(r.upload()))
	switch r.Kind {
	case Full:
		later := "DIFF or LOG"
		if r.CopyOnly {
			later = "LOG"
		}
		out = append(out, "New migration, From backup files: choose that folder. Leave the target waiting for more files.",
			"Later run the script again with @kind = "+later+", upload, and add the files on the page of the migration. Logs that other jobs take meanwhile belong to the chain: upload them too, or turn those jobs off.")
	case Diff:
		out = append(out, "Add the files on the page of the migration. A differential is of use only where the full backup it builds on was restored; the script names that one.")
	default:
		out = append(out, "Add the files on the page of the migration, every log since the last one.",
			"For the cutover stop the application first, then take the last log: what is written behind it is lost on the target.")
	}
	return out
}

// upload is the step that follows a run.
func (r Request) upload() string {
	switch t := r.Target.Traits; {
	case t == nil:
		return "bring the files, byte for byte and under these names, to a folder or bucket that the dashboard reads."
	case t.OwnFolder():
		return "bring the files, byte for byte and under these names, to the backup folder of " + clip(r.Target.label()) + "."
	}
	return "upload the files, byte for byte and under these names, to one folder of a bucket that " + clip(r.Target.label()) + " reads: in its region, of the standard storage class, not encrypted."
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
