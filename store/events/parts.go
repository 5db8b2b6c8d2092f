package events

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"

	"firebreak/store/events/segment"
)

// lookup is two statements that read rows by their ids, prepared once for all
// reads of a transaction.
type lookup struct {
	session
	part, word *sqlite3.SQLiteStmt
	args       [1]driver.NamedValue
	row        [1]driver.Value
}

func (l *lookup) close() error {
	var errs []error
	for _, s := range []**sqlite3.SQLiteStmt{&l.part, &l.word} {
		if *s != nil {
			errs = append(errs, (*s).Close())
			*s = nil
		}
	}
	return errors.Join(errs...)
}

// read is the bytes of a row, nil where there is none. It takes no context, because
// that would cost a goroutine for each row: who reads many looks at it himself.
func (l *lookup) read(to **sqlite3.SQLiteStmt, query string, id int64) (data []byte, err error) {
	if *to == nil {
		s, err := l.raw.Prepare(query)
		if err != nil {
			return nil, err
		}
		var ok bool
		if *to, ok = s.(*sqlite3.SQLiteStmt); !ok {
			return nil, fmt.Errorf("unexpected driver %T", s)
		}
	}
	l.args[0] = driver.NamedValue{Ordinal: 1, Value: id}
	rows, err := (*to).QueryContext(context.Background(), l.args[:])
	if err != nil {
		return nil, err
	}
	err = rows.Next(l.row[:])
	closed := rows.Close()
	switch {
	case errors.Is(err, io.EOF):
		return nil, closed
	case err != nil:
		return nil, err
	}
	data, ok := l.row[0].([]byte)
	if !ok {
		return nil, fmt.Errorf("%w: %T where bytes belong", ErrDamaged, l.row[0])
	}
	return data, closed
}

// parts are the parts of one segment.
type parts struct {
	l   *lookup
	e   *entry
	all map[allKey][]byte // of a small segment
}

type allKey struct {
	kind segment.Kind
	n    int
}

// Part reads a part. It implements segment.Parts.
func (p *parts) Part(kind segment.Kind, n int) ([]byte, error) {
	if p.e.small {
		if p.all == nil {
			data, err := p.l.read(&p.l.part, partQuery, partID(p.e.id, kindAll, 0))
			if err != nil {
				return nil, explain(err)
			}
			if p.all, err = unbundle(data); err != nil {
				return nil, fmt.Errorf("segment %d: %w", p.e.id, err)
			}
		}
		return p.all[allKey{kind, n}], nil
	}
	var data []byte
	var err error
	if kind == segment.KindWords {
		data, err = p.l.read(&p.l.word, wordQuery, wordID(p.e.id, n))
	} else {
		data, err = p.l.read(&p.l.part, partQuery, partID(p.e.id, kind, n))
	}
	if err != nil {
		return nil, fmt.Errorf("segment %d: %w", p.e.id, explain(err))
	}
	return data, nil
}

const (
	partQuery = `SELECT data FROM part WHERE id = ?`
	wordQuery = `SELECT data FROM word WHERE id = ?`
)

// A small segment is one row: two hundred of them cost more than what is in them.
const bundleSize = 96 << 10

func bundle(parts []segment.Part) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, byte(p.Kind))
		b = binary.AppendUvarint(b, uint64(p.N)) //nolint:gosec // not negative
		b = binary.AppendUvarint(b, uint64(len(p.Data)))
		b = append(b, p.Data...)
	}
	return b
}

func unbundle(b []byte) (map[allKey][]byte, error) {
	parts := make(map[allKey][]byte)
	for len(b) > 0 {
		kind := segment.Kind(b[0])
		n, i := binary.Uvarint(b[1:])
		if i <= 0 {
			return nil, fmt.Errorf("%w: parts", ErrDamaged)
		}
		b = b[1+i:]
		size, i := binary.Uvarint(b)
		if i <= 0 || size > uint64(len(b[i:])) || n > 1<<20 {
			return nil, fmt.Errorf("%w: parts", ErrDamaged)
		}
		parts[allKey{kind, int(n)}] = b[i : i+int(size)] //nolint:gosec // checked
		b = b[i+int(size):]                              //nolint:gosec // checked
	}
	return parts, nil
}
