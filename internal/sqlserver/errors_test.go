package sqlserver

import (
	"context"
	"errors"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestTheTellingErrorComesFirst(t *testing.T) {
	s := &Server{}
	all := []mssql.Error{
		{Number: 3013, Class: 16, Message: "BACKUP DATABASE is terminating abnormally."},
		{Number: 3201, Class: 16, Message: "Cannot open backup device '/b/x.bak'. Operating system error 5(Access is denied.)."},
	}
	last := all[1]
	last.All = all
	err := s.explain(context.Background(), last)
	var r *Refusal
	if !errors.As(err, &r) || len(r.Errors) != 2 || r.Number() != 3201 || r.Errors[1].Number != 3013 {
		t.Fatalf("the list is %+v", r)
	}
	message, fix := fault.Words(err)
	for _, want := range []string{"service account", "/b/x.bak", "(3201)", "(3013)", "Access is denied"} {
		if !strings.Contains(message, want) {
			t.Errorf("%q is not in %q", want, message)
		}
	}
	if fault.Of(err) != fault.Denied || !strings.Contains(fix, "login do not count") {
		t.Errorf("kind %s, fix %q", fault.Of(err), fix)
	}
}

func TestErrorsHaveTheirKind(t *testing.T) {
	for _, c := range []struct {
		number int32
		text   string
		kind   fault.Kind
		words  string
	}{
		{18456, "login error: Login failed for user 'sa'.", fault.Denied, "password is wrong"},
		{911, "Database 'x' does not exist.", fault.NotFound, "does not exist"},
		{3201, "Cannot open backup device 'D:\\x\\y.bak'. Operating system error 3(The system cannot find the path specified.).", fault.NotFound, `folder of D:\x\y.bak`},
		{3201, "Cannot open backup device 'D:\\x (1)\\y.bak'. Operating system error 2(nothing).", fault.NotFound, "no D:"},
		{3201, "Das Sicherungsmedium \"Z:\\y.bak\" kann nicht geöffnet werden. Betriebssystemfehler 32(Der Prozess).", fault.Unavailable, "holds Z:"},
		{3201, "Cannot open backup device '\\\\nas\\s\\y.bak'. Operating system error 53(The network path was not found.).", fault.NotFound, "network path"},
		{3201, "Cannot open backup device '\\\\nas\\s\\y.bak'. Operating system error 1326(The user name or password is incorrect.).", fault.Denied, "let the service account"},
		{3202, "Write on \"/b/x.bak\" failed: 112(There is not enough space on the disk.)", fault.Conflict, "volume of /b/x.bak is full"},
		{4208, "The statement BACKUP LOG is not allowed while the recovery model is SIMPLE.", fault.Conflict, "SIMPLE"},
		{4214, "BACKUP LOG cannot be performed because there is no current database backup.", fault.Conflict, "no full backup"},
		{3023, "Backup, file manipulation operations and encryption changes on a database must be serialized.", fault.Unavailable, "Another backup"},
		{927, "Database 'x' cannot be opened. It is in the middle of a restore.", fault.Conflict, "middle of a restore"},
		{3101, "Exclusive access could not be obtained because the database is in use.", fault.Conflict, "in use"},
		{262, "BACKUP DATABASE permission denied in database 'x'.", fault.Denied, "may not do this"},
		{229, "The SELECT permission was denied on the object.", fault.Denied, "may not"},
		{916, "The server principal \"u\" is not able to access the database.", fault.Denied, "may not"},
		{1844, "BACKUP DATABASE WITH COMPRESSION is not supported on Express Edition.", fault.Invalid, "edition"},
		{1105, "Could not allocate space.", fault.Conflict, "full"},
		{9002, "The transaction log for database 'x' is full.", fault.Conflict, "log is full"},
		{3204, "The backup or restore was aborted.", fault.Conflict, "canceled"},
		{3169, "The database was backed up on a server running version 16.", fault.Invalid, "newer version"},
		{4305, "The log in this backup set begins at LSN 9, which is too recent to apply to the database.", fault.Conflict, "missing"},
		{50000, "Something of their own.", fault.Conflict, "refused"},
	} {
		err := (&Server{}).explain(context.Background(), mssql.Error{Number: c.number, Class: 16, Message: c.text})
		message, _ := fault.Words(err)
		if fault.Of(err) != c.kind || !strings.Contains(message, c.words) {
			t.Errorf("%d %s\nis %s: %s; want %s and %q", c.number, c.text, fault.Of(err), message, c.kind, c.words)
		}
		if strings.Contains(message, "login error:") {
			t.Errorf("%d keeps the driver's words: %s", c.number, message)
		}
	}
}

func TestListsOfErrorsAreBounded(t *testing.T) {
	var all []mssql.Error
	for range 500 {
		all = append(all, mssql.Error{Number: 8928, Message: strings.Repeat("x", 5000)})
	}
	all = append(all, mssql.Error{Number: 3013, Message: "end"})
	r := refusal(all)
	if len(r.Errors) != maxErrors+1 || len(r.Error()) > 25_000 || r.Errors[maxErrors].Number != 3013 {
		t.Errorf("%d errors, %d characters", len(r.Errors), len(r.Error()))
	}
}
