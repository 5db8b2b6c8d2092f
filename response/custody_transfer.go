package response

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// TransferRequest offers exhibits to somebody.
type TransferRequest struct {
	Exhibits []string
	From     string // "" is the person of the session
	To       string
	Reason   string
	Place    string
	// Statement and Signature come from a giver who signed elsewhere what
	// TransferText gave: with them the other fields are not read.
	Statement, Signature string
}

// maxCustodyText bounds what people write into a statement.
const maxCustodyText = 2000

func (r TransferRequest) check() error {
	if len(r.Exhibits) == 0 {
		return usage("firebreak custody transfer INCIDENT EXHIBIT… --to PERSON --reason TEXT", "transfer: no exhibit is named")
	}
	if len(r.Exhibits) > record.MaxHandoverItems {
		return usage("", "transfer: more than %d exhibits at once", record.MaxHandoverItems)
	}
	for name, text := range map[string]string{"--to": r.To, "--reason": r.Reason} {
		if strings.TrimSpace(text) == "" {
			return usage("", "transfer: %s is needed", name)
		}
	}
	for name, text := range map[string]string{"--from": r.From, "--to": r.To, "--reason": r.Reason, "--place": r.Place} {
		if err := oneLine(name, text); err != nil {
			return err
		}
	}
	return nil
}

// oneLine refuses what a signer could misread.
func oneLine(name, text string) error {
	if len(text) > maxCustodyText {
		return usage("", "%s: longer than %d bytes", name, maxCustodyText)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) {
		return usage("", "%s: it has characters that cannot be seen, such as a line break", name)
	}
	return nil
}

// TransferText is the statement that a transfer would have now, for a giver who
// signs elsewhere. Nothing is recorded.
func (s *Session) TransferText(ctx context.Context, id incident.ID, r TransferRequest) (string, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return "", err
	}
	if err := r.check(); err != nil {
		return "", err
	}
	var text string
	err = f.store.View(ctx, func(tx *store.Tx) error {
		t, err := s.offer(tx, r, s.s.o.Now())
		text = t.Statement
		return err
	})
	return text, err
}

// Transfer records that exhibits are offered to somebody, signed with the
// session's key where there is one. They stay with the giver until the other
// side accepts.
func (s *Session) Transfer(ctx context.Context, id incident.ID, r TransferRequest) (review.Transfer, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return review.Transfer{}, err
	}
	var given record.Transfer
	if r.Statement != "" {
		given, err = s.signedElsewhere(r)
	} else {
		err = r.check()
	}
	if err != nil {
		return review.Transfer{}, err
	}
	var name string
	record1 := func(made record.Transfer) error {
		return s.actIn(ctx, f, record.CustodyTransferred, "", made, func(tx *store.Tx) error {
			name = made.ID
			return s.stillGood(tx, made)
		})
	}
	if r.Statement != "" {
		err = record1(given)
	} else {
		err = s.offerSigned(ctx, f, r, record1)
	}
	if err != nil {
		return review.Transfer{}, err
	}
	return s.transfer(ctx, id, name)
}

// offerSigned makes the statement, has it signed, and records it. Signing may
// wait for a person's touch, so that no transaction is open meanwhile; should
// another transfer have come first, it is made and signed anew.
func (s *Session) offerSigned(ctx context.Context, f *folder, r TransferRequest, put func(record.Transfer) error) error {
	for try := 0; ; try++ {
		var made record.Transfer
		err := f.store.View(ctx, func(tx *store.Tx) (err error) {
			made, err = s.offer(tx, r, s.s.o.Now())
			return err
		})
		if err != nil {
			return err
		}
		if made.From == s.by.Name {
			if made.FromSig, err = s.signOwn(ctx, record.CustodyNamespace, made.Statement); err != nil {
				return fmt.Errorf("sign the transfer: %w", err)
			}
		}
		if err = put(made); !errors.Is(err, errTaken) || try == 3 {
			return err
		}
	}
}

// errTaken says that the number of a transfer was given to another meanwhile.
var errTaken = errors.New("another transfer came first")

// offer makes a transfer of what tx shows.
func (s *Session) offer(tx *store.Tx, r TransferRequest, now time.Time) (record.Transfer, error) {
	c, err := s.s.chains(tx)
	if err != nil {
		return record.Transfer{}, err
	}
	h := record.Handover{
		Incident: tx.ID(), Transfer: "t" + strconv.Itoa(nextTransfer(c)), From: r.From, To: r.To, Reason: r.Reason, Place: r.Place,
		Time: now.UTC().Truncate(time.Second), Head: c.Integrity.Seal,
	}
	if h.From == "" {
		h.From = s.by.Name
	}
	if h.From == h.To {
		return record.Transfer{}, usage("", "transfer: %s holds it and would get it", h.To)
	}
	for _, id := range r.Exhibits {
		if slices.ContainsFunc(h.Exhibits, func(i record.HandoverItem) bool { return i.ID == id }) {
			return record.Transfer{}, usage("", "transfer: exhibit %s is named twice", id)
		}
		x, err := holds(c, id, h.From)
		if err != nil {
			return record.Transfer{}, err
		}
		h.Exhibits = append(h.Exhibits, record.HandoverItem{ID: id, Size: x.Size, SHA256: x.SHA256})
	}
	return transferOf(h), nil
}

