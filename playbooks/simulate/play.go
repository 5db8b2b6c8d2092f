package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
)

// maxMoves bounds a case: a playbook has 500 steps and may repeat them.
const maxMoves = 20_000

const runID = "r1"

// player drives one run through one case.
type player struct {
	world   World
	book    *playbooks.Playbook
	test    *playbooks.TestCase
	run     *playbooks.Run
	now     time.Time
	seq     int64
	trace   *Trace
	used    map[string]int    // entries of the case that were met, by their step
	blocked map[string]string // steps that go no further, and why
}

var people = incident.Actor{ID: "p1", Name: "test"}

// Play drives a run of the playbook through the case, as far as it goes.
func Play(p *playbooks.Playbook, c *playbooks.TestCase, w World) *Trace {
	pl := &player{
		world: w, book: p, test: c, run: playbooks.NewRun(runID, p), now: w.begins(),
		trace: &Trace{began: map[string]bool{}}, used: map[string]int{}, blocked: map[string]string{},
	}
	pl.run.About(about(p))
	if err := pl.start(); err != nil {
		pl.stop(c.Line, err)
	} else {
		pl.walk()
	}
	pl.finish()
	return pl.trace
}

// start begins the run with the case's values over those of the drill.
func (pl *player) start() error {
	given := map[string]any{}
	var without []string
	for name, value := range pl.test.Vars {
		if unknown(value) {
			without = append(without, name)
			continue
		}
		given[name] = value
	}
	vars, err := pl.book.Values(given, true)
	if err != nil {
		return err
	}
	for _, name := range without {
		delete(vars, name)
	}
	return pl.record(record.RunStarted, "", record.Started{
		Run: runID, Playbook: pl.book.ID, Name: pl.book.Name, Version: pl.book.Version, SHA256: pl.book.SHA256, Vars: vars,
	})
}

// record applies an entry to the run, a second after the last one.
func (pl *player) record(kind record.Kind, step string, payload any) error {
	d, err := record.NewDraft(people, kind, incident.NoPhase, step, payload)
	if err != nil {
		return err
	}
	pl.seq++
	pl.now = pl.now.Add(time.Second)
	if err := pl.run.Apply(record.Entry{Seq: pl.seq, Time: pl.now, Actor: people, Kind: kind, Step: step, Fields: d.Fields}); err != nil {
		return err
	}
	pl.clocks()
	return nil
}

// clocks notes those whose condition holds by now.
func (pl *player) clocks() {
	for _, c := range pl.book.Clocks {
		if slices.Contains(pl.trace.Clocks, c.Use) {
			continue
		}
		if c.When != "" {
			if !pl.holds(c.When) {
				continue
			}
		}
		pl.trace.Clocks = append(pl.trace.Clocks, c.Use)
	}
}

// holds evaluates a condition over the playbook's own variables. One that
// cannot be evaluated, because nobody knows a value, does not hold.
func (pl *player) holds(condition string) bool {
	top := pl.book.Steps()
	if len(top) == 0 {
		return false
	}
	yes, err := pl.run.Expect(top[0], condition, nil)
	return err == nil && yes
}

func (pl *player) stop(line int, err error) {
	if pl.trace.Problem == "" {
		pl.trace.Problem, pl.trace.Line = err.Error(), line
	}
}

func (pl *player) walk() {
	for range maxMoves {
		if pl.run.Over() || pl.trace.Problem != "" {
			return
		}
		moved, err := pl.move()
		if err != nil {
			pl.stop(pl.test.Line, err)
			return
		}
		if !moved {
			return
		}
	}
	pl.stop(pl.test.Line, fmt.Errorf("no end in sight after %d moves", maxMoves))
}

