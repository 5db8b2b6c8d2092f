package response

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// wish is an action somebody wants planned.
type wish struct {
	name       string
	connection string
	params     map[string]any
	step       string
	reason     string
	reverts    string
	title      string               // the step's, with its values in place
	step0      *playbooks.Step      // the playbook's word on approval and impact
	again      time.Time            // of a step that repeats: when it was done last
	lasts      *time.Duration       // how long the effect is to last; nil: nobody said
	ends       string               // what happens then, see record.Planned
	breakGlass bool                 // rules that it breaks are gone around, and named
	once       bool                 // of a message: whatever became of it, it is not planned again
	declared   bool                 // of an undoing: the plan it undoes says when, and was approved
	message    bool                 // it carries words to people
	said       integrations.Message // as it is, before it was made fit for those who read it
	audience   string
	unread     bool         // the plan was made without asking what is there
	instead    string       // the action whose message it carries
	repeats    store.Action // what a person wants sent once more
	item       string       // the follow-up that it files
}

// Plan plans an action outside the playbook.
func (s *Session) Plan(ctx context.Context, id incident.ID, r PlanRequest) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	w := wish{name: r.Action, connection: r.Connection, params: r.Params, step: r.Step, reason: r.Reason}
	if err := w.asked(r); err != nil {
		return ActionView{}, err
	}
	if w.step != "" { // what its playbook says of the step holds for it as well
		st, err := s.stepStatus(ctx, f, w.step)
		if err != nil {
			return ActionView{}, err
		}
		if st != nil {
			w.step0 = st.Step
		}
	}
	return s.plan(ctx, f, w)
}

// asked puts into a wish what a person asks for besides the action itself.
func (w *wish) asked(r PlanRequest) error {
	if r.Reason != "" {
		w.reason = r.Reason
	}
	if r.BreakGlass && strings.TrimSpace(r.Reason) == "" {
		return usage("--reason WHY", "going around a rule needs a reason")
	}
	w.breakGlass = r.BreakGlass
	if r.Lasts != nil {
		w.lasts = r.Lasts
	}
	if r.Reverts {
		if w.ends = record.EndsReverted; w.lasts == nil || *w.lasts <= 0 {
			return usage("say how long it lasts: --for 2h", "an effect that is undone by itself needs an end")
		}
	}
	return nil
}

// PlanStep plans the action of a step, or returns the plan it has already when
// nobody decided on it yet and it still says the same.
func (s *Session) PlanStep(ctx context.Context, id incident.ID, step string) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	w, err := s.stepWish(ctx, f, step)
	if err != nil {
		return ActionView{}, err
	}
	return s.current(ctx, f, w)
}

// PlanStepAs plans the action of a step as a person asks for it: for another
// time than the playbook says, or around a rule.
func (s *Session) PlanStepAs(ctx context.Context, id incident.ID, step string, r PlanRequest) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	w, err := s.stepWish(ctx, f, step)
	if err == nil {
		err = w.asked(r)
	}
	if err != nil {
		return ActionView{}, err
	}
	return s.current(ctx, f, w)
}

// current returns the action that stands for a wish: the one under way, the one
// planned if it still says the same, else a new plan. A plan that no longer
// fits is withdrawn, so that nobody sends it later.
func (s *Session) current(ctx context.Context, f *folder, w wish) (ActionView, error) {
	a, ok, err := s.latestOf(ctx, f, w)
	if err != nil {
		return ActionView{}, err
	}
	switch {
	case ok && (a.State == Sending || a.State == Unknown || a.State == Queued):
		return a, nil
	case ok && (a.State == Planned || a.State == Approved || a.NotSent()):
		same, err := s.same(ctx, f, a, w)
		if err != nil || same {
			return a, err
		}
		err = f.updateAction(ctx, s, a.Action, func(now store.Action) (record.Kind, any, error) {
			if st := ActionState(now.State); st != Planned && st != Approved && !notDone(now) {
				return "", nil, errMoved
			}
			return record.ActionRejected, record.Decision{Action: now.Action, Digest: now.Digest, Reason: "withdrawn: what it was planned for has changed", Strength: record.Local}, nil
		})
		if errors.Is(err, errMoved) { // another process was first: it is under way
			return f.action(ctx, a.Action)
		}
		if err != nil {
			return ActionView{}, err
		}
	}
	return s.plan(ctx, f, w)
}

