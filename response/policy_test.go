package response

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// block plans the block of an address as one person, and returns the plan.
func (b *bench) block(address string) ActionView {
	b.Helper()
	a, err := b.s.Plan(b.Context(), b.id, blockOf(address))
	b.must(err)
	return a
}

func blockOf(address string) PlanRequest {
	return PlanRequest{Action: "linux.nft.block", Params: map[string]any{"address": address}, Reason: "scanning"}
}

// carry approves an action and sends it.
func (b *bench) carry(a ActionView) ActionView {
	b.Helper()
	confirm := ""
	if a.MustType() {
		confirm = a.Target
	}
	b.must(b.s.Approve(b.Context(), b.id, a.Action, a.Digest, confirm, ""))
	done, err := b.s.Do(b.Context(), b.id, a.Action)
	b.must(err)
	return done
}

// refusal is the error of a plan that a rule forbids.
func (b *bench) refusal(r PlanRequest, says ...string) {
	b.Helper()
	_, err := b.s.Plan(b.Context(), b.id, r)
	b.want(CodeRefused, err)
	for _, want := range says {
		if !strings.Contains(err.Error()+" ["+HintOf(err)+"]", want) {
			b.Errorf("%v [%s]: want %q", err, HintOf(err), want)
		}
	}
}

func TestAStalePlanSaysWhatChanged(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	first, second := b.block("203.0.113.9"), b.block("203.0.113.9")
	b.must(b.s.Approve(t.Context(), b.id, second.Action, second.Digest, "", ""))
	b.carry(first)
	_, err := b.s.Do(t.Context(), b.id, second.Action)
	b.want(CodeRefused, err)
	if got := strings.Join(ChangesOf(err), "\n"); !strings.Contains(got, "what is there: blocked was false, is true") || !strings.Contains(HintOf(err), "firebreak plan") {
		t.Errorf("%q [%s]", got, HintOf(err))
	}
}

// What a plan is bound to is not only what its action says.
func TestAPlanIsBoundToProgramLimitsAndSeverity(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	a := b.block("203.0.113.9")
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	for name, x := range map[string]struct {
		conf config.Config
		says string
	}{
		"limits":  {config.Config{Limits: config.Limits{Hour: 3}}, "the limits was step 5"},
		"persons": {config.Config{TwoPersons: config.TwoPersons{Danger: "medium", Severity: "sev4", Always: true}}, "second"},
	} {
		_, err := b.service(x.conf).As(b.s.by).Do(t.Context(), b.id, a.Action)
		if got := strings.Join(ChangesOf(err), "\n"); !strings.Contains(got, x.says) {
			t.Errorf("%s: %v: want %q", name, err, x.says)
		}
	}
	if _, err := b.s.Do(t.Context(), b.id, a.Action); err != nil {
		t.Error(err)
	}
}

// A plan that an older version made and people approved can still be sent.
func TestAPlanOfAnOlderRecordIsSent(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	a := b.block("203.0.113.9")
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	for _, stale := range []bool{false, true} {
		st, err := b.s.stored(ctx, f, a.Action)
		b.must(err)
		var p integrations.Plan
		b.must(json.Unmarshal(st.Plan, &p))
		p.Bound = nil
		if stale {
			p.Identity = "somebody else"
		}
		old := record.Planned{Name: st.Name, Connection: st.Connection, Title: st.Title, Target: st.Target, Danger: st.Danger, Key: st.Key, Undo: st.Undo, Approvals: 1}
		old.Digest, err = p.FormerDigest()
		b.must(err)
		var tree any
		plain, err := json.Marshal(p)
		b.must(err)
		b.must(json.Unmarshal(plain, &tree))
		old.Plan, err = json.Marshal(tree)
		b.must(err)
		_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
			if old.Action, err = tx.NextID("a"); err != nil {
				return record.Draft{}, err
			}
			return b.s.draft(tx, record.ActionPlanned, "", old)
		})
		b.must(err)
		before := b.effects(w)
		b.must(b.s.Approve(ctx, b.id, old.Action, old.Digest, "", ""))
		_, err = b.s.Do(ctx, b.id, old.Action)
		switch {
		case stale && (CodeOf(err) != CodeRefused || !strings.Contains(err.Error(), "somebody else")):
			t.Errorf("stale: %v", err)
		case !stale && (err != nil || b.effects(w) != before+1):
			t.Errorf("%v, %d effects", err, b.effects(w)-before)
		}
		if !stale { // and what it did has no time box, and is listed all the same
			all, err := b.s.Contained(ctx, b.id)
			b.must(err)
			if len(all) != 1 || !all[0].Until.IsZero() || all[0].Undo == "" {
				t.Errorf("%+v", all)
			}
			b.must(err)
			u, err := b.s.Revert(ctx, b.id, old.Action, "")
			b.must(err)
			b.carry(u)
		}
	}
	b.verified()
}

