package settings

import (
	"net/url"

	"github.com/bakplane/bakplane/web/templates/kit"
)

// PlaceFiles is one place with its files.
type PlaceFiles struct {
	Name     string
	Crumbs   []kit.Link
	Under    string
	Badge    kit.Badge
	Actions  []kit.Action // beside migrating from here
	Facts    []kit.Fact
	Filter   kit.Form
	Prefix   string
	Rows     []StoredFile
	Pager    kit.Pager
	Empty    kit.Empty
	Uploads  []Upload
	UploadsE string    // why unfinished uploads cannot be shown; empty when they can
	Problem  *kit.Help // the place cannot be read
}

func (v PlaceFiles) migrateHref() string {
	return v.Filter.Action + "/migrate?prefix=" + url.QueryEscape(v.Prefix)
}

// StoredFile is one file and what its header says.
type StoredFile struct {
	Name     string
	Size     kit.Size
	Modified kit.When
	Kind     kit.Kind
	Database string
	Says     string // SQL Server 2016 on PROD1, LSN … to …; or why it is no backup
	Tone     kit.Tone
}

// Upload is an unfinished multipart upload.
type Upload struct {
	Name   string
	ID     string
	Begun  kit.When
	Note   string // belongs to the migration of orders, which will go on with it
	Action *kit.Action
}