// same says whether planning the wish again would give the same plan.
func (s *Session) same(ctx context.Context, f *folder, a ActionView, w wish) (bool, error) {
	reg, err := s.s.systems(f)
	if err != nil {
		return false, err
	}
	impl, connection, err := reg.Lookup(a.Name, a.Connection)
	if err != nil {
		return false, usage("firebreak actions lists what the configured connections can do", "%w", err)
	}
	if err := integrations.Check(impl.Describe(), w.params); err != nil {
		return false, usage("", "%w", err)
	}
	asks := w.lasts != nil || w.breakGlass // a person's own words are another plan
	if was := boundOf(a); !asks {
		was.into(&w)
	}
	p, err := s.prepare(ctx, f, impl, integrations.Call{Action: a.Name, Connection: connection, Params: w.params, Key: a.Key, Incident: f.id, Step: w.step}, w)
	if err != nil {
		return false, err
	}
	digest, err := p.Digest()
	return digest == a.Digest, err
}

// stepWish resolves the action a step asks for.
func (s *Session) stepWish(ctx context.Context, f *folder, step string) (wish, error) {
	var w wish
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		st, ok := run.Status(step)
		if !ok {
			return notFound("firebreak show lists the steps", "step %q: %w", step, incident.ErrNotFound)
		}
		if st.State == playbooks.Locked {
			return refused("", "step %s is locked (%s)", step, st.Why)
		}
		r, err := run.Resolve(st.Step)
		if err != nil {
			return unset(f.id, err)
		}
		w = wish{step: step, step0: st.Step, title: st.Title, reason: st.Title}
		w.name, w.connection = f.actionOf(st.Step)
		switch st.Step.Verb { //nolint:exhaustive // the others have no plan
		case playbooks.VerbAction:
			w.params = r.With
		case playbooks.VerbHTTP:
			w.params = requestParams(r.HTTP)
		case playbooks.VerbRun:
			w.params = commandParams(r)
		default:
			return refused("", "step %s is a %s step: it has no plan", step, st.Step.Verb)
		}
		return nil
	})
	return w, err
}

// plan reads the prior state, works out the plan and records it.
func (s *Session) plan(ctx context.Context, f *folder, w wish) (ActionView, error) {
	reg, err := s.s.systems(f)
	if err != nil {
		return ActionView{}, err
	}
	action, connection, err := reg.Lookup(w.name, w.connection)
	if err != nil {
		return ActionView{}, usage("firebreak actions lists what the configured connections can do", "%w", err)
	}
	d := action.Describe()
	if err := integrations.Check(d, w.params); err != nil {
		return ActionView{}, usage("", "%w", err)
	}
	key, err := s.newKey(f.id, w)
	if err != nil {
		return ActionView{}, err
	}
	call := integrations.Call{Action: w.name, Connection: connection, Params: w.params, Key: key, Incident: f.id, Step: w.step}
	p, err := s.prepare(ctx, f, action, call, w)
	if err != nil {
		return ActionView{}, err
	}
	planned, err := describePlan(d, p, w)
	if err != nil {
		return ActionView{}, err
	}
	if planned.Level, planned.Tried, err = try(ctx, action, call, p); err != nil {
		return ActionView{}, err
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		if err := mayAct(tx, planned); err != nil {
			return record.Draft{}, err
		}
		if planned.Action, err = underWay(tx, w); err != nil || planned.Action != "" {
			return record.Draft{}, errors.Join(errMoved, err)
		}
		if planned.Action, err = tx.NextID("a"); err != nil {
			return record.Draft{}, err
		}
		return s.draft(tx, record.ActionPlanned, w.step, planned)
	})
	if err != nil && (!errors.Is(err, errMoved) || planned.Action == "") {
		return ActionView{}, err
	}
	return f.action(ctx, planned.Action) // ours, or that of a process that was first
}

// underWay names the action that another process planned for the same wish in
// the meantime, "" when there is none.
func underWay(tx *store.Tx, w wish) (string, error) {
	if w.step == "" && w.reverts == "" && !w.once || w.repeats.Action != "" {
		return "", nil
	}
	all, err := tx.Actions()
	if err != nil {
		return "", err
	}
	for _, a := range slices.Backward(all) {
		if !w.isOf(a) {
			continue
		}
		if w.once {
			return a.Action, nil
		}
		switch ActionState(a.State) {
		case Planned, Approved, Queued, Sending, Unknown:
			return a.Action, nil
		case Sent, Verified, Failed, Rejected, Dropped:
		}
		return "", nil
	}
	return "", nil
}

