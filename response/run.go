package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// stepKinds are the entries a run is made of.
var stepKinds = []record.Kind{
	record.RunStarted, record.VariableSet, record.StepStarted, record.StepDone,
	record.StepFailed, record.StepSkipped, record.StepReopened, record.StepAdded,
}

// replayed is a run as the record had it at some time.
type replayed struct {
	read store.Reading
	run  *playbooks.Run
}

// mostReplayed bounds how many runs are kept.
const mostReplayed = 8

// run replays the incident's run from its record, and of one that it had before
// what came since; nil when it follows none. It is the caller's to change.
func (s *Service) run(tx *store.Tx) (*playbooks.Run, error) {
	id := tx.ID()
	s.replayedMu.Lock()
	had := s.replayed[id]
	s.replayedMu.Unlock()
	entries, read, anew, err := tx.Since(had.read, stepKinds...)
	if err != nil {
		return nil, err
	}
	var run *playbooks.Run
	if had.run != nil && !anew {
		run = had.run.Clone()
	}
	if run, err = s.follow(run, entries); err != nil || run == nil {
		return nil, err
	}
	if len(entries) > 0 {
		s.replayedMu.Lock()
		if s.replayed == nil || len(s.replayed) >= mostReplayed {
			s.replayed = map[incident.ID]replayed{}
		}
		s.replayed[id] = replayed{read, run.Clone()}
		s.replayedMu.Unlock()
	}
	inc, err := tx.Incident()
	run.About(inc)
	return run, err
}

// follow applies entries to a run; nil is one that has not begun.
func (s *Service) follow(run *playbooks.Run, entries []record.Entry) (*playbooks.Run, error) {
	for _, e := range entries {
		if e.Kind == record.RunStarted {
			var st record.Started
			if err := e.Decode(&st); err != nil {
				return nil, err
			}
			p, err := s.pinned(st)
			if err != nil {
				return nil, err
			}
			run = s.newRun(st, p)
		}
		if run == nil {
			continue
		}
		if err := run.Apply(e); err != nil {
			return nil, fmt.Errorf("replay run: entry %d: %w", e.Seq, err)
		}
	}
	return run, nil
}

// newRun is a run that has not begun, whose called playbooks are parsed once.
func (s *Service) newRun(st record.Started, p *playbooks.Playbook) *playbooks.Run {
	run := playbooks.NewRun(st.Run, p)
	run.ParseWith(s.parseOnce)
	return run
}

// parseOnce parses a playbook, or returns what it was parsed to before.
func (s *Service) parseOnce(name string, source []byte) (*playbooks.Playbook, error) {
	sum := sha256.Sum256(source)
	return s.parse(name, hex.EncodeToString(sum[:]), source)
}

// pinned parses the playbook as it was when the run started, once.
func (s *Service) pinned(st record.Started) (*playbooks.Playbook, error) {
	p, err := s.parse(st.Playbook+".yaml", st.SHA256, []byte(st.Source))
	if err != nil {
		return nil, fmt.Errorf("parse the pinned playbook %s %s: %w", st.Playbook, st.Version, err)
	}
	return p, nil
}

func (s *Service) parse(name, sum string, source []byte) (*playbooks.Playbook, error) {
	s.parsedMu.Lock()
	defer s.parsedMu.Unlock()
	if p := s.parsed[sum]; p != nil {
		return p, nil
	}
	p, err := playbooks.Parse(name, source)
	if err != nil {
		return nil, err
	}
	s.parsed[sum] = p
	return p, nil
}

// mustRun is run for calls that need one.
func (s *Service) mustRun(tx *store.Tx, id incident.ID) (*playbooks.Run, error) {
	if err := mustBeOpen(tx); err != nil {
		return nil, err
	}
	run, err := s.run(tx)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, refused("open an incident with --playbook, or record notes and actions without one", "%s follows no playbook", id)
	}
	return run, nil
}

// startRun records the run and what follows from it by itself.
func (s *Session) startRun(ctx context.Context, st *store.Store, started record.Started) error {
	_, err := st.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		p, err := s.s.pinned(started)
		if err != nil {
			return nil, err
		}
		return s.settled(tx, s.s.newRun(started, p), record.RunStarted, "", started)
	})
	return err
}

