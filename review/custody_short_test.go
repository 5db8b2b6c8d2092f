package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
)

// held builds the review of a story about evidence.
func (l *locker) held(readers review.Readers) review.Review {
	l.t.Helper()
	r, err := review.Build(l.entries, review.Extra{Head: l.head(), Now: l.clock.Now(), Tool: "firebreak 0.2.0", Readers: readers})
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func TestReviewTellsWhoHeldTheEvidence(t *testing.T) {
	l := newLocker(t)
	l.then(0, record.IncidentOpened, "", record.Opened{Title: "Disk", Severity: incident.SEV2})
	for range 200 {
		l.seal(l.authLog())
	}
	give := l.statement("t1", "Ada Okafor", "Police officer Finch", "seizure", "e7", "e8")
	give.FromSig = sign("Ada Okafor", give.Statement)
	l.then(time.Hour, record.CustodyTransferred, "", give)
	l.as(jun(), time.Hour, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Police officer Finch", Signature: sign("Police officer Finch", give.Statement)})
	no := l.statement("t2", "Ada Okafor", "Jun Lindqvist", "analysis", "e9")
	l.then(time.Hour, record.CustodyTransferred, "", no)
	l.as(jun(), time.Minute, record.CustodyAccepted, "", record.Acceptance{ID: "t2", By: "Jun Lindqvist", No: true, Reason: "no room"})
	l.then(time.Hour, record.CustodyTransferred, "", l.statement("t3", "Ada Okafor", "Jun Lindqvist", "analysis", "e10"))
	l.then(time.Hour, record.EvidenceChecked, "", record.Check{Exhibit: "e11", Found: "other bytes"})
	l.then(time.Hour, record.EvidenceChecked, "", record.Check{Exhibit: "e12", OK: true})
	l.then(time.Hour, record.EvidenceChecked, "", record.Check{Exhibit: "e12", OK: true})

	r := l.held(review.Readers{})
	// 200 exhibits are as many rows as there are ways that they went.
	var of []string
	for _, x := range r.Custody.Chains {
		of = append(of, review.Several(x.Exhibits)+": "+x.Holder)
	}
	want := []string{"e1 to e6, e13 to e200: Ada Okafor", "e7, e8: Police officer Finch", "e9: Ada Okafor", "e10: Ada Okafor", "e11: Ada Okafor", "e12: Ada Okafor"}
	if !slices.Equal(of, want) {
		t.Errorf("%q", of)
	}
	// The review says what the chains at length say.
	c := l.custody(nil)
	for _, x := range r.Custody.Chains {
		for _, id := range x.Exhibits {
			at := slices.IndexFunc(c.Exhibits, func(y review.Chain) bool { return y.ID == id })
			if y := c.Exhibits[at]; y.Holder != x.Holder || y.Open != x.Open || !slices.Equal(y.Gaps, x.Gaps) {
				t.Errorf("%s: %+v", id, x)
			}
		}
	}
	md := document.Markdown(document.Of(r))
	for _, want := range []string{
		"| t1 | e7, e8 | Ada Okafor, signed (agent) | Police officer Finch, signed (agent) |", "| refused by Jun Lindqvist, NOT signed, known by name only |",
		"Jun Lindqvist: not answered", "Police officer Finch since 2026-11-20 08:", "found it changed: other bytes", "checked 2 times, as it was sealed", "t3 was not answered", "seizure; at lab, room 3",
	} {
		if !strings.Contains(string(md), want) {
			t.Errorf("%q is missing:\n%s", want, md)
		}
	}
}

func TestCustodyOfMaskedEntriesFindsNoGapInStandIns(t *testing.T) {
	l := newLocker(t)
	l.then(0, record.IncidentOpened, "", record.Opened{Title: "Disk", Severity: incident.SEV2})
	l.seal(l.authLog())
	p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "analysis", "e1")
	p.From, p.To = "the commander", "USER-BAFVFOKJ" // as a mask leaves it
	l.then(time.Hour, record.CustodyTransferred, "", p)
	l.then(time.Hour, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "the commander"})
	if r := l.held(review.Readers{}); len(r.Custody.Chains[0].Gaps) == 0 {
		t.Error("it is no gap for who sees the names")
	}
	if r := l.held(review.Readers{Profile: record.RegulatorProfile}); len(r.Custody.Chains[0].Gaps) > 0 || r.Custody.Chains[0].Holder != "USER-BAFVFOKJ" {
		t.Errorf("%+v", r.Custody.Chains)
	}
}

func TestSeveralExhibits(t *testing.T) {
	for want, ids := range map[string][]string{
		"": nil, "e1": {"e1"}, "e1, e2": {"e1", "e2"}, "e1 to e3, e7": {"e1", "e2", "e3", "e7"}, "x, e9 to e11, y2, y3": {"x", "e9", "e10", "e11", "y2", "y3"},
	} {
		if got := review.Several(ids); got != want {
			t.Errorf("%q: %q", ids, got)
		}
	}
}
