package sqlserveremu

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/checkdb"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// checkDB runs DBCC CHECKDB: errors are those that the control door asked for.
func (n *session) checkDB(ctx context.Context, st *tsql.CheckDB) error {
	s := n.server
	name := n.Database()
	if st.Database != nil {
		v, err := n.constant(st.Database)
		if err != nil {
			return err
		}
		name = value.Text(v)
	}
	s.mu.Lock()
	db := s.find(name)
	var err error
	switch {
	case db == nil:
		err = errNoDatabase(name)
	case !n.rights().role(db):
		err = refusal(7983, 14, "User '%s' does not have permission to run DBCC checkdb for database '%s'.", n.login, db.name)
	default:
		err = s.opens(db)
	}
	corrupt := 0
	var tables []*contents.Table
	if err == nil {
		corrupt, tables = db.corrupt, db.tables.Sorted()
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := n.lasts(ctx, s.config.CheckTime); err != nil {
		return err
	}
	object := int64(2105058535)
	if len(tables) > 0 {
		object = int64(tables[0].ID)
	}
	errors, summary := checkdb.Findings(db.name, object, corrupt)
	quiet := st.Options["NO_INFOMSGS"] || st.Options["PHYSICAL_ONLY"]
	if st.Options["TABLERESULTS"] {
		if db.name == "master" { // the Resource database has a result of its own; which comes first is not documented
			if err := n.checkTable(db, nil, summary, true); err != nil {
				return err
			}
		}
		if err := n.checkTable(db, errors, summary, quiet); err != nil {
			return err
		}
	} else {
		for _, m := range errors {
			n.reply.Message(m)
		}
		if corrupt > 0 || !quiet {
			n.reply.Message(summary)
		}
		if !quiet {
			n.info(2528, "DBCC execution completed. If DBCC printed error messages, contact your system administrator.")
		}
	}
	s.mu.Lock()
	if corrupt == 0 {
		db.lastCheck = s.now()
	}
	s.mu.Unlock()
	if corrupt > 0 && !st.Options["TABLERESULTS"] {
		n.failed = 8928
		n.reply.Failed()
		return nil
	}
	n.reply.Done(0, -1)
	return nil
}

func (n *session) checkTable(db *database, errors []tds.Message, summary tds.Message, quiet bool) error {
	list := errors
	if len(errors) > 0 || !quiet {
		list = append(list, summary)
	}
	n.reply.Columns(checkdb.Columns())
	for _, m := range list {
		if err := n.reply.Row(checkdb.Row(m, db.id)); err != nil {
			return err
		}
	}
	n.reply.Done(tds.CommandSelect, int64(len(list)))
	return nil
}

// lasts lets a statement take its time, with its percentage shown to others.
func (n *session) lasts(ctx context.Context, d time.Duration) error {
	begun := time.Now()
	for passed := time.Duration(0); passed < d; passed = time.Since(begun) {
		n.server.mu.Lock()
		if n.activity != nil {
			n.activity.percent = 100 * float64(passed) / float64(d)
		}
		n.server.mu.Unlock()
		if err := sleep(ctx, min(10*time.Millisecond, d)); err != nil {
			return err
		}
	}
	return nil
}
