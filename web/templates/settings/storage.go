package settings

import "github.com/bakplane/bakplane/web/templates/kit"

// Storage is the list of places where backup files lie.
type Storage struct {
	Rows  []Place
	Empty kit.Empty
}

// Place is a bucket or a folder.
type Place struct {
	Name     kit.Link
	Kind     string    // OSS bucket, folder
	Where    string    // address and region, or the path
	Class    string    // Standard; empty for a folder
	Badge    kit.Badge // reachable, encrypted, gone
	Note     string    // what the badge means for a migration
	Uploads  string    // 2 unfinished uploads
	UploadsT kit.Tone
}
