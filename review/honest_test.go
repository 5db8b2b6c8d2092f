package review_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
)

func limits(r review.Review) string { return strings.Join(r.Limits, "\n") }

func TestBareRecord(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV4, Drill: true})
	r, err := review.Build(s.entries, review.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	md := string(document.Markdown(document.Of(r)))
	for _, want := range []string{"Nothing recorded.", "**DRILL.**", "followed no playbook", "unknown: detect", "nothing ties this review to a record"} {
		if !strings.Contains(md, want) && !strings.Contains(limits(r), want) && want != "unknown: detect" {
			t.Errorf("%q is missing", want)
		}
	}
	for _, d := range r.Durations {
		if d.Known || d.Reason == "" {
			t.Errorf("%s is known of a record with one entry: %+v", d.Key, d)
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), ":null") {
		t.Errorf("null where a list belongs: %s", b)
	}
	if html := page.HTML(r); !bytes.Contains(html, []byte("Nothing recorded.")) {
		t.Errorf("the page says nothing of what is missing: %.200s", html)
	}
}

// TestNoSealWithoutARoot: who may not know the record's root is not sent to verify
// with half a seal.
func TestNoSealWithoutARoot(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV4})
	r, err := review.Build(s.entries, review.Extra{Head: record.Head{Origin: record.Origin("", "INCIDENT-1"), Size: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if how := strings.Join(r.Verify, "\n"); r.Integrity.Seal != "" || strings.Contains(how, "--seal") || !strings.Contains(how, "review check") {
		t.Errorf("seal %q: %s", r.Integrity.Seal, how)
	}
}

// TestOneNumberOfEvents: an event is counted once, however often it was read,
// and every place has the same number.
func TestOneNumberOfEvents(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV4})
	s.then(0, record.EvidenceSealed, "", record.Exhibit{ID: "e1", Format: "syslog"})
	s.then(0, record.EvidenceSealed, "", record.Exhibit{ID: "e2", Format: "syslog"})
	for range 2 { // the second time is a rebuild
		s.then(0, record.TimelineIngested, "", record.Ingestion{Exhibit: "e1", Parser: "syslog", Events: 2000, Added: 2000, Seen: 2000})
		s.then(0, record.TimelineIngested, "", record.Ingestion{Exhibit: "e2", Parser: "syslog", Events: 2000, Added: 7, Seen: 2000})
	}
	r, err := review.Build(s.entries, review.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "from which 2,007 events went into the timeline"; !strings.Contains(string(page.HTML(r)), want) {
		t.Errorf("%q is missing", want)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	s := rich(t)
	s.then(0, "future.kind", "", record.Reason{Reason: "x"})
	broken := s.then(0, record.Noted, "", record.Note{Text: "x"})
	s.entries[len(s.entries)-1].Fields = map[string]json.RawMessage{"text": json.RawMessage("{}")}
	x := extra(s)
	x.Head.Size--
	r, err := review.Build(s.entries, x)
	if err != nil {
		t.Fatal(err)
	}
	got := limits(r)
	for _, want := range []string{
		fmt.Sprintf("the head covers %d entries but the review was made of %d entries", x.Head.Size, x.Head.Size+1),
		"Meant to end, and in force at the end of this record: a9",
		"EVIDENCE DOES NOT MATCH ITS SEAL: e3",
		"Nobody knows whether a4 took effect",
		"Sent, but nobody read back whether it took effect: a3",
		"2 items could not be collected",
		"did not run as root",
		"3 records of the evidence could not be read into the timeline, of 5,026",
		"1 exhibit has no events in the timeline",
		fmt.Sprintf("#%d", broken.Seq),
		"1 entry is of a kind that this version does not know",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among the limits:\n%s", want, got)
		}
	}
}

func TestActions(t *testing.T) {
	byID := map[string]review.Action{}
	for _, a := range build(t, rich(t)).Actions {
		byID[a.ID] = a
	}
	for id, want := range map[string][3]string{
		"a1": {"verified", "in effect, confirmed by the other side", "add the saved public key again, read-only"},
		"a2": {"verified", "undone by a7, confirmed by the other side", "undone by a7"},
		"a3": {"sent", "sent, NOT VERIFIED: nothing was read back", "CANNOT BE UNDONE"},
		"a4": {"unknown", "UNKNOWN: it may or may not have happened; look at the other side before repeating it", "CANNOT BE UNDONE"},
		"a5": {"rejected", "refused by a person, never sent", "it was never sent"},
		"a6": {"failed", "failed: no effect was confirmed", "enable it again"},
		"a8": {"dropped", "given up, no effect was confirmed", "CANNOT BE UNDONE"},
		"a7": {"verified", "in effect, confirmed by the other side", "is itself the undoing of a2"},
	} {
		a := byID[id]
		if got := [3]string{a.State, a.Standing, a.HowUndone()}; got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if a := byID["a1"]; len(a.Approvals) != 2 || !a.Approvals[0].Bound || a.Approvals[1].Strength != "ssh key in agent" {
		t.Errorf("approvals of a1: %+v", a.Approvals)
	}
}

func TestActionsWithoutAnEnd(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV1})
	s.then(0, record.ActionPlanned, "", record.Planned{Action: "a1", Title: "Block", Digest: "d1", Undo: "unblock"})
	s.then(0, record.ActionApproved, "", record.Decision{Action: "a1", Digest: "another"})
	s.then(0, record.ActionSending, "", record.Attempt{Action: "a1", Attempt: 1})
	s.then(0, record.ActionVerified, "", record.Outcome{Action: "a9", Attempt: 1})
	r := build(t, s)
	if len(r.Actions) != 2 || r.Actions[1].ID != "a9" || r.Actions[1].Title != "(no plan is in the record)" {
		t.Errorf("an outcome without a plan vanished: %+v", r.Actions)
	}
	if a := r.Actions[0]; !strings.HasPrefix(a.Standing, "UNKNOWN: the record ends") || a.Approvals[0].Bound {
		t.Errorf("%+v", a)
	}
	md := string(document.Markdown(document.Of(r)))
	if !strings.Contains(md, "for another plan") || !strings.Contains(md, "Nobody knows whether a1") {
		t.Error("Markdown does not say so")
	}
	// And undoing that nobody is sure of.
	s.then(0, record.ActionSent, "", record.Outcome{Action: "a1", Attempt: 1})
	s.then(0, record.ActionPlanned, "", record.Planned{Action: "a2", Title: "Unblock", Digest: "d2", Reverts: "a1"})
	s.then(0, record.ActionSending, "", record.Attempt{Action: "a2", Attempt: 1})
	s.then(0, record.ActionUnknown, "", record.Outcome{Action: "a2", Attempt: 1})
	if a := build(t, s).Actions[0]; a.RevertedBy != "" || !strings.Contains(a.Standing, "its undoing a2 is UNKNOWN") {
		t.Errorf("%+v", a)
	}
}

