package review

import (
	"time"

	"firebreak/record"
)

// The states of a follow-up besides ItemOpen.
const (
	ItemDone     = "done"     // somebody says that it is done
	ItemVerified = "verified" // somebody has seen that it is
	ItemDropped  = "dropped"  // it will not be done; the reason is in its history
)

// ItemsOf are the follow-ups that entries speak of, as they stood at now. The
// entries may be those of the kinds item.added and item.changed alone.
func ItemsOf(entries []record.Entry, now time.Time) []Item {
	b := newBuilder(entries, Extra{Now: now})
	b.items()
	return b.r.Items
}
