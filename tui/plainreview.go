package tui

import (
	"context"
	"strconv"
	"strings"

	"firebreak/record"
	"firebreak/response"
)

// reviewOffers are what can be done with the review: hearing how far it is, writing
// a part, taking it further. They go on when the incident is closed.
func (p *plainDesk) reviewOffers(b response.Board) []offer {
	out := []offer{{"Hear how far the review is", func(ctx context.Context, _ <-chan struct{}) error {
		d, err := p.desk.ReviewDesk(ctx, p.id)
		if err == nil {
			p.reviewed(d)
		}
		return err
	}}}
	if p.ro || b.ReadOnly != "" {
		return out
	}
	return append(
		out,
		offer{"Write a part of the review", p.writePart},
		offer{"Take the review further, or back", p.moveReview},
	)
}

// reviewed reads out how far a review is.
func (p *plainDesk) reviewed(d response.ReviewDesk) {
	st := d.Standing
	p.say("The review is %s. %d of %d parts are written.", st.State, st.Parts, len(response.Parts()))
	if len(st.Missing) > 0 {
		p.say("Not written: %s.", strings.Join(st.Missing, ", "))
	}
	for _, w := range st.Warnings {
		p.say("Look at it again: %s.", w)
	}
	for _, x := range d.Parts {
		if x.Text == "" {
			continue
		}
		p.say("%s, version %d by %s:", x.Title, x.Version, strings.Join(x.Authors, ", "))
		for l := range strings.SplitSeq(x.Text, "\n") {
			p.say("  %s", l)
		}
	}
	for _, r := range st.Releases {
		p.say("Released: %s, profile %s, at %s by %s.", r.ID, r.Profile, stamp(r.Made), r.By)
	}
	for _, i := range d.Items {
		p.say("Follow-up %s, %s: %s", i.ID, i.State, i.Text)
	}
}

// writePart asks for the text of one part, in one line.
func (p *plainDesk) writePart(ctx context.Context, c <-chan struct{}) error {
	d, err := p.desk.ReviewDesk(ctx, p.id)
	if err != nil {
		return err
	}
	for i, x := range d.Parts {
		p.say("%d  %s, version %d", i+1, x.Title, x.Version)
	}
	text, err := p.ask(ctx, c, "Number of the part, empty to leave:")
	if err != nil {
		return err
	}
	n, convErr := strconv.Atoi(text)
	if convErr != nil || n < 1 || n > len(d.Parts) {
		return nil //nolint:nilerr // whoever types no number leaves
	}
	x := d.Parts[n-1]
	if x.Text != "" {
		p.say("It reads: %s", x.Text)
	}
	text, err = p.ask(ctx, c, "%s Type it in one line; empty leaves it as it is. For more: firebreak review edit %s %s", x.Prompt, p.id, response.PartArgs(x.Key))
	if err != nil || text == "" {
		return err
	}
	saved, err := p.desk.SaveParts(ctx, p.id, []response.PartDraft{{Part: x.Key, From: x.Version, Text: text}})
	if err == nil {
		p.say("%s", savedWords(saved))
	}
	return err
}

// moveReview asks where the review goes.
func (p *plainDesk) moveReview(ctx context.Context, c <-chan struct{}) error {
	d, err := p.desk.ReviewDesk(ctx, p.id)
	if err != nil {
		return err
	}
	st := d.Standing
	p.say("The review is %s.", st.State)
	for i, to := range st.Next {
		p.say("%d  %s", i+1, to)
	}
	text, err := p.ask(ctx, c, "Where does it go? Number, empty to leave:")
	if err != nil {
		return err
	}
	n, convErr := strconv.Atoi(text)
	if convErr != nil || n < 1 || n > len(st.Next) {
		return nil //nolint:nilerr // as above
	}
	to, reason := st.Next[n-1], ""
	if to.Before(st.State) {
		if reason, err = p.ask(ctx, c, "Why does it go back?"); err != nil {
			return err
		}
	}
	if err := p.desk.MoveReview(ctx, p.id, to, reason); err != nil {
		return err
	}
	p.say("The review is %s now.", to)
	if to == record.ReviewReviewed {
		p.say("Its text stands; to change it, take it back to draft.")
	}
	return nil
}
