package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// keyName is our name of a key: what action tables, help and footer say.
func keyName(k tea.KeyMsg) string {
	if s := k.String(); s != " " {
		return s
	}
	return "space"
}

// single splits the runes that a slow line delivered in one read into the keys
// that were pressed. Text that can only have been pasted gives none: a paste
// is never a row of commands.
func single(k tea.KeyMsg) (keys []tea.KeyMsg, pasted bool) {
	const most = 3
	if k.Paste {
		return nil, true
	}
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 {
		return []tea.KeyMsg{k}, false
	}
	same := true
	for _, r := range k.Runes {
		same = same && r == k.Runes[0]
	}
	if len(k.Runes) > most && !same {
		return nil, true
	}
	for _, r := range k.Runes {
		keys = append(keys, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt})
	}
	return keys, false
}

// KeysMarkdown writes the tables of keys as a page of documentation.
func KeysMarkdown() string {
	m := New(Options{})
	var b strings.Builder
	b.WriteString("# Keys\n\nGenerated from the tables that the screens dispatch by. Read-only sessions refuse what changes something.\n")
	section := func(title string, table []action) {
		fmt.Fprintf(&b, "\n## %s\n\n| Key | Does | Changes something |\n| --- | --- | --- |\n", title)
		for _, act := range table {
			keys := "`:` palette"
			if len(act.keys) > 0 {
				keys = "`" + strings.Join(act.keys, "` `") + "`"
			}
			writes := ""
			if act.writes {
				writes = "yes"
				if act.danger > 0 {
					writes += ", danger " + act.danger.String()
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", keys, act.title, writes)
		}
	}
	section("Everywhere", m.everywhere())
	section("In an incident", m.inIncident())
	for _, s := range m.screens() {
		section(s.Title(), s.Actions())
		if s == screen(m.timeline) {
			for _, o := range m.timeline.tables() {
				section("Timeline: "+o.title, o.actions)
			}
		}
	}
	return b.String()
}
