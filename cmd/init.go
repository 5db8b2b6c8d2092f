package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/term"
	"firebreak/response"
)

// wayFlags are the ways to protect a workspace.
type wayFlags struct {
	keyring    bool
	passphrase bool
	from       string
	recipients []string
	ssh        []string
	identities []string
}

func (w *wayFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&w.passphrase, "passphrase", false, "a passphrase opens it; it is asked for, never an argument")
	f.StringVar(&w.from, "passphrase-from", "", "a passphrase opens it, which is at this `REFERENCE`: env:NAME, file:/path, exec:program")
	f.BoolVar(&w.keyring, "keyring", false, "the keyring of the system opens it, as long as you are logged in")
	f.StringArrayVar(&w.recipients, "recipient", nil, "whoever has the secret half of this age or ssh `KEY` opens it: age1…, \"ssh-ed25519 …\"")
	f.StringArrayVar(&w.ssh, "ssh", nil, "the ssh key in this `FILE` opens it: id_ed25519, or its .pub")
	f.StringArrayVar(&w.identities, "identity", nil, "the age identities in this `FILE` open it (age-keygen -o FILE makes one)")
}

// setup turns the flags into what response wants, and asks for a passphrase.
func (w *wayFlags) setup(p *program) (response.Setup, error) {
	s := response.Setup{Keyring: w.keyring, Recipients: w.recipients, KeyFiles: append(w.ssh, w.identities...)}
	switch {
	case w.from != "":
		v, err := p.resolve("passphrase-from", w.from)
		if err != nil {
			return s, err
		}
		s.Passphrase = []byte(v.Reveal())
	case w.passphrase:
		var err error
		if s.Passphrase, err = p.newPassphrase(); err != nil {
			return s, err
		}
	}
	return s, nil
}

type initOptions struct {
	p        *program
	ways     wayFlags
	plain    bool
	existing bool
}

func newInitCmd(p *program, run func(*cobra.Command, *initOptions) error) *cobra.Command {
	o := &initOptions{p: p}
	c := &cobra.Command{
		Use:   "init",
		Short: "Set up the workspace, encrypted",
		Long: `Set up the workspace and choose what opens it. Everything that is written into
it from then on is encrypted: records, timelines, evidence, reviews. Several
ways can be named at once, and any one of them opens the workspace: two people's
keys, or a passphrase and a recovery key that lies in a safe.

Without one of them nothing opens it again, by nobody: keep a second one.

A workspace that is in use already is encrypted with --encrypt-existing. That
can be interrupted at any moment and gone on with.`,
		Example: `  firebreak init --passphrase
  firebreak init --ssh ~/.ssh/id_ed25519 --recipient age1colleague…
  firebreak init --passphrase --encrypt-existing
  firebreak init --plain`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
	o.ways.add(c)
	c.Flags().BoolVar(&o.plain, "plain", false, "encrypt nothing")
	c.Flags().BoolVar(&o.existing, "encrypt-existing", false, "encrypt what is in the workspace already")
	for _, way := range []string{"passphrase", "passphrase-from", "keyring", "recipient", "ssh", "identity", "encrypt-existing"} {
		c.MarkFlagsMutuallyExclusive("plain", way)
	}
	c.MarkFlagsMutuallyExclusive("passphrase", "passphrase-from")
	return c
}

func runInit(c *cobra.Command, o *initOptions) error {
	opts, err := o.p.workspace()
	if err != nil {
		return err
	}
	was, err := response.ProtectionOf(opts.Home)
	if err != nil {
		return err
	}
	setup := response.Setup{}
	if !was.Encrypted || was.Unfinished { // else it is refused before anybody is asked
		if setup, err = o.ways.setup(o.p); err != nil {
			return err
		}
	}
	defer clear(setup.Passphrase)
	setup.Plain, setup.Existing = o.plain, o.existing
	is, err := response.Init(c.Context(), opts, setup, o.p.progress())
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(is)
	}
	if o.plain {
		o.p.errf("  WARNING: nothing in this workspace is encrypted. Whoever has this disk, or a\n  backup of it, reads every record and all evidence.\n")
		return o.p.printf("%s  not encrypted\n", term.Safe(opts.Home))
	}
	return o.p.printf("%s  encrypted\nopens with: %s\n", term.Safe(opts.Home), term.Safe(is.Opens))
}

type rekeyOptions struct {
	p        *program
	ways     wayFlags
	incident string
	data     bool
	renew    bool
}

func newRekeyCmd(p *program, run func(*cobra.Command, *rekeyOptions) error) *cobra.Command {
	o := &rekeyOptions{p: p}
	c := &cobra.Command{
		Use:   "rekey [INCIDENT]",
		Short: "Change what opens the workspace, or the keys of the data",
		Long: `Change what opens the workspace: name all the ways that shall hold, those that
are not named hold no more. It takes effect at once or not at all, and nothing
is encrypted anew: a copy of the workspace that somebody made before opens with
what opened it then.

With --renew the workspace gets a new key of its own, and what opened it before
opens nothing that is written from then on, an old copy of its keys included.

With --data give one incident, or all of them, a new key and encrypt their files
anew: somebody who has read an incident's key before cannot use it any more.

Both can be interrupted at any moment and gone on with.

With an INCIDENT and --recipient, --ssh or --identity its key is sealed to these
people too: a copy of its folder opens in their workspaces. A folder that was
handed to you opens after the same command, with --identity or --ssh and the
file of your secret key.`,
		Example: `  firebreak rekey --passphrase
  firebreak rekey --renew --passphrase
  firebreak rekey 2026-0007 --recipient age1counsel…
  firebreak rekey --ssh ~/.ssh/id_ed25519 --recipient age1colleague…
  firebreak rekey --data 2026-0007`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && !o.renew {
				return nil
			}
			return exactly(0, "no arguments, or an incident; none with --renew")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.incident = args[0]
			}
			return run(c, o)
		},
	}
	o.ways.add(c)
	c.Flags().BoolVar(&o.data, "data", false, "a new key for the data of an incident, or of all")
	c.Flags().BoolVar(&o.renew, "renew", false, "a new key for the workspace itself")
	for _, way := range []string{"passphrase", "passphrase-from", "keyring", "recipient", "ssh", "identity", "renew"} {
		c.MarkFlagsMutuallyExclusive("data", way)
	}
	c.MarkFlagsMutuallyExclusive("passphrase", "passphrase-from")
	return c
}

