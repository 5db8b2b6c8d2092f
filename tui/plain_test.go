package tui

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/response"
)

// talk answers the questions of the plain mode and returns what it said.
func talk(t *testing.T, d *scripted, o PlainOptions, answers ...string) string {
	t.Helper()
	var out bytes.Buffer
	o.In, o.Out, o.Now = strings.NewReader(strings.Join(answers, "\n")+"\n"), &out, nil
	if err := newPlain(d, o).run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

// choice finds the number of an offer.
func numberOf(t *testing.T, said, title string) string {
	t.Helper()
	for l := range strings.Lines(said) {
		n, rest, ok := strings.Cut(l, "  ")
		if ok && strings.HasPrefix(rest, title) {
			return n
		}
	}
	t.Fatalf("%q is not offered:\n%s", title, said)
	return ""
}

func TestPlainApprovesByTheTargetsName(t *testing.T) {
	d := newScripted()
	first := talk(t, d, PlainOptions{Incident: id})
	n := numberOf(t, first, "Decide on the plan")
	said := talk(t, d, PlainOptions{Incident: id}, n, "", n, "FIN-FS02", n, "FIN-FS01", "q")
	if got := d.done(); got != "approve a1 9f2c \"FIN-FS01\"\ndo a1" {
		t.Errorf("the desk was asked:\n%s", got)
	}
	for _, want := range []string{"Danger high", "POST https://edr.example/hosts/8841/isolate", digest, "That is not the target's name", "It is verified"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
}

func TestPlainManualStep(t *testing.T) {
	d := newScripted()
	n := numberOf(t, talk(t, d, PlainOptions{Incident: id}), "Do by hand: Disable svc-backup")
	talk(t, d, PlainOptions{Incident: id}, n, "4", "", "", n, "4", "", "yes", "q")
	if got := d.done(); got != "done c5 map[personal_data:no sessions:4] \"\"" {
		t.Errorf("the desk was asked:\n%s", got)
	}
}

func TestPlainSaysFailuresAndGoesOn(t *testing.T) {
	d := newScripted()
	d.fail = &response.Error{Code: response.CodeRefused, Hint: "ask the commander", Err: errors.New("refused \x1b[2J")}
	n := numberOf(t, talk(t, d, PlainOptions{Incident: id}), "Write the review")
	said := talk(t, d, PlainOptions{Incident: id}, n, "q")
	if !strings.Contains(said, `FAILED: refused \x1b[2J`) || !strings.Contains(said, "Hint: ask the commander") {
		t.Errorf("it said:\n%s", said)
	}
}

func TestPlainReadOnlyOffersNoChange(t *testing.T) {
	said := talk(t, newScripted(), PlainOptions{Incident: id, ReadOnly: true})
	for _, never := range []string{"Decide", "Skip", "Run", "Note", "review"} {
		if strings.Contains(said, "  "+never) {
			t.Errorf("a read-only session offers %q:\n%s", never, said)
		}
	}
	if !strings.Contains(said, "READ ONLY") {
		t.Errorf("the mode is not said:\n%s", said)
	}
}

func TestPlainDrawsNothing(t *testing.T) {
	d := newScripted()
	said := talk(t, d, PlainOptions{}, "1", "1", "", "99", "x", "q")
	for _, r := range said {
		if r < ' ' && r != '\n' {
			t.Fatalf("control character %U in:\n%s", r, said)
		}
	}
	if !strings.Contains(said, string(id)) || !strings.Contains(said, incident.SEV1.String()) {
		t.Errorf("the incident is not named:\n%s", said)
	}
}
