package timeline

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const aroundByDefault = 5 * time.Minute

// Moments are what relative times are taken from. Detected is when the incident
// was seen first, zero where nobody said.
type Moments struct {
	Now      time.Time
	Detected time.Time
}

// ReadMoment reads a time as a filter writes it; a day or a minute is its
// start. The result is UTC. The error says what can be written.
func ReadMoment(text string, m Moments) (time.Time, error) {
	p := parser{text: text, moments: Moments{Now: m.Now.UTC(), Detected: m.Detected.UTC()}}
	s, err := p.read(text, 0)
	return s.from, err
}

// stretch is the time that a text names: a day, a minute, a nanosecond.
type stretch struct{ from, to time.Time }

func instant(t time.Time) stretch { return stretch{t, t.Add(time.Nanosecond)} }

func (s stretch) add(d time.Duration) stretch { return stretch{s.from.Add(d), s.to.Add(d)} }

// moment reads the time of after:, before: or around:.
func (p *parser) moment(name string) (Expr, error) {
	start := p.at
	text, err := p.timeText()
	if err != nil {
		return nil, err
	}
	if from, to, ok := strings.Cut(text, ".."); ok && from != "" && to != "" {
		return nil, p.fail(start, name+": takes one time", "a range is time:"+text)
	}
	s, err := p.read(text, start)
	if err != nil {
		return nil, err
	}
	switch name {
	case "after":
		return After{Time: s.from}, nil
	case "before":
		return Before{Time: s.from}, nil
	}
	wide := aroundByDefault
	if p.comma() {
		var ok bool
		start = p.at
		if wide, ok = readDuration(p.bare(true)); !ok || wide == 0 {
			return nil, p.fail(start, "this is no length of time", "write it as in around:03:00,30m")
		}
	}
	from, to := s.from.Add(-wide), s.from.Add(wide)
	if !sensible(from) || !sensible(to) {
		return nil, p.fail(start, "this is no time", "years go from 1 to 9999")
	}
	return And{After{Time: from}, Before{Time: to}}, nil
}

// bound makes the terms of one side of a range of time.
type bound struct{ from, before func(time.Time) Expr }

func eventTime() bound {
	return bound{func(t time.Time) Expr { return After{Time: t} }, func(t time.Time) Expr { return Before{Time: t} }}
}

func discoveryTime() bound {
	return bound{func(t time.Time) Expr { return Discovered{Time: t} }, func(t time.Time) Expr { return Discovered{Time: t, Before: true} }}
}

// span reads what follows time: or discovered:. That is a day or another
// stretch, T..U with both ends in it, or a comparison.
func (p *parser) span(b bound) (Expr, error) {
	if low, high, ok := p.bracketed(); ok {
		return p.between(b, low, high)
	}
	op, start := p.op(), p.at
	text, err := p.timeText()
	if err != nil {
		return nil, err
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange && strings.HasPrefix(p.text[p.at:], "..") { // behind a quote
		p.at += len("..")
		if to, err = p.timeText(); err != nil {
			return nil, err
		}
		isRange = true
	}
	if isRange && op == "" {
		return p.between(b, end{from, start, true}, end{to, p.at - len(to), true})
	}
	s, err := p.read(text, start)
	if err != nil {
		return nil, err
	}
	switch op {
	case AtLeast:
		return b.from(s.from), nil
	case Greater:
		return b.from(s.to), nil
	case Less:
		return b.before(s.from), nil
	case AtMost:
		return b.before(s.to), nil
	}
	if s.to.Sub(s.from) <= time.Nanosecond {
		return nil, p.fail(start, "this is a moment, not a stretch of time", "write a day as in time:2026-11-20, a range as in time:-2h..now, or after: before: around:")
	}
	return join(b.from(s.from), b.before(s.to)), nil
}

// between is the range from low to high; an empty end and a star are open.
func (p *parser) between(b bound, low, high end) (Expr, error) {
	var parts []Expr
	for i, e := range []end{low, high} {
		if e.text == "" || e.text == "*" {
			continue
		}
		s, err := p.read(e.text, e.at)
		if err != nil {
			return nil, err
		}
		switch {
		case i == 0 && e.in:
			parts = append(parts, b.from(s.from))
		case i == 0:
			parts = append(parts, b.from(s.to))
		case e.in:
			parts = append(parts, b.before(s.to))
		default:
			parts = append(parts, b.before(s.from))
		}
	}
	if len(parts) == 0 {
		return nil, p.fail(low.at, "this range has no end", "write it as in time:2026-11-20..2026-11-22")
	}
	return join(parts...), nil
}

func (p *parser) timeText() (string, error) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		text, n, ok := unquote(p.text[p.at:])
		if !ok {
			return "", p.fail(p.at, "this quote is not closed", "")
		}
		p.at += n
		return text, nil
	}
	return p.bare(true), nil
}

const howToWriteTimes = `write 2026-11-20, 2026-11-20T03:00, 03:00, -2h, "30m ago", yesterday, monday, detected-1h, now or @1795143600`

// read reads a time that stands at that place. The result is UTC.
func (p *parser) read(text string, at int) (stretch, error) {
	s, ok, err := p.moments.read(strings.ToLower(strings.TrimSpace(text)))
	switch {
	case err != nil:
		return stretch{}, p.fail(at, err.Error(), "firebreak change INCIDENT --detected TIME says when")
	case !ok || !sensible(s.from.UTC()) || !sensible(s.to.UTC()):
		return stretch{}, p.fail(at, "this is no time", howToWriteTimes)
	}
	return stretch{s.from.UTC(), s.to.UTC()}, nil
}

