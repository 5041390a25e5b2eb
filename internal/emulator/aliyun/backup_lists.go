package aliyunemu

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// between reads a range of times; a missing end is open unless must.
func (q *request) between(layout string, must bool) (from, to time.Time, refused *refusal) {
	for _, one := range []struct {
		name string
		into *time.Time
	}{{"StartTime", &from}, {"EndTime", &to}} {
		text := q.params.Get(one.name)
		if text == "" && !must {
			continue
		}
		if text, refused = q.need(one.name); refused != nil {
			return
		}
		t, err := time.Parse(layout, text)
		if err != nil {
			return from, to, refuse(http.StatusBadRequest, "Invalid"+one.name+".Format", "The specified parameter %s is not valid.", one.name)
		}
		*one.into = t
	}
	if !from.IsZero() && !to.IsZero() && !to.After(from) {
		refused = refuse(http.StatusBadRequest, "InvalidParameterCombination", "The end time must be later than the start time.")
	}
	return
}

func within(t, from, to time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (to.IsZero() || !t.After(to))
}

func pageOf3(n int) bool { return n == 30 || n == 50 || n == 100 }

func (s *BackupSet) words() (mode, initiator, kind, status string) {
	mode, initiator, kind, status = "Manual", "User", "FullBackup", "Success"
	if s.Automated {
		mode, initiator = "Automated", "System"
	}
	if !s.Full {
		kind = "IncrementalBackup"
	}
	if s.Failed {
		status = "Failed"
	}
	return
}

func (s *Server) listLag() time.Duration {
	if s.config.ListLag > 0 {
		return s.config.ListLag
	}
	return 2 * s.backupStep()
}

// describeBackups lists sets, newest first (the order is our choice), a while
// after their jobs say that they are finished.
func (q *request) describeBackups() (answer, *refusal) {
	from, to, refused := q.between(timeMinutes, false)
	if refused != nil {
		return nil, refused
	}
	number, size, refused := q.page(pageOf3)
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
	rows := []answer{}
	for _, one := range slices.Backward(in.Backups.Sets) {
		if s.now().Before(one.Ended.Add(s.listLag())) {
			continue
		}
		mode, initiator, kind, status := one.words()
		differs := func(name, value string) bool { return q.params.Get(name) != "" && q.params.Get(name) != value }
		if differs("BackupId", one.ID) || differs("BackupMode", mode) || differs("BackupType", kind) || differs("BackupStatus", status) || !within(one.Started, from, to) {
			continue
		}
		row := answer{"BackupId": one.ID, "BackupStatus": status, "BackupType": kind, "BackupMode": mode, "BackupMethod": one.Method,
			"BackupInitiator": initiator, "BackupStartTime": stamp(one.Started), "BackupEndTime": stamp(one.Ended), "BackupSize": one.Size,
			"ExpectExpireTime": stamp(one.Expires), "StoreStatus": "Disabled", "IsAvail": flag(!one.Failed), "MetaStatus": "", "CopyOnlyBackup": 0,
			"StorageClass": "0", "Checksum": "", "ConsistentTime": 0, "Engine": "SQLServer", "EngineVersion": in.Version, "DBInstanceId": in.ID, "HostInstanceID": 5882781,
			"BackupDownloadURL": "", "BackupIntranetDownloadURL": ""}
		if one.Method == "Physical" && !one.Failed {
			links := []answer{}
			for _, name := range one.Databases {
				link := s.link(q, in, one.ID, name, name+".bak")
				links = append(links, answer{"DataBase": name, "DownloadLink": link, "IntranetDownloadLink": link})
			}
			row["BackupDownloadURL"] = s.link(q, in, one.ID, "", one.ID+".zip")
			row["BackupIntranetDownloadURL"] = row["BackupDownloadURL"]
			row["BackupDownloadLinkByDB"] = answer{"BackupDownloadLinkByDB": links}
		}
		rows = append(rows, row)
	}
	page := cut(rows, number, size)
	return answer{"PageNumber": strconv.Itoa(number), "PageRecordCount": strconv.Itoa(len(page)), "TotalRecordCount": strconv.Itoa(len(rows)),
		"TotalEcsSnapshotSize": 0, "Items": answer{"Backup": page}}, nil
}

