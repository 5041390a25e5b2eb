// Package signer finds out who signs requests to AWS: an access key, a profile
// of this machine's configuration, or the role of the machine. It is one for
// every service that is asked.
package signer

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/bakplane/bakplane/internal/fault"
)

// Key says who signs. Without an id it is the profile, and without that the
// machine.
type Key struct {
	ID, Secret, Token string
	Profile           string
	Region            string // in which roles are asked for
}

// Signer gives credentials to the SDK. Its errors are faults: those of the SDK
// name hosts and files of this machine.
type Signer struct {
	key  Key
	keys *aws.CredentialsCache
}

// New reads files and variables; keys of roles are fetched with the first
// request.
func New(k Key) (*Signer, error) {
	if k.ID != "" {
		return &Signer{k, aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(k.ID, k.Secret, k.Token))}, nil
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(k.Region)}
	if k.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(k.Profile))
	}
	chain, err := config.LoadDefaultConfig(context.Background(), options...)
	var none config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &none):
		return nil, fault.Newf(fault.Invalid, "The account that the dashboard runs under has no profile %s.", k.Profile).
			WithFix("Write the profile into the file .aws/config of that account, or name another.").WithCode("key-id").Because(err)
	case err != nil:
		return nil, fault.New(fault.Invalid, "The AWS configuration of this machine cannot be read.", "Look into .aws/config and .aws/credentials of the account that the dashboard runs under.").Because(err)
	}
	return &Signer{k, aws.NewCredentialsCache(chain.Credentials)}, nil
}

// Retrieve implements aws.CredentialsProvider.
func (s *Signer) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := s.keys.Retrieve(ctx)
	switch {
	case err == nil || ctx.Err() != nil:
		return c, err
	case s.key.Profile != "":
		return c, fault.Newf(fault.Denied, "The profile %s gives no credentials.", s.key.Profile).
			WithFix("Sign in again with the tool that made it, or look at the role it names.").WithCode("token").Because(err)
	}
	return c, fault.New(fault.Denied, "This machine has no AWS credentials.",
		"Give the AWS account an access key, or attach a role to this machine that may do what is asked.").WithCode("key-id").Because(err)
}

// Renew has fresh credentials fetched with the next request.
func (s *Signer) Renew() { s.keys.Invalidate() }
