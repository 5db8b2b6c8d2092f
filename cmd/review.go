package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type reviewOptions struct {
	p        *program
	incident string
	to       string
	item     string
	owner    string
	due      string
	class    string
	forms    []string
	profile  string
}

func newReviewCmd(p *program, run func(*cobra.Command, *reviewOptions) error) *cobra.Command {
	o := &reviewOptions{p: p}
	c := &cobra.Command{
		Use:        "review INCIDENT",
		SuggestFor: []string{"report", "postmortem"},
		Short:      "Write the post-incident review",
		Long: `Write the review from the record, as Markdown, one self-contained HTML page and
JSON, or in the forms of --format. It can be written again at any time. With --item
add a follow-up first. --profile makes it for some readers: what they may not see is
taken out or stands under a name that is used in this document only.

What only people can say is written with firebreak review edit; review state takes
the review from draft to closed; review release freezes it for somebody, and review
check makes such a release again, bit for bit.

In an encrypted incident the review is sealed, as everything in its folder is;
--to writes it where you say, for anybody to read.`,
		Example: `  firebreak review last
  firebreak review last --format pdf,docx --profile executive --to ~/board
  firebreak review edit last summary
  firebreak review release last --profile regulator --for "the authority" --to out`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "write it into this `FOLDER`, not into the incident's exports, and not encrypted; works for an incident that can only be looked at")
	f.StringVar(&o.item, "item", "", "add this follow-up")
	f.StringVar(&o.owner, "owner", "", "who does it")
	f.StringVar(&o.due, "due", "", "until when: YYYY-MM-DD")
	f.StringVar(&o.class, "class", "", "prevent, detect, respond or recover")
	f.StringSliceVar(&o.forms, "format", nil, "in these `FORMS`: "+formNames()+", all (default md,html,json)")
	f.StringVar(&o.profile, "profile", "full", "for whom: "+profileNames())
	c.AddCommand(
		newReviewEditCmd(p, runReviewEdit), newReviewPartsCmd(p, runReviewParts), newReviewStateCmd(p, runReviewState),
		newReviewReleaseCmd(p, runReviewRelease), newReviewCheckCmd(p, runReviewCheck), newReviewAgainCmd(p, runReviewAgain),
	)
	return c
}

func runReview(c *cobra.Command, o *reviewOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.item != "" {
		item := record.Item{Text: o.item, Owner: o.owner, Class: o.class}
		if o.due != "" {
			if item.Due, err = time.Parse(time.DateOnly, o.due); err != nil {
				return errFlag{fmt.Errorf("--due %q: want YYYY-MM-DD", o.due)}
			}
		}
		if _, err := s.AddItem(c.Context(), id, item); err != nil {
			return err
		}
	}
	profile, err := profileOf(o.profile)
	if err != nil {
		return err
	}
	w, err := s.ReviewAs(c.Context(), id, response.ReviewOptions{Forms: o.forms, Profile: profile, To: o.to})
	if err != nil {
		return err
	}
	if w.Unrecorded != "" {
		o.p.warn("no entry tells of this review: " + w.Unrecorded)
	}
	if o.p.json {
		out := map[string]any{"incident": id, "review": w.Markdown, "html": w.HTML, "json": w.JSON, "files": w.Files, "profile": profile}
		if w.Sealed {
			out["sealed"] = true
		}
		return o.p.printJSON(out)
	}
	if err := o.p.written(w.Files); err != nil {
		return err
	}
	switch {
	case w.Sealed:
		o.p.errf("  sealed, as the incident is; firebreak review %s --to FOLDER writes a copy that can be read\n", id)
	case o.to != "" && s.Service().Protection().Encrypted:
		o.p.errf("  this copy is not encrypted\n")
	}
	return nil
}

// written prints where files are, in the order in which the forms stand.
func (p *program) written(files map[string]string) error {
	for _, name := range inFormOrder(files) {
		if err := p.printf("%s\n", term.Safe(files[name])); err != nil {
			return err
		}
	}
	return nil
}

// inFormOrder are the names of files of a review in the order of its forms.
func inFormOrder[V any](files map[string]V) []string {
	at := func(name string) int {
		for i, f := range response.ReviewForms() {
			stem, form, _ := strings.Cut(f.File, ".")
			if strings.HasPrefix(name, stem) && strings.HasSuffix(name, "."+form) && strings.Count(name, ".") == strings.Count(f.File, ".") {
				return i
			}
		}
		return len(files)
	}
	return slices.SortedFunc(maps.Keys(files), func(a, b string) int { return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a, b)) })
}

func formNames() string {
	var out []string
	for _, f := range response.ReviewForms() {
		out = append(out, f.Name)
	}
	return strings.Join(out, ", ")
}

func profileNames() string {
	var out []string
	for _, p := range record.Profiles() {
		out = append(out, string(p))
	}
	return strings.Join(out, ", ")
}

// profileOf reads --profile.
func profileOf(text string) (record.Profile, error) {
	p, err := record.ParseProfile(text)
	if err != nil {
		return "", errFlag{fmt.Errorf("--profile: %w", err)}
	}
	return p, nil
}