// move makes one move; false when none is left that the case allows.
func (pl *player) move() (bool, error) {
	for _, t := range pl.run.Ready(pl.now) {
		if _, stuck := pl.blocked[t.Step.ID]; stuck || !t.Due(pl.now) {
			continue
		}
		moved, err := pl.take(t)
		if moved || err != nil {
			return moved, err
		}
	}
	if moved, err := pl.people(); moved || err != nil {
		return moved, err
	}
	next := pl.run.Next(pl.now)
	if next.IsZero() {
		return false, nil
	}
	pl.now = next
	return true, nil
}

func (pl *player) take(t playbooks.Task) (bool, error) {
	id := t.Step.ID
	if t.Step.Verb.Holds() && t.Move != playbooks.Skip && t.Move != playbooks.Decide {
		if o, fresh, named := pl.peek(id); named && fresh && o.Skip != "" {
			pl.met(id)
			return true, pl.record(record.StepSkipped, id, record.StepSkip{Run: runID, Reason: o.Skip})
		}
	}
	switch t.Move {
	case playbooks.Skip:
		return true, pl.record(record.StepSkipped, id, record.StepSkip{Run: runID, Reason: t.Why, Guard: true})
	case playbooks.Branch:
		return true, pl.record(record.StepDone, id, record.StepEnd{Run: runID, Branch: t.Branch, Note: t.Why})
	case playbooks.Each:
		return true, pl.begin(t.Step, record.StepBegin{Run: runID, Items: t.Items, Count: len(t.Items)})
	case playbooks.Finish:
		end, err := pl.run.Success(t.Step, nil, nil, pl.now)
		if err != nil {
			return true, pl.fails(t.Step, fmt.Errorf("set variables: %w", err), false)
		}
		return true, pl.end(t.Step, record.StepDone, end)
	case playbooks.Fail:
		return true, pl.fails(t.Step, errors.New(t.Why), false)
	case playbooks.Decide:
		return pl.decide(t)
	case playbooks.Begin, playbooks.Retry, playbooks.Again:
		return true, pl.attempt(t.Step)
	}
	return false, fmt.Errorf("step %s: a move that tests do not know: %s", id, t.Move)
}

// decide takes the part of the person who has to: the case may give the
// variable a value, pass the step over, or do it all the same.
func (pl *player) decide(t playbooks.Task) (bool, error) {
	o, _, named := pl.peek(t.Step.ID)
	switch {
	case !named:
		pl.blocked[t.Step.ID] = t.Why
		return false, nil
	case o.Skip != "" || !t.Step.Verb.Holds() && len(o.Vars) == 0:
		return true, pl.attempt(t.Step)
	case len(o.Vars) > 0:
		if err := pl.variables(t.Step, o); err != nil {
			return true, err
		}
		if again := slices.IndexFunc(pl.run.Ready(pl.now), func(x playbooks.Task) bool {
			return x.Step.ID == t.Step.ID && x.Move == playbooks.Decide
		}); again >= 0 {
			pl.blocked[t.Step.ID] = t.Why
		}
		if t.Step.Verb.Holds() {
			pl.met(t.Step.ID)
		}
		return true, nil
	}
	pl.blocked[t.Step.ID] = t.Why
	return false, nil
}

// people takes up steps that failed for good, where the case says so.
func (pl *player) people() (bool, error) {
	for _, st := range pl.run.Steps() {
		if st.State != playbooks.Failed || st.Handled {
			continue
		}
		id := st.Step.ID
		o, fresh, named := pl.peek(id)
		if !named || !fresh {
			continue
		}
		if o.Skip != "" {
			pl.met(id)
			return true, pl.record(record.StepSkipped, id, record.StepSkip{Run: runID, Reason: o.Skip})
		}
		return true, pl.record(record.StepReopened, id, record.StepSkip{Run: runID, Reason: "tried again"})
	}
	return false, nil
}

// of finds what the case says of a step: by its name in the run, else by the
// name without numbers.
func (pl *player) of(name string) *playbooks.Met {
	for _, want := range []string{name, plainName(name)} {
		for i := range pl.test.Steps {
			if pl.test.Steps[i].Step == want {
				return &pl.test.Steps[i]
			}
		}
	}
	return nil
}

