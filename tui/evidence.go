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

// evidence lists the exhibits with their custody, and what was refused.
type evidence struct {
	*app
	held   query[held]
	filter filter
	place
	page int
}

// held is what the locker holds and what the collections could not take.
type held struct {
	exhibits    []response.ExhibitView
	collections []record.Collection
}

func (v *evidence) Title() string { return "Evidence" }
func (v *evidence) Typing() bool  { return v.filter.on }

func (v *evidence) Back() (tea.Cmd, bool) { return nil, v.filter.back() }

func (v *evidence) Load() tea.Cmd {
	id := v.id
	return v.held.ask(v.ctx, func(ctx context.Context) (held, error) {
		xs, cs, err := v.desk.Evidence(ctx, id)
		return held{xs, cs}, err
	}, func() tea.Cmd {
		if err := v.held.err; err != nil && !errors.Is(err, context.Canceled) {
			return v.fail("read the evidence", err)
		}
		return nil
	})
}

func (v *evidence) found() []response.ExhibitView {
	var out []response.ExhibitView
	for _, x := range v.held.value.exhibits {
		if v.filter.fits(x.ID, x.Kind, x.Title, x.Source, x.Host, x.SHA256) {
			out = append(out, x)
		}
	}
	return out
}

func (v *evidence) selected() (response.ExhibitView, bool) {
	xs := v.found()
	if len(xs) == 0 {
		return response.ExhibitView{}, false
	}
	return xs[min(v.at, len(xs)-1)], true
}

func (v *evidence) on(do func(response.ExhibitView) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		x, ok := v.selected()
		if !ok {
			return v.tell("no exhibit is selected")
		}
		return do(x)
	}
}

func (v *evidence) Actions() []action {
	busy := func() string {
		if v.running("collect") {
			return "a collection is under way"
		}
		return ""
	}
	table := []action{
		{id: "exhibit.open", title: "custody of the exhibit", foot: "custody", keys: []string{"enter"}, run: v.on(func(x response.ExhibitView) tea.Cmd {
			return v.push(v.read("Exhibit "+x.ID, func(w int) []line { return custody(x, w) }))
		})},
		{id: "exhibit.collect", title: "collect from this machine", foot: "collect", keys: []string{"c"}, writes: true, disabled: busy, run: v.collect},
		{id: "exhibit.ingest", title: "ingest files into the timeline", foot: "ingest", keys: []string{"i"}, writes: true, run: v.ingest},
		{id: "exhibit.check", title: "check the exhibit against its hash", foot: "check", keys: []string{"v"}, writes: true, run: v.on(v.check)},
		{id: "exhibit.content", title: "look into the exhibit, escaped", foot: "look", keys: []string{"o"}, disabled: v.unseen, run: v.on(v.content)},
		{id: "exhibit.refused", title: "what could not be taken, and why", foot: "refused", keys: []string{"f"}, run: v.refused},
		{id: "exhibit.filter", title: "filter as you type", foot: "filter", keys: []string{"/"}, run: func() tea.Cmd { v.filter.on = true; return nil }},
	}
	return append(table, mover(func(n int) tea.Cmd { v.move(n, len(v.found())); return nil }, func() int { return v.page }, nil, nil)...)
}

func (v *evidence) Update(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyMsg); ok {
		v.filter.key(k)
		v.place = place{}
	}
	return nil
}

func (v *evidence) refusals() []record.Refusal {
	var out []record.Refusal
	for _, c := range v.held.value.collections {
		out = append(out, c.Refused...)
	}
	return out
}

