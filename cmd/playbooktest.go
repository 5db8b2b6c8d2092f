package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type playbookTestOptions struct {
	p        *program
	which    []string
	run      string
	strict   bool
	showPath bool
	junit    string
}

func newPlaybookTestCmd(p *program, run func(*cobra.Command, *playbookTestOptions) error) *cobra.Command {
	o := &playbookTestOptions{p: p}
	c := &cobra.Command{
		Use:   "test FILE|FOLDER|ID…",
		Short: "Run the tests of playbooks",
		Long: `Run the tests that stand beside a playbook, in NAME.test.yaml: each case says
what the steps meet (results, failures, answers, rejected plans) and what has to
come of it. A real run is driven through it; nothing is sent, collected or
asked, and no time passes. Then it tells which steps no case has reached.

Give a playbook, a file of tests, a folder (with all below it), or the id of a
playbook. Exits with 1 when a case fails or a file of tests is wrong; with
--strict also when a step is never reached or a playbook has no tests.
docs/playbook-test.md describes the file.`,
		Example: `  firebreak playbook test leaked-github-token
  firebreak playbook test playbooks/ --strict --junit tests.xml`,
		Args: atLeast(1, "playbooks, files of tests or folders"), ValidArgsFunction: p.completePlaybooks,
		RunE: func(c *cobra.Command, args []string) error {
			o.which = args
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.run, "run", "", "only the cases with this `TEXT` in their name")
	c.Flags().BoolVar(&o.strict, "strict", false, "a step that is never reached is a failure")
	c.Flags().BoolVar(&o.showPath, "show-path", false, "print the way that each case took")
	c.Flags().StringVar(&o.junit, "junit", "", "also write the result to this `FILE`, as JUnit XML for CI")
	return c
}

func runPlaybookTest(c *cobra.Command, o *playbookTestOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	var pick func(string) bool
	if o.run != "" {
		pick = func(name string) bool { return strings.Contains(strings.ToLower(name), strings.ToLower(o.run)) }
	}
	var all []response.PlaybookTest
	failed, cases := false, 0
	err = s.Service().TestPlaybooks(c.Context(), o.which, pick, func(t response.PlaybookTest) error {
		all = append(all, t)
		cases += len(t.Cases)
		failed = failed || o.bad(t)
		if o.p.json {
			return o.p.printJSON(testedPlaybook{t, !o.bad(t)})
		}
		return o.print(t)
	})
	if err != nil {
		return err
	}
	if o.junit != "" {
		if err := writeJUnit(o.junit, all, o.strict); err != nil {
			return err
		}
	}
	if pick != nil && cases == 0 && !failed {
		return &response.Error{Code: response.CodeNotFound, Hint: "without --run all cases are played", Err: fmt.Errorf("no case has %q in its name", o.run)}
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

// testedPlaybook is a line of "playbook test --json".
type testedPlaybook struct {
	response.PlaybookTest
	OK bool `json:"ok"`
}

func (o *playbookTestOptions) bad(t response.PlaybookTest) bool {
	return len(t.Problems) > 0 || !t.OK() || o.strict && (t.Untested || len(t.Unreached) > 0)
}

func (o *playbookTestOptions) print(t response.PlaybookTest) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	switch {
	case t.Untested:
		line("%s: no tests (%s is not there)", term.Safe(t.Source), term.Safe(t.File))
	case len(t.Problems) > 0:
		for _, pr := range t.Problems {
			line("%s", term.Safe(pr.String()))
		}
	default:
		line("%s", term.Safe(t.File))
	}
	bad := 0
	for _, c := range t.Cases {
		mark := "ok  "
		if !c.OK {
			mark, bad = "FAIL", bad+1
		}
		line("  %s  %s", mark, term.Safe(c.Name))
		for _, f := range c.Failures {
			line("        %s:%d: %s", term.Safe(t.File), f.Line, term.Safe(f.Message))
		}
		if o.showPath || !c.OK {
			path := strings.Join(c.Path, " ")
			if path == "" {
				path = "no step began"
			}
			line("        it went: %s (%s)", term.Safe(path), c.End)
		}
	}
	if n := len(t.Cases); n > 0 {
		line("  %d of %d cases went as expected", n-bad, n)
	}
	for _, u := range t.Unreached {
		line("  %s:%d: no case reaches step %s", term.Safe(t.Source), u.Line, term.Safe(u.Step))
	}
	return o.p.printf("%s", b.String())
}
