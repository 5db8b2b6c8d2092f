package triage

import (
	"slices"
	"time"

	"firebreak/timeline"
)

// Severity is how much a finding should hurry its reader.
type Severity string

// The severities. Info is worth knowing, low is often harmless, medium wants an
// explanation, high is seldom harmless, critical is hardly ever.
const (
	Info     Severity = "info"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Severities are all of them, the mildest first.
func Severities() []Severity { return []Severity{Info, Low, Medium, High, Critical} }

// Rank is the place among Severities, -1 for what is none.
func (s Severity) Rank() int { return slices.Index(Severities(), s) }

// Rule is one question to the timeline.
//
// Find chooses events. Those with the same values of By, on one host, are told
// as one finding. Everything else narrows: what is set has to hold.
type Rule struct {
	ID        string
	Title     string
	Severity  Severity
	Technique string // ATT&CK
	File      string // where it stands, as in "rules/cron.yaml:12"
	BuiltIn   bool

	Find  string
	By    []Field
	Last  time.Duration // only in the last part of each host's evidence
	Where []Comparison  // of fields of the event
	Count *Count        // how many, how close together
	First *First        // values that were not seen before
	Rare  *Rare         // values that few events have
	With  []Join        // there is another event
	Not   []Join        // there is no other event
	Then  *Join         // another event follows
	Crowd *Crowd        // few events happen around it
	Gap   *Gap          // a value of a field falls silent
	Most  int           // findings of their own; the rest is told as one

	Reason        Template
	FalsePositive string
	Next          []string

	filter timeline.Filter
}

// Count asks for AtLeast events within a time, zero for any. With Of it counts
// different values of that field.
type Count struct {
	AtLeast int
	Within  time.Duration
	Of      *Field
}

// First asks for values of By that were seen for the first time in the last
// part of a host's evidence that reaches further back than that.
type First struct{ After time.Duration }

// Rare asks for values of By that at most AtMost events have, of Among or more.
type Rare struct {
	AtMost int
	Among  int
}

// Join asks for another event that Find chooses and that has the same values.
// For with and without, Within is how far it may be to either side; for
// followed by, how much later. Zero is any time.
type Join struct {
	Find   string
	Same   []Pair
	Within time.Duration
	Last   time.Duration // only in the last part of each host's evidence
	Where  []Comparison  // of the event, and of the other as other.FIELD

	filter timeline.Filter
}

// Crowd asks that at most AtMost events of Find lie within the time to either side:
// what comes in a crowd is an installation, an archive, a checkout.
type Crowd struct {
	Find   string
	Within time.Duration
	AtMost int

	filter timeline.Filter
}

// Pair is a field of the event and the one of the other event that has to have
// the same value.
type Pair struct{ Mine, Other Field }

// Gap asks for a value of Of that falls silent for AtLeast, while events of
// While go on on the same host: at least Events of them. With Unusual a gap counts
// only when no other of that value is a that-many-th part as long.
type Gap struct {
	Of      Field
	AtLeast time.Duration
	While   string
	Events  int64
	Unusual int

	filter timeline.Filter
}

// Set is the rules that are asked, in the order of their ids.
type Set struct{ Rules []*Rule }

// Rule finds a rule by its id.
func (s *Set) Rule(id string) *Rule {
	i := slices.IndexFunc(s.Rules, func(r *Rule) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return s.Rules[i]
}

// join lists the rule's joins.
func (r *Rule) joins() []*Join {
	var all []*Join
	for i := range r.With {
		all = append(all, &r.With[i])
	}
	for i := range r.Not {
		all = append(all, &r.Not[i])
	}
	if r.Then != nil {
		all = append(all, r.Then)
	}
	return all
}
