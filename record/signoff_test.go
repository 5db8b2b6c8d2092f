package record

import (
	"errors"
	"strings"
	"testing"
)

func signOff() SignOff {
	return SignOff{"2026-0007", ReviewInReview, ReviewReviewed, 41, strings.Repeat("9f", 32)}
}

func TestSignOffHasOneForm(t *testing.T) {
	s := signOff()
	got, err := ParseSignOff(s.Text())
	if err != nil || got != s {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, text := range map[string]string{
		"another title":    strings.Replace(s.Text(), "v1", "v2", 1),
		"a state unknown":  strings.Replace(s.Text(), "to: reviewed", "to: fine", 1),
		"a number padded":  strings.Replace(s.Text(), "entries: 41", "entries: 041", 1),
		"no incident":      strings.Replace(s.Text(), "2026-0007", "x", 1),
		"a line more":      s.Text() + "reason: none\n",
		"a line less":      strings.Replace(s.Text(), "from: in review\n", "", 1),
		"lines exchanged":  strings.Replace(s.Text(), "from: in review\nto: reviewed", "to: reviewed\nfrom: in review", 1),
		"too long":         s.Text() + strings.Repeat("x", maxSignOff),
		"nothing":          "",
		"windows' endings": strings.ReplaceAll(s.Text(), "\n", "\r\n"),
	} {
		if _, err := ParseSignOff(text); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSignOff(f *testing.F) {
	f.Add(signOff().Text())
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSignOff(text); err == nil && s.Text() != text {
			t.Errorf("%q reads as %q", text, s.Text())
		}
	})
}

func TestReviewStates(t *testing.T) {
	for from, to := range map[ReviewState]ReviewState{
		ReviewDraft: ReviewInReview, ReviewInReview: ReviewReviewed, ReviewReviewed: ReviewClosed, ReviewClosed: "", "odd": "",
	} {
		if got := from.Next(); got != to {
			t.Errorf("after %q: %q", from, got)
		}
	}
	for text, want := range map[string]ReviewState{"in-review": ReviewInReview, "In Review": ReviewInReview, "draft": ReviewDraft, "": "", "done": ""} {
		if got, err := ParseReviewState(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
