package smcemu

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
)

// source finds a source of the caller's account.
func (q *request) source(id string) (*Source, *refusal) {
	control.Detail(q.Context(), id)
	src := q.st.Sources[id]
	if src == nil || src.Account != q.caller.Account {
		return nil, acs.Refuse(http.StatusNotFound, "SourceServer.NotFound", "The specified source server does not exist.")
	}
	return src, nil
}

func (q *request) describeSourceServers() (answer, *refusal) {
	number, size, refused := q.page()
	if refused != nil {
		return nil, refused
	}
	ids, refused := q.list("SourceId", 100)
	if refused != nil {
		return nil, refused
	}
	tags, refused := q.tags()
	if refused != nil {
		return nil, refused
	}
	var found []*Source
	for _, s := range q.st.Sources {
		if s.Account == q.caller.Account && fits(s.ID, ids...) && fits(s.Job, q.get("JobId")) && fits(s.Name, q.get("Name")) && fits(q.st.stateOf(s), q.get("State")) &&
			fits(s.Group, q.get("ResourceGroupId")) && holds(s.Tags, tags) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b *Source) int { return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID)) })
	var rows []answer
	for _, s := range cut(found, number, size) {
		rows = append(rows, q.st.sourceRow(s))
	}
	return answer{"SourceServers": nest("SourceServer", rows), "TotalCount": len(found), "PageNumber": number, "PageSize": size}, nil
}

// sourceRow is a source as the API tells it. There is no time of the last
// heartbeat in it, only how often one comes.
func (st *state) sourceRow(s *Source) answer {
	code, info := s.ErrorCode, s.Status
	if s.Offline && code == "" {
		code = "SourceServer.Offline"
	}
	var system Disk
	var data []Disk
	for _, d := range s.Disks {
		if d.Index == 0 {
			system = d
		} else {
			data = append(data, d)
		}
	}
	return answer{
		"SourceId": s.ID, "JobId": s.Job, "Name": s.Name, "Description": s.Description, "State": st.stateOf(s), "StatusInfo": info, "ErrorCode": code,
		"AgentVersion": s.Agent, "Architecture": s.Arch, "Platform": s.Platform, "KernelLevel": 1, "HeartbeatRate": or(s.Heartbeat, 30), "ReplicationDriver": "SMT",
		"SystemInfo": s.System, "SystemDiskSize": system.SizeGiB, "SystemDiskParts": nest("SystemDiskPart", partRows(system.Parts)), "DataDisks": diskRows(data),
		"CreationTime": text(s.Created), "Tags": tagRows(s.Tags), "ResourceGroupId": s.Group,
	}
}

func (q *request) modifySourceServer() (answer, *refusal) {
	id, refused := q.need("SourceId")
	if refused != nil {
		return nil, refused
	}
	s, refused := q.source(id)
	if refused != nil {
		return nil, refused
	}
	if !s.Deleting.IsZero() {
		return nil, sourceState("Deleting", "Unavailable", "Available", "InUse")
	}
	if refused := q.name("Name"); refused != nil {
		return nil, refused
	}
	description := q.get("Description")
	if len(description) > 256 || strings.HasPrefix(description, "http://") || strings.HasPrefix(description, "https://") {
		return nil, badValue("Description", "it must have at most 256 characters and not begin with http:// or https://")
	}
	if name := q.get("Name"); name != "" {
		for _, o := range q.st.Sources {
			if o != s && o.Account == s.Account && o.Name == name {
				return nil, acs.Refuse(http.StatusBadRequest, "SourceServerName.Duplicate", "The specified source server name already exists. Please modify the source server name.")
			}
		}
		s.Name = name
	}
	if q.params.Has("Description") {
		s.Description = description
	}
	q.wrote = true
	return nil, nil
}

// deleteSourceServer removes a source; with Force its job and the helpers too.
func (q *request) deleteSourceServer() (answer, *refusal) {
	id, refused := q.need("SourceId")
	if refused != nil {
		return nil, refused
	}
	s, refused := q.source(id)
	if refused != nil {
		return nil, refused
	}
	force, refused := q.yes("Force", false)
	if refused != nil {
		return nil, refused
	}
	if !s.Deleting.IsZero() {
		return nil, sourceState("Deleting", "Unavailable", "Available", "InUse")
	}
	var related []string
	for _, j := range q.st.jobs(s.Account) {
		if j.Source != s.ID || j.Status == "Deleting" {
			continue
		}
		if j.Status == "Running" {
			return nil, acs.Refuse(http.StatusBadRequest, "SourceServer.WithRunningReplicationJob", "The specified source server has related replication jobs that are running.")
		}
		related = append(related, j.ID)
	}
	if len(related) > 0 && !force {
		return nil, acs.Refuse(http.StatusBadRequest, "ReplicationJob.Related", "The specified source server has related replication jobs. Please delete replication jobs: %s before delete this source server.", strings.Join(related, ", "))
	}
	for _, id := range related {
		q.server.drop(q.st.Jobs[id], q)
	}
	s.Deleting, q.wrote = q.now.Add(q.server.paced(deleting)), true
	return nil, nil
}
