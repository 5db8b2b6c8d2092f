package document

import (
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
)

// lanesOf are the phases as they are drawn.
func lanesOf(r review.Review) (Lanes, bool) {
	for _, block := range Of(r).Blocks {
		if f, ok := block.(Figure); ok && f.ID == "fig-phases" {
			l, ok := f.Drawing.(Lanes)
			return l, ok
		}
	}
	return Lanes{}, false
}

func TestPhasesAreDrawnInHoursForThePublic(t *testing.T) {
	at := testkit.Start().Truncate(time.Hour)
	r := review.Review{Readers: review.Readers{Profile: record.PublicProfile}, Phases: []review.Stretch{
		{Phase: incident.Identify, From: at, To: at}, {Phase: incident.Contain, From: at, To: at.Add(3 * time.Hour)},
	}}
	r.Incident.Opened = at
	r.Timeline = []review.Row{{Time: at, Seq: 1, Phase: incident.Identify}}
	l, ok := lanesOf(r)
	if !ok || len(l.Dots) > 0 || !l.To.Equal(at.Add(4*time.Hour)) {
		t.Fatalf("%v: %+v", ok, l)
	}
	first := l.Lanes[0].Stretches[0]
	if !first.To.Equal(at.Add(time.Hour)) {
		t.Errorf("a stretch within an hour is not drawn as that hour: %+v", first)
	}
	if r.Phases[0].To != at {
		t.Error("the review itself was changed")
	}
}
