package events

import (
	"context"
	"database/sql"
	"errors"
	"net/url"

	"firebreak/internal/sqliteuri"
	"firebreak/store/cryptvfs"
)

// peek refuses the file of a newer program before it is opened for writing,
// which would make a log beside it. What cannot be read is told by Open.
func peek(ctx context.Context, path string, o Options) error {
	q := url.Values{"mode": {"ro"}, "immutable": {"1"}}
	if o.Secret != nil {
		key, err := cryptvfs.NewKey(o.Secret)
		if err != nil {
			return err
		}
		defer key.Release()
		key.Params(q)
	}
	db, err := sql.Open("sqlite3", sqliteuri.Of(path, q))
	if err != nil {
		return err
	}
	version, application, err := identity(ctx, db)
	if err != nil || application != applicationID {
		return db.Close()
	}
	if err := known(version, application); errors.Is(err, ErrNewer) {
		return errors.Join(err, db.Close())
	}
	return db.Close()
}
