package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/response"
)

// approval shows a whole plan and takes a yes or no to it. The yes is bound to
// the digest that is on the screen. How much is asked grows with the danger:
// low y/n, medium the plan and then a second question, high the target's name
// typed.
type approval struct {
	a     *app
	view  response.ActionView
	sure  bool // medium: the plan has been read, the question is asked
	field field
	wrong string
	top   int
	page  int
	rows  int
	seen  bool // the plan's last line has been in sight
	layer *layer
	signs bool // the yes is signed, if there is a key
	key   query[response.SigningKey]
}

// review opens the approval of a plan. self says that it opens by itself.
func (a *app) review(v response.ActionView, self bool) tea.Cmd {
	for _, l := range a.overlays {
		if p, ok := l.overlay.(*approval); ok && p.view.Digest == v.Digest {
			return nil
		}
	}
	p := &approval{a: a, view: v, page: 5}
	p.field = newField(a.drafts[p.draft()])
	cmd := a.push(p)
	if self {
		a.overlays = a.overlays[:len(a.overlays)-1]
		cmd = a.pushSelf(p)
	}
	p.layer = a.front()
	if p.signs = a.desk.WillSign(v); p.signs {
		cmd = tea.Batch(cmd, p.key.ask(a.ctx, a.desk.SigningKey, nil))
	}
	return cmd
}

func (p *approval) draft() string { return "approve:" + p.view.Digest }

func (p *approval) Title() string { return "Approval" }

// high says that the target's name has to be typed.
func (p *approval) high() bool { return p.view.MustType() }

// last says that no other approval is needed after this one.
func (p *approval) last() bool { return len(p.view.ApprovedBy)+1 >= p.view.Approvals }

func (p *approval) Actions() []action {
	scroll := func(by int) func() tea.Cmd {
		return func() tea.Cmd { p.scroll(by); return nil }
	}
	table := []action{
		{id: "approval.up", title: "scroll the plan up", keys: []string{"up"}, moves: true, run: scroll(-1)},
		{id: "approval.down", title: "scroll the plan down", foot: "more", keys: []string{"down"}, moves: true, run: scroll(1)},
		{id: "approval.pageup", title: "a page up", keys: []string{"pgup"}, moves: true, run: scroll(-p.next())},
		{id: "approval.pagedown", title: "a page down", keys: []string{"pgdown"}, moves: true, run: scroll(p.next())},
		{id: "approval.reject", title: "reject the plan, with a reason", foot: "reject", keys: []string{"ctrl+r"}, writes: true, run: p.reject},
	}
	yes := action{id: "approval.yes", title: "approve the plan", foot: "approve", keys: []string{"y"}, danger: p.view.Danger, writes: true, run: p.approve}
	no := action{id: "approval.no", title: "go back", keys: []string{"n"}, run: p.leave}
	neither := action{id: "approval.neither", title: "nothing: it does not answer the question", keys: []string{"enter"}, moves: true, run: func() tea.Cmd {
		p.wrong = "y approves, n does not"
		return nil
	}}
	switch {
	case p.high():
		yes.keys = []string{"enter"}
		return append([]action{yes}, table...)
	case p.view.Danger == incident.Medium && !p.sure:
		early := action{id: "approval.early", title: "approve, once the plan is read", keys: []string{"y"}, writes: true, run: func() tea.Cmd {
			p.wrong = "read to the last line first: enter reads on, then asks"
			return nil
		}}
		return append(table, early, action{id: "approval.read", title: "read on; after the last line the question is asked", foot: "read on", keys: []string{"enter"}, run: func() tea.Cmd {
			p.sure, p.wrong = p.read(), ""
			return nil
		}})
	}
	return append([]action{yes, no, neither}, table...)
}

// leave closes the dialog without a decision, and says so.
func (p *approval) leave() tea.Cmd {
	p.a.close(p)
	if p.a.readOnly() != "" {
		return nil
	}
	return p.a.tell("not approved; a opens it again")
}

// next is how far a page goes: its last row may be the note that there is more.
func (p *approval) next() int { return max(p.page-1, 1) }

// read shows the next part of the plan, and says whether its last line has
// been in sight: nobody approves what was never on the screen.
func (p *approval) read() bool {
	if p.seen {
		return true
	}
	p.scroll(p.next())
	return false
}

func (p *approval) scroll(by int) {
	p.top = min(max(p.top+by, 0), max(p.rows-p.page, 0))
}

func (p *approval) Key(k tea.KeyMsg) tea.Cmd {
	if p.high() && p.field.key(k) {
		p.wrong = ""
		p.a.draft(p.draft(), p.field.String())
	}
	return nil
}

