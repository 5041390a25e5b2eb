package instances

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudTasks are what the service is doing for an instance, and our runs about
// its backups.
type CloudTasks struct {
	Head  kit.CloudHead
	Jobs  []CloudJob
	Empty kit.Empty
	Runs  []kit.RunRow
	None  kit.Empty
}

// CloudJob is a backup at work at the service.
type CloudJob struct {
	ID       string
	Badge    kit.Badge
	Progress *kit.Progress
	Mode     string
}
