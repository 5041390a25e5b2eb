package aliyunemu

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// Limits of the service (page "Instance-level migration of SQL Server to the
// cloud").
const (
	perDatabase = 20
	perInstance = 500
	largestFile = 3 << 40
)

// createMigrateTask accepts one file. The order of its checks is our choice.
func (q *request) createMigrateTask() (answer, *refusal) {
	at, ok := parsePosition(q.params.Get("OssObjectPositions"))
	name, mode, online, id := q.params.Get("DBName"), q.params.Get("BackupMode"), q.params.Get("IsOnlineDB"), q.params.Get("MigrateTaskId")
	for _, must := range []string{"DBName", "BackupMode", "IsOnlineDB", "OssObjectPositions"} {
		if _, refused := q.need(must); refused != nil {
			return nil, refused
		}
	}
	check := q.params.Get("CheckDBMode")
	switch {
	case mode != "FULL" && mode != "UPDF" || online != "True" && online != "False",
		(mode == "FULL") != (online == "True"),
		mode == "FULL" && id != "",
		online == "False" && check != "", // documented as read only where the database is opened; refused or passed over, nobody says
		check != "" && check != "AsyncExecuteDBCheck" && check != "SyncExecuteDBCheck":
		return nil, refuse(http.StatusBadRequest, "InvalidParameterCombination", "The specified parameters BackupMode, IsOnlineDB, CheckDBMode and MigrateTaskId do not go together.")
	case !ok:
		return nil, refuse(http.StatusBadRequest, "InvalidOssUrl", "Specified oss url is not valid.")
	case strings.ContainsFunc(at.Key, special):
		return nil, refuse(http.StatusBadRequest, "InvalidOssUrl", "Specified oss url is not valid.")
	case !slices.Contains([]string{".bak", ".diff", ".trn", ".log"}, strings.ToLower(path.Ext(at.Key))):
		return nil, refuse(http.StatusBadRequest, "IncorrectFileExtension", "The file extension does not support.")
	}
	// The object is looked at before the state is locked; one that cannot be
	// read is accepted, and its download fails.
	size := q.sizeOf(at)

	s := q.server
	var out answer
	var refused *refusal
	s.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		if refused = in.accepts(s.st, q.now, name, mode, id, at, size); refused != nil {
			return
		}
		in.Calls = append(in.Calls, accepted{q.now, strings.ToLower(name)})
		t := s.st.task(in.ID, id)
		if t == nil {
			t = &Task{ID: s.st.id(), Instance: in.ID, Database: name, BackupMode: mode, Created: q.now, Check: check}
			s.st.Tasks = append(s.st.Tasks, t)
		}
		t.TaskID, t.Status, t.Description, t.Hangs = s.st.id(), "NoStart", "", t.Hangs || s.hangAll
		t.Files = append(t.Files, &File{Endpoint: at.Endpoint, Bucket: at.Bucket, Key: at.Key, Status: "NoStart", Created: q.now})
		control.Detail(q.Context(), in.ID+" "+name+" "+at.Key)
		out = answer{"DBInstanceId": in.ID, "DBName": name, "BackupMode": mode, "MigrateTaskId": t.ID, "TaskId": t.TaskID}
		s.begin(func() { s.restore(t, len(t.Files)-1) })
	})
	return out, refused
}

// accepts checks a CreateMigrateTask against the instance.
func (in *Instance) accepts(st *state, now time.Time, name, mode, id string, at Position, size int64) *refusal {
	if refused := in.running(); refused != nil {
		return refused
	}
	if !validName(name) {
		return refuse(http.StatusForbidden, "InvalidDBName", "The specified database name is not allowed.")
	}
	if region, named := ossRegion(at.Endpoint); named && region != in.Region {
		return refuse(http.StatusBadRequest, "InvalidOssUrl", "The bucket is in region %s, the instance in %s.", region, in.Region)
	}
	if id != "" {
		t := st.task(in.ID, id)
		switch {
		case t == nil || t.BackupMode != "UPDF" || !strings.EqualFold(t.Database, name):
			// The code of an unknown task is not public.
			return refuse(http.StatusNotFound, "InvalidMigrateTaskId.NotFound", "The specified migrate task does not exist for this database.")
		case t.Status != "Waiting":
			return refuse(http.StatusBadRequest, "IncorrectDBState", "Current DB state does not support this operation.")
		}
	} else {
		for _, t := range st.Tasks {
			if t.Instance == in.ID && strings.EqualFold(t.Database, name) && t.Status != "Success" && t.Status != "Failed" {
				return refuse(http.StatusBadRequest, "IncorrectDBState", "Current DB state does not support this operation.")
			}
		}
		if in.database(name) != nil && !in.LateNameCheck {
			return refuse(http.StatusBadRequest, "InvalidDBName.NotFound", "Specified one or more DB name does not exist or DB status does not support.")
		}
	}
	switch {
	case size > largestFile:
		return refuse(http.StatusBadRequest, "BakFileSizeExceeded", "Exceeding the allowed bak file size.")
	case size > in.StorageGB<<30:
		return refuse(http.StatusBadRequest, "FileSizeExceeded", "Exceeding the allowed file size of DB instance.")
	}
	all, same := 0, 0
	for _, c := range in.Calls {
		if now.Sub(c.At) < 24*time.Hour {
			all++
			if c.Database == strings.ToLower(name) {
				same++
			}
		}
	}
	if all >= perInstance {
		return refuse(http.StatusBadRequest, "ConcurrentTaskExceeded", "Concurrent task exceeding the allowed amount.")
	}
	if same >= perDatabase {
		return refuse(http.StatusBadRequest, "UploadLimitExceeded", "UploadTimesQuotaExceeded: Exceeding the daily upload times of this DB.")
	}
	return nil
}