func TestLimitsSayWhichAndHowToGoOn(t *testing.T) {
	b := newBench(t, config.Config{Limits: config.Limits{Step: config.NoLimit, Incident: 3, Hour: 2}})
	w := b.drill(oneComment)
	ctx := t.Context()
	one := b.carry(b.block("203.0.113.1"))
	b.carry(b.block("203.0.113.2"))
	b.refusal(blockOf("203.0.113.3"), "limit hour: at most 2 targets of one hour; 2 so far, this would be 3", "go on after", "limits.hour", "--break-glass")
	if p, err := b.s.Plan(ctx, b.id, blockOf("203.0.113.2")); err != nil || !p.Details.Unchanged {
		t.Errorf("what changes nothing is counted: %v", err)
	}
	b.clock.Advance(61 * time.Minute)
	b.carry(b.block("203.0.113.3"))
	b.refusal(blockOf("203.0.113.4"), "limit incident: at most 3 targets", "firebreak contained")
	u, err := b.s.Revert(ctx, b.id, one.Action, "")
	b.must(err)
	b.carry(u) // it takes back: no limit counts it
	b.must(b.s.CloseIncident(ctx, b.id, "enough"))
	if b.effects(w) != 4 {
		t.Errorf("%d effects", b.effects(w))
	}
}

// Two plans were made while there was room for one: only one is sent.
func TestLimitsHoldWhenItIsSent(t *testing.T) {
	b := newBench(t, config.Config{Limits: config.Limits{Hour: 1}})
	w := b.drill(oneComment)
	first, second := b.block("203.0.113.1"), b.block("203.0.113.2")
	for _, a := range []ActionView{first, second} {
		b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	}
	_, err := b.s.Do(t.Context(), b.id, first.Action)
	b.must(err)
	_, err = b.s.Do(t.Context(), b.id, second.Action)
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "limit hour") || b.effects(w) != 1 {
		t.Errorf("%v, %d effects", err, b.effects(w))
	}
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	if _, err := b.s.begin(t.Context(), f, second.Action); CodeOf(err) != CodeRefused { // past the first look: in the transaction itself
		t.Errorf("it began: %v", err)
	}
}

func TestShareAndWide(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	j := candidate{danger: incident.Medium, plan: integrations.Plan{Targets: []integrations.Target{{Kind: "user", ID: "1", Of: 4}}}}
	over := func(says string) {
		t.Helper()
		bs, err := b.s.overLimits(t.Context(), f, j)
		b.must(err)
		got := ""
		for _, x := range bs {
			got += x.says + "\n"
		}
		if says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("%q: want %q", got, says)
		}
	}
	over("") // one alone is never too large a share
	j.plan.Targets = append(j.plan.Targets, integrations.Target{Kind: "user", ID: "2", Of: 4})
	over("limit share: at most 10% of all; this would be 2 of 4 (user, 50%)")
	j.plan.Targets[0].Of, j.plan.Targets[1].Of = 40, 40
	over("")
	j.d.Wide = true
	over("")
	if bind, err := b.s.binding(t.Context(), f, j); err != nil || !bind.Typed {
		t.Errorf("a wide action is not treated as dangerous: %+v, %v", bind, err)
	}
	b.s.s.o.Config.Limits.Wide = config.WideRefuse
	over("limit wide")
	j.d.ReadOnly = true
	over("")
}

