package response

import (
	"context"
	"fmt"
	"path/filepath"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// undone says what the older copy, which ends with that entry, would undo of the
// record that is here: erasures, whose data it brings back, and a legal hold.
// Where the newer record is not here, or cannot be read, it says that nobody can
// tell.
func (r *restoring) undone(ctx context.Context, id incident.ID, size int64) []string {
	unknown := "whether data that was erased since comes back, or a legal hold is lost, cannot be told"
	if !there(filepath.Join(r.home.Home, "incidents", string(id), store.DatabaseFile)) {
		return []string{unknown + ": the newer record is not here"}
	}
	st, _, err := r.s.s.openToVerify(ctx, id)
	if err != nil {
		return []string{unknown + ": " + err.Error()}
	}
	defer func() { _ = st.Close() }() // only read from
	var out []string
	err = st.View(ctx, func(tx *store.Tx) error {
		done, err := tx.EntriesOf(record.ErasureDone)
		if err != nil {
			return err
		}
		for _, e := range done {
			var x record.Erasure
			if e.Seq <= size {
				continue
			}
			if err := e.Decode(&x); err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("it brings back what erasure %.20s destroyed (entry %d: %s, %s): erase it again", x.ID, e.Seq, plural(len(x.Fields), "field"), plural(len(x.Exhibits), "exhibit")))
		}
		h, standing, err := tx.Hold()
		if standing && h.Seq > size {
			out = append(out, fmt.Sprintf("it does not know of the legal hold that stands since entry %d: place it again", h.Seq))
		}
		return err
	})
	if err != nil {
		out = append(out, unknown+": "+err.Error())
	}
	return out
}
