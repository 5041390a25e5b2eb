package templates

import "net/url"

// Storage is the list of places where backup files lie.
type Storage struct {
	Rows  []Place
	Empty Empty
}

// Place is a bucket or a folder.
type Place struct {
	Name     Link
	Kind     string // OSS bucket, folder
	Where    string // address and region, or the path
	Class    string // Standard; empty for a folder
	Badge    Badge  // reachable, encrypted, gone
	Note     string // what the badge means for a migration
	Uploads  string // 2 unfinished uploads
	UploadsT Tone
}

// PlaceFiles is one place with its files.
type PlaceFiles struct {
	Name     string
	Crumbs   []Link
	Under    string
	Badge    Badge
	Facts    []Fact
	Filter   Form
	Prefix   string
	Rows     []StoredFile
	Pager    Pager
	Empty    Empty
	Uploads  []Upload
	UploadsE string // why unfinished uploads cannot be shown; empty when they can
	Problem  *Help  // the place cannot be read
}

// StoredFile is one file and what its header says.
type StoredFile struct {
	Name     string
	Size     Size
	Modified When
	Kind     Kind
	Database string
	Says     string // SQL Server 2016 on PROD1, LSN … to …; or why it is no backup
	Tone     Tone
}

// Upload is an unfinished multipart upload.
type Upload struct {
	Name   string
	ID     string
	Begun  When
	Note   string // belongs to the migration of orders, which will go on with it
	Action *Action
}

func (v PlaceFiles) migrateHref() string {
	return v.Filter.Action + "/migrate?prefix=" + url.QueryEscape(v.Prefix)
}