func (in *Instance) database(name string) *Database {
	for have, db := range in.Databases {
		if strings.EqualFold(have, name) {
			return db
		}
	}
	return nil
}

// validName is SQL Server's rule for a name plus the system databases. The
// service's own rule is not public.
func validName(name string) bool {
	if slices.Contains([]string{"master", "model", "msdb", "tempdb", "resource", "rdscore", "distribution"}, strings.ToLower(name)) {
		return false
	}
	return len(name) <= 128 && !strings.ContainsAny(name, "'\"[]\\/:*?<>|\x00") && strings.TrimSpace(name) == name && name != ""
}

// special reports a character that names of backup files must not have
// (incremental migration topic; letters beyond ASCII, in folders too, by an older
// one). The underscore and the minus, which stand in the same list, are in the
// vendor's own names and taken. Whether the call refuses or the task fails is
// not documented.
func special(c rune) bool {
	return c > unicode.MaxASCII || strings.ContainsRune("!@#$%^&*()+=|", c)
}

// ossRegion is the region in a public OSS endpoint.
func ossRegion(endpoint string) (region string, named bool) {
	name, ok := strings.CutSuffix(endpoint, ".aliyuncs.com")
	if !ok {
		return "", false
	}
	name, ok = strings.CutPrefix(name, "oss-")
	if !ok || strings.HasPrefix(name, "accelerate") {
		return "", false
	}
	return strings.TrimSuffix(name, "-internal"), true
}

// sizeOf asks the object store, zero when it does not tell.
func (q *request) sizeOf(at Position) int64 {
	s := q.server
	s.mu.Lock()
	in, refused := q.instance()
	var role *Credential
	region := ""
	if refused == nil {
		role, region = s.roles[in.Account], in.Region
	}
	s.mu.Unlock()
	if role == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancel()
	object, err := s.objects.Open(ctx, at, *role, region)
	if err != nil {
		return 0
	}
	return object.Size()
}

// createOnlineDatabaseTask opens a pending database, once per ClientToken.
func (q *request) createOnlineDatabaseTask() (answer, *refusal) {
	for _, must := range []string{"DBName", "MigrateTaskId", "CheckDBMode"} {
		if _, refused := q.need(must); refused != nil {
			return nil, refused
		}
	}
	name, id, check, token := q.params.Get("DBName"), q.params.Get("MigrateTaskId"), q.params.Get("CheckDBMode"), q.params.Get("ClientToken")
	if check != "AsyncExecuteDBCheck" && check != "SyncExecuteDBCheck" {
		return nil, refuse(http.StatusBadRequest, "InvalidCheckDBMode", "The specified parameter CheckDBMode is not valid.")
	}
	if len(token) > 64 || strings.ContainsFunc(token, func(r rune) bool { return r > 0x7e || r < 0x20 }) {
		return nil, refuse(http.StatusBadRequest, "InvalidClientToken.Malformed", "The specified parameter ClientToken is not valid.")
	}
	s := q.server
	var refused *refusal
	s.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		asked := strings.Join([]string{in.ID, name, id, check}, "\n")
		if use, used := s.st.Tokens[token]; used && token != "" && q.now.Sub(use.At) < 24*time.Hour {
			if use.Request != asked {
				refused = refuse(http.StatusBadRequest, "IdempotentParameterMismatch", "The request uses the same client token as a previous, but non-identical request.")
			}
			return
		}
		if refused = in.running(); refused != nil {
			return
		}
		t := s.st.task(in.ID, id)
		switch {
		case t == nil || !strings.EqualFold(t.Database, name):
			refused = refuse(http.StatusNotFound, "InvalidMigrateTaskId.NotFound", "The specified migrate task does not exist for this database.")
			return
		case t.Status != "Waiting":
			refused = refuse(http.StatusBadRequest, "IncorrectDBState", "Current DB state does not support this operation.")
			return
		}
		if token != "" {
			s.st.Tokens[token] = tokenUse{asked, q.now}
		}
		t.Status, t.Opening, t.Check, t.Description = "Running", true, check, ""
		s.begin(func() { s.open(t) })
	})
	return answer{}, refused
}

// terminateMigrateTask ends a task that is not over. What the service leaves
// of the database is not documented; here nothing of it stays.
func (q *request) terminateMigrateTask() (answer, *refusal) {
	id, refused := q.need("MigrateTaskId")
	if refused != nil {
		return nil, refused
	}
	s := q.server
	s.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		t := s.st.task(in.ID, id)
		switch {
		case t == nil:
			refused = refuse(http.StatusNotFound, "InvalidMigrateTaskId.NotFound", "The specified migrate task does not exist.")
		case t.over():
			refused = refuse(http.StatusBadRequest, "IncorrectDBState", "The migrate task has ended already.")
		default:
			s.end(t, "Failed", "The migrate task was terminated by the user.")
		}
	})
	return answer{}, refused
}
