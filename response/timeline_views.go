package response

import (
	"time"

	"firebreak/store/events"
	"firebreak/timeline"
)

// Value is a value of a field: how often, first and last seen.
type Value = events.Value

// Gap is a stretch of time in which a value of a field was silent.
type Gap = events.Gap

// Estimate is about how many events match; Exact says that it is the number.
type Estimate struct {
	Count int64 `json:"count"`
	Exact bool  `json:"exact"`
}

// HistogramRequest asks how matching events are spread over time. A zero From
// or To is the first or behind the last of what matches.
type HistogramRequest struct {
	Filter   string
	From, To time.Time
	Buckets  int
}

// ValuesRequest asks for the values of a field, written as in a filter: host,
// attr.pid. Limit is 100 by default.
type ValuesRequest struct {
	Filter string
	Field  string
	Limit  int
	Rare   bool // the rarest instead of the most frequent
}

// FieldInfo is a field that events have a value in.
type FieldInfo struct {
	Field     string `json:"field"` // as a filter writes it
	Events    int64  `json:"events"`
	Values    int    `json:"values,omitempty"`    // how many different ones; not counted for attributes
	Attribute string `json:"attribute,omitempty"` // its name alone
}

// GapsRequest asks where a value of the field By falls silent.
type GapsRequest struct {
	Filter  string
	By      string
	AtLeast time.Duration
}

// Around are the events that belong together with one.
type Around struct {
	Filter string    `json:"filter"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Count  int64     `json:"count"`
}

// Explanation says what is looked at to answer a filter.
type Explanation struct {
	Filter string `json:"filter"` // as it was understood, its times written out
	events.Explanation
}

// Completion is one way to go on with a filter: Insert replaces its bytes From
// to To.
type Completion struct {
	Text   string `json:"text"` // what is shown
	Insert string `json:"insert"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	Count  int64  `json:"count,omitempty"` // events that have it, where that is known
}

// SweepRequest has the filters of a sweep.
type SweepRequest struct {
	Filters []string
	Among   string // only among the events of this filter
}

// SweepError says which filter of a sweep, counted from 0, cannot be read.
type SweepError struct {
	N   int
	Err error
}

// Error is the cause's message.
func (e *SweepError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *SweepError) Unwrap() error { return e.Err }

// SweepHit is what one filter of a sweep found. The times are zero where the
// events are undated, and where there is none.
type SweepHit struct {
	Filter     string    `json:"filter"`
	Count      int64     `json:"count"`
	First      time.Time `json:"first,omitzero"`
	FirstEvent string    `json:"first_event,omitempty"`
	Last       time.Time `json:"last,omitzero"`
	LastEvent  string    `json:"last_event,omitempty"`
}

// MaxValues is the greatest number of values that one answer has.
const MaxValues = events.MaxValues

// The ways in which the engine finds where a term may match, as an Explanation
// names them.
const (
	ByColumn = events.ByColumn
	ByTime   = events.ByTime
	ByWord   = events.ByWord
	ByPart   = events.ByPart
	ByID     = events.ByID
	ByText   = events.ByText
)

// Extent is a part of the timeline, in an Explanation.
type Extent = events.Extent

// ExplainedTerm is one term of an Explanation.
type ExplainedTerm = events.ExplainedTerm

// TranslatedFilter is a filter as a condition of SQL. The values stand apart:
// in Where each is {p1:String}, as ClickHouse writes a parameter.
type TranslatedFilter struct {
	Where  string               `json:"where"`
	Params []timeline.Parameter `json:"params,omitempty"`
}
