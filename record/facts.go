package record

import (
	"time"

	"firebreak/incident"
)

// The kinds of what people find out, say and decide, in fields of its own, so that
// a review can count it.
const (
	MomentStated  Kind = "moment.stated"  // Moment
	ImpactStated  Kind = "impact.stated"  // Impact
	SubjectNamed  Kind = "subject.named"  // Subject
	TechniqueSeen Kind = "technique.seen" // Technique
	FactorNamed   Kind = "factor.named"   // Factor
	ControlJudged Kind = "control.judged" // Control
	DecisionTaken Kind = "decision.taken" // Decided
	ShiftHandedOn Kind = "shift.handed"   // HandedOn
	ItemChanged   Kind = "item.changed"   // ItemChange
)

// Moment says when something came about: a point of the incident's own history, not
// when it was written down. A later one of the same name replaces it; one without
// At takes it back.
type Moment struct {
	Moment string    `json:"moment"` // occurred, detected, acknowledged, contained, eradicated, recovered
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"` // how that is known
}

// Impact says what the incident did, in one measure. A later one with the same
// Measure, Class and Place replaces it. Low and High bound a number that is not
// known exactly; they are equal where it is, and missing where only Text is known.
type Impact struct {
	Measure   string    `json:"measure"`         // systems, people, records, money, downtime, service, other
	Class     string    `json:"class,omitempty"` // health records; customers; the shop
	Place     string    `json:"place,omitempty"` // ISO 3166 country or region
	Low       *float64  `json:"low,omitempty"`
	High      *float64  `json:"high,omitempty"`
	Unit      string    `json:"unit,omitempty"` // EUR; of downtime: minutes
	From      time.Time `json:"from,omitzero"`  // of downtime
	To        time.Time `json:"to,omitzero"`
	Certainty string    `json:"certainty"` // confirmed, estimated, suspected, excluded
	Basis     string    `json:"basis,omitempty"`
	Text      string    `json:"text,omitempty"`
	Withdrawn bool      `json:"withdrawn,omitempty"`
}

// Subject says who or what a name in this incident belongs to. Those of the
// attacker are its indicators: they stay readable where the others are masked. A
// later one of the same Kind and Value replaces it.
type Subject struct {
	Kind      string `json:"kind"` // person, account, mail, phone, host, address, domain, url, hash, path, process, iban, card, other
	Value     string `json:"value"`
	Role      string `json:"role"`           // victim, responder, attacker, third-party, none
	As        string `json:"as,omitempty"`   // what it is shown as to those who may not see it: "the file server"
	Note      string `json:"note,omitempty"` // how that is known
	Withdrawn bool   `json:"withdrawn,omitempty"`
}

// Technique says that the attacker used a technique of ATT&CK.
type Technique struct {
	Technique string    `json:"technique"` // T1566.001
	Name      string    `json:"name,omitempty"`
	At        time.Time `json:"at,omitzero"` // when it was used
	Events    []string  `json:"events,omitempty"`
	Text      string    `json:"text,omitempty"` // how that is known
	Withdrawn bool      `json:"withdrawn,omitempty"`
}

// Factor is a condition that made the incident possible, or worse. There are
// several, and a person's act is none. Key is the same word in all incidents that
// have it. A later one of the same ID replaces it.
type Factor struct {
	ID        string `json:"factor"`        // f1, f2, …
	Category  string `json:"category"`      // technical, process, organisational
	Key       string `json:"key,omitempty"` // no-mfa, alert-unread
	Text      string `json:"text"`
	Withdrawn bool   `json:"withdrawn,omitempty"`
}

// Control says what a control did or did not do. A later one of the same ID
// replaces it.
type Control struct {
	ID         string   `json:"control"`              // c1, c2, …
	Refs       []string `json:"refs"`                 // csf:DE.CM-01, iso27001:A.8.15, cis:8.2, pci:10.2, soc2:CC7.2, hipaa:164.312(b)
	Held       string   `json:"held"`                 // held, partly, failed, missing
	Techniques []string `json:"techniques,omitempty"` // against which
	Text       string   `json:"text,omitempty"`
	Withdrawn  bool     `json:"withdrawn,omitempty"`
}

// Decided is a decision with what was known when it was taken. A later one of the
// same ID replaces it.
type Decided struct {
	ID           string        `json:"decision"` // d1, d2, …
	Question     string        `json:"question,omitempty"`
	Choice       string        `json:"choice"`
	Known        string        `json:"known,omitempty"` // what was known, and what was not
	Alternatives []string      `json:"alternatives,omitempty"`
	Reason       string        `json:"reason,omitempty"`
	By           string        `json:"by,omitempty"` // who decided, where that is somebody else
	Role         incident.Role `json:"role,omitempty"`
	At           time.Time     `json:"at,omitzero"` // when, where it is written down later
	Withdrawn    bool          `json:"withdrawn,omitempty"`
}

// HandedOn says that one shift handed the incident to the next.
type HandedOn struct {
	To      string `json:"to"`
	Text    string `json:"text,omitempty"` // what the next shift has to know
	Through int64  `json:"through"`        // the last entry that the handover was made of
}

// ItemChange is what became of a follow-up. It carries only what changed.
type ItemChange struct {
	ID     string     `json:"item"`
	State  string     `json:"state,omitempty"` // open, done, verified, dropped
	Text   *string    `json:"text,omitempty"`
	Owner  *string    `json:"owner,omitempty"`
	Due    *time.Time `json:"due,omitempty"`
	Class  *string    `json:"class,omitempty"`
	Verify *string    `json:"verify,omitempty"` // how somebody sees that it is done
	Factor *string    `json:"factor,omitempty"` // the factor that it answers
	Link   string     `json:"link,omitempty"`   // where it is tracked
	Action string     `json:"action,omitempty"` // the action that put it there
	Reason string     `json:"reason,omitempty"`
	Source string     `json:"source,omitempty"` // github: it was read there
}
