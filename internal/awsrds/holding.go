package awsrds

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// Holds tells what the service holds of an instance, asked with an account: SQL
// does not tell it.
type Holds func(ctx context.Context, a endpoint.Account, instance string) (backup.Holdings, error)

// holding is a Server whose instance can be looked at by an account.
type holding struct {
	*Server
	look func(ctx context.Context) (backup.Holdings, error)
}

var _ backup.Holder = holding{}

// Holdings implements backup.Holder.
func (h holding) Holdings(ctx context.Context) (backup.Holdings, error) { return h.look(ctx) }

// held adds to a server what its account can see.
func held(s *Server, i endpoint.Instance, a endpoint.Account, holds Holds) backup.Server {
	if i.AccountID == "" || holds == nil {
		return s
	}
	return holding{Server: s, look: func(ctx context.Context) (backup.Holdings, error) { return holds(ctx, a, identifier(i)) }}
}
