package s3

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
)

var (
	bucketShape = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	ownerShape  = regexp.MustCompile(`^[0-9]{12}$`)
)

// check refuses what cannot work.
func check(c Config) error {
	_, notPoint := arn.Parse(c.Bucket)
	switch {
	case strings.HasPrefix(c.Bucket, "arn:") && notPoint != nil:
		return notPoint
	case !strings.HasPrefix(c.Bucket, "arn:") && (!bucketShape.MatchString(c.Bucket) || strings.Contains(c.Bucket, "..")):
		return fault.Newf(fault.Invalid, "%q is not a bucket name.", c.Bucket).
			WithFix("3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit; or the ARN of an access point.")
	case !regionShape.MatchString(c.Region):
		return fault.Newf(fault.Invalid, "%q is not a region.", c.Region).WithFix("Write it as AWS does, such as eu-central-1. A store with an address of its own often needs none.")
	case c.Owner != "" && !ownerShape.MatchString(c.Owner):
		return fault.Newf(fault.Invalid, "%q is not the number of an AWS account.", c.Owner).WithFix("It has twelve digits; the console shows it at the top right.")
	case c.Checksums != NVME && c.Checksums != Castagnoli && c.Checksums != None:
		return fault.Newf(fault.Invalid, "%q is not a way to prove what arrived.", c.Checksums).WithFix("Choose crc64nvme, crc32c or none.")
	case (c.AccessKeyID == "") != (c.Secret == ""):
		return fault.New(fault.Invalid, "The access key is not complete.", "Give the access key id and its secret, or neither of them to use the role of this machine.")
	}
	return nil
}

// settle makes the client of a region.
func (b *Bucket) settle(region string) {
	o := sdk.Options{
		Region: region, Credentials: b.who, HTTPClient: b.http, Retryer: aws.NopRetryer{}, UsePathStyle: b.cfg.PathStyle, UseARNRegion: true, AppID: "bakplane",
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		DisableLogOutputChecksumValidationSkipped: true,
	}
	if b.cfg.Endpoint != "" {
		o.BaseEndpoint = &b.cfg.Endpoint
	}
	if b.regions != nil {
		o.BaseEndpoint = ptr(b.regions(region))
	}
	b.region.Store(&region)
	b.client.Store(sdk.New(o))
}

// follow reports whether a refused request may go through when it is made
// again: signed for the region that the answer names, with the clock of the
// service (the SDK has taken it over), or with fresh credentials of a role.
func (b *Bucket) follow(err error, seen *exchange) bool {
	code := codeOf(err)
	region := seen.elsewhere()
	if region == "" {
		region = expected(err)
	}
	status := statusOf(err)
	switch {
	case region != "" && region != *b.region.Load() && (status == http.StatusMovedPermanently || status == http.StatusTemporaryRedirect || status == http.StatusBadRequest):
		if b.cfg.Endpoint != "" && status != http.StatusBadRequest {
			return false // the store has one address, and it is not this one
		}
		b.settle(region)
		return true
	case code == "RequestTimeTooSkewed":
		return true
	case code == "ExpiredToken" && b.cfg.AccessKeyID == "":
		b.who.Renew()
		return true
	}
	return false
}

var expecting = regexp.MustCompile(`expecting '([a-z0-9-]+)'`)

// expected is the region in the words of AuthorizationHeaderMalformed.
func expected(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "AuthorizationHeaderMalformed" {
		if hit := expecting.FindStringSubmatch(api.ErrorMessage()); hit != nil {
			return hit[1]
		}
	}
	return ""
}

// codeOf is the service's code in an error, empty without one.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// statusOf is the HTTP status in an error, 0 without one.
func statusOf(err error) int {
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) {
		return res.HTTPStatusCode()
	}
	return 0
}

// bare reports whether a refusal came without words: the answer to a HEAD.
func bare(err error) bool {
	switch codeOf(err) {
	case "NotFound", "Forbidden", "BadRequest", "UnknownError", "MovedPermanently":
		return true
	}
	return false
}
