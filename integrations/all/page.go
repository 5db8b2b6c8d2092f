package all

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"firebreak/integrations"
)

// Descriptions describes every action of the systems, sorted by name. Systems
// that only a configured connection can describe (plugins) are left out.
func Descriptions(systems []integrations.System) ([]integrations.Description, error) {
	var out []integrations.Description
	seen := map[string]bool{}
	for _, sys := range systems {
		actions, err := sys.Actions(integrations.Connection{Name: sys.Kind, Kind: sys.Kind})
		var not *integrations.Unavailable
		if errors.As(err, &not) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, a := range actions {
			if d := a.Describe(); !seen[d.Name] {
				seen[d.Name] = true
				out = append(out, d)
			}
		}
	}
	slices.SortFunc(out, func(a, b integrations.Description) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

const pageHead = `# Actions

Generated from the actions themselves (` + "`make docs`" + `); not edited by hand. ` + "`firebreak actions NAME`" + ` says more of one: its parameters, its result, and the connections of yours that have it.

- *Danger* decides who has to agree: [actions-safety.md](actions-safety.md).
- *Undo*: yes, where the action has an inverse that is planned together with it.
- *Twice*: what happens when a request is sent again. native: the other side takes it as one. marker: we find our own mark before we send again. none: it may be there twice, so a person decides.
- *Tested* against: A the real program or server; B the vendor's description of the interface, and an emulator that others wrote; C the vendor's description; D nothing but our own reading. None of them says that the vendor's own service was asked.
- The numbers of RE&CT and D3FEND say which response and which countermeasure it is.
`

// Page is docs/actions.md.
func Page() (string, error) {
	systems := Systems()
	list, err := Descriptions(systems)
	if err != nil {
		return "", err
	}
	titles := map[string]string{}
	for _, s := range systems {
		if titles[s.Kind] == "" {
			titles[s.Kind] = s.Title
		}
	}
	var b strings.Builder
	b.WriteString(pageHead)
	system := ""
	for _, d := range list {
		if d.System != system {
			system = d.System
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| action | what it does | danger | undo | twice | tested | needs | |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n", system, titles[system])
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", d.Name, cell(d.Title+availableIn(d)), danger(d), yes(d.Reversible), d.Idempotency, d.Tested.Grade(), cell(scopes(d.Scopes)), strings.Join(append(slices.Clone(d.React), d.D3fend...), " "))
	}
	return b.String(), nil
}

func cell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }

func availableIn(d integrations.Description) string {
	if len(d.Available) == 0 {
		return ""
	}
	return " (" + strings.Join(d.Available, ", ") + ")"
}

func danger(d integrations.Description) string {
	switch {
	case d.ReadOnly:
		return "only reads"
	case d.Wide:
		return d.Danger.String() + ", a whole organisation"
	}
	return d.Danger.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func scopes(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return strings.Join(out, " or ")
}
