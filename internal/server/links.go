package server

import (
	"net/url"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// DatabaseHref is the page of one database of an instance; empty for one of a
// server that is not known here, which has none.
func DatabaseHref(instanceID, database string) string {
	if instanceID == "" {
		return ""
	}
	return "/instances/" + instanceID + "/database?" + url.Values{"name": {database}}.Encode()
}

// SettingOf is where an instance is changed.
func (s *Kit) SettingOf(i endpoint.Instance) string {
	k, _ := s.Kinds.Instance(i.Kind)
	return "/settings/" + k.Page + "/" + i.ID
}

// WhereIs is how an instance is reached, or what its service calls it.
func (s *Kit) WhereIs(i endpoint.Instance) string {
	if k, err := s.Kinds.Instance(i.Kind); err == nil {
		return k.Where(i)
	}
	return i.Host
}

// PolicyHref is where the policy of an instance in the cloud is shown.
func PolicyHref(id string) string { return "/instances/" + id + "/policy" }

// SetHref is where a backup set in the cloud is shown.
func SetHref(r backup.Record) string { return "/instances/" + r.InstanceID + "/sets/" + r.ID }

// RestoreHref is the form that restores a database to a moment; the zero
// moment leaves it open.
func RestoreHref(instanceID, database string, at time.Time) string {
	v := url.Values{"name": {database}}
	if !at.IsZero() {
		v.Set("at", at.UTC().Format(time.DateTime))
	}
	return "/instances/" + instanceID + "/database/restore?" + v.Encode()
}

// PlaceHint says where a place is.
func PlaceHint(b endpoint.Bucket) string {
	if !b.Service {
		return "folder " + b.Path
	}
	return "OSS bucket " + b.Bucket + ", " + b.Region
}
