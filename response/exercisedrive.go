package response

import (
	"context"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	drills "firebreak/playbooks/drill"
	"firebreak/store"
	"firebreak/timeline"
)

// drive is one run of an exercise with nobody at the keyboard: a made-up player
// takes the part of everybody.
type drive struct {
	s      *Session
	f      *folder
	player drills.Player
	tell   ProgressFunc
	marked map[string]bool   // findings that have been starred
	truth  map[string]string // of the evidence there was when
	sealed int               // so many exhibits were sealed
	again  map[string]bool   // failed steps that were taken up once more
}

const byPlayer = "drill: a made-up player is at the keyboard"

// RunExercise walks the exercise to its end with a made-up player. The clock
// moves by the scenario's pace, so that the same seed and the same player give
// the same score.
func (s *Session) RunExercise(ctx context.Context, id incident.ID, player drills.Player, p ProgressFunc) (ExerciseReport, error) {
	f, x, err := s.mustExercise(ctx, id)
	if err != nil {
		return ExerciseReport{}, err
	}
	if x.Speed != 0 {
		return ExerciseReport{}, refused("begin it without --speed", "the clock of %s runs by itself: a made-up player moves it", id)
	}
	d := &drive{s: s, f: f, player: player, tell: p, marked: map[string]bool{}, again: map[string]bool{}}
	for range 10_000 { // a playbook has fewer steps
		done, err := d.turn(ctx)
		if err != nil {
			return ExerciseReport{}, err
		}
		if done {
			return s.finishExercise(ctx, f, "the playbook is at its end", byPlayer)
		}
	}
	return ExerciseReport{}, fmt.Errorf("drill %s: no end in sight", id)
}

// finishExercise ends the exercise, closes the incident, and writes review and
// report.
func (s *Session) finishExercise(ctx context.Context, f *folder, reason, why string) (ExerciseReport, error) {
	if err := s.EndExercise(ctx, f.id, reason); err != nil {
		return ExerciseReport{}, err
	}
	r, err := s.ReportExercise(ctx, f.id, "", false)
	if err != nil {
		return r, err
	}
	if err := s.CloseIncident(ctx, f.id, "the exercise is over; "+why); err != nil {
		return r, err
	}
	r.Review, err = s.writeReview(ctx, f, "", ReviewOptions{})
	return r, err
}

// turn lets what happens by itself happen, then makes one move.
func (d *drive) turn(ctx context.Context) (done bool, err error) {
	if err := d.look(ctx); err != nil {
		return false, err
	}
	before := d.f.store.Head().Size
	w, err := d.s.Advance(ctx, d.f.id, d.tell)
	if err != nil {
		return false, err
	}
	x, err := d.f.exercise(ctx)
	if err != nil {
		return false, err
	}
	if d.f.store.Head().Size > before {
		if err := d.pass(ctx, x.Pace.Automatic); err != nil {
			return false, err
		}
	}
	if w.Done {
		return true, d.last(ctx)
	}
	moved, err := d.move(ctx, x)
	if err == nil && !moved {
		err = refused("firebreak show "+string(d.f.id), "the exercise cannot go on: %s", w.Reason)
	}
	return false, err
}

// pass lets time pass, and meets what it brings.
func (d *drive) pass(ctx context.Context, by time.Duration) error {
	if by <= 0 {
		return nil
	}
	if _, err := d.s.moveClock(ctx, d.f, by, byPlayer); err != nil {
		return err
	}
	return d.look(ctx)
}

// look brings in what is due and answers what the player answers by now.
func (d *drive) look(ctx context.Context) error {
	if err := d.s.pulse(ctx, d.f, d.tell); err != nil {
		return err
	}
	x, err := d.f.exercise(ctx)
	if err != nil {
		return err
	}
	for _, a := range x.Open() {
		choice, note, now := d.player.Answer(x, a)
		if !now {
			continue
		}
		if _, err := d.s.AnswerInject(ctx, d.f.id, a.ID, choice, note); err != nil {
			return err
		}
	}
	for role, person := range d.player.Takes(x) {
		if err := d.s.Assign(ctx, d.f.id, role, person); err != nil {
			return err
		}
	}
	return nil
}

// last lets injects come whose time is known, so that an exercise that was quick
// meets them too.
func (d *drive) last(ctx context.Context) error {
	for range 200 {
		x, err := d.f.exercise(ctx)
		if err != nil {
			return err
		}
		by := x.Moved(d.s.s.o.Now())
		if by == 0 {
			return nil
		}
		if err := d.pass(ctx, by); err != nil {
			return err
		}
	}
	return nil
}

