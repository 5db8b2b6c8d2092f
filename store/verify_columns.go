package store

import (
	"context"
	"database/sql"
	"fmt"

	"firebreak/record"
)

// checkColumns compares the columns by which rows are found with what the rows
// say. Nothing signed covers them, and a wrong one hides what it stands for:
// a field from its erasure, a head from the next comparison.
func checkColumns(ctx context.Context, tx *sql.Tx, report *record.Report) error {
	err := each(ctx, tx, "SELECT seq, digest, body FROM disclosures ORDER BY seq, digest", func(seq int64, digest, body string) {
		if record.DigestOf(body) != digest {
			fault(report, seq, record.Derived, fmt.Sprintf("a disclosure is filed under %.60q, its digest is %s", digest, record.DigestOf(body)))
		}
	})
	if err != nil {
		return err
	}
	err = each(ctx, tx, "SELECT size, '', CAST(note AS TEXT) FROM heads ORDER BY size", func(size int64, _, note string) {
		if h, err := record.ReadHead([]byte(note)); err == nil && h.Size != size { // an unreadable one has its fault already
			fault(report, size, record.Derived, fmt.Sprintf("the head of size %d is filed under %d", h.Size, size))
		}
	})
	if err != nil {
		return err
	}
	return each(ctx, tx, "SELECT 0, '', public FROM keys ORDER BY public", func(_ int64, _, public string) {
		if _, err := record.ParseKeys(public); err != nil {
			fault(report, 0, record.Damaged, "a verifier key kept in the database cannot be read: "+err.Error())
		}
	})
}

func each(ctx context.Context, tx *sql.Tx, query string, row func(n int64, a, b string)) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n int64
		var a, b string
		if err := rows.Scan(&n, &a, &b); err != nil { // NULL where none may be
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		row(n, a, b)
	}
	return explain(rows.Err())
}
