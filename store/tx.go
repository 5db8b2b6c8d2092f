package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Tx is one consistent picture of an incident. It has no method that writes:
// the only way to change anything is a draft returned from Update. It must not
// be used after the function it was given to has returned.
type Tx struct {
	ctx     context.Context //nolint:containedctx // a Tx lives as long as the call that made it
	tx      *sql.Tx
	id      incident.ID
	now     time.Time
	lenient bool
	given   map[string]int64
	erased  map[int64][]string // names of erased fields by entry; nil until asked for
}

// Exhibit is sealed evidence with what became of it since.
type Exhibit struct {
	record.Exhibit
	Seq      int64             `json:"seq"`
	SealedAt time.Time         `json:"sealed_at"`
	SealedBy string            `json:"sealed_by"`
	Parsed   *record.Ingestion `json:"parsed,omitempty"`
	Checked  *record.Check     `json:"checked,omitempty"`
	Erased   string            `json:"erased,omitempty"` // the erasure that destroyed it
}

// Mark is all that people said of one event.
type Mark struct {
	Event    string    `json:"event"`
	Star     bool      `json:"star,omitempty"`
	Tags     []string  `json:"tags,omitempty"` // sorted
	Comments []string  `json:"comments,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	Message  string    `json:"message,omitempty"`
	Exhibit  string    `json:"exhibit,omitempty"`
}

// ID is the incident's id.
func (t *Tx) ID() incident.ID { return t.id }

// Now is the time of the entries that an Update will record; zero in a View.
func (t *Tx) Now() time.Time { return t.now }

// Incident is the incident as it is now.
func (t *Tx) Incident() (incident.Incident, error) {
	var i incident.Incident
	err := load(t.ctx, t.tx, kindIncident, string(t.id), &i)
	return i, err
}

// Head is the signed head over all entries of this picture.
func (t *Tx) Head() (record.Head, error) { return lastHead(t.ctx, t.tx) }

// Heads are the n newest heads, newest first. Their signatures are not checked.
func (t *Tx) Heads(n int) ([]record.Head, error) { return newestHeads(t.ctx, t.tx, n) }

// Count is the number of entries.
func (t *Tx) Count() (int64, error) {
	var n int64
	err := t.tx.QueryRowContext(t.ctx, "SELECT coalesce(max(seq), 0) FROM entries").Scan(&n)
	return n, err
}

// Entries are up to limit entries after that number, oldest first. A limit of
// 0 is none.
func (t *Tx) Entries(after int64, limit int) ([]record.Entry, error) {
	if limit <= 0 {
		limit = -1
	}
	return t.entries(`SELECT e.seq, e.kind, e.line, d.body
		FROM (SELECT seq, kind, line FROM entries WHERE seq > ? ORDER BY seq LIMIT ?) e
		LEFT JOIN disclosures d ON d.seq = e.seq ORDER BY e.seq, d.digest`, after, limit)
}

// Last are the n newest entries, oldest first.
func (t *Tx) Last(n int) ([]record.Entry, error) {
	count, err := t.Count()
	if err != nil || n <= 0 {
		return nil, err
	}
	return t.Entries(max(0, count-int64(n)), n)
}

// EntriesOf are all entries of those kinds, oldest first.
func (t *Tx) EntriesOf(kinds ...record.Kind) ([]record.Entry, error) {
	rows, err := t.ofKinds(kinds)
	if err != nil {
		return nil, err
	}
	return t.unsealed(rows)
}

func (t *Tx) ofKinds(kinds []record.Kind) ([]row, error) {
	list, err := json.Marshal(kinds)
	if err != nil {
		return nil, err
	}
	return t.sealed(`SELECT e.seq, e.kind, e.line, d.body FROM entries e LEFT JOIN disclosures d ON d.seq = e.seq
		WHERE e.kind IN (SELECT value FROM json_each(?)) ORDER BY e.seq, d.digest`, string(list))
}

// Sealed are entries as they are kept, for exports and proofs.
func (t *Tx) Sealed(after int64, limit int) ([]record.Sealed, error) {
	if limit <= 0 {
		limit = -1
	}
	rows, err := t.sealed(`SELECT e.seq, e.kind, e.line, d.body
		FROM (SELECT seq, kind, line FROM entries WHERE seq > ? ORDER BY seq LIMIT ?) e
		LEFT JOIN disclosures d ON d.seq = e.seq ORDER BY e.seq, d.digest`, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]record.Sealed, len(rows))
	for i, r := range rows {
		out[i] = r.Sealed
	}
	return out, nil
}

// row is one row of entries with its disclosures.
type row struct {
	record.Sealed
	seq  int64
	kind record.Kind
}

func (t *Tx) sealed(query string, args ...any) ([]row, error) {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []row
	for rows.Next() {
		var r row
		var body sql.NullString
		if err := rows.Scan(&r.seq, &r.kind, &r.Line, &body); err != nil {
			return nil, fmt.Errorf("read entries: %w", explain(err))
		}
		if n := len(out); n == 0 || out[n-1].seq != r.seq {
			out = append(out, r)
		}
		if last := &out[len(out)-1]; body.Valid {
			last.Disclosures = append(last.Disclosures, body.String)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read entries: %w", explain(err))
	}
	return out, nil
}

func (t *Tx) entries(query string, args ...any) ([]record.Entry, error) {
	rows, err := t.sealed(query, args...)
	if err != nil {
		return nil, err
	}
	return t.unsealed(rows)
}

func (t *Tx) unsealed(rows []row) ([]record.Entry, error) {
	erased, err := t.erasedFields()
	if err != nil {
		return nil, err
	}
	out := make([]record.Entry, len(rows))
	for i, r := range rows {
		if out[i], err = t.unseal(r); err != nil {
			return nil, err
		}
		out[i].MarkErased(erased[r.seq])
	}
	return out, nil
}

// erasedFields are the names of the fields that were erased, by entry.
func (t *Tx) erasedFields() (map[int64][]string, error) {
	if t.erased != nil {
		return t.erased, nil
	}
	rows, err := t.sealed(`SELECT e.seq, e.kind, e.line, d.body FROM entries e LEFT JOIN disclosures d ON d.seq = e.seq
		WHERE e.kind = ? ORDER BY e.seq, d.digest`, string(record.ErasureDone))
	if err != nil {
		return nil, err
	}
	done := make([]record.Entry, 0, len(rows))
	for _, r := range rows {
		e, err := t.unseal(r)
		if err != nil {
			return nil, err
		}
		done = append(done, e)
	}
	t.erased = record.ErasedFields(done)
	return t.erased, nil
}

// unseal reads one row. A damaged record that was opened to be looked at shows
// what still belongs to it; elsewhere a damaged entry is an error.
func (t *Tx) unseal(r row) (record.Entry, error) {
	e, _, err := record.Unseal(r.Line, r.Disclosures)
	if err == nil && e.Seq != r.seq {
		err = fmt.Errorf("its line says %d", e.Seq)
	}
	if err == nil {
		return e, nil
	}
	if !t.lenient {
		return record.Entry{}, fmt.Errorf("read entry %d: %w: %w", r.seq, ErrTampered, err)
	}
	shown := record.Entry{Seq: r.seq, Kind: r.kind}
	var good []string
	for _, d := range r.Disclosures {
		if _, _, err := record.Unseal(r.Line, append(good[:len(good):len(good)], d)); err == nil {
			good = append(good, d)
		}
	}
	if e, _, err := record.Unseal(r.Line, good); err == nil {
		shown = e
		shown.Seq = r.seq
	}
	return shown, nil
}

// Exhibits are all exhibits in the order of their numbers.
func (t *Tx) Exhibits() ([]Exhibit, error) { return list[Exhibit](t, kindExhibit) }

// ExhibitsFrom are those whose number (the 12 of e12) is at least n, in order.
func (t *Tx) ExhibitsFrom(n int64) ([]Exhibit, error) {
	return listFrom[Exhibit](t, kindExhibit, n)
}

// Exhibit is the one with that id, or incident.ErrNotFound.
func (t *Tx) Exhibit(id string) (Exhibit, error) { return one[Exhibit](t, kindExhibit, id) }

// Actions are all actions in the order of their numbers.
func (t *Tx) Actions() ([]Action, error) { return list[Action](t, kindAction) }

// Action is the one with that id, or incident.ErrNotFound.
func (t *Tx) Action(id string) (Action, error) { return one[Action](t, kindAction, id) }

// Marks are all marks, sorted by event.
func (t *Tx) Marks() ([]Mark, error) { return list[Mark](t, kindMark) }

// Mark is the mark on that event, or incident.ErrNotFound.
func (t *Tx) Mark(event string) (Mark, error) { return one[Mark](t, kindMark, event) }

// Items are the review's follow-ups in the order of their numbers.
func (t *Tx) Items() ([]record.Item, error) { return list[record.Item](t, kindItem) }

// NextID is a free id: "e" for exhibits, "a" for actions, "r" for runs, "i"
// for items, "x" for erasures. Within one Update each call gives another one.
func (t *Tx) NextID(prefix string) (string, error) {
	kind, ok := map[string]string{"e": kindExhibit, "a": kindAction, "r": kindRun, "i": kindItem, "x": kindErasure}[prefix]
	if !ok {
		return "", fmt.Errorf("next id: prefix %q: want e, a, r, i or x", prefix)
	}
	var n int64
	if err := t.tx.QueryRowContext(t.ctx, "SELECT coalesce(max(number), 0) FROM projection WHERE kind = ?", kind).Scan(&n); err != nil {
		return "", fmt.Errorf("next id: %w", explain(err))
	}
	n = max(n, t.given[prefix]) + 1
	t.given[prefix] = n
	return prefix + strconv.FormatInt(n, 10), nil
}

func one[T any](t *Tx, kind, id string) (T, error) {
	var v T
	err := load(t.ctx, t.tx, kind, id, &v)
	return v, explain(err)
}

func list[T any](t *Tx, kind string) ([]T, error) { return listFrom[T](t, kind, math.MinInt64) }

func listFrom[T any](t *Tx, kind string, number int64) ([]T, error) {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT doc FROM projection WHERE kind = ? AND number >= ? ORDER BY number, id", kind, number)
	if err != nil {
		return nil, fmt.Errorf("read %ss: %w", kind, explain(err))
	}
	out, err := documents[T](rows)
	if err != nil {
		return nil, fmt.Errorf("read %ss: %w", kind, explain(err))
	}
	return out, nil
}

// documents decodes the rows of a projection, and closes them.
func documents[T any](rows *sql.Rows) ([]T, error) {
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		var b []byte
		var v T
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// lastHead is the newest head inside the database, its signature unchecked.
func lastHead(ctx context.Context, tx *sql.Tx) (record.Head, error) {
	heads, err := newestHeads(ctx, tx, 1)
	if err != nil || len(heads) == 0 {
		return record.Head{}, err
	}
	return heads[0], nil
}

// newestHeads are the n newest heads inside the database, newest first.
func newestHeads(ctx context.Context, tx *sql.Tx, n int) ([]record.Head, error) {
	rows, err := tx.QueryContext(ctx, "SELECT note FROM heads ORDER BY size DESC LIMIT ?", n)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []record.Head
	for rows.Next() {
		var note []byte
		if err := rows.Scan(&note); err != nil {
			return nil, fmt.Errorf("read heads: %w", explain(err))
		}
		h, err := record.ReadHead(note)
		if err != nil {
			return nil, errors.Join(ErrTampered, err)
		}
		out = append(out, h)
	}
	return out, explain(rows.Err())
}
