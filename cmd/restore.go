package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type restoreOptions struct {
	p    *program
	list bool
	response.RestoreOptions
}

func newRestoreCmd(p *program, run func(*cobra.Command, *restoreOptions) error) *cobra.Command {
	o := &restoreOptions{p: p}
	c := &cobra.Command{
		Use:   "restore FILE [INCIDENT…]",
		Short: "Put incidents back from a backup",
		Long: `Put incidents back from a backup. Each is unpacked aside and verified in full,
and then put in its place whole or not at all; its timeline is made again from
the evidence. In an empty workspace a backup made with --all also brings the
keys, roster, playbooks and configuration back, so that the work goes on.

An incident that is here already is refused; --replace moves it aside, to
incidents/.replaced-…, and records that. A record that is older than one that
this workspace has seen, or than a --seal from a message or review, is refused:
its newer entries would be lost. --accept-older --reason TEXT does it knowingly,
and an entry says what was given up.

A backup that is damaged is refused with the names of the files that are whole
and that are not; --partial puts back what can be. --list shows what a backup
holds, --test verifies it without putting anything in place.

Exits with 4 when no key at hand opens the backup, with 5 after a partial
restore, with 6 when it is damaged, older, or does not verify.`,
		Args: atLeast(1, "a backup, and the incidents wanted of it"),
		RunE: func(c *cobra.Command, args []string) error {
			o.File = args[0]
			for _, id := range args[1:] {
				o.Incidents = append(o.Incidents, incident.ID(id))
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	keyFlags(c, &o.Keys)
	f.StringArrayVar(&o.Seals, "seal", nil, "a `SEAL` that was kept elsewhere: the record must go on from it")
	f.StringArrayVar(&o.Trust, "trust", nil, "accept heads signed with this verifier `KEY` of another workspace")
	f.BoolVar(&o.list, "list", false, "show what the backup holds and put nothing back")
	f.BoolVar(&o.Test, "test", false, "verify what the backup holds and put nothing back")
	f.BoolVar(&o.Replace, "replace", false, "move an incident that is here aside")
	f.BoolVar(&o.Partial, "partial", false, "put back what can be, of a damaged backup too")
	f.BoolVar(&o.AcceptOlder, "accept-older", false, "give up entries that were seen and are not in the backup")
	f.StringVar(&o.Reason, "reason", "", "why; it is recorded")
	c.MarkFlagsMutuallyExclusive("list", "test")
	return c
}

func runRestore(c *cobra.Command, o *restoreOptions) error {
	conf, err := o.p.config()
	if err != nil {
		return err
	}
	opts, err := o.p.options(conf)
	if err != nil {
		return err
	}
	paths, err := o.p.paths()
	if err != nil {
		return err
	}
	o.Config, o.Keys.Ask = paths.Config, o.p.keyPassphrase
	if o.list {
		return o.show(opts)
	}
	r, err := response.Restore(c.Context(), opts, o.RestoreOptions, o.p.person(conf), o.p.progress())
	if r.Made == "" {
		return err
	}
	if serr := o.say(r); serr != nil {
		return serr
	}
	return err
}

func (o *restoreOptions) show(opts response.Options) error {
	m, err := response.ReadManifest(opts, o.File, o.Keys)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(m)
	}
	if err := o.p.printf("made %s by %s; %d files, %d bytes\n", m.Made.UTC().Format("2006-01-02 15:04:05Z"), term.Safe(m.Tool), len(m.Files), m.Bytes()); err != nil {
		return err
	}
	if m.Workspace {
		if err := o.p.printf("the workspace: keys, roster, playbooks\n"); err != nil {
			return err
		}
	}
	for _, i := range m.Incidents {
		if err := o.p.printf("%s  %d entries, %d exhibits  %s @%d %s\n", i.ID, i.Size, i.Exhibits, i.ID, i.Size, i.Root); err != nil {
			return err
		}
		if err := o.p.lines("  missing when it was made: evidence/", i.Missing); err != nil {
			return err
		}
	}
	return nil
}

func (o *restoreOptions) say(r response.Restored) error {
	if o.p.json {
		return o.p.printJSON(r)
	}
	for _, d := range r.Damage {
		if err := o.p.printf("DAMAGED  %s: %s\n", term.Safe(d.Path), term.Safe(d.Why)); err != nil {
			return err
		}
	}
	if err := o.p.lines("workspace  ", r.Workspace); err != nil {
		return err
	}
	for _, i := range r.Incidents {
		word := "not put back"
		switch {
		case i.Placed:
			word = "restored"
		case o.Test && len(i.Problems) == 0:
			word = "verified, nothing put back"
		}
		if err := o.p.printf("%s  %s: %d entries, %d exhibits  %s @%d %s\n", i.Incident, word, i.Entries, i.Exhibits, i.Incident, i.Entries, i.Root); err != nil {
			return err
		}
		if err := o.p.lines("  PROBLEM  ", i.Problems); err != nil {
			return err
		}
		if i.Lost != "" {
			if err := o.p.printf("  given up: %s\n", i.Lost); err != nil {
				return err
			}
		}
		if i.Aside != "" {
			if err := o.p.printf("  what was here is kept in %s\n", term.Safe(i.Aside)); err != nil {
				return err
			}
		}
	}
	return o.p.lines("note     ", r.Notes)
}
