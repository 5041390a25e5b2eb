package aliyun

import (
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// words says what a refusal means and what to do. Codes are those of the
// public pages "CreateMigrateTask", "Instance-level migration of SQL Server
// to the cloud" and the common error codes of the RDS API; a code that is not
// among them is shown with the service's own message.
func (c *Client) words(e *APIError) *fault.Error {
	kind, message, fix := verdict(e)
	switch e.Code {
	case "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId":
		message = fmt.Sprintf("Alibaba Cloud does not know the access key id %s.", c.keyID)
	}
	if message == "" {
		message = "The RDS API refused the call"
		if e.Message != "" {
			message += ": " + strings.TrimSuffix(e.Message, ".")
		}
		message += "."
	}
	message = strings.TrimSuffix(message, ".") + fmt.Sprintf(" (%s", e.Code)
	if e.RequestID != "" {
		message += ", request " + e.RequestID
	}
	return fault.New(kind, message+").", fix).Because(e)
}

func verdict(e *APIError) (kind fault.Kind, message, fix string) {
	if kind, message, fix, known := backupVerdict(e.Code); known {
		return kind, message, fix
	}
	switch e.Code {
	// Who calls.
	case "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId":
		return fault.Denied, "", "Correct the access key id of the cloud account."
	case "InvalidAccessKeyId.Inactive":
		return fault.Denied, "The access key is disabled.", "Enable it in RAM, or enter another one."
	case "IncompleteSignature", "SignatureDoesNotMatch", "InvalidAccessKeySecret":
		return fault.Denied, "The secret does not belong to this access key id.", "Correct the access key secret of the cloud account."
	case "InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "RequestTimeTooSkewed":
		return fault.Denied, "The clock of this machine differs from Alibaba Cloud's by more than 15 minutes.", "Set this machine's clock, best by NTP."
	case "InvalidSecurityToken.Expired", "SecurityTokenExpired", "InvalidSecurityToken.Malformed",
		"InvalidSecurityToken.MismatchWithAccessKey", "InvalidSecurityToken", "MissingSecurityToken":
		return fault.Denied, "The security token is expired or does not belong to this key.", "Renew the temporary credentials."
	case "Forbidden.RAM", "Forbidden", "NoPermission", "Forbidden.NoPermission", "InvalidUserOperatorPermission", "Forbidden.SubUser":
		right := "the RDS action it needs"
		if e.Action != "" {
			right = e.Action
		}
		return fault.Denied, "The RAM user may not do this.", "Grant the RAM user " + right + " on this instance, for instance with AliyunRDSFullAccess."
	case "NotInFlowController", "OperationDenied.ApiForbidden":
		return fault.Denied, "", "The account may not use this function; ask Alibaba Cloud's support with the request id."

	// Later.
	case "SignatureNonceUsed":
		return fault.Unavailable, "The call arrived twice, and the second was refused.", ""
	case "ServiceUnavailable", "InternalError", "ExternalFailure", "RequestMetaDataFailed", "InvokeProxyFailure", "ServiceUnavailableTemporary":
		return fault.Unavailable, "The RDS API has a problem of its own.", "If it lasts, ask Alibaba Cloud's support with the request id."

	// The instance.
	case "InvalidDBInstanceId.NotFound", "InvalidDBInstanceName.NotFound", "InvalidDBInstance.NotFound":
		return fault.NotFound, "The instance does not exist in this account and region.", "Check the instance id, the region and the account."
	case "IncorrectDBInstanceState":
		return fault.Conflict, "The instance is not in the state Running.", "Wait until it is running, then try again."
	case "IncorrectDBInstanceLockMode":
		return fault.Conflict, "The instance is locked, because its storage is full or a payment is overdue.", "Enlarge the storage or settle the payment, then try again."
	case "IncorrectDBInstanceType", "InvalidDBInstanceEngineType.Format":
		return fault.Invalid, "The instance is not a SQL Server that can take backup files.", "Choose an ApsaraDB RDS for SQL Server instance."
	case "Api.NotSupport":
		return fault.Invalid, "The service does not offer this call for the instance's version and edition.", ""

	// CreateMigrateTask, CreateOnlineDatabaseTask.
	case "InvalidDBName":
		return fault.Invalid, "The service does not accept this database name.", "Choose a name that is not a system database's, with letters, digits, hyphens and underscores."
	case "InvalidDBName.NotFound":
		return fault.Conflict, "A database of this name exists on the instance already.", "Choose another name, or back the existing database up and drop it. On 2008 R2 with local disks an empty database of the name must be made first."
	case "IncorrectDBType":
		return fault.Invalid, "The service does not support this type of database.", ""
	case "IncorrectDBState":
		return fault.Conflict, "The database is being created or already under migration.", "Wait for the task under way, or terminate it."
	case "UploadLimitExceeded":
		return fault.Conflict, "This database had 20 migration calls today, which is the service's limit.", "Go on tomorrow, with fewer and larger log backups."
	case "ConcurrentTaskExceeded":
		return fault.Conflict, "The instance had 500 migration calls today, which is the service's limit.", "Go on tomorrow."
	case "IncorrectFileExtension":
		return fault.Invalid, "The service accepts only files named .bak, .diff, .trn or .log.", "Upload the file under a name with one of these endings."
	case "InvalidOssUrl":
		return fault.Invalid, "The service cannot use this place in OSS.", "Check endpoint, bucket and object; bucket and instance must be in one region."
	case "BakFileSizeExceeded":
		return fault.Invalid, "The backup file is larger than 3 TB, which is the service's limit.", "Make a compressed or smaller backup."
	case "FileSizeExceeded":
		return fault.Invalid, "The database would be larger than the storage of the instance.", "Enlarge the storage of the instance."
	}
	switch {
	case e.throttled():
		return fault.Unavailable, "The RDS API asks for fewer calls.", "It is tried again later by itself."
	case e.Status >= 500:
		return fault.Unavailable, "", "If it lasts, ask Alibaba Cloud's support with the request id."
	case strings.HasPrefix(e.Code, "InvalidSecurityToken"):
		return fault.Denied, "The security token is expired or does not belong to this key.", "Renew the temporary credentials."
	case e.Status == 404 || strings.HasSuffix(e.Code, ".NotFound"):
		return fault.NotFound, "", ""
	case e.Status == 401 || e.Status == 403:
		return fault.Denied, "", ""
	case e.Status == 409:
		return fault.Conflict, "", ""
	}
	return fault.Invalid, "", ""
}
