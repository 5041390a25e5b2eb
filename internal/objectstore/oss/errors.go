package oss

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/bakplane/bakplane/internal/fault"
)

// fail words an error of a call. Codes are those of the public page "Error
// responses"; key may be empty.
func (b *Bucket) fail(ctx context.Context, key string, seen *exchange, err error) error {
	var known *fault.Error
	var service *sdk.ServiceError
	var status *statusError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known): // of the body that was being sent
		return err
	case ctx.Err() != nil: // the caller's own; net/http's time-outs look the same
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case asService(err, &service):
		return b.refused(key, seen, service).Because(err)
	case errors.As(err, &status):
		return b.foreign(status).Because(err)
	}
	return b.unreachable(err)
}

// asService finds the SDK's error value in a chain.
func asService(err error, to **sdk.ServiceError) bool {
	var e sdk.ServiceError
	if errors.As(err, &e) {
		*to = &e
		return true
	}
	return false
}

// refused is an answer of the service.
func (b *Bucket) refused(key string, seen *exchange, e *sdk.ServiceError) *fault.Error {
	code := e.Code
	if code == "" && e.StatusCode == http.StatusNotFound && key != "" {
		code = "NoSuchKey" // a HEAD without its reason; Stat asks for the bucket
	}
	switch code {
	case "NoSuchBucket":
		return fault.Newf(fault.NotFound, "The bucket %s does not exist at %s.", b.cfg.Bucket, b.cfg.Endpoint).
			WithFix("Check the bucket's name and that the endpoint is the one of its region.")
	case "NoSuchKey":
		return fault.Newf(fault.NotFound, "The object %s is not in the bucket %s.", key, b.cfg.Bucket).
			WithFix("It was deleted or renamed: upload it again, or choose another.")
	case "NoSuchUpload":
		return fault.Newf(fault.NotFound, "The unfinished upload of %s no longer exists in the bucket %s.", key, b.cfg.Bucket).
			WithFix("It was completed or aborted by somebody else: start the upload again.")
	case "InvalidAccessKeyId", "UserDisable":
		return fault.Newf(fault.Denied, "The access key id %s is not known, or is disabled.", b.cfg.AccessKeyID).
			WithFix("Check the id for typing errors and, in the RAM console, that the key is enabled; then save the credentials again.")
	case "SignatureDoesNotMatch":
		return fault.Newf(fault.Denied, "The secret of the access key %s is wrong.", b.cfg.AccessKeyID).
			WithFix("Enter the secret again. If it is lost, make a new access key in the RAM console.")
	case "RequestTimeTooSkewed":
		return b.skewed(seen)
	case "SecurityTokenExpired", "InvalidSecurityToken":
		return fault.Newf(fault.Denied, "The temporary credentials for the bucket %s are no longer valid.", b.cfg.Bucket).
			WithFix("Renew them and save them again, or use an access key that does not expire.")
	case "AccessDenied":
		return b.denied(e)
	case "InvalidObjectState":
		return fault.Newf(fault.Conflict, "The object %s is archived and cannot be read.", key).
			WithFix("Restore it in the OSS console, wait until that is done, then retry.").WithCode("archived")
	case "InvalidArgument":
		if strings.Contains(e.Message, "signing region") {
			return fault.Newf(fault.Invalid, "The region %s is not the one of the endpoint %s.", b.cfg.Region, b.cfg.Endpoint).
				WithFix("Enter the region that belongs to the endpoint, such as cn-hangzhou for oss-cn-hangzhou.aliyuncs.com.")
		}
	case "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "FilePartNotExist", "FilePartStale", "FilePartInterity":
		return fault.Newf(fault.Conflict, "The parts of %s that the service holds are not those that were sent (%s).", key, e.Code).
			WithFix("Retry: parts that differ are sent again.")
	case "EntityTooLarge":
		return fault.Newf(fault.Invalid, "%s is larger than the service takes in one piece.", key).WithFix("Choose a smaller part size.")
	case "InvalidDigest", "RequestTimeout", "IncompleteBody":
		return fault.Newf(fault.Unavailable, "%s did not arrive whole at %s.", orBucket(key, b), b.cfg.Endpoint).WithFix(again)
	}
	f := fault.Newf(kindOf(e.StatusCode), "The service answered %d %s: %s.", e.StatusCode, e.Code, strings.TrimSuffix(e.Message, "."))
	if e.Code == "" {
		f = fault.Newf(kindOf(e.StatusCode), "The service answered %d (%s) to the request for %s.", e.StatusCode, http.StatusText(e.StatusCode), orBucket(key, b))
	}
	if f.Kind == fault.Unavailable {
		f = f.WithFix(again)
	}
	return f
}