// peek is what the next attempt at a step meets; fresh says that no attempt has
// met that entry yet.
func (pl *player) peek(name string) (o playbooks.Outcome, fresh, named bool) {
	m := pl.of(name)
	if m == nil {
		return o, false, false
	}
	n := pl.used[m.Step]
	return m.Entries[min(n, len(m.Entries)-1)], n < len(m.Entries), true
}

// met counts an entry of the case as met.
func (pl *player) met(name string) {
	if m := pl.of(name); m != nil {
		pl.used[m.Step]++
	}
}

func (pl *player) line(name string) int {
	if m := pl.of(name); m != nil {
		return m.Line()
	}
	return pl.test.Line
}

// variables are what a person sets, of the playbook that the step is of.
func (pl *player) variables(s *playbooks.Step, o playbooks.Outcome) error {
	book, at := pl.run.BookOf(s), ""
	if i := strings.LastIndexByte(s.ID, '/'); i >= 0 {
		at = s.ID[:i+1]
	}
	vars := map[string]any{}
	for name, value := range o.Vars {
		v, ok := book.Var(name)
		if !ok {
			return fmt.Errorf("step %s: playbook %s has no variable %s", s.ID, book.ID, name)
		}
		x, err := value, error(nil)
		if text, isText := value.(string); isText {
			x, err = v.Read(text)
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		vars[at+name] = x
	}
	return pl.record(record.VariableSet, "", record.Variables{Run: runID, Vars: vars})
}

// begin records the beginning of an attempt.
func (pl *player) begin(s *playbooks.Step, b record.StepBegin) error {
	if err := pl.record(record.StepStarted, s.ID, b); err != nil {
		return err
	}
	pl.trace.began[s.ID] = true
	return nil
}

// end records the end of a step and puts it on the path.
func (pl *player) end(s *playbooks.Step, kind record.Kind, payload any) error {
	if err := pl.record(kind, s.ID, payload); err != nil {
		return err
	}
	if !s.Verb.Holds() {
		pl.trace.Path = append(pl.trace.Path, s.ID)
	}
	return nil
}

// finish describes the run as it was left.
func (pl *player) finish() {
	t := pl.trace
	t.Vars = pl.run.Vars()
	failed := false
	for _, st := range pl.run.Steps() {
		id := st.Step.ID
		t.Steps = append(t.Steps, Step{
			Name: id, State: st.State, Why: why(st), Began: t.began[id], Holds: st.Step.Verb.Holds(),
		})
		if st.State == playbooks.Failed && !st.Handled {
			failed = true
			t.Waits = append(t.Waits, "step "+id+" failed: "+st.Error)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(pl.blocked)) {
		if st, ok := pl.run.Status(id); ok && (st.State == playbooks.Ready || st.State == playbooks.Running) {
			t.Waits = append(t.Waits, "step "+id+" waits: "+pl.blocked[id])
		}
	}
	switch {
	case pl.run.Over():
		t.End = playbooks.EndDone
	case failed:
		t.End = playbooks.EndFailed
	default:
		t.End = playbooks.EndWaiting
	}
	for _, m := range pl.test.Steps {
		if n := pl.used[m.Step]; n < len(m.Entries) {
			t.Unmet = append(t.Unmet, Unmet{m.Step, m.Line(), n, len(m.Entries)})
		}
	}
}

func why(st *playbooks.StepStatus) string {
	if st.State == playbooks.Failed && st.Error != "" {
		return st.Error
	}
	return st.Why
}

// plainTop is the id, in the playbook that is tested, of the step that a name
// belongs to.
func plainTop(name string) string {
	top, _, _ := strings.Cut(name, "/")
	id, _, _ := strings.Cut(top, ".")
	return id
}
