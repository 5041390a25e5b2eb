package sqlserver

import (
	"context"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// SetReadOnly implements backup.Server. Both ways end the connections of
// others: the server waits for them otherwise.
func (s *Server) SetReadOnly(ctx context.Context, database string, on bool) error {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return err
	}
	d, err := s.state(ctx, database)
	if err != nil || d.bit("is_read_only") == on {
		return err
	}
	word := "READ_WRITE"
	if on {
		word = "READ_ONLY"
	}
	return s.run(ctx, "ALTER DATABASE "+quotedName+" SET "+word+" WITH ROLLBACK IMMEDIATE", nil)
}

// SetRecoveryModel implements backup.Server; model is FULL, SIMPLE or
// BULK_LOGGED. After FULL a full backup must follow before logs can.
func (s *Server) SetRecoveryModel(ctx context.Context, database, model string) error {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return err
	}
	switch model {
	case "FULL", "SIMPLE", "BULK_LOGGED":
	default:
		return fault.Newf(fault.Invalid, "%q is not a recovery model.", model).WithFix("Choose FULL, SIMPLE or BULK_LOGGED.")
	}
	d, err := s.state(ctx, database)
	if err != nil || d.text("recovery_model_desc") == model {
		return err
	}
	return s.run(ctx, "ALTER DATABASE "+quotedName+" SET RECOVERY "+model, nil)
}

// SetPageVerify implements backup.Server.
func (s *Server) SetPageVerify(ctx context.Context, database string) error {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return err
	}
	d, err := s.state(ctx, database)
	if err != nil || d.text("page_verify_option_desc") == "CHECKSUM" {
		return err
	}
	return s.run(ctx, "ALTER DATABASE "+quotedName+" SET PAGE_VERIFY CHECKSUM", nil)
}

// Recover implements backup.Server. It also lets everybody in again where a
// tail-log backup had to keep them out.
func (s *Server) Recover(ctx context.Context, database string) error {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return err
	}
	d, err := s.state(ctx, database)
	if err != nil {
		return err
	}
	if d.text("state_desc") != "ONLINE" || d.bit("is_in_standby") {
		err = s.run(ctx, "RESTORE DATABASE "+quotedName+" WITH RECOVERY", nil)
		if err != nil && !saidNumber(err, 3153) { // 3153: somebody else was quicker
			return err
		}
		if d, err = s.state(ctx, database); err != nil {
			return err
		}
	}
	if d.text("user_access_desc") != "MULTI_USER" {
		return s.letIn(ctx, nil, database)
	}
	return nil
}

// state reads the database's row; NotFound when there is none.
func (s *Server) state(ctx context.Context, database string) (row, error) {
	rows, err := s.ask(ctx, "SELECT * FROM sys.databases WHERE name = @p1", database)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.Newf(fault.NotFound, "The server has no database %s that this login can see.", database).WithCode("no-database").
			WithFix("It was dropped or renamed, or the login lacks the right to see it.")
	}
	return rows[0], nil
}
