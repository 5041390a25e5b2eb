package server

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
)

const (
	listPatience = 30 * time.Second // bounds a look at what an account holds
	mostFound    = 500              // are shown of one sort
)

// Listed is one sort of what an account holds, by name; Err says why it could
// not be listed.
type Listed struct {
	What  string
	Found []endpoint.Found
	More  bool // there were more than are shown
	Err   error
}

// Holds asks an account for what can be picked from it, each sort for itself.
// Nothing is kept: it is asked anew each time.
func (s *Kit) Holds(c echo.Context, id string) (a endpoint.Account, k endpoint.AccountSpec, out []Listed, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), listPatience)
	defer cancel()
	if a, err = s.Endpoints.Account(ctx, id); err != nil {
		return a, k, nil, err
	}
	if k, err = s.Kinds.Account(a.Kind); err != nil {
		return a, k, nil, err
	}
	out = make([]Listed, len(k.Listers))
	var all sync.WaitGroup
	for i, l := range k.Listers {
		all.Go(func() { out[i] = list(ctx, l, a) })
	}
	all.Wait()
	return a, k, out, nil
}

func list(ctx context.Context, l endpoint.Lister, a endpoint.Account) Listed {
	found, err := l.List(ctx, a)
	slices.SortStableFunc(found, func(a, b endpoint.Found) int { return strings.Compare(a.Name, b.Name) })
	most := min(len(found), mostFound)
	return Listed{What: l.What, Found: found[:most], More: most < len(found), Err: err}
}