// draw reads what is there and plans, without sending anything that writes.
func (s *Service) draw(ctx context.Context, a integrations.Action, call integrations.Call) (integrations.Plan, error) {
	call.Seal = integrations.SealPlace // the head moves on; the digest must not
	if v, ok := a.(integrations.Validator); ok {
		if err := v.Validate(call); err != nil {
			return integrations.Plan{}, actionError("check "+call.Action, err)
		}
	}
	prior, err := a.Prior(ctx, call)
	if err != nil {
		return integrations.Plan{}, actionError("read the state before "+call.Action, err)
	}
	p, err := a.Plan(ctx, call, prior)
	if err != nil {
		return integrations.Plan{}, actionError("plan "+call.Action, err)
	}
	p.Bound = nil // it is ours to say
	return p, nil
}

// The levels to which a plan was tried before anybody agrees to it.
const (
	LevelWritten = 0 // the requests are written out
	LevelRead    = 1 // and what is there was read
	LevelTried   = 2 // and the other side has tried it, without doing it
)

// try has the other side try the plan, where it can. What it refuses is not
// planned.
func try(ctx context.Context, a integrations.Action, call integrations.Call, p integrations.Plan) (level int, says string, err error) {
	if len(p.Prior.State) > 0 {
		level = LevelRead
	}
	runner, ok := a.(integrations.DryRunner)
	if !ok || p.Unchanged {
		return level, "", nil
	}
	call.Seal = integrations.SealPlace
	says, err = runner.DryRun(ctx, call, p)
	switch {
	case err == nil:
		return LevelTried, says, nil
	case integrations.OutcomeOf(err) == integrations.Rejected:
		return level, "", actionError("try "+call.Action, err)
	case ctx.Err() != nil:
		return level, "", context.Cause(ctx)
	}
	return level, "could not be tried: " + err.Error(), nil
}

// describePlan makes the record's form of a plan.
func describePlan(d integrations.Description, p integrations.Plan, w wish) (record.Planned, error) {
	canonical, err := p.Canonical()
	if err != nil {
		return record.Planned{}, err
	}
	digest, err := p.Digest()
	if err != nil {
		return record.Planned{}, err
	}
	out := record.Planned{
		Name: d.Name, Connection: p.Call.Connection, Title: d.Title, Target: p.Target, Danger: d.Danger,
		Digest: digest, Key: p.Call.Key, Plan: canonical, Undo: p.Undo, Reverts: w.reverts, Reason: w.reason,
		Message: w.message, Instead: w.instead, Again: w.repeats.Action,
		Item: w.item,
	}
	if w.step0 != nil {
		if r := w.step0.Rollback; out.Undo == "" && w.reverts == "" && r != nil {
			out.Undo = undoneBy(r)
		}
		out.Title = cmp.Or(w.title, d.Title)
		out.Danger = max(out.Danger, danger(w.step0))
	}
	out.Approvals, out.By = approvalsFor(out.Danger, w.step0)
	if b := p.Bound; b != nil {
		out.Second, out.Typed, out.Lasts, out.Overrides = b.Second, b.Typed, b.TimeBox, b.Overrides
		if b.Reverts {
			out.Ends = record.EndsReverted
		}
		if b.Second || b.Typed {
			out.Approvals = max(out.Approvals, 1)
		}
	}
	if was := w.repeats.Planned; was.Action != "" { // it needs no less than the first time
		out.Title, out.Danger, out.Undo = was.Title, max(out.Danger, was.Danger), cmp.Or(out.Undo, was.Undo)
		out.Approvals, out.By = max(out.Approvals, was.Approvals), was.By
		out.Second, out.Typed = out.Second || was.Second, out.Typed || was.Typed
	}
	if w.declared { // who approved what it undoes has approved this, too
		out.Approvals, out.By, out.Second, out.Typed = 0, "", false, false
	}
	return out, nil
}

// boundWish is what of a plan was asked for beside its action: the same plan is
// made again only with it.
type boundWish struct {
	bound      bool
	lasts      string
	ends       string
	breakGlass bool
}

func boundOf(a ActionView) boundWish {
	return boundWish{a.Details.Bound, a.Lasts, a.Ends, len(a.Overrides) > 0}
}

func (b boundWish) into(w *wish) {
	if !b.bound {
		return
	}
	lasts, err := time.ParseDuration(b.lasts)
	if err != nil {
		lasts = 0 // without an end
	}
	w.lasts, w.ends, w.breakGlass = &lasts, b.ends, b.breakGlass
}

