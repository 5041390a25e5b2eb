package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// Applied are the results of one policy applied to many instances.
type Applied struct {
	Head kit.CloudHead
	Rows []AppliedRow
}

// AppliedRow is the result at one instance.
type AppliedRow struct {
	Name  kit.Link
	Badge kit.Badge
	Text  string
	Fix   string
}
