package drill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// open is the state of what has not come and can still come.
func (x *Exercise) open(by time.Duration) string {
	if x.Over || by > 0 && x.now > by {
		return Missed
	}
	return Open
}

// reached gives an item its state by its time.
func (i *Item) reached(at, by time.Duration) {
	i.At, i.State, i.Points = seconds(at), Met, i.Weight
	if by > 0 && at > by {
		i.State, i.Points = Late, i.Weight/2
	}
}

func (x *Exercise) judgeInject(in Inject) Item {
	i := Item{ID: in.ID, Kind: "inject", Says: in.Title, Weight: float64(in.Weight), Why: in.Why, State: NotReached}
	a := x.arrival(in.ID)
	if a == nil {
		return i
	}
	i.By = seconds(a.Due)
	if !a.Answered {
		i.State, i.Who = x.open(a.Due), ""
		return i
	}
	i.Who, i.Given = a.By, cmp.Or(a.Choice, a.Note)
	i.reached(a.AnswerAt, a.Due)
	if len(a.Right) > 0 && !slices.Contains(a.Right, a.Choice) {
		i.State, i.Points = Wrong, 0
	}
	return i
}

func (x *Exercise) judge(e Expectation) Item {
	i := Item{ID: e.ID, Kind: "measure", Clock: e.Clock, Says: e.Says, Weight: float64(e.Weight), Why: e.Why, State: NotReached}
	switch {
	case e.Clock != "":
		i.Kind = "clock"
	case e.Answer != "":
		i.Kind = "decision"
	case len(e.Before) > 0:
		i.Kind = "order"
	case e.Role != "":
		i.Kind = "role"
	}
	from, ok := x.when(e.From)
	if !ok {
		return i
	}
	var by time.Duration
	if e.By > 0 {
		by = from + e.By
		i.By = seconds(by)
	}
	i.State = x.open(by)
	switch {
	case e.Answer != "":
		x.judgeAnswer(&i, e, by)
	case e.Done != "":
		if m, ok := x.of(e.Done, "done"); ok {
			i.Who = m.by
			i.reached(m.at, by)
		}
	case e.Action != "":
		if ms := x.actions[e.Action]; len(ms) > 0 {
			i.Who = ms[0].by
			i.reached(ms[0].at, by)
		}
	case e.Never != "":
		if m, ok := x.of(e.Never, "done", "started"); ok {
			i.State, i.At, i.Who, i.Points = Wrong, seconds(m.at), m.by, 0
		} else if x.Over {
			i.State, i.Points = Met, i.Weight
		}
	case e.Role != "":
		for _, h := range x.held {
			if h.role == e.Role && h.person != "" && h.at >= from && h.by != Control {
				i.Who, i.Given = h.by, h.person
				i.reached(h.at, by)
				break
			}
		}
	default:
		x.judgeOrder(&i, e)
	}
	return i
}

// judgeAnswer takes the last word that was given.
func (x *Exercise) judgeAnswer(i *Item, e Expectation, by time.Duration) {
	var last *mark
	var given any
	for _, ms := range x.steps {
		for n := range ms {
			if v, ok := ms[n].answers[e.Answer]; ok && (last == nil || ms[n].seq > last.seq) {
				last, given = &ms[n], v
			}
		}
	}
	if last == nil {
		return
	}
	i.Who, i.Given = last.by, plainly(given)
	i.reached(last.at, by)
	if !slices.ContainsFunc(e.Is, func(is any) bool { return strings.EqualFold(plainly(is), i.Given) }) {
		i.State, i.Points = Wrong, 0
	}
}

// plainly is a value as people write it; a list has commas between.
func plainly(v any) string {
	switch list, many := v.([]any); {
	case v == nil:
		return "unknown"
	case many:
		words := make([]string, len(list))
		for i, x := range list {
			words[i] = plainly(x)
		}
		return strings.Join(words, ", ")
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

// of is the first time that the step was one of these.
func (x *Exercise) of(step string, is ...string) (mark, bool) {
	for _, m := range x.steps[step] {
		if slices.Contains(is, m.is) {
			return m, true
		}
	}
	return mark{}, false
}

// event is one of the two things of an order: evidence, change, or a step.
func (x *Exercise) event(name string) (mark, bool) {
	if m, ok := x.first[name]; ok {
		return m, true
	}
	return x.of(name, "started", "done")
}

func (x *Exercise) judgeOrder(i *Item, e Expectation) {
	a, okA := x.event(e.Before[0])
	b, okB := x.event(e.Before[1])
	switch {
	case okA && (!okB || a.seq < b.seq):
		i.Who = a.by
		i.reached(a.at, 0)
	case okB:
		i.State, i.Points, i.At, i.Who = Wrong, 0, seconds(b.at), b.by
	}
}

// judgeFindings returns which of the marked events are part of the attack.
func (x *Exercise) judgeFindings(s *Score, truth map[string]string) map[string]bool {
	right, found := map[string]bool{}, map[string]*Star{}
	f := &s.Findings
	there := map[string]bool{}
	for _, id := range truth {
		there[id] = true
	}
	f.Events = len(truth)
	for _, st := range x.marks() {
		f.Marked++
		id, ok := truth[st.Event]
		if !ok {
			continue
		}
		right[st.Event] = true
		f.Right++
		if found[id] == nil {
			found[id] = st
		}
	}
	total := 0
	for _, want := range x.Findings {
		i := Item{ID: want.ID, Kind: "finding", Says: want.Says, Weight: float64(want.Weight), State: NotReached}
		if truth != nil && there[want.ID] {
			total += want.Weight
			f.Of++
			i.State = x.open(0)
			if st := found[want.ID]; st != nil {
				f.Found++
				i.Who = st.By
				i.reached(st.At, 0)
			} else {
				f.Missed = append(f.Missed, want.ID)
			}
		}
		s.Items = append(s.Items, i)
	}
	if f.Marked > 0 {
		f.Precision = round(float64(f.Right) / float64(f.Marked))
	}
	if f.Of > 0 {
		f.Recall = round(float64(f.Found) / float64(f.Of))
		p := Item{
			ID: "precision", Kind: "precision", Says: "What was starred or tagged is part of the attack", Weight: float64(max(total/4, 1)), State: x.open(0),
			Given: fmt.Sprintf("%d of %d", f.Right, f.Marked),
		}
		if f.Marked > 0 && p.State != Open {
			p.Points = round(p.Weight * float64(f.Right) / float64(f.Marked))
			if p.State = Met; f.Right < f.Marked {
				p.State = Wrong
			}
		}
		s.Items = append(s.Items, p)
	}
	return right
}

// marks are the events that are starred or tagged now, in the order of their ids.
func (x *Exercise) marks() []*Star {
	var out []*Star
	for _, st := range x.stars {
		if st.on || len(st.tags) > 0 {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, func(a, b *Star) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Event, b.Event)) })
	return out
}
