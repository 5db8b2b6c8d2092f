package response

import (
	"context"
	"errors"
	"slices"
	"sync"

	"firebreak/playbooks"
)

// sideBySideMost is how many steps are performed at the same time.
const sideBySideMost = 8

// performed is how one step that was taken came out.
type performed struct {
	step string
	err  error
}

// sideBySide performs all that needs nobody, steps that do not wait for each
// other at the same time. A failure of one does not stop the others; the end of
// ctx stops all, and each is left so that it can be run again.
func (s *Session) sideBySide(ctx context.Context, f *folder, p ProgressFunc) (Waiting, error) {
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	told := &teller{to: p}
	ended := make(chan performed)
	busy := map[string]bool{}
	var failure error
	var w Waiting
	for {
		if failure == nil && ctx.Err() == nil {
			var moves []playbooks.Task
			err := s.catchUp(ctx, f)
			if err == nil {
				moves, w, err = s.automatic(ctx, f)
			}
			if err != nil {
				failure = err
				stop(err)
			}
			if slices.ContainsFunc(moves, followsByItself) && failure == nil {
				continue // it is recorded first
			}
			for _, t := range moves {
				if len(busy) >= sideBySideMost || failure != nil {
					break
				}
				if busy[t.Step.ID] {
					continue
				}
				busy[t.Step.ID] = true
				go func() { ended <- performed{t.Step.ID, s.takeInTurn(work, f, t, told)} }()
			}
		}
		if len(busy) == 0 {
			if ctx.Err() != nil {
				return w, context.Cause(ctx)
			}
			return w, failure
		}
		told.at(len(busy))
		one := <-ended
		delete(busy, one.step)
		if one.err == nil || ctx.Err() != nil {
			continue
		}
		if mended, err := s.recorded(ctx, f, one); !mended {
			failure = errors.Join(failure, err) // the others come to their end first
		}
	}
}

// takeInTurn performs one move. What reads or takes evidence is done one at a
// time: it has the disk and the timeline to itself.
func (s *Session) takeInTurn(ctx context.Context, f *folder, t playbooks.Task, told *teller) error {
	switch t.Step.Verb { //nolint:exhaustive // the others do not disturb each other
	case playbooks.VerbCollect, playbooks.VerbIngest, playbooks.VerbDetect:
		select {
		case f.evidence <- struct{}{}:
			defer func() { <-f.evidence }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return s.take(ctx, f, t, told.of(t.Step.ID))
}

// recorded says whether a step that did not come to a good end left it at that:
// another process was first, or the failure is in the record, so that a retry,
// on_failure, the fallback or a person is next.
func (s *Session) recorded(ctx context.Context, f *folder, one performed) (bool, error) {
	if CodeOf(one.err) == CodeRefused {
		if elsewhere, err := s.takenElsewhere(ctx, f, one.step); err == nil && elsewhere {
			return true, nil
		}
	}
	if failed, err := s.hasFailed(ctx, f, one.step); err == nil && failed {
		return true, nil
	}
	return false, one.err // it was not the step that failed
}

// teller passes progress on from steps that are performed at the same time, one
// word at a time; while there are several it says of which step each is.
type teller struct {
	mu   sync.Mutex
	to   ProgressFunc
	many bool
}

func (t *teller) at(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.many = n > 1
}

// of is what the step tells its progress to.
func (t *teller) of(step string) ProgressFunc {
	if t.to == nil {
		return nil
	}
	return func(p Progress) {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.Step = step
		if t.many {
			p.What = step + ": " + p.What
		}
		t.to(p)
	}
}