// change moves the run by one entry: decide looks at the run and says which.
// What follows by itself (guards that are false, branches taken, a new phase)
// is recorded in the same transaction.
func (s *Session) change(ctx context.Context, f *folder, decide func(*store.Tx, *playbooks.Run) (record.Kind, string, any, error)) error {
	_, err := f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return nil, err
		}
		kind, step, payload, err := decide(tx, run)
		if err != nil {
			return nil, err
		}
		return s.settled(tx, run, kind, step, payload)
	})
	return err
}

// catchUp records what follows by itself from the time: the next round of an if
// that repeats.
func (s *Session) catchUp(ctx context.Context, f *folder) error {
	due := false
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err == nil {
			_, due = byItself(run, s.s.o.Now())
		}
		return err
	})
	if err != nil || !due {
		return err
	}
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return nil, err
		}
		drafts, err := s.settled(tx, run, "", "", nil)
		if err == nil && len(drafts) == 0 {
			err = errMoved // another process was first
		}
		return drafts, err
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// settled returns the draft of that entry, if there is one, and of all that
// follows from it.
func (s *Session) settled(tx *store.Tx, run *playbooks.Run, kind record.Kind, step string, payload any) ([]record.Draft, error) {
	inc, err := tx.Incident()
	if err != nil {
		return nil, err
	}
	phase := inc.Phase
	var drafts []record.Draft
	add := func(kind record.Kind, step string, payload any) error {
		d, err := s.newDraft(kind, phase, step, payload)
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
		e := record.Entry{Time: s.s.o.Now().UTC(), Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Step: d.Step, Fields: d.Fields}
		if err := run.Apply(e); err != nil {
			return refused("", "%w", err)
		}
		if now := run.Phase(); now != incident.NoPhase && now != phase {
			d, err := s.newDraft(record.PhaseEntered, now, "", record.Entered{From: phase, To: now})
			if err != nil {
				return err
			}
			drafts = append(drafts, d)
			phase = now
		}
		return nil
	}
	if kind != "" {
		if err := add(kind, step, payload); err != nil {
			return nil, err
		}
	}
	for range 20_000 { // a run has fewer steps, and few moves each
		t, ok := byItself(run, s.s.o.Now())
		if !ok {
			return drafts, nil
		}
		if err := s.follow(run, t, add); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("settle run: no end in sight")
}

// byItself is a move that follows from what was recorded: nobody decides it, and
// nothing is done outside.
func byItself(run *playbooks.Run, now time.Time) (playbooks.Task, bool) {
	for _, t := range run.Ready(now) {
		if followsByItself(t) && t.Due(now) {
			return t, true
		}
	}
	return playbooks.Task{}, false
}

func followsByItself(t playbooks.Task) bool {
	switch t.Move {
	case playbooks.Skip, playbooks.Each, playbooks.Fail, playbooks.Branch:
		return true
	case playbooks.Finish:
		return t.Step.Verb == playbooks.VerbPlaybook
	case playbooks.Begin, playbooks.Retry, playbooks.Again, playbooks.Decide:
	}
	return false
}

// follow records such a move.
func (s *Session) follow(run *playbooks.Run, t playbooks.Task, add func(record.Kind, string, any) error) error {
	id, now := t.Step.ID, s.s.o.Now().UTC()
	switch t.Move { //nolint:exhaustive // those of byItself
	case playbooks.Skip:
		return add(record.StepSkipped, id, record.StepSkip{Run: run.ID(), Reason: t.Why, Guard: true})
	case playbooks.Branch:
		return add(record.StepDone, id, record.StepEnd{Run: run.ID(), Branch: t.Branch, Note: t.Why})
	case playbooks.Each:
		return add(record.StepStarted, id, record.StepBegin{Run: run.ID(), Items: t.Items, Count: len(t.Items)})
	case playbooks.Finish:
		end, err := run.Success(t.Step, nil, nil, now)
		if err == nil {
			return add(record.StepDone, id, end)
		}
		return add(record.StepFailed, id, run.Failure(t.Step, fmt.Errorf("set variables: %w", err), now, false))
	}
	return add(record.StepFailed, id, run.Failure(t.Step, errors.New(t.Why), now, t.Step.Verb == playbooks.VerbPlaybook))
}
