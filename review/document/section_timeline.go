package document

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/record"
	"firebreak/review"
)

// timeline writes the record's entries and the marked events of the evidence.
func (b *builder) timeline() {
	b.section("timeline", "Timeline")
	b.sidesFigure()
	if h, alt := b.histogram(); h != nil {
		b.add(Figure{ID: "fig-activity", Caption: "Events of the evidence over time; the shaded part is the response", Alt: alt, Drawing: *h})
	}
	t := Table{ID: "timeline-rows", Columns: []Column{{"Time", Moment}, {"Reference", Entry}, {"Side", Short}, {"Phase", Short}, {"Who", Short}, {"What", Words}, {"Known since", Moment}}}
	for i, r := range b.r.Timeline[:min(len(b.r.Timeline), maxRows)] {
		t.Rows = append(t.Rows, b.timelineRow(i, r))
	}
	b.table(t)
	b.say(quiet(b.r.TimelineNote(maxRows)))
}

func (b *builder) timelineRow(n int, r review.Row) Row {
	at := text(rowTime(r))
	if r.Back {
		at = append(at, plain(" "), toned(Warn, "(clock was set back)"))
	}
	who := text(r.Who)
	var what Text
	row := Row{}
	if r.Bad {
		what = append(what, strong("!"), plain(" "))
		row.Tone = Bad
	}
	if r.Evidence {
		who = text(first(r.Who, "-"))
		if r.Star {
			what = append(what, plain("★ "))
		}
		what = append(what, eventText(r.Text)...)
		if len(r.Tags) > 0 {
			what = append(what, quiet(" tags "), plain(strings.Join(r.Tags, ", ")))
		}
		for _, c := range r.Comments {
			what = append(what, quiet(" comment "), plain(c))
		}
	} else {
		if b.owners[r.Seq] == n {
			row.ID = rowID(r.Seq)
		}
		what = append(what, plain(r.Text))
	}
	ref := code(r.Ref)
	ref.Seq = r.Seq
	for _, id := range r.Techniques {
		if !strings.Contains(r.Text, id) {
			what = append(what, quiet(" "), code(id))
		}
	}
	known := text("-")
	if !r.Discovered.IsZero() {
		known = text(r.Discovered)
	}
	row.Cells = []Text{at, text(ref), text(r.Side), text(review.PhaseWord(r.Phase)), who, what, known}
	return row
}

// maxEventText is how many characters of an event's text a row has: the command
// line of a process alone can fill pages.
const maxEventText = 400

// eventText is the text of an event, cut where it is long.
func eventText(s string) Text {
	n := 0
	for i := range s {
		if n == maxEventText {
			whole := n + utf8.RuneCountInString(s[i:])
			return text(s[:i], quiet(" … ("+review.Grouped(maxEventText)+" of "+review.Grouped(int64(whole))+" characters; the whole is in the JSON form)"))
		}
		n++
	}
	return text(s)
}

// rowTime is the time of a row with the precision that it has.
func rowTime(r review.Row) Span {
	t := r.Time.UTC()
	switch {
	case t.IsZero():
	case r.Fine == "d":
		return plain(t.Format("2006-01-02"))
	case r.Fine == "m":
		return plain(t.Format("2006-01-02 15:04Z"))
	case r.Evidence && t.Nanosecond() != 0:
		return plain(t.Round(time.Millisecond).Format("2006-01-02 15:04:05.000Z"))
	}
	return moment(t)
}

func dotKind(r review.Row) DotKind {
	kind := string(r.Kind)
	switch {
	case r.Bad:
		return DotBad
	case strings.HasPrefix(kind, "action."):
		return DotAction
	case r.Kind == record.TimelineIngested, strings.HasPrefix(kind, "evidence."):
		return DotEvidence
	}
	return DotEntry
}

func (b *builder) histogram() (*Histogram, string) {
	a := b.r.Activity
	if a == nil || len(a.Buckets) == 0 {
		return nil, ""
	}
	most := slices.Max(a.Buckets)
	if most <= 0 {
		return nil, ""
	}
	h := &Histogram{From: a.From, To: a.To, Counts: a.Buckets}
	from, to := b.r.Incident.Opened, b.r.Incident.Closed
	if to.IsZero() {
		to = a.To
	}
	if from.Before(a.To) && to.After(a.From) {
		h.ShadeFrom, h.ShadeTo = from, to
	}
	var all int64
	for _, n := range a.Buckets {
		all += n
	}
	at := a.From.Add(a.To.Sub(a.From) / time.Duration(len(a.Buckets)) * time.Duration(slices.Index(a.Buckets, most)))
	return h, review.Counted(all, "event", "events") + " of the evidence from " + review.When(a.From) + " to " + review.When(a.To) +
		"; the most at one time, " + review.Grouped(most) + ", about " + review.When(at) + "."
}
