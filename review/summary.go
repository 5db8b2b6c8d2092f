package review

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// summary writes the first half page out of typed entries.
func (b *builder) summary() {
	r := &b.r
	i := r.Incident
	what := "incident"
	if i.Drill {
		what = "drill: an exercise, whose actions went to built-in fakes"
	}
	s := fmt.Sprintf("%s %s was opened on %s by %s as a %s %s.", given(string(i.ID)), quoted(i.Title),
		stamp(i.Opened), called(b.entries[0].Actor), i.Severity, what)
	b.say(s)
	for _, e := range b.entries {
		r.Withheld += len(e.Withheld)
	}
	if r.Withheld > 0 {
		b.say(counted(r.Withheld, "field", "fields") + ` of the record are withheld from its reader: what is "unknown", "nothing" or "none" here may be among them.`)
	}

	switch {
	case i.Status != incident.Closed:
		b.say(fmt.Sprintf("It is OPEN, in phase %s; this review shows it as it stood at %s.", r.Phases[len(r.Phases)-1].Phase, stamp(b.now())))
	case i.Closed.IsZero():
	default:
		total := r.Durations[len(r.Durations)-1]
		b.say(fmt.Sprintf("It was closed on %s; the whole response took %s.", stamp(i.Closed), total.Shown()))
	}
	var known, unknown []string
	for _, d := range r.Durations {
		switch d.Key {
		case "detect", "acknowledge", "contain", "eradicate", "recover":
			if d.Known {
				known = append(known, strings.ToLower(d.Title)+" "+d.Shown())
			} else {
				unknown = append(unknown, strings.ToLower(d.Title))
			}
		}
	}
	if len(known) > 0 {
		s := "Times: " + strings.Join(known, ", ")
		if len(unknown) > 0 {
			s += "; unknown: " + strings.Join(unknown, ", ")
		}
		b.say(s + ".")
	}
	b.say(b.impactSentence())
	if n := len(r.Techniques); n > 0 {
		b.say(counted(n, "technique of the attacker is known.", "techniques of the attacker are known."))
	}
	for _, run := range r.Runs {
		b.say(runSentence(run))
	}
	b.say(b.actionSentence())
	b.say(b.evidenceSentence())
	if n := len(r.Items); n > 0 {
		s := counted(n, "follow-up is", "follow-ups are") + " recorded"
		if open, late := b.openItems(); open < n || late > 0 {
			s += fmt.Sprintf(", %d still open, %d overdue", open, late)
		}
		b.say(s + ".")
	} else {
		b.say("No follow-up is recorded.")
	}
}

func (b *builder) say(s string) {
	if s != "" {
		b.r.Summary = append(b.r.Summary, s)
	}
}

func (b *builder) openItems() (open, late int) {
	for _, i := range b.r.Items {
		if i.State == ItemOpen {
			open++
		}
		if i.Overdue {
			late++
		}
	}
	return open, late
}

func runSentence(run Run) string {
	s := fmt.Sprintf("The team followed the playbook %s", strings.TrimSpace(given(run.Name)+" "+run.Version))
	switch {
	case run.source == "": // withheld or erased: no version could read it
		return s + "; its steps are not shown here."
	case run.Unread != "":
		return s + ", which this version cannot read."
	}
	c := run.Counts
	parts := []string{fmt.Sprintf("%s done", counted(c.Done, "step", "steps"))}
	for _, x := range []struct {
		n    int
		what string
	}{
		{c.Skipped, "skipped"},
		{c.NotApplied, "not applicable"},
		{c.Failed, "failed"},
		{c.Open, "not ended"},
		{c.Unreached, "never reached"},
		{c.Added, "added on the way"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return s + ": " + strings.Join(parts, ", ") + "."
}

func (b *builder) actionSentence() string {
	states, undone, glass := map[string]int{}, 0, 0
	for _, a := range b.r.Actions {
		if len(a.Overrides) > 0 || slices.ContainsFunc(a.Approvals, func(y Approval) bool { return y.BreakGlass }) {
			glass++
		}
		if a.lost {
			states[stateUnknown]++
		} else {
			states[a.State]++
		}
		if a.RevertedBy != "" {
			undone++
		}
	}
	if len(b.r.Actions) == 0 {
		return "No action on an outside system was planned."
	}
	s := counted(len(b.r.Actions), "action on an outside system was", "actions on outside systems were") + " planned: "
	var parts []string
	for _, state := range []string{stateVerified, stateSent, stateFailed, stateRejected, stateDropped, stateQueued, stateApproved, statePlanned} {
		if n := states[state]; n > 0 {
			word := map[string]string{
				stateVerified: "verified", stateSent: "sent but not verified", stateFailed: "failed",
				stateRejected: "refused", stateDropped: "given up", stateQueued: "still in the outbox", stateApproved: "approved but never sent", statePlanned: "never approved",
			}[state]
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	if n := states[stateUnknown] + states[stateSending]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d WITH UNKNOWN OUTCOME", n))
	}
	if undone > 0 {
		parts = append(parts, fmt.Sprintf("%d undone again", undone))
	}
	if glass > 0 {
		parts = append(parts, fmt.Sprintf("%d BROKE GLASS", glass))
	}
	return s + strings.Join(parts, ", ") + "."
}

// sealedSize is how much evidence was sealed, or the mark in the place of it.
func (b *builder) sealedSize() string {
	var bytes int64
	absent := ""
	each(b, func(e record.Entry, p record.Exhibit) {
		bytes += p.Size
		absent = first(absent, e.Absent("size"))
	}, record.EvidenceSealed)
	return first(absent, size(bytes))
}

func (b *builder) evidenceSentence() string {
	r := &b.r
	if len(r.Evidence) == 0 {
		return "No evidence was sealed."
	}
	s := fmt.Sprintf("%s sealed (%s)", counted(len(r.Evidence), "exhibit was", "exhibits were"), strings.Trim(b.sealedSize(), "()"))
	if r.Ingested.Seen > 0 {
		s += fmt.Sprintf(", from which %s went into the timeline", counted64(r.Ingested.Added, "event", "events"))
	}
	erased := 0
	for _, x := range r.Evidence {
		if x.Erased != "" {
			erased++
		}
	}
	if erased > 0 {
		s += fmt.Sprintf("; %s erased since, on legal grounds", counted(erased, "exhibit was", "exhibits were"))
	}
	if n := b.refused(); n > 0 {
		s += fmt.Sprintf("; %s could not be taken", counted(n, "item", "items"))
	}
	return s + "."
}

func (b *builder) refused() int {
	n := 0
	for _, c := range b.r.Collections {
		n += len(c.Refused)
	}
	return n
}
