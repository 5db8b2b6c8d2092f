package response

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	drills "firebreak/playbooks/drill"
	"firebreak/record"
)

// smallScenario is an exercise of a few minutes on the playbook below.
const smallScenario = `
scenario: v1
id: small
name: A small one
version: 1.0.0
playbook: small-drill
when: 2026-11-20T09:00:00Z
about: Something is wrong at {{ attacker }}.
pace: {manual: 2m, automatic: 1m}
roles: [commander, investigator]
draw: {attacker: [203.0.113.5, 203.0.113.6]}
answers: {bad: true, address: "{{ attacker }}"}
evidence:
  - {id: logs, generator: web-host, host: web-1, events: 1500, collect: [take], with: {attacker: "{{ attacker }}"}}
injects:
  - id: early
    at: 5m
    from: a manager
    to: commander
    title: How bad is it?
    ask: {question: What do you say?, choices: {facts: What is known, calm: All is well}, right: [facts]}
    within: 10m
    weight: 4
  - id: broken
    at: {step: block, is: planned}
    title: The next change fails
    fault: {system: linux, method: nft, mode: "500", times: 1}
  - id: ill
    at: {after: 1m, inject: early, is: answered}
    title: The investigator falls ill
    falls-ill: investigator
expect:
  - {id: bad, answer: bad, is: [true], by: 30m, weight: 4, says: It is seen that it is bad}
  - {id: blocked, action: linux.nft.block, clock: Blocked within the hour, by: 60m, weight: 4, says: It is blocked}
  - {id: other, role: investigator, from: {inject: ill}, by: 10m, weight: 2, says: Somebody takes over}
findings:
  - {id: entry, weight: 2, says: The upload}
  - {id: exfil, weight: 2, says: The download}
`

const smallBook = `
playbook: v1
id: small-drill
name: Small drill
version: 1.0.0
owner: tests
description: For tests of drills.
severity: sev3
roles: {commander: required, investigator: required}
vars:
  bad: {type: bool}
  address: {type: string}
phases:
  identify:
    - {id: take, title: Take what there is, collect: triage}
    - {id: look, title: Look at it, manual: Look at it., ask: {bad: "Is it bad?", address: "Which address?"}, assign: investigator}
  contain:
    - id: block
      title: Block it
      if: bad
      action: linux.nft.block
      with: {address: "{{ address }}", ttl: 1h}
      impact: medium
      approve: {by: commander}
      rollback: {action: linux.nft.unblock, with: {address: "{{ address }}"}}
  learn:
    - {id: talk, title: Talk it over, manual: Talk it over.}
drill: {bad: true, address: 203.0.113.9}
`

// table is a workspace in which the small exercise can be begun, on a clock that
// the test moves.
type table struct {
	*bench
	book, plot string
}

