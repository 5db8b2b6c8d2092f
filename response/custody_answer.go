package response

import (
	"context"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// AnswerRequest accepts a transfer, or refuses it.
type AnswerRequest struct {
	Transfer  string
	No        bool
	Reason    string
	Place     string // where the exhibits are kept from now on
	By        string // "" is the person of the session
	Signature string // made elsewhere over AnswerText
}

// AnswerText is what the receiver signs.
func (s *Session) AnswerText(ctx context.Context, id incident.ID, r AnswerRequest) (string, error) {
	t, err := s.transfer(ctx, id, r.Transfer)
	if err != nil {
		return "", err
	}
	return answerText(t, r)
}

func answerText(t review.Transfer, r AnswerRequest) (string, error) {
	h, err := record.ParseHandover(t.Statement)
	if err != nil {
		return "", fmt.Errorf("transfer %s: %w", t.ID, err)
	}
	if r.No {
		return h.Refusal(r.Reason), nil
	}
	return t.Statement, nil
}

// Answer records that the receiver takes the exhibits of a transfer, or does
// not. A yes is the receiver's own: it is recorded under that name only, or
// with a signature made elsewhere. A no may be the giver's too, who takes the
// offer back.
func (s *Session) Answer(ctx context.Context, id incident.ID, r AnswerRequest) (review.Transfer, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return review.Transfer{}, err
	}
	for name, text := range map[string]string{"--reason": r.Reason, "--place": r.Place, "--by": r.By} {
		if err := oneLine(name, text); err != nil {
			return review.Transfer{}, err
		}
	}
	t, err := s.transfer(ctx, id, r.Transfer)
	if err != nil {
		return t, err
	}
	a := record.Acceptance{ID: t.ID, By: r.By, No: r.No, Reason: r.Reason, Place: r.Place}
	if a.By == "" && r.Signature != "" && !r.No {
		a.By = t.To
	} else if a.By == "" {
		a.By = s.by.Name
	}
	if err := mayAnswer(t, a); err != nil {
		return t, err
	}
	text, err := answerText(t, r)
	if err != nil {
		return t, err
	}
	switch {
	case r.Signature != "":
		a.Signature, err = s.custodyPasted(text, r.Signature, a.By, s.s.o.Now())
	case a.By == s.by.Name:
		a.Signature, err = s.signOwn(ctx, record.CustodyNamespace, text)
	}
	if err != nil {
		return t, fmt.Errorf("sign the answer: %w", err)
	}
	err = s.actIn(ctx, f, record.CustodyAccepted, "", a, func(tx *store.Tx) error {
		c, err := s.s.chains(tx)
		if err != nil {
			return err
		}
		now, err := findTransfer(c, t.ID)
		if err != nil {
			return err
		}
		return mayAnswer(now, a)
	})
	if err != nil {
		return t, err
	}
	return s.transfer(ctx, id, t.ID)
}

func mayAnswer(t review.Transfer, a record.Acceptance) error {
	switch {
	case !t.Open():
		return refused("", "transfer %s was %s at %s by %s", t.ID, t.State, t.Answered.Time.UTC().Format(time.RFC3339), t.Answered.By)
	case !a.No && a.By != t.To:
		return refused("firebreak --as NAME says who you are; who is not here signs what --request prints", "transfer %s is offered to %s, not to %s", t.ID, t.To, a.By)
	case a.No && a.By != t.To && a.By != t.From:
		return refused("", "transfer %s is between %s and %s, not for %s to refuse", t.ID, t.From, t.To, a.By)
	}
	return nil
}

func (s *Session) transfer(ctx context.Context, id incident.ID, name string) (review.Transfer, error) {
	c, err := s.Custody(ctx, id)
	if err != nil {
		return review.Transfer{}, err
	}
	return findTransfer(c, name)
}

func findTransfer(c review.Custody, name string) (review.Transfer, error) {
	for _, t := range c.Transfers {
		if t.ID == name {
			return t, nil
		}
	}
	return review.Transfer{}, notFound("firebreak custody "+string(c.Incident.ID)+" shows them", "transfer %q: %w", name, incident.ErrNotFound)
}
