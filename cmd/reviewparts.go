package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type reviewPartsOptions struct {
	p        *program
	incident string
	part     string
	readers  string
	history  string
}

// readersFlag is --for: the readers for whom a part is written.
func (p *program) readersFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "for", "", "as it is written for the readers of this `PROFILE`: "+partProfileNames())
	_ = c.RegisterFlagCompletionFunc("for", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return strings.Split(partProfileNames(), ", "), cobra.ShellCompDirectiveNoFileComp
	})
}

func partProfileNames() string {
	var out []string
	for _, p := range record.PartProfiles() {
		out = append(out, string(p))
	}
	return strings.Join(out, ", ")
}

// partKeys are the keys of a part, or of all, as they are written for some readers.
// Without both there are none: the parts as they stand.
func partKeys(part, readers string) ([]string, error) {
	if readers != "" && !slices.Contains(record.PartProfiles(), record.Profile(readers)) {
		return nil, errFlag{fmt.Errorf("--for %q: want %s", readers, partProfileNames())}
	}
	switch {
	case part != "":
		return []string{record.PartFor(part, record.Profile(readers))}, nil
	case readers == "":
		return nil, nil
	}
	var out []string
	for _, p := range response.Parts() {
		out = append(out, record.PartFor(p.Key, record.Profile(readers)))
	}
	return out, nil
}

func newReviewPartsCmd(p *program, run func(*cobra.Command, *reviewPartsOptions) error) *cobra.Command {
	o := &reviewPartsOptions{p: p}
	c := &cobra.Command{
		Use:   "parts INCIDENT [PART]",
		Short: "Show the parts that people write, and who wrote them",
		Long: `List the parts of the review that people write: how far each is, its version, who
wrote it and when, and what to look at again. With PART, print its text. --history
prints every version of one part and what changed between them.`,
		Args:              between(1, 2, "an incident and, if you like, a part"),
		ValidArgsFunction: p.completePart,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			if len(args) > 1 {
				o.part = args[1]
			}
			return run(c, o)
		},
	}
	p.readersFlag(c, &o.readers)
	c.Flags().StringVar(&o.history, "history", "", "print the versions of this `PART`, and what changed")
	return c
}

func runReviewParts(c *cobra.Command, o *reviewPartsOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.history != "" {
		keys, err := partKeys(o.history, o.readers)
		if err != nil {
			return err
		}
		o.history = keys[0]
		return o.versions(c, s, id)
	}
	keys, err := partKeys(o.part, o.readers)
	if err != nil {
		return err
	}
	parts, err := s.ReviewParts(c.Context(), id, keys...)
	if err != nil {
		return err
	}
	for _, v := range parts {
		switch {
		case keys != nil && !slices.Contains(keys, v.Key):
			continue
		case o.p.json:
			err = o.p.printJSON(v)
		case o.part != "" && v.Text != "":
			err = o.p.printf("%s\n", term.SafeLines(v.Text))
		case o.part != "":
			err = o.p.printf("nobody wrote it yet: firebreak review edit %s\n", term.Safe(string(id)+" "+response.PartArgs(v.Key)))
		default:
			err = o.p.printf("%s", partLine(v))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// partLine says how far a part is, with what to look at again below it.
func partLine(v response.PartView) string {
	var b strings.Builder
	name := v.Key
	if v.For != "" {
		name = "  for " + string(v.For)
	}
	switch {
	case v.Version == 0:
		fmt.Fprintf(&b, "%-15s not written yet\n", name)
	case v.Text == "":
		fmt.Fprintf(&b, "%-15s version %d  taken back by %s at %s\n", name, v.Version, term.Safe(v.By), utc(v.At))
	default:
		fmt.Fprintf(&b, "%-15s version %d  %s  by %s at %s\n", name, v.Version, plural(int64(len(strings.Fields(v.Text))), "word"), term.Safe(strings.Join(v.Authors, ", ")), utc(v.At))
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(&b, "  ! %s\n", term.Safe(w))
	}
	return b.String()
}

func (o *reviewPartsOptions) versions(c *cobra.Command, s *response.Session, id incident.ID) error {
	w, err := s.PartHistory(c.Context(), id, o.history)
	if err != nil {
		return err
	}
	var before []string
	for _, v := range w.Versions {
		lines := strings.SplitAfter(v.Text+"\n", "\n")
		lines = lines[:len(lines)-1]
		if v.Text == "" {
			lines = nil
		}
		diff := difference(fmt.Sprintf("%s %d", w.Key, v.Version-1), fmt.Sprintf("%s %d", w.Key, v.Version), before, lines)
		before = lines
		if o.p.json {
			err = o.p.printJSON(partVersion{w.Key, v.Version, v.By, utc(v.Time), v.Seq, v.Text, diff})
		} else {
			err = o.p.printf("%s version %d by %s at %s, entry %d\n%s\n", w.Key, v.Version, term.Safe(v.By), utc(v.Time), v.Seq, term.SafeLines(diff))
		}
		if err != nil {
			return err
		}
	}
	if len(w.Versions) == 0 && !o.p.json {
		return o.p.printf("nobody wrote it yet: firebreak review edit %s\n", term.Safe(string(id)+" "+response.PartArgs(w.Key)))
	}
	return nil
}

// partVersion is one version as --json prints it.
type partVersion struct {
	Part    string `json:"part"`
	Version int    `json:"version"`
	By      string `json:"by"`
	At      string `json:"at"`
	Seq     int64  `json:"seq"`
	Text    string `json:"text"`
	Diff    string `json:"diff"` // against the version before it
}

// completePart completes an incident, then a part of its review.
func (p *program) completePart(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return p.completeIncidents(c, args, typed)
	}
	var out []string
	if len(args) == 1 {
		for _, part := range response.Parts() {
			out = append(out, part.Key+"\t"+part.Title)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
