package migration

// Caps bound what goes on at once on our side and at the source; what the
// target has in its hands is bounded by Rules.Restores, which outlives us. They
// are kept to through gates shared with other kinds of runs. Zero means no
// bound.
type Caps struct {
	Backups int // at one source server
	Uploads int // files, over all migrations
}
