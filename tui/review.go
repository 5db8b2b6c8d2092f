package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

// reviewScreen is the review as people work on it: its parts, how far it is, what
// was released, what is to be done after it.
type reviewScreen struct {
	*app
	got   query[response.ReviewDesk]
	asked int64 // entries of the record when it was asked for; -1 for never
	place
	page int
}

func newReviewScreen(a *app) *reviewScreen { return &reviewScreen{app: a, asked: -1, page: 10} }

func (v *reviewScreen) Title() string          { return "Review" }
func (v *reviewScreen) Typing() bool           { return false }
func (v *reviewScreen) Back() (tea.Cmd, bool)  { return nil, false }
func (v *reviewScreen) Update(tea.Msg) tea.Cmd { return nil }

// Load reads the review when the record has grown.
func (v *reviewScreen) Load() tea.Cmd {
	size := v.board.value.Head.Size
	if !v.board.loaded || v.asked == size && (v.got.loaded || v.got.busy) {
		return nil
	}
	v.asked = size
	id := v.id
	return v.got.ask(v.ctx, func(ctx context.Context) (response.ReviewDesk, error) { return v.desk.ReviewDesk(ctx, id) }, func() tea.Cmd {
		if err := v.got.err; err != nil && !errors.Is(err, context.Canceled) {
			v.asked = -1
			return v.fail("read the review", err)
		}
		return nil
	})
}

// reviewRow is one row of the screen: a part, a release or a follow-up.
type reviewRow struct {
	part    *response.PartView
	release *response.ReleaseView
	item    int // 1 for the first follow-up; 0: it is none
}

func (v *reviewScreen) rows() []reviewRow {
	d := v.got.value
	var out []reviewRow
	for i := range d.Parts {
		out = append(out, reviewRow{part: &d.Parts[i]})
	}
	for i := range slices.Backward(d.Standing.Releases) { // the newest is the one that matters
		out = append(out, reviewRow{release: &d.Standing.Releases[i]})
	}
	for i := range d.Items {
		out = append(out, reviewRow{item: i + 1})
	}
	return out
}

func (v *reviewScreen) selected() (reviewRow, bool) {
	rows := v.rows()
	if len(rows) == 0 {
		return reviewRow{}, false
	}
	return rows[min(v.at, len(rows)-1)], true
}

// onPart runs something for the selected part.
func (v *reviewScreen) onPart(do func(response.PartView) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		r, ok := v.selected()
		if !ok || r.part == nil {
			return v.tell("no part is selected")
		}
		return do(*r.part)
	}
}

// stands says why no part can be written now, "" when it can.
func (v *reviewScreen) stands() string {
	if st := v.got.value.Standing.State; !st.Before(record.ReviewReviewed) && st != "" {
		return "the review is " + string(st) + ": m takes it back, with a reason"
	}
	return ""
}

func (v *reviewScreen) Actions() []action {
	table := []action{
		{id: "review.read", title: "read the selected row whole", foot: "read", keys: []string{"enter"}, run: v.readRow},
		{id: "review.edit", title: "write the selected part in your editor", foot: "edit", keys: []string{"e"}, writes: true, after: true, disabled: v.stands, run: v.onPart(v.editPart)},
		{id: "review.write", title: "write the selected part here", foot: "write", keys: []string{"w"}, writes: true, after: true, disabled: v.stands, run: v.onPart(v.writePart)},
		{id: "review.for", title: "write the selected part for other readers: the public, executives, regulators", keys: []string{"p"}, writes: true, after: true, disabled: v.stands, run: v.onPart(v.partFor)},
		{id: "review.move", title: "take the review further, or back", foot: "move", keys: []string{"m"}, writes: true, after: true, run: v.goOn},
		{id: "review.release", title: "release the review: freeze it for some readers", foot: "release", keys: []string{"f"}, writes: true, after: true, run: v.release},
		{id: "review.check", title: "make the selected release again and compare it", keys: []string{"c"}, run: v.check},
		{id: "review.item", title: "add a follow-up", keys: []string{"i"}, writes: true, after: true, run: v.addItem},
	}
	return append(table, mover(func(n int) tea.Cmd { v.move(n, len(v.rows())); return nil }, func() int { return v.page }, nil, nil)...)
}

