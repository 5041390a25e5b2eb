package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// Fields of a restore into an existing instance.
const (
	FieldTarget = "target"
	FieldMoment = "moment"
	FieldNames  = "names"
)

// RestoreGround is what is known before a restore into an existing instance.
type RestoreGround struct {
	Source, Target string           // cloud ids of the instances
	Names          []string         // databases at the target, just read
	MaxDatabases   int              // the target may have; 0 = unknown
	Set            *backup.CloudSet // the chosen set; nil for a moment
	Windows        []backup.Window  // of the source, for a moment
	Typed          string           // the target's id, typed to confirm
	Now            time.Time
}

// CheckRestore tells what speaks against a restore into an existing instance.
// It guards the target: its id is typed, and no name may be taken there in any
// case, since nothing that exists is overwritten.
func CheckRestore(r backup.RestoreOrder, g RestoreGround) (out []Finding) {
	bar := func(field, text, fix string) { out = append(out, Finding{field, true, text, fix}) }
	if _, err := backup.RestoreCall(g.Source, r); err != nil {
		message, fix := fault.Words(err)
		bar(FieldNames, message, fix)
	}
	if g.Typed != g.Target {
		bar(FieldTarget, "The databases would be made at "+g.Target+".", "Type the id of this instance to confirm.")
	}
	froms := make([]string, 0, len(r.Databases))
	for from := range r.Databases {
		froms = append(froms, from)
	}
	slices.Sort(froms)
	for _, from := range froms {
		to := r.Databases[from]
		switch {
		case slices.ContainsFunc(g.Names, func(have string) bool { return strings.EqualFold(have, to) }):
			bar(FieldNames, fmt.Sprintf("%s has a database %s already.", g.Target, to), "Choose another name.")
		case IsSystem(to):
			bar(FieldNames, fmt.Sprintf("%s is the name of a system database.", to), "Choose another name.")
		}
		if g.Set != nil && len(g.Set.Databases) > 0 && !slices.ContainsFunc(g.Set.Databases, func(have string) bool { return strings.EqualFold(have, from) }) {
			bar(FieldNames, fmt.Sprintf("The backup set has no database %s.", from), "Choose among those it has.")
		}
	}
	if n := len(g.Names) + len(r.Databases); g.MaxDatabases > 0 && n > g.MaxDatabases {
		bar(FieldTarget, fmt.Sprintf("%s would have %d databases, and may have %d.", g.Target, n, g.MaxDatabases), "Choose fewer, or another instance.")
	}
	switch {
	case g.Set != nil && (g.Set.Failed || !g.Set.Usable):
		bar(FieldMoment, "The backup set cannot be used.", "Choose another one.")
	case g.Set != nil && !g.Set.Expires.IsZero() && !g.Set.Expires.After(g.Now):
		bar(FieldMoment, "The backup set has expired.", "Choose another one.")
	case g.Set == nil && !r.At.IsZero() && !slices.ContainsFunc(g.Windows, func(w backup.Window) bool { return w.Holds(r.At) }):
		bar(FieldMoment, "No data and log backups lead to this moment.", "Choose a moment inside the recovery window.")
	}
	return out
}

// Findings tells what an error of a policy, an order, an expiry or a restore
// says about the fields of a form: a rule of ours, or a refusal of the service.
// There are none when it says nothing about a field.
func Findings(err error) []Finding {
	var o *Objection
	if errors.As(err, &o) {
		return o.Findings
	}
	var r *Refusal
	if errors.As(err, &r) && r.Field != "" {
		message, fix := fault.Words(err)
		return []Finding{{r.Field, true, message, fix}}
	}
	return nil
}
