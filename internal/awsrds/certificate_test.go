package awsrds

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

const certificateKey = "arn:aws:kms:eu-central-1:000000000000:key/one"

// encrypted is a full backup with the mark of a database under TDE, and the
// certificate that it names, both in the bucket.
func (l *live) encrypted(key string) (in migration.RestoreCall, print string) {
	l.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "tde"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, of, of, private.Public(), private)
	if err != nil {
		l.t.Fatal(err)
	}
	sum := sha1.Sum(raw)
	in = l.backed(key, "full", 1)
	body, _, err := l.shelf.Get(l.t.Context(), "ours", key)
	if err != nil {
		l.t.Fatal(err)
	}
	file, err := io.ReadAll(body)
	if err != nil || len(file) < 0x3100 {
		l.t.Fatalf("%d bytes, %v", len(file), err)
	}
	mark := append(append([]byte{20, 0, 0, 0}, sum[:]...), 0, 1, 0, 0)
	copy(file[0x3000:], mark)
	for name, content := range map[string][]byte{key: file, "certificates/Shop.cer": raw, "certificates/Shop.pvk": []byte("key")} {
		if err := l.shelf.Put(l.t.Context(), "ours", name, bytes.NewReader(content), int64(len(content)), ""); err != nil {
			l.t.Fatal(err)
		}
	}
	return in, hex.EncodeToString(sum[:])
}

// TestADatabaseUnderTDENeedsItsCertificate: preflight says which, with the
// statement that brings it; without it the restore ends with the engine's error;
// with it preflight passes and the restore gets further.
func TestADatabaseUnderTDENeedsItsCertificate(t *testing.T) {
	l := emulated(t, func(c *rds.Config) { c.Keys = []string{certificateKey} })
	ctx := t.Context()
	in, print := l.encrypted("tde.bak")
	line := func() migration.Finding {
		t.Helper()
		findings, err := l.Check(ctx, preflight.Facts{Bucket: objectstore.Info{Name: "ours"}, Migration: migration.Migration{SourceDatabase: "Shop"}, Sets: []preflight.SetFacts{{TDEThumbprint: print}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Code == "certificate" {
				return f
			}
		}
		t.Fatalf("no line of the certificate in %+v", findings)
		return migration.Finding{}
	}
	const statement = "EXEC msdb.dbo.rds_restore_tde_certificate @certificate_name = N'UserTDECertificate_Shop', @certificate_file_s3_arn = N'arn:aws:s3:::ours/certificates/Shop.cer', @private_key_file_s3_arn = N'arn:aws:s3:::ours/certificates/Shop.pvk', @kms_password_key_arn = N'"
	if f := line(); f.Level != migration.Warned || !strings.Contains(f.Text.String(), strings.ToUpper(print)) || !strings.Contains(f.Fix.String(), statement) {
		t.Errorf("%s %s", f.Text, f.Fix)
	}
	id, err := l.Restore(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if task := l.until(id, migration.TaskFailed); task.Code != "certificate" || !strings.Contains(task.Description, "0x"+strings.ToUpper(print)) {
		t.Errorf("without it: %+v", task)
	}
	bring := func() Task {
		t.Helper()
		id, err := submit(ctx, l.Target.server, call{dbo + "rds_restore_tde_certificate", []argument{{"@certificate_name", "UserTDECertificate_Shop"}, {"@certificate_file_s3_arn", "arn:aws:s3:::ours/certificates/Shop.cer"},
			{"@private_key_file_s3_arn", "arn:aws:s3:::ours/certificates/Shop.pvk"}, {"@kms_password_key_arn", certificateKey}}})
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			all, err := tasks(ctx, l.Target.server, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range all {
				if k.ID == id && k.Lifecycle.Over() {
					return k
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatal("the task does not end")
		return Task{}
	}
	if k := bring(); k.Lifecycle != Failed || !strings.Contains(k.Info, "x-amz-meta-rds-tde-pwd") {
		t.Errorf("a key without its password: %+v", k)
	}
	l.shelf.SetTag("ours", "certificates/Shop.pvk", "X-Amz-Meta-Rds-Tde-Pwd", "cipher")
	if k := bring(); k.Lifecycle != Success {
		t.Errorf("%+v", k)
	}
	if f := line(); f.Level != migration.Passed || !strings.Contains(f.Text.String(), "UserTDECertificate_Shop") {
		t.Errorf("%s %s", f.Text, f.Fix)
	}
	if id, err = l.Restore(ctx, in); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if task, err := l.Task(ctx, id); err == nil && task.Status != migration.TaskRunning && task.Status != migration.TaskNoStart {
			if task.Code == "certificate" {
				t.Errorf("with it: %+v", task)
			}
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := carry(ctx, l.Target.server, call{dbo + "rds_drop_tde_certificate", []argument{{"@certificate_name", "UserTDECertificate_Shop"}}}); err != nil {
		t.Error(err)
	}
	if f := line(); f.Level != migration.Warned {
		t.Errorf("after it was dropped: %+v", f)
	}
	if f := func() migration.Finding {
		l.Target = l.as("nobody", "Nobody-1")
		var out migration.Finding
		l.certificate(ctx, preflight.Facts{Sets: []preflight.SetFacts{{TDEThumbprint: print}}}, collect(&out))
		return out
	}(); f.Level != migration.Warned || !strings.Contains(f.Text.String(), "cannot be seen") {
		t.Errorf("a login that may not look: %+v", f)
	}
}

// TestTheServiceRefusesCertificates that break the rules of the guide.
func TestTheServiceRefusesCertificates(t *testing.T) {
	l := emulated(t, func(c *rds.Config) { c.Keys = []string{certificateKey} })
	good := map[string]string{"@certificate_name": "UserTDECertificate_x", "@certificate_file_s3_arn": "arn:aws:s3:::ours/a.cer", "@private_key_file_s3_arn": "arn:aws:s3:::ours/a.pvk", "@kms_password_key_arn": certificateKey}
	for name, tc := range map[string]struct {
		parameter, value string
		config           func(*rds.Config)
	}{
		"another prefix":     {"@certificate_name", "mine", nil},
		"its own word":       {"@certificate_name", "UserTDECertificate_RDSTDECERTIFICATE", nil},
		"a hyphen":           {"@certificate_name", "UserTDECertificate_a-b", nil},
		"no name":            {"@certificate_name", "", nil},
		"an ending":          {"@certificate_file_s3_arn", "arn:aws:s3:::ours/a.crt", nil},
		"an ending of a key": {"@private_key_file_s3_arn", "arn:aws:s3:::ours/a.key", nil},
		"two zones":          {"", "", func(c *rds.Config) { c.MultiAZ = true }},
		"no option":          {"", "", func(c *rds.Config) { c.MultiAZ, c.NoTDE = false, true }},
	} {
		if tc.config != nil {
			l.service.Change(tc.config)
		} else {
			l.service.Change(func(c *rds.Config) { c.MultiAZ, c.NoTDE = false, false })
		}
		var args []argument
		for _, p := range []string{"@certificate_name", "@certificate_file_s3_arn", "@private_key_file_s3_arn", "@kms_password_key_arn"} {
			value := good[p]
			if p == tc.parameter {
				value = tc.value
			}
			args = append(args, argument{p, value})
		}
		if _, err := submit(t.Context(), l.Target.server, call{dbo + "rds_restore_tde_certificate", args}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func collect(to *migration.Finding) func(code, title string, l migration.Level, text, fix words.Text) {
	return func(code, title string, l migration.Level, text, fix words.Text) {
		*to = migration.Finding{Code: code, Title: title, Level: l, Text: text, Fix: fix}
	}
}
