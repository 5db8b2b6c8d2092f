package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Row is one line of the merged timeline: an entry of the record, several
// entries of one kind in a row, or a marked event of the evidence.
type Row struct {
	Time     time.Time      `json:"time,omitzero"`
	Evidence bool           `json:"evidence"`           // an event, not an entry
	Seq      int64          `json:"seq"`                // the entry, or the latest mark of the event
	LastSeq  int64          `json:"last_seq,omitempty"` // of a row that stands for several entries
	Ref      string         `json:"ref"`                // "#12", "#12-31", "e3 @1024"
	Event    string         `json:"event,omitempty"`
	Who      string         `json:"who,omitempty"` // the person; for an event its source and host
	Kind     record.Kind    `json:"kind,omitempty"`
	Phase    incident.Phase `json:"phase"`
	Text     string         `json:"text"`
	Bad      bool           `json:"bad,omitempty"`
	Star     bool           `json:"star,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Comments []string       `json:"comments,omitempty"`
	Fine     string         `json:"precision,omitempty"` // of an event's time
	Back     bool           `json:"clock_went_back,omitempty"`
	Side     string         `json:"side"` // attacker, responder, system, evidence
	// Discovered is when the team learned of what happened at Time, where that is not
	// the same moment; Techniques are those of ATT&CK that it shows.
	Discovered time.Time `json:"discovered,omitzero"`
	Techniques []string  `json:"techniques,omitempty"`
}

// timeline merges what happened into the record: marked events, and what people
// stated with a time of its own. Entries keep the order of the record, whatever
// their clocks say; the others go where their time puts them, and those without a
// time come last.
func (b *builder) timeline() {
	happened := b.happened()
	entries := b.entryRows()
	var undated []Row
	var out []Row
	next := 0
	for _, row := range happened {
		if row.Time.IsZero() {
			undated = append(undated, row)
			continue
		}
		for next < len(entries) && !entries[next].at.After(row.Time) {
			out = append(out, entries[next].Row)
			next++
		}
		out = append(out, row)
	}
	for _, e := range entries[next:] {
		out = append(out, e.Row)
	}
	b.r.Timeline = append(out, undated...)
}

type placed struct {
	Row
	at time.Time // never before the row above
}

func (b *builder) entryRows() []placed {
	var rows []placed
	for i := 0; i < len(b.entries); i++ {
		e := b.entries[i]
		if b.told(i) {
			b.r.LeftOut++
			continue
		}
		text, bad := Describe(e)
		row := Row{
			Time: e.Time.UTC(), Seq: e.Seq, Ref: fmt.Sprintf("#%d", e.Seq), Who: called(e.Actor), Kind: e.Kind,
			Phase: e.Phase, Text: text, Bad: bad, Back: e.Time.UTC().Before(b.when[i]), Side: sideOf(e.Kind),
		}
		at := b.when[i]
		if last := b.machinery(i); last > i {
			row.LastSeq = b.entries[last].Seq
			row.Ref = fmt.Sprintf("#%d-%d", e.Seq, row.LastSeq)
			row.Text = b.sumUp(b.entries[i : last+1])
			b.r.LeftOut += last - i
			i = last
		}
		rows = append(rows, placed{row, at})
	}
	return rows
}

// told says whether another row tells what this entry does: a mark stands with
// its event, and the start of what ended, in the row that says how.
func (b *builder) told(i int) bool {
	e := b.entries[i]
	switch e.Kind { //nolint:exhaustive // the other kinds have rows of their own
	case record.EventMarked, record.MomentStated, record.TechniqueSeen:
		return !b.bad[e.Seq] && (e.Kind == record.EventMarked || b.placed[e.Seq])
	case record.StepStarted:
		return slices.ContainsFunc(b.entries[i+1:], func(x record.Entry) bool {
			return x.Step == e.Step && (x.Kind == record.StepDone || x.Kind == record.StepFailed || x.Kind == record.StepSkipped)
		})
	case record.ActionSending:
		p, ok := decode[record.Attempt](b, e)
		return ok && slices.ContainsFunc(b.entries[i+1:], func(x record.Entry) bool {
			switch x.Kind { //nolint:exhaustive // only outcomes end an attempt
			case record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown:
				var o record.Outcome
				return x.Decode(&o) == nil && o.Action == p.Action
			case record.ActionQueued:
				var q record.Queued
				return x.Decode(&q) == nil && q.Action == p.Action
			default:
				return false
			}
		})
	default:
		return false
	}
}

// machinery returns the last of the entries from i on that are sealing, reading
// and checking of exhibits without a fault, when there are several.
func (b *builder) machinery(i int) int {
	last := i
	for j := i; j < len(b.entries); j++ {
		switch b.entries[j].Kind { //nolint:exhaustive // the other kinds have rows of their own
		case record.EvidenceSealed, record.TimelineIngested, record.EvidenceChecked:
			if _, bad := Describe(b.entries[j]); bad {
				return last
			}
			last = j
		default:
			return last
		}
	}
	return last
}

func (b *builder) sumUp(entries []record.Entry) string {
	var ids []string
	var bytes, events, rejected int64
	read, checked := 0, 0
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // only these come here
		case record.EvidenceSealed:
			p, _ := decode[record.Exhibit](b, e)
			ids = append(ids, given(p.ID))
			bytes += p.Size
		case record.TimelineIngested:
			p, _ := decode[record.Ingestion](b, e)
			read++
			events += p.Events + p.Recovered
			rejected += p.Rejected
		default:
			checked++
		}
	}
	var parts []string
	switch len(ids) {
	case 0:
	case 1:
		parts = append(parts, fmt.Sprintf("exhibit %s sealed, %s", ids[0], size(bytes)))
	default:
		parts = append(parts, fmt.Sprintf("%d exhibits sealed, %s to %s, %s", len(ids), ids[0], ids[len(ids)-1], size(bytes)))
	}
	if read > 0 {
		s := fmt.Sprintf("%s read into the timeline: %s", counted(read, "exhibit", "exhibits"), counted64(events, "event", "events"))
		if rejected > 0 {
			s += fmt.Sprintf(", %s rejected", grouped(rejected))
		}
		parts = append(parts, s)
	}
	if checked > 0 {
		parts = append(parts, fmt.Sprintf("%s checked, as sealed", counted(checked, "exhibit", "exhibits")))
	}
	return strings.Join(parts, "; ")
}

func (b *builder) eventRow(m *mark) Row {
	row := Row{
		Time: m.time, Evidence: true, Seq: m.seq, Event: m.event, Ref: first(m.exhibit, "evidence"),
		Text: first(m.message, "(the event's text was not kept)"), Star: m.star, Tags: m.tags, Comments: m.comments,
		Phase: incident.NoPhase, Side: Evidence, Discovered: m.noticed,
	}
	for _, t := range m.tags {
		if id := techniqueOf(t); id != "" {
			row.Techniques = append(row.Techniques, id)
		}
	}
	if len(row.Techniques) > 0 || b.attackers(m) {
		row.Side = Attacker
	}
	if e := m.found; e != nil {
		row.Ref = fmt.Sprintf("%s @%d", e.Exhibit, e.Offset)
		row.Fine = string(e.Precision)
		row.Who = strings.TrimSpace(e.Source + " " + e.Host)
	}
	return row
}
