package review

import (
	"fmt"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
)

// builder gathers a review. The passes over the entries are small and many,
// each with one thing to find out: a record has thousands of entries at most.
type builder struct {
	r       Review
	entries []record.Entry
	extra   Extra
	marks   map[string]*mark
	points  map[string]end                              // the moments, as ends of durations
	stating []statedTechnique                           // nil until they are gathered
	placed  map[int64]bool                              // entries whose row stands at the time that they speak of
	lives   map[string]*playbooks.Run                   // by run; nil when the pinned file cannot be read
	status  map[string]map[string]*playbooks.StepStatus // of each run's steps, at the end
	when    []time.Time                                 // of each entry, never going back
	current incident.Phase
	bad     map[int64]bool // entries that could not be read
	strange []int64        // entries of a kind that is not known
}

func newBuilder(entries []record.Entry, extra Extra) *builder {
	b := &builder{
		entries: entries, extra: extra,
		lives: map[string]*playbooks.Run{}, status: map[string]map[string]*playbooks.StepStatus{}, bad: map[int64]bool{},
	}
	for _, e := range entries {
		t := e.Time.UTC()
		if n := len(b.when); n > 0 && t.Before(b.when[n-1]) {
			t = b.when[n-1]
		}
		b.when = append(b.when, t)
		if describer(e.Kind) == nil {
			b.strange = append(b.strange, e.Seq)
		} else if _, _, err := describer(e.Kind)(e); err != nil {
			b.bad[e.Seq] = true
		}
	}
	return b
}

// each calls do with the payload of every readable entry of those kinds.
func each[P any](b *builder, do func(record.Entry, P), kinds ...record.Kind) {
	for _, e := range b.entries {
		if !slices.Contains(kinds, e.Kind) || b.bad[e.Seq] {
			continue
		}
		var p P
		if err := e.Decode(&p); err != nil {
			b.bad[e.Seq] = true
			continue
		}
		do(e, p)
	}
}

// called is how a person is named.
func called(a incident.Actor) string { return first(a.Name, a.ID, "somebody unnamed") }

// incident folds the head data, as package store does.
func (b *builder) incident() {
	i := &b.r.Incident
	i.ID = b.extra.Head.Incident()
	i.Status, i.Opened, i.Phase = incident.Open, b.entries[0].Time.UTC(), b.entries[0].Phase
	each(b, func(e record.Entry, p record.Opened) {
		i.Title, i.Severity, i.TLP, i.Drill = p.Title, p.Severity, p.TLP, p.Drill
		i.Summary, i.Impact, i.Detected = first(p.Summary, e.Absent("summary")), first(p.Impact, e.Absent("impact")), p.Detected.UTC()
	}, record.IncidentOpened)
	each(b, func(_ record.Entry, p record.Changed) {
		set(&i.Title, p.Title)
		set(&i.Severity, p.Severity)
		set(&i.TLP, p.TLP)
		set(&i.Summary, p.Summary)
		set(&i.Impact, p.Impact)
		set(&i.Detected, p.Detected)
		i.Detected = i.Detected.UTC()
	}, record.IncidentChanged)
	for _, e := range b.entries {
		switch e.Kind { //nolint:exhaustive // the others do not open or close
		case record.IncidentClosed:
			i.Status, i.Closed = incident.Closed, e.Time.UTC()
		case record.IncidentReopened:
			i.Status, i.Closed = incident.Open, time.Time{}
		default:
		}
	}
	each(b, func(_ record.Entry, p record.Entered) { i.Phase = p.To }, record.PhaseEntered)
	each(b, func(_ record.Entry, p record.Started) { i.Playbook = p.Playbook }, record.RunStarted)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (b *builder) people() {
	at := map[string]int{}
	for _, e := range b.entries {
		n, ok := at[e.Actor.ID]
		if !ok {
			n = len(b.r.People)
			at[e.Actor.ID] = n
			b.r.People = append(b.r.People, Person{Name: called(e.Actor), ID: e.Actor.ID, First: e.Time.UTC()})
		}
		p := &b.r.People[n]
		p.Entries++
		p.Last = e.Time.UTC()
		p.Name = first(e.Actor.Name, p.Name)
	}
	each(b, func(e record.Entry, p record.Assigned) {
		for i := range b.r.Roles {
			if t := &b.r.Roles[i]; t.Role == p.Role && t.To.IsZero() {
				t.To = e.Time.UTC()
			}
		}
		if p.Person != "" {
			b.r.Roles = append(b.r.Roles, RoleTerm{Role: p.Role, Person: p.Person, Seq: e.Seq, From: e.Time.UTC()})
		}
		if b.r.Incident.Roles == nil {
			b.r.Incident.Roles = map[incident.Role]string{}
		}
		if b.r.Incident.Roles[p.Role] = p.Person; p.Person == "" {
			delete(b.r.Incident.Roles, p.Role)
		}
	}, record.RoleAssigned)
}

func (b *builder) integrity() {
	h := b.extra.Head
	b.r.Integrity = Integrity{
		Size: h.Size, Entries: int64(len(b.entries)), Root: h.Root, Signed: string(h.Signed),
	}
	if h.Root != "" { // its reader may be told how much there is, and not what
		b.r.Integrity.Seal = h.Seal()
	}
	switch {
	case h.Size == 0:
		b.r.Integrity.Problem = "the head of the record was not given: nothing ties this review to a record"
	case h.Size != int64(len(b.entries)):
		b.r.Integrity.Problem = fmt.Sprintf("the head covers %s but the review was made of %s",
			counted64(h.Size, "entry", "entries"), counted(len(b.entries), "entry", "entries"))
	}
}

// fill makes empty lists of missing ones, so that the JSON has no null where a
// program expects a list.
func (b *builder) fill() {
	r := &b.r
	empty(&r.Summary)
	empty(&r.People)
	empty(&r.Roles)
	empty(&r.Durations)
	empty(&r.Phases)
	empty(&r.Timeline)
	empty(&r.Decisions)
	empty(&r.Actions)
	empty(&r.Runs)
	empty(&r.Communications)
	empty(&r.Evidence)
	empty(&r.Collections)
	empty(&r.Custody.Chains)
	empty(&r.Custody.Transfers)
	empty(&r.Ingested.Exhibits)
	empty(&r.Lessons)
	empty(&r.Items)
	empty(&r.ClockJumps)
	empty(&r.Wording)
	empty(&r.Limits)
	empty(&r.Releases)
	empty(&r.Glance)
	empty(&r.Impact)
	empty(&r.Moments)
	empty(&r.Detection.Caught)
	empty(&r.Detection.Should)
	empty(&r.Response)
	empty(&r.Factors)
	empty(&r.Parts)
	empty(&r.Deviations)
	empty(&r.Proposals)
	empty(&r.Clocks)
	empty(&r.Techniques)
	empty(&r.Indicators)
	empty(&r.Subjects)
	empty(&r.Controls)
	empty(&r.Gaps)
	empty(&r.Missing)
	empty(&r.Verify)
}

func empty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
