package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/response"
)

// offer is one numbered choice.
type offer struct {
	title string
	do    func(context.Context, <-chan struct{}) error
}

// offers are the choices of this moment, the next step's first.
func (p *plainDesk) offers(b response.Board) []offer {
	var out []offer
	add := func(title string, do func(context.Context, <-chan struct{}) error) {
		out = append(out, offer{title, do})
	}
	writable := !p.ro && b.Incident.Status != incident.Closed
	if writable {
		out = append(out, p.injectOffers(b)...)
		for _, v := range b.Actions {
			switch v.State { //nolint:exhaustive // the other states need nobody
			case response.Planned:
				add("Decide on the plan: "+v.Title+" on "+v.Target, func(ctx context.Context, c <-chan struct{}) error { return p.decide(ctx, c, v) })
			case response.Approved:
				add("Send the approved action: "+v.Title, func(ctx context.Context, _ <-chan struct{}) error { return p.send(ctx, v) })
			case response.Unknown:
				add("Look what became of: "+v.Title, func(ctx context.Context, _ <-chan struct{}) error {
					after, err := p.desk.LookTelling(ctx, p.id, v.Action, p.progress())
					if err == nil {
						p.say("It is %s: %s", after.State, after.Says)
					}
					return err
				})
			case response.Queued:
				add("Send now what waits in the outbox: "+v.Title, func(ctx context.Context, _ <-chan struct{}) error {
					after, err := p.desk.Retry(ctx, p.id, v.Action, false, "", p.progress())
					if err == nil {
						p.say("It is %s: %s", after.State, after.Says)
					}
					return err
				})
				add("Give up what waits in the outbox: "+v.Title, p.withReason(func(ctx context.Context, why string) error {
					_, err := p.desk.Drop(ctx, p.id, v.Action, why)
					return err
				}))
			}
		}
		for _, s := range open(b) {
			decided := slices.ContainsFunc(b.Actions, func(v response.ActionView) bool {
				return v.Action == s.ActionID && (v.State == response.Planned || v.State == response.Approved || v.State == response.Unknown || v.State == response.Queued)
			})
			out = append(out, p.stepOffers(s, decided)...)
		}
		add("Run the automatic steps that need nobody", p.advance)
		out = append(out, p.updateOffers(b)...)
		add("Note what happened", p.note)
		add("Sign the record with your ssh key", p.sign)
	}
	add("Hear all steps", func(ctx context.Context, _ <-chan struct{}) error { return p.steps(ctx) })
	add("Search the timeline", p.search)
	if !p.ro {
		add("Write the review", func(ctx context.Context, _ <-chan struct{}) error {
			w, err := p.desk.Review(ctx, p.id)
			if err == nil {
				p.say("Review written: %s and %s", w.Markdown, w.HTML)
				if w.Sealed {
					p.say("These are sealed. A copy that can be read: firebreak review %s --to FOLDER", p.id)
				}
			}
			return err
		})
	}
	return append(out, p.clockOffers(b)...)
}

// open lists the steps that somebody can go on with now.
func open(b response.Board) []response.StepView {
	var out []response.StepView
	for _, ph := range b.Phases {
		for _, s := range ph.Steps {
			switch s.State {
			case playbooks.Ready, playbooks.Running, playbooks.Failed:
				if !s.Verb.Holds() || s.Verb == playbooks.VerbPlaybook && s.State != playbooks.Running || !s.AgainAt.IsZero() {
					out = append(out, s)
				}
			case playbooks.Locked, playbooks.Done, playbooks.Skipped:
			}
		}
	}
	return out
}

