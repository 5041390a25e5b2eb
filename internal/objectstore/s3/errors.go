package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
)

const again = "It is tried again by itself. If it stays so, look at the service's status page and at the network between."

// fail words an error of a call. Codes are those of the S3 API reference,
// "Error responses"; key may be empty.
func (b *Bucket) fail(ctx context.Context, key string, seen *exchange, err error) error {
	var known *fault.Error
	var api smithy.APIError
	var status *statusError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known): // of the body that was being sent, or of who we are
		return err
	case ctx.Err() != nil: // the caller's own; net/http's time-outs look the same
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case errors.As(err, &api) && (api.ErrorCode() != "" || statusOf(err) != 0):
		return b.refused(key, seen, err, api).Because(err)
	case errors.As(err, &status):
		return b.foreign(status).Because(err)
	}
	return b.unreachable(err)
}

// at is where the store is, for people.
func (b *Bucket) at() string {
	if b.cfg.Endpoint != "" {
		return b.cfg.Endpoint
	}
	return "Amazon S3 in " + *b.region.Load()
}

// whose is whose key is used, for people.
func (b *Bucket) whose() string {
	switch {
	case b.cfg.AccessKeyID != "":
		return "the access key " + b.cfg.AccessKeyID
	case b.cfg.Profile != "":
		return "the profile " + b.cfg.Profile
	}
	return "the role of this machine"
}

// refused is an answer of the service.
func (b *Bucket) refused(key string, seen *exchange, err error, e smithy.APIError) *fault.Error {
	status, code, message := statusOf(err), e.ErrorCode(), e.ErrorMessage()
	if (code == "" || code == "NotFound" || code == "UnknownError") && status == http.StatusNotFound && key != "" {
		code = "NoSuchKey" // a HEAD without its reason; Stat asks for the bucket
	}
	switch code {
	case "NoSuchBucket", "NoSuchAccessPoint":
		return fault.Newf(fault.NotFound, "The bucket %s does not exist at %s.", b.cfg.Bucket, b.at()).
			WithFix("Check its name, and the region or address of the store.").WithCode("bucket-gone")
	case "NoSuchKey", "NoSuchVersion":
		return fault.Newf(fault.NotFound, "The object %s is not in the bucket %s.", key, b.cfg.Bucket).
			WithFix("It was deleted or renamed: upload it again, or choose another.")
	case "NoSuchUpload":
		return fault.Newf(fault.NotFound, "The unfinished upload of %s no longer exists in the bucket %s.", key, b.cfg.Bucket).
			WithFix("It was completed or aborted by somebody else, or by a rule of the bucket's life cycle: start the upload again.")
	case "InvalidAccessKeyId":
		return fault.Newf(fault.Denied, "The access key id %s is not known at %s.", b.cfg.AccessKeyID, b.at()).
			WithFix("Check the id for typing errors and, in the console, that the key is active; then save the credentials again.").WithCode("key-id")
	case "SignatureDoesNotMatch":
		return fault.Newf(fault.Denied, "The secret of %s is wrong.", b.whose()).
			WithFix("Enter the secret again. If it is lost, make a new access key. Behind a proxy that changes requests the signature fails too.").WithCode("secret")
	case "RequestTimeTooSkewed":
		return b.skewed(seen)
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return fault.Newf(fault.Denied, "The temporary credentials of %s are no longer valid.", b.whose()).
			WithFix("Renew them, then retry: what was sent already stays. An access key or a role of this machine does not expire.").WithCode("token")
	case "AccessDenied", "Forbidden", "AllAccessDisabled", "AccountProblem":
		return b.denied(key, err, message)
	case "InvalidObjectState":
		return fault.Newf(fault.Conflict, "The object %s is archived and cannot be read.", key).
			WithFix("Restore it in the console, wait until that is done, then retry.").WithCode("archived")
	case "PermanentRedirect", "TemporaryRedirect", "MovedPermanently", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return b.elsewhere(seen)
	case "InvalidPart", "InvalidPartOrder", "EntityTooSmall":
		return fault.Newf(fault.Conflict, "The parts of %s that the store holds are not those that were sent (%s).", key, code).
			WithFix("Retry: parts that differ are sent again.")
	case "EntityTooLarge":
		return fault.Newf(fault.Invalid, "%s is larger than the store takes in one piece.", key).WithFix("Choose a smaller part size.")
	case "BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "RequestTimeout", "IncompleteBody":
		return fault.Newf(fault.Unavailable, "%s did not arrive whole at %s.", orBucket(key, b), b.at()).WithFix(again)
	case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable", "TooManyRequests":
		return fault.Newf(fault.Unavailable, "%s asks for fewer requests.", b.at()).
			WithFix("It is tried again by itself, with growing pauses. If it stays so, upload fewer parts at once.").WithCode("slow-down")
	case "NotImplemented":
		return fault.Newf(fault.Invalid, "The store at %s does not know a part of the protocol: %s.", b.at(), strings.TrimSuffix(message, ".")).
			WithFix("If it speaks of trailers or checksums, choose no checksums for this bucket.").WithCode("not-offered")
	case "InvalidRequest":
		if strings.Contains(message, "Object Lock") || strings.Contains(message, "Content-MD5") {
			return fault.Newf(fault.Invalid, "The bucket %s keeps objects under a lock, and takes them with a checksum only.", b.cfg.Bucket).
				WithFix("Turn checksums on for this bucket.").WithCode("object-lock")
		}
	case "ObjectLockConfigurationNotFoundError", "ServerSideEncryptionConfigurationNotFoundError", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration":
		return fault.Newf(fault.NotFound, "The bucket %s has no such setting.", b.cfg.Bucket)
	}
	return b.other(key, status, code, message)
}

