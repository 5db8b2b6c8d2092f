package review

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
)

// The states of an action, as the outbox has them.
const (
	statePlanned  = "planned"
	stateApproved = "approved"
	stateSending  = "sending"
	stateSent     = "sent"
	stateVerified = "verified"
	stateFailed   = "failed"
	stateRejected = "rejected"
	stateUnknown  = "unknown"
	stateQueued   = "queued"
	stateDropped  = "dropped"
)

// Action is one action on an outside system, with what became of it.
type Action struct {
	ID         string          `json:"action"`
	Name       string          `json:"name"`
	Connection string          `json:"connection"`
	Title      string          `json:"title"`
	Target     string          `json:"target"`
	Danger     incident.Danger `json:"danger"`
	Phase      incident.Phase  `json:"phase"`
	Step       string          `json:"step,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Digest     string          `json:"digest"`
	Effects    []string        `json:"effects"`
	State      string          `json:"state"`
	Planned    Act             `json:"planned"`
	Needed     int             `json:"approvals_needed"`
	Approvals  []Approval      `json:"approvals"`
	Attempts   int             `json:"attempts"`
	Sent       Act             `json:"sent,omitzero"`
	Changed    Act             `json:"changed"`        // the entry that its state comes from
	Says       string          `json:"says,omitempty"` // the other side's words, or the error
	Ref        string          `json:"ref,omitempty"`  // the other side's name for it
	Undo       string          `json:"undo,omitempty"` // how it is undone; "" when it cannot be
	Reverts    string          `json:"reverts,omitempty"`
	RevertedBy string          `json:"reverted_by,omitempty"`
	// Second says that somebody else than who planned it had to agree; Overrides
	// are the rules that the plan went around.
	Second    bool     `json:"second,omitempty"`
	Overrides []string `json:"overrides,omitempty"`
	// Tried says how far it was tried before anybody agreed.
	Tried string `json:"tried,omitempty"`
	Box   *Box   `json:"time_box,omitempty"`
	// Standing says in words whether the effect is there, as far as is known.
	Standing string `json:"standing"`

	message string
	lost    bool // given up while nobody knew whether it happened
}

// Act is who did something, when, and in which entry.
type Act struct {
	Seq  int64     `json:"seq"`
	Time time.Time `json:"time"`
	By   string    `json:"by"`
}

// Approval is one person's yes to one plan.
type Approval struct {
	Act
	Person   string          `json:"person"` // the actor's id
	Digest   string          `json:"digest"`
	Strength record.Strength `json:"strength"` // how the person was known
	Reason   string          `json:"reason,omitempty"`
	Expires  time.Time       `json:"expires,omitzero"`
	Bound    bool            `json:"bound"` // the digest is that of the plan
	// Signer is who signed, as the roster of whoever recorded it names them; ""
	// when nobody did. Whether the signature holds, verify says.
	Signer string `json:"signer,omitempty"`
	Key    string `json:"key,omitempty"`
	// BreakGlass says that a rule was gone around with it.
	BreakGlass bool `json:"break_glass,omitempty"`

	actor incident.Actor
	sig   *record.Signature
}

// known says how well the person is known, and who signed.
func known(strength record.Strength, signer string) string {
	s := first(string(strength), "not recorded")
	if signer != "" {
		s += ", signed by " + signer
	}
	return s
}

// Known says how well the person is known.
func (a Approval) Known() string {
	if a.BreakGlass {
		return known(a.Strength, a.Signer) + ", BREAK-GLASS: " + first(a.Reason, "no reason given")
	}
	return known(a.Strength, a.Signer)
}

// giver is who gave a decision: the person at the keyboard, or who signed it
// elsewhere.
func giver(e record.Entry, p record.Decision) Act {
	a := act(e)
	if p.Signature != nil && p.Signature.Strength == record.Pasted {
		a.By = p.Signature.Principal
	}
	if p.Strength == record.Pasted && e.Absent("signature") != "" {
		a.By = e.Absent("signature") // not who brought it here
	}
	return a
}

func act(e record.Entry) Act { return Act{e.Seq, e.Time.UTC(), called(e.Actor)} }

func (b *builder) actions() {
	for _, e := range b.entries {
		if b.bad[e.Seq] {
			continue
		}
		switch e.Kind { //nolint:exhaustive // the other kinds are not about actions
		case record.ActionPlanned:
			if p, ok := decode[record.Planned](b, e); ok {
				b.r.Actions = append(b.r.Actions, plannedAction(e, p))
			}
		case record.ActionApproved, record.ActionRejected:
			if p, ok := decode[record.Decision](b, e); ok {
				b.action(p.Action).decide(e, p)
			}
		case record.ActionQueued:
			if p, ok := decode[record.Queued](b, e); ok {
				a := b.action(p.Action)
				a.State, a.Attempts, a.Changed, a.Says = stateQueued, max(a.Attempts, p.Attempt), act(e), p.Error
			}
		case record.ActionDropped:
			if p, ok := decode[record.Decision](b, e); ok {
				b.action(p.Action).drop(e, p)
			}
		case record.ActionSending:
			if p, ok := decode[record.Attempt](b, e); ok {
				a := b.action(p.Action)
				a.State, a.Attempts, a.Sent, a.Changed = stateSending, p.Attempt, act(e), act(e)
				a.Box.begin(e.Time)
			}
		case record.ActionExtended, record.ActionExpired:
			b.boxed(e)
		case record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown:
			if p, ok := decode[record.Outcome](b, e); ok {
				b.action(p.Action).end(e, p)
			}
		default:
		}
	}
	for i := range b.r.Actions {
		b.r.Actions[i].Standing = b.r.Actions[i].standing()
	}
	for i := range b.r.Actions {
		b.undoing(b.r.Actions[i])
	}
	b.rollbacks()
}

// undoing tells the action that a undoes what became of that.
func (b *builder) undoing(a Action) {
	if a.Reverts == "" {
		return
	}
	undone := b.action(a.Reverts)
	switch a.State {
	case stateVerified:
		undone.RevertedBy, undone.Standing = a.ID, "undone by "+a.ID+", confirmed by the other side"
	case stateSent:
		undone.RevertedBy, undone.Standing = a.ID, "its undoing "+a.ID+" was sent, NOT VERIFIED: nothing was read back"
	case stateUnknown, stateSending: // one that was given up since is no better known
		undone.Standing += "; the outcome of its undoing " + a.ID + " is UNKNOWN"
	}
}

func decode[P any](b *builder, e record.Entry) (P, bool) {
	var p P
	if err := e.Decode(&p); err != nil {
		b.bad[e.Seq] = true
		return p, false
	}
	return p, true
}

// action finds an action. One that was never planned gets a row of its own: an
// outcome without a plan must not vanish.
func (b *builder) action(id string) *Action {
	for i := range b.r.Actions {
		if b.r.Actions[i].ID == id {
			return &b.r.Actions[i]
		}
	}
	b.r.Actions = append(b.r.Actions, Action{ID: id, Title: "(no plan is in the record)", Effects: []string{}, Approvals: []Approval{}})
	return &b.r.Actions[len(b.r.Actions)-1]
}

func plannedAction(e record.Entry, p record.Planned) Action {
	var plan struct {
		Effects []string `json:"effects"`
		Timer   string   `json:"timer"`
		Bound   any      `json:"bound"` // there in plans that say how far they were tried
		Call    struct {
			Params map[string]any `json:"params"`
		} `json:"call"`
	}
	if err := json.Unmarshal(p.Plan, &plan); err != nil || plan.Effects == nil {
		plan.Effects = []string{}
	}
	a := Action{
		ID: p.Action, Name: p.Name, Connection: p.Connection, Title: first(p.Title, p.Name), Target: p.Target,
		Danger: p.Danger, Phase: e.Phase, Step: e.Step, Reason: p.Reason, Digest: p.Digest, Effects: plan.Effects,
		State: statePlanned, Planned: act(e), Needed: p.Approvals, Approvals: []Approval{}, Changed: act(e),
		Undo: p.Undo, Reverts: p.Reverts, Second: p.Second, Overrides: p.Overrides, Tried: tried(p, plan.Bound != nil), Box: boxOf(p, plan.Timer),
	}
	if p.Approvals <= 0 {
		a.State = stateApproved
	}
	for _, name := range []string{"body", "text", "message", "comment", "note", "summary", "title", "subject"} {
		if s, ok := plan.Call.Params[name].(string); ok && s != "" {
			a.message = s
			break
		}
	}
	return a
}

func (a *Action) decide(e record.Entry, p record.Decision) {
	if e.Kind == record.ActionRejected {
		a.State, a.Changed, a.Says = stateRejected, act(e), p.Reason
		return
	}
	bound := p.Digest == a.Digest
	y := Approval{
		Act: giver(e, p), Person: e.Actor.ID, Digest: p.Digest, Strength: p.Strength, Reason: p.Reason,
		Expires: p.Expires.UTC(), Bound: bound, BreakGlass: p.BreakGlass, actor: e.Actor, sig: p.Signature,
	}
	if p.Signature != nil {
		y.Signer, y.Key = p.Signature.Principal, p.Signature.Key
	}
	a.Approvals = append(a.Approvals, y)
	var people []Approval
	for _, y := range a.Approvals {
		if y.Bound && !slices.ContainsFunc(people, func(p Approval) bool { return record.SamePerson(p.actor, p.sig, y.actor, y.sig) }) {
			people = append(people, y)
		}
	}
	if a.State == statePlanned && len(people) >= a.Needed {
		a.State, a.Changed = stateApproved, act(e)
	}
}

// drop ends what somebody gave up. Of what may have happened, that stays to be said.
func (a *Action) drop(e record.Entry, p record.Decision) {
	if a.State == stateUnknown {
		a.lost = true
	}
	a.State, a.Changed, a.Says = stateDropped, act(e), p.Reason
}

func (a *Action) end(e record.Entry, p record.Outcome) {
	switch e.Kind { //nolint:exhaustive // only outcomes come here
	case record.ActionSent:
		a.State = stateSent
	case record.ActionVerified:
		a.State = stateVerified
	case record.ActionFailed:
		a.State = stateFailed
	default:
		a.State = stateUnknown
	}
	a.Changed, a.Says, a.Ref = act(e), first(p.Error, p.Says), first(p.Ref, a.Ref)
	a.Attempts = max(a.Attempts, p.Attempt)
}

// standing says what is known of the effect.
func (a *Action) standing() string {
	switch a.State {
	case stateVerified:
		return "in effect, confirmed by the other side"
	case stateSent:
		return "sent, NOT VERIFIED: nothing was read back"
	case stateUnknown:
		return "UNKNOWN: it may or may not have happened; look at the other side before repeating it"
	case stateSending:
		return "UNKNOWN: the record ends while it was being sent; look at the other side"
	case stateQueued:
		return "in the outbox, not sent yet"
	case stateDropped:
		if a.lost {
			return "given up: it may or may not have happened, and nobody found out"
		}
		return "given up, no effect was confirmed"
	case stateFailed:
		return "failed: no effect was confirmed"
	case stateRejected:
		return "refused by a person, never sent"
	case stateApproved:
		return "approved, never sent"
	case statePlanned:
		return "planned, never approved or sent"
	}
	return "not known"
}

// HowUndone says how the effect can be taken back, or was.
func (a Action) HowUndone() string {
	switch {
	case a.RevertedBy != "":
		return "undone by " + a.RevertedBy
	case a.Reverts != "":
		return "is itself the undoing of " + a.Reverts
	case a.Undo != "":
		return a.Undo
	case a.Attempts == 0:
		return "it was never sent"
	}
	return irrevocable
}

// irrevocable is what has to be seen before anything else of an action.
const irrevocable = "CANNOT BE UNDONE"

// open says that the effect is not known.
func (a *Action) open() bool { return a.State == stateUnknown || a.State == stateSending || a.lost }

// Decision is something that a person decided.
type Decision struct {
	Act
	What     string          `json:"what"`
	Why      string          `json:"why,omitempty"`
	Action   string          `json:"action,omitempty"`
	Digest   string          `json:"digest,omitempty"`
	Strength record.Strength `json:"strength,omitempty"`
	Expires  time.Time       `json:"expires,omitzero"`
	Signer   string          `json:"signer,omitempty"` // who signed it, "" when nobody did
	// BreakGlass says that a rule was gone around with it.
	BreakGlass bool `json:"break_glass,omitempty"`

	// Of a decision that was recorded as one: its id, what it was about, what was
	// known, what else could have been done, and who decided, where somebody else
	// wrote it down.
	ID           string        `json:"decision,omitempty"`
	Question     string        `json:"question,omitempty"`
	Basis        string        `json:"known,omitempty"`
	Alternatives []string      `json:"alternatives,omitempty"`
	Decider      string        `json:"decided_by,omitempty"`
	Role         incident.Role `json:"role,omitempty"`
	At           time.Time     `json:"at,omitzero"` // when, where it was written down later
}

// Known says how well the person is known.
func (d Decision) Known() string {
	if d.BreakGlass {
		return known(d.Strength, d.Signer) + ", BREAK-GLASS"
	}
	return known(d.Strength, d.Signer)
}

// decisions lists what people decided, in the order of the record.
func (b *builder) decisions() {
	latest := map[string]int64{}
	each(b, func(e record.Entry, p record.Decided) { latest[p.ID] = e.Seq }, record.DecisionTaken)
	for _, e := range b.entries {
		if b.bad[e.Seq] {
			continue
		}
		d := Decision{Act: act(e)}
		switch e.Kind { //nolint:exhaustive // the other kinds are no decisions
		case record.Noted:
			p, _ := decode[record.Note](b, e)
			if !p.Decision {
				continue
			}
			d.What = given(p.Text)
		case record.DecisionTaken:
			p, _ := decode[record.Decided](b, e)
			if latest[p.ID] != e.Seq || p.Withdrawn {
				continue
			}
			d.What, d.Why, d.ID, d.Question, d.Basis = given(p.Choice), p.Reason, p.ID, p.Question, first(p.Known, e.Absent("known"))
			d.Alternatives, d.Decider, d.Role, d.At = p.Alternatives, first(p.By, e.Absent("by")), p.Role, p.At.UTC()
			if p.At.IsZero() {
				d.At = time.Time{}
			}
		case record.ActionApproved, record.ActionRejected, record.ActionDropped:
			p, _ := decode[record.Decision](b, e)
			verb := "approved "
			switch e.Kind { //nolint:exhaustive // the third is the approval
			case record.ActionRejected:
				verb = "refused "
			case record.ActionDropped:
				verb = "gave up "
			}
			a := b.action(p.Action)
			d.What, d.Why = verb+p.Action+": "+a.Title, p.Reason
			if a.Target != "" {
				d.What += " on " + a.Target
			}
			d.Action, d.Digest, d.Strength, d.Expires, d.Act = p.Action, p.Digest, p.Strength, p.Expires.UTC(), giver(e, p)
			if p.Signature != nil {
				d.Signer = p.Signature.Principal
			}
			d.BreakGlass = p.BreakGlass
		case record.ActionExtended:
			p, _ := decode[record.Extension](b, e)
			d.What, d.Why, d.Action = "gave "+given(p.Action)+" more time, until "+stamp(p.Until), p.Reason, p.Action
		case record.StepSkipped:
			p, _ := decode[record.StepSkip](b, e)
			if p.Guard {
				continue
			}
			d.What, d.Why = "skipped the step "+given(e.Step), given(p.Reason)
		case record.IncidentChanged:
			p, _ := decode[record.Changed](b, e)
			if p.Severity == nil && p.TLP == nil {
				continue
			}
			why := p.Reason
			p.Reason = ""
			d.What, _ = describeChange(p)
			d.Why = why
		case record.IncidentClosed, record.IncidentReopened:
			p, _ := decode[record.Reason](b, e)
			d.What, _ = Describe(record.Entry{Kind: e.Kind})
			d.Why = p.Reason
		default:
			continue
		}
		b.r.Decisions = append(b.r.Decisions, d)
	}
}

// Communication is a message that left Firebreak, or tried to.
type Communication struct {
	Act
	Action     string `json:"action"`
	Connection string `json:"connection"`
	Target     string `json:"target"`
	Title      string `json:"title"`
	Text       string `json:"text,omitempty"`
	State      string `json:"state"`
	Ref        string `json:"ref,omitempty"`
	// Of an update: its id, to whom, and for which profile.
	Update   string         `json:"update,omitempty"`
	Audience string         `json:"audience,omitempty"`
	Profile  record.Profile `json:"profile,omitempty"`
	Late     time.Duration  `json:"late_ns,omitempty"` // behind the time that it was due
}

// communications are the attempted actions that carry words to people: those
// of notify steps, and those whose name says so.
func (b *builder) communications() {
	for _, a := range b.r.Actions {
		if a.Attempts == 0 || !b.speaks(a) {
			continue
		}
		at := a.Sent
		if at.Seq == 0 {
			at = a.Changed
		}
		b.r.Communications = append(b.r.Communications, Communication{
			Act: at, Action: a.ID, Connection: a.Connection, Target: a.Target, Title: a.Title,
			Text: a.message, State: a.State, Ref: a.Ref,
		})
	}
	each(b, b.updated, record.UpdateWritten)
	slices.SortStableFunc(b.r.Communications, func(x, y Communication) int { return int(x.Seq - y.Seq) })
}

// updated says of the messages that an update went out with whom it was for, and
// lists one that people were told by hand, or that went nowhere.
func (b *builder) updated(e record.Entry, p record.Update) {
	of := Communication{Act: act(e), Title: "update " + given(p.ID), Text: p.Text, Update: p.ID, Audience: p.Audience, Profile: p.Profile}
	if after := e.Time.Sub(p.Due); !p.Due.IsZero() && after > 0 {
		of.Late = after
	}
	carried := false
	for i := range b.r.Communications {
		if c := &b.r.Communications[i]; slices.Contains(p.Actions, c.Action) {
			c.Update, c.Audience, c.Profile, c.Late, carried = of.Update, of.Audience, of.Profile, of.Late, true
		}
	}
	switch {
	case p.ByHand != "":
		of.State, of.Target, of.Connection = "told by hand", p.ByHand, "by hand"
	case carried:
		return
	default:
		of.State = "not sent"
	}
	b.r.Communications = append(b.r.Communications, of)
}

func (b *builder) speaks(a Action) bool {
	for _, book := range b.lives {
		if book == nil {
			continue
		}
		if s, ok := book.Step(a.Step); ok && a.Step != "" && s.Verb == playbooks.VerbNotify {
			return true
		}
	}
	return slices.ContainsFunc([]string{"pagerduty.", "webhook.", "slack.", "email.", "github.issue.", "github.comment."},
		func(p string) bool { return strings.HasPrefix(a.Name, p) })
}
