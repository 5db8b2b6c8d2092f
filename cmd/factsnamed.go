package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/review"
)

type subjectOptions struct {
	factOptions
	subject record.Subject
}

func newSubjectCmd(p *program, run func(*cobra.Command, *subjectOptions) error) *cobra.Command {
	o := &subjectOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "subject INCIDENT [KIND VALUE]",
		Short: "Say whose an address, an account or a host is: the attacker's, affected, ours",
		Long: `Say who or what a name in this incident belongs to. What is the attacker's is an
indicator: it stays readable in exports in which people and systems are not.
What is affected, or a responder's, is shown there as --shown-as says, or as a
pseudonym. A later word on the same name replaces the earlier one.

KIND is person, account, mail, phone, host, address, domain, url, hash, path,
process, iban, card or other. An address may be a network; hxxp:// and [.] are
read as what they mean. Without one it lists what was named.`,
		Example: `  firebreak subject last address 203.0.113.9 --role attacker --note "it used the key, e2"
  firebreak subject last host web-1 --role victim --shown-as "the web server"
  firebreak subject last address 203.0.113.9 --withdraw`,
		Args: func(c *cobra.Command, args []string) error {
			if n := len(args); n == 1 || n == 3 {
				return nil
			}
			return errFlag{fmt.Errorf("%s wants an incident, a kind and a value (%d given)", c.CommandPath(), len(args))}
		},
		ValidArgsFunction: p.thenWords(review.SubjectKinds()...),
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.subject.Role, "role", "", "attacker, victim, responder, third-party or none")
	f.StringVar(&o.subject.As, "shown-as", "", "what it is called for those who may not see it: the file server")
	f.StringVar(&o.subject.Note, "note", "", "how that is known")
	f.BoolVar(&o.back, "withdraw", false, "take back what was said of it")
	return c
}

func runSubject(c *cobra.Command, o *subjectOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) > 0 {
		x := o.subject
		x.Kind, x.Value, x.Withdrawn = o.words[0], o.words[1], o.back
		if err := s.NameSubject(c.Context(), id, x); err != nil {
			return err
		}
		return o.recorded(id, "subject", x.Kind+" "+x.Value, "")
	}
	r, err := s.Facts(c.Context(), id)
	if err != nil {
		return err
	}
	all := slices.Concat(r.Indicators, r.Subjects)
	return printFacts(o.p, all, "nobody and nothing is named", func(x review.Subject) string {
		return fmt.Sprintf("%-11s %-8s %-32s %s  %s", term.Safe(x.Role), term.Safe(x.Kind), term.Safe(x.Value), stamped(x.Time, x.By, x.Seq), term.Safe(strings.Trim(x.As+"; "+x.Note, "; ")))
	})
}

type techniqueOptions struct {
	factOptions
	technique record.Technique
	at        string
}

func newTechniqueCmd(p *program, run func(*cobra.Command, *techniqueOptions) error) *cobra.Command {
	o := &techniqueOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "technique INCIDENT [ID]",
		Short: "Say which techniques of ATT&CK the attacker used",
		Long: `Say that the attacker used a technique of MITRE ATT&CK, by its id. With --at it
stands in the review's timeline at that time. A tag of an event that is such an
id, and a finding that was confirmed, count as well. Without an id it lists all
of them, with where each comes from.`,
		Example: `  firebreak technique last T1078.004 --at 00:53 --text "the deploy key is an account"
  firebreak technique last T1078.004 --withdraw`,
		Args: func(c *cobra.Command, args []string) error {
			if n := len(args); n == 1 || n == 2 {
				return nil
			}
			return errFlag{fmt.Errorf("%s wants an incident and one technique (%d given)", c.CommandPath(), len(args))}
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.technique.Name, "name", "", "what it is called")
	f.StringVar(&o.at, "at", "", "when it was used: RFC 3339, or HH:MM")
	f.StringArrayVar(&o.technique.Events, "event", nil, "an `EVENT` of the timeline that shows it; can be given again")
	f.StringVar(&o.technique.Text, "text", "", "how that is known")
	f.BoolVar(&o.back, "withdraw", false, "take back that it was used")
	return c
}

