package review

import (
	"fmt"
	"slices"

	"firebreak/record"
)

// What saw it: the kinds of a Catch.
const (
	catchSign    = "first sign"
	catchAlert   = "alert"
	catchFinding = "finding"
	catchControl = "control"
)

// detection says what gave the incident away: the moment of detection with its
// basis, alerts that came in, findings of triage that were confirmed, and controls
// that held; and what should have: controls that did not.
func (b *builder) detection() {
	d := &b.r.Detection
	if m := b.momentOf("detected"); m.Known {
		if m.Stated || m.What == "first sign seen" {
			text := first(m.Reason, "told when the incident was opened or corrected; how it came is not said")
			d.Caught = append(d.Caught, Catch{Act: b.actOf(m.Seq), At: m.At, What: catchSign, Text: text})
		}
		if from := b.momentOf("occurred"); from.Known && !from.At.After(m.At) {
			d.After, d.Known = m.At.Sub(from.At), true
		}
	}
	each(b, func(e record.Entry, p record.Received) {
		if p.New+p.Reopened == 0 {
			return // nothing that was not known before
		}
		text, _ := Describe(e)
		d.Caught = append(d.Caught, Catch{Act: act(e), At: e.Time.UTC(), What: catchAlert, Text: text})
	}, record.AlertReceived)
	for _, f := range b.r.Findings {
		d.Caught = append(d.Caught, Catch{Act: f.Act, At: f.Time, What: catchFinding, Text: fmt.Sprintf("triage found %s: %s, confirmed: %s", f.About, f.Title, f.Why)})
	}
	slices.SortStableFunc(d.Caught, func(x, y Catch) int { return x.At.Compare(y.At) })
	for _, c := range b.r.Controls {
		line := Catch{Act: c.Act, What: catchControl, Text: c.Text, Refs: c.Refs, Held: c.Held}
		if c.Held != "held" {
			d.Should = append(d.Should, line)
		}
	}
}

// actOf is who wrote an entry, and when.
func (b *builder) actOf(seq int64) Act {
	if e := b.entry(seq); e != nil {
		return act(*e)
	}
	return Act{Seq: seq}
}

// entry finds an entry by its number.
func (b *builder) entry(seq int64) *record.Entry {
	if i := seq - b.entries[0].Seq; i >= 0 && i < int64(len(b.entries)) && b.entries[i].Seq == seq {
		return &b.entries[i]
	}
	for i := range b.entries {
		if b.entries[i].Seq == seq {
			return &b.entries[i]
		}
	}
	return nil
}
