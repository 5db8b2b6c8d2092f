package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"firebreak/record"
)

// maxNamed is how many stretches of unreadable entries a report names.
const maxNamed = 20

// unreadable is the report on a database that cannot be read whole: it names
// each entry, up to the newest head beside the database, that is lost with its
// page.
func (s *Store) unreadable(ctx context.Context, tx *sql.Tx, heads []byte, cause error) record.Report {
	r := record.Report{Incident: s.id, Problems: []record.Problem{}}
	fault(&r, 0, record.Damaged, strings.ReplaceAll(cause.Error(), ErrDamaged.Error()+": ", "")) // the fault's own name
	newest := int64(0)
	if file, err := record.SplitHeads(heads); err == nil {
		r.Heads = len(file.Notes)
		for _, n := range file.Notes {
			if h, err := record.ReadHead(n); err == nil {
				newest = max(newest, h.Size)
			}
		}
	}
	from, named := int64(0), 0
	for seq := int64(1); seq <= newest+1 && ctx.Err() == nil; seq++ {
		if seq <= newest && !readable(ctx, tx, seq) {
			if from == 0 {
				from = seq
			}
			continue
		}
		if seq <= newest {
			r.Entries++
		}
		if from == 0 {
			continue
		}
		if named++; named <= maxNamed {
			where := "it cannot be read"
			if last := seq - 1; last > from {
				where = fmt.Sprintf("it cannot be read, nor can those up to entry %d", last)
			}
			fault(&r, from, record.Damaged, where)
		}
		from = 0
	}
	if named > maxNamed {
		fault(&r, 0, record.Damaged, fmt.Sprintf("%d more stretches of entries cannot be read", named-maxNamed))
	}
	r.Notes = append(r.Notes, "the record was not verified: it cannot be read whole")
	return r
}

// readable says whether an entry and its fields can be read.
func readable(ctx context.Context, tx *sql.Tx, seq int64) bool {
	t := &Tx{ctx: ctx, tx: tx}
	rows, err := t.sealed(`SELECT e.seq, e.kind, e.line, d.body FROM entries e LEFT JOIN disclosures d ON d.seq = e.seq
		WHERE e.seq = ?`, seq)
	return err == nil && len(rows) == 1
}
