package store

import (
	"errors"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// The states of an erasure.
const (
	ErasureAsked   = "asked"
	ErasureAgreed  = "agreed"
	ErasureRefused = "refused"
	ErasureDone    = "done"
)

// Approvers is how many different people have to agree to an erasure. Whoever
// asked may be one of them; the other cannot be.
const Approvers = 2

// Erasure is a request to destroy something, with what became of it.
type Erasure struct {
	record.ErasureRequest
	Seq      int64     `json:"seq"`
	State    string    `json:"state"`
	AskedAt  time.Time `json:"asked_at"`
	AskedBy  string    `json:"asked_by"`
	Asker    string    `json:"asker"` // the actor's id
	Consents []Consent `json:"consents,omitempty"`
	Changed  time.Time `json:"changed"`
	Events   int64     `json:"events,omitempty"` // of the timeline, once it is done
	Left     []string  `json:"left,omitempty"`   // copies that hold it still, once it is done
}

// Consent is one person's yes or no to a request.
type Consent struct {
	Actor    incident.Actor  `json:"actor"`
	At       time.Time       `json:"at"`
	Seq      int64           `json:"seq"`
	No       bool            `json:"no,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Strength record.Strength `json:"strength,omitempty"`
	Key      string          `json:"key,omitempty"` // fingerprint of the key that signed it
}

// Agreed are those who said yes: one for each person and each key.
func (x Erasure) Agreed() []Consent {
	var out []Consent
	for _, c := range x.Consents {
		same := func(o Consent) bool { return o.Actor.ID == c.Actor.ID || c.Key != "" && o.Key == c.Key }
		if !c.No && !slices.ContainsFunc(out, same) {
			out = append(out, c)
		}
	}
	return out
}

// Hold is a legal hold: while it stands nothing is erased.
type Hold struct {
	Reason    string    `json:"reason"`
	Authority string    `json:"authority,omitempty"`
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	Standing  bool      `json:"standing"`
}

// theHold is the id of the one hold of an incident.
const theHold = "hold"

func (f fold) asked(e record.Entry) error {
	x := Erasure{Seq: e.Seq, State: ErasureAsked, AskedAt: e.Time, AskedBy: called(e.Actor), Asker: e.Actor.ID, Changed: e.Time}
	if err := e.Decode(&x.ErasureRequest); err != nil {
		return err
	}
	digest, err := x.Bind(f.id)
	switch {
	case err != nil:
		return err
	case digest != x.Digest:
		return refuse(e, "erasure %.20s: its digest is not that of what it names", x.ID)
	case x.Basis == "":
		return refuse(e, "erasure %.20s: it names no legal basis", x.ID)
	case len(x.Fields) == 0 && len(x.Exhibits) == 0:
		return refuse(e, "erasure %.20s: it names nothing", x.ID)
	}
	for _, field := range x.Fields {
		if field.Seq < 1 || field.Seq >= e.Seq {
			return refuse(e, "erasure %.20s: there was no entry %d", x.ID, field.Seq)
		}
	}
	for _, id := range x.Exhibits {
		var there Exhibit
		if err := f.get(e, kindExhibit, id, &there); err != nil {
			return err
		}
	}
	return f.add(e, kindErasure, "x", x.ID, x.State, x)
}

func (f fold) agreed(e record.Entry) error {
	var c record.ErasureConsent
	if err := e.Decode(&c); err != nil {
		return err
	}
	var x Erasure
	if err := f.get(e, kindErasure, c.ID, &x); err != nil {
		return err
	}
	switch {
	case x.State != ErasureAsked && x.State != ErasureAgreed:
		return refuse(e, "erasure %s is %s", x.ID, x.State)
	case c.Digest != x.Digest:
		return refuse(e, "erasure %s: the consent is to something else", x.ID)
	}
	y := Consent{Actor: e.Actor, At: e.Time, Seq: e.Seq, No: c.No, Reason: c.Reason, Strength: c.Strength}
	if c.Signature != nil {
		y.Key = c.Signature.Key
	}
	x.Consents = slices.DeleteFunc(x.Consents, func(old Consent) bool { return old.Actor.ID == y.Actor.ID })
	x.Consents = append(x.Consents, y)
	switch {
	case c.No:
		x.State = ErasureRefused
	case len(x.Agreed()) >= Approvers:
		x.State = ErasureAgreed
	default:
		x.State = ErasureAsked
	}
	x.Changed = e.Time
	return f.put(e, kindErasure, x.ID, numberOf("x", x.ID), x.State, x)
}

// erased is the entry that destroys: it needs the consents, exactly what they
// were given to, and no hold.
func (f fold) erased(e record.Entry) error {
	var d record.Erasure
	if err := e.Decode(&d); err != nil {
		return err
	}
	var x Erasure
	if err := f.get(e, kindErasure, d.ID, &x); err != nil {
		return err
	}
	var hold Hold
	if err := f.get(e, kindHold, theHold, &hold); err != nil && !errors.Is(err, incident.ErrNotFound) {
		return err
	}
	switch {
	case hold.Standing:
		return refuse(e, "erasure %s: a legal hold stands since entry %d", x.ID, hold.Seq)
	case x.State == ErasureAsked:
		return refuse(e, "erasure %s: %d of %d people have agreed", x.ID, len(x.Agreed()), Approvers)
	case x.State != ErasureAgreed:
		return refuse(e, "erasure %s is %s", x.ID, x.State)
	case d.Basis != x.Basis || !slices.Equal(d.Fields, x.Fields) || !slices.Equal(d.Exhibits, x.Exhibits):
		return refuse(e, "erasure %s: that is not what was agreed to", x.ID)
	}
	for _, id := range d.Exhibits {
		var there Exhibit
		if err := f.get(e, kindExhibit, id, &there); err != nil {
			return err
		}
		there.Erased = x.ID
		if err := f.put(e, kindExhibit, id, numberOf("e", id), "", there); err != nil {
			return err
		}
	}
	x.State, x.Changed, x.Events, x.Left = ErasureDone, e.Time, d.Events, d.Left
	return f.put(e, kindErasure, x.ID, numberOf("x", x.ID), x.State, x)
}

func (f fold) hold(e record.Entry) error {
	var p record.Hold
	if err := e.Decode(&p); err != nil {
		return err
	}
	var now Hold
	if err := f.get(e, kindHold, theHold, &now); err != nil && !errors.Is(err, incident.ErrNotFound) {
		return err
	}
	place := e.Kind == record.HoldPlaced
	if place == now.Standing {
		return refuse(e, "a legal hold %s", map[bool]string{true: "stands already", false: "does not stand"}[now.Standing])
	}
	state := "lifted"
	if place {
		state = "standing"
	}
	return f.put(e, kindHold, theHold, 0, state, Hold{p.Reason, p.Authority, e.Seq, e.Time, called(e.Actor), place})
}

// Erasures are all requests to erase, in the order of their numbers.
func (t *Tx) Erasures() ([]Erasure, error) { return list[Erasure](t, kindErasure) }

// Erasure is the request with that id, or incident.ErrNotFound.
func (t *Tx) Erasure(id string) (Erasure, error) { return one[Erasure](t, kindErasure, id) }

// Hold is the legal hold, and whether one stands.
func (t *Tx) Hold() (Hold, bool, error) {
	h, err := one[Hold](t, kindHold, theHold)
	if errors.Is(err, incident.ErrNotFound) {
		return h, false, nil
	}
	return h, h.Standing, err
}
