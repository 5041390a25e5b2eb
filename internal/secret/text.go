// Package secret keeps credentials sealed at rest and out of logs.
package secret

import "log/slog"

// Text is a credential in memory. Every way of printing it gives dots; Reveal
// is the one way to its value and marks the places that need it.
type Text struct{ value string }

const dots = "••••••"

// NewText wraps a credential.
func NewText(value string) Text { return Text{value} }

// Reveal returns the credential itself.
func (t Text) Reveal() string { return t.value }

// Empty reports whether there is none.
func (t Text) Empty() bool { return t.value == "" }

func (t Text) String() string               { return dots }
func (t Text) GoString() string             { return dots }
func (t Text) LogValue() slog.Value         { return slog.StringValue(dots) }
func (t Text) MarshalText() ([]byte, error) { return []byte(dots), nil }
