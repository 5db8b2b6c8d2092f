package clocks_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/playbooks"
	"firebreak/playbooks/library"
	"firebreak/review/clocks"
)

func TestKnownRules(t *testing.T) {
	t.Parallel()
	rules, err := clocks.Known()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) < 50 {
		t.Errorf("%d rules", len(rules))
	}
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
		if r.Citation == "" || r.Checked == "" || r.Duty == "" || r.Who == "" || r.When == "" || r.To == "" {
			t.Errorf("%s lacks something: %+v", r.ID, r)
		}
		switch r.Confidence {
		case clocks.Primary, clocks.Secondary:
			if len(r.Sources) == 0 {
				t.Errorf("%s is %s and has no source", r.ID, r.Confidence)
			}
			if !r.Within.IsZero() && r.Counting == "" {
				t.Errorf("%s does not say how it is counted", r.ID)
			}
		case clocks.Remembered:
		case clocks.Own:
			t.Errorf("%s is nobody's own", r.ID)
		}
		if len(r.Content) == 0 && r.ID != "us-states-other" {
			t.Errorf("%s does not say what is wanted", r.ID)
		}
		if r.After != "" && !slices.ContainsFunc(rules, func(o clocks.Rule) bool { return o.ID == r.After }) {
			t.Errorf("%s comes after %s, which is not there", r.ID, r.After)
		}
	}
	// What is proposed, or not applied yet, is no deadline.
	for _, id := range []string{"uk-csrb-24h", "uk-csrb-72h", "us-circia-72h", "us-circia-24h-ransom", "eu-aiact-73", "us-ccpa-150"} {
		if seen[id] {
			t.Errorf("%s is not in force", id)
		}
	}
}

// The deadlines that playbooks name are those that there is data of, but for those
// that are not in force yet.
func TestPlaybooksNameWhatIsKnown(t *testing.T) {
	t.Parallel()
	b := wholeBook(t)
	books, err := library.List()
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, p := range books {
		for _, c := range p.Clocks {
			named++
			if _, known := b.Rule(c.Use); !known && c.Use != "eu-aiact-73" {
				t.Errorf("%s names %s", p.ID, c.Use)
			}
			if playbooks.LawOf(c.Use) == "" {
				t.Errorf("%s names %s, which no runbook can explain", p.ID, c.Use)
			}
		}
	}
	if named == 0 {
		t.Error("no playbook names a deadline")
	}
}

