package cmd

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"firebreak/playbooks/schema"
)

type playbookSchemaOptions struct{ p *program }

func newPlaybookSchemaCmd(p *program, run func(*playbookSchemaOptions) error) *cobra.Command {
	o := &playbookSchemaOptions{p: p}
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of playbooks, for editors", Args: exactly(0, "no arguments"),
		Long: `Print the JSON Schema (2020-12) of playbooks. An editor that is given it completes
keys, explains them, and marks what is wrong while you type:

  firebreak playbook schema >playbook.schema.json
  # yaml-language-server: $schema=playbook.schema.json   (first line of a playbook)

It sees less than firebreak playbook lint: no expressions, no ids, no actions.`,
		RunE: func(*cobra.Command, []string) error { return run(o) },
	}
}

func runPlaybookSchema(o *playbookSchemaOptions) error {
	text, err := schema.Playbook()
	if err != nil {
		return err //nolint:wrapcheck // it says what it is
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"schema": json.RawMessage(text)})
	}
	return o.p.printf("%s", text)
}
