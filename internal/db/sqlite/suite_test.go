package sqlite

import (
	"testing"

	"github.com/bakplane/bakplane/internal/db/storetest"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/policy"
)

// suited is the store as the suite meets it.
type suited struct{ *DB }

func (s suited) Migrations() wave.Store { return s.DB.Migrations() }
func (s suited) Policies() policy.Store { return s.DB.Policies() }

func TestTheStorePassesTheSuite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Store { return suited{open(t)} })
}
