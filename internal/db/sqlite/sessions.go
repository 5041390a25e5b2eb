package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Sessions keeps browser sessions for the session manager of the server,
// whose store interface it fits. The manager hands over hashes of the tokens
// in the cookies, never the tokens.
type Sessions struct{ *DB }

// Sessions returns the store of browser sessions.
func (d *DB) Sessions() Sessions { return Sessions{d} }

// FindCtx returns the data of a session that has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = ? AND expiry > ?`, token, time.Now().UnixMicro()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, stored("find session", err)
}

// CommitCtx makes or replaces a session and sweeps out expired ones.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.silently(ctx, "save session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (token, data, expiry) VALUES (?1,?2,?3) ON CONFLICT (token) DO UPDATE SET data=?2, expiry=?3`,
			token, data, micros(expiry))
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE expiry <= ?`, time.Now().UnixMicro())
		}
		return err
	})
}

// DeleteCtx ends a session; a missing one is not an error.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.silently(ctx, "end session", func(tx *sql.Tx) error {
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
