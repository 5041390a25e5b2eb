package awsrds

import (
	"context"
	"encoding/hex"
	"path"
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
	"github.com/bakplane/bakplane/internal/words"
)

// userCertificates are those that the user restored there, by thumbprint (guide,
// "Viewing restored TDE certificates").
const userCertificates = "SELECT name, thumbprint FROM msdb.dbo.rds_fn_list_user_tde_certificates()"

// certificate says whether the certificate is there that the files' database
// needs, and how it comes there.
func (t *Target) certificate(ctx context.Context, f preflight.Facts, add func(code, title string, l migration.Level, text, fix words.Text)) {
	const title = "Certificate of TDE"
	needed := ""
	for _, s := range f.Sets {
		if s.TDEThumbprint != "" {
			needed = strings.ToLower(s.TDEThumbprint)
		}
	}
	if needed == "" {
		return
	}
	there := map[string]string{}
	err := t.server.Batch(ctx, userCertificates, nil, func(columns []string, values []any) {
		r := recordOf(columns, values)
		there[thumbprint(r)] = r.text("name")
	}, nil)
	bring := words.Say("Bring its certificate first: %s", restoreCertificate(t.region, f.Bucket.Name, f.Migration.SourceDatabase))
	switch {
	case err != nil:
		add("certificate", title, migration.Warned, words.Say("Whether the certificate 0x%s is there cannot be seen: %s", strings.ToUpper(needed), err), bring)
	case there[needed] != "":
		add("certificate", title, migration.Passed, words.Say("%s is there. Once the database is restored the service puts a certificate of its own in its place.", there[needed]), words.Text{})
	default:
		add("certificate", title, migration.Warned, words.Say("The certificate 0x%s is not among those that were restored there. Unless the backup comes from this instance itself, its restore ends with error 33111.", strings.ToUpper(needed)), bring)
	}
}

func thumbprint(r record) string {
	if b, ok := r["thumbprint"].([]byte); ok {
		return hex.EncodeToString(b)
	}
	return strings.ToLower(strings.TrimPrefix(r.text("thumbprint"), "0x"))
}

// restoreCertificate is the statement as a person types it, with names for the
// two files beside the backups. The name takes few characters (guide,
// Limitations).
func restoreCertificate(region, bucket, database string) string {
	name := migration.SafeLetters(database)
	if name == "" {
		name = "source"
	}
	at := func(ending string) string {
		return arn.Object(arn.PartitionOf(region), bucket, path.Join("certificates", name+ending))
	}
	return call{dbo + "rds_restore_tde_certificate", []argument{{"@certificate_name", "UserTDECertificate_" + name}, {"@certificate_file_s3_arn", at(".cer")},
		{"@private_key_file_s3_arn", at(".pvk")}, {"@kms_password_key_arn", "arn:aws:kms:…:key/…"}}}.String()
}