const again = "It is tried again by itself. If it stays so, look at the service's status page and at the network between."

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

func (b *Bucket) denied(e *sdk.ServiceError) *fault.Error {
	switch {
	case strings.Contains(e.Message, "specified endpoint"):
		at := "another region"
		if e.Endpoint != "" {
			at = "another region, with the endpoint " + e.Endpoint
		}
		return fault.Newf(fault.Denied, "The bucket %s lies in %s.", b.cfg.Bucket, at).
			WithFix("Enter the endpoint and the region of the bucket.")
	case strings.Contains(e.Message, "belong to you"):
		return fault.Newf(fault.Denied, "The bucket %s belongs to another account.", b.cfg.Bucket).
			WithFix("Use a bucket of the account that the access key belongs to: RDS restores from its own account's buckets only.")
	}
	return fault.Newf(fault.Denied, "The access key %s has no right to do this in the bucket %s.", b.cfg.AccessKeyID, b.cfg.Bucket).
		WithFix("Give its RAM user read, write and list rights on the bucket (for example AliyunOSSFullAccess), and check the bucket's own policy.")
}

// skewed says how far the clocks are apart, when the answer told the time.
func (b *Bucket) skewed(seen *exchange) *fault.Error {
	const fix = "Set the clock, best by turning on time synchronisation (NTP), then retry."
	off, ok := seen.clock()
	if !ok {
		return fault.New(fault.Denied, "The clock of this machine is more than 15 minutes away from the service's clock.", fix)
	}
	way := "behind"
	if off < 0 {
		way = "ahead of"
	}
	return fault.Newf(fault.Denied, "The clock of this machine is %s %s the service's clock; 15 minutes are allowed.", off.Abs().Round(time.Minute), way).WithFix(fix)
}

// foreign is an answer of something in between.
func (b *Bucket) foreign(e *statusError) *fault.Error {
	if e.status < 400 {
		return fault.Newf(fault.Invalid, "%s answers with a redirect %s.", b.cfg.Endpoint, e.text).
			WithFix("Enter the endpoint of the bucket's region, with the right scheme (http or https).")
	}
	f := fault.Newf(kindOf(e.status), "Something between this machine and %s answered %d %s.", b.cfg.Endpoint, e.status, http.StatusText(e.status))
	if f.Kind == fault.Unavailable {
		return f.WithFix(again)
	}
	return f.WithFix("Check the endpoint's address and the proxy in use.")
}

// unreachable is a failure of the network.
func (b *Bucket) unreachable(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &cert), errors.As(err, &authority):
		return fault.Newf(fault.Denied, "The certificate of %s is not trusted.", b.cfg.Endpoint).
			WithFix("Check the endpoint's address; behind an inspecting proxy, add its certificate authority to this machine.").Because(err)
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return fault.Newf(fault.Invalid, "%s does not speak TLS.", b.cfg.Endpoint).WithFix("Check the address, or begin it with http://.").Because(err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fault.Newf(fault.Unavailable, "The name %s cannot be resolved.", dns.Name).
			WithFix("Check the endpoint for typing errors and this machine's name service.").Because(err)
	case isTimeout(err):
		return fault.Newf(fault.Unavailable, "%s does not answer in time.", b.cfg.Endpoint).WithFix(again).Because(err)
	}
	return fault.Newf(fault.Unavailable, "The connection to %s failed.", b.cfg.Endpoint).WithFix(again).Because(err)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
