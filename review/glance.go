package review

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// glance is the incident in numbers. All of them are counted or measured here;
// those of the impact are the ones that were stated, with how sure they are.
func (b *builder) glance() {
	b.glanceTimes()
	b.glanceImpact()
	b.glanceWork()
	b.glanceEnd()
}

func (b *builder) figure(key, title, shown, note string, seqs ...int64) {
	seqs = slices.DeleteFunc(seqs, func(s int64) bool { return s == 0 })
	slices.Sort(seqs)
	b.r.Glance = append(b.r.Glance, Figure{Key: key, Title: title, Shown: shown, Known: true, Note: note, Seqs: slices.Compact(seqs)})
}

func (b *builder) unknownFigure(key, title, reason string) {
	b.r.Glance = append(b.r.Glance, Figure{Key: key, Title: title, Shown: "unknown", Reason: reason})
}

func (b *builder) glanceTimes() {
	for _, d := range b.r.Durations {
		if !d.Known {
			b.unknownFigure(d.Key, d.Title, d.Reason)
			continue
		}
		b.figure(d.Key, d.Title, d.Shown(), "from "+d.From.What+" to "+d.To.What, d.From.Seq, d.To.Seq)
	}
}

func (b *builder) glanceImpact() {
	for _, measure := range Measures() {
		var shown []string
		var seqs []int64
		for _, m := range b.r.Impact {
			if m.Measure != measure {
				continue
			}
			s := m.Shown
			if of := strings.Join(slices.DeleteFunc([]string{oneLine(m.Class), m.Place}, func(s string) bool { return s == "" }), ", "); of != "" {
				s += " (" + of + ")"
			}
			shown = append(shown, s+", "+given(m.Certainty))
			seqs = append(seqs, m.Seq)
		}
		title := "Impact: " + measure
		switch {
		case len(shown) > 0:
			b.figure("impact."+measure, title, some(shown), "as people stated it", seqs...)
		case measure != "service" && measure != "other":
			b.unknownFigure("impact."+measure, title, "nobody stated it")
		}
	}
}

func (b *builder) glanceWork() {
	r := &b.r
	b.figure("people", "People", grouped(int64(len(r.People))), "who wrote an entry")
	b.figure("entries", "Entries", grouped(int64(len(b.entries))), "of the record")
	var seqs []int64
	for _, d := range r.Decisions {
		seqs = append(seqs, d.Seq)
	}
	b.figure("decisions", "Decisions", grouped(int64(len(r.Decisions))), "notes marked so, decisions, approvals, refusals, changes of severity", seqs...)
	verified, unknown := 0, 0
	seqs = nil
	for i := range r.Actions {
		a := &r.Actions[i]
		seqs = append(seqs, a.Planned.Seq)
		if a.State == stateVerified {
			verified++
		}
		if a.open() {
			unknown++
		}
	}
	shown := fmt.Sprintf("%d, %d confirmed", len(r.Actions), verified)
	if unknown > 0 {
		shown += fmt.Sprintf(", %d with unknown outcome", unknown)
	}
	b.figure("actions", "Actions on outside systems", shown, "planned", seqs...)
	b.glanceApprovals()
	for _, run := range r.Runs {
		c := run.Counts
		b.figure("steps."+run.ID, "Steps of "+given(run.Name), fmt.Sprintf("%d done, %d skipped, %d failed, %d added, %d not ended", c.Done, c.Skipped, c.Failed, c.Added, c.Open+c.Unreached), "without those whose condition was false", run.Seq)
	}
	seqs = nil
	for _, x := range r.Evidence {
		seqs = append(seqs, x.Seq)
	}
	b.figure("exhibits", "Exhibits", fmt.Sprintf("%d, %s", len(r.Evidence), b.sealedSize()), "sealed", seqs...)
	seqs = nil
	for _, x := range r.Ingested.Exhibits {
		seqs = append(seqs, x.Seq)
	}
	b.figure("events", "Events on the timeline", grouped(r.Ingested.Added), "read from the exhibits", seqs...)
}

// glanceApprovals says how long plans waited until enough people had agreed.
func (b *builder) glanceApprovals() {
	var longest time.Duration
	var seqs []int64
	n := 0
	for _, a := range b.r.Actions {
		if a.Needed < 1 || len(a.Approvals) < a.Needed {
			continue
		}
		n++
		last := a.Approvals[len(a.Approvals)-1]
		if wait := last.Time.Sub(a.Planned.Time); wait >= longest {
			longest, seqs = wait, []int64{a.Planned.Seq, last.Seq}
		}
	}
	if n == 0 {
		b.unknownFigure("approval", "Longest wait for an approval", "no plan was approved")
		return
	}
	b.figure("approval", "Longest wait for an approval", b.r.Length(longest), fmt.Sprintf("from the plan to the last approval that it needed, of %s", counted(n, "plan", "plans")), seqs...)
}

func (b *builder) glanceEnd() {
	r := &b.r
	var seqs []int64
	for _, t := range r.Techniques {
		seqs = append(seqs, t.Seqs...)
	}
	b.figure("techniques", "Techniques of the attacker", grouped(int64(len(r.Techniques))), "stated, tagged, or in a confirmed finding", seqs...)
	seqs = nil
	for _, s := range r.Indicators {
		seqs = append(seqs, s.Seq)
	}
	b.figure("indicators", "Indicators", grouped(int64(len(r.Indicators))), "subjects that are the attacker's", seqs...)
	seqs = nil
	for _, c := range r.Communications {
		seqs = append(seqs, c.Seq)
	}
	b.figure("messages", "Messages", grouped(int64(len(r.Communications))), "sent, tried, or told by hand", seqs...)
	if len(r.Clocks) > 0 {
		states := map[string]int{}
		seqs = nil
		for _, c := range r.Clocks {
			states[c.State]++
			seqs = append(seqs, c.Seqs...)
		}
		var parts []string
		for _, s := range []string{"met", "met late", "missed", "running", "not started", "does not apply"} {
			if n := states[s]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, s))
			}
		}
		b.figure("clocks", "Deadlines", strings.Join(parts, ", "), "as of the making of this review", seqs...)
	}
	open, late := 0, 0
	seqs = nil
	for _, i := range r.Items {
		seqs = append(seqs, i.Seq)
		if i.State == ItemOpen {
			open++
		}
		if i.Overdue {
			late++
		}
	}
	shown := fmt.Sprintf("%d, %d open", len(r.Items), open)
	if late > 0 {
		shown += fmt.Sprintf(", %d overdue", late)
	}
	b.figure("items", "Follow-ups", shown, "", seqs...)
}
