package library_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
)

// The head of a template is not sent, and what the text inserts is what the head
// says that it takes, or a member of incident.
func TestTemplates(t *testing.T) {
	names, err := library.Templates()
	if err != nil {
		t.Fatal(err)
	}
	insert := regexp.MustCompile(`\{\{ ([a-z._]+) \}\}`)
	for _, name := range names {
		text, err := library.Template(name)
		if err != nil {
			t.Fatal(err)
		}
		if text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "\n") || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: the message is %q", name, text)
		}
		for _, m := range insert.FindAllStringSubmatch(text, -1) {
			if !slices.Contains([]string{"what", "update"}, m[1]) && !strings.HasPrefix(m[1], "incident.") {
				t.Errorf("%s inserts %s", name, m[1])
			}
		}
		if strings.Count(text, "{{") != len(insert.FindAllString(text, -1)) {
			t.Errorf("%s: braces that insert nothing", name)
		}
	}
	for _, name := range []string{"", "nothing", "../library", "a/b"} {
		if _, err := library.Template(name); !errors.Is(err, incident.ErrNotFound) {
			t.Errorf("Template(%q): %v, want not found", name, err)
		}
	}
}

func TestMessage(t *testing.T) {
	for file, want := range map[string]string{
		"# what it is for\n#   what  the thing\n\nHello {{ what }}\n": "Hello {{ what }}\n",
		"Hello\n# not a head\n": "Hello\n# not a head\n",
		"# only a head":         "",
		"":                      "",
	} {
		if got := library.Message(file); got != want {
			t.Errorf("Message(%q): %q, want %q", file, got, want)
		}
	}
}

// Each template that a built-in playbook names is there.
func TestTemplatesThatPlaybooksName(t *testing.T) {
	n := 0
	for _, p := range list(t) {
		for _, s := range p.Steps() {
			if s.Verb != playbooks.VerbNotify || s.Template == "" {
				continue
			}
			n++
			if _, err := library.Template(s.Template); err != nil {
				t.Errorf("%s step %s: %v", p.ID, s.ID, err)
			}
		}
	}
	if n == 0 {
		t.Error("no playbook uses a template")
	}
}
