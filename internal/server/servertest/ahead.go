package servertest

import (
	"sync/atomic"
	"time"

	"github.com/bakplane/bakplane/internal/app"
)

// Ahead is a clock that a test sets forward or back while the App reads it.
type Ahead struct{ by atomic.Int64 }

// Now is the machine's time and what the clock is ahead of it.
func (a *Ahead) Now() time.Time { return time.Now().Add(time.Duration(a.by.Load())) }

// Pass sets the clock forward by d, or back when d is negative.
func (a *Ahead) Pass(d time.Duration) { a.by.Add(int64(d)) }

// Of makes it the clock of a house.
func (a *Ahead) Of(c *app.Config) { c.Now = a.Now }