// handOver seals the key of one incident to further people.
func (o *rekeyOptions) handOver(c *cobra.Command) error {
	if len(o.ways.recipients)+len(o.ways.ssh)+len(o.ways.identities) == 0 {
		return errFlag{errors.New("rekey INCIDENT: say to whom: --recipient KEY, --ssh FILE or --identity FILE; or --data for a new key")}
	}
	setup := response.Setup{Keyring: o.ways.keyring, Recipients: o.ways.recipients, KeyFiles: append(o.ways.ssh, o.ways.identities...)}
	if o.ways.passphrase || o.ways.from != "" {
		setup.Passphrase = []byte{} // it is refused, and nobody is asked for it
	}
	s, err := o.p.session()
	if err != nil {
		return err
	}
	id, err := s.Service().ParseID(o.incident)
	if err != nil {
		return err
	}
	done, err := s.HandOver(c.Context(), id, setup)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(done)
	}
	taken := ""
	if done.Taken {
		taken = "it opens in this workspace now\n"
	}
	return o.p.printf("%s  a copy of its folder opens with this workspace, or with %s\n%s", id, term.Safe(strings.Join(done.To, ", ")), taken)
}

func runRekey(c *cobra.Command, o *rekeyOptions) error {
	if o.incident != "" && !o.data {
		return o.handOver(c)
	}
	opts, err := o.p.workspace()
	if err != nil {
		return err
	}
	if o.data {
		ids, err := response.RekeyData(c.Context(), opts, o.incident, o.p.progress())
		if err != nil {
			return err
		}
		for _, id := range ids {
			if o.p.json {
				err = o.p.printJSON(map[string]any{"incident": id, "rekeyed": true})
			} else {
				err = o.p.printf("%s  has a new key\n", id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	was, err := response.ProtectionOf(opts.Home)
	if err != nil {
		return err
	}
	setup := response.Setup{}
	if was.Encrypted { // else it is refused before anybody is asked
		if setup, err = o.ways.setup(o.p); err != nil {
			return err
		}
	}
	defer clear(setup.Passphrase)
	var is response.Protection
	if o.renew {
		is, err = response.Renew(c.Context(), opts, setup, o.p.progress())
	} else {
		is, err = response.Rewrap(opts, setup)
	}
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(is)
	}
	return o.p.printf("opens with: %s\n", term.Safe(is.Opens))
}

type lockOptions struct{ p *program }

func newLockCmd(p *program, run func(*cobra.Command, *lockOptions) error) *cobra.Command {
	o := &lockOptions{p: p}
	return &cobra.Command{
		Use:   "lock",
		Short: "Make the keyring forget the workspace",
		Long: `Clear what the keyring of the system keeps to open the workspace. From then on
another way is needed: lock is refused where there is none. firebreak unlock
puts it back. Screens that are open elsewhere lock by themselves when nobody
touches a key, or at once with the command "lock" in their palette (:).`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

func runLock(_ *cobra.Command, o *lockOptions) error {
	opts, err := o.p.workspace()
	if err != nil {
		return err
	}
	cleared, err := response.ClearKeyring(opts)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]bool{"cleared": cleared})
	}
	if !cleared {
		return o.p.printf("the keyring keeps nothing of this workspace\n")
	}
	return o.p.printf("the keyring has forgotten this workspace; firebreak unlock puts it back\n")
}

func newUnlockCmd(p *program, run func(*cobra.Command, *lockOptions) error) *cobra.Command {
	o := &lockOptions{p: p}
	return &cobra.Command{
		Use:   "unlock",
		Short: "Let the keyring open the workspace again",
		Long: `Open the workspace in another way and put a fresh key into the keyring of the
system, so that nobody is asked until firebreak lock.`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

func runUnlock(_ *cobra.Command, o *lockOptions) error {
	opts, err := o.p.workspace()
	if err != nil {
		return err
	}
	if err := response.FillKeyring(opts); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]bool{"kept": true})
	}
	return o.p.printf("the keyring opens this workspace\n")
}

// workspace is what the functions want that change the keys of a workspace:
// they do not open it.
func (p *program) workspace() (response.Options, error) {
	c, err := p.config()
	if err != nil {
		return response.Options{}, err
	}
	return p.options(c)
}

// options are the options of a service, and prepare the process for keys.
func (p *program) options(c config.Config) (response.Options, error) {
	paths, err := p.paths()
	if err != nil {
		return response.Options{}, err
	}
	host, err := p.Host()
	if err != nil {
		return response.Options{}, fmt.Errorf("name this machine: %w", err)
	}
	is, err := response.ProtectionOf(paths.Home)
	if err != nil {
		return response.Options{}, err
	}
	if is.Encrypted && p.Harden != nil {
		if err := p.Harden(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			p.errf("  warning: the memory of this process can be dumped: %s\n", term.Safe(err.Error()))
		}
	}
	return p.optionsAt(paths.Home, host, c), nil
}
