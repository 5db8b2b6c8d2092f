package cmd

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review"
)

// factOptions are what all commands share that record a fact.
type factOptions struct {
	p        *program
	incident string
	words    []string // behind the incident; none lists what there is
	withdraw string
	correct  string
	back     bool // take it back, where the words say which
}

// session opens the incident.
func (o *factOptions) session() (*response.Session, incident.ID, error) {
	return o.p.incident(o.incident)
}

// take reads the arguments of such a command.
func (o *factOptions) take(args []string) {
	o.incident, o.words = args[0], args[1:]
}

// text is what the words say; "-" reads it from the standard input.
func (o *factOptions) text(c *cobra.Command, words []string) (string, error) {
	s := strings.Join(words, " ")
	if s != "-" {
		return s, nil
	}
	b, err := io.ReadAll(io.LimitReader(response.Interruptible(c.Context(), o.p.In), 64<<10+1))
	if err != nil {
		return "", fmt.Errorf("read the text: %w", err)
	}
	return strings.TrimRight(string(b), "\n"), nil
}

// timeFlag reads a time that a flag gave; none where it was not given.
func (o *factOptions) timeFlag(name, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	at, err := o.p.moment(value)
	if err != nil {
		return at, errFlag{fmt.Errorf("--%s: %w", name, err)}
	}
	return at, nil
}

// numbered says what became of a fact that has a number.
func (o *factOptions) numbered(id incident.ID, word, fact string, corrected bool) error {
	did := "recorded"
	switch {
	case o.withdraw != "":
		did = "taken back"
	case corrected:
		did = "corrected"
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "fact": word, "id": fact, "did": did})
	}
	return o.p.printf("%s  %s %s %s\n", id, word, fact, did)
}

// recorded says what became of any other, and how it was understood: a time of the
// day and a range have more than one reading.
func (o *factOptions) recorded(id incident.ID, word, fact, understood string) error {
	did := "recorded"
	if o.back {
		did = "taken back"
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "fact": word, "id": fact, "did": did})
	}
	if understood != "" {
		did += ": " + term.Safe(understood)
	}
	return o.p.printf("%s  %s: %s %s\n", id, word, term.Safe(fact), did)
}

// correcting adds the flags of facts that have a number.
func (o *factOptions) correcting(c *cobra.Command, example string) {
	c.Flags().StringVar(&o.correct, "correct", "", "correct the one with this `ID`, as "+example+": what is not given stays")
	c.Flags().StringVar(&o.withdraw, "withdraw", "", "take back the one with this `ID`")
	c.MarkFlagsMutuallyExclusive("correct", "withdraw")
}

