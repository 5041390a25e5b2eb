package migration

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/words"
)

// Requests words the changing calls to a kind of target. Each kind brings its
// own; nothing is asked of the target.
type Requests interface {
	// Request is a call as the page shows it before it is made, and the audit
	// trail afterwards.
	Request(m Migration, verb Verb, in RestoreCall) string
	// Name is what the call is called in a sentence.
	Name(verb Verb) string
}

// RefusedKey says why an instance cannot be given a file of this key, or
// nothing.
func RefusedKey(r endpoint.KeyRule, key string) (why, fix words.Text) {
	for _, c := range key {
		if strings.ContainsRune(r.Refuses, c) || r.Plain && (unicode.IsSpace(c) || unicode.IsControl(c) || c > unicode.MaxASCII) {
			return words.Say("the name holds %q, which the target does not take.", c), words.Say("Let Bakplane copy it under a safe name.")
		}
	}
	if len(r.Extensions) == 0 || slices.Contains(r.Extensions, strings.ToLower(path.Ext(key))) {
		return words.Text{}, words.Text{}
	}
	return words.Say("the extension is not one of %s.", strings.Join(r.Extensions, ", ")), words.Say("Let Bakplane copy it under a safe name.")
}
