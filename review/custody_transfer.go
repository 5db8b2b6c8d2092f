package review

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"firebreak/record"
)

func (l *links) offered(e record.Entry, ev CustodyEvent) error {
	var p record.Transfer
	if err := e.Decode(&p); err != nil {
		return err
	}
	t := Transfer{Transfer: p, State: TransferOpen, Offered: act(e)}
	t.Gives = l.signer("gives", p.From, p.FromSig, e.Absent("from_signature"), p.Statement, e.Time)
	t.Takes = Signer{Side: "takes", Person: p.To}
	ev.What, ev.Transfer, ev.Signers = "offered", p.ID, []Signer{t.Gives}
	ev.Text = fmt.Sprintf("%s: %s offers it to %s%s", given(p.ID), given(p.From), given(p.To), because(p.Reason))
	if p.Place != "" {
		ev.Text += "; at " + p.Place
	}
	faults := l.statement(p)
	if _, there := l.transfers[p.ID]; there {
		faults = append(faults, fmt.Sprintf("transfer %s is there twice", given(p.ID)))
	}
	for _, id := range p.Exhibits {
		x := l.add(id, ev)
		if x == nil {
			continue
		}
		x.Gaps = append(x.Gaps, faults...)
		if p.From != "" && p.From != x.Holder && !l.masked {
			x.Gaps = append(x.Gaps, fmt.Sprintf("transfer %s says that %s handed it on, but %s held it", given(p.ID), p.From, x.Holder))
		}
		if x.Open != "" {
			x.Gaps = append(x.Gaps, fmt.Sprintf("transfer %s offers it while %s was not answered", given(p.ID), x.Open))
		}
		x.Gaps = append(x.Gaps, brokenSide(p.ID, t.Gives)...)
		x.Open = p.ID
	}
	l.transfers[p.ID] = len(l.c.Transfers)
	l.c.Transfers = append(l.c.Transfers, t)
	if p.ToSig != nil || e.Absent("to_signature") != "" { // both signed before it was recorded
		l.settle(p.ID, act(e), ev, record.Acceptance{ID: p.ID, By: p.To, Signature: p.ToSig}, e.Absent("to_signature"))
	}
	return nil
}

// statement compares what both sides signed with what the entry and the
// exhibits say. One that was withheld or erased says nothing.
func (l *links) statement(p record.Transfer) []string {
	if record.Gone(p.Statement) || l.masked {
		return nil
	}
	h, err := record.ParseHandover(p.Statement)
	if err != nil {
		return []string{fmt.Sprintf("transfer %s: %v", given(p.ID), err)}
	}
	var out []string
	differ := func(what string) {
		out = append(out, fmt.Sprintf("transfer %s: what was signed names another %s than the entry", given(p.ID), what))
	}
	if id := l.c.Incident.ID; id != "" && h.Incident != id {
		differ("incident")
	}
	for what, pair := range map[string][2]string{"id": {h.Transfer, p.ID}, "giver": {h.From, p.From}, "receiver": {h.To, p.To}, "reason": {h.Reason, p.Reason}, "place": {h.Place, p.Place}} {
		if !record.Gone(pair[1]) && pair[0] != pair[1] {
			differ(what)
		}
	}
	var ids []string
	for _, item := range h.Exhibits {
		ids = append(ids, item.ID)
		i, ok := l.at[item.ID]
		if !ok || record.Gone(l.c.Exhibits[i].SHA256) { // the size goes with the hash
			continue
		}
		if x := l.c.Exhibits[i]; item.SHA256 != x.SHA256 || item.Size != x.Size {
			out = append(out, fmt.Sprintf("transfer %s: what was signed gives %s another hash or size than its seal", given(p.ID), item.ID))
		}
	}
	if len(p.Exhibits) > 0 && !slices.Equal(ids, p.Exhibits) {
		differ("list of exhibits")
	}
	slices.Sort(out)
	return out
}

func (l *links) answered(e record.Entry, ev CustodyEvent) error {
	var p record.Acceptance
	if err := e.Decode(&p); err != nil {
		return err
	}
	i, ok := l.transfers[p.ID]
	if !ok {
		l.c.Gaps = append(l.c.Gaps, fmt.Sprintf("entry %d answers transfer %s, which there is not", e.Seq, given(p.ID)))
		return nil
	}
	if t := l.c.Transfers[i]; !t.Open() {
		for _, id := range t.Exhibits {
			if x := l.add(id, CustodyEvent{Act: ev.Act, What: "answered", Transfer: p.ID, Text: given(p.ID) + ": answered again", Bad: true}); x != nil {
				x.Gaps = append(x.Gaps, fmt.Sprintf("transfer %s was answered twice", given(p.ID)))
			}
		}
		return nil
	}
	l.settle(p.ID, act(e), ev, p, e.Absent("signature"))
	return nil
}

