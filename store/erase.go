package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"firebreak/incident"
	"firebreak/record"
)

// ErrUnfinished says that an erasure is in the record, and that something that
// it destroys is still on the disk. Finish goes on with it.
var ErrUnfinished = errors.New("an erasure is recorded and not finished")

// Erase carries out an erasure that was agreed to. In one transaction it
// records the draft of decide, of kind erasure.done, takes the disclosures that
// it names out of the database, and folds the record anew without them. The
// files that decide names, by their paths below the incident's folder, may quote
// what goes, and go too. What it
// leaves behind, in pages that were freed, in the write-ahead log and outside
// the database, is told by Leftover and destroyed by Finish; until then it is
// noted in a file, so that a crash cannot make it forgotten.
//
// Errors: ErrRefused when the record does not allow it, ErrUnfinished while an
// earlier one is not finished, decide's own, and those of Update.
func (s *Store) Erase(ctx context.Context, decide func(*Tx) (record.Draft, []string, error)) (record.Entry, error) {
	if s.w == nil {
		return record.Entry{}, fmt.Errorf("erase in %s: %w", s.id, s.whyNot(ctx))
	}
	var files []string
	entries, err := s.commit(ctx, &act{decide: func(tx *Tx) ([]record.Draft, error) {
		left, err := s.leftover(tx)
		if err == nil && left != nil {
			err = fmt.Errorf("erase in %s: %w: %s", s.id, ErrUnfinished, left.Erasure)
		}
		if err != nil {
			return nil, err
		}
		d, quoting, err := decide(tx)
		files = quoting
		if err == nil && d.Kind != record.ErasureDone {
			err = fmt.Errorf("erase in %s: the draft is of kind %s", s.id, d.Kind)
		}
		return []record.Draft{d}, err
	}, also: func(tx *Tx, entries []record.Entry) error {
		left, err := s.destroy(tx, entries[0])
		if err != nil {
			return err
		}
		left.Files = files
		if err := s.note(left); err != nil { // stays when the commit fails: it may have been done all the same
			return err
		}
		s.reached("noted")
		return nil
	}})
	if len(entries) == 0 {
		return record.Entry{}, err
	}
	s.reached("recorded")
	return entries[0], err
}

// destroy takes the disclosures out and folds the rest anew.
func (s *Store) destroy(tx *Tx, e record.Entry) (Leftover, error) {
	var done record.Erasure
	if err := e.Decode(&done); err != nil {
		return Leftover{}, err
	}
	left := Leftover{Erasure: done.ID, Seq: e.Seq, Exhibits: done.Exhibits}
	described := map[int64]bool{} // entries that seal one of the exhibits
	for _, id := range done.Exhibits {
		x, err := tx.Exhibit(id)
		if err != nil {
			return left, err
		}
		described[x.Seq] = true
		if x.Blob != "" && !slices.Contains(left.Blobs, x.Blob) {
			left.Blobs = append(left.Blobs, x.Blob)
		}
	}
	for _, f := range done.Fields {
		if err := tx.eraseField(e, f, described[f.Seq]); err != nil {
			return left, err
		}
	}
	return left, tx.refold(s.id)
}

// eraseField deletes one disclosure. One that an earlier erasure took is gone.
func (t *Tx) eraseField(by record.Entry, f record.ErasedField, described bool) error {
	var kind record.Kind
	var body sql.NullString
	err := t.tx.QueryRowContext(t.ctx, `SELECT e.kind, d.body FROM entries e
		LEFT JOIN disclosures d ON d.seq = e.seq AND d.digest = ? WHERE e.seq = ?`, f.Digest, f.Seq).Scan(&kind, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(by, "there is no entry %d", f.Seq)
	}
	if err != nil {
		return fmt.Errorf("read field %s of entry %d: %w", f.Name, f.Seq, err)
	}
	switch {
	case !record.Erasable(kind, f.Name):
		return refuse(by, "field %s of entry %d holds up the record", f.Name, f.Seq)
	case record.ErasedWithExhibit(kind, f.Name) && !described:
		return refuse(by, "field %s of entry %d goes only with its exhibit", f.Name, f.Seq)
	case !body.Valid:
		erased, err := t.erasedFields()
		if err == nil && !slices.Contains(erased[f.Seq], f.Name) {
			err = refuse(by, "entry %d has no such field %s", f.Seq, f.Name)
		}
		return err
	}
	d, err := record.ParseDisclosure(body.String)
	if err != nil {
		return err
	}
	if d.Name != f.Name {
		return refuse(by, "the digest is that of field %.60q of entry %d, not of %.60q", d.Name, f.Seq, f.Name)
	}
	if _, err := t.tx.ExecContext(t.ctx, "DELETE FROM disclosures WHERE digest = ? AND seq = ?", f.Digest, f.Seq); err != nil {
		return fmt.Errorf("erase field %s of entry %d: %w", f.Name, f.Seq, err)
	}
	return nil
}

// refold makes the projection anew from the record as it is now.
func (t *Tx) refold(id incident.ID) error {
	rows, err := t.sealed(`SELECT e.seq, e.kind, e.line, d.body FROM entries e LEFT JOIN disclosures d ON d.seq = e.seq
		ORDER BY e.seq, d.digest`)
	if err != nil {
		return err
	}
	if _, err := t.tx.ExecContext(t.ctx, "DELETE FROM projection"); err != nil {
		return fmt.Errorf("fold anew: %w", err)
	}
	return fold{t.ctx, t.tx, id}.all(rows, func(record.Entry, []byte) error { return nil })
}

// Fields are the fields of the entries after that number that are still there.
// A limit of 0 is none.
func (t *Tx) Fields(after int64, limit int) ([]Fields, error) {
	if limit <= 0 {
		limit = -1
	}
	rows, err := t.sealed(`SELECT e.seq, e.kind, e.line, d.body
		FROM (SELECT seq, kind, line FROM entries WHERE seq > ? ORDER BY seq LIMIT ?) e
		LEFT JOIN disclosures d ON d.seq = e.seq ORDER BY e.seq, d.digest`, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Fields, len(rows))
	for i, r := range rows {
		fields, err := record.FieldsOf(r.Sealed)
		if err != nil {
			return nil, fmt.Errorf("read entry %d: %w: %w", r.seq, ErrTampered, err)
		}
		out[i] = Fields{r.seq, r.kind, fields}
	}
	return out, nil
}

// Fields are the fields of one entry, by name.
type Fields struct {
	Seq    int64
	Kind   record.Kind
	Fields []record.Disclosed
}
