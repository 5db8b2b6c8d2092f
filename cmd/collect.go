package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type collectOptions struct {
	p        *program
	incident string
	list     bool
	away     takeawayFlags
	on       onFlags
	response.CollectOptions
}

func newCollectCmd(p *program, run func(*cobra.Command, *collectOptions) error) *cobra.Command {
	o := &collectOptions{p: p}
	c := &cobra.Command{
		Use:   "collect INCIDENT [--on ssh:HOST]|--to PLACE",
		Short: "Take evidence from this machine into the incident, or into a container",
		Long: `Take evidence from this machine, most volatile first, seal it with its hashes,
and read it into the timeline. What could not be taken is listed with the reason.
Interrupted, it keeps what is sealed.

The disk is walked once for everything that was chosen. Which files are taken is
written in YAML: --list shows what there is, --profile takes a file of one's own,
and --definitions those of ForensicArtifacts or UAC, whose commands are never run.
Files whose purpose is to hold a secret (private keys, credentials, password
hashes, core dumps, environments of containers) are listed with their times and
not taken, whatever definition means them: --secrets, --environment, or --file
with the path of one asks for them.

With --to no incident and no workspace is needed: everything goes into one
encrypted, signed container (docs/container.md), as a stream, to a file, to the
standard output, or straight to another machine:

  firebreak collect --to /mnt/usb/ --recipient age1…
  firebreak collect --to - --recipient age1… | ssh me@desk 'cat >web-1.tar.zst.age'
  firebreak collect --to sftp://me@desk/srv/in/ --recipient me.pub
  firebreak collect --to s3://evidence/web-1/ --recipient age1…

With --on ssh:[user@]host[:port] the evidence of another host is taken into the
incident: this program runs there from memory, streams back, and leaves no file
and no process. Logs of the login and of sudo are the host's own, and stay.

When the network fails, what has not arrived goes into a local file, which
firebreak send brings there later. The key that signs is made for the container;
note its fingerprint. firebreak config path --json says the recipient of a
workspace that is encrypted; an ssh public key is as good.`,
		Args: func(c *cobra.Command, args []string) error {
			if o.list {
				return exactly(0, "no incident with --list")(c, args)
			}
			if o.away.to != "" {
				return exactly(0, "no incident with --to")(c, args)
			}
			if err := o.on.check(); err != nil {
				return err
			}
			return exactly(1, "an incident")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.incident = args[0]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.list, "list", false, "list the collectors and their profiles")
	f.StringVar(&o.Profile, "profile", "triage", "volatile, triage, full, logs, container or web; or a `file` of one's own that ends in .yaml")
	f.StringVar(&o.Definitions, "definitions", "", "choose from the definitions in this `folder` too: of ForensicArtifacts or of UAC")
	f.StringSliceVar(&o.Collectors, "collector", nil, "only these collectors")
	f.StringVar(&o.Root, "root", "", "collect from an image: a `FOLDER` where it is mounted, or the file of one, raw or qcow2; with --list says which partitions it has")
	f.IntVar(&o.Partition, "partition", 0, "with --root and the file of an image: only the partition of this `NUMBER` (default: all that can be read)")
	f.StringArrayVar(&o.Paths, "path", nil, "list this `FOLDER` with its file times, instead of those of the profile; may be given several times")
	f.StringArrayVar(&o.Files, "file", nil, "take this `FILE` too; may be given several times")
	f.BoolVar(&o.Environment, "environment", false, "take the environment variables of processes and containers too: they may hold passwords and keys")
	f.BoolVar(&o.Secrets, "secrets", false, "take files whose purpose is to hold secrets too: private keys, credentials, password hashes, core dumps")
	f.BoolVar(&o.Resume, "resume", false, "leave out files that the incident holds as they are now: after a collection that was cut, take the rest")
	f.StringVar(&o.Authority, "authority", "", "on whose authority it is taken: a `person` or an order; recorded as not said when it is left out")
	o.away.add(c)
	o.on.add(c)
	return c
}

func runCollect(c *cobra.Command, o *collectOptions) error {
	defer thrifty()()
	if o.Partition != 0 && (o.Root == "" || o.Partition < 0) {
		return errFlag{errors.New("--partition: want a number from 1 on, with --root")}
	}
	if o.list && o.Root != "" {
		return o.partitions()
	}
	if o.list {
		return o.catalogue()
	}
	if err := o.absolute(); err != nil {
		return err
	}
	if o.away.to != "" {
		return runCollectTo(c, o.p, &o.away, o.CollectOptions)
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.on.target != "" {
		return runCollectOn(c, o, s, id)
	}
	sum, err := s.Collect(c.Context(), id, o.CollectOptions, o.p.progress())
	if err != nil {
		return err
	}
	o.p.authority(o.Authority)
	if o.p.json {
		return errors.Join(o.p.printJSON(sum), cutShort(sum))
	}
	if err := o.p.printf("%s  %s, %d bytes in %s\n", id, plural(int64(sum.Exhibits), "exhibit"), sum.Bytes, sum.Took.Round(time.Millisecond)); err != nil {
		return err
	}
	if err := saySpan(sum, o.p.printf); err != nil {
		return err
	}
	if err := o.p.refused(sum.Refused, "firebreak show "+string(id)+" evidence --json", o.p.printf); err != nil {
		return err
	}
	o.p.firstLook(c.Context(), s, id)
	return cutShort(sum)
}

// saySpan says why a collection ended early, and what was left out since an earlier
// one has it.
func saySpan(sum record.Collection, say func(string, ...any) error) error {
	if sum.Cut != "" {
		if err := say("CUT SHORT  %s: what comes later in the order of collection is missing\n", term.Safe(sum.Cut)); err != nil {
			return err
		}
	}
	if len(sum.Continues) == 0 {
		return nil
	}
	return say("%-9s  %s, unchanged, which %s has\n", "left out", plural(int64(sum.Kept), "file"), term.Safe(strings.Join(sum.Continues, " or ")))
}

// cutShort is the error of a collection that did not come to its end.
func cutShort(sum record.Collection) error {
	if sum.Cut == "" {
		return nil
	}
	return &response.Error{Code: response.CodePartial, Hint: "what is sealed stays; the rest: the same command with --resume", Err: fmt.Errorf("the collection ended early: %s", sum.Cut)}
}

// absolute makes names of files of this machine whole. Of an image and of another
// host only whole names are known.
func (o *collectOptions) absolute() error {
	for flag, names := range map[string][]string{"--file": o.Files, "--path": o.Paths} {
		for i, name := range names {
			if filepath.IsAbs(name) {
				continue
			}
			if o.Root != "" || o.on.target != "" {
				return errFlag{fmt.Errorf("%s %.200q: want the whole path there, from / on", flag, name)}
			}
			full, err := filepath.Abs(name)
			if err != nil {
				return fmt.Errorf("find %s: %w", name, err)
			}
			names[i] = full
		}
	}
	return nil
}

// firstLook says in one line how much there is to look at. The evidence is in, so
// that what goes wrong here is said, and no error.
func (p *program) firstLook(ctx context.Context, s *response.Session, id incident.ID) {
	r, err := s.Triage(ctx, id, response.TriageOptions{}, p.progress())
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.errf("note: triage: %s\n", term.Safe(err.Error()))
	case len(r.Findings) == 0:
		p.errf("triage: %s\n", triageLine(r))
	default:
		p.errf("triage: %s\nnext: firebreak triage %s\n", triageLine(r), id)
	}
}

// authority says that nobody was named on whose word evidence is taken. It is
// not asked for: what is volatile does not wait for an answer.
func (p *program) authority(named string) {
	if named == "" && !p.quiet && !p.json {
		p.errf("note: on whose authority it was taken is not said; --authority says it\n")
	}
}

// catalogue lists the collectors, and of definitions from elsewhere what is
// not taken over.
func (o *collectOptions) catalogue() error {
	all, err := response.CollectChoices(o.Profile, o.Definitions)
	if err != nil {
		return err
	}
	for _, d := range all.Collectors {
		if o.p.json {
			err = o.p.printJSON(d)
		} else {
			err = o.p.printf("%-24s %-42s %s\n", term.Safe(d.Name), strings.Join(d.Profiles, " "), term.Safe(d.Title))
		}
		if err != nil {
			return err
		}
	}
	for _, r := range all.Refused {
		if o.p.json {
			err = o.p.printJSON(map[string]any{"refused": r})
		} else {
			err = o.p.printf("refused  %s %s: %s\n", term.Safe(r.Place), term.Safe(r.Name), term.Safe(r.Reason))
		}
		if err != nil {
			return err
		}
	}
	if all.Sources > 0 && !o.p.json {
		return o.p.printf("%d of %d sources for Linux are taken over\n", all.Taken, all.Sources)
	}
	return nil
}

// partitions lists what an image holds, and which of it can be read.
func (o *collectOptions) partitions() error {
	list, err := response.Partitions(o.Root)
	for _, v := range list {
		var werr error
		if o.p.json {
			werr = o.p.printJSON(v)
		} else {
			kind := v.Kind
			if kind == "" {
				kind = "unknown"
			}
			if v.Hint != "" {
				kind += " (" + v.Hint + ")"
			}
			werr = o.p.printf("%3d  %12d bytes at %-12d  %-20s %s\n", v.Number, v.Size, v.Offset, term.Safe(v.Name), kind)
		}
		if werr != nil {
			return werr
		}
	}
	return err
}
