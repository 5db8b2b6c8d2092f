package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review"
)

// halfWritten is a review in work: two parts, a release, a follow-up.
func halfWritten() response.ReviewDesk {
	d := response.ReviewDesk{Standing: response.ReviewStanding{
		State: record.ReviewDraft, Parts: 2, Next: []record.ReviewState{record.ReviewInReview},
		Warnings: []string{`factors: "human error" puts blame on somebody: say what made it likely instead`},
		Releases: []response.ReleaseView{{
			ID: "v1", Profile: record.ExecutiveProfile, For: "the board", Draft: true, Made: at(9), By: "m.okafor", Tool: "firebreak 1.0", Size: 41, Root: digest,
			Files: map[string]string{"review-v1.pdf": digest},
		}},
	}}
	for _, p := range review.Parts() {
		v := response.PartView{Part: p, Authors: []string{}}
		switch p.Key {
		case "summary":
			v.Version, v.Text, v.By, v.At, v.Authors = 2, "A backup account was used to encrypt one file server.\n\nNobody lost data.", "j.kim", at(8), []string{"m.okafor", "j.kim"}
		case "factors":
			v.Version, v.Text, v.By, v.At, v.Authors, v.Warnings = 1, "A human error, \x1b[31mred.", "j.kim", at(9), []string{"j.kim"}, d.Standing.Warnings
		default:
			d.Standing.Missing = append(d.Standing.Missing, p.Key)
		}
		d.Parts = append(d.Parts, v)
	}
	d.Items = []review.Item{{Item: record.Item{ID: "i1", Text: "Rotate what the backup account can reach", Owner: "j.kim", Class: "prevent"}, State: "open", Overdue: true}}
	return d
}

func TestReviewScreenShowsHowFarItIs(t *testing.T) {
	h := begin(t)
	h.press("8")
	h.sees("DRAFT  2 of 11 parts written", "1 wording to look at", "Nobody lost data.", "not written", "release v1", "follow-up i1")
	h.press("down", "down", "down")
	h.sees(`A human error, \x1b[31mred.`, "puts blame on somebody")
	h.press("enter")
	h.sees("Contributing factors")
	h.press("esc", "G")
	h.sees("Rotate what the backup account can reach")
	h.press("up", "c")
	h.sees("It is the same, byte for byte.")
}

func TestReviewPartIsWrittenOnTheScreen(t *testing.T) {
	h := begin(t)
	h.press("8", "e") // there is no editor here
	h.sees("Executive summary", "An empty text takes the part back")
	h.types(" And more.").press("enter")
	h.did(`part summary 2 "A backup account was used to encrypt one file server.\n\nNobody lost data. And more."`)
	h.press("down", "w").types("Two hours.").press("enter")
	h.did("part summary 2 \"A backup account was used to encrypt one file server.\\n\\nNobody lost data. And more.\"\npart impact 0 \"Two hours.\"")
	// What cannot be saved is not lost.
	h.desk.fail = &response.Error{Code: response.CodeRefused, Err: errors.New("somebody else changed it")}
	h.press("down", "w").types("An alert.").press("enter", "w")
	h.sees("An alert.")
}

func TestReviewPartIsWrittenForThePublic(t *testing.T) {
	h := begin(t)
	h.press("8", "p")
	h.sees("Write summary for other readers", ">public", "not written")
	h.press("enter")
	h.sees("Executive summary, for the public")
	h.types("A server was locked.").press("enter")
	h.did(`part summary.public 0 "A server was locked."`)
}

func TestReviewPartIsWrittenInAnEditor(t *testing.T) {
	h := begin(t)
	h.m.edit = func(_ context.Context, id incident.ID, part string, _ io.Reader, _, _ io.Writer) (string, error) {
		return fmt.Sprintf("%s of %s is recorded", part, id), nil
	}
	e := &editing{do: func(in io.Reader, out, errs io.Writer) (string, error) {
		return h.m.edit(t.Context(), h.m.id, "luck", in, out, errs)
	}}
	e.SetStdin(strings.NewReader(""))
	if err := e.Run(); err != nil || e.says != "luck of 2026-0042 is recorded" {
		t.Errorf("%q, %v", e.says, err)
	}
	h.press("8")
	if cmd := h.m.review.editPart(h.m.review.got.value.Parts[0]); cmd == nil {
		t.Error("the editor is not opened")
	}
}

func TestReviewMovesAndIsReleased(t *testing.T) {
	h := begin(t)
	h.press("8", "m")
	h.sees("The review is draft", ">in review")
	h.press("enter", "enter")
	h.did(`review in review ""`)
	h.press("f", "down", "down", "enter").types("the board").press("enter")
	h.sees("profile technical", "nobody has reviewed it", "review-v1.md")
	h.clock.Advance(time.Second) // it opened by itself
	h.press("n")
	h.sees("not released")
	h.press("f", "down", "down", "enter", "enter")
	h.clock.Advance(time.Second) // it opened by itself
	h.press("y")
	if last := h.desk.did[len(h.desk.did)-1]; last != `release v1 technical "the board" draft true` {
		t.Errorf("did %q", h.desk.did)
	}
}

func TestReviewedTextIsNotWritten(t *testing.T) {
	h := begin(t)
	h.desk.reviewed.Standing.State = record.ReviewReviewed
	h.desk.reviewed.Standing.Next = []record.ReviewState{record.ReviewDraft, record.ReviewInReview, record.ReviewClosed}
	h.press("8", "e")
	h.sees("the review is reviewed: m takes it back")
	h.press("m", "enter", "enter")
	h.sees("Why does it go back?", "type something")
	h.types("a date").press("enter")
	h.did(`review draft "a date"`)
}

func TestPlainReview(t *testing.T) {
	d := newScripted()
	d.board.Incident.Status = incident.Closed // the review goes on then
	offers := talk(t, d, PlainOptions{Incident: id})
	said := talk(t, d, PlainOptions{Incident: id}, numberOf(t, offers, "Hear how far the review is"), numberOf(t, offers, "Write a part"), "2", "Two hours.",
		numberOf(t, offers, "Take the review"), "1", "q")
	for _, want := range []string{"The review is draft. 2 of 11 parts are written.", "Not written: impact", `A human error, \x1b[31mred.`, "Released: v1, profile executive", "Follow-up i1, open"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
	if got := d.done(); got != "part impact 0 \"Two hours.\"\nreview in review \"\"" {
		t.Errorf("the desk was asked:\n%s", got)
	}
}