// describeBackupDatabase names the databases of a set in one text.
func (q *request) describeBackupDatabase() (answer, *refusal) {
	id, refused := q.need("BackupId")
	if refused != nil {
		return nil, refused
	}
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	one := in.Backups.set(id)
	if one == nil {
		return nil, refuse(http.StatusNotFound, "InvalidBackupId.NotFound", "The specified backup set does not exist.")
	}
	return answer{"DatabaseNames": strings.Join(one.Databases, ",")}, nil
}

// describeLogBackupFiles lists the log backups that touch a range, newest
// first.
func (q *request) describeLogBackupFiles() (answer, *refusal) {
	from, to, refused := q.between(timeMinutes, true)
	if refused != nil {
		return nil, refused
	}
	number, size, refused := q.page(func(n int) bool { return n >= 30 && n <= 1000 })
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
	var hits []LogFile
	total := int64(0)
	for _, one := range slices.Backward(in.Backups.Logs) {
		if !one.To.Before(from) && !one.From.After(to) {
			hits = append(hits, one)
			total += one.Size
		}
	}
	rows := []answer{}
	for _, one := range cut(hits, number, size) {
		id := fmt.Sprintf("log-%d-%d", one.From.Unix(), one.To.Unix())
		link := s.link(q, in, id, "", id+".zip.log")
		rows = append(rows, answer{"LogBeginTime": stamp(one.From), "LogEndTime": stamp(one.To), "FileSize": one.Size,
			"DownloadLink": link, "IntranetDownloadLink": link, "LinkExpiredTime": stamp(s.now().Add(s.linkLife()))})
	}
	return answer{"DBInstanceId": in.ID, "PageNumber": number, "PageRecordCount": len(rows), "TotalRecordCount": len(hits),
		"TotalFileSize": total, "Items": answer{"BinLogFile": rows}}, nil
}

// describeCrossRegionBackups lists the copies of sets in another region.
func (q *request) describeCrossRegionBackups() (answer, *refusal) {
	return q.crossRegion(func(in *Instance, from, to time.Time) (rows []answer) {
		for _, one := range slices.Backward(in.Backups.Sets) {
			if one.Cross == "" || !within(one.Started, from, to) {
				continue
			}
			kind := "F"
			if !one.Full {
				kind = "I"
			}
			rows = append(rows, answer{"CrossBackupId": "cross-" + one.ID, "BackupSetStatus": 0, "BackupType": kind, "BackupMethod": one.Method[:1],
				"BackupStartTime": stamp(one.Started), "BackupEndTime": stamp(one.Ended), "CrossBackupSetSize": one.Size, "CrossBackupRegion": one.Cross,
				"CrossBackupSetLocation": "OSS", "CrossBackupSetFile": "hins-" + one.ID + "_data.tar.gz", "CrossBackupDownloadLink": "",
				"RestoreRegions": answer{"RestoreRegion": []string{one.Cross}}, "Engine": "SQLServer", "EngineVersion": in.Version})
		}
		return rows
	})
}

func (q *request) crossRegion(list func(in *Instance, from, to time.Time) []answer) (answer, *refusal) {
	if _, refused := q.need("RegionId"); refused != nil {
		return nil, refused
	}
	from, to, refused := q.between(timeSeconds, true)
	if refused != nil {
		return nil, refused
	}
	number, size, refused := q.page(pageOf3)
	if refused != nil {
		return nil, refused
	}
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	in, refused := q.instance()
	if refused != nil {
		return nil, refused
	}
	rows := list(in, from, to)
	page := append([]answer{}, cut(rows, number, size)...)
	return answer{"DBInstanceId": in.ID, "RegionId": in.Region, "PageNumber": number, "PageRecordCount": len(page), "TotalRecordCount": len(rows),
		"Items": answer{"Item": page}}, nil
}
