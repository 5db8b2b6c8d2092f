package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
)

// The kinds of deviations from a playbook.
const (
	DevSkipped   = "skipped"
	DevFailed    = "failed"
	DevAdded     = "added"
	DevOrder     = "out of order"
	DevOverdue   = "overdue"
	DevRepeated  = "repeated" // opened again
	DevRetried   = "retried"  // it failed before it was done
	DevUnreached = "never reached"
)

// deviations says where the team did otherwise than its playbook, in the order of
// the playbook, and proposes what the playbook would say if that was right.
func (b *builder) deviations() {
	for i := range b.r.Runs {
		r := &b.r.Runs[i]
		from := len(b.r.Deviations)
		history := b.stepHistory(r.ID)
		for _, s := range r.Steps {
			b.deviate(r, s, history[s.ID])
		}
		b.disorder(r, history)
		mine := b.r.Deviations[from:]
		place := map[string]int{}
		for n, s := range r.Steps {
			place[s.ID] = n
		}
		slices.SortStableFunc(mine, func(x, y Deviation) int { return cmp.Compare(place[x.Step], place[y.Step]) })
		b.propose(r, mine)
	}
}

// stepPast is what the entries tell of one step.
type stepPast struct {
	ended, reopened, failed []record.Entry
	added                   *record.Entry
	text                    string // of one that was added
	phase                   incident.Phase
}

func (b *builder) stepHistory(run string) map[string]*stepPast {
	out := map[string]*stepPast{}
	of := func(id string) *stepPast {
		if out[id] == nil {
			out[id] = &stepPast{}
		}
		return out[id]
	}
	for i := range b.entries {
		e := b.entries[i]
		switch e.Kind { //nolint:exhaustive // the others are not about steps
		case record.StepDone, record.StepFailed, record.StepReopened, record.StepAdded:
		default:
			continue
		}
		p, ok := decode[record.AdHoc](b, e)
		if !ok || p.Run != run {
			continue
		}
		switch e.Kind { //nolint:exhaustive // these are all that come here
		case record.StepDone:
			s := of(e.Step)
			s.ended, s.phase = append(s.ended, e), e.Phase
		case record.StepFailed:
			of(e.Step).failed = append(of(e.Step).failed, e)
		case record.StepReopened:
			of(e.Step).reopened = append(of(e.Step).reopened, e)
		default:
			s := of(p.ID)
			s.added, s.text = &b.entries[i], p.Text
		}
	}
	return out
}

func (b *builder) deviate(r *Run, s Step, past *stepPast) {
	if past == nil {
		past = &stepPast{}
	}
	say := func(kind, why string, seqs []int64, format string, args ...any) {
		d := Deviation{Run: r.ID, Step: s.ID, Title: s.Title, Kind: kind, Text: fmt.Sprintf(format, args...), Why: oneLine(why), Seqs: seqs}
		if s.Changed != nil {
			d.By = s.Changed.By
		}
		b.r.Deviations = append(b.r.Deviations, d)
	}
	changed := []int64{}
	if s.Changed != nil {
		changed = append(changed, s.Changed.Seq)
	}
	if s.Added && past.added != nil {
		say(DevAdded, past.text, append([]int64{past.added.Seq}, changed...), "the team added it in phase %s: %s", PhaseWord(s.Phase), s.State)
		last := &b.r.Deviations[len(b.r.Deviations)-1]
		last.By, last.Seqs = called(past.added.Actor), slices.Compact(last.Seqs)
	}
	switch s.State {
	case stepSkipped:
		say(DevSkipped, s.Why, changed, "it was passed over")
	case stepFailed:
		say(DevFailed, s.Why, changed, "it failed, %s", counted(max(s.Attempts, 1), "attempt", "attempts"))
	case stepUnreached, stepOpen:
		if !s.groups && !s.Added && b.r.Incident.Status == incident.Closed {
			say(DevUnreached, "", append(changed, b.closing()...), "the incident was closed before it came to an end")
		}
	}
	if n := len(past.reopened); n > 0 && !s.groups {
		seqs := []int64{}
		why := ""
		for _, e := range past.reopened {
			seqs = append(seqs, e.Seq)
			p, _ := decode[record.StepSkip](b, e)
			why = first(why, p.Reason)
		}
		say(DevRepeated, why, append(seqs, changed...), "it was opened again %s", times(n))
	} else if n := len(past.failed); n > 0 && s.State == stepDone {
		p, _ := decode[record.StepFailure](b, past.failed[0])
		say(DevRetried, p.Error, append([]int64{past.failed[0].Seq}, changed...), "it was done at the %s attempt", ordinal(n+1))
	}
	b.overdue(r, s, say)
}

