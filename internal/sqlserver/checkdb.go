package sqlserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/bakplane/bakplane/internal/tsql"
)

// maxFindings bounds what a check returns; the first hundreds say enough.
const maxFindings = 200

// CheckDB implements backup.Server. TABLERESULTS is not in the documented
// syntax, yet all known versions take it; where it is refused the findings are
// read from the error messages.
func (s *Server) CheckDB(ctx context.Context, database string, physicalOnly bool) ([]string, error) {
	if _, err := tsql.Name(database); err != nil {
		return nil, err
	}
	literal, err := tsql.Text(database, tsql.MaxName)
	if err != nil {
		return nil, err
	}
	statement := fmt.Sprintf("DBCC CHECKDB (%s) WITH NO_INFOMSGS, ALL_ERRORMSGS", literal)
	if physicalOnly {
		statement += ", PHYSICAL_ONLY"
	}
	rows, err := s.longRows(ctx, statement+", TABLERESULTS")
	if saidNumber(err, 102) || saidNumber(err, 155) || saidNumber(err, 156) || saidNumber(err, 2526) {
		return s.checkPlain(ctx, statement)
	}
	if err != nil {
		return nil, err
	}
	found := []string{}
	for _, r := range rows {
		// Level 10 and below are remarks.
		if r.integer("level") > 10 && len(found) < maxFindings {
			found = append(found, fmt.Sprintf("%s (%d)", r.text("messagetext"), r.integer("error")))
		}
	}
	return found, nil
}

func (s *Server) checkPlain(ctx context.Context, statement string) ([]string, error) {
	err := s.run(ctx, statement, nil)
	var r *Refusal
	if !errors.As(err, &r) {
		return nil, err
	}
	found := []string{}
	for _, e := range r.Errors {
		if !finding(e.Number) {
			return nil, err // the check itself could not be done
		}
		found = append(found, fmt.Sprintf("%s (%d)", e.Text, e.Number))
	}
	return found, nil
}

// finding reports whether an error number is one that CHECKDB gives for what
// is wrong in the database (documentation page "Database Engine events and
// errors", 2000–2999, 5000–5999, 7000–7999, 8000–8999).
func finding(number int) bool {
	switch number {
	case 2520, 2526, 2528, 2571, 2572, 2573, 2580, 2581, 2590, 7919, 7928, 8921, 8930, 8967:
		return false
	}
	return number >= 2508 && number <= 2599 || number >= 5219 && number <= 5296 ||
		number >= 7900 && number <= 7999 || number >= 8900 && number <= 8999
}
