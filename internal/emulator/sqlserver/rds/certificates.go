package rds

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
)

// certificate is a user's certificate for TDE, as it was restored.
type certificate struct {
	name     string
	id       int64
	cert     *x509.Certificate
	restored time.Time
}

// thumbprint is that of the engine: SHA-1 over the certificate.
func (c certificate) thumbprint() []byte {
	sum := sha1.Sum(c.cert.Raw)
	return sum[:]
}

// mostCertificates and the rules below are those of the guide, "Backing up and
// restoring TDE certificates on RDS for SQL Server", Limitations; their sentences
// are not confirmed.
const mostCertificates = 10

const userPrefix = "UserTDECertificate_"

// passwordTag is the metadata of the key's file with its password, enciphered.
const passwordTag = "X-Amz-Meta-Rds-Tde-Pwd"

var certificateName = regexp.MustCompile(`^[A-Za-z0-9@$#_]+$`)

func (s *Service) restoreCertificate(_ managed.Caller, p *parameters) (managed.Result, error) {
	none, name := managed.Result{}, p.text("@certificate_name")
	file, private, kms := p.text("@certificate_file_s3_arn"), p.text("@private_key_file_s3_arn"), p.text("@kms_password_key_arn")
	switch {
	case s.config.MultiAZ:
		return none, refusal("TDE certificate backup and restore aren't supported on Multi-AZ DB instances.")
	case s.config.NoTDE:
		return none, refusal("The TDE option is not enabled yet or is in the process of being enabled. Please try again later.")
	case name == "":
		return none, refusal("The certificate name cannot be empty or null.")
	case !strings.HasPrefix(name, userPrefix) || strings.Contains(strings.ToUpper(name), "RDSTDECERTIFICATE") || !certificateName.MatchString(name):
		return none, refusal("The certificate name must start with %s, and can include only a-z, 0-9, @, $, #, and underscore.", userPrefix)
	case !strings.EqualFold(path.Ext(file), ".cer"):
		return none, refusal("The file extension for @certificate_file_s3_arn must be .cer.")
	case !strings.EqualFold(path.Ext(private), ".pvk"):
		return none, refusal("The file extension for @private_key_file_s3_arn must be .pvk.")
	case slices.ContainsFunc(s.certificates, func(c certificate) bool { return strings.EqualFold(c.name, name) }):
		return none, refusal("A certificate with name %s already exists.", name)
	case len(s.certificates) >= mostCertificates:
		return none, refusal("The maximum number of user TDE certificates is 10. Drop unused TDE certificates and try again.")
	}
	// What the guide calls the type of this task it does not tell.
	return s.submit(&Task{Type: "RESTORE_TDE_CERTIFICATE", ARN: file, KMS: kms, do: func(ctx context.Context, t *Task) error {
		if err := s.keyOf(kms); err != nil {
			return err
		}
		raw, err := s.objectOf(ctx, file)
		if err != nil {
			return err
		}
		bucket, key, err := s.bucketOf(ctx, private)
		if err != nil {
			return err
		}
		if password, err := s.store().Tag(ctx, bucket, key, passwordTag); err != nil {
			return fails("%s", err)
		} else if password == "" {
			return fails("The S3 metadata for the private key file must include the x-amz-meta-rds-tde-pwd tag.")
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			return fails("The certificate file %s is not valid.", file)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.certificates = append(s.certificates, certificate{name: name, id: int64(343 + len(s.certificates)), cert: cert, restored: s.engine.Now()})
		return nil
	}})
}

func (s *Service) objectOf(ctx context.Context, arn string) ([]byte, error) {
	bucket, key, err := s.bucketOf(ctx, arn)
	if err != nil {
		return nil, err
	}
	body, _, err := s.store().Get(ctx, bucket, key)
	if err != nil {
		return nil, fails("%s", err)
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, 1<<20))
}

func (s *Service) dropCertificate(_ managed.Caller, p *parameters) (managed.Result, error) {
	name := p.text("@certificate_name")
	i := slices.IndexFunc(s.certificates, func(c certificate) bool { return strings.EqualFold(c.name, name) })
	if i < 0 { // RDS's own are refused the same way
		return managed.Result{}, refusal("You can drop only restored (imported) TDE certificates; %s is none.", name)
	}
	s.certificates = slices.Delete(s.certificates, i, i+1)
	return managed.Result{}, nil
}

// listCertificates is rds_fn_list_user_tde_certificates. The guide shows these
// columns, and says that there are more.
func (s *Service) listCertificates() managed.Result {
	r := managed.Result{Columns: "name nvarchar(128), certificate_id int, principal_id int, pvt_key_encryption_type_desc nvarchar(60), issuer_name nvarchar(442), cert_serial_number nvarchar(64), thumbprint varbinary(32), subject nvarchar(4000), start_date datetime, expiry_date datetime, pvt_key_last_backup_date datetime"}
	for _, c := range s.certificates {
		r.Rows = append(r.Rows, []any{c.name, c.id, int64(1), "ENCRYPTED_BY_MASTER_KEY", c.cert.Issuer.CommonName, hex.EncodeToString(c.cert.SerialNumber.Bytes()), c.thumbprint(), c.cert.Subject.CommonName, c.cert.NotBefore, c.cert.NotAfter, nil})
	}
	return r
}

// decipherable refuses a backup of a database under TDE whose certificate is not
// there, as the engine does (33111).
func (s *Service) decipherable(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	read, err := bakfile.Read(f, info.Size())
	if err != nil || read.TDEThumbprint == "" {
		return nil // what is no backup is refused elsewhere
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.certificates {
		if hex.EncodeToString(c.thumbprint()) == read.TDEThumbprint {
			return nil
		}
	}
	return fails("Cannot find server certificate with thumbprint '0x%s'. RESTORE FILELIST is terminating abnormally.", strings.ToUpper(read.TDEThumbprint))
}
