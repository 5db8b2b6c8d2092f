package tui

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/response"
)

// talk answers the questions of the plain mode and returns what it said.
func talk(t *testing.T, d *scripted, o PlainOptions, answers ...string) string {
	t.Helper()
	var out bytes.Buffer
	o.In, o.Out, o.Now = strings.NewReader(strings.Join(answers, "\n")+"\n"), &out, func() time.Time { return at(14) }
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

func TestPlainTimeline(t *testing.T) {
	d := newScripted()
	n := numberOf(t, talk(t, d, PlainOptions{Incident: id}), "Search the timeline")
	said := talk(t, d, PlainOptions{Incident: id}, n, "",
		"n", "p", "end", "g 03:10", "g soon", "99", "v ip", "", "s", "m 1-2, 4", "tag pivot, entry", "m 1", "star", "m 1", "dance", "",
		"q")
	for _, want := range []string{
		"1 000 events match.", "1  2026-11-20 03:00:24.680 FIN-FS01 syslog: sshd[1020]", // the second page
		"20  2026-11-20 03:20:32.766", "1  2026-11-20 03:10:00.", "FAILED: not a time", `There is no "99" here.`,
		"1  203.0.113.9: 700 events, first 2026-11-20 03:00:00Z", "2 silences of 10m00s or longer.", "auth: 8m00s, from 2026-11-20 03:12:00Z until never again",
		"3 events, the first", "Recorded.", "FAILED: dance is no mark",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
	if got, want := d.done(), "mark #487 to #490, 3 events, star=false [pivot entry] \"\"\nmark #487 star=true [] \"\""; got != want {
		t.Errorf("the desk was asked:\n%s\nwant:\n%s", got, want)
	}
}

func TestPlainTimelineFiltersByWhatItHears(t *testing.T) {
	d := newScripted()
	n := numberOf(t, talk(t, d, PlainOptions{Incident: id}), "Search the timeline")
	said := talk(t, d, PlainOptions{Incident: id}, n, "user:(",
		"sshd", "v attr.ip", "-2", "2", "raw", "only colour", "without host", "1", "around 5m", "1", "session", "f", "host:x", "", "q")
	for _, want := range []string{
		"user:(", "^ ", // what is wrong, and where
		"Filter: sshd -attr.ip:198.51.100.4", `\x1b]0;owned\x07\u202etxt.exe`, `The event has no "colour".`,
		"Filter: sshd -attr.ip:198.51.100.4 -host:FIN-FS01", "Filter: after:2026-11-20T02:55:00Z before:2026-11-20T03:05:00Z",
		"Filter: host:FIN-FS01 after:2026-11-20T03:00:00Z before:2026-11-20T03:05:00Z", "334 events match.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
	ro := talk(t, d, PlainOptions{Incident: id, ReadOnly: true}, numberOf(t, talk(t, d, PlainOptions{Incident: id, ReadOnly: true}), "Search"), "", "m 1", "star", "", "q")
	if !strings.Contains(ro, "FAILED: this session is read only") || d.done() != "" {
		t.Errorf("a read-only session marks %s:\n%s", d.done(), ro)
	}
}
