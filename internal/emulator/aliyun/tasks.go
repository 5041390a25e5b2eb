package aliyunemu

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (t *Task) over() bool { return t.Status == "Success" || t.Status == "Failed" }

func (t *Task) row() answer {
	return answer{"MigrateTaskId": t.ID, "DBName": t.Database, "BackupMode": t.BackupMode, "Status": t.Status,
		"CreateTime": stamp(t.Created), "EndTime": stamp(t.Ended), "IsDBReplaced": "False", "Description": t.Description}
}

// describeMigrateTasks lists a page of the tasks created in a range, newest
// first (the order is our choice), at most a week back.
func (q *request) describeMigrateTasks() (answer, *refusal) {
	from, refused := q.minute("StartTime")
	if refused != nil {
		return nil, refused
	}
	to, refused := q.minute("EndTime")
	if refused != nil {
		return nil, refused
	}
	if !to.After(from) {
		return nil, refuse(http.StatusBadRequest, "InvalidParameterCombination", "The end time must be later than the start time.")
	}
	if to.Sub(from) > 30*24*time.Hour { // the code is our choice
		return nil, refuse(http.StatusBadRequest, "InvalidParameterCombination", "The time range must not exceed 30 days.")
	}
	number, size, refused := q.page(func(n int) bool { return n >= 30 && n <= 100 })
	if refused != nil {
		return nil, refused
	}
	s := q.server
	s.mu.Lock()
	defer s.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	if strings.HasPrefix(in.Version, "2017_ent") && in.Category == "AlwaysOn" {
		return nil, refuse(http.StatusBadRequest, "Api.NotSupport", "The API does not support this instance.")
	}
	rows := []answer{}
	for _, t := range slices.Backward(s.st.Tasks) {
		if t.Instance != in.ID || t.Created.Before(from) || t.Created.After(to) || q.now.Sub(t.Created) > 7*24*time.Hour ||
			s.config.HidePending && t.BackupMode == "UPDF" {
			continue
		}
		rows = append(rows, t.row())
	}
	page := cut(rows, number, size)
	return answer{"DBInstanceId": in.ID, "PageNumber": number, "PageRecordCount": len(page), "TotalRecordCount": len(rows),
		"Items": answer{"MigrateTask": page}}, nil
}

// minute reads a query time, which has minutes only.
func (q *request) minute(name string) (time.Time, *refusal) {
	v, refused := q.need(name)
	if refused != nil {
		return time.Time{}, refused
	}
	t, err := time.Parse(timeMinutes, v)
	if err != nil {
		return time.Time{}, refuse(http.StatusBadRequest, "Invalid"+name+".Format", "The specified parameter %s is not valid.", name)
	}
	return t, nil
}

// named finds the task a call is about. The state is locked.
func (q *request) named() (*Instance, *Task, *refusal) {
	id, refused := q.need("MigrateTaskId")
	if refused != nil {
		return nil, nil, refused
	}
	in, refused := q.instance()
	if refused != nil {
		return nil, nil, refused
	}
	t := q.server.st.task(in.ID, id)
	if t == nil {
		return nil, nil, refuse(http.StatusNotFound, "InvalidMigrateTaskId.NotFound", "The specified migrate task does not exist.")
	}
	return in, t, nil
}

func (q *request) describeMigrateTaskByID() (answer, *refusal) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, t, refused := q.named()
	if refused != nil {
		return nil, refused
	}
	row := t.row()
	row["DBInstanceName"] = in.ID
	return row, nil
}

func (q *request) describeOssDownloads() (answer, *refusal) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, t, refused := q.named()
	if refused != nil {
		return nil, refused
	}
	if strings.HasPrefix(in.Version, "2017_ent") || strings.HasPrefix(in.Version, "2019_ent") {
		return nil, refuse(http.StatusBadRequest, "Api.NotSupport", "The API does not support this instance.")
	}
	rows := []answer{}
	for _, f := range t.Files {
		available := "False"
		switch f.Status {
		case "Finished", "CheckSuccess", "Restoring", "Restored", "RestoreFailed", "CheckFailed":
			available = "True"
		}
		rows = append(rows, answer{"FileName": f.Key, "FileSize": fmt.Sprint((f.Size + 1<<20 - 1) >> 20), "BackupMode": f.BackupMode,
			"Status": f.Status, "CreateTime": stamp(f.Created), "EndTime": stamp(f.Ended), "IsAvailable": available, "Description": f.Description})
	}
	return answer{"DBInstanceId": in.ID, "MigrateTaskId": t.ID, "Items": answer{"OssDownload": rows}}, nil
}
