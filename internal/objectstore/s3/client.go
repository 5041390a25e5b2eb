package s3

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
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

// identity signs requests. Its errors are faults: those of the SDK name hosts
// and files of this machine.
type identity struct {
	cfg  Config
	keys *aws.CredentialsCache
}

// identify finds out who signs: a key, a profile, or this machine. It reads
// files and variables; keys themselves are fetched with the first request.
func identify(cfg Config) (*identity, error) {
	if cfg.AccessKeyID != "" {
		return &identity{cfg, aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(cfg.AccessKeyID, cfg.Secret, cfg.Token))}, nil
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(cfg.Region)}
	if cfg.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(cfg.Profile))
	}
	chain, err := config.LoadDefaultConfig(context.Background(), options...)
	var none config.SharedConfigProfileNotExistError
	if errors.As(err, &none) {
		return nil, fault.Newf(fault.Invalid, "The account that the dashboard runs under has no profile %s.", cfg.Profile).
			WithFix("Write the profile into the file .aws/config of that account, or name another.").WithCode("key-id").Because(err)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "The AWS configuration of this machine cannot be read.", "Look into .aws/config and .aws/credentials of the account that the dashboard runs under.").Because(err)
	}
	return &identity{cfg, aws.NewCredentialsCache(chain.Credentials)}, nil
}

// Retrieve implements aws.CredentialsProvider.
func (i *identity) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := i.keys.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return c, err
	}
	if i.cfg.Profile != "" {
		return c, fault.Newf(fault.Denied, "The profile %s gives no credentials.", i.cfg.Profile).
			WithFix("Sign in again with the tool that made it, or look at the role it names.").WithCode("token").Because(err)
	}
	return c, fault.New(fault.Denied, "This machine has no AWS credentials.",
		"Give the bucket an account with an access key, or attach a role to this machine that may use the bucket.").WithCode("key-id").Because(err)
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
		b.who.keys.Invalidate()
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