func (v *evidence) View(w, h int) string {
	xs := v.found()
	var size int64
	for _, x := range v.held.value.exhibits {
		size += x.Size
	}
	head := line{{strong, " Evidence  "}, {usual, plural(int64(len(v.held.value.exhibits)), "exhibit") + "  " + bytesOf(size)}}
	var r line
	if n := len(v.refusals()); n > 0 {
		r = look(warn, " "+number(int64(n))+" refused (f) ")
	}
	common := v.common()
	out := []line{ends(head, r, w)}
	if len(common) > 0 {
		var parts []string
		for d, n := range common {
			parts = append(parts, plural(int64(n), "exhibit")+": "+d)
		}
		slices.Sort(parts)
		out = append(out, look(warn, " ! "+strings.Join(parts, "; ")))
	}
	out = append(out, v.filter.line(w)...)
	var foot []line
	if x, ok := v.selected(); ok && h >= 12 {
		foot = append(foot, v.paint.ruled(nil, w))
		foot = append(foot, fit(custody(x, w-1), min(h/3, 12))...)
		for i := 1; i < len(foot); i++ {
			foot[i] = append(line{{usual, " "}}, foot[i]...)
		}
	}
	switch {
	case !v.held.loaded:
		out = append(out, look(faint, " reading"))
	case len(v.held.value.exhibits) == 0:
		out = append(out, nil, say("  Nothing is collected yet."), nil, line{{usual, "  "}, {hotkey, "c"}, {usual, " collects from this machine"}}, line{{usual, "  "}, {hotkey, "i"}, {usual, " ingests files"}})
	case len(xs) == 0:
		out = append(out, look(faint, "  no exhibit has that in it; esc clears the filter"))
	default:
		out = append(out, look(faint, v.columns("ID", "TITLE", "HOST", "SIZE", "SHA-256", "EVENTS", "SEALED", w)))
	}
	v.page = max(h-len(out)-len(foot), 1)
	from, to := v.visible(len(xs), v.page)
	for i := from; i < to; i++ {
		out = append(out, row(v.line(xs[i], common, w-1), i == v.at, w))
	}
	return v.paint.block(append(fit(out, h-len(foot)), foot...), w, h)
}

// common counts the deviations that several exhibits share, such as that of a
// clock: said once, they leave the mark in a row to what is special about it.
func (v *evidence) common() map[string]int {
	const several = 3
	count := map[string]int{}
	for _, x := range v.held.value.exhibits {
		for _, d := range x.Deviations {
			count[d]++
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n < several })
	return count
}

// special lists the deviations of an exhibit that are not the common ones.
func special(x response.ExhibitView, common map[string]int) []string {
	return slices.DeleteFunc(slices.Clone(x.Deviations), func(d string) bool { return common[d] > 0 })
}

func (v *evidence) line(x response.ExhibitView, common map[string]int, w int) line {
	events := "-"
	if x.Parsed != nil {
		events = number(x.Parsed.Events)
	}
	l := say(v.columns(x.ID, x.Title, x.Host, bytesOf(x.Size), short(x.SHA256), events, clock(x.SealedAt, v.now()), w+1)[1:])
	switch {
	case x.Checked != nil && !x.Checked.OK:
		return ends(l, look(bad, " BROKEN"), w)
	case len(special(x, common)) > 0 || x.Parsed != nil && x.Parsed.Rejected > 0:
		return ends(l, look(warn, " !"), w)
	}
	return l
}

// columns lays out one row, dropping what does not fit a narrow screen.
func (v *evidence) columns(id, title, host, size, sum, events, at string, w int) string {
	cell := func(s string, n int) string { return term.Pad(term.Safe(bound(s, n)), n) + "  " }
	s := "  " + cell(id, 5)
	rest := w - 9 - 2 - 11 - 9 - 11 - 3 // beside the title: id, its gap, size, events, time, flag
	if w >= twoPanes {
		rest -= 16
	}
	if w >= wide {
		rest -= 14
	}
	s += cell(title, max(rest, 8))
	if w >= wide {
		s += cell(host, 12)
	}
	s += term.PadLeft(size, 9) + "  "
	if w >= twoPanes {
		s += cell(sum, 14)
	}
	return s + term.PadLeft(events, 7) + "  " + term.Pad(at, 11)
}

// refused shows what the collections could not take.
func (v *evidence) refused() tea.Cmd {
	cs := v.held.value.collections
	return v.push(v.read("Refused", func(w int) []line {
		var out []line
		for _, c := range slices.Backward(cs) {
			as := "not as root"
			if c.AsRoot {
				as = "as root"
			}
			out = append(out, heading(fmt.Sprintf("%s on %s, %s: %s, %s, %s", c.Profile, c.Host, as, plural(int64(c.Exhibits), "exhibit"), bytesOf(c.Bytes), lasted(c.Took))))
			if c.Cut != "" {
				out = append(out, wrap(bad, "! ended early: "+c.Cut, w)...)
			}
			for _, g := range record.GroupRefused(c.Refused) {
				out = append(out, refusedAlike(g, w)...)
			}
			if len(c.Refused) == 0 {
				out = append(out, look(faint, "  nothing was refused"))
			}
		}
		if len(out) == 0 {
			out = append(out, say("No collection yet."))
		}
		return out
	}))
}

