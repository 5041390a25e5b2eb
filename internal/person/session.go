package person

import "time"

// Session is a sign-in of somebody with a browser.
type Session struct {
	ID       string // UUIDv7; the browser does not know it
	PersonID string
	Began    time.Time
	Seen     time.Time // last request, to the minute; open pages that tell of changes do not count
	Address  string    // from where it began
	Agent    string    // what the browser calls itself, cut
	Browser  string    // hash of a mark the browser keeps over sign-ins
}

// SessionsKept is how long a session is remembered after it began, so that the
// browser it was begun with is known again.
const SessionsKept = 90 * 24 * time.Hour

// Lasting is how long sessions last.
type Lasting struct {
	Idle time.Duration // without a request
	Most time.Duration // in all
}

// Over reports whether a session has ended by itself. One that began in the
// future, as the clock says now, is over too: the clock was ahead then, and
// nobody knows for how long it would last.
func (s Session) Over(l Lasting, now time.Time) bool {
	const slack = 5 * time.Minute
	return now.Sub(s.Seen) >= l.Idle || now.Sub(s.Began) >= l.Most || s.Began.Sub(now) > slack
}
