package smcemu

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
)

// job finds a job of the caller's account.
func (q *request) job() (*Job, *refusal) {
	id, refused := q.need("JobId")
	if refused != nil {
		return nil, refused
	}
	control.Detail(q.Context(), id)
	j := q.st.Jobs[id]
	if j == nil || j.Account != q.caller.Account {
		return nil, acs.Refuse(http.StatusNotFound, "ReplicationJob.NotFound", "The specified replication job does not exist.")
	}
	return j, nil
}

// in refuses a job that is in none of the states.
func (j *Job) in(states ...string) *refusal {
	if slices.Contains(states, j.Status) {
		return nil
	}
	return acs.Refuse(http.StatusBadRequest, "ReplicationJob.InvalidStatus", "The specified replication job status: %s is invalid. This operation can only be performed in the following status: %s.", j.Status, strings.Join(states, ", "))
}

func sourceState(is string, allowed ...string) *refusal {
	return acs.Refuse(http.StatusBadRequest, "SourceServerState.Invalid", "The specified source server status: %s is invalid. This operation can only be performed in the following status: %s.", is, strings.Join(allowed, ", "))
}

// present refuses a job whose source is not there to work.
func (q *request) present(j *Job) *refusal {
	src := q.st.Sources[j.Source]
	if src == nil {
		return sourceState("Deleting", "Available", "InUse")
	}
	if state := q.st.stateOf(src); state != "Available" && state != "InUse" {
		return sourceState(state, "Available", "InUse")
	}
	return nil
}

func (q *request) room(j *Job) *refusal {
	if most := or(q.st.Settings.Running, 50); q.st.running(j.Account) >= most {
		return acs.Refuse(http.StatusBadRequest, "QuotaExceeded.RunningReplicationJob", "The maximum number of replication jobs that run at the same time is exceeded. Please submit a ticket to raise the quota.")
	}
	return nil
}

func (q *request) startReplicationJob() (answer, *refusal) {
	j, refused := q.job()
	if refused != nil {
		return nil, refused
	}
	allowed := []string{"Ready", "Stopped", "InError"}
	if q.st.Settings.StartWaiting {
		allowed = append(allowed, "Waiting")
	}
	if refused := j.in(allowed...); refused != nil {
		return nil, refused
	}
	if refused := q.present(j); refused != nil {
		return nil, refused
	}
	if refused := q.room(j); refused != nil {
		return nil, refused
	}
	q.wrote = true
	if j.Status == "Stopped" || j.Status == "InError" {
		goOn(j, q.now)
		return nil, nil
	}
	begin(j, "Manual", q.now)
	return nil, nil
}

func (q *request) stopReplicationJob() (answer, *refusal) {
	j, refused := q.job()
	if refused != nil {
		return nil, refused
	}
	if refused := j.in("Running"); refused != nil {
		return nil, refused
	}
	if j.Phase != "Syncing" {
		return nil, acs.Refuse(http.StatusBadRequest, "ReplicationJob.InvalidBusinessStatus", "The specified replication job business status: %s is invalid. This operation can only be performed in the following business status: %s.", j.Phase, "Syncing")
	}
	halt(j, "Stopped", q.now)
	q.wrote = true
	return nil, nil
}

func (q *request) deleteReplicationJob() (answer, *refusal) {
	j, refused := q.job()
	if refused != nil {
		return nil, refused
	}
	if refused := j.in("Ready", "Stopped", "InError", "Waiting", "Finished", "Expired"); refused != nil {
		return nil, refused
	}
	q.server.drop(j, q)
	return nil, nil
}

// drop begins the deletion of a job.
func (s *Server) drop(j *Job, q *request) {
	j.Status, j.Phase, j.Gone = "Deleting", "", q.now.Add(s.paced(deleting))
	q.wrote = true
}

func (q *request) cutOverReplicationJob() (answer, *refusal) {
	j, refused := q.job()
	if refused != nil {
		return nil, refused
	}
	sync, refused := q.yes("SyncData", false)
	if refused != nil {
		return nil, refused
	}
	if refused := j.in("Waiting"); refused != nil {
		return nil, refused
	}
	if refused := q.present(j); refused != nil {
		return nil, refused
	}
	q.wrote = true
	begin(j, "Manual", q.now)
	j.Last = true
	if !sync {
		j.Phase = "Cleaning"
	}
	return nil, nil
}

// modifyReplicationJob changes what may be changed where a job stands: names
// always, the interval and the number of images before the first run or in
// Waiting, the rest before the first run.
func (q *request) modifyReplicationJob() (answer, *refusal) {
	j, refused := q.job()
	if refused != nil {
		return nil, refused
	}
	for _, fixed := range []string{"RegionId", "SourceId", "RunOnce", "JobType", "LicenseType"} {
		if q.params.Has(fixed) {
			return nil, badValue(fixed, "it cannot be changed")
		}
	}
	for name := range q.params {
		switch name, _, _ := strings.Cut(name, "."); name {
		case "JobId", "Name", "Description":
		case "Frequency", "MaxNumberOfImageToKeep":
			refused = j.in("Ready", "Waiting")
		case "ValidTime":
			refused = j.in("Ready", "Running", "Stopped", "InError", "Waiting")
		default:
			refused = j.in("Ready")
		}
		if refused != nil {
			return nil, refused
		}
	}
	src := q.st.Sources[j.Source]
	if src == nil {
		src = &Source{ID: j.Source}
	}
	next := *j // nothing is changed when something is refused
	next.NewDisks = nil
	if refused := q.change(j, &next, src); refused != nil {
		return nil, refused
	}
	if next.NewDisks == nil {
		next.NewDisks = j.NewDisks
	}
	*j, q.wrote = next, true
	return nil, nil
}

func (q *request) change(j, next *Job, src *Source) *refusal {
	q.st.Jobs[j.ID] = next // names are compared with those of others
	defer func() { q.st.Jobs[j.ID] = j }()
	return q.fill(next, src, 500, false)
}
