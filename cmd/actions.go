package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type actionsOptions struct {
	p          *program
	which      string
	configured bool
}

func newActionsCmd(p *program, run func(*actionsOptions) error) *cobra.Command {
	o := &actionsOptions{p: p}
	c := &cobra.Command{
		Use:     "actions [NAME|SYSTEM]",
		Aliases: []string{"action"},
		Short:   "List what can be done, and explain one action",
		Long: `List every action, or those of a system, with how dangerous it is, whether it can be
undone, what happens when it is sent twice, against what it was tested, and which of
your connections have it. With a name: its parameters, its result, what the
credential must be allowed to do, and how to plan it.

Tested against: A the real program or server; B the vendor's description and an
emulator that others wrote; C the vendor's description; D nothing but our own
reading. docs/actions.md is the same list.

Actions can be declared in YAML files: docs/declared-actions.md. Those for aws,
cloudflare, crowdstrike, defender, entra and okta are built in, and your own are
taken from the folder actions in the workspace and from what the configuration
names under actions.`,
		Example: `  firebreak actions
  firebreak actions github --configured
  firebreak actions linux.host.isolate
  firebreak actions lint ~/actions/waf.yaml`,
		Args: atMost(1, "the name of an action or a system"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.which = args[0]
			}
			return run(o)
		},
	}
	c.Flags().BoolVar(&o.configured, "configured", false, "only what a configured connection has")
	c.AddCommand(
		newActionLintCmd(p, runActionLint), newActionTestCmd(p, runActionTest),
		newActionShowCmd(p, runActionShow), newActionSchemaCmd(p, runActionSchema),
	)
	return c
}

func runActions(o *actionsOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	list, err := s.Service().Actions(o.which)
	if err != nil {
		return err
	}
	one := len(list) == 1 && list[0].Description.Name == o.which
	for _, a := range list {
		if o.configured && len(a.Connections) == 0 {
			continue
		}
		switch {
		case o.p.json:
			err = o.p.printJSON(a)
		case one:
			err = o.explain(a)
		default:
			d := a.Description
			err = o.p.printf("%-38s %-8s %-5s %-7s %s  %-24s %s\n", d.Name, dangerOf(d), undoOf(d), d.Idempotency, d.Tested.Grade(), term.Safe(strings.Join(a.Connections, ",")), term.Safe(d.Title))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func dangerOf(d response.Description) string {
	if d.ReadOnly {
		return "reads"
	}
	return d.Danger.String()
}

func undoOf(d response.Description) string {
	switch {
	case d.ReadOnly:
		return "-"
	case d.Reversible:
		return "undo"
	}
	return "final"
}

// twice says what a second sending does.
func twice(idempotency string) string {
	switch idempotency {
	case "native":
		return "the other side takes it as one"
	case "marker":
		return "our own mark is looked for first"
	}
	return "it may be there twice: a person decides"
}

// against says what the grade means.
func against(grade string) string {
	switch grade {
	case "A":
		return "the real program or server"
	case "B":
		return "the vendor's description of the interface, and an emulator that others wrote"
	case "C":
		return "the vendor's description of the interface"
	}
	return "nothing but our own reading"
}

func (o *actionsOptions) explain(a response.ActionInfo) error {
	d := a.Description
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", name, term.Safe(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(&b, "%s  %s\n", term.Safe(d.Name), term.Safe(d.Title))
	wide := ""
	if d.Wide {
		wide = "; it reaches a whole organisation"
	}
	switch {
	case d.ReadOnly:
		line("danger", "none: it only reads")
	case d.Reversible:
		line("danger", "%s%s; its undoing is planned with it", d.Danger, wide)
	default:
		line("danger", "%s%s; there is no way back that the program knows", d.Danger, wide)
	}
	line("sent twice", "%s (%s)", twice(d.Idempotency), d.Idempotency)
	line("tested", "%s: against %s", d.Tested.Grade(), against(d.Tested.Grade()))
	if len(d.Available) > 0 {
		line("where", "%s", strings.Join(d.Available, ", "))
	}
	for i, s := range d.Scopes {
		name := "or"
		if i == 0 {
			name = "needs"
		}
		line(name, "%s", s)
	}
	if len(d.React)+len(d.D3fend) > 0 {
		line("known as", "%s", strings.Join(append(append([]string(nil), d.React...), d.D3fend...), " "))
	}
	members := func(title string, list []response.Param) {
		if len(list) > 0 {
			fmt.Fprintf(&b, "%s\n", title)
		}
		for _, p := range list {
			more := p.Type
			if p.Required {
				more += ", required"
			}
			if p.Default != nil {
				more += fmt.Sprintf(", %v without", p.Default)
			}
			fmt.Fprintf(&b, "  %-16s %-22s %s\n", term.Safe(p.Name), term.Safe(more), term.Safe(p.Title))
		}
	}
	members("parameters", d.Params)
	members("result", d.Result)
	switch {
	case len(a.Connections) > 0:
		fmt.Fprintf(&b, "on %s\n", term.Safe(strings.Join(a.Connections, ", ")))
	default:
		fmt.Fprintf(&b, "no connection has it: add one of the kind %s to the configuration\n", term.Safe(d.System))
	}
	var with []string
	for _, p := range d.Params {
		if p.Required {
			with = append(with, " --with "+p.Name+"="+strings.ToUpper(p.Name))
		}
	}
	fmt.Fprintf(&b, "  firebreak plan INCIDENT %s%s\n", term.Safe(d.Name), term.Safe(strings.Join(with, "")))
	return o.p.printf("%s", b.String())
}
