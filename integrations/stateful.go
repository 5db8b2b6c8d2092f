package integrations

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Stateful is an action whose effect is a state that the other side shows: what
// Prior reads is what Verify reads again, and what Find looks for after a crash.
// Its parts say only what is its own. S is one use of a connection.
type Stateful[S any] struct {
	About Description
	Base  string
	Now   func() time.Time
	// Open begins one use; nothing has been sent when it fails.
	Open func(context.Context) (context.Context, S, error)
	// Identity says who the other side takes us for.
	Identity func(context.Context, S) (string, error)
	// Refuse, where it is set, refuses more than Check does.
	Refuse func(Values) error
	// State reads what is there. The receipt is empty before the action was done,
	// and when nobody knows whether it was. A member Unreadable says why the
	// other side cannot be asked.
	State func(context.Context, S, Call, Values, Receipt) (map[string]any, error)
	// Holds says whether that is what the action makes, in words too.
	Holds func(Values, map[string]any) (bool, string)
	// Draw says in the plan what will happen.
	Draw func(*Plan, Values)
	// Change does it and returns what it left, as State would show it.
	Change func(context.Context, S, Call, Values) (map[string]any, error)
	// Note makes the receipt out of a state that holds.
	Note func(Values, map[string]any) Receipt
}

// Unreadable is the member of a state that could not be read.
const Unreadable = "unreadable"

// Undoable is a Stateful action with an inverse.
type Undoable[S any] struct {
	Stateful[S]
	Back func(Call, Prior, Receipt) (Call, error)
}

// Describe implements Action.
func (a Stateful[S]) Describe() Description { return a.About }

func (a Stateful[S]) read(c Call) (Values, error) {
	v, err := Read(a.About, c.Params)
	if err == nil && a.Refuse != nil {
		if err = a.Refuse(v); err != nil {
			err = &Error{Outcome: Rejected, Err: err}
		}
	}
	return v, err
}

// state reads the state under a use of its own.
func (a Stateful[S]) state(ctx context.Context, c Call, r Receipt) (Values, map[string]any, error) {
	v, err := a.read(c)
	if err != nil {
		return v, nil, err
	}
	ctx, s, err := a.Open(ctx)
	if err != nil {
		return v, nil, err
	}
	state, err := a.State(ctx, s, c, v, r)
	return v, state, err
}

// Prior implements Action.
func (a Stateful[S]) Prior(ctx context.Context, c Call) (Prior, error) {
	_, state, err := a.state(ctx, c, Receipt{})
	return Prior{State: state}, err
}

// Plan implements Action.
func (a Stateful[S]) Plan(ctx context.Context, c Call, prior Prior) (Plan, error) {
	v, err := a.read(c)
	if err != nil {
		return Plan{}, err
	}
	ctx, s, err := a.Open(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Call: c, Base: a.Base, Prior: prior}
	if p.Identity, err = a.Identity(ctx, s); err != nil {
		return Plan{}, err
	}
	p.Unchanged, _ = a.Holds(v, prior.State)
	a.Draw(&p, v)
	if why, ok := prior.State[Unreadable].(string); ok {
		p.Proof = "that the other side took it, no more"
		p.Warnings = append(p.Warnings, "the effect cannot be read back: "+why)
	}
	return p, nil
}

// Plan implements Action.
func (a Undoable[S]) Plan(ctx context.Context, c Call, prior Prior) (Plan, error) {
	p, err := a.Stateful.Plan(ctx, c, prior)
	if err != nil {
		return p, err
	}
	if inverse, err := a.Back(c, prior, Receipt{}); err == nil {
		p.Inverse = &inverse
	}
	return p, nil
}

// Do implements Action.
func (a Stateful[S]) Do(ctx context.Context, c Call, _ Plan) (Receipt, error) {
	v, err := a.read(c)
	if err != nil {
		return Receipt{}, err
	}
	ctx, s, err := a.Open(ctx)
	if err != nil {
		return Receipt{}, err
	}
	left, err := a.Change(ctx, s, c, v)
	if err != nil {
		return Receipt{}, err
	}
	return a.receipt(v, left), nil
}

func (a Stateful[S]) receipt(v Values, state map[string]any) Receipt {
	r := a.Note(v, state)
	r.At = a.Now()
	return r
}

// Verify implements Action.
func (a Stateful[S]) Verify(ctx context.Context, c Call, r Receipt) (Verification, error) {
	v, state, err := a.state(ctx, c, r)
	if err != nil {
		return Verification{}, err
	}
	if why, ok := state[Unreadable].(string); ok {
		if r.Ref == "" {
			return Verification{}, fmt.Errorf("read back %s: %s: %w", c.Action, why, ErrNotReadable)
		}
		return Verification{OK: true, Unread: true, Says: "the other side took it; it cannot be read back: " + why}, nil
	}
	ok, says := a.Holds(v, state)
	return Verification{OK: ok, Says: says, State: state}, nil
}

// Find implements Finder.
func (a Stateful[S]) Find(ctx context.Context, c Call) (Receipt, bool, error) {
	v, state, err := a.state(ctx, c, Receipt{})
	if err != nil {
		return Receipt{}, false, err
	}
	if why, ok := state[Unreadable].(string); ok {
		return Receipt{}, false, fmt.Errorf("look for %s: %s: %w", c.Action, why, ErrNotReadable)
	}
	if ok, _ := a.Holds(v, state); !ok {
		return Receipt{}, false, nil
	}
	return a.receipt(v, state), true, nil
}

// Inverse implements Reverter. What was so before is not undone.
func (a Undoable[S]) Inverse(c Call, prior Prior, r Receipt) (Call, error) {
	v, err := a.read(c)
	if err != nil {
		return Call{}, err
	}
	if ok, says := a.Holds(v, prior.State); ok {
		return Call{}, fmt.Errorf("invert %s: before it was done, %s", c.Action, says)
	}
	return a.Back(c, prior, r)
}

// Member is a text in a receipt's data; an error says that it is not there.
func (r Receipt) Member(name string) (string, error) {
	s, _ := r.Data[name].(string)
	if s == "" {
		return "", errors.New("read receipt: it has no " + name)
	}
	return s, nil
}
