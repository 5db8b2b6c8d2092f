package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/problem"
	"firebreak/internal/term"
	"firebreak/response"
)

type actionOptions struct {
	p     *program
	which []string
}

func newActionCmd(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "action", Short: "Check, test and learn from declared actions", Args: subcommand, RunE: helpOnly,
		Long: `Declared actions are YAML files that say which requests read the state of a system,
change it, verify it and undo it. docs/declared-actions.md describes them; those
for aws, cloudflare, crowdstrike, defender, entra and okta are built in, and your
own are taken from the folder actions in the workspace and from what the
configuration names under actions.`,
	}
	c.AddCommand(
		newActionLintCmd(p, runActionLint), newActionTestCmd(p, runActionTest),
		newActionShowCmd(p, runActionShow), newActionSchemaCmd(p, runActionSchema),
	)
	return c
}

func newActionLintCmd(p *program, run func(*actionOptions) error) *cobra.Command {
	o := &actionOptions{p: p}
	return &cobra.Command{
		Use: "lint FILE|FOLDER|KIND…", Short: "Check files of declared actions", Args: atLeast(1, "files, folders or kinds"),
		Long: `Check files of declared actions: each problem has its file, line and column, and
where there is one a hint. Give files, folders, or the kind of a built-in file.
Nothing is sent.

Exits with 1 when there is a problem.`,
		Example: "  firebreak action lint ~/actions/waf.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			o.which = args
			return run(o)
		},
	}
}

// runActionLint prints every problem as file:line:column, as compilers do.
func runActionLint(o *actionOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	files, err := s.Service().ActionFiles(o.which)
	if err != nil {
		return err
	}
	failed := false
	for _, f := range files {
		failed = failed || len(f.Problems) > 0
		if err := o.lint(f); err != nil {
			return err
		}
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

func (o *actionOptions) lint(f response.ActionFile) error {
	if o.p.json {
		return o.p.printJSON(f)
	}
	if len(f.Problems) > 0 {
		return o.p.printf("%s", problemLines(f.Problems))
	}
	note := ""
	if n := len(f.Untested); n > 0 {
		note = fmt.Sprintf("; without a test: %s", strings.Join(f.Untested, ", "))
	}
	return o.p.printf("%s: ok, %d actions%s\n", term.Safe(f.File), len(f.Actions), term.Safe(note))
}

func problemLines(ps problem.Problems) string {
	var b strings.Builder
	for _, pr := range ps {
		b.WriteString(term.Safe(pr.String()) + "\n")
	}
	return b.String()
}

func newActionTestCmd(p *program, run func(*cobra.Command, *actionOptions) error) *cobra.Command {
	o := &actionOptions{p: p}
	return &cobra.Command{
		Use: "test FILE|FOLDER|KIND…", Short: "Play the tests in files of declared actions", Args: atLeast(1, "files, folders or kinds"),
		Long: `Play the tests that stand in files of declared actions: each says what the other
side answers to each request, and what has to come of it. The action is planned,
done, verified and undone as it would be, over the client that sends in earnest,
against a peer in memory: nothing leaves the machine, and no secret is fetched.

Exits with 1 when a test fails or a file has a problem.`,
		Example: "  firebreak action test ~/actions/waf.yaml\n  firebreak action test okta",
		RunE: func(c *cobra.Command, args []string) error {
			o.which = args
			return run(c, o)
		},
	}
}

func runActionTest(c *cobra.Command, o *actionOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	tested, err := s.Service().TestActions(c.Context(), o.which)
	if err != nil {
		return err
	}
	failed := false
	for _, t := range tested {
		failed = failed || !t.OK
		if o.p.json {
			err = o.p.printJSON(t)
		} else {
			err = o.p.printf("%s", testedLines(t))
		}
		if err != nil {
			return err
		}
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

func testedLines(t response.TestedActions) string {
	if len(t.Problems) > 0 {
		return problemLines(t.Problems)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", term.Safe(t.File))
	bad := 0
	for _, p := range t.Tests {
		mark := "ok  "
		if !p.OK {
			mark, bad = "FAIL", bad+1
		}
		line("  %s  %s: %s", mark, p.Action, term.Safe(p.Name))
		for _, f := range p.Failures {
			line("        %s:%d: %s", term.Safe(t.File), f.Line, term.Safe(f.Message))
		}
	}
	line("  %d of %d tests went as expected", len(t.Tests)-bad, len(t.Tests))
	for _, id := range t.Untested {
		line("  no test for %s", id)
	}
	return b.String()
}

func newActionShowCmd(p *program, run func(*actionOptions) error) *cobra.Command {
	o := &actionOptions{p: p}
	return &cobra.Command{
		Use: "show KIND", Short: "Print a built-in file of actions, to read or to begin from", Args: exactly(1, "a kind, as in okta"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.which = args
			return run(o)
		},
	}
}

func runActionShow(o *actionOptions) error {
	text, err := response.ActionSource(o.which[0])
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]string{"kind": o.which[0], "source": string(text)})
	}
	return o.p.printf("%s", term.SafeLines(string(text)))
}

func newActionSchemaCmd(p *program, run func(*actionOptions) error) *cobra.Command {
	o := &actionOptions{p: p}
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of declared actions, for editors", Args: exactly(0, "no arguments"),
		Long: `Print the JSON Schema (2020-12) of files of declared actions. An editor that is
given it completes keys, explains them, and marks what is wrong while you type:

  firebreak action schema >action.schema.json
  # yaml-language-server: $schema=action.schema.json   (first line of a file)

It sees less than firebreak action lint: no expressions, and no action elsewhere.`,
		RunE: func(*cobra.Command, []string) error { return run(o) },
	}
}

func runActionSchema(o *actionOptions) error {
	text, err := response.ActionSchema()
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"schema": json.RawMessage(text)})
	}
	return o.p.printf("%s", text)
}