// other is an answer that nobody knows more of.
func (b *Bucket) other(key string, status int, code, message string) *fault.Error {
	f := fault.Newf(kindOf(status), "The store answered %d %s: %s.", status, code, strings.TrimSuffix(message, "."))
	if code == "" || message == "" || code == "UnknownError" {
		f = fault.Newf(kindOf(status), "The store answered %d (%s) to the request for %s.", status, http.StatusText(status), orBucket(key, b))
	}
	if f.Kind == fault.Unavailable {
		f = f.WithFix(again)
	}
	return f
}

func orBucket(key string, b *Bucket) string {
	if key == "" {
		return "the bucket " + b.cfg.Bucket
	}
	return key
}

func kindOf(status int) fault.Kind {
	switch {
	case status >= 500 && status != http.StatusNotImplemented, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fault.Unavailable
	case status == http.StatusForbidden, status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired:
		return fault.Denied
	case status == http.StatusNotFound:
		return fault.NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return fault.Conflict
	}
	return fault.Invalid
}

// actions are the lines of a policy that operations need (S3 user guide,
// "Required permissions for Amazon S3 API operations").
var actions = map[string]string{
	"HeadBucket": "s3:ListBucket", "ListObjectsV2": "s3:ListBucket", "ListMultipartUploads": "s3:ListBucketMultipartUploads",
	"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject", "PutObject": "s3:PutObject", "DeleteObject": "s3:DeleteObject",
	"CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject",
	"ListParts": "s3:ListMultipartUploadParts", "AbortMultipartUpload": "s3:AbortMultipartUpload",
	"GetBucketEncryption": "s3:GetEncryptionConfiguration", "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
	"GetBucketPolicy": "s3:GetBucketPolicy", "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
}

