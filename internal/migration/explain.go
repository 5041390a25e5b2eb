package migration

import (
	"slices"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Explain is what a code means where the migration goes.
func (m Migration) Explain(code fault.Code) explain.Row {
	at := []explain.At{explain.AtService}
	if m.Traits.OwnFolder() {
		at[0] = explain.AtServer
	}
	if m.LiveSource == nil {
		return explain.Of(code, at...)
	}
	r := explain.Of(code, append([]explain.At{explain.AtFollowing}, at...)...)
	r.Next = liveButtons(r.Next)
	return r
}

// liveButtons are those of an explanation that make sense where files are
// taken from a source: nobody adds files there, the gate alone opens, and
// giving up gives the source back.
func liveButtons(next []Button) (out []Button) {
	for _, b := range next {
		switch b {
		case ButtonAddFiles, ButtonOpen:
			continue
		case ButtonTerminate:
			b = ButtonAbort
		}
		if !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// problem is why a migration stands still, by its code; the sentences are the
// table's.
func (m Migration) problem(code fault.Code, step string, ord int, said string) *Problem {
	if code == "" {
		code = explain.Unknown
	}
	r := m.Explain(code)
	return &Problem{Code: code, Step: step, File: ord, Said: said, Cause: r.CauseText(), Fix: r.FixText(), Actions: r.Next}
}

// told gives a problem the sentences of whoever knows more than the table, such
// as a path. What to do about a gap is decided here: it is another thing where
// files are taken from a source.
func (p *Problem) told(m Migration, cause, fix words.Text) *Problem {
	if !cause.IsZero() {
		p.Cause = cause
	}
	if !fix.IsZero() && m.Explain(p.Code).At != explain.AtFollowing {
		p.Fix = fix
	}
	return p
}

// refusal is the problem of an error that was an answer.
func (m Migration) refusal(err error, step string, ord int) *Problem {
	f := fault.From(err)
	return m.problem(f.Code, step, ord, f.Said.String()).told(m, f.Message, f.Fix)
}
