package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// plainPage is how many events are read out at once.
const plainPage = 20

// plainTimeline is the timeline in lines: a filter, a page of what it finds,
// and what can be done with that.
type plainTimeline struct {
	*plainDesk
	filter string
	rows   []response.MarkedEvent
}

// search asks for a filter and reads the first events of it out.
func (p *plainDesk) search(ctx context.Context, c <-chan struct{}) error {
	t := &plainTimeline{plainDesk: p}
	for {
		again, err := t.ask(ctx, c)
		if err != nil || !again {
			return err
		}
	}
}

// ask takes a filter and walks through what it finds; again is true when the
// person wants another one.
func (t *plainTimeline) ask(ctx context.Context, c <-chan struct{}) (again bool, err error) {
	text, err := t.plainDesk.ask(ctx, c, "Filter, as in host:web-1 \"failed password\" after:-2h; empty for all:")
	if err != nil {
		return false, err
	}
	return t.find(ctx, c, text)
}

// find reads the first page, and how many there are after it.
func (t *plainTimeline) find(ctx context.Context, c <-chan struct{}, text string) (again bool, err error) {
	t.filter = text
	if err := t.page(ctx, response.PageRequest{}); err != nil {
		var fe *timeline.FilterError
		if !errors.As(err, &fe) {
			return false, err
		}
		for _, l := range strings.Split(fe.Caret(), "\n") {
			t.say("%s", l)
		}
		return true, nil
	}
	n, err := t.desk.Count(ctx, t.id, t.filter)
	if err != nil {
		return false, err
	}
	t.say("%s match.", plural(n, "event"))
	for {
		text, err := t.plainDesk.ask(ctx, c, "n next, p previous, end, g TIME, a number to hear the event, v FIELD for its values, s FIELD where it is silent, m NUMBERS to mark, f another filter, empty goes back:")
		if err != nil || text == "" {
			return false, err
		}
		word, rest, _ := strings.Cut(text, " ")
		rest = strings.TrimSpace(rest)
		next := ""
		switch word {
		case "f":
			return true, nil
		case "n":
			err = t.beside(ctx, true)
		case "p":
			err = t.beside(ctx, false)
		case "end":
			err = t.page(ctx, response.PageRequest{End: true})
		case "g":
			err = t.goTo(ctx, rest)
		case "v":
			next, err = t.values(ctx, c, rest)
		case "s":
			err = t.silent(ctx, rest)
		case "m":
			err = t.mark(ctx, c, t.picked(rest))
		default:
			es := t.picked(word)
			if len(es) != 1 {
				t.say("There is no %q here.", text)
				continue
			}
			next, err = t.event(ctx, c, es[0])
		}
		switch {
		case err != nil && (errors.Is(err, errEnded) || ctx.Err() != nil):
			return false, err
		case err != nil:
			t.say("FAILED: %s", err)
		case next != "":
			t.say("Filter: %s", next)
			return t.find(ctx, c, next)
		}
	}
}

// page reads a page out; an empty one leaves the former.
func (t *plainTimeline) page(ctx context.Context, r response.PageRequest) error {
	r.Filter, r.Limit = t.filter, plainPage
	es, err := t.desk.Page(ctx, t.id, r)
	if err != nil {
		return err
	}
	if len(es) == 0 {
		t.say("No event there.")
		return nil
	}
	t.rows = es
	for i, e := range es {
		star := ""
		if e.Star {
			star = "starred "
		}
		tags := ""
		if len(e.Tags) > 0 {
			tags = " tags " + strings.Join(e.Tags, ", ")
		}
		t.say("%d  %s%s %s %s: %s%s", i+1, star, eventTime(e.Time, e.Precision, "2006-01-02 15:04:05"), e.Host, e.Source, e.Message, tags)
	}
	return nil
}

