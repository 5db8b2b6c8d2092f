// Package gate keeps what one connection bears, over all processes of a
// workspace: a rate (a token bucket), one write at a time, and a circuit breaker.
// Limit and Break put it around an attempt to send.
//
// Its state is a small file for each connection. What holds a turn is a lock that
// the kernel gives back, so a process that is killed stops nobody; at most it
// costs the time of one token. The file holds times and counts, no secret, and can
// be deleted: that is a gate that has seen nothing.
package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"firebreak/integrations"
	"firebreak/internal/durable"
)

// Rules are what a connection bears.
type Rules struct {
	Every time.Duration // between two writes; 0: as they come, also beside each other
	Burst int           // so many may come at once
	// Failures in a row open the breaker, for as long as Open says; then one
	// attempt is let through.
	Failures int
	Open     time.Duration
	Probe    time.Duration // how long that one may take before another may try
}

// Of are the rules for a kind of system. GitHub asks for one write a second and
// one at a time; PagerDuty takes 120 events a minute for a key.
func Of(kind string) Rules {
	r := Rules{Every: time.Second, Burst: 1, Failures: 5, Open: 30 * time.Second, Probe: 3 * time.Minute}
	switch kind {
	case "pagerduty":
		r.Every = 500 * time.Millisecond
	case "linux", "ssh":
		r.Every = 0 // what is done on a host may take long, and must not wait for each other
	}
	return r
}

// Gate is the gate of one connection. It is safe for concurrent use, also by
// several processes.
type Gate struct {
	dir, name string
	rules     Rules
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
}

// Open returns the gate of the connection of that name, whose state is in dir.
func Open(dir, name string, r Rules, now func() time.Time, sleep func(context.Context, time.Duration) error) (*Gate, error) {
	if name == "" || name != filepath.Base(name) || name[0] == '.' {
		return nil, fmt.Errorf("open gate %q: not a name", name)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open gate of %s: %w", name, err)
	}
	return &Gate{dir: dir, name: name, rules: r, now: now, sleep: sleep}, nil
}

// State is what the file of a gate holds.
type State struct {
	// Full is when the bucket is full again: the time of the last token, as it were.
	Full  time.Time `json:"full,omitzero"`
	Until time.Time `json:"until,omitzero"` // the other side asked to wait so long
	Asked time.Time `json:"asked,omitzero"` // and when it did
	// Failures is how many attempts in a row failed on the way.
	Failures int       `json:"failures,omitempty"`
	Opened   time.Time `json:"opened,omitzero"` // when the breaker opened last
	Probing  time.Time `json:"probing,omitzero"`
	Why      string    `json:"why,omitempty"` // class of the last failure
}

// View is where a connection stands, for people.
type View struct {
	Connection string    `json:"connection"`
	Breaker    string    `json:"breaker"` // closed, open, half-open
	Failures   int       `json:"failures"`
	Until      time.Time `json:"until,omitzero"` // an open breaker lets one through then
	Next       time.Time `json:"next,omitzero"`  // the next write; zero is now
	PerMinute  float64   `json:"per_minute"`
}

// The states of a breaker.
const (
	BreakerClosed   = "closed"
	BreakerOpen     = "open"
	BreakerHalfOpen = "half-open"
)

// View reads where the connection stands.
func (g *Gate) View() (View, error) {
	s, err := g.read()
	if err != nil {
		return View{}, err
	}
	now := g.now()
	s.sane(g.rules, now)
	v := View{Connection: g.name, Breaker: BreakerClosed, Failures: s.Failures}
	if g.rules.Every > 0 {
		v.PerMinute = float64(time.Minute) / float64(g.rules.Every)
	}
	if s.Failures >= g.rules.Failures {
		v.Breaker, v.Until = BreakerHalfOpen, g.opens(s)
		if v.Until.After(now) {
			v.Breaker = BreakerOpen
		}
	}
	if next := g.next(s); next.After(now) {
		v.Next = next
	}
	return v, nil
}

// sane brings what lies in the future down to what it can be: the clock was set
// back. It must not keep people from acting for longer than the rules say.
func (s *State) sane(r Rules, now time.Time) {
	if most := now.Add(r.Every * time.Duration(max(r.Burst, 1))); s.Full.After(most) {
		s.Full = most
	}
	if s.Asked.After(now) {
		s.Asked, s.Until = time.Time{}, time.Time{}
	}
	if s.Opened.After(now) {
		s.Opened = now
	}
	if s.Probing.After(now) {
		s.Probing = now
	}
}