// times counts how often.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

func (b *builder) closing() []int64 {
	for _, e := range slices.Backward(b.entries) {
		if e.Kind == record.IncidentClosed {
			return []int64{e.Seq}
		}
	}
	return nil
}

func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}

// overdue says that a step took longer than its playbook gives it.
func (b *builder) overdue(r *Run, s Step, say func(kind, why string, seqs []int64, format string, args ...any)) {
	st := b.status[r.ID][s.ID]
	if st == nil || st.Due.IsZero() {
		return
	}
	switch {
	case s.State == stepDone && s.Changed != nil && s.Changed.Time.After(st.Due):
		say(DevOverdue, "", []int64{s.Changed.Seq}, "it was due %s after it could begin, and done %s later than that", st.Step.Due.Text, b.r.Length(s.Changed.Time.Sub(st.Due)))
	case (s.State == stepOpen || s.State == stepUnreached) && b.now().After(st.Due):
		seqs := []int64{}
		if s.Changed != nil {
			seqs = append(seqs, s.Changed.Seq)
		}
		say(DevOverdue, "", seqs, "it was due at %s, and not done", stamp(st.Due))
	}
}

// disorder finds steps that were done before one that stands above them, and those
// that were done in another phase than theirs.
func (b *builder) disorder(r *Run, history map[string]*stepPast) {
	live := b.lives[r.ID]
	if live == nil {
		return
	}
	ended := func(id string) int64 {
		if p := history[id]; p != nil && len(p.ended) > 0 {
			return p.ended[0].Seq
		}
		return 0
	}
	add := func(s *playbooks.Step, text string, seqs ...int64) {
		e := b.entry(seqs[0])
		b.r.Deviations = append(b.r.Deviations, Deviation{Run: r.ID, Step: s.ID, Title: b.stepTitle(r.ID, s.ID), Kind: DevOrder, Text: text, By: called(e.Actor), Seqs: seqs})
	}
	var look func(list []*playbooks.Step, ordered bool)
	look = func(list []*playbooks.Step, ordered bool) {
		for i, s := range list {
			mine := ended(s.ID)
			if ordered && mine > 0 && !s.Adhoc {
				for _, above := range list[:i] {
					if late := ended(above.ID); late > mine && !above.Adhoc && above.Phase == s.Phase && above.Branch() == s.Branch() {
						add(s, "it was done before "+above.ID+", which stands above it", mine, late)
						break
					}
				}
			}
			if past := history[s.ID]; mine > 0 && s.Depth == 0 && !s.Fallback && !s.Adhoc && past.phase != incident.NoPhase && past.phase != s.Phase && s.Phase != incident.NoPhase && !strings.Contains(s.ID, "/") {
				add(s, "it stands in phase "+PhaseWord(s.Phase)+" and was done in phase "+PhaseWord(past.phase), past.ended[len(past.ended)-1].Seq)
			}
			look(live.Children(s), s.Verb != playbooks.VerbParallel && s.Verb != playbooks.VerbForEach)
		}
	}
	look(live.Top(), true)
}

// maxProposals is how many changes of one playbook are proposed; more are for
// whoever writes it anew.
const maxProposals = 100

