package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/response"
)

// list shows the incidents of this workspace, the newest first.
type list struct {
	*app
	rows   query[[]response.Listed]
	books  query[[]*playbooks.Playbook]
	inbox  query[response.InboxState]
	filter filter
	place
	page int
}

// filter is a text that is searched for as it is typed.
type filter struct {
	field field
	on    bool // being typed
}

// key edits the filter; enter leaves it as it is.
func (f *filter) key(k tea.KeyMsg) {
	if keyName(k) == "enter" {
		f.on = false
		return
	}
	f.field.key(k)
}

// back leaves the field first, then forgets the filter.
func (f *filter) back() bool {
	if f.on || f.field.String() != "" {
		f.on, f.field = false, field{}
		return true
	}
	return false
}

// fits says whether any of the texts holds the filter's.
func (f *filter) fits(texts ...string) bool {
	want := strings.ToLower(strings.TrimSpace(f.field.String()))
	return want == "" || strings.Contains(strings.ToLower(strings.Join(texts, "\x00")), want)
}

// line shows the filter while it is on or holds something.
func (f *filter) line(w int) []line {
	if !f.on && f.field.String() == "" {
		return nil
	}
	return []line{f.field.one(" / ", w, f.on)}
}

func (l *list) Title() string         { return "Incidents" }
func (l *list) Back() (tea.Cmd, bool) { return nil, l.filter.back() }
func (l *list) Typing() bool          { return l.filter.on }

func (l *list) Load() tea.Cmd {
	told := func(what string, err error) tea.Cmd {
		if err != nil && !errors.Is(err, context.Canceled) {
			return l.fail(what, err)
		}
		return nil
	}
	rows := l.rows.ask(l.ctx, l.desk.List, func() tea.Cmd { return told("list incidents", l.rows.err) })
	rows = tea.Batch(rows, l.inbox.ask(l.ctx, l.desk.InboxState, func() tea.Cmd { return told("look into the inbox", l.inbox.err) }))
	if l.library == nil || l.books.loaded {
		return rows
	}
	read := func(context.Context) ([]*playbooks.Playbook, error) { return l.library() }
	return tea.Batch(rows, l.books.ask(l.ctx, read, func() tea.Cmd { return told("list playbooks", l.books.err) }))
}

func (l *list) found() []response.Listed {
	var out []response.Listed
	for _, r := range l.rows.value {
		if l.filter.fits(string(r.ID), r.Title, r.Severity.String(), string(r.Status), r.Playbook) {
			out = append(out, r)
		}
	}
	return out
}

func (l *list) Actions() []action {
	table := []action{
		{id: "list.open", title: "open the selected incident", foot: "open", keys: []string{"enter"}, run: func() tea.Cmd {
			rows := l.found()
			if len(rows) == 0 {
				return l.tell("no incident is selected")
			}
			r := rows[min(l.at, len(rows)-1)]
			if r.Broken != "" {
				return l.fail("open incident "+string(r.ID), errors.New(r.Broken))
			}
			return l.open(r.ID)
		}},
		{id: "list.new", title: "open a new incident", foot: "new incident", keys: []string{"n"}, writes: true, run: l.fresh},
		{id: "list.drill", title: "start a drill of a playbook", foot: "drill", keys: []string{"d"}, writes: true, run: l.drill},
		{id: "list.filter", title: "filter as you type", foot: "filter", keys: []string{"/"}, run: func() tea.Cmd { l.filter.on = true; return nil }},
	}
	return append(table, mover(func(n int) tea.Cmd { l.move(n, len(l.found())); return nil }, func() int { return l.page }, nil, nil)...)
}

func (l *list) Update(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyMsg); ok {
		l.filter.key(k)
		l.place = place{}
	}
	return nil
}

func (l *list) View(w, h int) string {
	out := append(l.filter.line(w), l.waiting()...)
	rows := l.found()
	switch {
	case len(l.rows.value) == 0 && l.rows.err != nil:
		out = append(out, wrap(bad, " "+l.rows.err.Error(), w)...)
	case len(l.rows.value) == 0 && !l.rows.loaded:
		out = append(out, look(faint, " reading"))
	case len(l.rows.value) == 0:
		out = append(out, nil, look(strong, "  No incident yet."), nil,
			line{{usual, "  "}, {hotkey, "d"}, {usual, " starts a drill: a real playbook on systems made up for it"}},
			line{{usual, "  "}, {hotkey, "n"}, {usual, " opens an incident"}})
	default:
		out = append(out, look(faint, fmt.Sprintf("  %-10s %-5s %-9s %-9s %s", "ID", "SEV", "MODE", "PHASE", "TITLE")))
		l.page = max(h-len(out), 1)
		from, to := l.visible(len(rows), l.page)
		for i := from; i < to; i++ {
			out = append(out, row(l.line(rows[i], w-1), i == l.at, w))
		}
		if len(rows) == 0 {
			out = append(out, look(faint, "  none has that in it; esc clears the filter"))
		}
	}
	return l.paint.block(out, w, h)
}

