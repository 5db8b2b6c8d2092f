package events

import (
	"context"
	"fmt"

	"firebreak/timeline"
)

// Explanation says what a filter makes the engine look at. A segment holds some
// ten thousand events, a block a thousand: what cannot match is passed over as
// whole segments and blocks.
type Explanation struct {
	All        Extent          `json:"all"`
	Candidates Extent          `json:"candidates"` // what may hold an event that matches
	Terms      []ExplainedTerm `json:"terms,omitempty"`
}

// Extent is a part of the timeline.
type Extent struct {
	Segments int64 `json:"segments"`
	Blocks   int64 `json:"blocks"`
	Events   int64 `json:"events"`
}

// ExplainedTerm is one term of the filter, and how the events that cannot match
// it are passed over.
type ExplainedTerm struct {
	Term   string   `json:"term"`
	By     By       `json:"by"`
	Words  []string `json:"words,omitempty"` // what is looked up in the list of words
	Blocks int64    `json:"blocks"`          // that may hold a match of this term
}

// By is what decides where a term may match.
type By string

// The ways to find candidates.
const (
	ByColumn By = "column" // the values of a column: host, user, source, …
	ByTime   By = "time"   // the times of segments and blocks
	ByWord   By = "word"   // whole words, looked up in the list of words of a segment
	ByPart   By = "part"   // parts of words: the list of words is read through
	ByID     By = "id"     // files and places in them
	ByText   By = "text"   // nothing: every text is read
)

// Explain says what is looked at to answer the filter.
func (db *DB) Explain(ctx context.Context, f timeline.Filter) (Explanation, error) {
	total, err := db.Total(ctx)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain filter: %w", err)
	}
	all := Extent{Events: total}
	return Explanation{All: all, Candidates: all}, nil
}
