package aliyunemu

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	timeMinutes = "2006-01-02T15:04Z"
	timeSeconds = "2006-01-02T15:04:05Z"
)

// stamp is a response time; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeSeconds)
}

func (q *request) describeDBInstances() (answer, *refusal) {
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	number, size, refused := q.page(func(n int) bool { return n >= 1 && n <= 100 })
	if refused != nil {
		return nil, refused
	}
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	rows := []answer{}
	for _, id := range q.server.st.Order {
		in := q.server.st.Instances[id]
		search := q.params.Get("SearchKey")
		if in.Account != q.caller.Account || in.Region != region ||
			q.params.Get("Engine") != "" && !strings.EqualFold(q.params.Get("Engine"), "SQLServer") ||
			q.params.Get("DBInstanceId") != "" && q.params.Get("DBInstanceId") != in.ID ||
			search != "" && !strings.Contains(in.ID, search) && !strings.Contains(in.Description, search) {
			continue
		}
		rows = append(rows, answer{
			"DBInstanceId": in.ID, "DBInstanceDescription": in.Description, "DBInstanceStatus": in.Status,
			"DBInstanceType": "Primary", "Engine": "SQLServer", "EngineVersion": in.Version, "Category": in.Category,
			"RegionId": in.Region, "ZoneId": in.Region + "-b", "LockMode": in.LockMode, "LockReason": in.LockReason,
			"InstanceNetworkType": "VPC", "PayType": "Postpaid",
		})
	}
	page := cut(rows, number, size)
	return answer{"PageNumber": number, "PageRecordCount": len(page), "TotalRecordCount": len(rows),
		"Items": answer{"DBInstance": page}}, nil
}

func (q *request) describeDBInstanceAttribute() (answer, *refusal) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	return answer{"Items": answer{"DBInstanceAttribute": []answer{{
		"DBInstanceId": in.ID, "DBInstanceDescription": in.Description, "DBInstanceStatus": in.Status,
		"Engine": "SQLServer", "EngineVersion": in.Version, "Category": in.Category,
		"RegionId": in.Region, "ZoneId": in.Region + "-b", "LockMode": in.LockMode, "LockReason": in.LockReason,
		"DBInstanceStorage": in.StorageGB, "DBInstanceDiskUsed": fmt.Sprint(in.used()), "DBMaxQuantity": in.MaxDatabases,
		"DBInstanceStorageType": "cloud_essd", "Collation": "Chinese_PRC_CI_AS", "TimeZone": "China Standard Time",
	}}}}, nil
}

func (q *request) describeDatabases() (answer, *refusal) {
	number, size, refused := q.page(func(n int) bool { return n == 30 || n == 50 || n == 100 })
	if refused != nil {
		return nil, refused
	}
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	names := make([]string, 0, len(in.Databases))
	for name, db := range in.Databases {
		if q.server.config.HideRestoring && !db.Restored ||
			q.params.Get("DBName") != "" && !strings.EqualFold(q.params.Get("DBName"), name) ||
			q.params.Get("DBStatus") != "" && q.params.Get("DBStatus") != db.status() {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	rows := []answer{}
	for _, name := range cut(names, number, size) {
		db := in.Databases[name]
		rows = append(rows, answer{"DBName": name, "DBStatus": db.status(), "DBDescription": "", "DBInstanceId": in.ID,
			"Engine": "SQLServer", "CharacterSetName": "Chinese_PRC_CI_AS",
			"PageNumber": number, "PageSize": size, "TotalCount": len(names)})
	}
	return answer{"Databases": answer{"Database": rows}}, nil
}

// status is Creating while the database is restored: of the documented values
// (Creating, Running, Deleting) it is the one that fits. The console's words,
// In Recovery and Restoring, are not among them.
func (db *Database) status() string {
	if db.Restored {
		return "Running"
	}
	return "Creating"
}

// running checks what every change of an instance needs.
func (in *Instance) running() *refusal {
	switch in.Status {
	case "Running":
	case "INS_MAINTAINING": // seen by others after prechecks, and with this code
		return refuse(http.StatusForbidden, "OperationDenied.DBInstanceStatus", "The current status of the specified instance does not support this operation.")
	default:
		return refuse(http.StatusForbidden, "IncorrectDBInstanceState", "Current DB instance state does not support this operation.")
	}
	if in.LockMode != "Unlock" && in.LockMode != "" {
		return refuse(http.StatusBadRequest, "IncorrectDBInstanceLockMode", "Current DB instance lock mode does not support this operation.")
	}
	return nil
}
