package response

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/record/sshsig"
	"firebreak/review"
	"firebreak/store"
)

// ReviewStanding is how far the review of an incident is.
type ReviewStanding struct {
	Incident incident.ID          `json:"incident"`
	State    record.ReviewState   `json:"state"`
	Moves    []ReviewMoveView     `json:"moves"` // oldest first
	Next     []record.ReviewState `json:"next"`  // where it can go from here; back with a reason
	Parts    int                  `json:"parts"` // that are written
	Missing  []string             `json:"missing"`
	Warnings []string             `json:"warnings,omitempty"`
	Authors  []string             `json:"authors"`
	Releases []ReleaseView        `json:"releases"`
}

// ReviewMoveView is one move of a review, and who put their name under it.
type ReviewMoveView struct {
	From     record.ReviewState `json:"from"`
	To       record.ReviewState `json:"to"`
	By       string             `json:"by"`
	At       time.Time          `json:"at"`
	Seq      int64              `json:"seq"`
	Entries  int64              `json:"entries"` // that they looked at
	Root     string             `json:"root"`
	Reason   string             `json:"reason,omitempty"`
	Strength record.Strength    `json:"strength"`
	// Author says that who reviewed it had written some of it.
	Author bool `json:"author,omitempty"`
}

// ReviewDesk is the review as people work on it: how far it is, its parts, and its
// follow-ups.
type ReviewDesk struct {
	Standing ReviewStanding
	Parts    []PartView
	Items    []review.Item
}

// ReviewDesk reads what a screen of the review shows.
func (s *Session) ReviewDesk(ctx context.Context, id incident.ID) (ReviewDesk, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ReviewDesk{}, err
	}
	var es, items []record.Entry
	if err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if es, err = reviewEntries(tx); err != nil {
			return err
		}
		items, err = tx.EntriesOf(record.ItemAdded, record.ItemChanged)
		return err
	}); err != nil {
		return ReviewDesk{}, err
	}
	d := ReviewDesk{Standing: howFar(id, es), Items: review.Items(items, s.s.o.Now())}
	for _, w := range review.WrittenParts(es) {
		d.Parts = append(d.Parts, partView(w))
	}
	return d, nil
}

// ReviewStanding says how far the review is, what is missing, and who moved it.
func (s *Session) ReviewStanding(ctx context.Context, id incident.ID) (ReviewStanding, error) {
	d, err := s.ReviewDesk(ctx, id)
	return d.Standing, err
}

func howFar(id incident.ID, es []record.Entry) ReviewStanding {
	out := ReviewStanding{
		Incident: id, State: review.StateOf(es), Moves: []ReviewMoveView{}, Next: []record.ReviewState{},
		Missing: []string{}, Authors: []string{}, Releases: releasesOf(es),
	}
	for _, st := range record.ReviewStates() {
		if st.Before(out.State) || st == out.State.Next() {
			out.Next = append(out.Next, st)
		}
	}
	for _, w := range review.WrittenParts(es) {
		if w.For != "" {
			out.Warnings = append(out.Warnings, partWarnings(w.Part, w.Now())...)
			continue // it is written besides
		}
		if w.Now() == "" {
			out.Missing = append(out.Missing, w.Key)
			continue
		}
		out.Parts++
		out.Warnings = append(out.Warnings, partWarnings(w.Part, w.Now())...)
	}
	for _, a := range review.Authors(es) {
		out.Authors = append(out.Authors, a.Name)
	}
	for i, e := range es {
		var m record.ReviewMove
		if e.Kind != record.ReviewMoved || e.Decode(&m) != nil {
			continue
		}
		v := ReviewMoveView{From: m.From, To: m.To, By: e.Actor.Name, At: e.Time.UTC(), Seq: e.Seq, Entries: m.Size, Root: m.Root, Reason: m.Reason, Strength: record.Local}
		if m.Signature != nil {
			v.Strength, v.By = m.Signature.Strength, m.Signature.Principal
		}
		v.Author = m.To == record.ReviewReviewed && isAuthor(e.Actor, m.Signature, review.Authors(es[:i]))
		out.Moves = append(out.Moves, v)
	}
	return out
}

// isAuthor says whether that person is one of the authors.
func isAuthor(a incident.Actor, sig *record.Signature, authors []incident.Actor) bool {
	for _, author := range authors {
		if record.IsPerson(a, sig, author) {
			return true
		}
	}
	return false
}