// beside reads the page behind or in front of the one that was read out.
func (t *plainTimeline) beside(ctx context.Context, next bool) error {
	if len(t.rows) == 0 {
		t.say("No event there.")
		return nil
	}
	if next {
		at := t.rows[len(t.rows)-1].Cursor()
		return t.page(ctx, response.PageRequest{After: &at})
	}
	at := t.rows[0].Cursor()
	return t.page(ctx, response.PageRequest{Before: &at})
}

func (t *plainTimeline) goTo(ctx context.Context, text string) error {
	m := timeline.Moments{}
	if t.now != nil {
		m.Now = t.now()
	}
	at, err := momentOf(text, time.UTC, t.day(), m)
	if err != nil {
		return err
	}
	return t.page(ctx, response.PageRequest{At: at})
}

// day is the day that a time without one is of.
func (t *plainTimeline) day() time.Time {
	if len(t.rows) > 0 && !t.rows[0].Time.IsZero() {
		return t.rows[0].Time
	}
	return t.clock()
}

func (t *plainTimeline) clock() time.Time {
	if t.now != nil {
		return t.now()
	}
	return time.Time{}
}

// picked are the events of a page that numbers like "2-4, 7" mean.
func (t *plainTimeline) picked(text string) []response.MarkedEvent {
	var out []response.MarkedEvent
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		first, last, many := strings.Cut(part, "-")
		if !many {
			last = first
		}
		from, err := strconv.Atoi(first)
		to, errTo := strconv.Atoi(last)
		if err != nil || errTo != nil || from < 1 || to > len(t.rows) || from > to {
			return nil
		}
		out = append(out, t.rows[from-1:to]...)
	}
	return out
}

// values reads the values of a field out and takes one as a filter.
func (t *plainTimeline) values(ctx context.Context, c <-chan struct{}, field string) (string, error) {
	field, rare := strings.CutPrefix(field, "rare ")
	const most = 20
	vs, err := t.desk.Values(ctx, t.id, response.ValuesRequest{Filter: t.filter, Field: field, Limit: most, Rare: rare})
	if err != nil {
		return "", err
	}
	if len(vs) == 0 {
		t.say("No event has a value there.")
		return "", nil
	}
	for i, v := range vs {
		at := "undated"
		if !v.First.IsZero() {
			at = "first " + stamp(v.First) + ", last " + stamp(v.Last)
		}
		t.say("%d  %s: %s, %s", i+1, v.Value, plural(v.Count, "event"), at)
	}
	text, err := t.plainDesk.ask(ctx, c, "Number for only these, -NUMBER for without these, empty goes back (v rare %s has the rarest):", field)
	if err != nil {
		return "", err
	}
	digits, without := strings.CutPrefix(text, "-")
	n, convErr := strconv.Atoi(digits)
	if convErr != nil || n < 1 || n > len(vs) {
		return "", nil
	}
	more := having(field, vs[n-1].Value)
	if without {
		more = "-" + more
	}
	return and(t.filter, more), nil
}

// silent reads out where a field falls silent for ten minutes or longer.
func (t *plainTimeline) silent(ctx context.Context, field string) error {
	const most = 20
	if field == "" {
		field = silenceOf[0]
	}
	gs, err := t.desk.Gaps(ctx, t.id, response.GapsRequest{Filter: t.filter, By: field, AtLeast: silence})
	if err != nil {
		return err
	}
	t.say("%s of %s or longer.", plural(int64(len(gs)), "silence"), lengthOf(silence))
	for _, g := range gs[:min(len(gs), most)] {
		until := stamp(g.To)
		if g.After == (timeline.ID{}) {
			until = "never again"
		}
		t.say("  %s: %s, from %s until %s", g.Value, lasted(g.To.Sub(g.From)), stamp(g.From), until)
	}
	return nil
}