func runTechnique(c *cobra.Command, o *techniqueOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) > 0 {
		t := o.technique
		t.Technique, t.Withdrawn = strings.ToUpper(o.words[0]), o.back
		if t.At, err = o.timeFlag("at", o.at); err != nil {
			return err
		}
		if err := s.SeeTechnique(c.Context(), id, t); err != nil {
			return err
		}
		understood := ""
		if !t.At.IsZero() {
			understood = utc(t.At)
		}
		return o.recorded(id, "technique", t.Technique, understood)
	}
	r, err := s.Facts(c.Context(), id)
	if err != nil {
		return err
	}
	return printFacts(o.p, r.Techniques, "no technique is named", func(t review.TechniqueUse) string {
		at := "time unknown"
		if !t.First.IsZero() {
			at = utc(t.First)
		}
		return fmt.Sprintf("%-10s %-20s %-16s %s  %s", term.Safe(t.ID), at, strings.Join(t.Sources, ", "), entryList(t.Seqs), term.Safe(strings.Trim(t.Name+"; "+strings.Join(t.Texts, "; "), "; ")))
	})
}

// entryList writes numbers of entries: #3 #17.
func entryList(seqs []int64) string {
	var out []string
	for _, s := range seqs {
		out = append(out, fmt.Sprintf("#%d", s))
	}
	return strings.Join(out, " ")
}

type factorOptions struct {
	factOptions
	key string
}

func newFactorCmd(p *program, run func(*cobra.Command, *factorOptions) error) *cobra.Command {
	o := &factorOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "factor INCIDENT [CATEGORY TEXT…]",
		Short: "Name a condition that made the incident possible, or worse",
		Long: `Name a condition that made the incident possible, or worse. There are several,
and a person's act is none of them: say what made the act likely. CATEGORY is
technical, process or organisational; the text "-" is read from the standard
input. With --key the same factor is found again in other incidents.

Without a category it lists them.`,
		Example: `  firebreak factor last technical "Deploy keys have no expiry." --key key-without-expiry
  firebreak factor last process "Nobody is asked to look at the list of keys." --correct f2
  firebreak factor last --withdraw f2`,
		Args:              atLeast(1, "an incident"),
		ValidArgsFunction: p.thenWords(review.FactorCategories()...),
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.key, "key", "", "a word for it that is the same in all incidents: no-mfa")
	o.correcting(c, "f2")
	return c
}

func runFactor(c *cobra.Command, o *factorOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) == 0 && o.correct == "" && o.withdraw == "" {
		r, err := s.Facts(c.Context(), id)
		if err != nil {
			return err
		}
		return printFacts(o.p, r.Factors, "no factor is named", func(f review.Factor) string {
			return fmt.Sprintf("%-4s %-15s %-24s %s  %s", dash(f.ID), term.Safe(dash(f.Category)), term.Safe(f.Key), stamped(f.Time, f.By, f.Seq), term.Safe(f.Text))
		})
	}
	text := ""
	if len(o.words) > 1 {
		if text, err = o.text(c, o.words[1:]); err != nil {
			return err
		}
	}
	fact, err := s.CorrectFactor(c.Context(), id, cmp.Or(o.correct, o.withdraw), func(f *record.Factor) {
		f.Withdrawn = o.withdraw != ""
		if len(o.words) > 0 {
			f.Category = o.words[0]
		}
		if len(o.words) > 1 {
			f.Text = text
		}
		if c.Flags().Changed("key") {
			f.Key = o.key
		}
	})
	if err != nil {
		return err
	}
	return o.numbered(id, "factor", fact, o.correct != "")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type controlOptions struct {
	factOptions
	control record.Control
}

func newControlCmd(p *program, run func(*cobra.Command, *controlOptions) error) *cobra.Command {
	o := &controlOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "control INCIDENT [REFERENCE…]",
		Short: "Say which controls held, failed or were missing",
		Long: `Say what a control did or did not do. It is named by the references that your
frameworks have for it: csf:DE.CM-01 (NIST CSF 2.0), iso27001:A.8.15 (Annex A),
cis:8.2, pci:10.2 (PCI DSS), soc2:CC7.2, hipaa:164.312(b). The review groups
what did not hold by framework, and beside the technique that it was to stop.

Without a reference it lists them.`,
		Example: `  firebreak control last csf:DE.CM-01 iso27001:A.8.16 --held missing --technique T1213 --text "no alert for a clone from a new address"
  firebreak control last --correct c1 --held partly
  firebreak control last --withdraw c1`,
		Args:              atLeast(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.control.Held, "held", "", "held, partly, failed or missing")
	f.StringArrayVar(&o.control.Techniques, "technique", nil, "a technique of ATT&CK that it was to stop or to show; can be given again")
	f.StringVar(&o.control.Text, "text", "", "what it did, or did not do")
	o.correcting(c, "c1")
	return c
}

