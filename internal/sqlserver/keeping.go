package sqlserver

import (
	"context"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/tsql"
)

var (
	_ migration.Keeper = (*Target)(nil)
	_ preflight.Logins = (*Target)(nil)
)

// OpenKeeping implements migration.Keeper. KEEP_CDC stands in the statement that
// recovers the database and in no other (documentation page "RESTORE
// Arguments", KEEP_CDC).
func (t *Target) OpenKeeping(ctx context.Context, id, database string, check migration.CheckMode, _ string, write bool) error {
	return t.open(ctx, id, database, check, opening{write: write, keepCDC: true})
}

// Kept implements migration.Keeper.
func (t *Target) Kept(ctx context.Context, database string) (migration.Keeping, error) {
	rows, err := t.server.ask(ctx, `SELECT is_cdc_enabled, SUSER_SNAME(owner_sid) AS owner FROM sys.databases WHERE name = @p1`, database)
	if err != nil {
		return migration.Keeping{}, err
	}
	if len(rows) == 0 {
		return migration.Keeping{}, fault.Newf(fault.NotFound, "The database %s is gone.", database).WithCode("gone")
	}
	return migration.Keeping{CDC: rows[0].bit("is_cdc_enabled"), Owner: rows[0].text("owner")}, nil
}

// HasLogin implements preflight.Logins. Groups of Windows, roles and logins made
// of certificates own no databases.
func (t *Target) HasLogin(ctx context.Context, name string) (bool, error) {
	rows, err := t.server.ask(ctx, `SELECT name FROM sys.server_principals WHERE name = @p1 AND type IN ('S', 'U', 'E')`, name)
	return len(rows) > 0, err
}

// Give implements migration.Keeper (documentation page "ALTER AUTHORIZATION"). A
// login that is a user in the database already is refused with error 15110: its
// user has to be dropped first.
func (t *Target) Give(ctx context.Context, database, login string) error {
	name, err := tsql.Name(database)
	if err != nil {
		return err
	}
	owner, err := tsql.Name(login)
	if err != nil {
		return err
	}
	err = t.server.run(ctx, "ALTER AUTHORIZATION ON DATABASE::"+name+" TO "+owner, nil)
	switch {
	case saidNumber(err, 15151):
		return fault.Newf(fault.Conflict, "The target has no login %s, or this login may not make it an owner.", login).WithFix("CREATE LOGIN it there, with the SID of the old one where you can.").Because(err)
	case saidNumber(err, 15110):
		return fault.Newf(fault.Conflict, "%s is a user in the database, and cannot be its owner beside that.", login).WithFix("DROP USER it in the database first: an owner may do everything there.").Because(err)
	}
	return err
}
