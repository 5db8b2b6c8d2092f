package response

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"firebreak/forensics/triage"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

// TriageOptions say what is asked: rules of a folder besides those built in, and
// the mildest severity that counts.
type TriageOptions struct {
	Rules string // folder, "" for none
	Min   string // info, low, medium, high, critical; "" for all
	All   bool   // dismissed findings too
}

// TriageFinding is one thing to look at, with what a person said of it.
type TriageFinding struct {
	triage.Finding
	Judged *Judgement `json:"judged,omitempty"`
}

// Judgement is a person's word on a finding.
type Judgement struct {
	Verdict string    `json:"verdict"` // confirmed, dismissed
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	Time    time.Time `json:"time"`
}

// TriageReport is what the rules found, the most severe first. Dismissed counts
// those that are left out because somebody said that they are harmless.
type TriageReport struct {
	Findings  []TriageFinding `json:"findings"`
	Rules     int             `json:"rules"`
	Dismissed int             `json:"dismissed"`
	Notes     []string        `json:"notes,omitempty"` // what was not looked at
}

// TriageRules are the rules that are built in, and those of a folder.
func TriageRules(folder string) (*triage.Set, error) {
	set, err := triage.BuiltIn()
	if err != nil {
		return nil, fmt.Errorf("read the rules that are built in: %w", err)
	}
	if folder == "" {
		return set, nil
	}
	own, err := triage.Load(os.DirFS(folder), ".")
	var wrong triage.Problems
	if errors.As(err, &wrong) {
		return nil, usage("docs/triage.md has the language", "%w", err)
	}
	if err != nil {
		return nil, usage("", "%s: %w", folder, err)
	}
	return set.With(own), nil
}

// Triage says what to look at first: it asks the rules of the timeline. What is
// found is derived, and not recorded.
func (s *Session) Triage(ctx context.Context, id incident.ID, o TriageOptions, p ProgressFunc) (TriageReport, error) {
	least := triage.Severity(o.Min)
	if o.Min != "" && least.Rank() < 0 {
		return TriageReport{}, usage("", "severity %q: want info, low, medium, high or critical", o.Min)
	}
	set, err := TriageRules(o.Rules)
	if err != nil {
		return TriageReport{}, err
	}
	q, err := s.query(ctx, id, "")
	if err != nil {
		return TriageReport{}, err
	}
	found, err := set.Run(ctx, triaged{q.db}, triage.Options{Min: least, Progress: func(what string, done, total int64) { tell(p, what, done, total) }})
	if err != nil {
		return TriageReport{}, err
	}
	judged, err := s.judgements(ctx, id)
	if err != nil {
		return TriageReport{}, err
	}
	out := TriageReport{Findings: []TriageFinding{}, Rules: found.Rules, Notes: found.Notes}
	for _, f := range found.Findings {
		one := TriageFinding{Finding: f, Judged: judged.of(&f)}
		if one.Judged != nil && one.Judged.Verdict == record.Dismissed && !o.All {
			out.Dismissed++
			continue
		}
		out.Findings = append(out.Findings, one)
	}
	return out, nil
}

// judged are the latest words on each finding, with the rules they were said of.
type judged map[string]wordOn

type wordOn struct {
	Judgement
	rules []string
}

// of is the word on a finding. What was said of some rules does not count for
// another that speaks of the same thing since.
func (j judged) of(f *triage.Finding) *Judgement {
	w, ok := j[f.ID]
	if !ok {
		return nil
	}
	for _, r := range f.Rules() {
		if !slices.Contains(w.rules, r) {
			return nil
		}
	}
	return &w.Judgement
}

func (s *Session) judgements(ctx context.Context, id incident.ID) (judged, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	out := judged{}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.FindingJudged)
		if err != nil {
			return err
		}
		for _, e := range entries {
			var j record.Judged
			if err := e.Decode(&j); err != nil {
				return err
			}
			by := e.Actor.Name
			if by == "" {
				by = e.Actor.ID
			}
			out[j.Finding] = wordOn{Judgement{j.Verdict, j.Reason, by, e.Time}, j.Rules}
		}
		return nil
	})
	return out, err
}