func (v *reviewScreen) readRow() tea.Cmd {
	r, ok := v.selected()
	if !ok {
		return nil
	}
	title := "Part"
	switch {
	case r.release != nil:
		title = "Release " + r.release.ID
	case r.item > 0:
		title = "Follow-up " + v.got.value.Items[r.item-1].ID
	case r.part != nil:
		title = r.part.Title
	}
	return v.push(v.read(title, func(w int) []line { return v.detail(r, w) }))
}

// editing lets the person's editor have the terminal.
type editing struct {
	do       func(in io.Reader, out, errs io.Writer) (string, error)
	in       io.Reader
	out, err io.Writer
	says     string
}

// Run implements tea.ExecCommand.
func (e *editing) Run() (err error) {
	e.says, err = e.do(e.in, e.out, e.err)
	return err
}

// SetStdin implements tea.ExecCommand.
func (e *editing) SetStdin(r io.Reader) { e.in = r }

// SetStdout implements tea.ExecCommand.
func (e *editing) SetStdout(w io.Writer) { e.out = w }

// SetStderr implements tea.ExecCommand.
func (e *editing) SetStderr(w io.Writer) { e.err = w }

func (v *reviewScreen) editPart(p response.PartView) tea.Cmd {
	if v.edit == nil {
		return v.writePart(p)
	}
	ctx, id, edit := v.ctx, v.id, v.edit
	e := &editing{do: func(in io.Reader, out, errs io.Writer) (string, error) { return edit(ctx, id, p.Key, in, out, errs) }}
	return tea.Exec(e, func(err error) tea.Msg {
		return answer(func() (bool, tea.Cmd) {
			cmds := []tea.Cmd{v.refresh()}
			if err != nil {
				cmds = append(cmds, v.fail("write "+p.Title, err))
			}
			if e.says != "" {
				cmds = append(cmds, v.tell(e.says))
			}
			return true, tea.Batch(cmds...)
		})
	})
}

// writePart writes a part in a field of the screen. What somebody else saved
// meanwhile stands; the text is kept.
func (v *reviewScreen) writePart(p response.PartView) tea.Cmd {
	id, draft := v.id, "part:"+string(v.id)+":"+p.Key
	pr := &prompt{title: p.Title, text: p.Prompt + " It is Markdown.", draft: draft, empty: true}
	if p.Version > 0 {
		pr.text += " An empty text takes the part back."
	}
	pr.submit = func(text string, _ bool) tea.Cmd {
		var saved response.PartsSaved
		return v.start(errand{
			key: draft, title: "write " + p.Title,
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				var err error
				saved, err = v.desk.SaveParts(ctx, id, []response.PartDraft{{Part: p.Key, From: p.Version, Text: text}})
				return savedWords(saved), err
			},
			then: func() tea.Cmd { v.draft(draft, ""); return nil },
		})
	}
	if v.drafts[draft] == "" && p.Text != "" {
		v.draft(draft, p.Text)
	}
	return v.typed(pr)
}

// partFor lets the readers be chosen for whom a part is written.
func (v *reviewScreen) partFor(p response.PartView) tea.Cmd {
	key, _ := record.PartReaders(p.Key)
	var cs []choice
	for _, readers := range record.PartProfiles() {
		x := response.PartAs(key, readers)
		for _, there := range v.got.value.Parts {
			if there.Key == x.Key {
				x = there
			}
		}
		text := line{{usual, term.Pad(string(readers), 11)}}
		if x.Text == "" {
			text = text.with(sp(faint, "not written"))
		} else {
			text = text.with(sp(faint, fmt.Sprintf("version %d by %s", x.Version, strings.Join(x.Authors, ", "))))
		}
		cs = append(cs, choice{text: text, run: func() tea.Cmd { return v.editPart(x) }})
	}
	return v.choose("Write "+key+" for other readers", "They read it in the place of what the team wrote; the public reads no other words of people. Names that are known are taken out of it.", "choose", cs)
}

// savedWords say what was recorded, with what to look at again.
func savedWords(s response.PartsSaved) string {
	switch {
	case len(s.Saved) == 0:
		return "nothing was changed"
	case len(s.Warnings) > 0:
		return "recorded; " + strings.Join(s.Warnings, "; ")
	}
	return fmt.Sprintf("%s: version %d is recorded", s.Saved[0].Part, s.Saved[0].Version)
}

// goOn lets a state be chosen: forwards one at a time, back with a reason.
func (v *reviewScreen) goOn() tea.Cmd {
	st := v.got.value.Standing
	var cs []choice
	for _, to := range st.Next {
		back := to.Before(st.State)
		text := line{{usual, string(to)}}
		if back {
			text = text.with(sp(faint, "  back, with a reason"))
		}
		cs = append(cs, choice{text: text, run: func() tea.Cmd { return v.moveTo(to, back) }})
	}
	return v.choose("The review is "+string(st.State), "Where does it go? Who reviewed it puts their name under it; from then on its text stands.", "choose", cs)
}

