package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type reviewStateOptions struct {
	p         *program
	incident  string
	to        string
	reason    string
	key       string
	request   bool
	signature string
}

func newReviewStateCmd(p *program, run func(*cobra.Command, *reviewStateOptions) error) *cobra.Command {
	o := &reviewStateOptions{p: p}
	c := &cobra.Command{
		Use:   "state INCIDENT [STATE]",
		Short: "Say how far the review is, or take it further",
		Long: `Without STATE, say how far the review is: what is missing, what to look at again,
who put their name under it, and what was released. With STATE, take it there:
draft, in-review, reviewed, closed; forwards one at a time, back with a --reason.

Somebody else than those who wrote it says that it is reviewed, where the roster
(firebreak trust) has somebody else. From then on its text stands; an edit wants it
taken back to draft. Reviewed and closed are signed with your ssh key where there is
one, and have to be where the configuration says approvals: signed. What is signed
is the move and the record's head; firebreak verify checks it.

For a key on another machine, --request prints what is to be signed, and the answer
of ssh-keygen comes back with --signature: then it is its owner's word.`,
		Example: `  firebreak review state last
  firebreak review state last in-review
  firebreak review state last reviewed --as bob
  firebreak review state last draft --reason "counsel wants the dates checked"`,
		Args: between(1, 2, "an incident and, if you like, a state"),
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return []string{"draft", "in-review", "reviewed", "closed"}, cobra.ShellCompDirectiveNoFileComp
			}
			return p.completeIncidents(c, args, typed)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			if len(args) > 1 {
				o.to = args[1]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", "why; a move back needs one")
	f.StringVar(&o.key, "key", "", keyHelp)
	f.BoolVar(&o.request, "request", false, "print the text that is to be signed elsewhere, and how")
	f.StringVar(&o.signature, "signature", "", "a `FILE` with a signature that was made elsewhere; - reads it from the standard input")
	c.MarkFlagsMutuallyExclusive("key", "request", "signature")
	return c
}

func runReviewState(c *cobra.Command, o *reviewStateOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.to == "" && (o.reason != "" || o.key != "" || o.request || o.signature != "") {
		return errFlag{errors.New("review state: name the state: draft, in-review, reviewed or closed")}
	}
	if o.to != "" {
		to, err := record.ParseReviewState(o.to)
		if err != nil {
			return errFlag{err}
		}
		switch {
		case o.request:
			text, err := s.ReviewToSign(c.Context(), id, to, o.reason)
			if err != nil {
				return err
			}
			return o.p.toSign(record.ReviewNamespace, []byte(text), "firebreak review state "+string(id)+" "+o.to+" --signature review.txt.sig", "review.txt")
		case o.signature != "":
			b, err := o.p.input("signature", o.signature)
			if err != nil {
				return err
			}
			if err := s.MoveReviewPasted(c.Context(), id, to, b, o.reason); err != nil {
				return err
			}
		default:
			s = withKey(s, o.key, o.p.Getenv("HOME"))
			if s.WillSignReview(to) {
				o.p.touch(c.Context(), s)
			}
			if err := s.MoveReview(c.Context(), id, to, o.reason); err != nil {
				return err
			}
		}
	}
	st, err := s.ReviewStanding(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(st)
	}
	return o.p.printf("%s", standingText(st))
}

func standingText(st response.ReviewStanding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  the review is %s, %d of %s written\n", st.Incident, strings.ToUpper(string(st.State)), st.Parts, plural(int64(st.Parts+len(st.Missing)), "part"))
	if len(st.Missing) > 0 {
		fmt.Fprintf(&b, "not written: %s\n", term.Safe(strings.Join(st.Missing, ", ")))
	}
	for _, w := range st.Warnings {
		fmt.Fprintf(&b, "! %s\n", term.Safe(w))
	}
	for _, m := range st.Moves {
		line := fmt.Sprintf("%s  %s, by %s", utc(m.At), m.To, m.By)
		if m.Strength != record.Local {
			line += " (signed, " + string(m.Strength) + ")"
		}
		line += fmt.Sprintf(", over %s, entry %d", entries(m.Entries), m.Seq)
		if m.Author {
			line += "; who wrote some of it, and nobody else is on the roster"
		}
		if m.Reason != "" {
			line += ": " + m.Reason
		}
		fmt.Fprintf(&b, "%s\n", term.Safe(line))
	}
	for _, r := range st.Releases {
		fmt.Fprintf(&b, "%s\n", term.Safe(releaseLine(r)))
	}
	if next := st.State.Next(); next != "" {
		fmt.Fprintf(&b, "next: firebreak review state %s %s\n", st.Incident, strings.ReplaceAll(string(next), " ", "-"))
	}
	return b.String()
}

func releaseLine(r response.ReleaseView) string {
	line := fmt.Sprintf("%s  release %s, profile %s", utc(r.Made), r.ID, r.Profile)
	if r.Draft {
		line += ", DRAFT"
	}
	if r.For != "" {
		line += ", for " + r.For
	}
	return line + fmt.Sprintf(", over %s, by %s: %s", entries(r.Size), r.By, strings.Join(inFormOrder(r.Files), ", "))
}
