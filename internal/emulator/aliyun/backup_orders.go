package aliyunemu

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// setsADay is the service's limit of backup sets (RDS API CreateBackup). The
// day is counted as the 24 hours before the call.
const setsADay = 20

// createBackup begins a backup. The code for names that do not exist is one of
// the service's other calls.
func (q *request) createBackup() (answer, *refusal) {
	v := q.params.Get
	bad := func(code, name string) *refusal {
		return refuse(http.StatusBadRequest, code, "The specified parameter %s is not valid.", name)
	}
	s := q.server
	var out answer
	var refused *refusal
	s.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		if refused = in.running(); refused != nil {
			return
		}
		b, now := &in.Backups, s.now()
		j := &BackupJob{Method: v("BackupMethod"), Begun: now, Since: now, Retention: b.Policy.Retention, Fails: b.Fail}
		if j.Method == "" {
			j.Method = "Physical"
		}
		kind, strategy := v("BackupType"), v("BackupStrategy")
		switch {
		case j.Method != "Physical" && j.Method != "Snapshot", j.Method == "Snapshot" && b.LocalDisk:
			refused = bad("InvalidBackupMethod.Format", "BackupMethod")
		case !slices.Contains([]string{"", "Auto", "FullBackup"}, kind), j.Method == "Snapshot" && kind != "",
			kind != "FullBackup" && j.Method == "Physical" && in.Category == "AlwaysOn" && b.Policy.Priority == 1:
			refused = bad("InvalidBackupType.Format", "BackupType")
		case strategy != "" && strategy != "instance" && strategy != "db":
			refused = bad("InvalidBackupStrategy.Format", "BackupStrategy")
		case strategy == "db" && (j.Method != "Physical" || kind != "FullBackup"), strategy != "db" && (v("DBName") != "" || v("BackupRetentionPeriod") != ""):
			refused = refuse(http.StatusBadRequest, "InvalidParameterCombination", "The specified parameters BackupMethod, BackupType, BackupStrategy and DBName do not go together.")
		case strategy == "db" && v("DBName") == "":
			_, refused = q.need("DBName")
		}
		if refused == nil && strategy == "db" {
			refused = j.single(in, v("DBName"), v("BackupRetentionPeriod"))
		}
		if refused != nil {
			return
		}
		made := 0
		for _, one := range b.Sets {
			if now.Sub(one.Started) < 24*time.Hour {
				made++
			}
		}
		switch {
		case b.running() != nil:
			refused = refuse(http.StatusBadRequest, "BackupJobExists", "A backup job already exists in the specified DB instance.")
			return
		case made >= setsADay:
			refused = refuse(http.StatusBadRequest, "BackupTimesExceeded", "Exceeding the daily backup times of this DB instance.")
			return
		}
		j.Full = j.Method == "Snapshot" || kind == "FullBackup" || b.recentFull(now) == nil
		j.ID = s.st.id()
		if b.Hold {
			j.Since = time.Time{}
		}
		b.Jobs = append(b.Jobs, j)
		control.Detail(q.Context(), in.ID+" "+j.Method)
		out = answer{"BackupJobId": j.ID}
	})
	return out, refused
}

// single makes it a single-database backup.
func (j *BackupJob) single(in *Instance, names, retention string) *refusal {
	for name := range strings.SplitSeq(names, ",") {
		db := in.database(name)
		if db == nil || !db.Restored {
			return refuse(http.StatusNotFound, "InvalidDBName.NotFound", "The specified database %s does not exist.", name)
		}
		j.Databases = append(j.Databases, db.Name)
	}
	if retention != "" {
		n, err := strconv.Atoi(retention)
		if err != nil || n != -1 && (n < 7 || n > 730) {
			return refuse(http.StatusBadRequest, "InvalidBackupRetentionPeriod.Malformed", "The specified parameter BackupRetentionPeriod is not valid.")
		}
		j.Retention = n
	}
	return nil
}

// describeBackupTasks lists jobs under way, or one by its number.
func (q *request) describeBackupTasks() (answer, *refusal) {
	id := q.params.Get("BackupJobId")
	if _, err := strconv.ParseInt(id, 10, 32); id != "" && err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidBackupJobId.Malformed", "The specified parameter BackupJobId is not valid.")
	}
	s := q.server
	s.mu.Lock()
	defer s.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	rows := []answer{}
	for _, j := range in.Backups.Jobs {
		mode, action := "Manual", "TempBackupTask"
		if j.Automated {
			mode, action = "Automated", "NormalBackupTask"
		}
		status, percent := j.progress(s.now(), in.Backups.step(s, j))
		want := q.params.Get("BackupJobStatus")
		switch {
		case id != "" && j.ID != id, id == "" && !j.Ended.IsZero(),
			q.params.Get("BackupMode") != "" && q.params.Get("BackupMode") != mode,
			want == "NoStart" && status != "NoStart", want == "Progressing" && status == "NoStart":
			continue
		}
		row := answer{"BackupJobId": j.ID, "BackupProgressStatus": status, "BackupStatus": "", "BackupId": "", "JobMode": mode,
			"Process": strconv.Itoa(percent), "TaskAction": action}
		if !j.Ended.IsZero() {
			row["BackupStatus"], row["BackupId"] = status, json.Number(j.Set) // a number here, as in a public sample
		}
		rows = append(rows, row)
	}
	return answer{"Items": answer{"BackupJob": rows}}, nil
}

// modifyBackupSetExpireTime refuses with HTTP status 200 and Success false.
// That Success is there to be looked at is documented, the codes are not. The
// text of the expiry speaks of minutes and its example has seconds: both are
// taken.
func (q *request) modifyBackupSetExpireTime() (answer, *refusal) {
	id, refused := q.need("BackupId")
	if refused != nil {
		return nil, refused
	}
	text, refused := q.need("ExpectExpireTime")
	if refused != nil {
		return nil, refused
	}
	until, err := time.Parse(timeMinutes, text)
	if err != nil {
		until, err = time.Parse(timeSeconds, text)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidExpectExpireTime.Format", "The specified parameter ExpectExpireTime is not valid.")
	}
	out := answer{"Code": "200", "Message": "", "Success": true, "Data": id}
	no := func(code, message string) {
		out = answer{"Code": code, "Message": message, "Success": false, "Data": ""}
	}
	q.server.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		one := in.Backups.set(id)
		switch {
		case one == nil:
			no("BackupSetNotFound", "The backup set does not exist.")
		case one.Automated || one.Method != "Physical" || !one.Full || one.Failed || !one.Single:
			no("OperationDenied.BackupSet", "Only successful manual physical full backup sets of single databases support changing the expiration time.")
		case one.Expires.IsZero() || until.Before(one.Expires):
			no("InvalidExpectExpireTime", "The expiration time cannot be shortened.")
		default:
			one.Expires = until
		}
	})
	return out, refused
}

// deleteBackup is not for SQL Server: sets cannot be deleted by hand.
func (q *request) deleteBackup() (answer, *refusal) {
	return nil, refuse(http.StatusBadRequest, "InvalidDBInstanceEngineType.Format", "The engine of the instance does not support this operation.")
}
