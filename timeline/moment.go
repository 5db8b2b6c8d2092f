package timeline

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const aroundByDefault = 5 * time.Minute

// moment reads the time of after:, before: or around:.
func (p *parser) moment(name string) (Expr, error) {
	start := p.at
	text, err := p.timeText()
	if err != nil {
		return nil, err
	}
	t, ok := readTime(text, p.now)
	if !ok {
		return nil, p.fail(start, "this is no time", `write 2026-11-20, 2026-11-20T03:00, 03:00, -2h, "30m ago", today, now or @1795143600`)
	}
	switch name {
	case "after":
		return After{Time: t}, nil
	case "before":
		return Before{Time: t}, nil
	}
	wide := aroundByDefault
	if p.comma() {
		start = p.at
		if wide, ok = readDuration(p.bare(true)); !ok || wide == 0 {
			return nil, p.fail(start, "this is no length of time", "write it as in around:03:00,30m")
		}
	}
	from, to := t.Add(-wide), t.Add(wide)
	if !sensible(from) || !sensible(to) {
		return nil, p.fail(start, "this is no time", "years go from 1 to 9999")
	}
	return And{After{Time: from}, Before{Time: to}}, nil
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

var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02",
}

// readTime reads a time as a filter writes it. The result is UTC.
func readTime(s string, now time.Time) (time.Time, bool) {
	t, ok := readAnyTime(strings.ToLower(strings.TrimSpace(s)), now)
	if !ok || !sensible(t.UTC()) {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// sensible reports whether RFC 3339 can write the time, and that it is not the
// zero time, which stands for none.
func sensible(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 && !t.IsZero() }

func readAnyTime(s string, now time.Time) (time.Time, bool) {
	midnight := now.Truncate(24 * time.Hour)
	switch s {
	case "now":
		return now, true
	case "today":
		return midnight, true
	case "yesterday":
		return midnight.AddDate(0, 0, -1), true
	}
	if ago, ok := strings.CutSuffix(s, "ago"); ok {
		d, ok := readDuration(strings.TrimRight(ago, " -"))
		return now.Add(-d), ok
	}
	switch {
	case s == "":
		return time.Time{}, false
	case s[0] == '-':
		d, ok := readDuration(s[1:])
		return now.Add(-d), ok
	case s[0] == '+':
		d, ok := readDuration(s[1:])
		return now.Add(d), ok
	case s[0] == '@':
		return readEpoch(s[1:])
	}
	if t, ok := readClock(s, now); ok {
		return t, true
	}
	s = strings.ToUpper(s)
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// readClock reads a time of day as the last moment, up to now, at which UTC
// clocks showed it.
func readClock(s string, now time.Time) (time.Time, bool) {
	for _, layout := range []string{"15:04", "15:04:05.999999999"} {
		clock, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		year, month, day := now.Date()
		t := time.Date(year, month, day, clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), time.UTC)
		if t.After(now) {
			t = t.AddDate(0, 0, -1)
		}
		return t, true
	}
	return time.Time{}, false
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