func (p *approval) approve() tea.Cmd {
	confirm := ""
	if p.high() {
		confirm = strings.TrimSpace(p.field.String())
		if confirm != p.view.Target {
			p.wrong = "not the target's name; nothing was approved"
			return nil
		}
	}
	if !p.read() {
		p.wrong = "read to the last line first"
		return nil
	}
	a, v, id := p.a, p.view, p.a.id
	a.close(p)
	return a.start(errand{
		key: "approve:" + v.Action, title: "approve " + v.Title,
		long: p.signs,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			if p.signs {
				touch(ctx, a.desk, told)
			}
			return "approved: " + v.Title, a.desk.Approve(ctx, id, v.Action, v.Digest, confirm, "")
		},
		then: func() tea.Cmd {
			a.draft(p.draft(), "")
			if p.last() {
				return a.carryOut(id, v)
			}
			return nil
		},
	})
}

// carryOut sends an approved action; the step it belongs to ends with it.
func (a *app) carryOut(id incident.ID, v response.ActionView) tea.Cmd {
	undoable, says := false, ""
	return a.start(errand{
		key: "action:" + v.Action, title: v.Title, sends: true, long: true,
		do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
			after, err := a.desk.Do(ctx, id, v.Action)
			says = string(after.State) + ": " + v.Title
			undoable = after.Undo != "" && (after.State == response.Verified || after.State == response.Sent) && v.Reverts == ""
			return strings.TrimSuffix(says+": "+after.Says, ": "), err
		},
		then: func() tea.Cmd {
			if a.id != id || !undoable {
				return nil
			}
			a.ended = v.Action
			if !a.bound("u") {
				return nil
			}
			return a.tell(says + "; u undoes it")
		},
	})
}

func (p *approval) reject() tea.Cmd {
	a, v, id := p.a, p.view, p.a.id
	return a.typed(&prompt{
		title: "Reject " + v.Title, text: "Why? The reason is recorded.", draft: "reject:" + v.Digest,
		submit: func(text string, _ bool) tea.Cmd {
			a.close(p)
			return a.start(errand{
				key: "reject:" + v.Action, title: "reject " + v.Title,
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					return "rejected: " + v.Title, a.desk.Reject(ctx, id, v.Action, text)
				},
				then: func() tea.Cmd { a.draft("reject:"+v.Digest, ""); return nil },
			})
		},
	})
}

func (p *approval) View(w, h int) []line {
	title := "APPROVE " + p.view.Title
	defer func() { p.seen = p.seen || p.top+p.page >= p.rows }()
	return p.a.framed(title, func(w int) []line {
		return p.pinned(w, h)
	}, func(w int) []line {
		ls := p.plan(w)
		p.rows = len(ls)
		return ls
	}, func(w int) []line {
		out := p.question(w)
		if h < 14 { // the plan needs the rows more than the air does
			out = slices.DeleteFunc(out, func(l line) bool { return len(l) == 0 })
		}
		p.page = max(h-2-len(p.pinned(w, h))-len(out), 1)
		return out
	}, &p.top, w, h)
}

// pinned is what stays in sight while the plan is read: how dangerous, on what,
// and whether there is a way back. The plan has both in full.
func (p *approval) pinned(w, h int) []line {
	v := p.view
	m := warn
	if v.Danger >= incident.High {
		m = bad
	}
	head := line{{m, "DANGER " + v.Danger.String()}, {strong, "  " + v.Target}}
	way := line{{faint, "Undo    "}, {usual, v.Undo}}
	if v.Undo == "" {
		way = line{{faint, "Undo    "}, {bad, "CANNOT BE UNDONE"}}
	}
	if h < 14 {
		half := clip(head, min(head.width(), w/2))
		return []line{append(append(half, sp(usual, "  ")), way...)}
	}
	if p.a.board.value.Incident.Drill {
		head = ends(head, look(usual, " the drill's own systems"), w)
	}
	return []line{head, way}
}

// plan is everything the digest covers, in words.
func (p *approval) plan(w int) []line {
	return append(planLines(p.view, w, p.a.now()), labelled("Plan    ", p.view.Digest, w)...)
}