func TestProtectedAndOurOwn(t *testing.T) {
	b := newBench(t, config.Config{Protected: []string{"user:*-breakglass", "id:4711", "db-1", "10.0.0.0/8"}})
	b.s.s.o.SSHClient = "198.51.100.7 51022 192.0.2.1 22"
	plan := func(p integrations.Plan) integrations.Plan { return p }
	for name, x := range map[string]struct {
		plan integrations.Plan
		want string
	}{
		"by kind":              {integrations.Plan{Target: "x", Targets: []integrations.Target{{Kind: "user", ID: "1", Name: "Okta-BreakGlass"}}}, "user:*-breakglass"},
		"another kind":         {integrations.Plan{Target: "okta-breakglass", Targets: []integrations.Target{{Kind: "repo", ID: "1", Name: "okta-breakglass"}}}, ""},
		"by id":                {integrations.Plan{Target: "x", Targets: []integrations.Target{{Kind: "repo", ID: "4711", Name: "acme/site"}}}, "id:4711"},
		"a param":              {integrations.Plan{Target: "x", Call: integrations.Call{Params: map[string]any{"login": "aws-breakglass"}}}, "user:*-breakglass"},
		"a message of it":      {integrations.Plan{Target: "chat", Call: integrations.Call{Params: map[string]any{"text": "the attacker used aws-breakglass on db-1"}}}, ""},
		"in a command":         {integrations.Plan{Target: "ssh", Call: integrations.Call{Params: map[string]any{"argv": []any{"sh", "-c", "ssh root@db-1 reboot"}}}}, "db-1"},
		"in a URL":             {integrations.Plan{Target: "PUT", Call: integrations.Call{Params: map[string]any{"url": "/api/block/10.1.2.3?x=1"}}}, "10.0.0.0/8"},
		"our own account":      {integrations.Plan{Identity: "ada-bot", Targets: []integrations.Target{{Kind: "member", ID: "7", Name: "Ada-Bot"}}}, "own account"},
		"a repo of that name":  {integrations.Plan{Identity: "ada-bot", Targets: []integrations.Target{{Kind: "repo", ID: "7", Name: "ada-bot"}}}, ""},
		"our own session":      {integrations.Plan{Targets: []integrations.Target{{Kind: "address", ID: "198.51.100.0/24"}}}, "own session"},
		"the other end":        {integrations.Plan{Call: integrations.Call{Params: map[string]any{"address": "192.0.2.1"}}}, "own session"},
		"a port of no address": {integrations.Plan{Targets: []integrations.Target{{Kind: "process", ID: "22:51022", Name: "sshd"}}}, ""},
		"kube-system":          {integrations.Plan{Targets: []integrations.Target{{Kind: "pod", ID: "uid", Name: "kube-system/coredns-1"}}}, "kube-system"},
		"its namespace":        {integrations.Plan{Call: integrations.Call{Params: map[string]any{"namespace": "kube-system"}}}, "kube-system"},
		"another namespace":    {integrations.Plan{Targets: []integrations.Target{{Kind: "pod", ID: "uid", Name: "shop/web-1"}}}, ""},
	} {
		got := ""
		for _, br := range b.s.protect(candidate{plan: plan(x.plan)}) {
			got += br.rule + " "
		}
		if x.want == "" && got != "" || !strings.Contains(got, x.want) {
			t.Errorf("%s: %q: want %q", name, got, x.want)
		}
	}
}

// A rule that came after the approval holds when it is sent.
func TestProtectionHoldsWhenItIsSent(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.block("203.0.113.9")
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	later := b.service(config.Config{Protected: []string{"203.0.113.0/24"}}).As(b.s.by)
	_, err := later.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "203.0.113.0/24 protects") || b.effects(w) != 0 {
		t.Errorf("%v, %d effects", err, b.effects(w))
	}
	// What we did before is undone all the same.
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
	u, err := later.Revert(t.Context(), b.id, a.Action, "")
	b.must(err)
	b.must(later.Approve(t.Context(), b.id, u.Action, u.Digest, "", ""))
	_, err = later.Do(t.Context(), b.id, u.Action)
	b.must(err)
}

