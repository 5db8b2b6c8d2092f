package playbooks_test

import (
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/playbooks/simulate"
)

// Whatever is answered, the playbook lints without a warning and its tests pass
// and reach every step.
func TestBeginnings(t *testing.T) {
	for _, kind := range playbooks.Kinds() {
		for i := range 4 {
			b := playbooks.Beginning{ID: "new-one", Name: `A "name": with # and {{ braces }}`, Severity: "sev2", Kind: kind, PersonalData: i&1 == 1, Roles: []incident.Role{"comms"}}
			if i&2 == 2 {
				b.Notify = []string{"webhook", "pagerduty"}
			}
			book, tests, err := b.Files()
			if err != nil {
				t.Fatalf("%+v: %v", b, err)
			}
			p, err := playbooks.Parse("new-one.yaml", book)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range playbooks.Lint(p, playbooks.Catalog{Collectors: []string{"volatile"}, Notify: []string{"webhook", "pagerduty"}}) {
				t.Errorf("%+v: %v", b, problem)
			}
			test, err := playbooks.ParseTest("new-one.test.yaml", tests)
			if err != nil {
				t.Fatal(err)
			}
			if problems := playbooks.CheckTest(test, p, nil); len(problems) > 0 {
				t.Error(problems)
			}
			r := simulate.Run(test, p, simulate.World{}, nil)
			if !r.OK() || len(r.Unreached) > 0 {
				t.Errorf("%+v: %+v", b, r)
			}
		}
	}
}

func TestBeginningsThatAreRefused(t *testing.T) {
	good := playbooks.Beginning{ID: "x", Name: "X", Severity: "sev1", Kind: "host"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, b := range map[string]playbooks.Beginning{
		"id":         {ID: "X y", Name: "X", Severity: "sev1", Kind: "host"},
		"name":       {ID: "x", Name: "X\nevil: 1", Severity: "sev1", Kind: "host"},
		"severity":   {ID: "x", Name: "X", Severity: "high", Kind: "host"},
		"kind":       {ID: "x", Name: "X", Severity: "sev1", Kind: "thing"},
		"role":       {ID: "x", Name: "X", Severity: "sev1", Kind: "host", Roles: []incident.Role{"boss"}},
		"connection": {ID: "x", Name: "X", Severity: "sev1", Kind: "host", Notify: []string{"a, b]"}},
	} {
		if _, _, err := b.Files(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want an error about the %s", b, err, want)
		}
	}
}
