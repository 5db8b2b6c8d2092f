package playbooks

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestFormatPage holds docs/playbook-format.md to the language: its examples are
// playbooks, and it speaks of every key, type and function.
func TestFormatPage(t *testing.T) {
	src, err := os.ReadFile("../docs/playbook-format.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(src, -1)
	if len(examples) < 2 {
		t.Fatal("the page has no examples")
	}
	used := map[string]bool{}
	for _, e := range examples {
		p, err := Parse("example.yaml", e[1])
		if err != nil {
			t.Errorf("%v in\n%s", err, e[1])
			continue
		}
		for _, s := range p.Steps() {
			used[string(s.Verb)] = true
		}
	}
	g := TheGrammar()
	for _, v := range append(g.Verbs, "if") {
		if !used[v] {
			t.Errorf("no example has the verb %s", v)
		}
	}
	words := append(append(append(append(g.TopKeys, g.StepKeys...), g.Types...), functions()...), incidentNames()...)
	for _, word := range append(append(words, g.RequestKeys...), g.OnTimeout...) {
		if !strings.Contains(string(src), "`"+word+"`") {
			t.Errorf("the page does not speak of %s", word)
		}
	}
}
