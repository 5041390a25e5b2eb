package rdsapi

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// page cuts a list as MaxRecords and Marker say; false: it was refused.
func page[T any](w http.ResponseWriter, q url.Values, all []T) (part []T, next string, ok bool) {
	size := 100
	if text := q.Get("MaxRecords"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 20 || n > 100 {
			refuse(w, http.StatusBadRequest, "InvalidParameterValue", "Invalid value "+text+" for MaxRecords. Must be between 20 and 100")
			return nil, "", false
		}
		size = n
	}
	from := 0
	if text := q.Get("Marker"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(all) {
			refuse(w, http.StatusBadRequest, "InvalidParameterValue", "The request token is invalid.")
			return nil, "", false
		}
		from = n
	}
	for name := range q {
		if strings.HasPrefix(name, "Filters.") {
			refuse(w, http.StatusBadRequest, "InvalidParameterValue", "Unrecognized filter name")
			return nil, "", false
		}
	}
	to := min(from+size, len(all))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next, true
}

type membership struct {
	OptionGroupName, Status string
}

type dbInstance struct {
	DBInstanceIdentifier string
	DBInstanceClass      string
	Engine               string
	EngineVersion        string
	DBInstanceStatus     string
	MasterUsername       string
	Address              string `xml:"Endpoint>Address,omitempty"`
	Port                 string `xml:"Endpoint>Port,omitempty"`
	AllocatedStorage     int
	MultiAZ              bool
	StorageEncrypted     bool
	KmsKeyID             string       `xml:"KmsKeyId,omitempty"`
	Retention            int          `xml:"BackupRetentionPeriod"`
	PreferredBackup      string       `xml:"PreferredBackupWindow"`
	Latest               string       `xml:"LatestRestorableTime,omitempty"`
	Resource             string       `xml:"DbiResourceId,omitempty"`
	Memberships          []membership `xml:"OptionGroupMemberships>OptionGroupMembership"`
}

// logsBehind is how far the service's own log backups reach back (RDS guide,
// "Restoring to a point in time": within the last five minutes).
const logsBehind = 3 * time.Minute

func instances(w http.ResponseWriter, q url.Values, cfg Config) {
	all := cfg.Instances
	if id := q.Get("DBInstanceIdentifier"); id != "" {
		all = slices.DeleteFunc(slices.Clone(all), func(i Instance) bool { return !strings.EqualFold(i.ID, id) })
		if len(all) == 0 {
			refuse(w, http.StatusNotFound, "DBInstanceNotFound", fmt.Sprintf("DBInstance %s not found.", id))
			return
		}
	}
	part, next, ok := page(w, q, all)
	if !ok {
		return
	}
	doc := struct {
		XMLName xml.Name     `xml:"http://rds.amazonaws.com/doc/2014-10-31/ DescribeDBInstancesResponse"`
		Marker  string       `xml:"DescribeDBInstancesResult>Marker,omitempty"`
		List    []dbInstance `xml:"DescribeDBInstancesResult>DBInstances>DBInstance"`
		Request string       `xml:"ResponseMetadata>RequestId"`
	}{Marker: next, Request: "00000000-0000-0000-0000-000000000002"}
	for _, i := range part {
		row := dbInstance{DBInstanceIdentifier: i.ID, DBInstanceClass: i.Class, Engine: i.Engine, EngineVersion: i.EngineVersion, DBInstanceStatus: i.Status, MasterUsername: i.Master, Address: i.Host,
			AllocatedStorage: i.StorageGB, MultiAZ: i.MultiAZ, StorageEncrypted: i.Key != "", KmsKeyID: i.Key, Retention: i.BackupDays, PreferredBackup: i.BackupWindow, Resource: i.Resource}
		if i.Host != "" {
			row.Port = strconv.Itoa(i.Port)
		}
		if i.BackupDays > 0 {
			row.Latest = time.Now().UTC().Add(-logsBehind).Format(time.RFC3339)
		}
		if i.Group != "" {
			row.Memberships = []membership{{i.Group, i.GroupStatus}}
		}
		doc.List = append(doc.List, row)
	}
	write(w, http.StatusOK, doc)
}

type setting struct{ Name, Value string }

type option struct {
	OptionName string
	Settings   []setting `xml:"OptionSettings>OptionSetting"`
}

type optionGroup struct {
	OptionGroupName string
	Options         []option `xml:"Options>Option"`
}

func groups(w http.ResponseWriter, q url.Values, cfg Config) {
	all := slices.Clone(cfg.Groups)
	if name := q.Get("OptionGroupName"); name != "" {
		all = slices.DeleteFunc(all, func(g Group) bool { return g.Name != name })
		if len(all) == 0 {
			refuse(w, http.StatusNotFound, "OptionGroupNotFoundFault", fmt.Sprintf("Specified OptionGroupName: %s not found.", name))
			return
		}
	}
	part, next, ok := page(w, q, all)
	if !ok {
		return
	}
	doc := struct {
		XMLName xml.Name      `xml:"http://rds.amazonaws.com/doc/2014-10-31/ DescribeOptionGroupsResponse"`
		Marker  string        `xml:"DescribeOptionGroupsResult>Marker,omitempty"`
		List    []optionGroup `xml:"DescribeOptionGroupsResult>OptionGroupsList>OptionGroup"`
		Request string        `xml:"ResponseMetadata>RequestId"`
	}{Marker: next, Request: "00000000-0000-0000-0000-000000000003"}
	for _, g := range part {
		row := optionGroup{OptionGroupName: g.Name}
		if g.Backup {
			o := option{OptionName: "SQLSERVER_BACKUP_RESTORE"}
			if g.Role != "" {
				o.Settings = []setting{{"IAM_ROLE_ARN", g.Role}}
			}
			row.Options = append(row.Options, o)
		}
		doc.List = append(doc.List, row)
	}
	write(w, http.StatusOK, doc)
}
