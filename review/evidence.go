package review

import (
	"slices"
	"time"

	"firebreak/record"
)

// Exhibit is a line of the evidence register.
type Exhibit struct {
	record.Exhibit
	Seq      int64     `json:"seq"`
	SealedAt time.Time `json:"sealed_at"`
	SealedBy string    `json:"sealed_by"`
	Checks   []Check   `json:"checks,omitempty"`
	Changed  bool      `json:"changed_while_read,omitempty"` // its size or times moved while it was read
	Erased   string    `json:"erased,omitempty"`             // the erasure that destroyed its bytes
}

// Check is a later verification of an exhibit.
type Check struct {
	Act
	OK    bool   `json:"ok"`
	Found string `json:"found,omitempty"`
}

// Collection is one pass of the collectors, with what was refused.
type Collection struct {
	record.Collection
	Act
}

// Ingested is what became of the evidence in the timeline.
type Ingested struct {
	Exhibits []Ingestion `json:"exhibits"`
	Events   int64       `json:"events"` // with those that were read from behind damage
	Added    int64       `json:"added"`
	Rejected int64       `json:"rejected"`
	Seen     int64       `json:"seen"`
	First    time.Time   `json:"first,omitzero"`
	Last     time.Time   `json:"last,omitzero"`
}

// Ingestion is the passage of one exhibit into the timeline.
type Ingestion struct {
	record.Ingestion
	Seq    int64 `json:"seq"`
	Erased bool  `json:"erased,omitempty"` // some of it was
}

func (b *builder) evidence() {
	each(b, func(e record.Entry, p record.Exhibit) {
		x := Exhibit{Exhibit: p, Seq: e.Seq, SealedAt: e.Time.UTC(), SealedBy: called(e.Actor)}
		x.Changed = moved(p.Before, p.After)
		b.r.Evidence = append(b.r.Evidence, x)
	}, record.EvidenceSealed)
	each(b, func(e record.Entry, p record.Check) {
		for i := range b.r.Evidence {
			if x := &b.r.Evidence[i]; x.ID == p.Exhibit {
				x.Checks = append(x.Checks, Check{act(e), p.OK, p.Found})
			}
		}
	}, record.EvidenceChecked)
	each(b, func(e record.Entry, p record.Collection) {
		b.r.Collections = append(b.r.Collections, Collection{p, act(e)})
	}, record.CollectionFinished)

	each(b, func(_ record.Entry, p record.Erasure) {
		for i := range b.r.Evidence {
			if x := &b.r.Evidence[i]; slices.Contains(p.Exhibits, x.ID) {
				x.Erased = p.ID
			}
		}
	}, record.ErasureDone)

	in := &b.r.Ingested
	each(b, func(e record.Entry, p record.Ingestion) {
		in.Exhibits = append(in.Exhibits, Ingestion{p, e.Seq, len(e.Erased) > 0})
	}, record.TimelineIngested)
	read := map[string]bool{}
	for _, p := range slices.Backward(in.Exhibits) { // a rebuild reads them again: the last reading counts
		if !read[p.Exhibit] {
			read[p.Exhibit] = true
			in.add(p.Ingestion)
		}
	}
}

func (in *Ingested) add(p record.Ingestion) {
	in.Events += p.Events + p.Recovered
	in.Added += p.Added
	in.Rejected += p.Rejected
	in.Seen += p.Seen
	if !p.First.IsZero() && (in.First.IsZero() || p.First.Before(in.First)) {
		in.First = p.First.UTC()
	}
	if p.Last.After(in.Last) {
		in.Last = p.Last.UTC()
	}
}

func moved(before, after *record.Stat) bool {
	if before == nil || after == nil {
		return false
	}
	return before.Size != after.Size || !before.Modified.Equal(after.Modified) ||
		!before.Changed.Equal(after.Changed) || before.Inode != after.Inode
}

// broken lists the exhibits that a check found not to match their seal.
func (r Review) broken() []string {
	var out []string
	for _, x := range r.Evidence {
		for _, c := range x.Checks {
			if !c.OK {
				out = append(out, x.ID)
				break
			}
		}
	}
	return out
}
