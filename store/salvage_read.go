package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"

	"firebreak/record"
)

// found is what could be read of a database, damaged or not.
type found struct {
	schema int
	rows   []row // by their numbers; Disclosures are filled in
	heads  [][]byte
	keys   [][]byte
	astray int      // fields that lie with another entry than theirs
	tree   [][]byte // the kept hashes up to the first gap
	hashes int      // all of them
	said   []string // SQLite's own findings
	err    error    // the first thing that could not be read
}

// note keeps the first failure; what follows is read all the same.
func (f *found) note(err error) {
	if f.err == nil && err != nil {
		f.err = err
	}
}

func readAll(ctx context.Context, db *sql.DB) (f found) {
	var err error
	f.schema, err = schema(ctx, db)
	f.note(err)
	said, err := column(ctx, db, "PRAGMA integrity_check(20)")
	f.note(err)
	for _, s := range said {
		if string(s) != "ok" {
			f.said = append(f.said, string(s))
		}
	}
	lines, err := scan(ctx, db, "SELECT seq, kind, line FROM entries", "seq", func(seq int64, b ...[]byte) row {
		return row{Sealed: record.Sealed{Line: b[1]}, seq: seq, kind: record.Kind(b[0])}
	}, 2)
	f.note(err)
	bodies, err := scan(ctx, db, "SELECT rowid, body, digest, seq FROM disclosures", "rowid", func(_ int64, b ...[]byte) disclosed {
		seq, _ := strconv.ParseInt(string(b[2]), 10, 64) // 0 is no entry's
		return disclosed{string(b[0]), string(b[1]), seq}
	}, 3)
	f.note(err)
	f.rows, f.astray = join(lines, bodies)
	f.heads, err = column(ctx, db, "SELECT note FROM heads ORDER BY size")
	f.note(err)
	f.keys, err = column(ctx, db, "SELECT public FROM keys ORDER BY public")
	f.note(err)
	hashes, err := scan(ctx, db, "SELECT id, hash FROM tree", "id", func(id int64, b ...[]byte) numbered { return numbered{id, b[0]} }, 1)
	f.note(err)
	f.hashes = len(hashes)
	for i, h := range hashes {
		if h.id != int64(i) {
			break
		}
		f.tree = append(f.tree, h.hash)
	}
	return f
}

type numbered struct {
	id   int64
	hash []byte
}

type disclosed struct {
	body, digest string
	seq          int64
}

// join gives each line the disclosures whose digests stand in it, wherever
// their rows say they belong, and counts those that are not where they belong.
func join(lines []row, bodies []disclosed) (_ []row, astray int) {
	byDigest := make(map[string]disclosed, len(bodies))
	for _, b := range bodies {
		byDigest[record.DigestOf(b.body)] = b
	}
	at := 0
	for i := range lines {
		l, err := record.ParseLine(lines[i].Line)
		if err != nil {
			continue
		}
		for _, d := range l.Digests { // sorted, as Seal leaves them
			if b, ok := byDigest[d]; ok {
				lines[i].Disclosures = append(lines[i].Disclosures, b.body)
				if b.seq == lines[i].seq && b.digest == d {
					at++
				}
			}
		}
	}
	return lines, len(bodies) - at
}

// column reads one column as far as it can be read.
func column(ctx context.Context, db *sql.DB, query string) ([][]byte, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out [][]byte
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return out, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// scan reads a table by its integer key, from both ends, as far as it can be
// read: a damaged page in the middle hides only what is on it, or below it.
func scan[T any](ctx context.Context, db *sql.DB, query, key string, made func(int64, ...[]byte) T, columns int) ([]T, error) {
	byKey := map[int64]T{}
	var first error
	for _, order := range []string{" ORDER BY " + key, " ORDER BY " + key + " DESC"} {
		err := scanOne(ctx, db, query+order, columns, func(k int64, b [][]byte) { byKey[k] = made(k, b...) })
		if err == nil {
			break
		}
		if first == nil {
			first = err
		}
	}
	out := []T{}
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		out = append(out, byKey[k])
	}
	return out, first
}

func scanOne(ctx context.Context, db *sql.DB, query string, columns int, take func(int64, [][]byte)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k int64
		b := make([][]byte, columns)
		to := []any{&k}
		for i := range b {
			to = append(to, &b[i])
		}
		if err := rows.Scan(to...); err != nil {
			return err
		}
		take(k, b)
	}
	return rows.Err()
}