// JudgeFinding records that a finding is confirmed, or dismissed, and why. The
// finding's words are kept with it, so that the review can tell it.
func (s *Session) JudgeFinding(ctx context.Context, id incident.ID, f TriageFinding, confirmed bool, reason string) error {
	if reason == "" {
		return usage("say why, in a sentence", "judge finding %s: a reason is missing", f.ID)
	}
	j := record.Judged{
		Finding: f.ID, Verdict: record.Dismissed, Reason: reason, Rules: f.Rules(), Severity: string(f.Severity),
		Title: f.Title, About: f.About, Host: f.Host, Says: f.Reason, Technique: f.Technique, First: f.First, Exhibits: f.Exhibits,
	}
	if confirmed {
		j.Verdict = record.Confirmed
	}
	for _, e := range f.Events[:min(len(f.Events), maxJudgedEvents)] {
		j.Events = append(j.Events, e.String())
	}
	return s.act(ctx, id, record.FindingJudged, "", j, mustBeOpen)
}

// maxJudgedEvents is how many ids of events are kept with a word on a finding.
const maxJudgedEvents = 20

// Judge is JudgeFinding for a finding named by its id.
func (s *Session) Judge(ctx context.Context, id incident.ID, finding string, confirmed bool, reason string, o TriageOptions, p ProgressFunc) (TriageFinding, error) {
	o.All, o.Min = true, ""
	report, err := s.Triage(ctx, id, o, p)
	if err != nil {
		return TriageFinding{}, err
	}
	for _, f := range report.Findings {
		if f.ID != finding {
			continue
		}
		if err := s.JudgeFinding(ctx, id, f, confirmed, reason); err != nil {
			return f, err
		}
		verdict := record.Dismissed
		if confirmed {
			verdict = record.Confirmed
		}
		f.Judged = &Judgement{Verdict: verdict, Reason: reason, By: s.by.Name, Time: s.s.o.Now().UTC()}
		return f, nil
	}
	return TriageFinding{}, notFound("firebreak triage "+string(id)+" lists them", "finding %q: there is none", finding)
}

// triaged is the timeline as the rules see it.
type triaged struct{ db *events.DB }

func (t triaged) Counts(ctx context.Context, fs []timeline.Filter, progress func(done, total int64)) ([]int64, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	found, err := t.db.Sweep(ctx, fs, progress)
	if err != nil {
		return nil, err
	}
	counts := make([]int64, len(found))
	for i, w := range found {
		counts[i] = w.Count
	}
	return counts, nil
}

func (t triaged) Scan(ctx context.Context, f timeline.Filter, bare bool, visit func(*timeline.Event) error) error {
	return t.db.Scan(ctx, f, events.Request{Bare: bare}, visit)
}

func (t triaged) Hosts(ctx context.Context, f timeline.Filter) (map[string]time.Time, error) {
	values, err := t.db.Values(ctx, f, timeline.FieldHost, "", events.ValuesOptions{Limit: events.MaxValues})
	if err != nil {
		return nil, err
	}
	out := make(map[string]time.Time, len(values))
	for _, v := range values {
		out[v.Value] = v.Last
	}
	return out, nil
}

func (t triaged) Gaps(ctx context.Context, f timeline.Filter, by timeline.Field, atLeast time.Duration) ([]triage.Silence, error) {
	gaps, err := t.db.Gaps(ctx, f, by, atLeast)
	if err != nil {
		return nil, err
	}
	out := make([]triage.Silence, len(gaps))
	for i, g := range gaps {
		out[i] = triage.Silence{Value: g.Value, From: g.From, To: g.To, Before: g.Before, After: g.After}
	}
	return out, nil
}