// performed finds the action in the words of a refusal: User: … is not
// authorized to perform: s3:PutObject on resource: "…" because no
// identity-based policy allows the s3:PutObject action.
var performed = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)`)

// action is the line of a policy that a refused call lacks.
func action(err error, message string) string {
	if hit := performed.FindStringSubmatch(message); hit != nil {
		return hit[1]
	}
	var op *smithy.OperationError
	if errors.As(err, &op) {
		return actions[op.OperationName]
	}
	return ""
}

// resource is what a line of a policy has to name.
func (b *Bucket) resource(action string) string {
	key := "*"
	if action == "s3:ListBucket" || action == "s3:ListBucketMultipartUploads" || strings.HasPrefix(action, "s3:GetBucket") || action == "s3:GetEncryptionConfiguration" {
		key = ""
	}
	return b.ARN(key)
}

func (b *Bucket) denied(key string, err error, message string) *fault.Error {
	name := action(err, message)
	if strings.Contains(message, "object lock") || strings.Contains(message, "object protected") || strings.Contains(message, "WORM") {
		return fault.Newf(fault.Denied, "The object %s is under a lock and cannot be deleted or replaced yet.", key).
			WithFix("It goes when its lock ends. Choose a retention that is not shorter than the bucket's lock.").WithCode("object-lock")
	}
	f := fault.Newf(fault.Denied, "%s may not do this in the bucket %s.", sentence(b.whose()), b.cfg.Bucket).WithCode("rights")
	if name != "" {
		f = fault.Newf(fault.Denied, "%s may not do this in the bucket %s: %s is refused.", sentence(b.whose()), b.cfg.Bucket, name).WithCode("rights")
	}
	switch {
	case strings.Contains(message, "explicit deny"):
		return f.WithFix("A policy denies %s outright, which no other line can allow: look for Deny in the bucket's policy and in those of the account.", orThis(name))
	case strings.HasPrefix(name, "kms:"):
		return f.WithFix("The bucket encrypts with a key of KMS: allow %s on that key, in its own policy too.", name)
	case b.cfg.Owner != "":
		return f.WithFix("Allow %s on %s in its policy. If it is allowed: the bucket may belong to another account than %s.", orThis(name), b.resource(name), b.cfg.Owner)
	}
	return f.WithFix("Allow %s on %s in its policy, and check the bucket's own policy.", orThis(name), b.resource(name))
}

func orThis(action string) string {
	if action == "" {
		return "this"
	}
	return action
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// elsewhere is a bucket in another region that could not be followed.
func (b *Bucket) elsewhere(seen *exchange) *fault.Error {
	at := "another region"
	if seen != nil && seen.elsewhere() != "" {
		at = "the region " + seen.elsewhere()
	}
	f := fault.Newf(fault.Invalid, "The bucket %s lies in %s.", b.cfg.Bucket, at).WithFix("Enter the region of the bucket, and the address that belongs to it.").WithCode("bucket-region")
	if n, err := arn.Parse(b.cfg.Bucket); err == nil && n.AccessPoint != "" {
		f = f.WithFix("The ARN of the access point names the region: copy it from the console again.")
	}
	return f
}

// skewed says how far the clocks are apart, when the answer told the time.
func (b *Bucket) skewed(seen *exchange) *fault.Error {
	const fix = "Set the clock, best by turning on time synchronisation (NTP), then retry."
	off, ok := seen.clock()
	if !ok {
		return fault.New(fault.Denied, "The clock of this machine is more than 15 minutes away from the service's clock.", fix).WithCode("clock")
	}
	way := "behind"
	if off < 0 {
		way = "ahead of"
	}
	return fault.Newf(fault.Denied, "The clock of this machine is %s %s the service's clock; 15 minutes are allowed.", off.Abs().Round(time.Minute), way).WithFix(fix).WithCode("clock")
}

// foreign is an answer of something in between.
func (b *Bucket) foreign(e *statusError) *fault.Error {
	if e.status < 400 {
		return fault.Newf(fault.Invalid, "%s answers with a redirect %s.", b.at(), e.text).
			WithFix("Enter the address of the store itself, with the right scheme (http or https).")
	}
	f := fault.Newf(kindOf(e.status), "Something between this machine and %s answered %d %s.", b.at(), e.status, http.StatusText(e.status))
	if f.Kind == fault.Unavailable {
		return f.WithFix(again)
	}
	return f.WithFix("Check the store's address and the proxy in use.")
}

// unreachable is a failure of the network.
func (b *Bucket) unreachable(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &cert), errors.As(err, &authority):
		return fault.Newf(fault.Denied, "The certificate of %s is not trusted.", b.at()).
			WithFix("Check the address; behind an inspecting proxy, add its certificate authority to this machine.").WithCode("tls").Because(err)
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return fault.Newf(fault.Invalid, "%s does not speak TLS.", b.at()).WithFix("Check the address, or begin it with http://.").Because(err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fault.Newf(fault.Unavailable, "The name %s cannot be resolved.", dns.Name).
			WithFix("Check the address and region for typing errors, and this machine's name service. A store without names for buckets wants the bucket in the path.").Because(err)
	case isTimeout(err):
		return fault.Newf(fault.Unavailable, "%s does not answer in time.", b.at()).WithFix(again).Because(err)
	}
	return fault.Newf(fault.Unavailable, "The connection to %s failed.", b.at()).WithFix(again).Because(err)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
