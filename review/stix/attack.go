package stix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/internal/lazyre"
	"firebreak/review"
	"firebreak/review/indicators"
	"firebreak/timeline"
)

var technique = lazyre.New(`^T[0-9]{4}(\.[0-9]{3})?$`)

// techniques adds an attack-pattern for each technique of ATT&CK, and that it was
// seen.
func (b *builder) techniques() {
	for _, t := range b.r.Techniques {
		if !technique.MatchString(t.ID) {
			continue
		}
		pattern := b.domain("attack-pattern", t.ID, t.First, object{
			"name": b.text(cmp.Or(t.Name, t.ID)),
			"external_references": append([]object{{
				"source_name": "mitre-attack", "external_id": t.ID,
				"url": "https://attack.mitre.org/techniques/" + strings.ReplaceAll(t.ID, ".", "/"),
			}}, entries(t.Seqs...)...),
		})
		b.of[t.ID] = pattern
		seen := object{"sighting_of_ref": pattern}
		if n := len(t.Events); n > 0 {
			seen["count"] = n
		}
		if text := strings.Join(t.Texts, "\n"); text != "" {
			seen["description"] = b.text(text)
		}
		b.span(seen, "first_seen", "last_seen", t.First, t.Last)
		b.sighting("technique "+t.ID, t.First, seen, t.Seqs)
		b.relate(b.whole, "related-to", pattern, t.First)
	}
}

// span sets both ends of a time, where they are known and in order.
func (b *builder) span(o object, from, to string, first, last time.Time) {
	when(o, from, first)
	if !last.Before(first) {
		when(o, to, last)
	}
}

func (b *builder) sighting(name string, at time.Time, o object, seqs []int64) {
	b.domain("sighting", name, at, cited(o, seqs...))
}

// indicator adds an indicator, the observable that it is made of, and where the
// marked events show it.
func (b *builder) indicator(i indicators.Indicator) error {
	name := string(i.Kind) + "\x00" + i.Value
	from := i.First
	if from.IsZero() {
		from = i.Subject.Time
	}
	if from.IsZero() || !writable(from) {
		from = b.r.Incident.Opened
	}
	o := object{
		"name": b.text(string(i.Kind) + " " + i.Value), "indicator_types": []string{"malicious-activity"},
		"pattern": pattern(i), "pattern_type": "stix", "pattern_version": "2.1", "valid_from": stamp(from),
	}
	if i.Subject.Note != "" {
		o["description"] = b.text(i.Subject.Note)
	}
	id := b.domain("indicator", name, i.Subject.Time, cited(o, i.Subject.Seq))
	b.watched = append(b.watched, watched{i, id})
	b.relate(id, "related-to", b.whole, i.Subject.Time)
	value, err := b.observable(i, true)
	if err != nil || i.Seen == 0 {
		return err
	}
	seen := object{"sighting_of_ref": id, "count": i.Seen, "description": "how many marked events have the value in their text"}
	b.span(seen, "first_seen", "last_seen", i.First, i.Last)
	if !i.First.IsZero() && writable(i.First) && writable(i.Last) {
		data := b.domain("observed-data", name, i.First, object{
			"first_observed": stamp(i.First), "last_observed": stamp(i.Last), "number_observed": i.Seen, "object_refs": []string{value},
		})
		b.relate(id, "based-on", data, i.First)
		seen["observed_data_refs"] = []string{data}
	}
	b.sighting("indicator "+name, i.First, seen, i.Seqs)
	return nil
}

// happened adds an event for each marked event of the evidence.
func (b *builder) happened() []string {
	var all []string
	for n, row := range b.r.Timeline {
		if !row.Evidence {
			continue
		}
		o := object{
			"status": "occurred", "description": b.text(described(row)),
			"extensions": object{eventExtension: object{"extension_type": "new-sdo"}},
		}
		if !row.Time.IsZero() && writable(row.Time) {
			o["start_time"] = stamp(row.Time)
			if f := fidelity[timeline.Precision(row.Fine)]; f != "" {
				o["start_time_fidelity"] = f
			}
		}
		var seen []string
		for _, t := range row.Techniques {
			if of := b.of[t]; of != "" {
				seen = append(seen, b.id("sighting", "technique "+t))
			}
		}
		for _, w := range b.watched {
			if slices.Contains(w.Seqs, row.Seq) {
				seen = append(seen, b.id("sighting", "indicator "+string(w.Kind)+"\x00"+w.Value))
			}
		}
		if len(seen) > 0 {
			o["sighting_refs"] = seen
		}
		all = append(all, b.domain("event", cmp.Or(row.Event, fmt.Sprint(row.Seq, " ", n)), row.Time, cited(o, row.Seq)))
	}
	return all
}

func described(row review.Row) string {
	return strings.Join(append([]string{row.Text}, row.Comments...), "\n")
}

const eventExtension = "extension-definition--4ca6de00-5b0d-45ef-a1dc-ea7279ea910e"

// fidelity is how fine a time is, where it is coarser than STIX takes it for.
var fidelity = map[timeline.Precision]string{timeline.Second: "second", timeline.Minute: "minute", timeline.Day: "day"}