// waiting says that alerts wait in the inbox.
func (l *list) waiting() []line {
	n := l.inbox.value.Count
	if n == 0 {
		return nil
	}
	tone, worst := usual, l.inbox.value.Worst
	if worst == "critical" || worst == "high" {
		tone = warn
	}
	said := waitingWords(l.inbox.value)
	return []line{{{strong, " INBOX "}, {tone, said}, {faint, ": firebreak intake list"}}}
}

// waitingWords is how many alerts wait, and the worst of them.
func waitingWords(w response.InboxState) string {
	said := fmt.Sprintf("%d alerts wait", w.Count)
	if w.Count == 1 {
		said = "1 alert waits"
	}
	if w.Worst != "" {
		said += ", worst " + w.Worst
	}
	return said
}

func (l *list) line(r response.Listed, w int) line {
	if r.Broken != "" {
		return line{{usual, fmt.Sprintf(" %-10s ", r.ID)}, {bad, "CANNOT BE OPENED  " + r.Broken}}
	}
	m := bad
	switch {
	case r.Status == incident.Closed:
		m = faint
	case r.Drill:
		m = hotkey
	}
	sev := usual
	if r.Severity <= incident.SEV2 {
		sev = warn
	}
	left := line{{strong, fmt.Sprintf(" %-10s ", r.ID)}, {sev, fmt.Sprintf("%-5s ", r.Severity)}, {m, fmt.Sprintf("%-9s ", r.Standing())}, {usual, fmt.Sprintf("%-9s ", r.Phase)}, {usual, r.Title}}
	layout := " 01-02 15:04Z"
	if w >= wide {
		layout = " 2006-01-02 15:04Z"
	}
	return ends(left, look(faint, r.Opened.UTC().Format(layout)), w)
}

// fresh asks what an incident needs to be opened.
func (l *list) fresh() tea.Cmd {
	f := &form{title: "Open an incident", draft: "open", send: "Open", text: "Only the title is needed now; everything else can be changed later."}
	f.entries = []*entry{
		{name: "title", label: "Title"},
		{name: "severity", label: "Severity", hint: "sev1 to sev4; empty takes the playbook's"},
		{name: "playbook", label: "Playbook", hint: "may stay empty", among: l.playbookIDs()},
		{name: "summary", label: "What is known", hint: "may stay empty"},
	}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		n := response.NewIncident{Title: in["title"], Playbook: in["playbook"], Summary: in["summary"]}
		if n.Title == "" {
			return nil, errors.New("give it a title")
		}
		if s := in["severity"]; s != "" {
			sev, err := incident.ParseSeverity(s)
			if err != nil {
				return nil, err
			}
			n.Severity = sev
		}
		var opened incident.Incident
		return l.start(errand{
			key: "open", title: "open an incident",
			do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
				opened, err = l.desk.Open(ctx, n)
				return "opened " + string(opened.ID), err
			},
			then: func() tea.Cmd { f.sent(); return l.open(opened.ID) },
		}), nil
	}
	return l.fill(f)
}

func (l *list) playbookIDs() []string {
	var ids []string
	for _, p := range l.books.value {
		ids = append(ids, p.ID)
	}
	return ids
}

// drill lets a playbook be chosen and opens its drill.
func (l *list) drill() tea.Cmd {
	var cs []choice
	for _, p := range l.books.value {
		cs = append(cs, choice{
			text: line{{usual, p.Name}, {faint, "  " + p.ID + " " + p.Version}},
			run: func() tea.Cmd {
				var opened incident.Incident
				return l.start(errand{
					key: "drill", title: "start the drill " + p.ID, long: true,
					do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
						opened, err = l.desk.StartDrill(ctx, p.ID)
						return "drill " + string(opened.ID), err
					},
					then: func() tea.Cmd { return l.open(opened.ID) },
				})
			},
		})
	}
	if len(cs) == 0 {
		return l.tell("no playbook was found")
	}
	return l.choose("Start a drill", "A real playbook with real collection on this machine; its actions go to systems made up for the drill.", "start", cs)
}
