package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates/kit"
)

var errCrossOrigin = echo.NewHTTPError(http.StatusForbidden, "This request came from another site, so it was not obeyed.")

// StatusOf is where kinds of faults become statuses, once for pages and API.
func StatusOf(err error) int {
	var h *echo.HTTPError
	switch fault.Of(err) {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	if errors.As(err, &h) {
		return h.Code
	}
	return http.StatusInternalServerError
}

// WordsOf are the sentences for a person.
func WordsOf(err error) (title, message, fix string) {
	status := StatusOf(err)
	title = titleOf(status)
	var h *echo.HTTPError
	if fault.Of(err) == fault.Unknown && errors.As(err, &h) {
		switch status {
		case http.StatusNotFound:
			return title, "There is nothing under this address.", "The address may have a slip in it, or what was here is gone. The lists lead to everything that exists."
		case http.StatusMethodNotAllowed:
			return title, "This address does not take such a request.", "Go back and use the buttons of the page."
		case http.StatusRequestEntityTooLarge:
			return title, "The request is larger than what is taken here.", "Files are read from folders and buckets, never sent through the browser."
		case http.StatusMisdirectedRequest:
			return title, "This dashboard is not known under that name.", "Open it by its address, or start it with --public-url and the address that people type, such as https://backups.example.com."
		case http.StatusTooManyRequests:
			return title, "Too many tries.", "Wait a minute, then try again."
		case http.StatusUnauthorized:
			return title, "This needs a sign-in or a valid token.", "Sign in, or send the header Authorization: Bearer with a token made in Settings."
		case http.StatusForbidden:
			return title, "This request came from another site, so it was not obeyed.", "Open the dashboard itself and do it there."
		case http.StatusBadRequest, http.StatusUnsupportedMediaType:
			return title, "The request cannot be read.", "Send what the description of the API asks for, as JSON."
		}
	}
	message, fix = fault.Words(err)
	return title, message, fix
}

func titleOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return "There is no such page"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return "That cannot be done as it was asked"
	case http.StatusConflict:
		return "That is not possible now"
	case http.StatusForbidden:
		return "That was refused"
	case http.StatusUnauthorized:
		return "Sign in first"
	case http.StatusServiceUnavailable:
		return "That does not work at the moment"
	case http.StatusMethodNotAllowed:
		return "That is not how this address works"
	case http.StatusTooManyRequests:
		return "Too many tries"
	case http.StatusMisdirectedRequest:
		return "That is not our name"
	case http.StatusRequestEntityTooLarge:
		return "That is too much at once"
	}
	return "Something went wrong"
}

// fail answers with an error: JSON for programs, a page for people. The cause
// goes to the log, once, and never to the browser.
func (s *Kit) fail(err error, c echo.Context) {
	if c.Response().Committed || errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return
	}
	status := StatusOf(err)
	title, message, fix := WordsOf(err)
	ref := ""
	if status >= http.StatusInternalServerError {
		ref = requestID(c)
		if status != http.StatusServiceUnavailable || fault.Of(err) == fault.Unknown {
			s.Log.Error("request failed", "ref", ref, "method", c.Request().Method, "path", c.Request().URL.Path, "err", err)
		} else {
			s.Log.Warn("request not served", "ref", ref, "method", c.Request().Method, "path", c.Request().URL.Path, "err", err)
		}
	}
	var answer error
	switch {
	case c.Request().Method == http.MethodHead:
		answer = c.NoContent(status)
	case isAPI(c):
		answer = c.JSON(status, APIError{Error: message, Fix: fix, Kind: KindOf(err, status), Ref: ref})
	default:
		answer = s.problemPage(c, status, kit.Problem{Status: status, Title: title, Message: message, Fix: fix, Ref: ref})
	}
	if answer != nil {
		s.Log.Error("answer with an error", "err", answer)
	}
}

func (s *Kit) problemPage(c echo.Context, status int, p kit.Problem) error {
	if back := c.Request().Referer(); back != "" && c.Request().Method == http.MethodPost {
		if here := LocalPath(back, c.Request().Host); here != "" {
			p.Actions = append(p.Actions, kit.Action{Label: "Back", Href: here})
		}
	}
	p.Actions = append(p.Actions, kit.Action{Label: "Overview", Href: "/"})
	if c.Request().Header.Get("HX-Request") == "true" {
		return Render(c, status, kit.ProblemBox(p))
	}
	if _, ok := Who(c); !ok {
		return Render(c, status, kit.ProblemSignedOut(s.signedOutFrame(c, p.Title), p))
	}
	return Render(c, status, kit.ProblemPage(s.Frame(c, p.Title, "", ""), p))
}

func isAPI(c echo.Context) bool { return strings.HasPrefix(c.Request().URL.Path, "/api/") }

// APIError is the body of every refused API request.
type APIError struct {
	Error string `json:"error"` // what is wrong, a sentence
	Fix   string `json:"fix,omitempty"`
	Kind  string `json:"kind"`
	Ref   string `json:"ref,omitempty"` // to find the matching lines of the log
}

// KindOf is the word for an error's kind in answers to programs.
func KindOf(err error, status int) string {
	if k := fault.Of(err); k != fault.Unknown {
		return string(k)
	}
	switch status {
	case http.StatusNotFound:
		return string(fault.NotFound)
	case http.StatusUnauthorized, http.StatusForbidden:
		return string(fault.Denied)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return string(fault.Unavailable)
	}
	if status < http.StatusInternalServerError {
		return string(fault.Invalid)
	}
	return "internal"
}
