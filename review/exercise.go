package review

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/playbooks/drill"
	"firebreak/record"
)

// ExerciseFormat names the shape of the JSON form of an exercise's report. A
// field may be added within a version; none is renamed or removed.
const ExerciseFormat = "firebreak.drill-report/1"

// Exercise is the report of a drill with a scenario: a training record. What it
// says was done has an entry behind it; what was right is the scenario's word.
type Exercise struct {
	Format    string            `json:"format"`
	Made      time.Time         `json:"made,omitzero"`
	Tool      string            `json:"tool,omitempty"`
	Incident  incident.Incident `json:"incident"`
	Begun     time.Time         `json:"begun"`
	Scenario  ExerciseOf        `json:"scenario"`
	Playbook  ExerciseBook      `json:"playbook"`
	Score     drill.Score       `json:"score"`
	Injects   []ExerciseInject  `json:"injects"`
	Standards []Standard        `json:"standards"`
	Limits    []string          `json:"limits"`
	Integrity Integrity         `json:"integrity"`
}

// ExerciseOf is the scenario that was played.
type ExerciseOf struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Version string  `json:"version"`
	SHA256  string  `json:"sha256"`
	Seed    int64   `json:"seed"`
	Speed   float64 `json:"speed"`
	About   string  `json:"about"`
	// Pack is the pack that it is of, with the hash of its manifest; "" for none.
	Pack        string `json:"pack,omitempty"`
	PackVersion string `json:"pack_version,omitempty"`
	PackSHA256  string `json:"pack_sha256,omitempty"`
}

// From says of which pack a scenario is, "" where it is of none.
func (o ExerciseOf) From() string {
	if o.Pack == "" {
		return ""
	}
	return fmt.Sprintf("of pack %s %s, manifest SHA-256 %s", o.Pack, o.PackVersion, o.PackSHA256)
}

// ExerciseBook is the playbook that was followed.
type ExerciseBook struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// ExerciseInject is an inject that came, with what was said. Times are seconds on
// the clock of the exercise.
type ExerciseInject struct {
	ID     string        `json:"id"`
	At     int64         `json:"at_s"`
	Due    int64         `json:"due_s,omitempty"`
	From   string        `json:"from,omitempty"`
	To     incident.Role `json:"to,omitempty"`
	Title  string        `json:"title"`
	Asked  bool          `json:"asked"`
	Answer string        `json:"answer,omitempty"`
	By     string        `json:"by,omitempty"`
	After  *int64        `json:"answered_after_s,omitempty"`
	State  string        `json:"state"`
	Right  []string      `json:"right,omitempty"`
	Why    string        `json:"why,omitempty"`
}

// Standard is a requirement that the exercise is evidence for, and how far.
type Standard struct {
	Of       string `json:"of"`
	Clause   string `json:"clause"`
	Shows    string `json:"shows"`
	DoesNot  string `json:"does_not"`
	Evidence bool   `json:"evidence"` // false: nothing in this exercise bears on it
}

// BuildExercise makes the report of an exercise.
func BuildExercise(x *drill.Exercise, score drill.Score, entries []record.Entry, extra Extra) (Exercise, error) {
	if len(entries) == 0 || entries[0].Kind != record.IncidentOpened {
		return Exercise{}, fmt.Errorf("build report: %w", ErrNoRecord)
	}
	b := newBuilder(entries, extra)
	b.incident()
	b.integrity()
	r := Exercise{
		Format: ExerciseFormat, Made: extra.Now.UTC(), Tool: extra.Tool, Incident: b.r.Incident, Begun: x.Begun.UTC(), Score: score, Integrity: b.r.Integrity,
		Scenario: ExerciseOf{ID: x.ID, Name: x.Name, Version: x.Version, SHA256: x.SHA256, Seed: x.Seed, Speed: x.Speed, About: x.About},
		Injects:  []ExerciseInject{},
	}
	each(b, func(_ record.Entry, p record.Exercise) {
		r.Scenario.Pack, r.Scenario.PackVersion, r.Scenario.PackSHA256 = p.Pack, p.PackVersion, p.PackSHA256
	}, record.DrillBegun)
	each(b, func(_ record.Entry, p record.Started) {
		r.Playbook = ExerciseBook{p.Playbook, p.Name, p.Version, p.SHA256}
	}, record.RunStarted)
	for _, a := range x.Arrivals {
		r.Injects = append(r.Injects, injectOf(a, score))
	}
	r.Standards = standards(score)
	r.Limits = exerciseLimits(x, score)
	return r, nil
}