// event reads an event out and takes a mark or a pivot.
func (t *plainTimeline) event(ctx context.Context, c <-chan struct{}, e response.MarkedEvent) (string, error) {
	for _, l := range eventDetail(e, time.UTC, 1<<10) {
		var b strings.Builder
		for _, s := range l {
			b.WriteString(s.text)
		}
		t.say("  %s", b.String())
	}
	for {
		text, err := t.plainDesk.ask(ctx, c, "m marks it, raw reads its record, only FIELD or without FIELD filter, around 5m is what happened then, session is what belongs to it, empty goes back:")
		if err != nil || text == "" {
			return "", err
		}
		word, rest, _ := strings.Cut(text, " ")
		rest = strings.TrimSpace(rest)
		switch word {
		case "m":
			if err := t.mark(ctx, c, []response.MarkedEvent{e}); err != nil {
				return "", err
			}
		case "raw":
			if err := t.raw(ctx, e); err != nil {
				return "", err
			}
		case "only", "without":
			v := valueIn(e, rest)
			if v == "" || rest == tagsColumn {
				t.say("The event has no %q.", rest)
				continue
			}
			more := having(rest, v)
			if word == "without" {
				more = "-" + more
			}
			return and(t.filter, more), nil
		case "around":
			wide, err := time.ParseDuration(rest)
			if err != nil || wide <= 0 || e.Time.IsZero() {
				t.say("Say how far, as in around 5m; the event has to have a time.")
				continue
			}
			return timeline.Between(e.Time.Add(-wide), e.Time.Add(wide)).String(), nil
		case "session":
			a, err := t.desk.SessionAround(ctx, t.id, e.ID.String(), alike(e), silence)
			return a.Filter, err
		default:
			t.say("There is no %q here.", text)
		}
	}
}

// rawSays is how often a long reading says how far it is; a short one says
// nothing.
const rawSays = 2 * time.Second

// raw reads the record of an event out, with every escape shown.
func (t *plainTimeline) raw(ctx context.Context, e response.MarkedEvent) error {
	var said time.Time
	r, err := t.desk.Raw(ctx, t.id, e.ID.String(), func(p response.Progress) {
		if now := t.clock(); p.Done < p.Total && now.Sub(said) >= rawSays {
			if !said.IsZero() {
				t.say("  %s: %d of %d MiB", p.What, p.Done, p.Total)
			}
			said = now
		}
	})
	if err != nil {
		return err
	}
	t.say("  %s at %d, %s, read by %s:", r.Exhibit, r.Offset, plural(int64(len(r.Bytes)), "byte"), r.Parser)
	for _, l := range strings.Split(strings.TrimSuffix(string(r.Bytes), "\n"), "\n") {
		t.say("  %s", l)
	}
	if r.More {
		t.say("  (the record goes on)")
	}
	return nil
}

// mark asks what is said of the events and records it.
func (t *plainTimeline) mark(ctx context.Context, c <-chan struct{}, es []response.MarkedEvent) error {
	switch {
	case t.ro:
		return errors.New("this session is read only")
	case len(es) == 0:
		return errors.New("say which, as in m 2-4, 7")
	}
	text, err := t.plainDesk.ask(ctx, c, "star, unstar, tag NAMES, or comment TEXT, for %s; empty goes back:", about(es))
	if err != nil || text == "" {
		return err
	}
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	var r response.MarkRequest
	star := word == "star"
	switch {
	case word == "star", word == "unstar":
		r.Star = &star
	case word == "tag" && rest != "":
		r.Tags = strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == ' ' })
	case word == "comment" && rest != "":
		r.Comment = rest
	default:
		return fmt.Errorf("%s is no mark", term.Cut(text, 60))
	}
	if len(es) == 1 {
		err = t.desk.Mark(ctx, t.id, es[0].ID.String(), r.Star, r.Tags, r.Comment)
	} else {
		err = t.desk.MarkAll(ctx, t.id, es, r)
	}
	if err != nil {
		return err
	}
	for _, e := range es {
		if i := slices.IndexFunc(t.rows, func(o response.MarkedEvent) bool { return o.ID == e.ID }); i >= 0 {
			t.rows[i] = said(t.rows[i], r)
		}
	}
	t.say("Recorded.")
	return nil
}