// move takes the part of the person that the exercise waits for.
func (d *drive) move(ctx context.Context, x *drills.Exercise) (bool, error) {
	if err := d.mark(ctx, x); err != nil {
		return false, err
	}
	var run *playbooks.Run
	err := d.f.store.View(ctx, func(tx *store.Tx) (err error) {
		run, err = d.s.s.mustRun(tx, d.f.id)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, t := range run.Ready(d.s.s.o.Now()) {
		if t.Move == playbooks.Decide { // it hangs on an answer that nobody gave
			return true, d.s.SkipStep(ctx, d.f.id, t.Step.ID, byPlayer+"; nobody can say whether it applies")
		}
	}
	for _, st := range run.Steps() {
		id := st.Step.ID
		switch {
		case st.State == playbooks.Failed && st.Step.Verb.Acts() && !d.again[id] && d.player.Persists():
			d.again[id] = true
			if err := d.pass(ctx, x.Pace.Manual); err != nil {
				return false, err
			}
			return true, d.s.ReopenStep(ctx, d.f.id, id, "the cause was found; once more")
		case st.State == playbooks.Failed && !st.Handled:
			return true, d.s.SkipStep(ctx, d.f.id, id, byPlayer+"; the step failed: "+st.Why)
		case st.State == playbooks.Running && st.Step.Verb == playbooks.VerbWait:
			return true, d.s.FinishWait(ctx, d.f.id, id, byPlayer)
		case st.State == playbooks.Ready && st.Step.Verb.Manual():
			if err := d.pass(ctx, x.Pace.Manual); err != nil {
				return false, err
			}
			answers := d.player.Answers(x, run.Playbook(), st.Step)
			return true, d.s.DoneStep(ctx, d.f.id, id, answers, byPlayer)
		case st.State == playbooks.Ready && st.Step.Verb.Acts():
			if err := d.pass(ctx, x.Pace.Automatic); err != nil {
				return false, err
			}
			return true, d.act(ctx, id)
		case st.State == playbooks.Running && st.Step.Verb.Acts():
			if moved, err := d.unknown(ctx, id); moved || err != nil {
				return moved, err
			}
		}
	}
	return false, nil
}

// act plans, approves and does the action of a step. The plan brings in what
// waits for it.
func (d *drive) act(ctx context.Context, step string) error {
	if _, err := d.s.PlanStep(ctx, d.f.id, step); err != nil {
		return d.s.drillFails(ctx, d.f, step, err)
	}
	if err := d.look(ctx); err != nil {
		return err
	}
	return d.s.drillAction(ctx, d.f, step)
}

// unknown looks what became of an action that may have happened.
func (d *drive) unknown(ctx context.Context, step string) (bool, error) {
	a, ok, err := d.s.latestOf(ctx, d.f, wish{step: step})
	if err != nil || !ok {
		return false, err
	}
	switch {
	case a.State == Unknown && !d.again[a.Action]:
		d.again[a.Action] = true
		_, err := d.s.Look(ctx, d.f.id, a.Action)
		return true, err
	case a.NotSent():
		return true, d.s.drillAction(ctx, d.f, step)
	}
	return false, nil
}

// mark stars what the player sees in the evidence.
func (d *drive) mark(ctx context.Context, x *drills.Exercise) error {
	if n := x.Exhibits(); n != d.sealed {
		d.sealed = n
		truth, _, err := x.Truth(eventName)
		if err != nil {
			return err
		}
		d.truth = truth
	}
	star := true
	for _, pick := range d.player.Stars(x, d.truth) {
		if d.marked[pick] {
			continue
		}
		d.marked[pick] = true
		if err := d.s.Mark(ctx, d.f.id, pick, &star, nil, ""); err != nil {
			return err
		}
	}
	if d.player == drills.Careless && !d.marked["noise"] && len(d.truth) > 0 {
		d.marked["noise"] = true
		page, err := d.s.Page(ctx, d.f.id, PageRequest{Limit: 5})
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := d.s.Mark(ctx, d.f.id, e.ID.String(), &star, nil, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventName is the id of the event that begins at that byte of an exhibit.
func eventName(sha256, parser string, offset int64) string {
	return timeline.EventID(sha256, parser, offset, 0).String()
}
