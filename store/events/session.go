package events

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"
)

// session is a connection inside a transaction. It talks to the driver
// directly: a scan of a million rows through database/sql takes twice as long.
type session struct {
	raw *sqlite3.SQLiteConn
}

// on calls do with the driver's connection.
func on(conn *sql.Conn, do func(session) error) error {
	return conn.Raw(func(c any) error {
		raw, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return fmt.Errorf("unexpected driver %T", c)
		}
		return do(session{raw: raw})
	})
}

// each visits the rows of a query until visit returns false. The row is only
// valid during the visit. A cancelled context interrupts SQLite.
func (s session) each(ctx context.Context, query string, args []any, visit func(row []driver.Value) (bool, error)) (err error) {
	rows, err := s.raw.QueryContext(ctx, query, named(args))
	if err != nil {
		return err
	}
	defer func() {
		// An interrupted or finished statement says its error again here.
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if more, err := visit(row); err != nil || !more {
			return err
		}
	}
}

// number reads the one number of a query's first row; found is false where
// there is no row.
func (s session) number(ctx context.Context, query string) (n int64, found bool, err error) {
	err = s.each(ctx, query, nil, func(row []driver.Value) (bool, error) {
		found = true
		n, err = integer(row[0])
		return false, err
	})
	return n, found, err
}

func (s session) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	result, err := s.raw.ExecContext(ctx, query, named(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, v := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return values
}

// What comes out of the file is checked: a damaged one can hold anything.

func integer(v driver.Value) (int64, error) {
	n, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("%w: %T where a number belongs", ErrDamaged, v)
	}
	return n, nil
}