func runControl(c *cobra.Command, o *controlOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) == 0 && o.correct == "" && o.withdraw == "" {
		r, err := s.Facts(c.Context(), id)
		if err != nil {
			return err
		}
		return printFacts(o.p, r.Controls, "no control is named", func(x review.Control) string {
			return fmt.Sprintf("%-4s %-8s %-36s %s  %s", term.Safe(x.ID), term.Safe(x.Held), term.Safe(strings.Join(x.Refs, " ")), stamped(x.Time, x.By, x.Seq), term.Safe(x.Text))
		})
	}
	given := c.Flags().Changed
	fact, err := s.CorrectControl(c.Context(), id, cmp.Or(o.correct, o.withdraw), func(x *record.Control) {
		x.Withdrawn = o.withdraw != ""
		if len(o.words) > 0 {
			x.Refs = o.words
		}
		if given("held") {
			x.Held = o.control.Held
		}
		if given("technique") {
			x.Techniques = o.control.Techniques
		}
		if given("text") {
			x.Text = o.control.Text
		}
	})
	if err != nil {
		return err
	}
	return o.numbered(id, "control", fact, o.correct != "")
}

type decisionOptions struct {
	factOptions
	decision record.Decided
	role, at string
}

func newDecisionCmd(p *program, run func(*cobra.Command, *decisionOptions) error) *cobra.Command {
	o := &decisionOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "decision INCIDENT [TEXT…]",
		Short: "Record a decision: what was known, what else could have been done, who took it",
		Long: `Record a decision with what was known when it was taken, and what was not: that
is what it will be judged by. The text "-" is read from the standard input.
firebreak note --decision records one in a line. Without a text it lists them.`,
		Example: `  firebreak decision last "We stop all builds." --question "Do we stop the builds?" \
    --known "the key can push; whether it did is not known" \
    --alternative "let the running release end" --reason "a poisoned release costs more than a day"
  firebreak decision last --correct d1 --alternative "only watch the key"
  firebreak decision last --withdraw d1`,
		Args:              atLeast(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.decision.Question, "question", "", "what was to be decided")
	f.StringVar(&o.decision.Known, "known", "", "what was known, and what was not")
	f.StringArrayVar(&o.decision.Alternatives, "alternative", nil, "what else could have been done; can be given again")
	f.StringVar(&o.decision.Reason, "reason", "", "why so")
	f.StringVar(&o.decision.By, "by", "", "who decided, if somebody else")
	f.StringVar(&o.role, "role", "", "in which role: commander, legal, …")
	f.StringVar(&o.at, "at", "", "when, if it is written down later: RFC 3339, or HH:MM")
	o.correcting(c, "d1")
	return c
}

func runDecision(c *cobra.Command, o *decisionOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) == 0 && o.correct == "" && o.withdraw == "" {
		r, err := s.Facts(c.Context(), id)
		if err != nil {
			return err
		}
		return printFacts(o.p, r.Decisions, "no decision is recorded", func(d review.Decision) string {
			what := strings.Join(strings.Fields(d.What), " ")
			if d.Why != "" {
				what += ": " + d.Why
			}
			return fmt.Sprintf("%-4s %s  %s", dash(d.ID), stamped(d.Time, cmp.Or(d.Decider, d.By), d.Seq), term.Safe(what))
		})
	}
	if err := o.read(c); err != nil {
		return err
	}
	fact, err := s.CorrectDecision(c.Context(), id, cmp.Or(o.correct, o.withdraw), func(d *record.Decided) { o.given(c, d) })
	if err != nil {
		return err
	}
	return o.numbered(id, "decision", fact, o.correct != "")
}

// read reads what may be asked for once only.
func (o *decisionOptions) read(c *cobra.Command) (err error) {
	if len(o.words) > 0 {
		if o.decision.Choice, err = o.text(c, o.words); err != nil {
			return err
		}
	}
	o.decision.At, err = o.timeFlag("at", o.at)
	return err
}

// given puts what the flags say over what there was.
func (o *decisionOptions) given(c *cobra.Command, d *record.Decided) {
	d.Withdrawn = o.withdraw != ""
	if len(o.words) > 0 {
		d.Choice = o.decision.Choice
	}
	for _, x := range []struct {
		flag string
		from string
		to   *string
	}{{"question", o.decision.Question, &d.Question}, {"known", o.decision.Known, &d.Known}, {"reason", o.decision.Reason, &d.Reason}, {"by", o.decision.By, &d.By}} {
		if c.Flags().Changed(x.flag) {
			*x.to = x.from
		}
	}
	if c.Flags().Changed("alternative") {
		d.Alternatives = o.decision.Alternatives
	}
	if c.Flags().Changed("role") {
		d.Role = incident.Role(o.role)
	}
	if o.at != "" {
		d.At = o.decision.At
	}
}
