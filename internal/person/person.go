// Package person holds who may use the dashboard: people with passwords, and
// the tokens with which programs act in a person's name.
package person

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// Person is somebody who can sign in.
type Person struct {
	ID      string // UUIDv7
	Name    string // what is typed at the sign-in; unique without regard to case
	Hash    string // of the password, see HashPassword
	Created time.Time
	Changed time.Time // when the password was set last
}

// Token lets a program use the API in a person's name. Only the hash of its
// text is kept.
type Token struct {
	ID       string // UUIDv7
	PersonID string
	Name     string // what it is for
	Hash     string // see HashToken
	Scope    Scope
	Created  time.Time
	Expires  time.Time // refused from then on
	Used     time.Time // last use, to the hour; zero = never
}

// Store keeps people and tokens.
type Store interface {
	// People lists everybody by name.
	People(ctx context.Context) ([]Person, error)
	Person(ctx context.Context, id string) (Person, error)
	// PersonNamed finds by name without regard to case; NotFound without one.
	PersonNamed(ctx context.Context, name string) (Person, error)
	// AddFirst adds a person only while there is nobody, else Conflict: of two
	// browsers at the first start one wins.
	AddFirst(ctx context.Context, p Person, e audit.Entry) error
	// AddPerson refuses a name that is taken with Conflict.
	AddPerson(ctx context.Context, p Person, e audit.Entry) error
	// SetPassword replaces the hash, moves Changed to the entry's time and ends
	// the person's sessions.
	SetPassword(ctx context.Context, id, hash string, e audit.Entry) error
	// RemovePerson takes the person's tokens along and refuses the last person
	// with Conflict.
	RemovePerson(ctx context.Context, id string, e audit.Entry) error

	// Tokens lists a person's tokens, newest first.
	Tokens(ctx context.Context, personID string) ([]Token, error)
	AddToken(ctx context.Context, t Token, e audit.Entry) error
	// RemoveToken removes one token of the person.
	RemoveToken(ctx context.Context, personID, id string, e audit.Entry) error
	// PersonOfToken finds whose token has this hash and notes its use, when it
	// has not expired. One that has is Denied, and told with its person.
	PersonOfToken(ctx context.Context, hash string, at time.Time) (Person, Token, error)

	// BeginSession keeps a session, and forgets those that began SessionsKept ago.
	BeginSession(ctx context.Context, s Session, e audit.Entry) error
	// PersonOfSession finds whose session this is; NotFound when there is none.
	// Whether it still lasts is for Session.Over to say.
	PersonOfSession(ctx context.Context, id string) (Person, Session, error)
	// SignIns lists the sessions that were not ended, newest first.
	SignIns(ctx context.Context) ([]Session, error)
	// SeeSession notes that a session is in use.
	SeeSession(ctx context.Context, id string, at time.Time) error
	// EndSession ends a session; NotFound when there is none to end.
	EndSession(ctx context.Context, id string, e audit.Entry) error
	// KnowsBrowser reports whether the person signed in with this browser
	// before; browser is the Session.Browser of then.
	KnowsBrowser(ctx context.Context, personID, browser string) (bool, error)
}

// CheckName refuses a name that cannot be signed in with.
func CheckName(name string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }
	switch {
	case name == "":
		return fault.New(fault.Invalid, "The name is empty.", "Type the name to sign in with.")
	case utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, bad):
		return fault.New(fault.Invalid, "The name holds spaces or is longer than 100 characters.", "Use letters, digits, dots, or an e-mail address.")
	}
	return nil
}

// LongestPassword is how many bytes a password has at most: hashing longer ones
// would be work for an attacker to give us.
const LongestPassword = 1000

// CheckPassword refuses a password that is too weak to guard databases, or too
// long.
func CheckPassword(password secret.Text, name string) error {
	p := password.Reveal()
	switch n := utf8.RuneCountInString(p); {
	case n < 10:
		return fault.New(fault.Invalid, "The password has fewer than 10 characters.", "Take a longer one; a few words together are easy to remember.")
	case len(p) > LongestPassword:
		return fault.New(fault.Invalid, "The password is longer than 1000 bytes.", "Take a shorter one.")
	case name != "" && strings.EqualFold(p, name):
		return fault.New(fault.Invalid, "The password is the name.", "Take another one.")
	case guessable(p, name):
		return fault.New(fault.Invalid, "The password is easy to guess: it is a common one, a row of keys, or a common word with a year or a few signs.", "Take a longer one; a few words that do not belong together are easy to remember and hard to guess.")
	}
	return nil
}

// guessable asks an estimate of how many guesses a password withstands: fewer
// than a hundred million are too few. What is common is in the library's lists.
// The estimate takes longer than the square of the length, and a password that
// is good in its first characters stays so.
func guessable(p, name string) bool {
	head := []rune(p)
	return zxcvbn.PasswordStrength(string(head[:min(len(head), 40)]), []string{name, "bakplane", "sqlserver", "dashboard", "backup"}).Score < 3
}

// tokenPrefix makes a token recognisable to people and to scanners of leaked
// secrets.
const tokenPrefix = "bkp_"

// NewToken makes the text of a token: 256 random bits.
func NewToken() secret.Text {
	b := make([]byte, 32)
	rand.Read(b)
	return secret.NewText(tokenPrefix + base64.RawURLEncoding.EncodeToString(b))
}

// HashToken is what is kept of a token. The text has 256 random bits, so one
// round of SHA-256 without salt is enough.
func HashToken(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
