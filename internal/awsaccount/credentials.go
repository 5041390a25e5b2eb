package awsaccount

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// credentialsOf finds out who signs: the account's key, its profile, or this
// machine. Keys of roles are fetched with the first request.
func credentialsOf(ctx context.Context, a endpoint.Account) (aws.CredentialsProvider, error) {
	if a.AccessKeyID != "" {
		return credentials.NewStaticCredentialsProvider(a.AccessKeyID, a.Secret.Reveal(), ""), nil
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(a.Region)}
	profile := a.More[ProfileField]
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	chain, err := config.LoadDefaultConfig(ctx, options...)
	var none config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &none):
		return nil, fault.Newf(fault.Invalid, "The account that the dashboard runs under has no profile %s.", profile).
			WithFix("Write the profile into the file .aws/config of that account, or name another.").WithCode("key-id").Because(err)
	case err != nil:
		return nil, fault.New(fault.Invalid, "The AWS configuration of this machine cannot be read.", "Look into .aws/config and .aws/credentials of the account that the dashboard runs under.").Because(err)
	}
	return chain.Credentials, nil
}
