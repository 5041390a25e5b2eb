package awsaccount

import (
	"context"
	"errors"
	"regexp"

	"github.com/aws/smithy-go"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// deniedAction is the action in the words of a refusal, such as rds:DescribeDBInstances.
var deniedAction = regexp.MustCompile(`is not authorized to perform: (rds:[A-Za-z]+)`)

// refused words an error of the RDS API (its reference, "Common error types").
func refused(a endpoint.Account, err error) error {
	var api smithy.APIError
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &api):
		return fault.Newf(fault.Unavailable, "The RDS API of %s does not answer.", a.Region).
			WithFix("Check the region, the address in the account if one is given, and the network between; then look again.").WithCode("unreachable").Because(err)
	}
	switch api.ErrorCode() {
	case "InvalidClientTokenId", "UnrecognizedClientException", "MissingAuthenticationToken":
		return fault.Newf(fault.Denied, "%s is not known to AWS.", signs(a)).WithFix("Check the access key id for typing errors and that the key is active.").WithCode("key-id").Because(err)
	case "SignatureDoesNotMatch", "IncompleteSignature":
		return fault.Newf(fault.Denied, "The secret of %s is wrong.", signs(a)).WithFix("Enter the secret again. If it is lost, make a new access key.").WithCode("secret").Because(err)
	case "ExpiredToken", "RequestExpired":
		return fault.Newf(fault.Denied, "The credentials of %s are no longer valid, or this machine's clock is off.", signs(a)).WithFix("Renew them and look at the clock, then look again.").WithCode("token").Because(err)
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired":
		action := "rds:DescribeDBInstances and rds:DescribeOptionGroups"
		if m := deniedAction.FindStringSubmatch(api.ErrorMessage()); m != nil {
			action = m[1]
		}
		return fault.Newf(fault.Denied, "%s may not list what RDS holds: its policy does not allow %s.", signs(a), action).
			WithFix("Allow %s on * in its policy. Without it, instances are added by typing their address.", action).WithCode("role").Because(err)
	case "Throttling", "ThrottlingException", "RequestLimitExceeded":
		return fault.New(fault.Unavailable, "The RDS API asks for fewer requests.", "Wait a minute, then look again.").WithCode("slow-down").Because(err)
	}
	return fault.Newf(fault.Unavailable, "The RDS API answered %s: %s", api.ErrorCode(), api.ErrorMessage()).WithFix("Look again in a minute.").Because(err)
}
