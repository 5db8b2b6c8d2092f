package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/record"
)

// HeldEvidence is the custody of the exhibits in short: what Custody has at length.
// Exhibits that went the same way are one chain.
type HeldEvidence struct {
	Chains    []HeldChain `json:"chains"`
	Transfers []Handed    `json:"transfers"`      // those that they were offered in
	Gaps      []string    `json:"gaps,omitempty"` // that belong to no one exhibit
}

// HeldChain is the way of one or several exhibits, as far as it is the same.
type HeldChain struct {
	Exhibits  []string  `json:"exhibits"`                // their ids
	By        string    `json:"by"`                      // who took and sealed them
	Method    string    `json:"method,omitempty"`        // how they were taken
	From      time.Time `json:"first,omitzero"`          // the first was sealed
	To        time.Time `json:"last,omitzero"`           // the last was sealed
	Seqs      []int64   `json:"seqs"`                    // of the first and of the last
	Steps     []string  `json:"steps"`                   // what was done with them since, in short
	Last      int64     `json:"last_step,omitempty"`     // the last entry that tells of one of them
	Transfers []string  `json:"transfers,omitempty"`     // those in which they were offered
	Holder    string    `json:"holder"`                  // now
	Since     time.Time `json:"holder_since,omitzero"`   // since when; missing: since they were sealed
	Open      string    `json:"open_transfer,omitempty"` // offered, and not answered
	Erased    string    `json:"erased,omitempty"`        // by which erasure
	Gaps      []string  `json:"gaps,omitempty"`          // what in the chain is not as it should be
}

// Handed is one transfer in short.
type Handed struct {
	ID       string   `json:"transfer"` // its id: t1, t2
	Exhibits []string `json:"exhibits"` // those that were offered
	State    string   `json:"state"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	Gives    string   `json:"gives"`           // signed, not signed, or why it cannot be said
	Takes    string   `json:"takes,omitempty"` // the same of the other side, once it answered
	Reason   string   `json:"reason,omitempty"`
	Place    string   `json:"place,omitempty"` // where it was handed over
	Offered  Act      `json:"offered"`
	Answered Act      `json:"answered,omitzero"`
}

// custody folds the chains of custody. Whether signatures hold, only a roster can
// say, and a review has none: it says whether there are any.
func (b *builder) custody() {
	readable := make([]record.Entry, 0, len(b.entries))
	for _, e := range b.entries {
		if slices.Contains(CustodyKinds(), e.Kind) && !b.bad[e.Seq] {
			readable = append(readable, e)
		}
	}
	sealed, err := Sealed(readable)
	if err != nil {
		return // an entry that cannot be read is among the bad ones
	}
	p := b.extra.Readers.Profile
	c := BuildCustody(sealed, readable, CustodyExtra{
		Incident: b.r.Incident, Head: b.extra.Head, Now: b.extra.Now, Tool: b.extra.Tool,
		Masked: p != "" && (!p.ShowsPeople() || !p.ShowsHosts()),
	})
	at := map[string]int{}
	for _, x := range c.Exhibits {
		chain, way := x.short()
		i, ok := at[way]
		if !ok {
			at[way] = len(b.r.Custody.Chains)
			b.r.Custody.Chains = append(b.r.Custody.Chains, chain)
			continue
		}
		b.r.Custody.Chains[i].join(chain)
	}
	for _, t := range c.Transfers {
		b.r.Custody.Transfers = append(b.r.Custody.Transfers, t.short())
	}
	b.r.Custody.Gaps = c.Gaps
}

// short is the chain in short, and what tells its way from others.
func (x Chain) short() (HeldChain, string) {
	out := HeldChain{
		Exhibits: []string{x.ID}, By: x.SealedBy, Method: first(x.Method, x.absent["method"]), From: x.SealedAt.UTC(), To: x.SealedAt.UTC(), Seqs: []int64{x.Seq}, Steps: []string{},
		Holder: x.Holder, Since: x.Since.UTC(), Open: x.Open, Erased: x.Erased, Gaps: x.Gaps,
	}
	moved := false
	counts := map[string]int{}
	for _, ev := range x.Events {
		if ev.What == "collected" || ev.What == "sealed" {
			continue
		}
		out.Last = max(out.Last, ev.Seq)
		moved = moved || ev.What == "accepted"
		switch {
		case ev.What == "checked" && ev.Bad:
			out.Steps = append(out.Steps, ev.Text)
		case ev.What == "offered":
			out.Transfers = append(out.Transfers, ev.Transfer)
		case ev.What == "checked" || ev.What == "read" || ev.What == "copied":
			counts[ev.What]++
		case ev.What == "erased":
			out.Steps = append(out.Steps, "erased: "+given(x.Erased))
		}
	}
	for _, what := range []string{"copied", "read", "checked"} {
		if n := counts[what]; n > 0 {
			s := what + map[bool]string{true: " once", false: fmt.Sprintf(" %d times", n)}[n == 1]
			if what == "checked" {
				s += ", as it was sealed"
			}
			out.Steps = append([]string{s}, out.Steps...)
		}
	}
	if !moved {
		out.Since = time.Time{} // since it was sealed
	}
	return out, fmt.Sprintf("%q", []any{out.By, out.Method, out.Steps, out.Transfers, out.Holder, out.Since, out.Open, out.Erased, out.Gaps})
}

func (h *HeldChain) join(x HeldChain) {
	h.Exhibits = append(h.Exhibits, x.Exhibits...)
	h.Seqs = append(h.Seqs[:1], x.Seqs...)
	if x.From.Before(h.From) {
		h.From = x.From
	}
	if x.To.After(h.To) {
		h.To = x.To
	}
	h.Last = max(h.Last, x.Last)
}

func (t Transfer) short() Handed {
	out := Handed{
		ID: t.ID, Exhibits: append([]string{}, t.Exhibits...), State: t.State, From: first(t.From, t.Gives.Person, withheld), To: first(t.To, t.Takes.Person, withheld),
		Gives: t.Gives.brief(), Reason: t.Reason, Place: t.Place, Offered: t.Offered, Answered: t.Answered,
	}
	if t.State != TransferOpen {
		out.Takes = t.Takes.brief()
	}
	return out
}

// brief says whether there is a signature, and of which strength.
func (s Signer) brief() string {
	switch {
	case s.Absent != "":
		return "signature " + strings.Trim(s.Absent, "()")
	case !s.Signed:
		return "NOT signed, known by name only"
	case s.Problem != "":
		return "SIGNATURE DOES NOT HOLD: " + s.Problem
	}
	return "signed (" + cmp.Or(string(s.Strength), s.Type) + ")"
}

// Several names exhibits in short: "e1 to e40, e44".
func Several(ids []string) string {
	var out []string
	for i := 0; i < len(ids); {
		end := i
		for end+1 < len(ids) && follows(ids[end], ids[end+1]) {
			end++
		}
		switch end - i {
		case 0:
			out = append(out, ids[i])
		case 1:
			out = append(out, ids[i], ids[end])
		default:
			out = append(out, ids[i]+" to "+ids[end])
		}
		i = end + 1
	}
	return strings.Join(out, ", ")
}

// follows says whether an exhibit is the next one: e8 after e7.
func follows(id, next string) bool {
	var n int64
	if _, err := fmt.Sscanf(id, "e%d", &n); err != nil {
		return false
	}
	return id == fmt.Sprintf("e%d", n) && next == fmt.Sprintf("e%d", n+1)
}
