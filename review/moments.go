package review

import (
	"fmt"
	"slices"

	"firebreak/incident"
	"firebreak/record"
)

// MomentKeys are the points of an incident's history that people can state, in
// the order in which they come about.
func MomentKeys() []string {
	return []string{"occurred", "detected", "acknowledged", "contained", "eradicated", "recovered"}
}

// Doubts says what of a moment does not go with the others: they follow one upon
// another, and nothing is contained by people who have not begun. A person may be
// right all the same, as when an incident is written down after it was over.
func (r Review) Doubts(key string) []string {
	at := slices.IndexFunc(r.Moments, func(m Moment) bool { return m.Key == key && m.Known })
	if at < 0 {
		return nil
	}
	m := r.Moments[at]
	var out []string
	for i, other := range r.Moments {
		switch {
		case !other.Known:
		case i < at && other.At.After(m.At):
			out = append(out, fmt.Sprintf("%s lies %s before it %s (%s): one of the two is wrong", m.Key, span(other.At.Sub(m.At)), wasWord(other.Key), stamp(other.At)))
		case i > at && other.At.Before(m.At):
			out = append(out, fmt.Sprintf("%s lies %s after it %s (%s): one of the two is wrong", m.Key, span(m.At.Sub(other.At)), wasWord(other.Key), stamp(other.At)))
		}
	}
	if opened := r.Incident.Opened; m.Stated && at > 1 && m.At.Before(opened) {
		out = append(out, fmt.Sprintf("%s lies %s before the incident was opened (%s)", m.Key, span(opened.Sub(m.At)), stamp(opened)))
	}
	return out
}

func wasWord(key string) string {
	if key == "occurred" {
		return key
	}
	return "was " + key
}

// moments works out each of them twice: as people stated it, and as the record
// implies it. The person's word counts.
func (b *builder) moments() {
	stated := map[string]record.Entry{}
	said := map[string]record.Moment{}
	each(b, func(e record.Entry, p record.Moment) {
		if p.At.IsZero() && e.Absent("at") == "" {
			delete(said, p.Moment)
			return
		}
		said[p.Moment], stated[p.Moment] = p, e
	}, record.MomentStated)
	b.points = map[string]end{}
	for _, m := range []struct {
		key, title, definition string
		implied                end
	}{
		{"occurred", "Occurred", "the attacker's first act that is known: as people stated it, else the earliest event of the evidence that people starred", b.earliestStar()},
		{"detected", "Detected", "when somebody or something first saw a sign of it: as people stated it, else the first sign as it was told when the incident was opened or corrected, else the first alert that came in", b.firstSeen()},
		{"acknowledged", "Acknowledged", "when a person took it up: as people stated it, else the first act in the record that takes a person", b.firstAct()},
		{"contained", "Contained", "when it could spread no further: as people stated it, else the last time that the incident went on from the contain phase, or one before it, to a later one", b.left(incident.Contain)},
		{"eradicated", "Eradicated", "when nothing of the attacker was left: as people stated it, else the last time that the incident went on from the eradicate phase, or one before it, to a later one", b.left(incident.Eradicate)},
		{"recovered", "Recovered", "when everything worked as before: as people stated it, else the last time that the incident went on from the recover phase, or one before it, to a later one", b.left(incident.Recover)},
	} {
		out := Moment{Key: m.key, Title: m.title, Definition: m.definition}
		point := m.implied.point()
		if m.implied.why == "" {
			out.Known, out.At, out.What, out.Seq = true, point.Time, point.What, point.Seq
			out.Implied, out.ImpliedSeq = point.Time, point.Seq
		} else {
			out.Reason = m.implied.why
		}
		b.points[m.key] = m.implied
		if p, ok := said[m.key]; ok {
			e := stated[m.key]
			out.Stated, out.By, out.Seq, out.What = true, called(e.Actor), e.Seq, "as people stated it"
			out.At, out.Reason = p.At.UTC(), first(p.Reason, e.Absent("reason"))
			point := end{at: p.At.UTC(), what: m.key + ", as people stated it", told: e.Seq}
			if out.Known = !p.At.IsZero(); !out.Known {
				out.Reason = "what people stated is " + e.Absent("at")
				point.why = out.Reason
			}
			b.points[m.key] = point
		}
		b.r.Moments = append(b.r.Moments, out)
	}
}

// firstSeen is the first sign that was told, else the first alert that came in
// before the incident was opened or with it.
func (b *builder) firstSeen() end {
	sign := b.firstSign()
	if sign.why == "" {
		return sign
	}
	for i := range b.entries {
		if e := &b.entries[i]; e.Kind == record.AlertReceived && !b.bad[e.Seq] {
			return end{at: e.Time, what: "first alert received", entry: e}
		}
	}
	return sign
}

// stated is a moment as people stated it, else what stands in for it.
func (b *builder) stated(key string, otherwise end) end {
	for _, m := range b.r.Moments {
		if m.Key == key && m.Stated {
			return b.points[key]
		}
	}
	return otherwise
}

// momentOf finds one of the moments.
func (b *builder) momentOf(key string) Moment {
	for _, m := range b.r.Moments {
		if m.Key == key {
			return m
		}
	}
	return Moment{}
}
