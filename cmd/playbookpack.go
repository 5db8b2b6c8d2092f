package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/playbooks/pack"
	"firebreak/response"
)

type packOptions struct {
	p        *program
	which    string
	digest   string
	key      string
	head     pack.Head
	unsigned bool
	check    bool
}

func newPlaybookPackCmd(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "pack",
		Short: "Sign, look at and accept packs: signed folders of playbooks",
		Long: `A pack is a folder of playbooks with a manifest (pack.json) that lists each file
with its SHA-256 and what the playbooks ask for, and an ssh signature over the
manifest (pack.json.sig). Exercises lie below it in scenarios. Put its folder below packs in $FIREBREAK_HOME, or name
it under packs: in the configuration.

The playbooks of a pack can always be looked at. They run once the signature is
by somebody on the roster (firebreak trust) and a person here has seen what the
pack asks for and accepted it; when a later version asks for more, or somebody
else signs it, it has to be accepted again.

Outside Firebreak: ssh-keygen -Y verify -f trust/allowed_signers -I NAME
  -n firebreak-pack -s pack.json.sig < pack.json`,
		Args: subcommand,
		RunE: helpOnly,
	}
	c.AddCommand(newPackListCmd(p, runPackList), newPackShowCmd(p, runPackShow), newPackCheckCmd(p, runPackShow),
		newPackSignCmd(p, runPackSign), newPackAcceptCmd(p, runPackAccept), newPackWithdrawCmd(p, runPackWithdraw))
	return c
}

func newPackListCmd(p *program, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	o := &packOptions{p: p}
	return &cobra.Command{
		Use: "list", Short: "List the packs there are", Args: exactly(0, "no arguments"),
		Long: "List the packs there are, each with what may be done with it.",
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

// packCmd is a command about one pack.
func packCmd(p *program, o *packOptions, use, short, long, what string, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: exactly(1, what), ValidArgsFunction: p.completePacks,
		RunE: func(c *cobra.Command, args []string) error {
			o.which = args[0]
			return run(c, o)
		},
	}
}

func newPackShowCmd(p *program, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	return packCmd(p, &packOptions{p: p}, "show PACK", "Show a pack: who signed it, and what it asks for",
		"Show a pack, by its id or its folder: who signed it, its playbooks, and what they ask\nfor; + marks what nobody here has accepted.", "a pack: an id or a folder", run)
}

func newPackCheckCmd(p *program, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	return packCmd(p, &packOptions{p: p, check: true}, "check PACK", "Check a pack's files and signature",
		"Check a pack's files and signature. Exits with 6 when it is unsigned, is not what was\nsigned, or is signed by a key that nobody here vouches for.", "a pack: an id or a folder", run)
}

func newPackSignCmd(p *program, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	o := &packOptions{p: p}
	c := packCmd(p, o, "sign FOLDER", "Make a folder of playbooks a pack, and sign it", `Write the manifest of a folder of playbooks, and sign it with your ssh key. Each
playbook must parse. What an older manifest says of id, name and owner stays
where no flag says otherwise; --version is wanted each time something changed.

With --unsigned only the manifest is written; sign it where your key is:
  ssh-keygen -Y sign -f KEY -n firebreak-pack pack.json`, "a folder", run)
	c.ValidArgsFunction = nil
	c.Flags().StringVar(&o.head.ID, "id", "", "the pack's `ID`: lower-case letters, digits and hyphens")
	c.Flags().StringVar(&o.head.Version, "version", "", "the pack's `VERSION`, as in 1.2.0")
	c.Flags().StringVar(&o.head.Name, "name", "", "its `NAME`")
	c.Flags().StringVar(&o.head.Owner, "owner", "", "the `TEAM` that answers for it")
	c.Flags().StringVar(&o.key, "key", "", keyHelp)
	c.Flags().BoolVar(&o.unsigned, "unsigned", false, "write the manifest only")
	return c
}

func newPackAcceptCmd(p *program, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	o := &packOptions{p: p}
	c := packCmd(p, o, "accept PACK", "Let the playbooks of a pack run", `Show what a pack asks for, ask, and let its playbooks run from then on. Who
accepted what, and when, is kept in trust/packs of the workspace.

Without a terminal, give the digest of the manifest that was looked at:
firebreak playbook pack show PACK prints it.`, "a pack: an id or a folder", run)
	c.Flags().StringVar(&o.digest, "digest", "", "the `SHA256` of the manifest that was shown: nobody is asked")
	return c
}

func newPackWithdrawCmd(p *program, run func(*cobra.Command, *packOptions) error) *cobra.Command {
	return packCmd(p, &packOptions{p: p}, "withdraw PACK", "Take back that a pack may run",
		"Take back that a pack may run. Runs that have begun go on: their playbook is pinned.", "a pack's id", run)
}

func (p *program) completePacks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	s, err := p.session()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, _ := s.Service().Packs() // those that can be read
	var out []string
	for _, k := range all {
		out = append(out, k.ID+"\t"+term.Safe(k.Name))
	}
	return out, cobra.ShellCompDirectiveDefault
}

func runPackList(_ *cobra.Command, o *packOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	all, listErr := s.Service().Packs()
	for _, k := range all {
		if o.p.json {
			err = o.p.printJSON(k)
		} else {
			err = o.p.printf("%-24s %-8s %-10s %s\n", term.Safe(k.ID), term.Safe(k.Version), k.State, term.Safe(k.Folder))
		}
		if err != nil {
			return err
		}
	}
	if len(all) == 0 && listErr == nil && !o.p.json {
		return o.p.printf("there are no packs: firebreak playbook pack --help says where they go\n")
	}
	return listErr
}

