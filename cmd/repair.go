package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type repairOptions struct {
	p        *program
	incident string
	response.RepairOptions
}

func newRepairCmd(p *program, run func(*cobra.Command, *repairOptions) error) *cobra.Command {
	o := &repairOptions{p: p}
	c := &cobra.Command{
		Use:   "repair INCIDENT",
		Short: "Make again what follows from record and evidence",
		Long: `Say what can be mended in an incident, and do it with --yes: everything that
follows from the record and the evidence is made again (kept hashes, projection,
heads file, timeline), the rights of others are taken away, unfinished files of
killed processes removed.

Lines, fields and signed heads are never changed. Where the database itself is
damaged, a new one is made of every entry that can be read and that a signed
head vouches for; the old files are kept in damaged-…, and what is lost is named
and recorded. What is lost comes from a backup: firebreak restore.

Every exhibit is hashed again. One that is missing or damaged is taken from the
backup given with --from, once its bytes have the recorded hash.

A record that is older than one this workspace has seen, because an old copy was
put in its place, is refused; --accept-older --reason TEXT goes on with it, and
an entry says what was given up.

Exits with 6 when something is left that cannot be mended.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVarP(&o.Do, "yes", "y", false, "do it")
	f.StringVar(&o.From, "from", "", "a backup `FILE` to take missing or damaged evidence from")
	keyFlags(c, &o.Keys)
	f.BoolVar(&o.AcceptOlder, "accept-older", false, "give up entries that were seen and are gone")
	f.StringVar(&o.Reason, "reason", "", "why; it is recorded")
	return c
}

func runRepair(c *cobra.Command, o *repairOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	o.Keys.Ask = o.p.keyPassphrase
	r, err := s.Repair(c.Context(), id, o.RepairOptions, o.p.progress())
	if o.p.json {
		return errors.Join(o.p.printJSON(r), err)
	}
	if serr := o.say(r, err == nil); serr != nil {
		return serr
	}
	if err != nil || o.Do || len(r.Plan) == 0 && len(r.Lost) == 0 {
		return err
	}
	return o.p.printf("nothing was done; --yes does it\n")
}

func (o *repairOptions) say(r response.Repaired, whole bool) error {
	for _, h := range r.Evidence {
		from := ""
		if h.From != "" {
			from = "; " + h.From + " has it"
		}
		if err := o.p.printf("HARMED   exhibit %s (evidence/%s): %s%s\n", term.Safe(h.Exhibit), term.Safe(h.Blob), term.Safe(h.Found), term.Safe(from)); err != nil {
			return err
		}
	}
	word := "would    "
	if r.Done {
		word = "did      "
	}
	if err := o.p.lines(word, r.Plan); err != nil {
		return err
	}
	if err := o.p.lines("LOST     ", r.Lost); err != nil {
		return err
	}
	if r.Aside != "" {
		if err := o.p.printf("the old files are kept in %s\n", term.Safe(r.Aside)); err != nil {
			return err
		}
	}
	if err := o.p.lines("PROBLEM  ", r.Problems); err != nil {
		return err
	}
	switch {
	case !whole: // it did not come to its end
	case len(r.Plan) == 0 && len(r.Evidence) == 0 && len(r.Lost) == 0 && len(r.Problems) == 0:
		return o.p.printf("%s: nothing to mend\n", r.Incident)
	case r.Done && len(r.Problems) == 0:
		return o.p.printf("%s verified\n", r.Incident)
	}
	return nil
}
