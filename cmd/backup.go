package cmd

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type backupOptions struct {
	p         *program
	incidents []string
	all       bool
	response.BackupOptions
}

func newBackupCmd(p *program, run func(*cobra.Command, *backupOptions) error) *cobra.Command {
	o := &backupOptions{p: p}
	c := &cobra.Command{
		Use:   "backup [INCIDENT…|--all] --to FILE",
		Short: "Write an encrypted backup and try to restore it",
		Long: `Write one encrypted file with incidents: the record, its heads, the sealed
evidence and the exports, as they are at one moment, while others go on working.
--all takes every incident, and the workspace too: its keys, roster, playbooks
and configuration. With it a clean machine becomes this workspace again.

The file is encrypted to every --recipient: an age public key (age1…), an ssh
public key (ssh-ed25519, ssh-rsa), or a file of them; or with --passphrase,
which is asked for. Without these it is encrypted to the workspace's own key, if
it has one. Nothing is written in the clear unless you say --plain.

A restore is part of the backup: the file is read back from the disk, decrypted,
unpacked aside and verified in full before it gets its name. --identity tests
with your own key that it can be opened. The backup is an entry in each incident.

Exits with 5 when something is missing in the backup or it could not be tested,
with 6 when an incident in it does not verify: the file is there all the same.`,
		Args: func(c *cobra.Command, args []string) error {
			if o.all == (len(args) > 0) {
				return errFlag{fmt.Errorf("%s wants incidents, or --all", c.CommandPath())}
			}
			return nil
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incidents = args
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.To, "to", "", "the `FILE` to write; it must not be there")
	f.BoolVar(&o.all, "all", false, "every incident, and the workspace with its keys")
	f.BoolVar(&o.Plain, "plain", false, "do not encrypt: whoever has the file can read it")
	keyFlags(c, &o.Keys)
	f.StringArrayVar(&o.Keys.Recipients, "recipient", nil, "encrypt to this `KEY`: age1…, an ssh public key, or a file of them")
	f.BoolVar(&o.Keys.Passphrase, "passphrase", false, "encrypt with a passphrase, which is asked for")
	return c
}

// keyFlags are the flags of those who open a backup.
func keyFlags(c *cobra.Command, k *response.BackupKeys) {
	c.Flags().StringArrayVar(&k.Identities, "identity", nil, "a `FILE` with the age identity or ssh private key that opens it")
}

func runBackup(c *cobra.Command, o *backupOptions) error {
	if o.To == "" {
		return errFlag{fmt.Errorf("backup wants --to FILE, as in --to incidents-2026-11-20.tar.zst.age")}
	}
	s, err := o.p.session()
	if err != nil {
		return err
	}
	if o.To, err = filepath.Abs(o.To); err != nil {
		return err
	}
	if o.Workspace = o.all; o.all {
		paths, err := o.p.paths()
		if err != nil {
			return err
		}
		o.Config = paths.Config
	}
	if o.Incidents, err = s.Service().IDs(o.incidents); err != nil {
		return err
	}
	o.Keys.Ask, o.Keys.Work = o.p.keyPassphrase, o.p.Work
	b, err := s.Backup(c.Context(), o.BackupOptions, o.p.progress())
	if b.SHA256 == "" {
		return err
	}
	if serr := o.say(b); serr != nil {
		return serr
	}
	return err
}

func (o *backupOptions) say(b response.Backup) error {
	if o.p.json {
		return o.p.printJSON(b)
	}
	for _, i := range b.Incidents {
		if err := o.p.printf("%s  %d entries, %d exhibits\n", i.Incident, i.Entries, i.Exhibits); err != nil {
			return err
		}
		if err := o.p.lines("  PROBLEM  ", i.Problems); err != nil {
			return err
		}
	}
	for _, l := range b.Left {
		if err := o.p.printf("%s  NOT IN THE BACKUP: %s\n", l.Incident, term.Safe(l.Reason)); err != nil {
			return err
		}
	}
	tested := "NOT tested"
	if b.Tested != "" {
		tested = b.Tested
	}
	to := "nobody: not encrypted"
	if len(b.Recipients) > 0 {
		to = strings.Join(b.Recipients, ", ")
	}
	if err := o.p.printf("written    %s (%d files, %d bytes)\nencrypted  to %s\ntested     %s\nsha256     %s\n", term.Safe(b.File), b.Files, b.Bytes, term.Safe(to), tested, b.SHA256); err != nil {
		return err
	}
	return o.p.lines("note       ", b.Notes)
}

// lines prints texts, each behind the same words.
func (p *program) lines(before string, texts []string) error {
	for _, t := range texts {
		if err := p.printf("%s%s\n", before, term.Safe(t)); err != nil {
			return err
		}
	}
	return nil
}