func transferOf(h record.Handover) record.Transfer {
	t := record.Transfer{ID: h.Transfer, From: h.From, To: h.To, Reason: h.Reason, Place: h.Place, Statement: h.Text()}
	for _, x := range h.Exhibits {
		t.Exhibits = append(t.Exhibits, x.ID)
	}
	return t
}

// holds is the exhibit, when that person may hand it on now.
func holds(c review.Custody, id, from string) (review.Chain, error) {
	at := slices.IndexFunc(c.Exhibits, func(x review.Chain) bool { return x.ID == id })
	if at < 0 {
		return review.Chain{}, notFound("firebreak show "+string(c.Incident.ID)+" evidence lists them", "exhibit %q: %w", id, incident.ErrNotFound)
	}
	x := c.Exhibits[at]
	inc := string(c.Incident.ID)
	switch {
	case x.Erased != "":
		return x, refused("", "exhibit %s was erased (%s)", id, x.Erased)
	case x.Open != "":
		return x, refused("firebreak custody accept "+inc+" "+x.Open+", or firebreak custody refuse, first", "exhibit %s is offered already: %s was not answered", id, x.Open)
	case x.Holder != from:
		return x, refused("only who holds it can hand it on: --from names that person where you write it down for them", "exhibit %s is held by %s, not by %s", id, x.Holder, from)
	}
	return x, nil
}

func nextTransfer(c review.Custody) int {
	most := 0
	for _, t := range c.Transfers {
		if n, err := strconv.Atoi(strings.TrimPrefix(t.ID, "t")); err == nil {
			most = max(most, n)
		}
	}
	return most + 1
}

// stillGood holds a transfer against the record at the moment it is written.
func (s *Session) stillGood(tx *store.Tx, made record.Transfer) error {
	c, err := s.s.chains(tx)
	if err != nil {
		return err
	}
	if want := "t" + strconv.Itoa(nextTransfer(c)); made.ID != want {
		return &Error{Code: CodeRefused, Hint: "have the statement made and signed anew", Err: fmt.Errorf("transfer %s: the next one is %s: %w", made.ID, want, errTaken)}
	}
	h, err := record.ParseHandover(made.Statement)
	if err != nil {
		return fmt.Errorf("transfer %s: %w", made.ID, err)
	}
	if h.Incident != c.Incident.ID {
		return usage("", "transfer: the statement is about incident %s", h.Incident)
	}
	if err := passed(tx, h.Head, c.Integrity.Seal); err != nil {
		return err
	}
	for _, item := range h.Exhibits {
		x, err := holds(c, item.ID, h.From)
		if err != nil {
			return err
		}
		if x.SHA256 != item.SHA256 || x.Size != item.Size {
			return usage("", "transfer: the statement gives exhibit %s another hash or size than its seal", item.ID)
		}
	}
	return nil
}

// passed says whether the record went through that head.
func passed(tx *store.Tx, head, now string) error {
	if head == now {
		return nil
	}
	no := usage("have the statement made anew", "transfer: the statement names a head that this record never had")
	seal, err := record.ParseSeal(head)
	if err != nil || seal.Size < 1 {
		return no
	}
	lines, err := tx.Sealed(0, int(seal.Size))
	if err != nil {
		return err
	}
	var tree record.Tree
	for _, l := range lines {
		if err := tree.Append(record.LeafHash(l.Line)); err != nil {
			return err
		}
	}
	if tree.Size() != seal.Size {
		return no
	}
	root, err := tree.Root(seal.Size)
	if err != nil {
		return err
	}
	if hex.EncodeToString(root[:]) != seal.Root {
		return no
	}
	return nil
}

// signedElsewhere reads a statement and its signature that a giver brings.
func (s *Session) signedElsewhere(r TransferRequest) (record.Transfer, error) {
	h, err := record.ParseHandover(r.Statement)
	if err != nil {
		return record.Transfer{}, usage("it must be exactly what --request printed", "transfer: %w", err)
	}
	t := transferOf(h)
	t.FromSig, err = s.custodyPasted(r.Statement, r.Signature, h.From, s.s.o.Now())
	return t, err
}

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
