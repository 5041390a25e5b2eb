package endpoint

import (
	"context"

	"github.com/bakplane/bakplane/internal/words"
)

// Lister asks an account for what it holds of one sort. It only reads.
type Lister struct {
	What string // in headings, such as "RDS instances"
	List func(ctx context.Context, a Account) ([]Found, error)
}

// Found is something that an account holds and that can be added as an endpoint.
type Found struct {
	Page  string // of the kind that it would be of, as Spec.Page
	Name  string // what the cloud calls it
	Facts []Fact // in the order in which people read them
	Notes []Note
	Form  map[string]string // what is known of the fields of that kind's form
}

// Fact is one thing that a cloud tells of something found.
type Fact struct {
	Name  string // such as "Storage"
	Value words.Text
}

// Note is what a person should know before using what was found.
type Note struct {
	Bad  bool // something that backups or migrations need is missing
	Text words.Text
	Fix  words.Text
}
