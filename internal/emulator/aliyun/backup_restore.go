package aliyunemu

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// copyDatabaseBetweenInstances restores databases of a set or a moment into an
// existing instance, also into the one they come from. DbNames is read as the
// JSON map of the reference's example. The codes of its refusals are not
// public: those here are the service's for like cases.
func (q *request) copyDatabaseBetweenInstances() (answer, *refusal) {
	for _, must := range []string{"TargetDBInstanceId", "DbNames"} {
		if _, refused := q.need(must); refused != nil {
			return nil, refused
		}
	}
	var names map[string]string
	if err := json.Unmarshal([]byte(q.params.Get("DbNames")), &names); err != nil || len(names) == 0 {
		return nil, refuse(http.StatusBadRequest, "InvalidDbNames.Format", "The specified parameter DbNames is not valid.")
	}
	set, moment := q.params.Get("BackupId"), q.params.Get("RestoreTime")
	if (set == "") == (moment == "") {
		return nil, refuse(http.StatusBadRequest, "InvalidParameterCombination", "Specify either BackupId or RestoreTime.")
	}
	s := q.server
	var refused *refusal
	s.change(func() {
		var in *Instance
		if in, refused = q.instance(); refused != nil {
			return
		}
		target := s.st.Instances[q.params.Get("TargetDBInstanceId")]
		if target == nil || target.Account != in.Account || target.Region != in.Region {
			refused = refuse(http.StatusNotFound, "InvalidDBInstanceId.NotFound", "The specified target DB instance does not exist.")
			return
		}
		if target == in { // users of the console were refused without a reason; the code is our choice
			refused = refuse(http.StatusForbidden, "OperationDenied.TargetInstance", "The specified target DB instance is not supported.")
			return
		}
		if refused = target.running(); refused != nil {
			return
		}
		var at time.Time
		var held []string
		if at, held, refused = in.Backups.source(set, moment, s.now()); refused != nil {
			return
		}
		if target.MaxDatabases > 0 && len(target.Databases)+len(names) > target.MaxDatabases {
			refused = refuse(http.StatusBadRequest, "DatabaseQuotaExceeded", "The number of databases of the target instance exceeds the limit.")
			return
		}
		var tasks []*CopyTask
		for from, to := range names {
			i := slices.IndexFunc(held, func(have string) bool { return strings.EqualFold(have, from) })
			switch {
			case i < 0:
				refused = refuse(http.StatusNotFound, "InvalidDBName.NotFound", "The specified database %s is not in the backup.", from)
			case !validName(to):
				refused = refuse(http.StatusForbidden, "InvalidDBName", "The specified database name is not allowed.")
			case target.database(to) != nil:
				refused = refuse(http.StatusBadRequest, "InvalidDBName.Duplicate", "The specified database name %s already exists.", to)
			}
			if refused != nil {
				return
			}
			v, _ := in.Backups.at(held[i], at)
			tasks = append(tasks, &CopyTask{Name: to, Ends: s.now().Add(3 * s.backupStep()), Contents: v.Contents, Bytes: v.Bytes})
		}
		for _, t := range tasks {
			target.Databases[t.Name] = &Database{Name: t.Name, Task: "copy", Created: s.now(), DataBytes: t.Bytes}
		}
		target.Backups.Restores = append(target.Backups.Restores, tasks...)
		control.Detail(q.Context(), in.ID+" → "+target.ID)
	})
	if refused != nil {
		return nil, refused
	}
	return answer{"DBName": q.params.Get("DbNames")}, nil
}

// source is the moment that a restore goes to, and the databases there.
func (b *Backups) source(id, moment string, now time.Time) (at time.Time, names []string, refused *refusal) {
	if id != "" {
		one := b.set(id)
		if one == nil || one.Failed {
			return at, nil, refuse(http.StatusNotFound, "InvalidBackupId.NotFound", "The specified backup set does not exist.")
		}
		return one.Ended, one.Databases, nil
	}
	at, err := time.Parse(timeSeconds, moment)
	if err != nil {
		return at, nil, refuse(http.StatusBadRequest, "InvalidRestoreTime.Format", "The specified parameter RestoreTime is not valid.")
	}
	if !b.reaches(at) || at.After(now) {
		return at, nil, refuse(http.StatusBadRequest, "InvalidRestoreTime.NotFound", "The instance cannot be restored to the specified time.")
	}
	return at, b.names(at), nil
}

// reaches reports whether logs lead without a gap from a full set to t.
func (b *Backups) reaches(t time.Time) bool {
	for _, one := range slices.Backward(b.Sets) {
		if one.Failed || !one.Full || one.Single || one.Ended.After(t) {
			continue
		}
		to := one.Ended
		for _, l := range b.Logs {
			if !l.From.After(to) && l.To.After(to) {
				to = l.To
			}
		}
		return !to.Before(t)
	}
	return false
}

// copied opens a copied database.
func (b *Backups) copied(s *Server, in *Instance, t *CopyTask, at time.Time) {
	if db := in.database(t.Name); db != nil && !db.Restored {
		db.Restored, db.Contents, db.Created = true, t.Contents, at
		if s.config.Opened != nil {
			s.config.Opened(in.ID, db.Name, db.Contents, false)
		}
	}
}