// MoveReview takes the review to another state: forwards one at a time, back with a
// reason. The person of the session signs it where the configuration asks for it.
func (s *Session) MoveReview(ctx context.Context, id incident.ID, to record.ReviewState, reason string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	o, err := s.signOff(ctx, f, to, reason)
	if err != nil {
		return err
	}
	wanted, must := s.signsMove(to)
	var sig *record.Signature
	if wanted {
		switch sig, err = s.Sign(ctx, record.ReviewNamespace, o.Text()); {
		case errors.Is(err, ErrNoSigningKey) && !must:
		case errors.Is(err, ErrNoSigningKey):
			return refused(hintUnsignedMove(id, to), "review of %s: %w", id, err)
		case err != nil:
			return fmt.Errorf("sign the review of %s: %w", id, err)
		}
	}
	return s.moveReview(ctx, f, o, reason, sig, must)
}

// hintUnsignedMove says what can be done where a move has to be signed.
func hintUnsignedMove(id incident.ID, to record.ReviewState) string {
	return "the configuration says approvals: signed, so it has to be signed by a key of the roster: set signing_key or give --key, or sign it elsewhere: firebreak review state " + string(id) + " " + asWord(to) + " --request"
}

func asWord(st record.ReviewState) string { return strings.ReplaceAll(string(st), " ", "-") }

// WillSignReview says whether taking the review there is to be signed, if there is a
// key.
func (s *Session) WillSignReview(to record.ReviewState) bool {
	wanted, _ := s.signsMove(to)
	return wanted
}

// signsMove says whether a move there is to be signed, and whether it has to be.
// Reviewed and closed are words that others rely on.
func (s *Session) signsMove(to record.ReviewState) (wanted, must bool) {
	grave := !to.Before(record.ReviewReviewed)
	if s.s.o.Config.Approvals == config.ApprovalsSigned && grave {
		return true, true
	}
	switch s.s.o.Config.Sign {
	case config.SignNever:
		return s.signWith != "", false
	case config.SignAlways:
		return true, false
	}
	return grave || s.signWith != "", false
}

// signOff is what is said, and signed, by a move there over the record as it is now.
func (s *Session) signOff(ctx context.Context, f *folder, to record.ReviewState, reason string) (record.SignOff, error) {
	o := record.SignOff{Incident: f.id, To: to}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		es, err := reviewEntries(tx)
		if err != nil {
			return err
		}
		head, err := tx.Head()
		if err != nil {
			return err
		}
		o.From, o.Size, o.Root = review.StateOf(es), head.Size, head.Root
		return mayMove(f.id, o, reason, es)
	})
	return o, err
}

// mayMove refuses a move that there is not.
func mayMove(id incident.ID, o record.SignOff, reason string, es []record.Entry) error {
	switch {
	case o.To == o.From:
		return refused("", "the review of %s is %s", id, o.From)
	case o.To.Before(o.From) && strings.TrimSpace(reason) == "":
		return refused("--reason says why", "the review of %s goes back from %s to %s only with a reason", id, o.From, o.To)
	case !o.To.Before(o.From) && o.To != o.From.Next():
		return refused("firebreak review state "+string(id)+" "+asWord(o.From.Next()), "the review of %s is %s: next is %s, not %s", id, o.From, o.From.Next(), o.To)
	case len(reason) > maxReviewReason:
		return usage("", "the reason has %d bytes: at most %d", len(reason), maxReviewReason)
	}
	if o.To == record.ReviewInReview && o.From.Before(o.To) && len(review.Authors(es)) == 0 {
		return refused("firebreak review edit "+string(id), "nobody wrote any part of the review of %s: there is nothing to review", id)
	}
	return nil
}

const maxReviewReason = 16 << 10