// stepOffers are the choices of one step. decided says that its action waits
// for something else than to be planned.
func (p *plainDesk) stepOffers(s response.StepView, decided bool) []offer {
	var out []offer
	switch {
	case s.State == playbooks.Failed:
		out = append(out, offer{"Open the failed step again: " + s.Title + " (" + s.Why + ")", p.withReason(func(ctx context.Context, why string) error {
			return p.desk.ReopenStep(ctx, p.id, s.ID, why)
		})})
	case s.Verb == playbooks.VerbManual:
		out = append(out, offer{"Do by hand: " + s.Title, func(ctx context.Context, c <-chan struct{}) error { return p.byHand(ctx, c, s) }})
	case s.Verb == playbooks.VerbIf:
		return append(out, offer{"Begin the next round now: " + s.Title, p.withReason(func(ctx context.Context, why string) error {
			return p.desk.FinishWait(ctx, p.id, s.ID, why)
		})})
	case decided: // its action is offered by itself
	case s.State == playbooks.Ready:
		word := "Run: "
		if s.Verb.Acts() {
			word = "Make the plan: "
		}
		out = append(out, offer{word + s.Title, func(ctx context.Context, _ <-chan struct{}) error {
			return p.runStep(ctx, s)
		}})
	}
	return append(out, offer{"Skip: " + s.Title, p.withReason(func(ctx context.Context, why string) error {
		return p.desk.SkipStep(ctx, p.id, s.ID, why)
	})})
}

// runStep performs an automatic step; that its plan needs an approval is no
// failure, and the plan is offered next.
func (p *plainDesk) runStep(ctx context.Context, s response.StepView) error {
	err := p.desk.RunStep(ctx, p.id, s.ID, p.progress())
	if !s.Verb.Acts() || err != nil && response.CodeOf(err) != response.CodeRefused {
		return err
	}
	v, waits, boardErr := planOf(ctx, p.desk, p.id, s.ID)
	if waits {
		p.say("Planned: %s. It needs %s.", v.Title, plural(int64(v.Approvals), "approval"))
		return nil
	}
	return errors.Join(err, boardErr)
}

// withReason asks for a reason; without one nothing happens.
func (p *plainDesk) withReason(do func(context.Context, string) error) func(context.Context, <-chan struct{}) error {
	return func(ctx context.Context, c <-chan struct{}) error {
		why, err := p.ask(ctx, c, "Why? It is recorded. Empty goes back:")
		if err != nil || why == "" {
			return err
		}
		return do(ctx, why)
	}
}

// byHand reads a manual step out, asks what it asks, and marks it done.
func (p *plainDesk) byHand(ctx context.Context, c <-chan struct{}, s response.StepView) error {
	for _, l := range strings.Split(s.Text, "\n") {
		p.say("  %s", l)
	}
	offered, err := p.desk.DrillAnswers(ctx, p.id, s.ID)
	if err != nil {
		return err
	}
	answers := map[string]string{}
	for _, q := range s.Ask {
		def := offered[q.Name]
		if def == "" && q.Default != nil {
			def = fmt.Sprint(q.Default)
		}
		def = written(q, def)
		text := q.Text + " (" + hintFor(q) + ")"
		if def != "" {
			text += " [empty takes " + def + "]"
		}
		a, err := p.ask(ctx, c, "%s:", text)
		if err != nil {
			return err
		}
		if a == "" {
			a = def
		}
		if a == "" {
			p.say("No answer: the step stays open.")
			return nil
		}
		answers[q.Name] = a
	}
	yes, err := p.ask(ctx, c, "Mark \"%s\" done? yes or empty for no:", s.Title)
	if err != nil || !isYes(yes) {
		return err
	}
	return p.desk.DoneStep(ctx, p.id, s.ID, answers, "")
}

func isYes(s string) bool { return strings.EqualFold(s, "y") || strings.EqualFold(s, "yes") }