// propose makes the difference that the playbook's owner may apply.
func (b *builder) propose(r *Run, list []Deviation) {
	p := Proposal{Run: r.ID, Playbook: r.Playbook, Version: r.Version, SHA256: r.SHA256, File: fileName(r.Playbook)}
	defer func() { b.r.Proposals = append(b.r.Proposals, p) }()
	if r.Unread != "" {
		p.Reason = r.Unread
		return
	}
	var changes []playbooks.Amendment
	var says []string
	said := map[string]int{} // by step: the change that has its remark
	for _, d := range list {
		if strings.Contains(d.Step, "/") || strings.Contains(d.Step, ".") {
			continue // of a playbook that it calls, or of one item
		}
		if d.Kind == DevAdded {
			changes = append(changes, playbooks.Amendment{Phase: b.addedPhase(r, d.Step), Title: oneLine(d.Title), Text: d.Why})
			says = append(says, fmt.Sprintf("add the step %q that the team added (%s): read it first, what was typed in a hurry may name people and systems", oneLine(d.Title), entryRefs(d.Seqs)))
			continue
		}
		if len(playbookStep(b.lives[r.ID], d.Step)) == 0 {
			continue
		}
		if n, ok := said[d.Step]; ok { // one remark a step
			changes[n].Remark += " " + b.remark(d)
			says[n] += "; " + suggestion(d)
			continue
		}
		said[d.Step] = len(changes)
		changes = append(changes, playbooks.Amendment{Step: d.Step, Remark: fmt.Sprintf("%s: %s", given(string(b.r.Incident.ID)), b.remark(d))})
		says = append(says, d.Step+": "+suggestion(d))
	}
	if len(changes) == 0 {
		p.Reason = "the team did what the playbook says"
		return
	}
	if len(changes) > maxProposals {
		p.Says = []string{fmt.Sprintf("only the first %d of %d changes are here", maxProposals, len(changes))}
		changes, says = changes[:maxProposals], says[:maxProposals]
	}
	out, left, err := playbooks.Amend(p.File, []byte(r.source), changes)
	if err != nil {
		p.Reason = "the pinned playbook cannot be read: " + err.Error()
		return
	}
	for i, c := range changes {
		if slices.Contains(left, c) {
			says[i] += " (not in the difference: the file's form leaves no room for it)"
		}
	}
	p.Says = append(p.Says, says...)
	p.Diff = playbooks.Insertions(p.File, []byte(r.source), out)
	if p.Diff == "" {
		p.Reason = "the file's form leaves no room for a change: several steps stand in one line"
	}
}

// fileName is what the playbook's file is called in the difference.
func fileName(id string) string {
	clean := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return -1
	}, id)
	return first(clean, "playbook") + ".yaml"
}

func playbookStep(run *playbooks.Run, id string) string {
	if run == nil {
		return ""
	}
	if s, ok := run.Playbook().Step(id); ok {
		return s.ID
	}
	return ""
}

func (b *builder) addedPhase(r *Run, step string) incident.Phase {
	for _, s := range r.Steps {
		if s.ID == step {
			return s.Phase
		}
	}
	return incident.NoPhase
}

// remark is what stands above a step in the proposed file.
func (b *builder) remark(d Deviation) string {
	s := d.Text + because(d.Why) + " (" + entryRefs(d.Seqs) + "). "
	return strings.ToUpper(s[:1]) + s[1:] + capital(suggestion(d)) + "?"
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// suggestion is a question to the owner of the playbook, never an answer.
func suggestion(d Deviation) string {
	switch d.Kind {
	case DevSkipped:
		return "does it need a condition (if:), or can it go"
	case DevFailed:
		return "does it need a retry, another way (on_failure:), or a check beforehand"
	case DevOrder:
		return "should it stand where it was done, or be free of order (needs: [])"
	case DevOverdue:
		return "is the time that it gives (due:) right, and does it say who does it"
	case DevRetried:
		return "does it need a retry (retry:), or a check beforehand"
	case DevRepeated:
		return "does it say when it is done"
	case DevUnreached:
		return "is it needed"
	}
	return "what should it say"
}

// entryRefs lists entries: #12, #14.
func entryRefs(seqs []int64) string {
	var out []string
	for _, s := range seqs {
		out = append(out, fmt.Sprintf("#%d", s))
	}
	return strings.Join(out, ", ")
}

// due keeps what a run says of its steps at the end of the record.
func (b *builder) due(id string, run *playbooks.Run) {
	b.status[id] = map[string]*playbooks.StepStatus{}
	for _, st := range run.Steps() {
		b.status[id][st.Step.ID] = st
	}
}
