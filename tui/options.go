package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	_ "firebreak/internal/term/noquery" // before Bubble Tea asks the terminal anything
	"firebreak/playbooks"
	"firebreak/response"
)

// Options say whose session is shown, where, and how.
type Options struct {
	Session  *response.Session
	Incident incident.ID // "" shows the list of incidents
	In       io.Reader
	Out      io.Writer
	Now      func() time.Time
	Look     Look           // what the terminal may be sent; see LookFor
	ASCII    bool           // frames of - | + instead of box drawing
	ReadOnly bool           // refuse everything that changes something
	Here     *time.Location // the zone of the terminal, which times can be shown in
	Locking  Locking
	Screen   string            // shown first, by its title; "" is the incident's dashboard
	Drafts   map[string]string // texts that were typed before the screens were locked
	// EditReview opens the person's editor; nil: parts are typed on the screen.
	EditReview EditReview
}

// EditReview opens the person's editor on a part of the review, while the screens
// are away, and records what they changed. It says in a few words what came of it.
type EditReview func(ctx context.Context, id incident.ID, part string, in io.Reader, out, errs io.Writer) (says string, err error)

// Run shows the screens until the person leaves. Work still under way then is
// what they were asked about; its context ends with ctx. When the screens lock
// the error is a *Locked.
func Run(ctx context.Context, o Options) error {
	m := New(o)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.ctx = ctx
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out),
		tea.WithAltScreen(), tea.WithoutSignalHandler())
	_, err := p.Run()
	switch {
	case (err == nil || errors.Is(err, tea.ErrInterrupted)) && m.left != nil:
		return m.left
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return nil
	case errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("run screens: %w", err)
}

// LockedOptions say where the screen of a locked workspace is drawn.
type LockedOptions struct {
	In    io.Reader
	Out   io.Writer
	Look  Look
	ASCII bool
	Asks  bool                     // a secret has to be typed; else enter unlocks
	Open  func(typed []byte) error // opens the workspace
}

// RunLocked shows that the workspace is locked, and nothing else, until Open
// succeeds. Errors: ErrStayedLocked; the context's.
func RunLocked(ctx context.Context, o LockedOptions) error {
	g := &gate{veil: veil{asks: o.Asks, check: o.Open}, paint: newPaint(o.Look, o.ASCII)}
	p := tea.NewProgram(g, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithAltScreen(), tea.WithoutSignalHandler())
	_, err := p.Run()
	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return g.err
	case errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("run screens: %w", err)
}

// New makes the screens' model, for Run and for whoever serves it elsewhere.
func New(o Options) *Model {
	if o.Session == nil {
		return newModel(nil, nil, o)
	}
	return newModel(o.Session, func() ([]*playbooks.Playbook, error) { return o.Session.Service().Playbooks() }, o)
}