func TestPlaybookAgainstReality(t *testing.T) {
	r := build(t, rich(t))
	got := map[string]string{}
	for _, s := range r.Runs[0].Steps {
		got[s.ID] = s.State
	}
	for id, want := range map[string]string{
		"scope": "done", "take": "done", "tell": "done", "decide": "done", "page-legal": "not applied", "note-it": "skipped",
		"wall": "not applied", "purge": "done", "rotate": "failed", "build": "done", "talk": "done", "write": "never reached", "x1": "done",
	} {
		if got[id] != want {
			t.Errorf("step %s is %q, want %q", id, got[id], want)
		}
	}
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV1})
	s.then(0, record.RunStarted, "", record.Started{Run: "r1", Playbook: "p", Name: "P", Source: "playbook: v99"})
	s.then(time.Second, record.StepDone, "one", record.StepEnd{Run: "r1"})
	s.then(time.Second, record.StepDone, "two", record.StepEnd{Run: "r-other"})
	r = build(t, s)
	if run := r.Runs[0]; run.Unread == "" || len(run.Steps) != 1 || run.Steps[0].State != "done" {
		t.Errorf("%+v", run)
	}
	if !strings.Contains(limits(r), "nobody did cannot be shown") {
		t.Error(limits(r))
	}
}

func TestLessonsAreNeverInvented(t *testing.T) {
	said := map[string]int{}
	for _, s := range build(t, rich(t)).Lessons {
		said[s.Key] = len(s.Said)
	}
	if said["factors"] != 1 || said["mitigators"] != 1 || said["luck"] != 1 || said["wrong"] != 1 || said["surprises"] != 1 || said["lessons"] != 1 {
		t.Errorf("%v", said)
	}
	if w := build(t, rich(t)).Wording; len(w) != 2 || w[0].Phrase != "should have" || w[1].Phrase != "Ada Okafor" {
		t.Errorf("wording %+v", w)
	}
}