func (v *reviewScreen) moveTo(to record.ReviewState, back bool) tea.Cmd {
	id, draft := v.id, "move:"+string(v.id)+":"+string(to)
	return v.typed(&prompt{
		title: "The review is " + string(to), text: map[bool]string{true: "Why does it go back? The reason is recorded.", false: "Is there something to say? It may stay empty."}[back],
		draft: draft, empty: !back,
		submit: func(text string, _ bool) tea.Cmd {
			return v.start(errand{
				key: "review.move", title: "take the review to " + string(to), long: true,
				do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
					touch(ctx, v.desk, told)
					return "the review is " + string(to), v.desk.MoveReview(ctx, id, to, text)
				},
				then: func() tea.Cmd { v.draft(draft, ""); return nil },
			})
		},
	})
}

func (v *reviewScreen) check() tea.Cmd {
	r, ok := v.selected()
	if !ok || r.release == nil {
		return v.tell("no release is selected")
	}
	id, release := v.id, r.release.ID
	var c response.ReleaseCheck
	return v.start(errand{
		key: "release.check", title: "make release " + release + " again", long: true,
		do: func(ctx context.Context, _ response.ProgressFunc) (_ string, err error) {
			c, err = v.desk.CheckRelease(ctx, id, release)
			return "", err
		},
		then: func() tea.Cmd {
			return v.pushSelf(v.read("Release "+release, func(w int) []line {
				out := wrap(good, "It is the same, byte for byte.", w)
				if !c.OK {
					out = wrap(bad, "IT IS NOT THE SAME.", w)
				}
				for _, f := range c.Files {
					m, word := good, "same     "
					if !f.OK {
						m, word = bad, "differs  "
					}
					out = append(out, line{{m, word}, {usual, f.Name}})
				}
				for _, why := range c.Reasons() {
					out = append(out, wrap(warn, why, w)...)
				}
				return out
			}))
		},
	})
}

func (v *reviewScreen) View(w, h int) string {
	d := v.got.value
	if !v.got.loaded {
		text := " reading"
		if v.got.err != nil {
			text = " " + v.got.err.Error()
		}
		return v.paint.block([]line{look(faint, text)}, w, h)
	}
	st := d.Standing
	head := line{{strong, " Review  "}, {stateMark(st.State), strings.ToUpper(string(st.State))}, {usual, fmt.Sprintf("  %d of %d parts written", st.Parts, len(response.Parts()))}}
	right := line{}
	if n := len(st.Warnings); n > 0 {
		right = look(warn, " "+plural(int64(n), "wording")+" to look at ")
	}
	out := []line{ends(head, right, w)}
	rows := v.rows()
	lw := w
	if w >= twoPanes+20 {
		lw = w * 9 / 20
	}
	list := v.list(rows, lw, h-1)
	if lw < w {
		r, _ := v.selected()
		bar := " " + v.paint.bar + " "
		text := scrolled(v.detail(r, w-lw-3), 0, h-1)
		return v.paint.block(append(out, beside(list, text, lw, w, h-1, bar)...), w, h)
	}
	if r, ok := v.selected(); ok && h >= 14 {
		const most = 6
		foot := []line{v.paint.ruled(nil, w)}
		for _, l := range scrolled(v.detail(r, w-2), 0, most-1) {
			foot = append(foot, append(line{{usual, " "}}, l...))
		}
		list = append(v.list(rows, w, h-1-len(foot)), foot...)
	}
	return v.paint.block(append(out, list...), w, h)
}

// list are the rows that fit.
func (v *reviewScreen) list(rows []reviewRow, w, h int) []line {
	v.page = max(h, 1)
	from, to := v.visible(len(rows), v.page)
	var out []line
	for i := from; i < to; i++ {
		out = append(out, row(v.line(rows[i], w-1), i == v.at, w))
	}
	return fit(out, h)
}

