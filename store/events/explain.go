package events

import (
	"context"
	"fmt"
	"math/bits"

	"firebreak/store/events/segment"
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
	p, err := compile(f)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain filter: %w", err)
	}
	var x Explanation
	err = db.query(ctx, func(c *crew) error {
		preps := make([]*prep, len(c.entries))
		err := c.each(len(c.entries), func(w *worker, i int) error {
			var err error
			preps[i], err = p.prepare(w, c.entries[i])
			return err
		})
		if err != nil {
			return err
		}
		for _, s := range preps {
			x.All.add(s.e.meta, everyBlock(s.e.meta))
			maybe, _ := p.blocks(s)
			x.Candidates.add(s.e.meta, maybe)
		}
		leaves(p.root, func(t term) { x.Terms = append(x.Terms, explained(t, preps)) })
		return nil
	})
	if err != nil {
		return Explanation{}, fmt.Errorf("explain filter: %w", err)
	}
	return x, nil
}

func (x *Extent) add(m *segment.Meta, blocks uint64) {
	if blocks != 0 {
		x.Segments++
	}
	for ; blocks != 0; blocks &= blocks - 1 {
		x.Blocks++
		x.Events += int64(m.Blocks[bits.TrailingZeros64(blocks)].Rows)
	}
}

// explained is what a term did in all segments. In a segment that other terms
// rule out it was not asked.
func explained(t term, preps []*prep) ExplainedTerm {
	x := ExplainedTerm{Term: t.about().expr.String()}
	for _, s := range preps {
		x.Blocks += int64(bits.OnesCount64(s.masks[t.about().number].maybe))
	}
	need := timeline.Need{}
	switch t := t.(type) {
	case *columnTerm:
		x.By = ByColumn
	case *timeTerm:
		x.By = ByTime
	case *idTerm, *anyIDTerm, *offsetTerm:
		x.By = ByID
	case *wordTerm:
		if x.By, need = ByText, t.need; t.finder.word != nil && need.Op == timeline.NeedNothing {
			x.By = ByPart
		}
	case *attributeTerm:
		x.By, need = ByText, t.need
	case *addressTerm:
		if x.By = ByText; !t.open {
			x.By = ByWord
		}
		for _, prefix := range t.four {
			if !prefix.IsSingleIP() {
				x.By = ByPart
			}
			x.Words = append(x.Words, prefix.String())
		}
		x.Words = append(x.Words, t.words...)
	}
	if words, part := wordsOf(need); len(words) > 0 {
		x.Words = words
		if x.By = ByWord; part {
			x.By = ByPart
		}
	}
	return x
}

// wordsOf are the fragments of a need, with a * where a word may go on.
func wordsOf(n timeline.Need) (words []string, part bool) {
	if n.Op == timeline.NeedWord {
		word := n.Word.Text
		if n.Word.Front {
			word = "*" + word
		}
		if n.Word.Back {
			word += "*"
		}
		return []string{word}, n.Word.Front || n.Word.Back
	}
	for _, of := range n.Of {
		more, p := wordsOf(of)
		words, part = append(words, more...), part || p
	}
	return words, part
}