// opens is when an open breaker lets an attempt through.
func (g *Gate) opens(s State) time.Time {
	if !s.Probing.IsZero() {
		return s.Probing.Add(g.rules.Probe)
	}
	return s.Opened.Add(g.rules.Open)
}

// next is when the next write may begin.
func (g *Gate) next(s State) time.Time {
	at := s.Full.Add(-g.rules.Every * time.Duration(max(g.rules.Burst, 1)-1))
	if s.Until.After(at) {
		at = s.Until
	}
	return at
}

// ErrAsked says that nothing was sent because the other side asked to wait.
var ErrAsked = errors.New("it was asked to wait")

// longest is how long a turn is waited for in silence.
const longest = 10 * time.Second

// Turn waits until this process may write to the connection, and returns what
// gives the turn back. When that is later than in a moment, because the other side
// asked to wait, it says so: the outcome is integrations.Throttled.
func (g *Gate) Turn(ctx context.Context) (done func(), err error) {
	if g.rules.Every <= 0 {
		return func() {}, nil
	}
	f, err := g.lock(ctx, g.name+".turn")
	if err != nil {
		return nil, err
	}
	for {
		var wait time.Duration
		err := g.change(ctx, func(s *State) {
			now := g.now()
			if wait = g.next(*s).Sub(now); wait > 0 {
				return
			}
			if s.Full.Before(now) {
				s.Full = now
			}
			s.Full = s.Full.Add(g.rules.Every)
		})
		if err == nil && wait <= 0 {
			return func() { _ = f.Close() }, nil // closing gives the lock back
		}
		switch {
		case err == nil && wait > longest:
			err = &integrations.Error{
				Outcome: integrations.Throttled, After: wait,
				Err: fmt.Errorf("connection %s: %w until %s", g.name, ErrAsked, g.now().Add(wait).UTC().Format(time.RFC3339)),
			}
		case err == nil:
			err = g.sleep(ctx, wait)
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
}

// lock waits for a file to be ours alone, until the context ends.
func (g *Gate) lock(ctx context.Context, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(g.dir, name), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // Open takes no name that leads elsewhere
	if err != nil {
		return nil, fmt.Errorf("enter gate of %s: %w", g.name, err)
	}
	const look = 10 * time.Millisecond
	for {
		ours, err := durable.Claim(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("enter gate of %s: %w", g.name, err), f.Close())
		}
		if ours {
			return f, nil
		}
		t := time.NewTimer(look)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, errors.Join(context.Cause(ctx), f.Close())
		}
	}
}

// most is how large a state file is that anybody wrote.
const most = 64 << 10

func (g *Gate) file() string { return filepath.Join(g.dir, g.name+".json") }

// read reads the state. What cannot be understood counts as nothing: a gate must
// not keep people from acting.
func (g *Gate) read() (State, error) {
	f, err := os.Open(g.file())
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("read gate of %s: %w", g.name, err)
	}
	defer f.Close() //nolint:errcheck // read only: nothing can be lost by closing
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return State{}, fmt.Errorf("read gate of %s: %w", g.name, err)
	}
	var s State
	if json.Unmarshal(b, &s) != nil {
		return State{}, nil //nolint:nilerr // see above
	}
	s.Failures = max(s.Failures, 0)
	return s, nil
}

// change changes the state; no other process does meanwhile. The file is replaced
// whole. It is not waited for the disk: after a power cut a gate that has seen
// nothing is the right one.
func (g *Gate) change(ctx context.Context, f func(*State)) (err error) {
	held, err := g.lock(ctx, g.name+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	s, err := g.read()
	if err != nil {
		return err
	}
	was := s
	s.sane(g.rules, g.now())
	if f(&s); s == was {
		return nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode gate of %s: %w", g.name, err)
	}
	tmp := g.file() + ".part" // under the lock it is ours alone
	if err = os.WriteFile(tmp, b, 0o600); err == nil {
		err = durable.Rename(tmp, g.file())
	}
	if err != nil {
		return fmt.Errorf("write gate of %s: %w", g.name, err)
	}
	return nil
}
