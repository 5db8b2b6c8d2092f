package review

import (
	"fmt"

	"firebreak/record"
)

// Outline is Build without what only a whole review needs: the head data, the
// roles, the phases, the runs, the durations, the evidence, the follow-ups and the
// deadlines that were handed in. What it has is what Build says of the same entries.
// It is made where many incidents are looked at beside each other.
func Outline(entries []record.Entry, extra Extra) (Review, error) {
	if len(entries) == 0 || entries[0].Kind != record.IncidentOpened {
		return Review{}, fmt.Errorf("outline review: %w", ErrNoRecord)
	}
	b := newBuilder(entries, extra)
	b.r.Format, b.r.Made, b.r.Tool = Format, extra.Now.UTC(), extra.Tool
	b.incident()
	b.people()
	b.phases()
	b.runs()
	b.durations()
	b.evidence()
	b.items()
	b.r.Clocks = extra.Clocks
	b.fill()
	return b.r, nil
}
