package preflight

import (
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

// ServiceChecks is a Target whose service needs more than the others do.
type ServiceChecks interface {
	migration.Target
	// Check looks at what this service in particular needs for a migration.
	// Nothing is changed. What could not be asked is a finding as well; errors
	// are those of Target.
	Check(ctx context.Context, f Facts) ([]migration.Finding, error)
}

// serviceFindings asks the target's service, where it has checks of its own.
func serviceFindings(ctx context.Context, target migration.Target, f Facts) ([]migration.Finding, error) {
	s, ok := target.(ServiceChecks)
	if !ok {
		return nil, nil
	}
	out, err := s.Check(ctx, f)
	if err != nil && !fault.Is(err, fault.Unavailable) && fault.Of(err) != fault.Unknown {
		message, fix := fault.Texts(err)
		j := judge{out: out}
		j.add("service", "Service", migration.Barred, message, fix)
		return j.out, nil
	}
	return out, err
}

// mostStripes is how many files a set may have where they are named by their
// prefix.
const mostStripes = 10

// beside lists what else lies under the prefixes by which the target is told
// the files of striped sets. One that takes the files of a set by their prefix
// takes every file that begins so.
func beside(ctx context.Context, staging objectstore.Bucket, m migration.Migration) (others []string, err error) {
	if !m.Traits.Prefixed {
		return nil, nil
	}
	for _, f := range m.Chain() {
		set := m.SetOf(f)
		if len(set) < 2 || set[0].Ord != f.Ord {
			continue
		}
		keys := make([]string, len(set))
		for i, s := range set {
			keys[i] = s.Key
		}
		found, err := staging.List(ctx, objectstore.CommonPrefix(keys), "", mostStripes+len(keys))
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			if !slices.Contains(keys, o.Key) {
				others = append(others, o.Key)
			}
		}
	}
	return others, nil
}

// prefixes judges the sets that are named by a prefix.
func (j *judge) prefixes(f Facts) {
	if !f.Migration.Traits.Prefixed {
		return
	}
	for _, s := range f.Sets {
		if s.FamilyCount > mostStripes {
			j.once("many-files", "Files", migration.Barred, words.Say("A backup is striped over %d files; the target restores from at most %d.", s.FamilyCount, mostStripes), words.Say("Take it again over fewer files."))
		}
	}
	if len(f.Beside) > 0 {
		j.add("prefix", "Files", migration.Barred, words.Say("The target takes the files of a striped backup by what their names begin with, and %s begins so too.", quoteList(f.Beside, 3)),
			words.Say("Let Bakplane copy the files, each backup into a folder of its own, or move the others away."))
	}
}
