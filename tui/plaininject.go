package tui

import (
	"context"
	"strconv"
	"strings"
	"time"

	"firebreak/response"
)

// pulses brings in what an exercise has while nobody types; its news are read out
// as those of everybody. It ends with ctx, or tells why it cannot go on.
func (p *plainDesk) pulses(ctx context.Context) {
	t := time.NewTicker(pulseEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := p.desk.Pulse(ctx, p.id, nil); err != nil && ctx.Err() == nil {
			p.say("FAILED: bring in what the exercise has: %s", err)
			return
		}
	}
}

// injectOffers are the injects that want an answer.
func (p *plainDesk) injectOffers(b response.Board) []offer {
	if b.Exercise == nil || b.Exercise.Over {
		return nil
	}
	var out []offer
	for _, i := range b.Exercise.Injects {
		if i.State != "open" && i.State != "late" {
			continue
		}
		out = append(out, offer{"Answer the inject: " + i.Title, func(ctx context.Context, c <-chan struct{}) error { return p.answerInject(ctx, c, i) }})
	}
	return out
}

func (p *plainDesk) answerInject(ctx context.Context, c <-chan struct{}, i response.InjectView) error {
	for _, l := range strings.Split(i.Text, "\n") {
		p.say("  %s", l)
	}
	if len(i.Choices) == 0 {
		text, err := p.ask(ctx, c, "%s Empty goes back:", i.Question)
		if err != nil || text == "" {
			return err
		}
		return p.injectAnswered(ctx, i, "", text)
	}
	for n, ch := range i.Choices {
		p.say("%d  %s", n+1, ch.Text)
	}
	text, err := p.ask(ctx, c, "%s Number, empty goes back; the first answer counts:", i.Question)
	if err != nil {
		return err
	}
	n, convErr := strconv.Atoi(text)
	if convErr != nil || n < 1 || n > len(i.Choices) {
		return nil
	}
	return p.injectAnswered(ctx, i, i.Choices[n-1].ID, "")
}

func (p *plainDesk) injectAnswered(ctx context.Context, i response.InjectView, choice, note string) error {
	late, err := p.desk.AnswerInject(ctx, p.id, i.ID, choice, note)
	if err == nil && late {
		p.say("Answered, too late.")
	}
	return err
}
