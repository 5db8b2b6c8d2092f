package playbooks

import (
	"strings"
	"testing"
)

func TestNamedClocks(t *testing.T) {
	own := strings.Replace(book("  gone: {type: bool}\n  repo: {type: string, default: a/b}\n  token: {type: secret}\n  rotated: {type: bool}\n",
		"{id: rotate, playbook: rotate@1, with: {repo: \"{{ repo }}\"}}"), "phases:",
		"clocks:\n  - {use: always, from: incident.aware_at}\n  - {use: theirs, when: gone && false, from: incident.aware_at}\n  - {use: maybe, when: gone, from: incident.aware_at}\nphases:", 1)
	called := strings.Replace(rotates, "phases:", "clocks:\n  - {use: theirs, when: live, from: incident.aware_at}\nphases:", 1)
	w := newWalker(t, own, nil)
	want := func(want string) {
		t.Helper()
		var got []string
		for _, c := range w.run.Clocks() {
			word := "no"
			switch {
			case !c.Known:
				word = "unknown"
			case c.Holds:
				word = "yes"
			}
			got = append(got, c.Use+":"+word)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
	want("always:yes theirs:unknown maybe:unknown")
	w.vars(map[string]any{"gone": false})
	want("always:yes theirs:no maybe:no")
	w.vars(map[string]any{"gone": true})
	want("always:yes theirs:no maybe:yes")
	w.call("rotate", mustParse(t, called))
	want("always:yes theirs:no maybe:yes")
	w.vars(map[string]any{"rotate/live": true}) // the called playbook says so
	want("always:yes theirs:yes maybe:yes")
}
