package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type reviewReleaseOptions struct {
	p        *program
	incident string
	profile  string
	list     bool
	preview  bool
	yes      bool
	response.ReleaseRequest
}

func newReviewReleaseCmd(p *program, run func(*cobra.Command, *reviewReleaseOptions) error) *cobra.Command {
	o := &reviewReleaseOptions{p: p}
	c := &cobra.Command{
		Use:   "release INCIDENT",
		Short: "Freeze the review for somebody, so that it can be made again bit for bit",
		Long: `Make the review over the record as it is now, for the readers of --profile, and
freeze it: the record keeps the hash of each file, and firebreak review check makes
them again from the entries and compares every byte, however much was recorded since.
The names that stand for people and hosts are of this release alone.

For anybody but those who may see all (--profile full) it is shown first what was
taken out and what still looks like somebody's data; --yes says that you have seen
it. A review that nobody has reviewed is released with --draft only, and every page
says so. Its chart of events is that of this moment; of marked events it shows what
their marks kept.`,
		Example: `  firebreak review release last --profile regulator --for "the authority" --format pdf --to out
  firebreak review release last --profile public --preview
  firebreak review release last --list`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.profile, "profile", "full", "for whom: "+profileNames())
	f.StringVar(&o.For, "for", "", "`WHOM` it is for, in a few words that stand in it")
	f.StringVar(&o.Reason, "reason", "", "why; it does not stand in it")
	f.StringSliceVar(&o.Forms, "format", nil, "in these `FORMS`: "+formNames()+", all (default md,html,json)")
	f.StringVar(&o.To, "to", "", "write it into this `FOLDER`, not into the incident's exports, and not encrypted")
	f.BoolVar(&o.Draft, "draft", false, "nobody has reviewed it: release it marked as a draft")
	f.BoolVar(&o.preview, "preview", false, "only show what it would be")
	f.BoolVarP(&o.yes, "yes", "y", false, "you have seen what stands in it: release it without asking")
	f.BoolVar(&o.list, "list", false, "list what was released")
	for _, other := range []string{"profile", "for", "reason", "format", "to", "draft", "preview", "yes"} {
		c.MarkFlagsMutuallyExclusive("list", other)
	}
	c.MarkFlagsMutuallyExclusive("preview", "yes")
	return c
}

func runReviewRelease(c *cobra.Command, o *reviewReleaseOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.list {
		list, err := s.Releases(c.Context(), id)
		if err != nil {
			return err
		}
		for _, r := range list {
			if o.p.json {
				err = o.p.printJSON(r)
			} else {
				err = o.p.printf("%s\n", term.Safe(releaseLine(r)))
			}
			if err != nil {
				return err
			}
		}
		if len(list) == 0 && !o.p.json {
			return o.p.printf("nothing was released\n")
		}
		return nil
	}
	if o.Profile, err = profileOf(o.profile); err != nil {
		return err
	}
	d, err := s.PrepareRelease(c.Context(), id, o.ReleaseRequest)
	if err != nil {
		return err
	}
	if o.preview {
		if o.p.json {
			return o.p.printJSON(d)
		}
		return o.show(d)
	}
	if err := o.agreed(d); err != nil {
		return err
	}
	out, err := s.Release(c.Context(), d)
	if out.Seq == 0 {
		return err
	}
	return errors.Join(o.said(out), err)
}

// show prints what would be released.
func (o *reviewReleaseOptions) show(d response.ReleaseDraft) error {
	var b strings.Builder
	fmt.Fprintf(&b, "release %s of %s, profile %s, over %s", d.ID, d.Incident, d.Profile, entries(d.Size))
	if d.Draft {
		b.WriteString(", marked DRAFT")
	}
	if d.For != "" {
		b.WriteString(", for " + term.Safe(d.For))
	}
	fmt.Fprintf(&b, "\nfiles: %s, %d bytes\n", strings.Join(inFormOrder(d.Files), ", "), d.Bytes)
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "! %s\n", term.Safe(w))
	}
	b.WriteString("\n" + d.Found.Text())
	return o.p.printf("%s", b.String())
}

