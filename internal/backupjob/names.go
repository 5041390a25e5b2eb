package backupjob

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

// Prefix is the folder of a bucket under which sets of servers are copied.
const Prefix = "backups"

// maxName is what BACKUP … WITH NAME takes (BACKUP, Media Set Options).
const maxName = 128

// SetName is the NAME by which a backup is found again in the server's
// history. asked is the kind that was ordered, kind what is taken for it: a log
// slot that needs a full backup first must not be taken for a full slot of the
// same minute.
func SetName(w policy.BackupJob, kind backup.Kind) string {
	by, when := "policy "+w.PolicyID, w.Slot.Local
	if w.PolicyID == "" {
		by, when = "order "+w.ID, "by hand"
	}
	name := fmt.Sprintf("bakplane %s %s %s", by, when, kindWord(w.Kind))
	if kind != w.Kind {
		name += " first " + kindWord(kind)
	}
	if len(name) > maxName {
		name = name[:maxName-9] + " " + short(name)
	}
	return name
}

// FileNames are the files of a backup in its server's folder, one for each
// stripe. Differing servers, databases, policies, slots and kinds never share
// one, also where file systems do not tell upper from lower case, and where the
// folders of two servers are one share. server is its name, for people: two
// servers of one name are told apart all the same.
func FileNames(w policy.BackupJob, server, database string, kind backup.Kind, stripes int) []string {
	when := strings.NewReplacer("-", "", ":", "").Replace(w.Slot.Local)
	if when == "" {
		when = "manual"
	}
	word := strings.ReplaceAll(kindWord(kind), " ", "")
	base := fmt.Sprintf("%s_%s_%s_%s_%s", plain(server, 40), plain(database, 60), word, when, short(SetName(w, kind)+"\x00"+database+"\x00"+w.ServerID))
	if stripes <= 1 {
		return []string{base + ".bak"}
	}
	files := make([]string, stripes)
	for i := range files {
		files[i] = fmt.Sprintf("%s_%dof%d.bak", base, i+1, stripes)
	}
	return files
}

// files are those of an order: where the names of stripes are made of a pattern,
// that pattern alone until the set is there.
func (s Plan) files(o Order) []string {
	names := FileNames(s.Job, s.Server, o.Database, o.Kind, s.How.Stripes)
	if len(names) < 2 || !s.Lacks.Stripes {
		return names
	}
	return []string{strings.TrimSuffix(names[0], fmt.Sprintf("1of%d.bak", len(names))) + "*.bak"}
}

// renew gives an order whose set was found damaged another name and other
// files: the old set stands in the history for ever.
func renew(o *Order, attempt int) {
	o.Name = fmt.Sprintf("%s (%d)", o.Name, attempt)
	if len(o.Name) > maxName {
		o.Name = fmt.Sprintf("bakplane %s (%d)", o.ID, attempt)
	}
	for i, k := range o.Keys {
		fresh := fmt.Sprintf("%s_r%d.bak", strings.TrimSuffix(k, ".bak"), attempt)
		o.Paths[i], o.Keys[i] = strings.TrimSuffix(o.Paths[i], k)+fresh, fresh
	}
	o.Intended, o.Settled, o.Verdict, o.SetID, o.Verified, o.Seen = time.Time{}, time.Time{}, NoVerdict, backup.GUID{}, time.Time{}, false
}

// BucketKey is where a file of a set lies in a bucket.
func BucketKey(server, database string, kind backup.Kind, file string) string {
	return path.Join(Prefix, segment(server), segment(database), string(kind), file)
}

// logFolder is where the copies of a service's log backups lie in a bucket.
const logFolder = "log-copies"

// LogFolder is the place in a bucket for copies of an instance's log backups.
func LogFolder(server string) string { return path.Join(logFolder, segment(server)) }

// kindWord is a kind as DBAs write it in names of files.
func kindWord(k backup.Kind) string {
	switch k {
	case backup.Full:
		return "FULL"
	case backup.Differential:
		return "DIFF"
	case backup.Log:
		return "LOG"
	}
	return strings.ToUpper(string(k))
}

// plain keeps what is safe in file names and keys everywhere.
func plain(s string, most int) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= most {
			break
		}
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_", r)) {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// segment is one folder of a key: the name itself where it is safe.
func segment(s string) string {
	if p := plain(s, 100); p != s {
		return p + "-" + short(s)
	}
	return s
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