// decide reads a plan out in full and takes a yes or no to it.
func (p *plainDesk) decide(ctx context.Context, c <-chan struct{}, v response.ActionView) error {
	p.say("Plan: %s. Danger %s.", v.Title, v.Danger)
	for _, l := range planLines(v, 1<<10, p.now()) {
		var b strings.Builder
		for _, s := range l {
			b.WriteString(s.text)
		}
		p.say("  %s", b.String())
	}
	p.say("  Plan sha256 %s", v.Digest)
	if p.desk.WillSign(v) {
		p.saySigner(ctx)
	}
	var confirm string
	var ok bool
	if v.MustType() {
		text, err := p.ask(ctx, c, "Type the target's name to approve, empty for no:")
		if err != nil {
			return err
		}
		confirm, ok = text, text == v.Target
		if text != "" && !ok {
			p.say("That is not the target's name. Nothing was approved.")
		}
	} else {
		text, err := p.ask(ctx, c, "Approve? yes, or reject, or empty for no:")
		if err != nil {
			return err
		}
		if text == "reject" {
			return p.withReason(func(ctx context.Context, why string) error { return p.desk.Reject(ctx, p.id, v.Action, why) })(ctx, c)
		}
		ok = isYes(text)
	}
	if !ok {
		return nil
	}
	if err := p.desk.Approve(ctx, p.id, v.Action, v.Digest, confirm, ""); err != nil {
		return err
	}
	if len(v.ApprovedBy)+1 < v.Approvals {
		p.say("Approved. %s needed before it is sent.", plural(int64(v.Approvals-len(v.ApprovedBy)-1), "more approval"))
		return nil
	}
	return p.send(ctx, v)
}

// send carries out an approved action.
func (p *plainDesk) send(ctx context.Context, v response.ActionView) error {
	p.say("Sending: %s", v.Title)
	after, err := p.desk.Do(ctx, p.id, v.Action)
	if err == nil {
		p.say("It is %s: %s", after.State, after.Says)
	}
	return err
}

func (p *plainDesk) advance(ctx context.Context, _ <-chan struct{}) error {
	w, err := p.desk.Advance(ctx, p.id, p.progress())
	if err != nil {
		return err
	}
	b, err := p.desk.Board(ctx, p.id)
	if err != nil {
		return err
	}
	p.say("The playbook: %s", waits(w, b))
	return nil
}

// progress says each new thing that is worked on, not each step of it. It may
// be called from other goroutines.
func (p *plainDesk) progress() response.ProgressFunc {
	var mu sync.Mutex
	last := ""
	return func(t response.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if t.What != "" && t.What != last {
			last = t.What
			p.say("... %s", t.What)
		}
	}
}

func (p *plainDesk) note(ctx context.Context, c <-chan struct{}) error {
	text, err := p.ask(ctx, c, "Note, empty goes back:")
	if err != nil || text == "" {
		return err
	}
	return p.desk.Note(ctx, p.id, "", text, false)
}

// steps reads all steps out.
func (p *plainDesk) steps(ctx context.Context) error {
	b, err := p.desk.Board(ctx, p.id)
	if err != nil {
		return err
	}
	for _, ph := range b.Phases {
		p.say("%s, %d of %s:", strings.ToUpper(ph.Phase.String()), ph.Done, plural(int64(ph.Total), "step"))
		for _, s := range ph.Steps {
			text := string(s.State)
			if s.Why != "" {
				text += ", " + s.Why
			}
			if s.By != "" {
				text += ", by " + s.By
			}
			p.say("  %s: %s", s.Title, text)
		}
	}
	return nil
}

// saySigner says with what key the person signs, and that a token is to be
// touched.
func (p *plainDesk) saySigner(ctx context.Context) {
	k, err := p.desk.SigningKey(ctx)
	switch {
	case errors.Is(err, response.ErrNoSigningKey):
		p.say("  Not signed: there is no signing key.")
	case err != nil:
		p.say("  The signing key cannot be had: %s", err)
	default:
		p.say("  Signed as %s, %s (%s).", k.Principal, k.Key, k.Strength)
		if k.Strength == record.Hardware {
			p.say("  Touch your key when it asks.")
		}
	}
}

// sign has the person sign the record as it is now.
func (p *plainDesk) sign(ctx context.Context, c <-chan struct{}) error {
	why, err := p.ask(ctx, c, "Why now? It may stay empty:")
	if err != nil {
		return err
	}
	p.saySigner(ctx)
	s, err := p.desk.SignHead(ctx, p.id, why)
	if err == nil {
		p.say("Signed by %s (%s).", s.Signature.Principal, s.Signature.Strength)
	}
	return err
}
