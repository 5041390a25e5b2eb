// Package door turns what the control door says in HTTP's words into errors of
// a statement.
package door

import (
	"net/http"
	"strconv"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Verdict receives what the door says of one statement.
type Verdict struct {
	Refused error // nil: the statement ran
	header  http.Header
}

// Header is needed by nobody.
func (v *Verdict) Header() http.Header {
	if v.header == nil {
		v.header = http.Header{}
	}
	return v.header
}

func (v *Verdict) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader says nothing: Refuse does.
func (v *Verdict) WriteHeader(int) {}

// Refuse is how a rule's status, code and message refuse a statement: the code
// is the number of the error, 50000 when it is none.
func Refuse(w http.ResponseWriter, _ *http.Request, _ int, code, message string) {
	v, ok := w.(*Verdict)
	for u, is := w.(interface{ Unwrap() http.ResponseWriter }); !ok && is; u, is = w.(interface{ Unwrap() http.ResponseWriter }) {
		w = u.Unwrap()
		v, ok = w.(*Verdict)
	}
	if !ok {
		return
	}
	number, err := strconv.Atoi(code)
	if err != nil {
		number = 50000
	}
	v.Refused = tds.Refuse(number, 16, "%s", message)
}
