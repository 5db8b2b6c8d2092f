package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/tui"
)

type lockedOptions struct {
	p        *program
	incident string
	screen   string
	asks     bool
	readOnly bool
}

// newLockedCmd is the program while the workspace is locked. Nobody types it:
// screens that lock become it, so that nothing of them stays in memory.
func newLockedCmd(p *program, run func(*cobra.Command, *lockedOptions) error) *cobra.Command {
	o := &lockedOptions{p: p}
	c := &cobra.Command{
		Use:    "locked [INCIDENT]",
		Short:  "Wait until somebody unlocks the screens",
		Hidden: true,
		Args:   cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.incident = args[0]
			}
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.screen, "screen", "", "the screen to come back to")
	c.Flags().BoolVar(&o.asks, "asks", false, "a secret has to be typed")
	c.Flags().BoolVar(&o.readOnly, "read-only", false, "look, but change nothing")
	return c
}

func runLocked(c *cobra.Command, o *lockedOptions) error {
	conf, err := o.p.config()
	if err != nil {
		return err
	}
	look, ascii := tui.LookFor(o.p.Getenv)
	err = tui.RunLocked(c.Context(), tui.LockedOptions{
		In: o.p.In, Out: o.p.Out, Look: look, ASCII: ascii, Asks: o.asks,
		Open: func(typed []byte) error { return o.open(conf, typed) },
	})
	if errors.Is(err, tui.ErrStayedLocked) {
		return o.p.printf("locked; to go on: firebreak run %s\n", term.Safe(o.incident))
	}
	if err != nil {
		return err
	}
	return runScreens(c.Context(), o.p, &runOptions{incident: o.incident, screen: o.screen, readOnly: o.readOnly})
}

// open opens the workspace with what was typed, or with what needs nobody.
func (o *lockedOptions) open(c config.Config, typed []byte) error {
	opts, err := o.p.options(c)
	if err != nil {
		return err
	}
	opts.Unlock.Ask = nil
	if o.asks {
		opts.Unlock.Secret = nil
		opts.Unlock.Ask = func(string) ([]byte, error) { return append([]byte(nil), typed...), nil }
	}
	o.p.service, err = response.New(opts)
	return err
}

// relock forgets the keys: it becomes the program "locked". Where that cannot
// be, the program ends.
func (p *program) relock(was *tui.Locked, asks, readOnly bool) error {
	err := p.service.KeepDrafts(was.Drafts)
	err = errors.Join(err, p.service.Close())
	p.service = nil
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	args := []string{"locked", "--screen", was.Screen}
	for flag, on := range map[string]bool{"--asks": asks, "--read-only": readOnly} {
		if on {
			args = append(args, flag)
		}
	}
	for flag, value := range map[string]string{"--as": p.actor, "--unlock": p.unlock} {
		if value != "" {
			args = append(args, flag+"="+value)
		}
	}
	if was.Incident != "" {
		args = append(args, string(was.Incident))
	}
	if p.Again != nil {
		if err := p.Again(args); !errors.Is(err, errors.ErrUnsupported) {
			p.errf("  warning: the locked screen could not be shown: %s\n", term.Safe(err.Error()))
		}
	}
	return p.printf("locked; to go on: firebreak run %s\n", was.Incident)
}