func (v *reviewScreen) line(r reviewRow, w int) line {
	switch {
	case r.release != nil:
		x := r.release
		l := line{{usual, term.Pad("release "+x.ID, 16)}, {usual, string(x.Profile)}}
		if x.Draft {
			l = l.with(sp(warn, " DRAFT"))
		}
		if x.For != "" {
			l = l.with(sp(usual, " for "+x.For))
		}
		return ends(l, look(faint, " "+clock(x.Made, v.now())+"Z"), w)
	case r.item > 0:
		x := v.got.value.Items[r.item-1]
		m := usual
		if x.Overdue {
			m = bad
		}
		l := line{{usual, term.Pad("follow-up "+x.ID, 16)}, {m, term.Pad(x.State, 10)}, {usual, x.Text}}
		return ends(l, look(faint, " "+x.Owner), w)
	}
	p := r.part
	name := p.Key
	if p.For != "" {
		name = "  for " + string(p.For)
	}
	l := line{{usual, term.Pad(name, 16)}}
	switch {
	case p.Version == 0:
		return l.with(sp(faint, "not written"))
	case p.Text == "":
		return l.with(sp(faint, "taken back by "+p.By))
	}
	l = l.with(sp(usual, plural(int64(len(strings.Fields(p.Text))), "word")))
	if len(p.Warnings) > 0 {
		l = l.with(sp(warn, "  ! wording"))
	}
	l = l.with(sp(faint, "  by "+strings.Join(p.Authors, ", ")))
	return ends(l, look(faint, fmt.Sprintf(" v%d %sZ", p.Version, clock(p.At, v.now()))), w)
}

// detail is a row whole.
func (v *reviewScreen) detail(r reviewRow, w int) []line {
	var out []line
	switch {
	case r.release != nil:
		x := r.release
		for _, f := range [][2]string{
			{"Made     ", stamp(x.Made) + " by " + x.By + ", " + x.Tool},
			{"For      ", join2(string(x.Profile), ": ", x.For)},
			{"Over     ", number(x.Size) + " entries, root " + x.Root},
			{"Reason   ", x.Reason},
		} {
			out = append(out, labelled(f[0], f[1], w)...)
		}
		for _, name := range slices.Sorted(maps.Keys(x.Files)) {
			out = append(out, labelled("File     ", name+"  sha256 "+x.Files[name], w)...)
		}
		return out
	case r.item > 0:
		x := v.got.value.Items[r.item-1]
		out = append(out, wrap(usual, x.Text, w)...)
		for _, f := range [][2]string{{"Owner    ", x.Owner}, {"State    ", x.State}, {"Kind     ", x.Class}, {"Verify   ", x.Verify}, {"Link     ", x.Link}} {
			out = append(out, labelled(f[0], f[1], w)...)
		}
		if !x.Due.IsZero() {
			out = append(out, labelled("Due      ", stamp(x.Due), w)...)
		}
		return out
	case r.part == nil:
		return nil
	}
	p := r.part
	for _, t := range p.Warnings {
		out = append(out, wrap(warn, "! "+t, w)...)
	}
	if p.Text != "" {
		return append(out, wrap(usual, p.Text, w)...)
	}
	return append(out, wrap(faint, p.Prompt, w)...)
}

func stateMark(st record.ReviewState) mark {
	switch st { //nolint:exhaustive // the others are not done
	case record.ReviewReviewed, record.ReviewClosed:
		return good
	}
	return warn
}

// release lets the readers be chosen, and shows what would leave before it does.
func (v *reviewScreen) release() tea.Cmd {
	var cs []choice
	for _, p := range record.Profiles() {
		cs = append(cs, choice{text: say(string(p)), run: func() tea.Cmd { return v.prepare(p) }})
	}
	return v.choose("Release the review", "For whom? What they may not see is taken out, and you see it before it leaves.", "choose", cs)
}

func (v *reviewScreen) prepare(p record.Profile) tea.Cmd {
	id, draft := v.id, "release:"+string(v.id)
	return v.typed(&prompt{
		title: "Release for the profile " + string(p), text: "Whom is it for, in a few words that stand in it? It may stay empty.", draft: draft, empty: true,
		submit: func(text string, _ bool) tea.Cmd {
			var d response.ReleaseDraft
			return v.start(errand{
				key: "release", title: "make the release", long: true,
				do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
					r := response.ReleaseRequest{Profile: p, For: text, Draft: v.got.value.Standing.State.Before(record.ReviewReviewed)}
					d, err = v.desk.PrepareRelease(ctx, id, r)
					return "read it before it is released", err
				},
				then: func() tea.Cmd {
					if v.id != id {
						return nil
					}
					return v.pushSelf(&releasing{a: v.app, d: d, draft: draft, page: 10})
				},
			})
		},
	})
}
