package preflight

import (
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

// encrypted judges what the files tell of transparent encryption (TDE). The
// mark in them follows a public description, so that a target which cannot take
// such a database is warned of and not barred; that no mark was seen is no proof.
func (j *judge) encrypted(f Facts) {
	const title = "Encryption"
	thumbprint := ""
	for _, s := range f.Sets {
		if s.TDEThumbprint != "" {
			thumbprint = "0x" + strings.ToUpper(s.TDEThumbprint)
		}
	}
	takes := f.Migration.Traits.Encrypted
	switch {
	case thumbprint != "" && takes:
		j.add("tde", title, migration.Warned, words.Say("As far as the files tell, their database is encrypted (TDE) by the certificate with the thumbprint %s. Unless that is in master at the target, the restore ends with error 33111.", thumbprint),
			words.Say("Ask at the target: SELECT name FROM master.sys.certificates WHERE thumbprint = %s. If it is missing: BACKUP CERTIFICATE … WITH PRIVATE KEY at the source, CREATE CERTIFICATE … FROM FILE in master at the target.", thumbprint))
	case thumbprint != "":
		j.add("tde", title, migration.Warned, words.Say("As far as the files tell, their database is encrypted (TDE) by the certificate with the thumbprint %s, which the target does not have: the restore would end with error 33111.", thumbprint),
			words.Say("Ask at the source: SELECT is_encrypted FROM sys.databases. If it is: SET ENCRYPTION OFF, wait until it is decrypted, drop its key, and take a new full backup."))
	case takes && len(f.Sets) > 0:
		j.add("tde", title, migration.Warned, words.Say("The files show no sign that their database is encrypted (TDE), which is no proof. If it is, the restore ends with error 33111 unless its certificate is in master at the target."),
			words.Say("Ask at the source: SELECT is_encrypted FROM sys.databases. If it is, take its certificate along with BACKUP CERTIFICATE … WITH PRIVATE KEY."))
	}
}