// refusedAlike shows what was refused for one reason: the reason once, and all its names.
func refusedAlike(g record.RefusedAlike, w int) []line {
	if len(g.Whole) == 1 {
		r := g.Whole[0]
		return labelled("  "+pad(r.Collector, 16)+" ", r.Source+": "+r.Reason, w)
	}
	out := wrap(warn, "  "+number(int64(len(g.Whole)))+" × "+g.Text, w)
	for _, r := range g.Whole {
		text := r.Source
		if r.Reason != g.Text {
			text += ": " + strings.TrimSuffix(strings.TrimSuffix(r.Reason, g.Text), ": ") // its size
		}
		out = append(out, labelled("    "+pad(r.Collector, 16)+" ", text, w)...)
	}
	return out
}

// collect asks which profile, and starts.
func (v *evidence) collect() tea.Cmd {
	id := v.id
	there, err := response.CollectChoices("", "")
	if err != nil {
		return v.fail("list what can be collected", err)
	}
	ps := there.Profiles
	if i := slices.IndexFunc(ps, func(p response.Profile) bool { return p.Name == "triage" }); i > 0 { // what is wanted most stands first
		ps = slices.Concat(ps[i:i+1], ps[:i], ps[i+1:])
	}
	var cs []choice
	for _, p := range ps {
		cs = append(cs, choice{text: line{{strong, pad(p.Name, 10)}, {usual, p.Title}}, run: func() tea.Cmd {
			return v.start(errand{
				key: "collect", title: "collect " + p.Name, long: true,
				do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
					c, err := v.desk.Collect(ctx, id, response.CollectOptions{Profile: p.Name}, told)
					return fmt.Sprintf("collected %s, %s refused", plural(int64(c.Exhibits), "exhibit"), number(int64(len(c.Refused)))), err
				},
			})
		}})
	}
	return v.choose("Collect from this machine", "Read only; what cannot be read is listed as refused.", "collect", cs)
}

func (v *evidence) ingest() tea.Cmd {
	id, draft := v.id, "ingest:"+string(v.id)
	return v.typed(&prompt{
		title: "Ingest files", text: "Paths, one a line (ctrl+j), of syslog, bodyfile, Timesketch, journal and other files. Each is sealed first, then parsed.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			var files []string
			for _, l := range strings.Split(text, "\n") {
				if l = strings.TrimSpace(l); l != "" {
					files = append(files, l)
				}
			}
			return v.start(errand{
				key: "ingest:" + text, title: "ingest " + plural(int64(len(files)), "file"), long: true,
				do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
					in, err := v.desk.Ingest(ctx, id, files, response.IngestOptions{}, told)
					return plural(in.Events, "event") + recovered(in.Recovered) + ", " + number(in.Rejected) + " rejected", err
				},
				then: func() tea.Cmd { v.draft(draft, ""); return nil },
			})
		},
	})
}

func (v *evidence) check(x response.ExhibitView) tea.Cmd {
	id := v.id
	return v.start(errand{
		key: "check:" + x.ID, title: "check " + x.ID, long: true,
		do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
			c, err := v.desk.CheckExhibit(ctx, id, x.ID)
			if err == nil && !c.OK {
				return "", fmt.Errorf("exhibit %s is not what was sealed: found %s", x.ID, c.Found)
			}
			return x.ID + " is intact", err
		},
	})
}

// unseen says why an exhibit cannot be looked into: a look is recorded, and who
// asked for a session that changes nothing gets one.
func (v *evidence) unseen() string {
	if v.ro {
		return "a look is recorded, and this session is read only"
	}
	return ""
}

// content shows the beginning of an exhibit, every byte visible.
func (v *evidence) content(x response.ExhibitView) tea.Cmd {
	const most = 64 << 10
	id := v.id
	var text string
	return v.start(errand{
		key: "content:" + x.ID, title: "open " + x.ID,
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			r, err := v.desk.OpenExhibit(ctx, id, x.ID)
			if err != nil {
				return "", err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			b, err := io.ReadAll(io.LimitReader(r, most))
			text = string(b)
			return "", err
		},
		then: func() tea.Cmd {
			return v.push(v.read("Inside "+x.ID+", escaped", func(w int) []line {
				out := []line{look(faint, fmt.Sprintf("the first %s of %s bytes; \\x1b and the like are shown, never obeyed", number(int64(len(text))), number(x.Size)))}
				for _, l := range strings.Split(text, "\n") {
					out = append(out, wrap(usual, term.Exact(bound(l, 40*w)), w)...)
					if len(out) > 2000 {
						return append(out, look(warn, "(cut here)"))
					}
				}
				return out
			}))
		},
	})
}
