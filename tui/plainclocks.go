package tui

import (
	"context"
	"strings"

	"firebreak/record"
	"firebreak/response"
	"firebreak/review/clocks"
)

// sayClocks reads out the deadlines that count down, are late or are open.
func (p *plainDesk) sayClocks(b response.Board) {
	if b.NoClocks != "" {
		p.say("Deadlines are not known: %s", b.NoClocks)
	}
	for _, l := range b.Clocks {
		if l.State == clocks.OpenDuty {
			p.say("Open duty: %s, %s, %s.", l.Clock, l.Duty, l.Limit)
			continue
		}
		p.say("Deadline %s: %s, due %s. %s.", l.Clock, clockState(l, p.now()).text, stamp(l.Due), l.Duty)
	}
	for _, l := range b.Unjudged {
		p.say("The playbook asks for deadline %s. Nobody has said %s. %s.", l.Clock, unjudged(l), l.Duty)
	}
}

// unjudged is what nobody has said of a deadline that the playbook asks for.
func unjudged(l clocks.Line) string {
	if l.Applies == clocks.Applies {
		return "since when"
	}
	return "whether it applies, and since when"
}

// clockOffers are what can be said of deadlines. They stay on a closed incident: the
// last reports are due long after it.
func (p *plainDesk) clockOffers(b response.Board) []offer {
	out := []offer{{"Hear all deadlines", func(ctx context.Context, _ <-chan struct{}) error { return p.hearClocks(ctx) }}}
	if p.ro || b.ReadOnly != "" {
		return out
	}
	for _, l := range b.Clocks {
		if l.Regime == clocks.House {
			continue
		}
		out = append(out, offer{"Say that it was done: " + l.Clock + " (" + clockState(l, p.now()).text + ")", func(ctx context.Context, c <-chan struct{}) error { return p.metClock(ctx, c, l) }})
	}
	return append(out, offer{"Say when something happened that deadlines count from", p.startClock})
}

func (p *plainDesk) hearClocks(ctx context.Context) error {
	sheet, err := p.desk.Clocks(ctx, p.id)
	if err != nil {
		return err
	}
	if sheet.Stale {
		p.say("What is known of these laws was looked at on %s: too long ago to rely on.", sheet.Checked)
	}
	if len(sheet.Lines) == 0 {
		p.say("No deadline is shown. firebreak clocks list shows what is known.")
	}
	for _, l := range sheet.Lines {
		p.say("%s: %s. %s.", l.Clock, clockState(l, p.now()).text, l.Duty)
		if !l.Due.IsZero() {
			p.say("  Due %s.", strings.Trim(stamp(l.Due)+", "+l.DueLocal, ", "))
		}
		if l.WaitsFor != "" {
			p.say("  It waits for %s.", l.WaitsFor)
		}
		if l.Regime != clocks.House {
			p.say("  %s, %s, %s.", l.Regime, l.Citation, l.Sure)
		}
	}
	p.say("This is advice, not legal advice.")
	return nil
}

// startClock asks what happened, when, and who says so.
func (p *plainDesk) startClock(ctx context.Context, c <-chan struct{}) error {
	for _, e := range clocks.Events() {
		p.say("  %s: %s", e, e.Means())
	}
	event, err := p.ask(ctx, c, "What happened? Empty goes back:")
	if err != nil || event == "" {
		return err
	}
	text, err := p.ask(ctx, c, "When (%s)?", whenHint)
	if err != nil {
		return err
	}
	at, err := typedMoment(text, p.now())
	if err != nil {
		return err
	}
	why, err := p.ask(ctx, c, "Who judged so, and by what? Empty goes back:")
	if err != nil || why == "" {
		return err
	}
	if err := p.desk.StartClock(ctx, p.id, record.ClockStart{Event: event, At: at, Reason: why}); err != nil {
		return err
	}
	b, err := p.desk.Board(ctx, p.id)
	if err == nil {
		p.sayClocks(b)
	}
	return err
}

func (p *plainDesk) metClock(ctx context.Context, c <-chan struct{}, l clocks.Line) error {
	p.say("%s, to %s. It is your word: the program sends nothing.", l.Duty, l.To)
	text, err := p.ask(ctx, c, "When was it done (%s)?", whenHint)
	if err != nil {
		return err
	}
	at, err := typedMoment(text, p.now())
	if err != nil {
		return err
	}
	to, err := p.ask(ctx, c, "To whom? Empty goes back:")
	if err != nil || to == "" {
		return err
	}
	proof, err := p.ask(ctx, c, "By what can that be shown? It may stay empty:")
	if err != nil {
		return err
	}
	return p.desk.MeetClock(ctx, p.id, record.Submission{Clock: l.Clock, At: at, To: to, Proof: proof})
}
