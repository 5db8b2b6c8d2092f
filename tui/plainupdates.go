package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	"firebreak/response"
)

// updateOffers are the audiences that are to be told what is new.
func (p *plainDesk) updateOffers(b response.Board) []offer {
	var out []offer
	for _, u := range b.Updates {
		if u.Due.IsZero() {
			continue
		}
		title := "Tell " + u.Audience + " what is new"
		if late := p.now().Sub(u.Due); late >= 0 {
			title += fmt.Sprintf(" (late by %d min)", int(late/time.Minute))
		}
		out = append(out, offer{title, func(ctx context.Context, c <-chan struct{}) error { return p.update(ctx, c, u.Audience) }})
	}
	return out
}

// update reads an update out before it is sent.
func (p *plainDesk) update(ctx context.Context, c <-chan struct{}, audience string) error {
	text, err := p.ask(ctx, c, "What do you say to %s? Empty: only what the record has.", audience)
	if err != nil {
		return err
	}
	d, err := p.desk.DraftUpdate(ctx, p.id, response.UpdateRequest{Audience: audience, Say: text})
	if err != nil {
		return err
	}
	p.say("%s", d.Subject)
	for line := range strings.SplitSeq(d.Text, "\n") {
		p.say("  %s", line)
	}
	for _, to := range d.To {
		if to.Refused != "" {
			p.say("Not over %s: %s", to.Connection, to.Refused)
			return nil
		}
		p.say("It goes over %s: %s", to.Connection, strings.Join(to.Effects, "; "))
	}
	answer, err := p.ask(ctx, c, "Send it? yes or no:")
	if err != nil {
		return err
	}
	if !strings.EqualFold(answer, "yes") && !strings.EqualFold(answer, "y") {
		p.say("Not sent.")
		return nil
	}
	sent, err := p.desk.SendUpdate(ctx, d, nil)
	for _, v := range sent.Sent {
		p.say("%s over %s: %s", v.Action, v.Connection, v.State)
	}
	return err
}
