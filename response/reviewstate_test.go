package response

import (
	"encoding/json"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

func fields(t *testing.T, payload any) (out map[string]json.RawMessage) {
	t.Helper()
	b, err := json.Marshal(payload)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhereAReviewCanGo(t *testing.T) {
	states := record.ReviewStates()
	for i, from := range states {
		for j, to := range states {
			for _, reason := range []string{"", "because"} {
				o := record.SignOff{From: from, To: to}
				err := mayMove("2026-0001", o, reason, []record.Entry{{Kind: record.ReviewText, Fields: fields(t, record.PartText{Part: "summary", Version: 1, Text: "x"})}})
				want := j == i+1 || j < i && reason != ""
				if (err == nil) != want || err != nil && CodeOf(err) != CodeRefused {
					t.Errorf("%s to %s, reason %q: %v", from, to, reason, err)
				}
			}
		}
	}
	if err := mayMove("2026-0001", record.SignOff{From: record.ReviewDraft, To: record.ReviewInReview}, "", nil); CodeOf(err) != CodeRefused {
		t.Errorf("an empty review goes into review: %v", err)
	}
}

func (b *bench) moves(s *Session, to record.ReviewState) {
	b.Helper()
	b.must(s.MoveReview(b.Context(), b.id, to, ""))
}

func TestReviewedTextStands(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.wrote("summary", "one")
	b.moves(b.s, record.ReviewInReview)
	b.wrote("summary", "two") // what comes up in a review is worked in
	b.moves(b.s, record.ReviewReviewed)
	_, err := b.writes(b.s, "summary", 2, "three")
	b.refused("its text stands", err)
	_, err = b.s.PartsToEdit(ctx, b.id)
	b.refused("its text stands", err)
	b.moves(b.s, record.ReviewClosed)
	_, err = b.writes(b.s, "summary", 2, "three")
	b.refused("its text stands", err)
	b.refused("with a reason", b.s.MoveReview(ctx, b.id, record.ReviewDraft, " "))
	b.must(b.s.MoveReview(ctx, b.id, record.ReviewDraft, "a date is wrong"))
	b.wrote("summary", "three")
	st, err := b.s.ReviewStanding(ctx, b.id)
	b.must(err)
	if st.State != record.ReviewDraft || len(st.Moves) != 4 || st.Moves[3].Reason != "a date is wrong" || st.Parts != 1 || len(st.Missing) != len(review.Parts())-1 {
		t.Errorf("%+v", st)
	}
}

func TestSomebodyElseReviews(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	b := signBench(t, config.Config{}, ada, bob)
	b.open()
	ctx := t.Context()
	b.wrote("summary", "ada wrote this")
	b.moves(b.s, record.ReviewInReview)
	b.refused("somebody else reviews it, as bob@example.org could", b.s.MoveReview(ctx, b.id, record.ReviewReviewed, ""))
	text, err := b.s.ReviewToSign(ctx, b.id, record.ReviewReviewed, "")
	b.must(err)
	// An own signature that is pasted is an own one.
	b.refused("somebody else", b.s.MoveReviewPasted(ctx, b.id, record.ReviewReviewed, ada.elsewhere(t, record.ReviewNamespace, []byte(text)), ""))
	for name, signed := range map[string][]byte{
		"another purpose": bob.elsewhere(t, record.HeadNamespace, []byte(text)),
		"another state":   bob.elsewhere(t, record.ReviewNamespace, []byte(strings.Replace(text, "to: reviewed", "to: closed", 1))),
		"a stranger":      newPerson(t, "eve").elsewhere(t, record.ReviewNamespace, []byte(text)),
	} {
		if err := b.s.MoveReviewPasted(ctx, b.id, record.ReviewReviewed, signed, ""); CodeOf(err) != CodeRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	answer := bob.elsewhere(t, record.ReviewNamespace, []byte(text))
	b.wrote("summary", "and changed it")
	b.refused("changed meanwhile", b.s.MoveReviewPasted(ctx, b.id, record.ReviewReviewed, answer, ""))
	if text, err = b.s.ReviewToSign(ctx, b.id, record.ReviewReviewed, ""); err != nil {
		t.Fatal(err)
	}
	b.must(b.s.Note(ctx, b.id, "", "life goes on", false)) // which changes nothing of the review's text
	b.must(b.s.MoveReviewPasted(ctx, b.id, record.ReviewReviewed, bob.elsewhere(t, record.ReviewNamespace, []byte(text)), "read on paper"))
	st, err := b.s.ReviewStanding(ctx, b.id)
	b.must(err)
	if m := st.Moves[1]; m.By != "bob@example.org" || m.Strength != record.Pasted || m.Author {
		t.Errorf("%+v", m)
	}
	r := b.signatures()
	if !r.OK() || len(r.Signatures) != 1 || !r.Signatures[0].OK || r.Signatures[0].What != "the review is reviewed" {
		t.Errorf("%v %+v", r.Problems, r.Signatures)
	}
}

// Where nobody else is, whoever wrote it may say so, and it is shown.
func TestWhoIsAloneReviewsAlone(t *testing.T) {
	ada := newPerson(t, "ada@example.org")
	b := signBench(t, config.Config{}, ada)
	b.open()
	b.wrote("summary", "ada wrote this")
	b.moves(b.s, record.ReviewInReview)
	b.moves(b.s, record.ReviewReviewed)
	st, err := b.s.ReviewStanding(t.Context(), b.id)
	b.must(err)
	if m := st.Moves[1]; !m.Author || m.Strength != record.Agent {
		t.Errorf("%+v", m)
	}
}

func TestSignOffHasToBeSigned(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	b := signBench(t, mustSign, ada, bob)
	b.open()
	ctx := t.Context()
	carl := b.s.s.As(incident.Actor{Name: "carl"}) // on no roster
	_, err := b.writes(carl, "summary", 0, "carl wrote this")
	b.must(err)
	b.must(carl.MoveReview(ctx, b.id, record.ReviewInReview, ""))
	eve := b.s.s.As(incident.Actor{Name: "eve"})
	b.want(CodeRefused, eve.MoveReview(ctx, b.id, record.ReviewReviewed, "")) // ada's agent is not eve's
	b.moves(b.s, record.ReviewReviewed)
	b.moves(b.s, record.ReviewClosed)
	b.want(CodeRefused, eve.MoveReview(ctx, b.id, record.ReviewReviewed, "again"))
	st, err := b.s.ReviewStanding(ctx, b.id)
	b.must(err)
	if st.State != record.ReviewClosed || st.Moves[1].Strength != record.Agent || st.Moves[2].Strength != record.Agent {
		t.Errorf("%+v", st)
	}
	if r := b.signatures(); !r.OK() || len(r.Signatures) != 2 {
		t.Errorf("%v %+v", r.Problems, r.Signatures)
	}
}

func TestForgedSignOffIsFound(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	b := signBench(t, config.Config{}, ada, bob)
	b.open()
	ctx := t.Context()
	b.wrote("summary", "x")
	b.moves(b.s, record.ReviewInReview)
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	o, err := b.s.signOff(ctx, f, record.ReviewReviewed, "")
	b.must(err)
	sig, err := b.s.Sign(ctx, record.ReviewNamespace, o.Text())
	b.must(err)
	good := record.ReviewMove{From: o.From, To: o.To, Size: o.Size, Root: o.Root, Statement: o.Text(), Signature: sig}
	other := good
	other.To = record.ReviewClosed
	swapped := good
	swapped.Statement = strings.Replace(swapped.Statement, "reviewed", "closed", 1)
	rewritten := o
	rewritten.Root = strings.Repeat("0", 64)
	past, err := b.s.Sign(ctx, record.ReviewNamespace, rewritten.Text())
	b.must(err)
	wrongHead := record.ReviewMove{From: o.From, To: o.To, Size: o.Size, Root: rewritten.Root, Statement: rewritten.Text(), Signature: past}
	for _, c := range []struct {
		move record.ReviewMove
		want string
	}{{other, "another move"}, {swapped, "another statement"}, {wrongHead, "is not one of this record"}} {
		b.must(b.s.actIn(ctx, f, record.ReviewMoved, "", c.move, nil))
		r := b.signatures()
		found := false
		for _, p := range r.Problems {
			found = found || strings.Contains(p.String(), c.want)
		}
		if !found {
			t.Errorf("%q is not among %v", c.want, r.Problems)
		}
	}
}