// printFacts prints facts, a line each or as JSON; to people it says so when there are
// none.
func printFacts[T any](p *program, facts []T, none string, line func(T) string) error {
	if len(facts) == 0 && !p.json {
		return p.printf("%s\n", none)
	}
	for _, f := range facts {
		var err error
		if p.json {
			err = p.printJSON(f)
		} else {
			err = p.printf("%s\n", strings.TrimRight(line(f), " "))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stamped is when something was recorded, and by whom.
func stamped(at time.Time, by string, seq int64) string {
	return fmt.Sprintf("%s %s #%d", utc(at), term.Safe(by), seq)
}

type momentOptions struct {
	factOptions
	reason string
}

func newMomentCmd(p *program, run func(*cobra.Command, *momentOptions) error) *cobra.Command {
	o := &momentOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "moment INCIDENT [NAME TIME]",
		Short: "Say when it occurred, was detected, acknowledged, contained, eradicated or recovered",
		Long: `Say when the incident occurred, or was detected, acknowledged, contained,
eradicated or recovered. The review measures by it. Without a word of yours it
takes what the record implies: the first starred event, the first sign that was
told, the phases. A later word replaces an earlier one.

TIME is RFC 3339, or HH:MM of the last 24 hours in the configured zone. Without
a name it lists all of them, with where each comes from.`,
		Example: `  firebreak moment last occurred 2026-11-20T00:53:00Z --reason "the first login with the key, e2"
  firebreak moment last contained 03:29
  firebreak moment last contained --withdraw`,
		Args: func(c *cobra.Command, args []string) error {
			if n := len(args); n == 1 || n == 3 && !o.back || n == 2 && o.back {
				return nil
			}
			return errFlag{fmt.Errorf("%s wants an incident, a name and a time; or the name with --withdraw (%d given)", c.CommandPath(), len(args))}
		},
		ValidArgsFunction: p.thenWords(review.MomentKeys()...),
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "how that is known")
	c.Flags().BoolVar(&o.back, "withdraw", false, "take back what was said of it")
	return c
}

func runMoment(c *cobra.Command, o *momentOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) > 0 {
		m := record.Moment{Moment: o.words[0], Reason: o.reason}
		if !o.back {
			if m.At, err = o.p.moment(o.words[1]); err != nil {
				return errFlag{err}
			}
		}
		if err := s.StateMoment(c.Context(), id, m); err != nil {
			return err
		}
		r, err := s.Facts(c.Context(), id)
		if err != nil || o.back {
			return errors.Join(err, o.recorded(id, "moment", m.Moment, ""))
		}
		for _, doubt := range r.Doubts(m.Moment) {
			o.p.warn(doubt)
		}
		return o.recorded(id, "moment", m.Moment, utc(m.At))
	}
	r, err := s.Facts(c.Context(), id)
	if err != nil {
		return err
	}
	for _, m := range r.Moments {
		if o.p.json {
			if err := o.p.printJSON(m); err != nil {
				return err
			}
			continue
		}
		at, how := "unknown", m.Reason
		if m.Known {
			at = utc(m.At)
			how = m.What
			if m.Stated {
				how = "stated by " + m.By
				if m.Reason != "" {
					how += ": " + m.Reason
				}
			}
			how += fmt.Sprintf(" #%d", m.Seq)
		}
		if err := o.p.printf("%-13s %-20s  %s\n", m.Key, at, term.Safe(how)); err != nil {
			return err
		}
	}
	return nil
}

type impactOptions struct {
	factOptions
	impact   record.Impact
	from, to string
}

func newImpactCmd(p *program, run func(*cobra.Command, *impactOptions) error) *cobra.Command {
	o := &impactOptions{factOptions: factOptions{p: p}}
	c := &cobra.Command{
		Use:   "impact INCIDENT [MEASURE [NUMBER]]",
		Short: "Say what the incident did: systems, people, records, money, downtime",
		Long: `Say what the incident did, in one measure: systems, people, records, money,
downtime, service or other. A later word on the same measure, --class and
--place replaces the earlier one.

NUMBER is a number, or what it lies between: 1200, 1000-5000, ">1000", "<5000".
Downtime is a length, as 90m or 1h30m, or lies between --from and --to. Where
nothing happened say --certainty excluded: not said is not none.

Without a measure it lists what was said.`,
		Example: `  firebreak impact last records 1000-5000 --class customers --place DE --certainty estimated --basis "rows of the table"
  firebreak impact last money 12000 --unit EUR
  firebreak impact last downtime --class shop --from 03:10 --to 04:25 --certainty confirmed
  firebreak impact last records --class patients --certainty excluded --basis "the database was never reached, e7"
  firebreak impact last records --class customers --place DE --withdraw`,
		Args: func(c *cobra.Command, args []string) error {
			if n := len(args); n >= 1 && n <= 3 {
				return nil
			}
			return errFlag{fmt.Errorf("%s wants an incident, a measure and a number (%d given)", c.CommandPath(), len(args))}
		},
		ValidArgsFunction: p.thenWords(review.Measures()...),
		RunE: func(c *cobra.Command, args []string) error {
			o.take(args)
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.impact.Class, "class", "", "of whom or what: customers, health records, the shop")
	f.StringVar(&o.impact.Place, "place", "", "in which country: DE; or region: DE-BE")
	f.StringVar(&o.impact.Unit, "unit", "", "the currency of money: EUR")
	f.StringVar(&o.from, "from", "", "when it began: RFC 3339, or HH:MM")
	f.StringVar(&o.to, "to", "", "when it ended")
	f.StringVar(&o.impact.Certainty, "certainty", "suspected", "confirmed, estimated, suspected or excluded")
	f.StringVar(&o.impact.Basis, "basis", "", "what that rests on")
	f.StringVar(&o.impact.Text, "text", "", "what there is to say besides")
	f.BoolVar(&o.back, "withdraw", false, "take back what was said of this measure, class and place")
	return c
}

func runImpact(c *cobra.Command, o *impactOptions) error {
	s, id, err := o.session()
	if err != nil {
		return err
	}
	if len(o.words) == 0 {
		return o.list(c, s, id)
	}
	m := o.impact
	m.Measure, m.Withdrawn = o.words[0], o.back
	if o.back {
		m.Certainty = ""
	}
	if len(o.words) == 2 {
		if m.Low, m.High, err = readBounds(m.Measure, o.words[1]); err != nil {
			return errFlag{err}
		}
		if m.Measure == "downtime" {
			m.Unit = "minutes"
		}
	}
	if m.From, err = o.timeFlag("from", o.from); err != nil {
		return err
	}
	if m.To, err = o.timeFlag("to", o.to); err != nil {
		return err
	}
	if err := s.StateImpact(c.Context(), id, m); err != nil {
		return err
	}
	what := ""
	if r, err := s.Facts(c.Context(), id); err == nil && !o.back { // it is recorded all the same
		for _, said := range r.Impact {
			if said.Measure == m.Measure && said.Class == m.Class && said.Place == m.Place {
				what = said.Shown
			}
		}
	}
	return o.recorded(id, "impact", m.Measure, what)
}

func (o *impactOptions) list(c *cobra.Command, s *response.Session, id incident.ID) error {
	r, err := s.Facts(c.Context(), id)
	if err != nil {
		return err
	}
	return printFacts(o.p, r.Impact, "no impact is stated", func(m review.Measured) string {
		of := strings.TrimSpace(m.Class + " " + m.Place)
		text := strings.Trim(m.Text+"; "+m.Basis, "; ")
		return fmt.Sprintf("%-9s %-24s %-10s %-24s %s  %s", term.Safe(m.Measure), term.Safe(m.Shown), term.Safe(m.Certainty), term.Safe(of), stamped(m.Time, m.By, m.Seq), term.Safe(text))
	})
}

// readBounds reads a number, a range, or one bound: 1200, 1000-5000, >1000, <5000.
func readBounds(measure, s string) (low, high *float64, err error) {
	read := func(s string) (*float64, error) {
		s = strings.TrimSpace(s)
		if measure == "downtime" {
			if d, err := time.ParseDuration(s); err == nil {
				f := d.Minutes()
				return &f, nil
			}
		}
		f, err := strconv.ParseFloat(strings.NewReplacer(",", "", "_", "").Replace(s), 64)
		if err != nil || f != f || f > 1e18 || f < -1e18 {
			want := "1200, 1000-5000, >1000 or <5000"
			if measure == "downtime" {
				want = "90m, 1h30m, 60m-90m or a number of minutes"
			}
			return nil, fmt.Errorf("number %q: want %s", s, want)
		}
		return &f, nil
	}
	s = strings.TrimSpace(s)
	switch {
	case strings.HasPrefix(s, ">"):
		low, err = read(strings.TrimLeft(s, ">="))
		return low, nil, err
	case strings.HasPrefix(s, "<"):
		high, err = read(strings.TrimLeft(s, "<="))
		return nil, high, err
	}
	if a, b, ok := strings.Cut(s, "-"); ok && strings.TrimSpace(a) != "" {
		if low, err = read(a); err != nil {
			return nil, nil, err
		}
		high, err = read(b)
		return low, high, err
	}
	low, err = read(s)
	return low, low, err
}