func newTable(t *testing.T) *table {
	t.Helper()
	dir := t.TempDir()
	tb := &table{newBench(t, config.Config{}), filepath.Join(dir, "small-drill.yaml"), filepath.Join(dir, "small.yaml")}
	for path, text := range map[string]string{tb.book: smallBook, tb.plot: smallScenario} {
		if err := os.WriteFile(path, []byte(strings.TrimLeft(text, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tb
}

// sits is one more process with that person at it.
func (tb *table) sits(name string) *Session {
	tb.Helper()
	tb.seed++ // or two processes would draw the same
	return tb.service(config.Config{}).As(incident.Actor{Name: name})
}

func (tb *table) begin(s *Session, n NewExercise) incident.ID {
	tb.Helper()
	n.Scenario, n.Playbook = tb.plot, tb.book
	inc, err := s.StartExercise(context.Background(), n)
	if err != nil {
		tb.Fatal(err)
	}
	return inc.ID
}

func exerciseNow(t *testing.T, s *Session, id incident.ID) ExerciseView {
	t.Helper()
	v, err := s.Exercise(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func injects(v ExerciseView) string {
	var out []string
	for _, i := range v.Injects {
		out = append(out, i.ID+":"+i.State)
	}
	return strings.Join(out, " ")
}

func scoreItem(t *testing.T, s drills.Score, id string) drills.Item {
	t.Helper()
	i := slices.IndexFunc(s.Items, func(i drills.Item) bool { return i.ID == id })
	if i < 0 {
		t.Fatalf("the score has no item %s", id)
	}
	return s.Items[i]
}

// TestExercisePlayers: the same seed and the same player give the same score, byte
// by byte; who does all right gets all points, who does nothing few.
func TestExercisePlayers(t *testing.T) {
	play := func(player drills.Player, seed int64) (drills.Score, []byte) {
		tb := newTable(t)
		s := tb.sits("ada")
		id := tb.begin(s, NewExercise{Seed: seed})
		r, err := s.RunExercise(context.Background(), id, player, nil)
		if err != nil {
			t.Fatalf("%s: %v", player, err)
		}
		b, err := json.Marshal(r.Score)
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := s.Verify(context.Background(), id, nil); err != nil || !rep.OK() {
			t.Errorf("%s: the record does not verify: %v %v", player, rep.Problems, err)
		}
		return r.Score, b
	}
	perfect, one := play(drills.Perfect, 1)
	_, two := play(drills.Perfect, 1)
	if !bytes.Equal(one, two) {
		t.Errorf("the same seed gives another score:\n%s\n%s", one, two)
	}
	if _, other := play(drills.Perfect, 2); bytes.Equal(one, other) {
		t.Error("another seed gives the same score")
	}
	if perfect.Percent != 100 || !perfect.Over || perfect.Findings.Recall != 1 || perfect.Findings.Precision != 1 {
		t.Errorf("the perfect player has %d %%: %s", perfect.Percent, one)
	}
	absent, text := play(drills.Absent, 1)
	if absent.Percent > 30 || absent.Findings.Found != 0 {
		t.Errorf("the absent player has %d %%: %s", absent.Percent, text)
	}
	if got := scoreItem(t, absent, "early").State; got != drills.Missed {
		t.Errorf("a question that nobody answered is %s", got)
	}
	careless, _ := play(drills.Careless, 1)
	if careless.Percent <= absent.Percent || careless.Percent >= perfect.Percent || careless.Findings.Precision == 1 {
		t.Errorf("the careless player has %d %%, precision %g", careless.Percent, careless.Findings.Precision)
	}
}

// TestExercisePeople: two processes are two people; what is due comes once, in
// whichever looks first, also after all were gone; an answer that comes late
// counts half.
func TestExercisePeople(t *testing.T) {
	ctx := context.Background()
	tb := newTable(t)
	ada, ben := tb.sits("ada"), tb.sits("ben")
	id := tb.begin(ada, NewExercise{Seed: 1, Speed: 1, Seats: 2})
	if got := exerciseNow(t, ada, id); len(got.Injects) != 0 || got.Free != 1 {
		t.Fatalf("at the start: %+v", got)
	}
	roles, err := ben.JoinExercise(ctx, id, "")
	if err != nil || len(roles) != 1 || roles[0] != incident.Investigator {
		t.Fatalf("ben joins: %v %v", roles, err)
	}
	if _, err := tb.sits("cem").JoinExercise(ctx, id, ""); CodeOf(err) != CodeRefused {
		t.Errorf("a third at a table of two: %v", err)
	}
	tb.clock.Advance(6 * time.Minute)
	if got := injects(exerciseNow(t, ben, id)); got != "early:open" {
		t.Fatalf("ben sees %q", got)
	}
	if got := injects(exerciseNow(t, ada, id)); got != "early:open" {
		t.Fatalf("ada sees %q", got)
	}
	// All processes end; another one comes when the answer is late already.
	tb.clock.Advance(20 * time.Minute)
	late := tb.sits("ada")
	if got := injects(exerciseNow(t, late, id)); got != "early:late" {
		t.Fatalf("after the night: %q", got)
	}
	if _, err := late.AnswerInject(ctx, id, "early", "nonsense", ""); CodeOf(err) != CodeUsage {
		t.Errorf("an answer that is no choice: %v", err)
	}
	if _, err := late.AnswerInject(ctx, id, "nothing", "facts", ""); CodeOf(err) != CodeNotFound {
		t.Errorf("an inject that is not there: %v", err)
	}
	if was, err := late.AnswerInject(ctx, id, "early", "facts", ""); err != nil || !was {
		t.Fatalf("the late answer: %v %v", was, err)
	}
	if _, err := ben.AnswerInject(ctx, id, "early", "calm", ""); CodeOf(err) != CodeRefused {
		t.Errorf("a second answer: %v", err)
	}
	tb.clock.Advance(2 * time.Minute)
	if got := injects(exerciseNow(t, ben, id)); got != "early:answered ill:told" {
		t.Errorf("two minutes later: %q", got)
	}
	b, err := ada.Board(ctx, id)
	if err != nil || b.Incident.Roles[incident.Investigator] != "" {
		t.Errorf("who is ill has the role still: %v %v", b.Incident.Roles, err)
	}
	score, err := ada.ScoreExercise(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if i := scoreItem(t, score, "early"); i.State != drills.Late || i.Points != 2 || i.Who != "ada" {
		t.Errorf("the late answer is worth %+v", i)
	}
	acts, err := ada.Activity(ctx, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	came := 0
	for _, a := range acts {
		if a.Kind == record.DrillInject && strings.Contains(a.Text, "early") {
			came++
		}
	}
	if came != 1 {
		t.Errorf("the inject came %d times", came)
	}
}

// TestExerciseRestart: each move is made by a new process, and the score is the
// same as without one; the fault is met by the process that sends.
func TestExerciseRestart(t *testing.T) {
	ctx := context.Background()
	tb := newTable(t)
	s := tb.sits("ada")
	id := tb.begin(s, NewExercise{Seed: 1})
	fresh := func() *Session { return tb.sits("ada") }
	if _, err := fresh().Advance(ctx, id, nil); err != nil {
		t.Fatal(err)
	}
	xs, _, err := fresh().Evidence(ctx, id)
	if err != nil || len(xs) != 5 {
		t.Fatalf("%d exhibits: %v", len(xs), err)
	}
	for _, x := range xs {
		if x.Parsed == nil || x.Parsed.Events == 0 || x.Host != "web-1" {
			t.Errorf("exhibit %s of %s is not on the timeline", x.ID, x.Host)
		}
	}
	if by, err := fresh().MoveExercise(ctx, id, 0, ""); err != nil || by != 5*time.Minute {
		t.Fatalf("to the next inject: %s %v", by, err)
	}
	if got := injects(exerciseNow(t, fresh(), id)); got != "early:open" {
		t.Fatalf("after the move: %q", got)
	}
	if err := fresh().DoneStep(ctx, id, "look", map[string]string{"bad": "true", "address": "203.0.113.5"}, ""); err != nil {
		t.Fatal(err)
	}
	a, err := fresh().PlanStep(ctx, id, "block")
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh().Approve(ctx, id, a.Action, a.Digest, a.Target, ""); err != nil {
		t.Fatal(err)
	}
	if a, err = fresh().Do(ctx, id, a.Action); err == nil || a.State != Failed {
		t.Fatalf("the fault was not met: %s %v", a.State, err)
	}
	if err := fresh().ReopenStep(ctx, id, "block", "once more"); err != nil {
		t.Fatal(err)
	}
	if a, err = fresh().PlanStep(ctx, id, "block"); err != nil {
		t.Fatal(err)
	}
	if err := fresh().Approve(ctx, id, a.Action, a.Digest, a.Target, ""); err != nil {
		t.Fatal(err)
	}
	if a, err = fresh().Do(ctx, id, a.Action); err != nil || a.State != Verified {
		t.Fatalf("the fault was for one change: %s %v", a.State, err)
	}
	if err := fresh().EndExercise(ctx, id, "enough"); err != nil {
		t.Fatal(err)
	}
	r, err := fresh().ReportExercise(ctx, id, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if i := scoreItem(t, r.Score, "blocked"); i.State != drills.Met || i.Kind != "clock" {
		t.Errorf("the clock is %+v", i)
	}
	for _, path := range []string{r.Markdown, r.HTML, r.JSON} {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(b, []byte("12.10.2")) || !bytes.Contains(b, []byte("A small one")) {
			t.Errorf("%s lacks its requirement or its name: %v", path, err)
		}
	}
	if b, err := os.ReadFile(r.PDF); err != nil || !bytes.HasPrefix(b, []byte("%PDF-")) || len(b) < 5000 {
		t.Errorf("the PDF has %d bytes: %v", len(b), err)
	}
	if _, err := fresh().AnswerInject(ctx, id, "early", "facts", ""); CodeOf(err) != CodeRefused {
		t.Errorf("an answer after the end: %v", err)
	}
	if rep, err := fresh().Verify(ctx, id, nil); err != nil || !rep.OK() {
		t.Errorf("the record does not verify: %v %v", rep.Problems, err)
	}
}

// TestScenarios: each built-in scenario fits its playbook, can be won, and is lost
// by who is not there.
func TestScenarios(t *testing.T) {
	ctx := context.Background()
	s := newTable(t).sits("ada")
	all, err := s.Service().Scenarios()
	if err != nil || len(all) < 4 {
		t.Fatalf("%d scenarios: %v", len(all), err)
	}
	for _, sc := range all {
		p, err := s.Service().Playbook(sc.Playbook)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range sc.Fit(p) {
			t.Errorf("%s", problem)
		}
		if testing.Short() {
			continue
		}
		inc, err := s.StartExercise(ctx, NewExercise{Scenario: sc.ID, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.RunExercise(ctx, inc.ID, drills.Perfect, nil)
		if err != nil {
			t.Fatalf("%s: %v", sc.ID, err)
		}
		if r.Score.Percent != 100 {
			for _, i := range r.Score.Items {
				if i.State != drills.Met {
					t.Errorf("%s: %s is %s: %s", sc.ID, i.ID, i.State, i.Given)
				}
			}
		}
	}
}

func TestExerciseRefuses(t *testing.T) {
	ctx := context.Background()
	tb := newTable(t)
	s := tb.sits("ada")
	for name, n := range map[string]NewExercise{
		"nothing of that name": {Scenario: "no-such"},
		"another playbook":     {Scenario: tb.plot, Playbook: "generic"},
		"a speed below zero":   {Scenario: tb.plot, Playbook: tb.book, Speed: -1},
		"a name twice":         {Scenario: tb.plot, Playbook: tb.book, People: []string{"a", "a"}},
	} {
		if _, err := s.StartExercise(ctx, n); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	plain, err := s.StartDrill(ctx, tb.book)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exercise(ctx, plain.ID); CodeOf(err) != CodeRefused {
		t.Errorf("a drill without a scenario: %v", err)
	}
}
