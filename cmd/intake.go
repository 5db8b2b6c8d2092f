package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/integrations/intake"
	"firebreak/internal/term"
	"firebreak/response"
)

type intakeOptions struct {
	p        *program
	request  response.IntakeRequest
	incident string
	open     bool
	dry      bool
	all      bool
	mapping  string
	title    string
	severity string
	playbook string
	vars     []string
}

// shownFindings is how many findings a dry run prints for people.
const shownFindings = 40

func newIntakeCmd(p *program, run func(*cobra.Command, *intakeOptions) error) *cobra.Command {
	o := &intakeOptions{p: p}
	c := &cobra.Command{
		Use:   "intake FILE|-",
		Short: "Take in alerts and reports of other tools as findings",
		Long: `Take in what other tools report: alerts of PagerDuty, GitHub, Alertmanager and
Falco, and reports of scanners (SARIF, Trivy, Grype, Snyk, Semgrep, npm audit,
Dependency-Check, SonarQube, gitleaks and more; docs/intake.md lists them). The
format is found out by the content. One result is one finding.

With --dry-run the findings are printed and nothing is touched; no workspace is
needed. Otherwise the file is sealed as evidence, what is new, seen again, resolved
or gone is recorded, and the findings stand on the timeline (source:finding). The
same file twice adds nothing. Secrets that a scanner found are never shown: only the
sealed file has them.

With --open an incident is opened for it, with the playbook that the kind of the
alert suggests.`,
		Example: `  firebreak intake trivy.json --dry-run
  firebreak intake trivy.json --incident last
  gitleaks git -r - -f json | firebreak intake - --open
  firebreak intake own.json --mapping own.yaml --incident 7
  firebreak intake serve`,
		Args: exactly(1, "a file, or - for the standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			o.request.File = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.incident, "incident", "", "take it into this `INCIDENT`")
	f.BoolVar(&o.open, "open", false, "open an incident for it")
	f.BoolVar(&o.dry, "dry-run", false, "print the findings and touch nothing")
	f.BoolVar(&o.all, "all", false, "with --dry-run: print all of them, also for people")
	f.StringVar(&o.request.Format, "format", "", "the `FORMAT` (default: find out): "+strings.Join(intake.Names(), ", "))
	f.StringVar(&o.mapping, "mapping", "", "read JSON of any shape as this `FILE` says (docs/intake.md); the record keeps its text")
	f.StringVar(&o.request.Authority, "authority", "", "on whose authority it is taken: a `PERSON` or an order")
	f.StringVar(&o.title, "title", "", "with --open: the title")
	f.StringVar(&o.severity, "severity", "", "with --open: sev1 (worst) to sev4")
	f.StringVar(&o.playbook, "playbook", "", "with --open: follow this playbook, an `ID` or a file; - for none")
	f.StringArrayVar(&o.vars, "var", nil, "with --open: give a variable of the playbook: `NAME=VALUE`")
	c.MarkFlagsMutuallyExclusive("incident", "open", "dry-run")
	c.AddCommand(newIntakeServeCmd(p, runIntakeServe), newIntakeListCmd(p, runIntakeList), newIntakeTakeCmd(p, runIntakeTake), newIntakeDropCmd(p, runIntakeDrop))
	return c
}

func runIntake(c *cobra.Command, o *intakeOptions) (err error) {
	if o.mapping != "" {
		if o.request.Mapping, err = response.ReadIntakeMapping(o.mapping); err != nil {
			return err
		}
	}
	o.request.In = o.p.In
	switch {
	case o.dry:
		return o.print(c)
	case o.incident == "" && !o.open:
		return errFlag{errors.New("say what it is for: --incident ID, --open, or --dry-run to look at it")}
	case !o.open && (o.title != "" || o.severity != "" || o.playbook != "" || len(o.vars) > 0):
		return errFlag{errors.New("--title, --severity, --playbook and --var go with --open")}
	case !o.open:
		s, id, err := o.p.incident(o.incident)
		if err != nil {
			return err
		}
		taken, err := s.Intake(c.Context(), id, o.request, o.p.progress())
		if err != nil {
			return err
		}
		return o.p.taken(taken)
	}
	return o.openFor(c)
}

func (o *intakeOptions) openFor(c *cobra.Command) error {
	n, err := o.fresh()
	if err != nil {
		return err
	}
	s, err := o.p.session()
	if err != nil {
		return err
	}
	if n.Playbook == "" && o.request.File != "-" { // what comes by the standard input leaves nobody to ask
		sketch, err := s.Service().Sketch(c.Context(), &o.request)
		if err != nil {
			return err
		}
		if n.Playbook, err = o.p.choosePlaybook(sketch); err != nil {
			return err
		}
	}
	taken, err := s.OpenFor(c.Context(), o.request, n, o.p.progress())
	if err != nil && taken.Incident == "" {
		return err
	}
	return errors.Join(o.p.taken(taken), err)
}

// choosePlaybook asks whether the playbook that was suggested is the one. Where
// nobody can be asked it is.
func (p *program) choosePlaybook(s response.Sketch) (string, error) {
	if !p.IsTerminal || p.json || p.quiet {
		return "", nil
	}
	p.errf("%s\n", term.Safe(s.Title))
	if s.Playbook == "" {
		return "", nil
	}
	answer, err := p.ask(fmt.Sprintf("Follow the playbook %s (%s)? enter for yes, - for none, or another id: ", term.Safe(s.Playbook), term.Safe(s.Why)))
	if err != nil {
		return "", err
	}
	switch strings.ToLower(answer) {
	case "", "y", "yes":
		return s.Playbook, nil
	case "n", "no":
		return "-", nil
	}
	return answer, nil
}

// fresh is what the flags say of the incident.
func (o *intakeOptions) fresh() (response.NewIncident, error) {
	n := response.NewIncident{Title: o.title, Playbook: o.playbook, Vars: map[string]any{}}
	if o.severity != "" {
		v, err := incident.ParseSeverity(o.severity)
		if err != nil {
			return n, errFlag{err}
		}
		n.Severity = v
	}
	vars, err := parseVars(o.vars)
	if err != nil {
		return n, err
	}
	for name, value := range vars {
		n.Vars[name] = value
	}
	return n, nil
}

// taken says what came of it.
func (p *program) taken(t response.TakenAlert) error {
	if p.json {
		return p.printJSON(t)
	}
	if t.Opened {
		line := fmt.Sprintf("opened %s", t.Incident)
		if t.Playbook != "" {
			line += " with the playbook " + term.Safe(t.Playbook)
		}
		if err := p.printf("%s\n", line); err != nil {
			return err
		}
	}
	if t.Same {
		return p.printf("%s: exhibit %s holds the same, and it says nothing new\n", t.Incident, t.Exhibit)
	}
	line := fmt.Sprintf("%s: %s (%s): %d new", t.Exhibit, plural(int64(t.Findings), "finding"), term.Safe(t.Format), t.New)
	for _, part := range []struct {
		n    int
		what string
	}{{t.Again, "seen again"}, {t.Reopened, "open again"}, {t.Resolved, "resolved"}, {t.Gone, "gone"}} {
		if part.n > 0 {
			line += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	if err := p.printf("%s; %d open in %s\n", line, t.Open, t.Incident); err != nil {
		return err
	}
	return p.samples(t.Notes, nil)
}

// print is the dry run.
func (o *intakeOptions) print(c *cobra.Command) error {
	n := 0
	report, err := response.ReadFindings(c.Context(), o.request, func(f *intake.Finding) error {
		n++
		if o.p.json {
			return o.p.printJSON(f)
		}
		if n > shownFindings && !o.all {
			return nil
		}
		return o.p.printf("%s\n", findingLine(f))
	})
	if err != nil {
		return err
	}
	if o.p.json {
		for _, note := range report.Notes {
			o.p.warn(note)
		}
		return nil
	}
	if n > shownFindings && !o.all {
		if err := o.p.printf("… %d more: --all prints them\n", n-shownFindings); err != nil {
			return err
		}
	}
	var parts []string
	for _, s := range intake.Severities() {
		if k := report.Severity[s]; k > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", k, s))
		}
	}
	for _, s := range []intake.State{intake.Fixed, intake.Suppressed, intake.Passed} {
		if k := report.State[s]; k > 0 {
			parts = append(parts, fmt.Sprintf("%d of them %s", k, s))
		}
	}
	format := report.Format
	if format == "" {
		format = "no format"
	}
	line := fmt.Sprintf("%s (%s)", plural(int64(report.Findings), "finding"), format)
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	if err := o.p.printf("%s\n", term.Safe(line)); err != nil {
		return err
	}
	return o.p.samples(report.Notes, nil)
}

// findingLine is a finding in one line.
func findingLine(f *intake.Finding) string {
	state := ""
	if f.State != intake.Open {
		state = string(f.State) + " "
	}
	line := fmt.Sprintf("%-8s %-16s %s%s", f.Severity, f.Kind, state, f.Title)
	if place := f.Place(); place != "" {
		line += "  " + place
	}
	return term.Cut(term.Safe(line), 160)
}
