package metrics

import (
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// TallyDefinition says what a tally counts, and under which words.
type TallyDefinition struct {
	Key     string `json:"tally"`
	Title   string `json:"title"`
	Meaning string `json:"meaning"`

	words []word
	take  func(*facts) []tick
}

// word is what things are counted under, and what it means.
type word struct{ word, means string }

// tallies are what is counted and not measured.
var tallies = []TallyDefinition{
	{
		Key: "clocks", Title: "Deadlines", Meaning: "Deadlines that apply to the incidents, by what became of each.",
		words: []word{
			{"met", "done before it was due"},
			{"late", "done after it was due"},
			{"overdue", "due, and nobody recorded that it was done"},
			{"running", "not due yet"},
			{"not started", "nobody recorded what it counts from"},
			{"done", "it names no hour, so that nobody can say whether it was in time"},
			{"open", "it names no hour, and nobody recorded that it was done"},
		},
		take: func(f *facts) []tick {
			words := map[string]string{"met": "met", "met late": "late", "missed": "overdue", "running": "running", "not started": "not started", "done": "done", "open duty": "open"}
			var out []tick
			for _, c := range f.Review.Clocks {
				if w, applies := words[c.State]; applies {
					out = append(out, tick{c.ID, w})
				}
			}
			return out
		},
	},
	{
		Key: "steps", Title: "Steps of playbooks", Meaning: "Each step that does something, by how it ended. Steps that people added are counted as added, and as what became of them.",
		words: []word{
			{"done", ""},
			{"skipped", "people passed it over"},
			{"failed", "in the end"},
			{"not ended", "begun, or never reached"},
			{"not applicable", "its own condition was false"},
			{"added", "by people, while it ran"},
		},
		take: func(f *facts) []tick {
			var out []tick
			for _, r := range f.Review.Runs {
				if r.Unread != "" {
					continue
				}
				for _, part := range []struct {
					word string
					n    int
				}{
					{"done", r.Counts.Done},
					{"skipped", r.Counts.Skipped},
					{"failed", r.Counts.Failed},
					{"not ended", r.Counts.Open + r.Counts.Unreached},
					{"not applicable", r.Counts.NotApplied},
					{"added", r.Counts.Added},
				} {
					for range part.n {
						out = append(out, tick{"", part.word})
					}
				}
			}
			return out
		},
	},
	{
		Key: "items", Title: "Follow-ups", Meaning: "Each follow-up of the reviews, by whether it was done when it was promised. A due date without a time of day counts to the end of that day, UTC.",
		words: []word{
			{"on time", "done or verified until it was due"},
			{"late", "done or verified, after it was due"},
			{"overdue", "open, and due"},
			{"open", "not due yet"},
			{"done, no date", "done, and nobody had said until when"},
			{"open, no date", "open, and nobody has said until when"},
			{"dropped", ""},
		},
		take: func(f *facts) []tick {
			var out []tick
			for _, i := range f.items {
				w := "open"
				switch {
				case i.dropped:
					w = "dropped"
				case i.done.known() && i.due.IsZero():
					w = "done, no date"
				case i.due.IsZero():
					w = "open, no date"
				case i.done.known() && i.done.Time.After(i.limit()):
					w = "late"
				case i.done.known():
					w = "on time"
				case f.Now.After(i.limit()):
					w = "overdue"
				}
				out = append(out, tick{i.id, w})
			}
			return out
		},
	},
	{
		Key: "evidence", Title: "Exhibits", Meaning: "Each exhibit, by what its last check against the seal said.",
		words: []word{
			{"intact", "as it was sealed"},
			{"broken", "not what was sealed"},
			{"never checked", "since it was taken"},
			{"erased", "on legal grounds"},
			{"elsewhere", "known by its hash only, and not checked"},
		},
		take: func(f *facts) []tick {
			var out []tick
			for _, x := range f.Review.Evidence {
				w := "never checked"
				switch last := lastCheck(x); {
				case x.Erased != "":
					w = "erased"
				case last != nil && last.OK:
					w = "intact"
				case last != nil:
					w = "broken"
				case x.Elsewhere:
					w = "elsewhere"
				}
				out = append(out, tick{x.ID, w})
			}
			return out
		},
	},
	{
		Key: "reopened", Title: "Closed incidents opened again", Meaning: "Each incident that was closed once at least, by whether it was opened again.",
		words: []word{{"never", ""}, {"opened again", "once or more"}},
		take: func(f *facts) []tick {
			closed, again := false, false
			for _, e := range f.Entries {
				closed = closed || e.Kind == record.IncidentClosed
				again = again || e.Kind == record.IncidentReopened
			}
			switch {
			case again:
				return []tick{{"", "opened again"}}
			case closed:
				return []tick{{"", "never"}}
			}
			return nil
		},
	},
}

// Tallies are all tallies.
func Tallies() []TallyDefinition { return slices.Clone(tallies) }

func lastCheck(x review.Exhibit) *review.Check {
	if len(x.Checks) == 0 {
		return nil
	}
	return &x.Checks[len(x.Checks)-1]
}

// factors are the factors that stand, the last word of each.
func (f *facts) factors() []factorOf {
	var order []string
	at := map[string]factorOf{}
	for _, e := range f.Entries {
		var p record.Factor
		if e.Kind != record.FactorNamed || e.Decode(&p) != nil {
			continue
		}
		if !slices.Contains(order, p.ID) {
			order = append(order, p.ID)
		}
		if at[p.ID] = (factorOf{p.ID, strings.ToLower(strings.TrimSpace(p.Key)), p.Category}); p.Withdrawn {
			delete(at, p.ID)
		}
	}
	var out []factorOf
	for _, id := range order {
		if x, ok := at[id]; ok {
			out = append(out, x)
		}
	}
	return out
}

// night says whether a time lies between 22 and 6 o'clock there.
func (f *facts) night(e record.Entry) bool {
	h := e.Time.In(f.Zone).Hour()
	return h >= 22 || h < 6
}

// personal says whether an entry takes a person.
func (f *facts) personal(e record.Entry) bool {
	switch e.Kind { //nolint:exhaustive // programs make the other kinds by themselves
	case record.Noted, record.RoleAssigned, record.IncidentOpened, record.IncidentChanged, record.IncidentClosed, record.IncidentReopened, record.EventMarked,
		record.FindingJudged, record.StepAdded, record.StepReopened, record.UpdateWritten, record.ActionApproved, record.ActionRejected,
		record.ActionDropped, record.ActionExtended, record.ItemAdded, record.DrillAnswered, record.MomentStated, record.ImpactStated,
		record.SubjectNamed, record.TechniqueSeen, record.FactorNamed, record.ControlJudged, record.DecisionTaken, record.ShiftHandedOn,
		record.ReviewText, record.ReviewMoved, record.ClockStarted, record.ClockChosen, record.ClockMet,
		record.CustodyTransferred, record.CustodyAccepted, record.HeadSigned:
		return true
	case record.ItemChanged:
		var p record.ItemChange
		return e.Decode(&p) == nil && p.Source == ""
	case record.StepSkipped:
		var p record.StepSkip
		return e.Decode(&p) == nil && !p.Guard
	case record.StepStarted:
		var p record.StepBegin
		return e.Decode(&p) == nil && f.byHand(p.Run, e.Step)
	case record.StepDone:
		var p record.StepEnd
		return e.Decode(&p) == nil && (len(p.Answers) > 0 || p.Note != "" || f.byHand(p.Run, e.Step))
	}
	return false
}

func (f *facts) byHand(run, step string) bool {
	for _, r := range f.Review.Runs {
		if r.ID != run {
			continue
		}
		i := slices.IndexFunc(r.Steps, func(s review.Step) bool { return s.ID == step })
		return i >= 0 && r.Steps[i].Verb == "manual"
	}
	return false
}

func (f *facts) nightActs() []Measure {
	m := Measure{State: Known}
	for _, e := range f.Entries {
		if f.personal(e) && f.night(e) {
			m.Value++
		}
	}
	return []Measure{m}
}

// seniority is which role counts for a person who holds several.
var seniority = []incident.Role{
	incident.Commander, incident.Investigator, incident.Responder, incident.Approver, incident.Comms, incident.Legal,
	incident.Scribe, incident.Auditor, incident.Admin, incident.Observer,
}

// loads counts the acts of people by the role that they held at the time.
func (f *facts) loads() []Load {
	holds := map[incident.Role]string{}
	at := map[string]*Load{}
	for _, e := range f.Entries {
		if e.Kind == record.RoleAssigned {
			var p record.Assigned
			if e.Decode(&p) == nil {
				holds[p.Role] = p.Person
			}
		}
		if !f.personal(e) {
			continue
		}
		role := "none"
		for _, r := range seniority {
			if e.Actor.Name != "" && holds[r] == e.Actor.Name {
				role = string(r)
				break
			}
		}
		l := at[role]
		if l == nil {
			l = &Load{Role: role}
			at[role] = l
		}
		l.Acts++
		if f.night(e) {
			l.Night++
		}
	}
	var out []Load
	for _, r := range append(slices.Clone(seniority), "none") {
		if l := at[string(r)]; l != nil {
			out = append(out, *l)
		}
	}
	return out
}
