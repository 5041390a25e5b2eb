package aliyun

import (
	"strings"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
)

// words makes a fault of a refusal; the service's own words stay beside it.
func (c *Client) words(e *signedcall.APIError) *fault.Error {
	is := meaningOf(e)
	var f *fault.Error
	switch is.code {
	case explain.Unknown:
		f = fault.New(is.kind, "The RDS API refused the call.", "").WithCode(is.code)
	case "key-id":
		f = explain.Fault(is.kind, is.code, explain.AtService, c.keyID)
	default:
		f = explain.Fault(is.kind, is.code, explain.AtService, "")
	}
	if is.code == "rights" && e.Action != "" {
		f = f.WithFix("Grant the RAM user %s on this instance, for instance with AliyunRDSFullAccess.", e.Action)
	}
	f.Said = rdsAPI.Said(e)
	return f.Because(e)
}

// meaning is what a code of the API is to us.
type meaning struct {
	kind fault.Kind
	code fault.Code
}

func meaningOf(e *signedcall.APIError) meaning {
	if is, ok := apiCodes[e.Code]; ok {
		return is
	}
	if is, ok := backupCodes[e.Code]; ok {
		return is
	}
	if kind, code, ok := signedcall.Gateway(e); ok {
		return meaning{kind, code}
	}
	switch {
	case e.Status == 404 || strings.HasSuffix(e.Code, ".NotFound"):
		return meaning{fault.NotFound, explain.Unknown}
	case e.Status == 401 || e.Status == 403:
		return meaning{fault.Denied, explain.Unknown}
	case e.Status == 409:
		return meaning{fault.Conflict, explain.Unknown}
	}
	return meaning{fault.Invalid, explain.Unknown}
}

// apiCodes are those of the public pages "CreateMigrateTask", "Instance-level
// migration of SQL Server to the cloud" and the common error codes of the RDS
// API.
var apiCodes = map[string]meaning{
	// Rights.
	"Forbidden":                     {fault.Denied, "rights"},
	"Forbidden.RAM":                 {fault.Denied, "rights"},
	"Forbidden.SubUser":             {fault.Denied, "rights"},
	"Forbidden.NoPermission":        {fault.Denied, "rights"},
	"NoPermission":                  {fault.Denied, "rights"},
	"InvalidUserOperatorPermission": {fault.Denied, "rights"},
	"NotInFlowController":           {fault.Denied, "not-offered"},
	"OperationDenied.ApiForbidden":  {fault.Denied, "not-offered"},

	// The instance. Its state flaps while it is maintained, under either code.
	"InvalidDBInstanceId.NotFound":       {fault.NotFound, "no-instance"},
	"InvalidDBInstanceName.NotFound":     {fault.NotFound, "no-instance"},
	"InvalidDBInstance.NotFound":         {fault.NotFound, "no-instance"},
	"IncorrectDBInstanceState":           {fault.Conflict, "not-running"},
	"OperationDenied.DBInstanceStatus":   {fault.Conflict, "not-running"},
	"IncorrectDBInstanceLockMode":        {fault.Conflict, "locked"},
	"IncorrectDBInstanceType":            {fault.Invalid, "engine"},
	"InvalidDBInstanceEngineType.Format": {fault.Invalid, "engine"},
	"Api.NotSupport":                     {fault.Invalid, "unsupported"},

	// CreateMigrateTask, CreateOnlineDatabaseTask. ConcurrentTaskExceeded is a
	// limit of the day, despite its name.
	"InvalidDBName":          {fault.Invalid, "bad-name"},
	"InvalidDBName.NotFound": {fault.Conflict, "name-exists"},
	"IncorrectDBType":        {fault.Invalid, "database-type"},
	"IncorrectDBState":       {fault.Conflict, "under-way"},
	"UploadLimitExceeded":    {fault.Conflict, "daily-limit"},
	"ConcurrentTaskExceeded": {fault.Conflict, "daily-limit"},
	"IncorrectFileExtension": {fault.Invalid, "name"},
	"InvalidOssUrl":          {fault.Invalid, "file-gone"},
	"BakFileSizeExceeded":    {fault.Invalid, "too-large"},
	"FileSizeExceeded":       {fault.Invalid, "space"},
}
