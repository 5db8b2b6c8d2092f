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
	Look     Look // what the terminal may be sent; see LookFor
	ASCII    bool // frames of - | + instead of box drawing
	ReadOnly bool // refuse everything that changes something
}

// Run shows the screens until the person leaves. Work still under way then is
// what they were asked about; its context ends with ctx.
func Run(ctx context.Context, o Options) error {
	m := New(o)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.ctx = ctx
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out),
		tea.WithAltScreen(), tea.WithoutSignalHandler())
	_, err := p.Run()
	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return nil
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
