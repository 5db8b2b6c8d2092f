// Package sketch makes the pictures of package figure out of the drawings of a
// document, which are facts: every form that draws draws the same.
package sketch

import (
	"slices"
	"time"

	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/figure"
)

// Of is how a drawing of a document is drawn, given the width: nil when it is not
// known here. Events stand below a timeline, on the same axis. Made is when the
// document was: deadlines are judged as they stood then.
func Of(id string, of document.Drawing, with document.Histogram, made time.Time) func(float64) figure.Drawing {
	switch of := of.(type) {
	case document.Sides:
		return timeline(id, of, with).Draw
	case document.Lanes:
		return phases(id, of).Draw
	case document.Histogram:
		return figure.Histogram{ID: id, Events: figure.Counts{From: of.From, To: of.To, N: of.Counts}, From: of.ShadeFrom, To: of.ShadeTo}.Draw
	case document.Bars:
		c := figure.Bars{ID: id}
		for _, r := range of.Rows {
			c.Rows = append(c.Rows, figure.Bar{Label: r.Label, Took: r.Took, Shown: r.Shown, Known: r.Known, Reason: r.Reason, Phase: int(r.Phase), Whole: r.Whole})
		}
		return c.Draw
	case document.Shares:
		c := figure.Shares{ID: id, Title: "Parts of a whole"}
		for _, p := range of.Parts {
			c.Parts = append(c.Parts, figure.Share{Label: p.Label, N: p.N, Ink: shareInk(p)})
		}
		return c.Draw
	case document.Deadlines:
		c := figure.Clocks{ID: id, Now: made}
		for _, r := range of.Rows {
			c.Rows = append(c.Rows, figure.Clock{Name: r.Label, Start: r.Start, Due: r.Due, Met: r.Met, Says: r.Shown})
		}
		return c.Draw
	case document.Strip:
		c := figure.Moments{ID: id}
		for _, p := range of.Points {
			c.Rows = append(c.Rows, figure.Moment{Name: p.Label, At: p.At, Why: p.Why})
		}
		return c.Draw
	}
	return nil
}

func shareInk(p document.Share) figure.Ink {
	switch p.Label {
	case "skipped":
		return figure.Skipped
	case "not ended":
		return figure.Open
	case "never reached":
		return figure.Unreached
	case "not applicable":
		return figure.Foreign
	}
	switch p.Tone {
	case document.Bad:
		return figure.Failed
	case document.Warn:
		return figure.Open
	case document.Unknown:
		return figure.Unreached
	case document.Good, document.NoTone:
	}
	return figure.Done
}

func timeline(id string, s document.Sides, with document.Histogram) figure.Timeline {
	t := figure.Timeline{ID: id, Until: s.Until, Events: figure.Counts{From: with.From, To: with.To, N: with.Counts}}
	for _, m := range s.Marks {
		f := figure.Mark{At: m.At, Found: m.Found, Ref: m.Ref, Text: m.Label, Weight: m.Weight, Kind: figure.Act}
		switch m.Kind {
		case document.DotAction:
			f.Kind = figure.Change
		case document.DotBad:
			f.Kind = figure.Bad
		case document.DotEvidence:
			f.Kind = figure.Machine
		case document.DotEntry:
		}
		switch m.Side {
		case review.Attacker:
			f.Side, f.Kind = figure.Attacker, figure.Attack
		case review.Evidence:
			f.Side, f.Kind = figure.Attacker, figure.Event
		case review.System:
			f.Side = figure.System
			if f.Kind == figure.Act {
				f.Kind = figure.Machine
			}
		}
		t.Marks = append(t.Marks, f)
	}
	t.Phases = stretches(s.Phases)
	return t
}

func phases(id string, l document.Lanes) figure.Phases {
	return figure.Phases{ID: id, Stretches: stretches(l.Lanes), Until: l.To}
}

// stretches are the times spent in all phases, in their order.
func stretches(lanes []document.Lane) []figure.Stretch {
	var out []figure.Stretch
	for _, l := range lanes {
		for _, s := range l.Stretches {
			out = append(out, figure.Stretch{Phase: int(l.Phase), Name: l.Label, From: s.From, To: s.To})
		}
	}
	slices.SortStableFunc(out, func(a, b figure.Stretch) int { return a.From.Compare(b.From) })
	return out
}
