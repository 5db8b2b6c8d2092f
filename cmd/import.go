package cmd

import (
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
	response.ImportOptions
}

func newImportCmd(p *program, run func(*cobra.Command, *importOptions) error) *cobra.Command {
	o := &importOptions{p: p}
	c := &cobra.Command{
		Use:   "import INCIDENT FILE",
		Short: "Take in what another tool collected: UAC, Velociraptor, CyLR, KAPE, tar, zip",
		Long: `Take in an archive that another tool made: UAC, Velociraptor's offline collector,
CyLR, KAPE; else a tar or zip file (compressed or not) or a folder of logs. Each
file in it becomes an exhibit of its own, with its path on its host and the times
that the archive knows, and is read into the timeline. Host, zone and time of the
collection are taken from the archive, where it has them. Hashes that the archive
lists are checked; what differs is noted with the exhibit.

Nothing is unpacked onto the disk and no link is followed; folders and links are
sealed as one list with their times. What is not taken (devices, what is over a
limit, what is damaged) is listed.

The archive itself is sealed too. With --reference only its hash, size and place
are recorded, so that nothing lies here twice; so can be any other file, as the
image of a disk: verify --at FILE compares it later. The same archive again adds
nothing; what an interrupted import left is done by the next one.`,
		Example: `  firebreak import last uac-web-1-linux-20261120031500.tar.gz
  firebreak import last Collection-WS12.zip --reference --authority "the CISO"
  firebreak import last collection.zip --password-from env:ZIP_PASSWORD`,
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
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	sum, err := s.Import(c.Context(), id, o.file, o.ImportOptions, o.p.progress())
	if err != nil {
		return err
	}
	o.p.authority(o.Authority)
	if o.p.json {
		return o.p.printJSON(sum)
	}
	if err := o.say(sum); err != nil {
		return err
	}
	o.p.firstLook(c.Context(), s, id)
	return nil
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