func TestBreakingGlassNamesTheRuleAndWantsSomebodyElse(t *testing.T) {
	b := newBench(t, config.Config{Protected: []string{"203.0.113.0/24"}})
	w := b.drill(oneComment)
	ctx := t.Context()
	r := blockOf("203.0.113.9")
	b.refusal(r, "protects", "--break-glass")
	r.BreakGlass, r.Reason = true, " "
	_, err := b.s.Plan(ctx, b.id, r)
	b.want(CodeUsage, err)
	r.Reason = "the resolver itself attacks"
	a, err := b.s.Plan(ctx, b.id, r)
	b.must(err)
	if len(a.Overrides) != 1 || a.Overrides[0] != "protected: 203.0.113.0/24" || !a.Second || !a.MustType() || a.Approvals != 1 {
		t.Fatalf("%+v", a.Planned)
	}
	grace := b.s.s.As(incident.Actor{Name: "grace"})
	glass := b.s.BreakingGlass()
	b.want(CodeRefused, glass.Approve(ctx, b.id, a.Action, a.Digest, a.Target, "alone"))               // who planned it
	b.want(CodeRefused, grace.Approve(ctx, b.id, a.Action, a.Digest, a.Target, "fine"))                // does not say that it breaks glass
	b.want(CodeUsage, grace.BreakingGlass().Approve(ctx, b.id, a.Action, a.Digest, a.Target, ""))      // no reason
	b.want(CodeRefused, grace.BreakingGlass().Approve(ctx, b.id, a.Action, a.Digest, "", "not typed")) // no target
	b.must(grace.BreakingGlass().Approve(ctx, b.id, a.Action, a.Digest, a.Target, "the site is down anyway"))
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.must(err)
	got, err := b.s.Action(ctx, b.id, a.Action)
	b.must(err)
	if !got.Given[0].BreakGlass || b.effects(w) != 1 || !strings.Contains(got.Approvers()[0], "BREAK-GLASS") {
		t.Errorf("%+v, %d effects", got.Given, b.effects(w))
	}
	b.verified()
}

// high is an action of high danger, in an incident of that severity.
const deployKey = `playbook: v1
id: deploy-key
name: Deploy key
version: 1.0.0
severity: sev2
phases:
  contain:
    - id: comment
      title: Delete the key
      action: github.workflow.disable
      connection: github
      with: {repo: acme/payments, workflow: release.yml}
      impact: high
`

func TestASecondPersonAtHighDanger(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	for name, x := range map[string]struct {
		conf   config.TwoPersons
		people []person
		sev    incident.Severity
		second bool
		alone  bool // break-glass helps
	}{
		"two on the roster":  {people: []person{ada, bob}, sev: incident.SEV2, second: true, alone: true},
		"one on the roster":  {people: []person{ada}, sev: incident.SEV1},
		"a lesser incident":  {people: []person{ada, bob}, sev: incident.SEV3},
		"stricter severity":  {conf: config.TwoPersons{Severity: "sev3"}, people: []person{ada, bob}, sev: incident.SEV3, second: true, alone: true},
		"always":             {conf: config.TwoPersons{Always: true}, people: []person{ada}, sev: incident.SEV1, second: true, alone: true},
		"nobody goes around": {conf: config.TwoPersons{BreakGlass: config.BreakGlassNever}, people: []person{ada, bob}, sev: incident.SEV1, second: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := signBench(t, config.Config{TwoPersons: x.conf, Sign: config.SignNever}, x.people...)
			b.drill(deployKey)
			ctx := t.Context()
			b.must(b.s.Change(ctx, b.id, record.Changed{Severity: &x.sev}))
			a, err := b.s.PlanStep(ctx, b.id, "comment")
			b.must(err)
			if a.Second != x.second || !a.MustType() {
				t.Fatalf("second %v, typed %v", a.Second, a.MustType())
			}
			err = b.s.Approve(ctx, b.id, a.Action, a.Digest, a.Target, "")
			if !x.second {
				b.must(err)
				return
			}
			b.want(CodeRefused, err)
			if strings.Contains(HintOf(err), "break-glass") != x.alone {
				t.Errorf("hint %q", HintOf(err))
			}
			err = b.s.BreakingGlass().Approve(ctx, b.id, a.Action, a.Digest, a.Target, "nobody answers the phone")
			if x.alone != (err == nil) {
				t.Errorf("alone: %v", err)
			}
			if !x.alone {
				b.must(b.s.s.As(incident.Actor{Name: "bob"}).Approve(ctx, b.id, a.Action, a.Digest, a.Target, ""))
			}
			_, err = b.s.Do(ctx, b.id, a.Action)
			b.must(err)
			b.verified()
		})
	}
}

