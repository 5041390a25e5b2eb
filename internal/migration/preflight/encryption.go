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
	bring := words.Text{Format: f.Migration.Traits.Certificate}
	switch {
	case thumbprint != "" && !bring.IsZero():
		j.add("tde", title, migration.Warned, words.Say("As far as the files tell, their database is encrypted (TDE) by the certificate with the thumbprint %s. Unless the target has that, the restore ends with error 33111.", thumbprint),
			words.Say("Ask at the target: SELECT name FROM master.sys.certificates WHERE thumbprint = %s. If it is missing: %s", thumbprint, bring))
	case thumbprint != "":
		j.add("tde", title, migration.Warned, words.Say("As far as the files tell, their database is encrypted (TDE) by the certificate with the thumbprint %s, which the target does not have: the restore would end with error 33111.", thumbprint),
			words.Say("Ask at the source: SELECT is_encrypted FROM sys.databases. If it is: SET ENCRYPTION OFF, wait until it is decrypted, drop its key, and take a new full backup."))
	case !bring.IsZero() && len(f.Sets) > 0:
		j.add("tde", title, migration.Warned, words.Say("The files show no sign that their database is encrypted (TDE), which is no proof. If it is, the restore ends with error 33111 unless the target has its certificate."),
			words.Say("Ask at the source: SELECT is_encrypted FROM sys.databases. If it is: %s", bring))
	}
}