// undoneBy is how a playbook says that a step is undone.
func undoneBy(r *playbooks.Rollback) string {
	switch {
	case r.Action != "":
		return "by " + r.Action
	case len(r.Run) > 0:
		return "by running " + r.Run[0]
	case r.HTTP != nil:
		return "by " + r.HTTP.Method + " " + r.HTTP.URL
	}
	return ""
}

// approvalsFor is how many people must agree, and in which role. What only
// reads or is of low danger needs a plain yes; a playbook can ask for more.
func approvalsFor(danger incident.Danger, step *playbooks.Step) (int, incident.Role) {
	n, by := 0, incident.Role("")
	if danger >= incident.Medium {
		n = 1
	}
	if step != nil && step.Approve != nil {
		n, by = max(1, step.Approve.Count), step.Approve.By
	}
	return n, by
}

// newKey makes the idempotency key that stays with this plan over all retries.
func (s *Session) newKey(id incident.ID, w wish) (string, error) {
	if w.repeats.Action != "" { // the next epoch of the same intent
		return integrations.Key(id, w.repeats.Key, 1), nil
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(s.s.o.Rand, nonce); err != nil {
		return "", fmt.Errorf("make idempotency key: %w", err)
	}
	return integrations.Key(id, w.name+" "+hex.EncodeToString(nonce), 0), nil
}

// Action returns one action with its plan.
func (s *Session) Action(ctx context.Context, id incident.ID, action string) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	return f.action(ctx, action)
}

func (f *folder) action(ctx context.Context, action string) (ActionView, error) {
	var a store.Action
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Action(action)
		return err
	})
	if err != nil {
		return ActionView{}, noAction(err)
	}
	return actionView(a)
}

// isOf says that an action is what the wish wants.
func (w wish) isOf(a store.Action) bool {
	switch {
	case w.once:
		return a.Reason == w.reason && a.Name == w.name && a.Connection == w.connection
	case w.reverts != "":
		return a.Reverts == w.reverts
	}
	return a.Step == w.step && (w.name == "" || a.Name == w.name) && a.Reverts == "" && a.Instead == w.instead && (w.connection == "" || a.Connection == w.connection)
}

// latestOf returns the newest action that is what the wish wants.
func (s *Session) latestOf(ctx context.Context, f *folder, w wish) (ActionView, bool, error) {
	var found *store.Action
	err := f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, a := range slices.Backward(all) {
			if w.isOf(a) {
				found = &a
				break
			}
		}
		return err
	})
	if err != nil || found == nil {
		return ActionView{}, false, err
	}
	v, err := actionView(*found)
	return v, err == nil, err
}

func actionView(a store.Action) (ActionView, error) {
	var p integrations.Plan
	if err := json.Unmarshal(a.Plan, &p); err != nil {
		return ActionView{}, fmt.Errorf("read plan of %s: %w", a.Action, err)
	}
	v := ActionView{
		Planned: a.Planned, Step: a.Step, State: ActionState(a.State), PlannedAt: a.PlannedAt, PlannedBy: a.PlannedBy,
		Attempts: a.Attempts, Changed: a.Changed, Ref: a.Last.Ref, Says: a.Last.Says, Class: a.Last.Class, RevertedBy: a.RevertedBy,
		Details: detailsOf(p),
	}
	if a.Last.Error != "" {
		v.Says = a.Last.Error
	}
	if a.Queue != nil && v.State == Queued {
		v.NextTry, v.Says, v.Class = a.Queue.NotBefore, a.Queue.Error, a.Queue.Class
	}
	if a.Given != "" {
		v.Says = a.Given
	}
	for _, ap := range a.Approvals {
		given := Given{Person: approver(ap), Strength: ap.Strength, Expires: ap.Expires, Reason: ap.Reason, BreakGlass: ap.BreakGlass}
		if ap.Signature != nil {
			given.Principal, given.Key = ap.Signature.Principal, ap.Signature.Key
		}
		v.ApprovedBy, v.Given = append(v.ApprovedBy, given.Person), append(v.Given, given)
		v.Expires = ap.Expires
	}
	return v, nil
}

func requestText(r integrations.Request) string {
	var b strings.Builder
	if len(r.Argv) > 0 {
		for _, e := range r.Env {
			b.WriteString(e + "\n")
		}
		fmt.Fprintf(&b, "exec %q", r.Argv)
	} else {
		b.WriteString(r.Method + " " + r.URL)
		for _, h := range r.Headers {
			b.WriteString("\n" + h)
		}
	}
	if r.Body != "" {
		b.WriteString("\n" + r.Body)
	}
	return b.String()
}
