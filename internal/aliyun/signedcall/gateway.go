package signedcall

import (
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Said are the API's own words, with its code and the request's id.
func (a API) Said(e *APIError) words.Text {
	where := e.Code
	if e.RequestID != "" {
		where += ", request " + e.RequestID
	}
	if e.Message == "" {
		return words.Say("The %s said: %s.", a.Name, where)
	}
	return words.Say("The %s said: %s (%s).", a.Name, strings.TrimSuffix(e.Message, "."), where)
}

// meaning is what a code of the gateway is to us.
type meaning struct {
	kind fault.Kind
	code fault.Code
}

// Gateway is what a refusal means that every API of the cloud may give: who
// calls, and what passes by itself. It is false for all others.
func Gateway(e *APIError) (fault.Kind, fault.Code, bool) {
	is, ok := gateway[e.Code]
	switch {
	case ok:
	case e.Throttled():
		is = meaning{fault.Unavailable, "throttled"}
	case e.Status >= 500:
		is = meaning{fault.Unavailable, "service-down"}
	case strings.HasPrefix(e.Code, "InvalidSecurityToken"):
		is = meaning{fault.Denied, "token"}
	default:
		return "", "", false
	}
	return is.kind, is.code, true
}

// gateway are common error codes of the cloud's APIs.
var gateway = map[string]meaning{
	// Who calls.
	"InvalidAccessKeyId.NotFound":                {fault.Denied, "key-id"},
	"InvalidAccessKeyId":                         {fault.Denied, "key-id"},
	"InvalidAccessKeyId.Inactive":                {fault.Denied, "key-disabled"},
	"IncompleteSignature":                        {fault.Denied, "secret"},
	"SignatureDoesNotMatch":                      {fault.Denied, "secret"},
	"InvalidAccessKeySecret":                     {fault.Denied, "secret"},
	"InvalidTimeStamp.Expired":                   {fault.Denied, "clock"},
	"InvalidTimeStamp.Format":                    {fault.Denied, "clock"},
	"RequestTimeTooSkewed":                       {fault.Denied, "clock"},
	"InvalidSecurityToken":                       {fault.Denied, "token"},
	"InvalidSecurityToken.Expired":               {fault.Denied, "token"},
	"InvalidSecurityToken.Malformed":             {fault.Denied, "token"},
	"InvalidSecurityToken.MismatchWithAccessKey": {fault.Denied, "token"},
	"SecurityTokenExpired":                       {fault.Denied, "token"},
	"MissingSecurityToken":                       {fault.Denied, "token"},

	// Later.
	"SignatureNonceUsed":          {fault.Unavailable, "twice"},
	"ServiceUnavailable":          {fault.Unavailable, "service-down"},
	"ServiceUnavailableTemporary": {fault.Unavailable, "service-down"},
	"InternalError":               {fault.Unavailable, "service-down"},
	"ExternalFailure":             {fault.Unavailable, "service-down"},
	"RequestMetaDataFailed":       {fault.Unavailable, "service-down"},
	"InvokeProxyFailure":          {fault.Unavailable, "service-down"},
}