// settle ends a transfer: only a yes moves the exhibits. absent is the mark in
// the place of its signature.
func (l *links) settle(id string, by Act, ev CustodyEvent, p record.Acceptance, absent string) {
	t := &l.c.Transfers[l.transfers[id]]
	text := t.Statement
	ev.What, ev.Transfer = "accepted", id
	ev.Text = fmt.Sprintf("%s: %s takes it from %s%s", given(id), given(p.By), given(t.From), because(p.Reason))
	t.State, t.Answered = TransferAccepted, by
	if p.No {
		t.State, ev.What = TransferRefused, "refused"
		ev.Text = fmt.Sprintf("%s: %s does not take it, %s keeps it%s", given(id), given(p.By), given(t.From), because(p.Reason))
		if h, err := record.ParseHandover(t.Statement); err == nil {
			text = h.Refusal(p.Reason)
			if p.Signature != nil && h.Refuses(p.Signature.Text, p.Reason) {
				text = p.Signature.Text // its reason may have been withheld or erased since
			}
		}
	}
	if p.Place != "" {
		ev.Text += "; kept at " + p.Place
	}
	side := "takes"
	if p.No {
		side = "refuses"
	}
	t.Takes = l.signer(side, p.By, p.Signature, absent, text, by.Time)
	ev.Signers = []Signer{t.Takes}
	faults := brokenSide(id, t.Takes)
	if p.By != "" && t.To != "" && p.By != t.To && !p.No && !l.masked {
		faults = append(faults, fmt.Sprintf("transfer %s was offered to %s and taken by %s", given(id), t.To, p.By))
	}
	if t.Gives.Signed && t.Takes.Signed && t.Gives.Key == t.Takes.Key && !p.No {
		faults = append(faults, fmt.Sprintf("transfer %s is signed by one key on both sides", given(id)))
	}
	for _, exhibit := range t.Exhibits {
		x := l.add(exhibit, ev)
		if x == nil {
			continue
		}
		x.Gaps = append(x.Gaps, faults...)
		if x.Open == id {
			x.Open = ""
		}
		if !p.No {
			x.Holder, x.Since = first(t.To, p.By, withheld), by.Time
		}
	}
}

// signer judges one side's signature.
func (l *links) signer(side, person string, sig *record.Signature, absent, text string, at time.Time) Signer {
	s := Signer{Side: side, Person: person}
	if sig == nil {
		s.Absent = absent
		return s
	}
	if record.Gone(text) {
		text = sig.Text // the statement was withheld or erased; the signature says what it was
	}
	s.Signed, s.Principal, s.Key, s.Type, s.Strength = true, sig.Principal, sig.Key, sig.Type, sig.Strength
	switch {
	case sig.Namespace != record.CustodyNamespace:
		s.Problem = "it was given for another purpose: " + given(sig.Namespace)
	case sig.Text != text:
		s.Problem = "it is over another text"
	case person != "" && !l.masked && !record.SameName(sig.Principal, person):
		s.Problem = fmt.Sprintf("it is %s's, not %s's", given(sig.Principal), person)
	case l.check == nil:
	default:
		switch err := l.check(*sig, record.CustodyNamespace, text, at); {
		case errors.Is(err, record.ErrStranger):
			s.Stranger = true
		case err != nil:
			s.Problem = err.Error()
		default:
			s.Holds = true
		}
	}
	return s
}

func brokenSide(id string, s Signer) []string {
	if s.Problem == "" {
		return nil
	}
	return []string{fmt.Sprintf("transfer %s: the signature of the one who %s does not hold: %s", given(id), s.Side, s.Problem)}
}

// end says of each exhibit which of its transfers are not signed by both.
func (l *links) end() {
	for _, t := range l.c.Transfers {
		gives, takes := t.Gives.Holds || t.Gives.Absent != "", t.Takes.Holds || t.Takes.Absent != ""
		if t.State == TransferRefused || gives && (takes || t.Open()) {
			continue
		}
		for _, id := range t.Exhibits {
			if i, ok := l.at[id]; ok {
				l.c.Exhibits[i].Unsigned = append(l.c.Exhibits[i].Unsigned, t.ID)
			}
		}
	}
	for i := range l.c.Exhibits {
		slices.SortStableFunc(l.c.Exhibits[i].Events, func(a, b CustodyEvent) int { return int(a.Seq - b.Seq) })
		l.c.Exhibits[i].Gaps = slices.Compact(l.c.Exhibits[i].Gaps)
	}
}
