package drafting

import (
	"context"

	"github.com/bakplane/bakplane/internal/sourcescript"
)

// ScriptRequest is what a person chose for the script of a server that the
// dashboard cannot reach, as a form or a program sends it.
type ScriptRequest struct {
	Databases []string `json:"databases,omitempty"` // none = all user databases
	Kind      string   `json:"kind"`                // full, diff or log
	Folder    string   `json:"folder"`              // as the server sees it
	Run       bool     `json:"run,omitempty"`       // take the backups; else check only
	Compress  bool     `json:"compress,omitempty"`  // where the edition can
	CopyOnly  bool     `json:"copy_only,omitempty"` // of a full backup
	Instance  string   `json:"instance,omitempty"`  // id of the target, whose rules are kept; empty = not decided
	Version   string   `json:"version,omitempty"`   // of the target, such as 2019; empty = not known
}

// Script writes the script. Nothing is asked of anybody and nothing is kept.
func (s *Drafting) Script(ctx context.Context, w ScriptRequest) (sourcescript.Script, error) {
	kind, err := sourcescript.ParseKind(w.Kind)
	if err != nil {
		return sourcescript.Script{}, err
	}
	r := sourcescript.Request{Databases: w.Databases, Kind: kind, Folder: w.Folder, Run: w.Run, Compress: w.Compress, CopyOnly: w.CopyOnly}
	if r.Target.Major, err = sourcescript.ParseVersion(w.Version); err != nil {
		return sourcescript.Script{}, err
	}
	if w.Instance != "" {
		i, err := s.Endpoints.Instance(ctx, w.Instance)
		if err != nil {
			return sourcescript.Script{}, err
		}
		r.Target.Label, r.Target.Traits = i.Label(), &i.Traits
	}
	return sourcescript.New(r)
}
