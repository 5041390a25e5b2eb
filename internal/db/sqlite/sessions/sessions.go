// Package sessions keeps browser sessions.
package sessions

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bakplane/bakplane/internal/db/sqlite/packed"
)

// Sessions keeps browser sessions for the session manager of the server,
// whose store interface it fits. The manager hands over hashes of the tokens
// in the cookies, never the tokens.
type Sessions struct {
	Read   *sql.DB
	Write  func(ctx context.Context, what string, f func(*sql.Tx) error) error // one transaction
	Stored func(what string, err error) error                                  // gives an error of the database its kind
}

// FindCtx returns the data of a session that has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.Read.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = ? AND expiry > ?`, token, time.Now().UnixMicro()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, s.Stored("find session", err)
}

// CommitCtx makes or replaces a session and sweeps out expired ones.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.Write(ctx, "save session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (token, data, expiry) VALUES (?1,?2,?3) ON CONFLICT (token) DO UPDATE SET data=?2, expiry=?3`,
			token, data, packed.Micros(expiry))
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE expiry <= ?`, time.Now().UnixMicro())
		}
		return err
	})
}

// DeleteCtx ends a session; a missing one is not an error.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.Write(ctx, "end session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE token = ?`, token)
		return err
	})
}

// Find is FindCtx without a context.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
