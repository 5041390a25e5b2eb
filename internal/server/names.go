package server

import (
	"context"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// InstanceNames are the names of all instances, by id.
func (s *Kit) InstanceNames(ctx context.Context) (map[string]string, error) {
	all, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, i := range all {
		names[i.ID] = i.Label()
	}
	return names, nil
}

// InstancesByID are all instances by the ids of their endpoints.
func (s *Kit) InstancesByID(ctx context.Context) (map[string]endpoint.Instance, error) {
	all, err := s.Endpoints.Instances(ctx)
	out := make(map[string]endpoint.Instance, len(all))
	for _, i := range all {
		out[i.ID] = i
	}
	return out, err
}

// InstancesThat are those whose kind fits.
func (s *Kit) InstancesThat(ctx context.Context, fits func(endpoint.Traits) bool) ([]endpoint.Instance, error) {
	all, err := s.Endpoints.Instances(ctx)
	return slices.DeleteFunc(all, func(i endpoint.Instance) bool { return !fits(i.Traits) }), err
}

// Capital is a text with a capital at its front.
func Capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// FirstOf is the first text that is not empty.
func FirstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// WithFix joins what is wrong and what to do about it.
func WithFix(text, fix string) string {
	if fix == "" {
		return text
	}
	return text + " " + fix
}

// ToneIf is a tone where something holds, else none.
func ToneIf(on bool, t kit.Tone) kit.Tone {
	if on {
		return t
	}
	return ""
}

// Clip cuts a text to n characters.
func Clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}

// Flag is the value of a box that may be ticked.
func Flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}