// moveReview records a move, signed or not, over the head that was looked at. What
// was changed since has to be looked at again.
func (s *Session) moveReview(ctx context.Context, f *folder, o record.SignOff, reason string, sig *record.Signature, must bool) error {
	if must {
		if err := s.s.CheckSignature(*sig, record.ReviewNamespace, o.Text(), s.s.o.Now()); err != nil {
			return refused(hintUnsignedMove(f.id, o.To), "review of %s: %w", f.id, err)
		}
	}
	m := record.ReviewMove{From: o.From, To: o.To, Size: o.Size, Root: o.Root, Reason: reason, Signature: sig}
	if sig != nil {
		m.Statement = o.Text()
	}
	return s.actIn(ctx, f, record.ReviewMoved, "", m, func(tx *store.Tx) error {
		es, err := reviewEntries(tx)
		if err != nil {
			return err
		}
		if n := len(es); n > 0 && es[n-1].Seq > o.Size && es[n-1].Kind != record.ReviewReleased {
			return refused("look at it again, then repeat it", "the review of %s was changed meanwhile (entry %d)", f.id, es[n-1].Seq)
		}
		if err := mayMove(f.id, o, reason, es); err != nil {
			return err
		}
		if o.To == record.ReviewReviewed && o.From.Before(o.To) {
			return s.mayReview(f.id, sig, review.Authors(es))
		}
		return nil
	})
}

// mayReview wants somebody else than those who wrote it, where the roster has
// somebody else.
func (s *Session) mayReview(id incident.ID, sig *record.Signature, authors []incident.Actor) error {
	if !isAuthor(s.by, sig, authors) {
		return nil
	}
	for _, name := range s.s.reviewers() {
		if !isAuthor(incident.Actor{Name: name}, &record.Signature{Principal: name, Strength: record.Pasted}, authors) {
			return refused("they do it, or sign it elsewhere: firebreak review state "+string(id)+" reviewed --request",
				"%s wrote some of the review of %s: somebody else reviews it, as %s could", s.by.Name, id, name)
		}
	}
	return nil
}

// reviewers are those on the roster who may sign a review now.
func (s *Service) reviewers() []string {
	roster, _ := s.Roster() // verify and trust list tell what in it cannot be read
	var out []string
	for _, l := range roster.Lines {
		for _, p := range l.Principals {
			if roster.Allows(l.Key, p, record.ReviewNamespace, s.o.Now()) == nil {
				out = append(out, p)
			}
		}
	}
	return out
}

// ReviewToSign is what a person signs on another machine who takes the review there.
func (s *Session) ReviewToSign(ctx context.Context, id incident.ID, to record.ReviewState, reason string) (string, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return "", err
	}
	o, err := s.signOff(ctx, f, to, reason)
	return o.Text(), err
}

// MoveReviewPasted records the move of whoever signed the statement elsewhere. It
// must be over a head of this record since which the review was not changed.
func (s *Session) MoveReviewPasted(ctx context.Context, id incident.ID, to record.ReviewState, armored []byte, reason string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	got, err := sshsig.Parse(armored)
	if err != nil {
		return usage("ssh-keygen writes it beside the file that was signed, with .sig behind its name", "review of %s: %w", id, err)
	}
	if got.Namespace != record.ReviewNamespace {
		return refused("sign it with -n "+record.ReviewNamespace, "review of %s: it was signed for %.60q", id, got.Namespace)
	}
	roster, _ := s.s.Roster() // verify and trust list tell what in it cannot be read
	names := roster.Principals(got.Key, record.ReviewNamespace, s.s.o.Now())
	if len(names) == 0 {
		return refused("firebreak trust list shows the roster", "review of %s: the roster gives the key %s to nobody who may sign it now", id, got.Fingerprint())
	}
	now, err := s.signOff(ctx, f, to, reason)
	if err != nil {
		return err
	}
	over := func(h record.Head) record.SignOff {
		return record.SignOff{Incident: f.id, From: now.From, To: to, Size: h.Size, Root: h.Root}
	}
	head, err := s.headThat(ctx, f, func(h record.Head) bool {
		return got.Check(record.ReviewNamespace, []byte(over(h).Text())) == nil
	})
	if err != nil {
		return err
	}
	if head.Size == 0 {
		return refused("firebreak review state "+string(id)+" "+asWord(to)+" --request prints what is to be signed",
			"review of %s: the signature is over no move from %s to %s of this record", id, now.From, to)
	}
	o := over(head)
	sig := &record.Signature{
		Principal: names[0], Key: got.Fingerprint(), Type: got.Type(), Namespace: record.ReviewNamespace,
		Text: o.Text(), Armored: string(armored), Strength: record.Pasted, Verified: got.Verified(),
	}
	return s.moveReview(ctx, f, o, reason, sig, false)
}
