// Package awsaccount is an account of Amazon Web Services: who signs requests
// to buckets, and what can be asked of RDS beside SQL. All that RDS for SQL
// Server does for us goes over SQL, so an account is a convenience there:
// instances are picked from a list and checked.
package awsaccount

import (
	"regexp"
	"strings"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// Kind is the kind as it is stored.
const Kind endpoint.AccountKind = "aws"

// ProfileField is the field of an account's More that names a profile of the
// AWS configuration of this machine.
const ProfileField = "profile"

// S3AddressField is the field of an account's More with the address of an S3
// that is not Amazon's own.
const S3AddressField = "s3_address"

var (
	keyShape    = regexp.MustCompile(`^[!-~]{3,128}$`)
	regionShape = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)
	ownerShape  = regexp.MustCompile(`^[0-9]{12}$`)
)

// Account is the kind of accounts of AWS: an access key, a profile, or the role
// of this machine.
// What of it can be picked from lists is given where the house is put together.
func Account(listers ...endpoint.Lister) endpoint.AccountSpec {
	text := func(f endpoint.Field[endpoint.Account], of func(*endpoint.Account) *string) endpoint.Field[endpoint.Account] {
		return endpoint.Text(f, of)
	}
	return endpoint.AccountSpec{Listers: listers, Spec: endpoint.Spec[endpoint.Account]{
		Key: string(Kind), Page: "aws-accounts", Thing: "AWS account",
		Intro: "Who asks S3 and RDS: an access key of an IAM user, a profile, or the role that this machine has. The secret is sealed with the key file of this dashboard and never shown again.",
		Named: func(a endpoint.Account) string {
			switch {
			case a.AccessKeyID != "":
				return a.AccessKeyID
			case a.More[ProfileField] != "":
				return "profile " + a.More[ProfileField]
			}
			return "role of this machine"
		},
		List: endpoint.List[endpoint.Account]{Title: "AWS accounts", Note: "keys, profiles and roles", Add: "Add an AWS account",
			None: "No AWS account yet.", Begin: "Needed for buckets in S3 with an access key. Instances of RDS are reached over SQL and need none.",
			Columns: []endpoint.Column[endpoint.Account]{
				{Title: "Signs with", Get: signs},
				{Title: "Region", Get: func(a endpoint.Account) string { return a.Region }}}},
		Fields: []endpoint.Field[endpoint.Account]{
			text(endpoint.Field[endpoint.Account]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(a *endpoint.Account) *string { return &a.Name }),
			text(endpoint.Field[endpoint.Account]{Name: "region", Label: "Region", Mono: true, Placeholder: "eu-central-1"}, func(a *endpoint.Account) *string { return &a.Region }),
			text(endpoint.Field[endpoint.Account]{Name: "access_key_id", Label: "Access key id", Mono: true, Optional: true, Hint: "Empty: the profile below or, without one, the role of this machine.",
				Heading: "Who signs", Under: "An access key; or a profile in .aws/config of the account that this dashboard runs under; or nothing, and the SDK finds the role of the machine or what its environment says."},
				func(a *endpoint.Account) *string { return &a.AccessKeyID }),
			{Name: "secret", Label: "Secret access key", Type: endpoint.Password, Optional: true,
				Set: func(a *endpoint.Account, s string) error { a.Secret = secret.NewText(s); return nil }},
			{Name: ProfileField, Label: "Profile", Mono: true, Optional: true, Placeholder: "backups",
				Get: func(a endpoint.Account) string { return a.More[ProfileField] },
				Set: func(a *endpoint.Account, s string) error {
					a.More = endpoint.WithMore(a.More, ProfileField, s)
					return nil
				}},
			text(endpoint.Field[endpoint.Account]{Name: "owner_id", Label: "Number of the account", Mono: true, Optional: true, Placeholder: "123456789012", Hint: "Twelve digits. When it is given, a bucket of another account is refused."},
				func(a *endpoint.Account) *string { return &a.OwnerID }),
			text(endpoint.Field[endpoint.Account]{Name: "address", Label: "Address of the RDS API", Mono: true, Optional: true, Placeholder: "https://rds.eu-central-1.amazonaws.com", Hint: "Empty: the region's own."},
				func(a *endpoint.Account) *string { return &a.Address }),
			{Name: S3AddressField, Label: "Address of S3", Mono: true, Optional: true, Placeholder: "https://s3.eu-central-1.amazonaws.com", Hint: "From where its buckets are listed. Empty: the region's own.",
				Get: func(a endpoint.Account) string { return a.More[S3AddressField] },
				Set: func(a *endpoint.Account, s string) error {
					a.More = endpoint.WithMore(a.More, S3AddressField, s)
					return nil
				}},
		},
		Check: check,
	}}
}

func signs(a endpoint.Account) string {
	switch {
	case a.AccessKeyID != "":
		return a.AccessKeyID
	case a.More[ProfileField] != "":
		return "profile " + a.More[ProfileField]
	}
	return "the role of this machine"
}

// check refuses an account that cannot work.
func check(a endpoint.Account) error {
	profile := a.More[ProfileField]
	switch {
	case a.AccessKeyID != "" && !keyShape.MatchString(a.AccessKeyID):
		return fault.New(fault.Invalid, "The access key id holds spaces.", "Copy it from the console, IAM, security credentials.")
	case a.AccessKeyID == "" && !a.Secret.Empty():
		return fault.New(fault.Invalid, "There is a secret without an access key id.", "Give the id that belongs to it, or neither.")
	case a.AccessKeyID != "" && profile != "":
		return fault.New(fault.Invalid, "There is an access key and a profile.", "Give one of them: nobody should have to guess who signs.")
	case strings.ContainsAny(profile, "[]\n\r") || len(profile) > 128:
		return fault.Newf(fault.Invalid, "%q is not the name of a profile.", profile).WithFix("It is the word in brackets in .aws/config, without \"profile\".")
	case !regionShape.MatchString(a.Region):
		return fault.Newf(fault.Invalid, "%q is not a region.", a.Region).WithFix("Write it as AWS does, such as eu-central-1.")
	case a.OwnerID != "" && !ownerShape.MatchString(a.OwnerID):
		return fault.Newf(fault.Invalid, "%q is not the number of an AWS account.", a.OwnerID).WithFix("It has twelve digits; the console shows it at the top right.")
	}
	if err := endpoint.CheckAddress(a.More[S3AddressField]); err != nil {
		return err
	}
	return endpoint.CheckAddress(a.Address)
}