func TestWhatIsOn(t *testing.T) {
	t.Parallel()
	on := func(own []clocks.Rule, c clocks.Choice) []string {
		t.Helper()
		b, err := clocks.NewBook(own, c)
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(b.IDs(), func(id string) bool { return !b.On(id) })
	}
	own := ownRules(t, acme)
	for _, c := range []struct {
		what string
		own  []clocks.Rule
		c    clocks.Choice
		want string
	}{
		{"nothing without a word", nil, clocks.Choice{}, ""},
		{"a team in Texas", nil, clocks.Choice{Regimes: []string{"us-tx"}}, "us-tx-ag"},
		{"what is only remembered stays off", nil, clocks.Choice{Regimes: []string{"GDPR"}}, "eu-gdpr-33-authority eu-gdpr-34-people"},
		{"unless it is named", nil, clocks.Choice{Regimes: []string{"gdpr"}, Also: []string{"eu-gdpr-33-processor"}}, "eu-gdpr-33-authority eu-gdpr-33-processor eu-gdpr-34-people"},
		{"a regime of which nothing was looked up", nil, clocks.Choice{Regimes: []string{"DFARS"}}, ""},
		{"one's own", own, clocks.Choice{}, "acme-24h acme-report"},
	} {
		if got := strings.Join(on(c.own, c.c), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if all := on(nil, clocks.Choice{All: true}); len(all) < 50 {
		t.Errorf("all are %d", len(all))
	}
	for _, c := range []struct {
		own  []clocks.Rule
		c    clocks.Choice
		want string
	}{
		{nil, clocks.Choice{Regimes: []string{"GDRP"}}, `no regime or place is called "GDRP": did you mean GDPR?`},
		{nil, clocks.Choice{Also: []string{"eu-gdpr-33-autority"}}, "did you mean eu-gdpr-33-authority?"},
		{ownRules(t, strings.ReplaceAll(acme, "acme-24h", "eu-nis2-final")), clocks.Choice{}, "clock eu-nis2-final is built in"},
		{append(ownRules(t, acme), ownRules(t, acme)...), clocks.Choice{}, "clock acme-24h is in clocks/acme.yaml, line 3, too"},
		{ownRules(t, strings.Replace(acme, "after: acme-24h", "after: acme-42h", 1)), clocks.Choice{}, "comes after acme-42h, which nobody knows: did you mean acme-24h?"},
	} {
		if _, err := clocks.NewBook(c.own, c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

const acme = `clocks: 1
rules:
  - id: acme-24h
    regime: Contract ACME
    duty: Tell ACME's security desk
    start: aware
    within: 24h
    to: security@acme.example
    content: [what happened, {ask: their records, from: [records]}]
    citation: data processing agreement, section 7
  - id: acme-report
    regime: Contract ACME
    duty: Send the report
    start: previous
    after: acme-24h
    within: 5bd
    to: ACME
`

func ownRules(t *testing.T, src string) []clocks.Rule {
	t.Helper()
	rules, err := clocks.Parse("clocks/acme.yaml", []byte(src), false)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestOwnRules(t *testing.T) {
	t.Parallel()
	rules := ownRules(t, acme)
	r := rules[0]
	if len(rules) != 2 || r.ID != "acme-24h" || r.Within.Time != 24*time.Hour || r.Confidence != clocks.Own || r.File != "clocks/acme.yaml" || r.Line != 3 || len(r.Content) != 2 || r.Content[0].Text != "what happened" {
		t.Errorf("%+v", rules)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	rule := func(more string) string {
		return "clocks: 1\nrules:\n  - id: x\n    regime: R\n    duty: d\n    start: aware\n    to: t\n    " + more + "\n"
	}
	for src, want := range map[string]string{
		"":                                                "f.yaml:1:1: the file is empty",
		"clocks: 2\nrules: [{id: a}]":                     "not the first version of the format",
		"clocks: 1":                                       "there are no rules",
		"clocks: 1\nrules: {a: b}":                        "there are no rules",
		"- a":                                             "the file: want keys with values",
		"a: b\n---\nc: d":                                 "the file holds more than one document",
		"a: [":                                            "f.yaml:",
		"clocks: 1\nrules: [x]":                           "rules[0]: want keys with values",
		"clocks: 1\nrules: [{}]":                          "rules[0] has no id",
		"clocks: 1\nrule: []":                             `the file has no key "rule" (did you mean "rules"?)`,
		"x: &a 1\nclocks: *a":                             "anchors and aliases are not used here",
		rule("whithin: 24h"):                              `f.yaml:8:5: rules[0] has no key "whithin" (did you mean "within"?)`,
		rule("within: 24"):                                `rules[0].within: "24" is no time`,
		rule("within: -1h"):                               `rules[0].within: "-1h" is no time`,
		rule("within: 99999h"):                            `rules[0].within: "99999h" is no time`,
		rule("soft: ''"):                                  "rules[0] says not until when",
		rule("within: 1h\n    within: 2h"):                "is there twice",
		rule("within: 1h\n    after: y"):                  "after goes with start: previous",
		rule("within: 1h\n    of: last"):                  "of goes with start: previous",
		rule("within: 1h\n    ends: '17:30'"):             "hours end when they are over",
		rule("within: 1d\n    ends: '25:00'"):             `"25:00" is no time of the day`,
		rule("within: 1d\n    zone: Mars"):                `zone "Mars" is not known`,
		rule("within: 1d\n    zone: Local"):               `zone "Local" is not known`,
		rule("within: 1d\n    non_working_day: never"):    `non_working_day: "never" is not known`,
		rule("within: 1d\n    since: 2026-02-30"):         `"2026-02-30" is no date`,
		rule("within: 1d\n    confidence: primary"):       `rules[0] has no key "confidence"`,
		rule("within: 1d\n    content: [{from: [what]}]"): "rules[0].content[0] asks nothing",
		rule("within: 1d\n    content: [{ask: a, from: [waht]}]"):                                `rules[0].content[0].from: "waht" is not known (did you mean "what"?)`,
		rule("within: 1d\n    backstop: {start: aware}"):                                         "want a start and a time",
		rule("soft: now\n    backstop: {start: aware, within: 1h}"):                              "a backstop needs a limit that it stands behind",
		rule("within: 1d\n    notes: \"a\\e[31m\""):                                              "a character that cannot be seen",
		rule("within: 1d\n    notes: [a]"):                                                       "rules[0].notes: want text",
		rule("within: 1d\n    notes: " + strings.Repeat("x", 2001)):                              "has 2001 bytes; the limit is 2000",
		rule("within: 1d\n    start: awre"):                                                      "is there twice",
		"clocks: 1\nrules:\n  - {id: X, regime: R, duty: d, start: aware, to: t, within: 1h}":    `"X" is no name of a clock`,
		"clocks: 1\nrules:\n  - {id: x, regime: R, duty: d, start: awre, to: t, within: 1h}":     `did you mean "aware"?`,
		"clocks: 1\nrules:\n  - {id: x, regime: R, duty: d, start: previous, to: t, within: 1h}": "names none",
		"clocks: 1\nrules:\n  - {id: x, regime: R, duty: d, start: aware, to: t, within: 1h}\n  - {id: x, regime: R, duty: d, start: aware, to: t, within: 1h}": "f.yaml:4:5: x is there twice, first in line 3",
		"\xff":                   "not valid UTF-8",
		strings.Repeat("[", 200): "nested more than",
		"clocks: 1\nrules: [" + strings.Repeat("{id: a}, ", 201) + "]": "more than 200 rules",
		strings.Repeat("# x\n", clocks.MaxSize/4+1):                    "the limit is",
	} {
		_, err := clocks.Parse("f.yaml", []byte(src), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120q: %v, want %s", src, err, want)
		}
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for text, words := range map[string]string{"30min": "30 minutes", "1h": "1 hour", "72h": "72 hours", "1d": "1 day", "60d": "60 days", "4bd": "4 business days", "1mo": "1 month", "2mo": "2 months"} {
		p, ok := clocks.ParsePeriod(text)
		if !ok || p.String() != text || p.Words() != words {
			t.Errorf("%s: %+v %s %s", text, p, p, p.Words())
		}
	}
	for _, text := range []string{"", "h", "0h", "-1h", "+1h", "1", "1w", "1.5h", "1h30m", "3661d", "99999999999999999999h", "1 h"} {
		if p, ok := clocks.ParsePeriod(text); ok {
			t.Errorf("%q is %v", text, p)
		}
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time { return moment(t, s+"T00:00:00Z") }
	for _, c := range []struct {
		checked string
		now     time.Time
		want    bool
	}{
		{"2026-11-21", day("2026-11-28"), false},
		{"2026-11-21", day("2027-05-20"), false}, // the 180th day
		{"2026-11-21", day("2027-05-21"), true},
		{"", day("2027-05-21"), false},
	} {
		if got := clocks.Stale(c.checked, c.now); got != c.want {
			t.Errorf("%s at %s: %v", c.checked, c.now, got)
		}
	}
}

// FuzzParse wants every file to end in rules or in problems that name a place.
func FuzzParse(f *testing.F) {
	f.Add([]byte(acme))
	f.Add([]byte("clocks: 1\nrules: [{id: a, within: 1mo, start: previous, after: a}]"))
	f.Add([]byte("a: &x [*x]"))
	place := regexp.MustCompile(`^f\.yaml:\d+:\d+: `)
	f.Fuzz(func(t *testing.T, src []byte) {
		rules, err := clocks.Parse("f.yaml", src, false)
		if err != nil {
			if !place.MatchString(err.Error()) || rules != nil {
				t.Errorf("%v, with %d rules", err, len(rules))
			}
			return
		}
		if len(rules) == 0 {
			t.Error("neither a rule nor a problem")
		}
		b, err := clocks.NewBook(rules, clocks.Choice{})
		if err != nil {
			return // one that is built in, or comes after nothing
		}
		from := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC)
		for _, r := range rules {
			if due := r.Due(from, time.UTC, playbooks.Calendar{}); !r.Within.IsZero() && !due.After(from) {
				t.Errorf("%s is due %s, from %s", r.ID, due, from)
			}
		}
		clocks.Lines(b, clocks.Fold(nil), clocks.Terms{Now: from})
	})
}