// planLines describe a plan; the dialog and the step's pane both show them.
func planLines(v response.ActionView, w int, now time.Time) []line {
	var out []line
	add := func(label, text string) { out = append(out, labelled(label, text, w)...) }
	for _, rule := range v.Overrides {
		out = append(out, wrap(bad, "! GOES AROUND "+rule, w)...)
	}
	add("Action  ", join2(v.Name, " via ", v.Connection))
	add("Target  ", v.Target)
	for i, t := range v.Details.Targets {
		label := "        "
		if i == 0 {
			label = "Is      "
		}
		if i == 8 {
			add(label, number(int64(len(v.Details.Targets)-i))+" more")
			break
		}
		add(label, t)
	}
	add("As      ", join2(v.Details.Identity, " on ", v.Details.Base))
	for i, e := range v.Details.Effects {
		add(map[bool]string{true: "Effect  ", false: "        "}[i == 0], e)
	}
	if v.Details.Unchanged {
		add("Effect  ", "none: it is already so")
	}
	for _, warning := range v.Details.Warnings {
		out = append(out, wrap(warn, "! "+warning, w)...)
	}
	undo := v.Undo
	if undo == "" {
		undo = "CANNOT BE UNDONE"
	}
	add("Undo    ", undo)
	atMost := func(n int, label, text string) { // the digest covers it whole; firebreak show has it
		if ls := labelled(label, text, w); len(ls) > n {
			out = append(append(out, ls[:n-1]...), clip(append(ls[n-1], sp(faint, " ...")), w))
		} else {
			out = append(out, ls...)
		}
	}
	atMost(1, "        ", v.Details.Inverse)
	add("Lasts   ", lasts(v))
	add("Timer   ", v.Details.Timer)
	atMost(2, "Prior   ", strings.Join(v.Details.Prior, ", "))
	add("Proof   ", v.Details.Proof)
	add("Tried   ", v.LevelText())
	if v.Details.Bound {
		add("Limits  ", plural(int64(v.Details.Count), "target")+"; "+v.Details.Limits)
	}
	asked := v.PlannedBy
	if !v.PlannedAt.IsZero() {
		asked += " " + v.PlannedAt.UTC().Format("15:04:05Z") + ", " + lasted(now.Sub(v.PlannedAt)) + " ago"
	}
	if v.Reason != "" {
		asked += " \"" + v.Reason + "\""
	}
	add("Asked   ", strings.TrimSpace(asked))
	add("Needs   ", needs(v))
	for i, r := range v.Details.Requests {
		add(map[bool]string{true: "Sends   ", false: "        "}[i == 0], r)
	}
	return out
}

// needs says how many approvals are there and how many are missing.
func needs(v response.ActionView) string {
	s := fmt.Sprintf("%d of %d approvals", len(v.ApprovedBy), v.Approvals)
	if v.By != "" {
		s += " by " + string(v.By)
	}
	if v.Second {
		s += ", not by who planned it"
	}
	if len(v.ApprovedBy) > 0 {
		s += ": " + strings.Join(v.Approvers(), ", ")
	}
	return s
}

// lasts says how long the effect is meant to last.
func lasts(v response.ActionView) string {
	d, err := time.ParseDuration(v.Lasts)
	switch {
	case err != nil || d <= 0:
		return ""
	case v.Ends != "":
		return lasted(d) + ", then it is undone by itself"
	}
	return lasted(d) + ", then you are reminded"
}

func join2(a, between, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + between + b
}

// question is the part that is always in sight.
func (p *approval) question(w int) []line {
	out := []line{nil}
	what := "Your yes sends it at once."
	if !p.last() {
		what = fmt.Sprintf("%d more needed after yours.", p.view.Approvals-len(p.view.ApprovedBy)-1)
	}
	you := "You: " + p.a.desk.Actor().Name + ". "
	switch {
	case p.a.readOnly() != "":
		out = append(out, look(warn, "Only to read: "+p.a.readOnly()))
	case len(p.view.Overrides) > 0:
		out = append(out, wrap(bad, "It goes around a rule: who did not plan it approves it with firebreak approve --break-glass.", w)...)
	case p.view.Second && p.view.PlannedBy == p.a.desk.Actor().Name && len(p.view.ApprovedBy) == 0:
		out = append(out, wrap(bad, "You planned it: somebody else has to agree. Nobody there? firebreak approve --break-glass.", w)...)
	case p.high():
		out = append(out, wrap(strong, "Type the target's name to approve, or esc to go back. "+what, w)...)
		out = append(out, p.field.one("> ", w, true))
	case p.view.Danger == incident.Medium && !p.sure:
		if p.seen {
			out = append(out, look(strong, "That is the whole plan. Enter asks, esc goes back."))
		} else {
			out = append(out, look(strong, "Enter reads on, then asks. Esc goes back."))
		}
	default:
		out = append(out, wrap(strong, "Approve plan "+short(p.view.Digest)+" on "+p.view.Target+"? "+what, w)...)
		out = append(out, line{{hotkey, "y"}, {usual, " approve    "}, {hotkey, "n"}, {usual, " no"}})
	}
	if says := p.signing(); says != "" && p.a.readOnly() == "" {
		m := faint
		if p.key.err != nil {
			m = warn
		}
		out = append(out, wrap(m, says, w)...)
	}
	if len(out) < 4 || p.signs && len(out) < 5 {
		out = append(out, look(faint, you+"ctrl+r rejects."))
	}
	if p.wrong != "" {
		out = append(out, look(bad, "! "+p.wrong))
	}
	if p.layer != nil && p.layer.grace.holds(p.a.now()) {
		out = append(out, look(warn, "This box opened by itself: keys are ignored until you stop typing."))
	}
	return out
}