func injectOf(a *drill.Arrival, score drill.Score) ExerciseInject {
	i := ExerciseInject{
		ID: a.ID, At: int64(a.At / time.Second), Due: int64(a.Due / time.Second), From: a.From, To: a.To, Title: a.Title,
		Asked: a.Asks(), By: a.By, State: "told", Why: a.Why,
	}
	text := func(id string) string {
		for _, c := range a.Choices {
			if c.ID == id {
				return c.Text
			}
		}
		return id
	}
	if a.Answered {
		i.Answer = first(text(a.Choice), a.Note)
		after := int64((a.AnswerAt - a.At) / time.Second)
		i.After = &after
	}
	for _, id := range a.Right {
		i.Right = append(i.Right, text(id))
	}
	if n := slices.IndexFunc(score.Items, func(it drill.Item) bool { return it.Kind == "inject" && it.ID == a.ID }); n >= 0 {
		i.State = score.Items[n].State
	}
	return i
}

// standards are the requirements that an exercise of incident response can be
// evidence for, in our own words: which text it is, what this record shows of it,
// and what it does not show. No exercise fulfils one of them alone.
func standards(score drill.Score) []Standard {
	people := len(score.People) > 1
	roles := "who took part, in which role, and what each did"
	if !people {
		roles = "what one person did, in every role: a test of the plan, less so of the team"
	}
	return []Standard{
		{"SOC 2 (AICPA Trust Services Criteria)", "CC7.4", "the response programme was carried out as a playbook, with roles, decisions, containment and communication in time order", "that it is carried out so in real incidents: for that, show the reviews of those", true},
		{"SOC 2 (AICPA Trust Services Criteria)", "CC7.5", "a test of response and recovery by a scenario, with results that can be acted on", "that recovery of real systems works: the actions went to stand-ins", true},
		{"ISO/IEC 27001:2022, Annex A", "A.5.24", roles, "that roles and procedures are defined and communicated outside this exercise", true},
		{"ISO/IEC 27001:2022, Annex A", "A.5.25", "how events were assessed and decided on: the decisions with their times", "the scale by which events are categorised in your organisation", hasKind(score, "decision")},
		{"ISO/IEC 27001:2022, Annex A", "A.5.26", "the response followed a documented procedure, whose file and hash are named here", "responses to real incidents", true},
		{"ISO/IEC 27001:2022, Annex A", "A.5.27", "what was missed and late: the material to learn from", "that something was learnt: the follow-ups and their end show that", true},
		{"PCI DSS v4.0.1", "12.10.2", "a test of the incident response plan, dated, with its results", "that every element of 12.10.1 was part of it, or that the plan was reviewed: both are required at least once every 12 months", true},
		{"PCI DSS v4.0.1", "12.10.4", roles, "how often training is due: the organisation's own risk analysis says that (12.10.4.1)", people},
		{"DORA, Regulation (EU) 2022/2554", "Article 25(1)", "a scenario-based test of response", "the rest of the testing programme of Article 24, and the tests of continuity plans of Article 11(6)", true},
		{"NIS2, Directive (EU) 2022/2555", "Article 21(2)(b) and (f)", "incident handling as it was practised, and a measure of how well it worked", "the notifications of Article 23: none was sent to an authority", true},
	}
}

func hasKind(s drill.Score, kind string) bool {
	return slices.ContainsFunc(s.Items, func(i drill.Item) bool { return i.Kind == kind })
}

func exerciseLimits(x *drill.Exercise, score drill.Score) []string {
	out := []string{
		"This was an exercise. Its incident, evidence, people and addresses are invented, and its actions went to built-in stand-ins.",
		"What counts as right is the word of the scenario and its author; the points are a help for talking it over, no mark for a person.",
		"Times are those of the exercise's own clock.",
	}
	switch {
	case x.Speed == 0:
		out = append(out, "The clock was moved by hand or by the scenario's pace: times say little of how quick people are.")
	case x.Speed != 1:
		out = append(out, fmt.Sprintf("The clock ran at %g times the world's: times are stretched by that.", x.Speed))
	}
	if !score.Over {
		out = append(out, "The exercise has not ended: what is open counts for nothing yet.")
	}
	if !score.Findings.Judged {
		out = append(out, "The evidence was not judged.")
	}
	return append(out, score.Findings.Doubts...)
}

// Shown is the report with every text of people and files made harmless, for
// whoever writes a form of their own.
func (r Exercise) Shown() Exercise { return r.shown() }

// shown is the report with every text of people and files made harmless.
func (r Exercise) shown() Exercise {
	out, ok := harmless(reflect.ValueOf(r), Harmless).Interface().(Exercise)
	if !ok {
		return r
	}
	out.Integrity = r.Integrity
	return out
}

// exerciseClock is seconds of the exercise's clock, as people write it.
func exerciseClock(s int64) string { return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60) }

func exerciseClockAt(s *int64) string {
	if s == nil {
		return ""
	}
	return exerciseClock(*s)
}
