package response

import (
	"context"
	"errors"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// Unbacked is an incident of which much is in no backup.
type Unbacked struct {
	Incident incident.ID
	Entries  int64
	Backed   int64 // entries that the newest backup holds; 0 for no backup
}

// muchSince is how many entries without a backup are worth a word.
const muchSince = 50

// Unbacked are the open incidents, drills aside, without a backup or with much
// recorded since. Those that cannot be opened are told elsewhere.
func (s *Session) Unbacked(ctx context.Context) ([]Unbacked, error) {
	ids, err := s.s.ids()
	if err != nil {
		return nil, err
	}
	var out []Unbacked
	for _, id := range ids {
		f, err := s.s.open(ctx, id)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue
		}
		u := Unbacked{Incident: id}
		closed := false
		err = f.store.View(ctx, func(tx *store.Tx) error {
			inc, err := tx.Incident()
			if err != nil {
				return err
			}
			closed = inc.Status == incident.Closed || inc.Drill
			made, err := tx.EntriesOf(record.BackupMade)
			if err != nil {
				return err
			}
			for _, e := range made {
				var c record.Copy
				if e.Decode(&c) == nil {
					u.Backed = max(u.Backed, c.Size)
				}
			}
			u.Entries, err = tx.Count()
			return err
		})
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		if err == nil && !closed && (u.Backed == 0 || u.Entries-u.Backed > muchSince) {
			out = append(out, u)
		}
	}
	return out, nil
}
