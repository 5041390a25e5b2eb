// Package audit holds what is remembered of every act a person, a token or the
// engine caused, and the chain of hashes that shows tampering.
package audit

import (
	"encoding/json"
	"time"
)

// Actor is who did it.
type Actor struct {
	Name    string // sign-in name, token name, or "engine"
	Via     string // web, api, command or engine
	Address string // network address of the browser; empty for the engine
}

// Engine is the actor of what nobody asked for by hand.
var Engine = Actor{Name: "engine", Via: "engine"}

// Entry is one act. Before and After are small JSON objects of what changed,
// never with credentials; either may be nil.
type Entry struct {
	Seq     int64     // from 1, without gaps
	At      time.Time // UTC, microseconds
	Actor   Actor
	Action  string // thing and verb, such as "migration.open"
	Subject string // kind and id, such as "migration/0198…"
	Summary string // one sentence
	Before  json.RawMessage
	After   json.RawMessage
	Prev    Hash // of the entry before; zero for the first
	Hash    Hash
}

// New makes an entry that is not yet part of the chain: the store gives it
// its number and hash when it is written.
func New(who Actor, at time.Time, action, subject, summary string) Entry {
	return Entry{Actor: who, At: at.UTC().Truncate(time.Microsecond), Action: action, Subject: subject, Summary: summary}
}

// With returns e with what was before and after, each marshalled to JSON. A
// value that cannot be marshalled is a programming error and panics.
func (e Entry) With(before, after any) Entry {
	e.Before, e.After = object(before), object(after)
	return e
}

func object(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("audit: " + err.Error())
	}
	return b
}
