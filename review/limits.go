package review

import (
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// limits says what this review does not show, loudest first.
func (b *builder) limits() {
	r := &b.r
	add := func(format string, args ...any) { r.Limits = append(r.Limits, fmt.Sprintf(format, args...)) }
	if r.Incident.Drill {
		add("This was a drill: its times, decisions and answers say little of a real incident.")
	}
	if p := r.Integrity.Problem; p != "" {
		add("The record is not whole: %s.", p)
	}
	if broken := r.broken(); len(broken) > 0 {
		add("EVIDENCE DOES NOT MATCH ITS SEAL: %s.", strings.Join(broken, ", "))
	}
	var unknown, unverified, unsent, held []string
	for _, a := range r.Actions {
		if a.held() {
			held = append(held, a.ID)
		}
		switch {
		case a.open():
			unknown = append(unknown, a.ID)
		case a.State == stateSent:
			unverified = append(unverified, a.ID)
		case a.State == stateApproved || a.State == statePlanned:
			unsent = append(unsent, a.ID)
		}
	}
	if len(unknown) > 0 {
		add("Nobody knows whether %s took effect. Look at the other side.", strings.Join(unknown, ", "))
	}
	if len(held) > 0 {
		add("Meant to end, and in force at the end of this record: %s.", strings.Join(held, ", "))
	}
	if len(unverified) > 0 {
		add("Sent, but nobody read back whether it took effect: %s.", strings.Join(unverified, ", "))
	}
	if len(unsent) > 0 {
		add("Planned, but never sent: %s.", strings.Join(unsent, ", "))
	}
	if r.Incident.Status != incident.Closed {
		add("The incident is still open: times, counts and effects may change.")
	}
	for _, d := range r.Durations {
		if !d.Known {
			add("Duration %q is unknown: %s.", d.Title, d.Reason)
		}
	}
	b.evidenceLimits(add)
	for _, run := range r.Runs {
		if run.Unread != "" {
			add("What playbook %s asked for and nobody did cannot be shown: %s.", run.Name, run.Unread)
		}
		if n := run.Counts.Unreached + run.Counts.Open; n > 0 {
			add("%s of playbook %s never came to an end.", counted(n, "step", "steps"), run.Name)
		}
	}
	if len(r.ClockJumps) > 0 {
		add("The clock moved during the response, %s: entries are in the order of the record, their times may be off.", counted(len(r.ClockJumps), "time", "times"))
	}
	var unreadable []string
	for _, e := range b.entries {
		if b.bad[e.Seq] {
			unreadable = append(unreadable, fmt.Sprintf("#%d", e.Seq))
		}
	}
	if n := len(unreadable); n > 0 {
		add("%s could not be read and %s missing from everything but the timeline: %s.",
			counted(n, "entry", "entries"), map[bool]string{true: "is", false: "are"}[n == 1], some(unreadable))
	}
	if n := len(b.strange); n > 0 {
		add("%s of a kind that this version does not know.", counted(n, "entry is", "entries are"))
	}
	add("Verified means that the other side said so when it was asked. It is not checked again for this review.")
	add("Only events that people marked are in the timeline here. The rest is in the incident's timeline and evidence.")
	add("On one machine, names are what the machine's user said they are.")
}

func (b *builder) evidenceLimits(add func(string, ...any)) {
	r := &b.r
	if n := b.refused(); n > 0 {
		add("%s could not be collected; the evidence register says which and why.", counted(n, "item", "items"))
	}
	for _, c := range r.Collections {
		if c.Cut != "" {
			add("The collection of #%d ended early: %s.", c.Seq, c.Cut)
		}
		if !c.AsRoot {
			add("The collection of #%d did not run as root: what only root may read is missing.", c.Seq)
		}
	}
	if n := r.Ingested.Rejected; n > 0 {
		add("%s of the evidence could not be read into the timeline, of %s.",
			counted64(n, "record", "records"), grouped(r.Ingested.Seen))
	}
	b.erasedLimits(add)
	unparsed := 0
	parsed := map[string]bool{}
	for _, x := range r.Ingested.Exhibits {
		parsed[x.Exhibit] = true
	}
	unchecked := 0
	for _, x := range r.Evidence {
		if x.Erased != "" {
			continue
		}
		if !parsed[x.ID] {
			unparsed++
		}
		if len(x.Checks) == 0 {
			unchecked++
		}
	}
	if unparsed > 0 {
		add("%s no events in the timeline.", counted(unparsed, "exhibit has", "exhibits have"))
	}
	if unchecked > 0 {
		add("%s not been checked against the seal since it was taken.", counted(unchecked, "exhibit has", "exhibits have"))
	}
}

// erasedLimits says what was destroyed with a record.
func (b *builder) erasedLimits(add func(string, ...any)) {
	fields := 0
	for _, e := range b.entries {
		fields += len(e.Erased)
	}
	var exhibits, by []string
	for _, x := range b.r.Evidence {
		if x.Erased != "" {
			exhibits = append(exhibits, x.ID)
		}
	}
	each(b, func(e record.Entry, p record.Erasure) {
		by = append(by, fmt.Sprintf("%s in #%d, basis: %s", given(p.ID), e.Seq, given(p.Basis)))
	}, record.ErasureDone)
	if len(by) == 0 {
		return
	}
	what := counted(fields, "field of the record was", "fields of the record were")
	if len(exhibits) > 0 {
		what += " and " + counted(len(exhibits), "exhibit was", "exhibits were") + " (" + some(exhibits) + ")"
	}
	add("%s erased on legal grounds and cannot be shown: %s.", what, some(by))
}

// some lists the first ten.
func some(items []string) string {
	if len(items) > 10 {
		return strings.Join(items[:10], ", ") + fmt.Sprintf(" and %d more", len(items)-10)
	}
	return strings.Join(items, ", ")
}