// read opens the workspace and reads the pack that is asked for.
func (o *packOptions) read() (*response.Session, *response.Pack, error) {
	s, err := o.p.session()
	if err != nil {
		return nil, nil, err
	}
	k, err := s.Service().Pack(o.which)
	return s, k, err
}

func runPackShow(_ *cobra.Command, o *packOptions) error {
	_, k, err := o.read()
	if err != nil {
		return err
	}
	if err := o.p.pack(k); err != nil {
		return err
	}
	if o.check && (k.State == response.PackUnsigned || k.State == response.PackStranger || k.State == response.PackChanged) {
		return errReported{Verification}
	}
	return nil
}

// pack prints a pack.
func (p *program) pack(k *response.Pack) error {
	if p.json {
		return p.printJSON(k)
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(k.ID+" "+k.Version+"  "+k.Name, " ") + "\n")
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-10s %s\n", label, text)
		}
	}
	line("folder", k.Folder)
	line("owner", k.Owner)
	line("state", string(k.State)+": "+packWords[k.State])
	for _, w := range k.Why {
		line("", w)
	}
	if k.Signer != "" {
		line("signed by", k.Signer+"  "+k.Key)
	}
	if k.Accepted != nil {
		line("accepted", utc(k.Accepted.At)+" by "+k.Accepted.By+" (version "+k.Accepted.Version+")")
	}
	line("digest", k.Digest)
	b.WriteString("\nIts playbooks\n")
	for _, x := range k.Playbooks {
		fmt.Fprintf(&b, "  %-24s %-8s %s\n", x.ID, x.Version, x.Name)
	}
	if len(k.Replaces) > 0 {
		fmt.Fprintf(&b, "  in place of the built-in %s\n", strings.Join(k.Replaces, ", "))
	}
	if len(k.Scenarios) > 0 {
		b.WriteString("\nIts exercises: nothing of them leaves this program\n")
	}
	for _, x := range k.Scenarios {
		fmt.Fprintf(&b, "  %-24s %-8s %s (of %s)\n", x.ID, x.Version, x.Name, x.Playbook)
	}
	if len(k.Hides) > 0 {
		fmt.Fprintf(&b, "  in place of the built-in %s\n", strings.Join(k.Hides, ", "))
	}
	b.WriteString("\nWhat they ask for\n")
	all := k.Capabilities.Beyond(playbooks.Capabilities{})
	if len(all) == 0 {
		b.WriteString("  nothing: people do every step\n")
	}
	isNew := map[playbooks.Capability]bool{}
	for _, c := range k.More {
		isNew[c] = true
	}
	for _, c := range all {
		mark := " "
		if isNew[c] {
			mark = "+"
		}
		fmt.Fprintf(&b, "%s %-12s %s\n", mark, c.Kind, c.Name)
	}
	return p.printf("%s", term.SafeLines(b.String()))
}

// packWords says what each state means for the reader.
var packWords = map[response.PackState]string{
	response.PackAccepted: "its playbooks run",
	response.PackNew:      "to look at only, until somebody here accepts what it asks for",
	response.PackMore:     "to look at only: it asks for more than was accepted",
	response.PackOther:    "to look at only: somebody else signs it now",
	response.PackUnsigned: "to look at only: nobody answers for it",
	response.PackStranger: "to look at only: its key is not on the roster",
	response.PackChanged:  "to look at only: it is not what was signed",
}

func runPackSign(c *cobra.Command, o *packOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	s = withKey(s, o.key, o.p.Getenv("HOME"))
	k, err := s.MakePack(c.Context(), o.which, o.head, !o.unsigned)
	if err != nil {
		return err
	}
	return o.p.pack(k)
}

func runPackAccept(_ *cobra.Command, o *packOptions) error {
	s, k, err := o.read()
	if err != nil {
		return err
	}
	digest := o.digest
	if digest == "" && k.State != response.PackAccepted { // of one that cannot be accepted AcceptPack says why
		if o.p.json || !o.p.IsTerminal {
			return &response.Error{Code: response.CodeRefused, Hint: "firebreak playbook pack show " + k.ID + " shows it; then give --digest", Err: fmt.Errorf("accept pack %s: without a terminal, what was shown is confirmed with its digest", k.ID)}
		}
		if err := o.p.pack(k); err != nil {
			return err
		}
		if k.State == response.PackNew || k.State == response.PackMore || k.State == response.PackOther {
			said, err := o.p.ask("\nType " + term.Safe(k.ID) + " to let its playbooks run: ")
			if err != nil {
				return err
			}
			if said != k.ID {
				return &response.Error{Code: response.CodeRefused, Err: fmt.Errorf("accept pack %s: you said no", k.ID)}
			}
		}
		digest = k.Digest
	}
	if k, err = s.AcceptPack(o.which, digest); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(k)
	}
	return o.p.printf("pack %s %s: accepted\n", term.Safe(k.ID), term.Safe(k.Version))
}

func runPackWithdraw(_ *cobra.Command, o *packOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	if err := s.WithdrawPack(o.which); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]string{"id": o.which, "state": string(response.PackNew)})
	}
	return o.p.printf("pack %s: to look at only\n", term.Safe(o.which))
}
