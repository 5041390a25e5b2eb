package servertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/person"
)

// Program is a script with a token.
type Program struct {
	T     *testing.T
	H     *House
	Token string
}

// Program is a program with a token of the administrator.
func (h *House) Program(t *testing.T) *Program {
	t.Helper()
	return h.ProgramOf(t, h.Admin(t).ID)
}

// ProgramOf is a program of somebody who is there already.
func (h *House) ProgramOf(t *testing.T, personID string) *Program {
	t.Helper()
	text := person.NewToken()
	err := h.DB.AddToken(t.Context(), person.Token{ID: "token", PersonID: personID, Name: "script", Hash: person.HashToken(text.Reveal()), Scope: person.Administer, Created: time.Now(), Expires: time.Now().Add(10 * 24 * time.Hour)},
		audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "token.add", "token/token", "Made."))
	if err != nil {
		t.Fatal(err)
	}
	return &Program{t, h, text.Reveal()}
}

// Ask sends a request and decodes the answer, which must have this status.
func (p *Program) Ask(method, path string, body any, status int, into any) {
	p.T.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.T.Fatal(err)
		}
		in = strings.NewReader(string(b))
	}
	r, err := http.NewRequestWithContext(p.T.Context(), method, p.H.URL+path, in)
	if err != nil {
		p.T.Fatal(err)
	}
	if p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.T.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		p.T.Fatal(err)
	}
	if resp.StatusCode != status {
		p.T.Fatalf("%s %s: %d %s, want %d", method, path, resp.StatusCode, got, status)
	}
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			p.T.Fatal(fmt.Errorf("%s %s: %w in %s", method, path, err, got))
		}
	}
}
