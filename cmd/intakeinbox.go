package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type intakeServeOptions struct {
	p      *program
	listen string
}

func newIntakeServeCmd(p *program, run func(*cobra.Command, *intakeServeOptions) error) *cobra.Command {
	o := &intakeServeOptions{p: p}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Take in alerts by HTTP until Ctrl-C",
		Long: `Take in alerts by HTTP until Ctrl-C. The senders stand under intake.sources in the
configuration, each with a secret; each posts to /v1/NAME. What is acknowledged is on
the disk. It waits in the inbox (firebreak intake list) unless a rule under
intake.rules opens an incident for it, or an open incident knows the finding.

It listens on this machine only (127.0.0.1:9119), unless the configuration names a
certificate. docs/intake.md has the senders' side.`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
	c.Flags().StringVar(&o.listen, "listen", "", "the `ADDRESS:PORT` (default: the configuration's, else 127.0.0.1:9119)")
	return c
}

func runIntakeServe(c *cobra.Command, o *intakeServeOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	say := func(line string) {
		if o.p.json {
			if err := o.p.printJSON(map[string]any{"time": o.p.Now().UTC(), "says": line}); err != nil {
				o.p.errf("firebreak: %v\n", err)
			}
			return
		}
		if !o.p.quiet {
			o.p.errf("%s  %s\n", o.p.Now().UTC().Format("15:04:05Z"), term.Cut(term.Safe(line), 200))
		}
	}
	return s.Serve(c.Context(), response.ServeOptions{
		Listen: o.listen,
		Ready: func(address string) {
			if o.p.json {
				say("listening on " + address)
				return
			}
			if err := o.p.printf("listening on %s; Ctrl-C ends it\n", address); err != nil {
				o.p.errf("firebreak: %v\n", err)
			}
		},
		Said: say,
	})
}

type intakeListOptions struct {
	p    *program
	done bool
}

func newIntakeListCmd(p *program, run func(*cobra.Command, *intakeListOptions) error) *cobra.Command {
	o := &intakeListOptions{p: p}
	c := &cobra.Command{
		Use:   "list",
		Short: "List the alerts that wait in the inbox",
		Args:  exactly(0, "no arguments"),
		RunE:  func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
	c.Flags().BoolVar(&o.done, "done", false, "also those that were taken or dropped in the last three days")
	return c
}

func runIntakeList(_ *cobra.Command, o *intakeListOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	items, err := s.Service().Inbox(o.done)
	if err != nil && response.CodeOf(err) != response.CodePartial {
		return err
	}
	for _, i := range items {
		if o.p.json {
			if err := o.p.printJSON(i); err != nil {
				return err
			}
			continue
		}
		worst := string(i.Worst)
		if worst == "" {
			worst = "-"
		}
		if perr := o.p.printf("%s  %s  %-8s %-12s %s%s\n", i.ID, i.Received.UTC().Format("01-02 15:04Z"), term.Safe(worst), term.Safe(i.Source), term.Cut(term.Safe(i.Title), 100), itemEnd(i)); perr != nil {
			return perr
		}
	}
	if len(items) == 0 && !o.p.json && err == nil {
		return o.p.printf("nothing waits in the inbox\n")
	}
	return err
}

// itemEnd says what became of an item, or why no rule took it.
func itemEnd(i response.InboxItem) string {
	switch {
	case i.Incident != "":
		return fmt.Sprintf("  → %s, by %s", i.Incident, term.Safe(i.By))
	case i.Reason != "":
		return fmt.Sprintf("  dropped by %s: %s", term.Safe(i.By), term.Cut(term.Safe(i.Reason), 60))
	case i.Failed != "":
		return "  FAILED: " + term.Cut(term.Safe(i.Failed), 80)
	case i.Playbook != "":
		return "  (" + term.Safe(i.Playbook) + ")"
	}
	return ""
}

type intakeTakeOptions struct {
	intakeOptions
	item string
}

func newIntakeTakeCmd(p *program, run func(*cobra.Command, *intakeTakeOptions) error) *cobra.Command {
	o := &intakeTakeOptions{intakeOptions: intakeOptions{p: p}}
	c := &cobra.Command{
		Use:   "take ITEM",
		Short: "Take an alert out of the inbox into an incident",
		Args:  exactly(1, "an item of the inbox, or last"),
		RunE: func(c *cobra.Command, args []string) error {
			o.item = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.incident, "incident", "", "take it into this `INCIDENT`")
	f.BoolVar(&o.open, "open", false, "open an incident for it")
	f.StringVar(&o.title, "title", "", "with --open: the title")
	f.StringVar(&o.severity, "severity", "", "with --open: sev1 (worst) to sev4")
	f.StringVar(&o.playbook, "playbook", "", "with --open: follow this playbook, an `ID` or a file; - for none")
	f.StringArrayVar(&o.vars, "var", nil, "with --open: give a variable of the playbook: `NAME=VALUE`")
	c.MarkFlagsMutuallyExclusive("incident", "open")
	return c
}

func runIntakeTake(c *cobra.Command, o *intakeTakeOptions) error {
	if o.incident == "" && !o.open {
		return errFlag{errors.New("say where it goes: --incident ID, or --open")}
	}
	n, err := o.fresh()
	if err != nil {
		return err
	}
	s, err := o.p.session()
	if err != nil {
		return err
	}
	var id incident.ID
	if o.incident != "" {
		if id, err = s.Service().ParseID(o.incident); err != nil {
			return err
		}
	} else if n.Playbook == "" {
		item, err := s.Service().ParseItem(o.item)
		if err != nil {
			return err
		}
		if n.Playbook, err = o.p.choosePlaybook(response.Sketch{Title: item.Title, Playbook: item.Playbook, Why: "it is for " + string(item.Kind)}); err != nil {
			return err
		}
	}
	taken, err := s.TakeItem(c.Context(), o.item, id, n, o.p.progress())
	if err != nil && taken.Incident == "" {
		return err
	}
	return errors.Join(o.p.taken(taken), err)
}

type intakeDropOptions struct {
	p            *program
	item, reason string
}

func newIntakeDropCmd(p *program, run func(*cobra.Command, *intakeDropOptions) error) *cobra.Command {
	o := &intakeDropOptions{p: p}
	c := &cobra.Command{
		Use:   "drop ITEM",
		Short: "Take an alert out of the inbox, with a reason",
		Args:  exactly(1, "an item of the inbox, or last"),
		RunE: func(c *cobra.Command, args []string) error {
			o.item = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why (required)")
	return c
}

func runIntakeDrop(_ *cobra.Command, o *intakeDropOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	item, err := s.DropItem(o.item, o.reason)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(item)
	}
	return o.p.printf("%s dropped\n", item.ID)
}