func TestBreakingGlassForNothingIsRefused(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	a := b.block("203.0.113.9")
	b.want(CodeUsage, b.s.BreakingGlass().Approve(t.Context(), b.id, a.Action, a.Digest, "", "why not"))
}

func TestEvidenceBeforeWhatCannotBeUndone(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(strings.Replace(oneComment, "      approve:", "      impact: high\n      approve:", 1))
	ctx := t.Context()
	b.must(b.s.DoneStep(ctx, b.id, "ask", nil, ""))
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	j := candidate{danger: incident.High, d: integrations.Description{Name: "linux.process.kill"}, plan: integrations.Plan{Target: "811"}}
	first := func() string {
		t.Helper()
		bs, err := b.s.evidenceFirst(ctx, f, j)
		b.must(err)
		got := ""
		for _, x := range bs {
			got += x.says + " " + x.hint + "\n"
		}
		return got
	}
	if got := first(); !strings.Contains(got, "no evidence is sealed") || !strings.Contains(got, "firebreak collect") {
		t.Errorf("%q", got)
	}
	_, err = b.s.Ingest(ctx, b.id, []string{b.file("auth.log", "Nov 20 03:00:00 web-1 sshd[1]: Accepted password for root from 203.0.113.9 port 22 ssh2\n")}, IngestOptions{Year: 2026}, nil)
	b.must(err)
	if got := first(); got != "" {
		t.Errorf("with evidence: %q", got)
	}
	xs, _, err := b.s.Evidence(ctx, b.id)
	b.must(err)
	if xs[0].Checked == nil || !xs[0].Checked.OK {
		t.Error("the exhibit was not hashed again")
	}
	for name, x := range map[string]candidate{
		"can be undone":        {danger: incident.High, plan: integrations.Plan{Undo: "let it go on"}},
		"changes nothing":      {danger: incident.High, plan: integrations.Plan{Unchanged: true}},
		"a message":            {danger: incident.Low},
		"a command":            {danger: incident.Medium, d: integrations.Description{Name: "linux.run"}},
		"is itself an undoing": {danger: incident.High, w: wish{reverts: "a1"}},
	} {
		if x.irreversible() {
			t.Errorf("%s: counts as irreversible", name)
		}
	}
}

// tryable is an action whose other side can try a plan.
type tryable struct {
	integrations.Action
	says string
	err  error
}

func (a tryable) DryRun(context.Context, integrations.Call, integrations.Plan) (string, error) {
	return a.says, a.err
}

func TestHowFarAPlanWasTried(t *testing.T) {
	read := integrations.Plan{Prior: integrations.Prior{State: map[string]any{"a": 1}}}
	refuses := &integrations.Error{Outcome: integrations.Rejected, Err: context.DeadlineExceeded}
	away := &integrations.Error{Outcome: integrations.NotSent, Err: context.DeadlineExceeded}
	for name, x := range map[string]struct {
		a     integrations.Action
		p     integrations.Plan
		level int
		says  string
		fails bool
	}{
		"written":   {nil, integrations.Plan{}, LevelWritten, "", false},
		"read":      {nil, read, LevelRead, "", false},
		"tried":     {tryable{says: "created (server dry run)"}, read, LevelTried, "created (server dry run)", false},
		"refused":   {tryable{err: refuses}, read, 0, "", true},
		"not asked": {tryable{err: away}, read, LevelRead, "could not be tried", false},
		"no need":   {tryable{says: "x"}, integrations.Plan{Unchanged: true}, LevelWritten, "", false},
	} {
		level, says, err := try(t.Context(), x.a, integrations.Call{Action: "k8s.x"}, x.p)
		if x.fails != (err != nil) || err == nil && level != x.level || !strings.HasPrefix(says, x.says) {
			t.Errorf("%s: %d, %q, %v", name, level, says, err)
		}
	}
}

