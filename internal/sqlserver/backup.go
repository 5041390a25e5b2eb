package sqlserver

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Backup implements backup.Server. A file of that name is overwritten: give
// every set names of its own, and look in History before repeating a call.
func (s *Server) Backup(ctx context.Context, c backup.BackupCall, progress func(percent float64)) error {
	statement, err := backupStatement(c)
	if err != nil {
		return err
	}
	l, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	complete := false
	hear := confirmedBy(&complete, percentTo(progress))
	err = l.run(ctx, statement, hear)
	if c.Tail && saidNumber(err, 3101) {
		err = s.tail(ctx, l, c.Database, statement, hear)
	}
	if saidNumber(err, 3009) && !saidNumber(err, 3013) {
		return nil // the set is whole, and msdb alone does not know it
	}
	if err == nil && !complete {
		// A connection can end between two statements of a batch without a
		// word. Only the server's own message says that the set is complete.
		return fault.New(fault.Unavailable, "The server did not confirm that the backup is complete.", "Whether it was taken shows in the server's backup history.")
	}
	return err
}

// confirmedBy notes message 3014 (BACKUP successfully processed … pages),
// which ends every backup that is complete, and passes messages on.
func confirmedBy(complete *bool, hear notice) notice {
	return func(number int, text string) {
		*complete = *complete || number == 3014
		hear(number, text)
	}
}

// backupStatement words the BACKUP. CHECKSUM is always there; FORMAT writes a
// new media header, so that a file left behind by a broken attempt is no
// obstacle; COMPRESSION stands only when asked for, because Express refuses it
// (error 1844). STATS = 1 makes the server tell of each percent.
func backupStatement(c backup.BackupCall) (string, error) {
	database, err := tsql.Name(c.Database)
	if err != nil {
		return "", err
	}
	name, err := tsql.Text(c.Name, tsql.MaxName)
	if err != nil || c.Name == "" {
		return "", fault.Newf(fault.Invalid, "%q cannot name a backup set.", shorten(c.Name, 140)).WithFix("Names have 1 to 128 characters, none of them a control character.")
	}
	to, err := devices("TO", c.Files)
	if err != nil {
		return "", err
	}
	verb, options := "BACKUP DATABASE ", []string{}
	switch c.Kind {
	case backup.Full:
	case backup.Differential:
		options = append(options, "DIFFERENTIAL")
	case backup.Log:
		verb = "BACKUP LOG "
	default:
		return "", fault.Newf(fault.Invalid, "%q is not a kind of backup that can be taken.", c.Kind)
	}
	switch {
	case c.Key != "":
		return "", fault.New(fault.Invalid, "This server encrypts nothing under a key of a cloud.", "Leave the key out.")
	case c.CopyOnly && c.Kind == backup.Differential:
		return "", fault.New(fault.Invalid, "A differential backup cannot be copy-only.", "The server would ignore it.")
	case c.Tail && (c.Kind != backup.Log || c.CopyOnly):
		return "", fault.New(fault.Invalid, "Only an ordinary log backup can be the tail.", "")
	case c.CopyOnly:
		options = append(options, "COPY_ONLY")
	case c.Tail:
		options = append(options, "NORECOVERY")
	}
	options = append(options, "CHECKSUM", "FORMAT", "INIT", "NAME = "+name)
	if c.Compress {
		options = append(options, "COMPRESSION")
	}
	for _, o := range []struct {
		word  string
		value int
	}{{"BLOCKSIZE", c.BlockSize}, {"MAXTRANSFERSIZE", c.Transfer}, {"BUFFERCOUNT", c.Buffers}} {
		if o.value != 0 {
			options = append(options, fmt.Sprintf("%s = %d", o.word, o.value))
		}
	}
	options = append(options, "STATS = 1")
	return verb + database + " " + to + " WITH " + strings.Join(options, ", "), nil
}

// Verify implements backup.Server.
func (s *Server) Verify(ctx context.Context, files []string) error {
	from, err := devices("FROM", files)
	if err != nil {
		return err
	}
	passed := false
	err = s.run(ctx, "RESTORE VERIFYONLY "+from+" WITH CHECKSUM", func(number int, _ string) { passed = passed || number == 3262 })
	if err == nil && !passed {
		return fault.New(fault.Conflict, "SQL Server did not say that the backup is valid.", "Read its error log.").
			Because(fmt.Errorf("message 3262 did not come"))
	}
	return err
}

var firstNumber = regexp.MustCompile(`\d+`)

// percentTo hands message 3211, "10 percent processed.", on as a number,
// whatever the login's language. Log backups send few or none.
func percentTo(progress func(float64)) notice {
	return func(number int, text string) {
		if number != 3211 || progress == nil {
			return
		}
		if p, err := strconv.ParseFloat(firstNumber.FindString(text), 64); err == nil && p >= 0 && p <= 100 {
			progress(p)
		}
	}
}