// sensible reports whether RFC 3339 can write the time, and that it is not the
// zero time, which stands for none.
func sensible(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 && !t.IsZero() }

var errUndetected = errors.New("it is not recorded when the incident was detected")

// read reads a time in lower case.
func (m Moments) read(s string) (stretch, bool, error) {
	if ago, ok := strings.CutSuffix(s, "ago"); ok {
		d, ok := readDuration(strings.TrimRight(ago, " -"))
		return instant(m.Now.Add(-d)), ok, nil
	}
	switch {
	case s == "":
		return stretch{}, false, nil
	case s[0] == '-', s[0] == '+':
		d, ok := readSigned(s)
		return instant(m.Now.Add(d)), ok, nil
	case s[0] == '@':
		t, ok := readEpoch(s[1:])
		return instant(t), ok, nil
	}
	if whole, found, err := m.named(s); found || err != nil {
		return whole, found, err
	}
	// What goes on behind a name: now-2h, detected+30m, "yesterday 14:00".
	if i := strings.IndexAny(s, "+- "); i > 0 {
		base, found, err := m.named(s[:i])
		switch rest := strings.TrimSpace(s[i:]); {
		case err != nil:
			return stretch{}, false, err
		case !found || rest == "":
		case rest[0] == '+' || rest[0] == '-':
			d, ok := readSigned(rest)
			return instant(base.from.Add(d)), ok, nil
		default:
			clock, ok := readClock(rest)
			return clock.on(base.from), ok && base.to.Sub(base.from) == day, nil
		}
	}
	if clock, ok := readClock(s); ok {
		at := clock.on(m.Now)
		if at.from.After(m.Now) {
			at = at.add(-day)
		}
		return at, true, nil
	}
	whole, ok := readDate(s)
	return whole, ok, nil
}

const day = 24 * time.Hour

// named reads a time that has a name.
func (m Moments) named(s string) (stretch, bool, error) {
	today := stretch{m.Now.Truncate(day), m.Now.Truncate(day).Add(day)}
	switch s {
	case "now":
		return instant(m.Now), true, nil
	case "today":
		return today, true, nil
	case "yesterday":
		return today.add(-day), true, nil
	case "detected", "t", "t0":
		if m.Detected.IsZero() {
			return stretch{}, false, errUndetected
		}
		return instant(m.Detected), true, nil
	}
	for ago := range 7 { // the last such day, today included
		at := today.add(-time.Duration(ago) * day)
		if name := strings.ToLower(at.from.Weekday().String()); s == name || s == name[:3] {
			return at, true, nil
		}
	}
	return stretch{}, false, nil
}

var dateLayouts = []struct {
	layout string
	wide   time.Duration
}{
	{time.RFC3339Nano, 0},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04:05.999999999", 0},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02T15", time.Hour},
	{"2006-01-02", day},
}

// readDate reads a date with or without a clock.
func readDate(s string) (stretch, bool) {
	s = strings.ToUpper(s)
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	for _, l := range dateLayouts {
		t, err := time.Parse(l.layout, s)
		if err != nil {
			continue
		}
		wide := l.wide
		if wide == 0 {
			wide = time.Second
			if strings.Contains(s, ".") || strings.Contains(s, ",") {
				wide = time.Nanosecond
			}
		}
		return stretch{t, t.Add(wide)}, true
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return stretch{t, t.AddDate(0, 1, 0)}, true
	}
	return stretch{}, false
}

// clock is a time of day.
type clock struct{ since, wide time.Duration }

func readClock(s string) (clock, bool) {
	for _, layout := range []string{"15:04", "15:04:05", "15:04:05.999999999"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		wide := time.Second
		switch {
		case layout == "15:04":
			wide = time.Minute
		case strings.Contains(s, "."), strings.Contains(s, ","):
			wide = time.Nanosecond
		}
		return clock{t.Sub(t.Truncate(day)), wide}, true
	}
	return clock{}, false
}

// on is the time of day on the day of t, by UTC.
func (c clock) on(t time.Time) stretch {
	from := t.Truncate(day).Add(c.since)
	return stretch{from, from.Add(c.wide)}
}

func readSigned(s string) (time.Duration, bool) {
	d, ok := readDuration(s[1:])
	if s[0] == '-' {
		d = -d
	}
	return d, ok
}

// readEpoch reads seconds since 1970, with a fraction or without.
func readEpoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(fraction) > 9 || seconds < 0 || seconds > 253402300799 {
		return time.Time{}, false
	}
	if fraction == "" {
		return time.Unix(seconds, 0), !strings.HasSuffix(s, ".")
	}
	ns, err := strconv.ParseUint(fraction+strings.Repeat("0", 9-len(fraction)), 10, 32)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(seconds, int64(ns)), true
}

// readDuration reads "90s", "1h30m", "2d" or "1w", spaces allowed.
func readDuration(s string) (time.Duration, bool) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	s = strings.ReplaceAll(strings.ToLower(s), " ", "")
	if s == "" {
		return 0, false
	}
	var sum time.Duration
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, false
		}
		n, err := strconv.ParseInt(s[:i], 10, 64)
		unit, known := units[s[i]]
		if err != nil || !known || n > int64(math.MaxInt64-sum)/int64(unit) {
			return 0, false
		}
		sum += time.Duration(n) * unit
		s = s[i+1:]
	}
	return sum, true
}

// ReadDuration reads a length of time as filters write it: 90s, 1h30m, 2d, 1w.
func ReadDuration(s string) (time.Duration, bool) { return readDuration(s) }