func TestManyTargetsAtOnceAndTheWholeHouse(t *testing.T) {
	b := newBench(t, config.Config{})
	l := b.lamps()
	l.scare = 4
	off := PlanRequest{Action: "lamp.off", Params: map[string]any{"lamp": "hall"}}
	a, err := b.s.Plan(t.Context(), b.id, off)
	b.must(err)
	if a.Details.Count != 5 || len(a.Details.Targets) != 5 || !strings.Contains(a.Details.Limits, "step 5") || a.MustType() {
		t.Errorf("%+v", a.Details)
	}
	l.of = 12
	b.refusal(off, "limit share: at most 10% of all; this would be 5 of 12 (lamp, 41%)")
	l.of, l.scare, l.wide = 0, 0, true
	a, err = b.s.Plan(t.Context(), b.id, off)
	b.must(err)
	if !a.MustType() || a.Danger != incident.Medium {
		t.Errorf("wide: %+v", a.Planned)
	}
	b.want(CodeRefused, b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "hall", ""))
}

func TestTheOtherSidesTryIsRecorded(t *testing.T) {
	b := newBench(t, config.Config{})
	l := b.lamps()
	l.tries = "would go off (dry run)"
	off := PlanRequest{Action: "lamp.off", Params: map[string]any{"lamp": "hall"}}
	a, err := b.s.Plan(t.Context(), b.id, off)
	b.must(err)
	if a.Level != LevelTried || !strings.Contains(a.LevelText(), l.tries) || len(l.state) != 0 {
		t.Errorf("%d %q, %v", a.Level, a.LevelText(), l.state)
	}
	l.tries = "would go off, said otherwise" // what it says is in the record, and binds nobody
	b.carry(a)
	l.tries = "no"
	b.refusal(PlanRequest{Action: "lamp.off", Params: map[string]any{"lamp": "door"}}, "there is no such lamp")
}

func TestWhatCannotBeUndoneWaitsForEvidenceAndATypedTarget(t *testing.T) {
	b := newBench(t, config.Config{})
	l := b.lamps()
	smash := PlanRequest{Action: "lamp.broken", Params: map[string]any{"lamp": "hall"}}
	b.refusal(smash, "no evidence is sealed", "firebreak collect", "--break-glass")
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", "Nov 20 03:00:00 web-1 sshd[1]: Accepted password for root from 203.0.113.9 port 22 ssh2\n")}, IngestOptions{Year: 2026}, nil)
	b.must(err)
	a, err := b.s.Plan(t.Context(), b.id, smash)
	b.must(err)
	b.want(CodeRefused, b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.carry(a)
	if l.state["hall"] != "broken" {
		t.Errorf("%v", l.state)
	}
	if u := b.rollback(RollbackRequest{})[a.Action]; u.Result != record.Irreversible {
		t.Errorf("%+v", u)
	}
	b.verified()
}

func TestEvidenceOfTheStepsThatAreNeeded(t *testing.T) {
	b := newBench(t, config.Config{})
	log := b.file("auth.log", "Nov 20 03:00:00 web-1 sshd[1]: Accepted password for root from 203.0.113.9 port 22 ssh2\n")
	b.drill(`playbook: v1
id: first
name: First
version: 1.0.0
phases:
  contain:
    - {id: look, manual: Look.}
    - {id: take, ingest: ["` + log + `"], needs: []}
    - {id: comment, action: github.run.cancel, with: {repo: acme/payments}, irreversible: it is gone, needs: [look, take], impact: high, approve: {by: commander}}
`)
	ctx := t.Context()
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	_, err = b.s.Ingest(ctx, b.id, []string{b.file("other.log", "Nov 20 03:00:01 web-1 sshd[1]: Accepted password for root from 203.0.113.9 port 22 ssh2\n")}, IngestOptions{Year: 2026}, nil)
	b.must(err) // evidence of another kind is there
	st, err := b.s.stepStatus(ctx, f, "comment")
	b.must(err)
	j := candidate{danger: incident.High, plan: integrations.Plan{Target: "x"}, w: wish{step0: st.Step}}
	bs, err := b.s.evidenceFirst(ctx, f, j)
	b.must(err)
	if len(bs) != 1 || !strings.Contains(bs[0].says, "step take, which it needs, has sealed nothing") {
		t.Errorf("%+v", bs)
	}
	b.must(b.s.RunStep(ctx, b.id, "take", nil))
	if bs, err = b.s.evidenceFirst(ctx, f, j); err != nil || len(bs) != 0 {
		t.Errorf("%+v, %v", bs, err)
	}
}
