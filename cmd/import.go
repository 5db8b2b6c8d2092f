package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type importOptions struct {
	p        *program
	incident string
	file     string
	zone     string
	password string
	key      string
	response.ImportOptions
}

func newImportCmd(p *program, run func(*cobra.Command, *importOptions) error) *cobra.Command {
	o := &importOptions{p: p}
	c := &cobra.Command{
		Use:   "import INCIDENT FILE|-",
		Short: "Take in a container, or what another tool collected: UAC, Velociraptor, CyLR, KAPE, tar, zip",
		Long: `Take in an archive that another tool made: UAC, Velociraptor's offline collector,
CyLR, KAPE; else a tar or zip file (compressed or not) or a folder of logs. Each
file in it becomes an exhibit of its own, with its path on its host and the times
that the archive knows, and is read into the timeline. Host, zone and time of the
collection are taken from the archive, where it has them. Hashes that the archive
lists are checked; what differs is noted with the exhibit.

A collection of Velociraptor that is encrypted opens with --password-from, or,
where its password is encrypted to a certificate, with --key-from.

Nothing is unpacked onto the disk and no link is followed; folders and links are
sealed as one list with their times. What is not taken (devices, what is over a
limit, what is damaged) is listed.

The archive itself is sealed too. With --reference only its hash, size and place
are recorded, so that nothing lies here twice; so can be any other file, as the
image of a disk: verify --at FILE compares it later. The same archive again adds
nothing; what an interrupted import left is done by the next one.

A container that firebreak collect --to made (docs/container.md) is taken in item
by item, as if it had been collected into the incident; it is not sealed besides. A
file is verified to its end first, and refused when it is damaged (6); a stream, as
the standard input -, is verified while it is taken. Of one that was cut, what came
is taken (5). --identity gives the key that opens it; the key of an encrypted
workspace is tried by itself.`,
		Example: `  firebreak import last uac-web-1-linux-20261120031500.tar.gz
  firebreak import last Collection-WS12.zip --reference --authority "the CISO"
  firebreak import last collection.zip --password-from env:ZIP_PASSWORD
  firebreak import last Collection-WS12.zip --key-from file:server.key
  firebreak import last web-1.tar.zst.age --identity ~/.ssh/id_ed25519
  ssh web-1 firebreak collect --to - --recipient age1… | firebreak import last - --identity key.txt`,
		Args:              exactly(2, "an incident and a file"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.file = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.Reference, "reference", false, "do not seal the archive itself: record its hash and where it lies")
	f.StringVar(&o.Host, "host", "", "the `HOST` it is from (default: what the archive says)")
	f.StringVar(&o.zone, "zone", "", "the `ZONE` of times without one (default: what the archive says)")
	f.DurationVar(&o.Skew, "skew", 0, "how far the `CLOCK` of the host was ahead, as 90s; behind, as -90s")
	f.IntVar(&o.Year, "year", 0, "the `YEAR` of the first line of logs without one (default: inferred)")
	f.StringVar(&o.password, "password-from", "", "the archive's password is at this `REFERENCE`: env:NAME, file:/path, exec:program")
	f.StringVar(&o.key, "key-from", "", "the RSA private key (PEM) of a Velociraptor collection that is encrypted to a certificate is at this `REFERENCE`")
	f.StringArrayVar(&o.Identities, "identity", nil, "the `FILE` with the age identity or ssh private key that opens a container")
	f.StringVar(&o.Authority, "authority", "", "on whose authority it is taken: a `PERSON` or an order; recorded as not said when it is left out")
	return c
}

func runImport(c *cobra.Command, o *importOptions) error {
	defer thrifty()()
	if o.zone != "" {
		l, err := time.LoadLocation(o.zone)
		if err != nil {
			return errFlag{fmt.Errorf("--zone: %w", err)}
		}
		o.Zone = l
	}
	if o.password != "" {
		v, err := o.p.resolve("password-from", o.password)
		if err != nil {
			return err
		}
		o.Password = []byte(v.Reveal())
	}
	if o.key != "" {
		v, err := o.p.resolve("key-from", o.key)
		if err != nil {
			return err
		}
		o.Key = []byte(v.Reveal())
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	o.In = o.p.In
	sum, err := s.Import(c.Context(), id, o.file, o.ImportOptions, o.p.progress())
	if err != nil && sum.Container == "" {
		return err
	}
	if sum.Container == "" { // a container says for itself on whose word its items were taken
		o.p.authority(o.Authority)
	}
	if o.p.json {
		return errors.Join(o.p.printJSON(sum), err)
	}
	if serr := o.say(sum); serr != nil {
		return errors.Join(serr, err)
	}
	o.p.firstLook(c.Context(), s, id)
	return err
}

func (o *importOptions) say(sum response.Imported) error {
	made := sum.Kind
	if sum.Tool != "" {
		made = sum.Tool
	}
	from := ""
	if sum.Host != "" {
		from = " of " + sum.Host
	}
	if !sum.Taken.IsZero() {
		from += ", taken " + utc(sum.Taken)
	}
	err := o.p.printf("%s%s: %s, %d new, %s (%d new), %d rejected\n", term.Safe(made), term.Safe(from),
		plural(int64(sum.Members), "member"), sum.Exhibits, plural(sum.Events, "event"), sum.Added, sum.Rejected)
	if err != nil {
		return err
	}
	if sum.Container != "" {
		if err := o.sayContainer(sum); err != nil {
			return err
		}
	}
	if sum.Verified+sum.Differs > 0 {
		if err := o.p.printf("  %d hashes are as the archive lists them, %d differ\n", sum.Verified, sum.Differs); err != nil {
			return err
		}
	}
	if err := o.p.samples(sum.Notes, nil); err != nil {
		return err
	}
	return o.p.refused(sum.Refused, "--json", o.p.printf)
}

// sayContainer says which container it was, and what is to be held against what was
// printed when it was made.
func (o *importOptions) sayContainer(sum response.Imported) error {
	state := "whole, as it was signed by the key"
	if !sum.Sealed {
		state = "NOT VERIFIED TO ITS END; it names the key"
	}
	if err := o.p.printf("  container %s: %s %s\n", term.Safe(sum.Container), state, term.Safe(sum.Fingerprint)); err != nil {
		return err
	}
	if sum.Known > 0 {
		if err := o.p.printf("  %s in the incident already\n", plural(int64(sum.Known), "member")); err != nil {
			return err
		}
	}
	for _, s := range sum.CutItems {
		if err := o.p.printf("  cut      %s\n", term.Safe(s)); err != nil {
			return err
		}
	}
	return nil
}
