package rdsapi

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type restoreWindow struct {
	EarliestTime string `xml:",omitempty"`
	LatestTime   string `xml:",omitempty"`
}

type automatedBackup struct {
	DBInstanceIdentifier string
	Resource             string `xml:"DbiResourceId,omitempty"`
	Status               string
	Retention            int            `xml:"BackupRetentionPeriod"`
	Window               *restoreWindow `xml:"RestoreWindow,omitempty"`
}

// automated answers DescribeDBInstanceAutomatedBackups: those of instances that
// are there, and those that stayed of deleted ones (RDS API reference: Status is
// active, retained or creating; a retained one has no retention period told here).
func automated(w http.ResponseWriter, q url.Values, cfg Config) {
	var all []automatedBackup
	add := func(b automatedBackup) {
		if id := q.Get("DBInstanceIdentifier"); id == "" || strings.EqualFold(id, b.DBInstanceIdentifier) {
			all = append(all, b)
		}
	}
	for _, r := range cfg.Retained {
		add(automatedBackup{DBInstanceIdentifier: r.Instance, Resource: r.Resource, Status: "retained", Window: &restoreWindow{r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339)}})
	}
	for _, i := range cfg.Instances {
		if i.BackupDays == 0 {
			continue
		}
		b := automatedBackup{DBInstanceIdentifier: i.ID, Resource: i.Resource, Status: "creating", Retention: i.BackupDays}
		if now := time.Now().UTC(); !i.Since.IsZero() {
			from := i.Since.UTC()
			if oldest := now.AddDate(0, 0, -i.BackupDays); oldest.After(from) {
				from = oldest
			}
			b.Status, b.Window = "active", &restoreWindow{from.Format(time.RFC3339), now.Add(-logsBehind).Format(time.RFC3339)}
		}
		add(b)
	}
	part, next, ok := page(w, q, all)
	if !ok {
		return
	}
	write(w, http.StatusOK, struct {
		XMLName xml.Name          `xml:"http://rds.amazonaws.com/doc/2014-10-31/ DescribeDBInstanceAutomatedBackupsResponse"`
		Marker  string            `xml:"DescribeDBInstanceAutomatedBackupsResult>Marker,omitempty"`
		List    []automatedBackup `xml:"DescribeDBInstanceAutomatedBackupsResult>DBInstanceAutomatedBackups>DBInstanceAutomatedBackup"`
		Request string            `xml:"ResponseMetadata>RequestId"`
	}{Marker: next, List: part, Request: "00000000-0000-0000-0000-000000000004"})
}

type dbSnapshot struct {
	DBSnapshotIdentifier string
	DBInstanceIdentifier string
	SnapshotCreateTime   string `xml:",omitempty"`
	SnapshotType         string
	Status               string
	AllocatedStorage     int
	Encrypted            bool
	KmsKeyID             string `xml:"KmsKeyId,omitempty"`
}

// kinds are those that can be asked for; without one all of one's own are told
// (RDS API reference, DescribeDBSnapshots, SnapshotType).
var kinds = []string{"", "automated", "manual", "shared", "public", "awsbackup"}

func snapshots(w http.ResponseWriter, q url.Values, cfg Config) {
	kind := q.Get("SnapshotType")
	if !slices.Contains(kinds, kind) {
		refuse(w, http.StatusBadRequest, "InvalidParameterValue", fmt.Sprintf("Invalid snapshot type: %s", kind)) // the sentence is not confirmed
		return
	}
	all := slices.DeleteFunc(slices.Clone(cfg.Snapshots), func(s Snapshot) bool {
		id := q.Get("DBInstanceIdentifier")
		return id != "" && !strings.EqualFold(id, s.Instance) || kind != "" && s.Kind != kind
	})
	part, next, ok := page(w, q, all)
	if !ok {
		return
	}
	doc := struct {
		XMLName xml.Name     `xml:"http://rds.amazonaws.com/doc/2014-10-31/ DescribeDBSnapshotsResponse"`
		Marker  string       `xml:"DescribeDBSnapshotsResult>Marker,omitempty"`
		List    []dbSnapshot `xml:"DescribeDBSnapshotsResult>DBSnapshots>DBSnapshot"`
		Request string       `xml:"ResponseMetadata>RequestId"`
	}{Marker: next, Request: "00000000-0000-0000-0000-000000000005"}
	for _, s := range part {
		row := dbSnapshot{DBSnapshotIdentifier: s.ID, DBInstanceIdentifier: s.Instance, SnapshotType: s.Kind, Status: s.Status, AllocatedStorage: s.StorageGB, Encrypted: s.Key != "", KmsKeyID: s.Key}
		if !s.Created.IsZero() {
			row.SnapshotCreateTime = s.Created.UTC().Format(time.RFC3339)
		}
		doc.List = append(doc.List, row)
	}
	write(w, http.StatusOK, doc)
}
