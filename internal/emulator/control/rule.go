package control

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
)

// Rule says which requests are bitten, how often and how. Empty match fields
// match everything. Several rules may bite one request; their actions add up,
// the first one with an action of a kind wins.
type Rule struct {
	ID string `json:"id,omitempty"` // given by the door

	Method    string `json:"method,omitempty"`    // GET, PUT, …
	Operation string `json:"operation,omitempty"` // name as the emulator gives it
	Match     string `json:"match,omitempty"`     // regular expression over the escaped path and raw query, "/bucket/key?partNumber=3"
	Skip      int    `json:"skip,omitempty"`      // let this many matching requests through first
	Times     int    `json:"times,omitempty"`     // bite so often, then disappear; 0 = once, -1 = for ever

	// Share is the part of the requests that it bites, by chance; 0 = all.
	Share float64 `json:"share,omitempty"`

	DelayMS int `json:"delay_ms,omitempty"` // wait before acting
	// Hold stops the request until it is released: "before" the emulator
	// acts, or "after" it acted and before the first byte of the answer.
	// A hold that nobody releases is a hanging service.
	Hold string `json:"hold,omitempty"`
	// Status refuses with this HTTP status. Code and Message go into the
	// vendor's error format, unless Body gives the answer literally (an HTML
	// page of a gateway, with ContentType). Acted lets the emulator act first
	// and hides its answer, as a gateway's time-out does.
	Status      int               `json:"status,omitempty"`
	Code        string            `json:"code,omitempty"`
	Message     string            `json:"message,omitempty"`
	Body        string            `json:"body,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Acted       bool              `json:"acted,omitempty"`
	// CutRequest closes the connection after reading so many bytes of the
	// request's body, CutAnswer after so many bytes of the answer's body. With
	// CutAnswer 0 the emulator acts and not even a status is sent.
	CutRequest *int64 `json:"cut_request,omitempty"`
	CutAnswer  *int64 `json:"cut_answer,omitempty"`
	// Rate bounds both bodies, bytes per second.
	Rate int64 `json:"rate,omitempty"`
	// Effects are words for the emulator itself; its documentation lists them.
	Effects map[string]string `json:"effects,omitempty"`
}

type rule struct {
	Rule
	match *regexp.Regexp
	seen  int
	bites int
}

func compile(in Rule) (*rule, error) {
	r := &rule{Rule: in}
	if in.Hold != "" && in.Hold != "before" && in.Hold != "after" {
		return nil, fmt.Errorf("hold is %q, want before or after", in.Hold)
	}
	if in.Match != "" {
		re, err := regexp.Compile(in.Match)
		if err != nil {
			return nil, fmt.Errorf("read match: %w", err)
		}
		r.match = re
	}
	return r, nil
}

// matches does not count the request.
func (r *rule) matches(req *http.Request, operation string) bool {
	if r.Method != "" && r.Method != req.Method {
		return false
	}
	if r.Operation != "" && r.Operation != operation {
		return false
	}
	return r.match == nil || r.match.MatchString(target(req))
}

func target(req *http.Request) string {
	if req.URL.RawQuery == "" {
		return req.URL.EscapedPath()
	}
	return req.URL.EscapedPath() + "?" + req.URL.RawQuery
}

// take counts a matching request and reports whether the rule bites it, and
// whether that was the last bite.
func (r *rule) take() (bite, spent bool) {
	r.seen++
	if r.seen <= r.Skip || r.Share > 0 && rand.Float64() >= r.Share {
		return false, false
	}
	r.bites++
	if r.Times < 0 {
		return true, false
	}
	return true, r.bites >= max(r.Times, 1)
}

// merge adds a rule's actions to those already collected for a request.
func merge(into *Rule, r Rule) {
	if into.DelayMS == 0 {
		into.DelayMS = r.DelayMS
	}
	if into.Hold == "" {
		into.Hold = r.Hold
	}
	if into.Status == 0 && r.Status != 0 {
		into.Status, into.Code, into.Message = r.Status, r.Code, r.Message
		into.Body, into.ContentType, into.Headers, into.Acted = r.Body, r.ContentType, r.Headers, r.Acted
	}
	if into.CutRequest == nil {
		into.CutRequest = r.CutRequest
	}
	if into.CutAnswer == nil {
		into.CutAnswer = r.CutAnswer
	}
	if into.Rate == 0 {
		into.Rate = r.Rate
	}
	for k, v := range r.Effects {
		if into.Effects == nil {
			into.Effects = map[string]string{}
		}
		if _, have := into.Effects[k]; !have {
			into.Effects[k] = v
		}
	}
}
