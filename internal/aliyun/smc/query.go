package smc

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
)

// query are the parameters of a call. The first value that cannot be sent is
// kept as its error.
type query struct {
	all map[string]*string
	err error
}

func ask() *query { return &query{all: map[string]*string{}} }

// text sets a parameter; an empty one is left out.
func (q *query) text(name, value string) *query {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f }) && q.err == nil {
		q.err = fault.Newf(fault.Invalid, "%s contains control characters.", name)
	}
	if value != "" {
		q.all[name] = &value
	}
	return q
}

func (q *query) number(name string, n int) *query { return q.text(name, strconv.Itoa(n)) }
func (q *query) yes(name string, b bool) *query   { return q.text(name, strconv.FormatBool(b)) }

// moment sets a time, in UTC to the second; the zero time is left out.
func (q *query) moment(name string, t time.Time) *query {
	if t.IsZero() {
		return q
	}
	return q.text(name, t.UTC().Format(signedcall.TimeSeconds))
}

// list sets NAME.1, NAME.2, …
func (q *query) list(name string, values []string) *query {
	for i, v := range values {
		q.text(name+"."+strconv.Itoa(i+1), v)
	}
	return q
}

// send makes the call.
func send[T any](ctx context.Context, c *signedcall.Client, action string, e signedcall.Effect, q *query) (*T, error) {
	if q.err != nil {
		return nil, q.err
	}
	return signedcall.Do[T](ctx, c, action, e, q.all)
}

// done is an answer of which nothing is needed.
type done struct {
	RequestId string
}