// agreed asks the person at the terminal whether what was found may leave; no is
// the default. What everybody may see who may see all needs no question.
func (o *reviewReleaseOptions) agreed(d response.ReleaseDraft) error {
	if o.yes || d.Profile == "full" {
		return nil
	}
	if !o.p.IsTerminal || o.p.json {
		return errFlag{fmt.Errorf("release %s: without a terminal look at it with --preview, then give --yes", d.ID)}
	}
	if err := o.show(d); err != nil {
		return err
	}
	return o.p.yes("\nrelease it?", "release "+d.ID+": you said no: nothing was released")
}

func (o *reviewReleaseOptions) said(r response.Released) error {
	if o.p.json {
		return o.p.printJSON(r)
	}
	if err := o.p.printf("%s\n", term.Safe(releaseLine(r.ReleaseView))); err != nil {
		return err
	}
	if err := o.p.written(r.Paths); err != nil {
		return err
	}
	if r.Sealed {
		o.p.errf("  sealed, as the incident is; firebreak review again %s %s --to FOLDER writes a copy that can be read\n", r.Incident, r.ID)
	}
	return nil
}

type reviewCheckOptions struct {
	p        *program
	incident string
	release  string
	files    []string
}

func newReviewCheckCmd(p *program, run func(*cobra.Command, *reviewCheckOptions) error) *cobra.Command {
	o := &reviewCheckOptions{p: p}
	c := &cobra.Command{
		Use:   "check INCIDENT RELEASE",
		Short: "Make a release again and compare every byte",
		Long: `Make a release of the review again from the entries that it was made of, and compare
each file with the hash in the record. Exits with 6 when one differs, and says which,
and what may be behind it: another version of the program, or an erasure. With --file
it is not made again: files that somebody has are compared with those hashes.`,
		Example: `  firebreak review check last v1
  firebreak review check last v1 --file ~/inbox/review-v1.pdf`,
		Args:              exactly(2, "an incident and a release, as in v1"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.release = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringArrayVar(&o.files, "file", nil, "compare this `FILE`; may be given several times")
	return c
}

func runReviewCheck(c *cobra.Command, o *reviewCheckOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	var check response.ReleaseCheck
	if len(o.files) > 0 {
		check, err = s.CompareRelease(c.Context(), id, o.release, o.files)
	} else {
		check, err = s.CheckRelease(c.Context(), id, o.release)
	}
	if err != nil {
		return err
	}
	if o.p.json {
		if err := o.p.printJSON(check); err != nil {
			return err
		}
	} else if err := o.p.printf("%s", checkText(check, len(o.files) > 0)); err != nil {
		return err
	}
	if !check.OK {
		return errVerification
	}
	return nil
}

func checkText(check response.ReleaseCheck, compared bool) string {
	var b strings.Builder
	for _, f := range check.Files {
		word, why := "same", f.Why
		if !f.OK {
			word = "DIFFERS"
			if f.Made == "" {
				word = "NOT MADE"
			}
		}
		if why != "" {
			why = "  " + why
		}
		fmt.Fprintf(&b, "%-8s  %s%s\n", word, term.Safe(f.Name), term.Safe(why))
	}
	if !compared {
		for _, why := range check.Reasons() {
			fmt.Fprintf(&b, "note      %s\n", term.Safe(why))
		}
	}
	b.WriteString(check.LookText)
	verdict := map[bool]string{true: "is the same, byte for byte", false: "IS NOT THE SAME"}[check.OK]
	fmt.Fprintf(&b, "release %s of %s %s\n", check.Release, check.Incident, verdict)
	return b.String()
}

type reviewAgainOptions struct {
	p        *program
	incident string
	release  string
	to       string
}

func newReviewAgainCmd(p *program, run func(*cobra.Command, *reviewAgainOptions) error) *cobra.Command {
	o := &reviewAgainOptions{p: p}
	c := &cobra.Command{
		Use:   "again INCIDENT RELEASE",
		Short: "Write the files of a release again, bit for bit",
		Long: `Write the files of a release again from the entries that it was made of. They are
the same, byte for byte; where they would not be, nothing is written and it exits
with 6.`,
		Example:           `  firebreak review again last v1 --to out`,
		Args:              exactly(2, "an incident and a release, as in v1"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.release = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.to, "to", "", "write it into this `FOLDER`, not into the incident's exports, and not encrypted")
	return c
}

func runReviewAgain(c *cobra.Command, o *reviewAgainOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	out, err := s.AgainRelease(c.Context(), id, o.release, o.to)
	if err != nil {
		return err
	}
	return (&reviewReleaseOptions{p: o.p}).said(out)
}
