package clocks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/playbooks"
	"firebreak/record"
)

// State is where a deadline stands.
type State string

// The states. A duty without a number is open until somebody has done it, and then
// done: nobody can say that it was in time.
const (
	NotStarted    State = "not started"
	Running       State = "running"
	DueSoon       State = "due soon"
	Late          State = "late"
	MetInTime     State = "met in time"
	MetLate       State = "met late"
	OpenDuty      State = "open duty"
	Done          State = "done"
	NotApplicable State = "does not apply"
)

// Running says that it counts down, or is over.
func (s State) Running() bool { return s == Running || s == DueSoon || s == Late }

// What people said about whether a deadline applies.
const (
	Applies   = "yes"
	Excluded  = "no"
	Undecided = "not said"
)

// House is the regime of deadlines that the house has given itself.
const House = "house"

// Line is a deadline as it stands in an incident.
type Line struct {
	Clock     string     `json:"clock"`
	Regime    string     `json:"regime"`
	Place     string     `json:"place,omitempty"`
	Duty      string     `json:"duty"`
	To        string     `json:"to,omitempty"`
	State     State      `json:"state"`
	Applies   string     `json:"applies"`
	Why       string     `json:"why,omitempty"` // why it applies, or not
	ChosenSeq int64      `json:"chosen_seq,omitempty"`
	Start     Event      `json:"start"`
	Started   time.Time  `json:"started,omitzero"`
	StartSeq  int64      `json:"started_seq,omitempty"`
	Reason    string     `json:"reason,omitempty"`    // who judged so, and by what
	WaitsFor  string     `json:"waits_for,omitempty"` // what would start it
	Limit     string     `json:"limit,omitempty"`     // 72 hours (without undue delay)
	Soft      string     `json:"soft,omitempty"`      // the duty that holds before the limit does
	Due       time.Time  `json:"due,omitzero"`
	DueLocal  string     `json:"due_local,omitempty"`
	Left      int64      `json:"left_s,omitempty"`  // seconds, below zero when it is late
	Latest    time.Time  `json:"latest,omitzero"`   // not started: its second limit, if it starts before
	Met       time.Time  `json:"met,omitzero"`      // the first submission
	MetSeq    int64      `json:"met_seq,omitempty"` //
	Submitted string     `json:"met_to,omitempty"`  // to whom it went
	How       string     `json:"met_how,omitempty"`
	Proof     string     `json:"proof,omitempty"`
	Notes     []string   `json:"notes,omitempty"` // to know of this date
	About     string     `json:"about,omitempty"` // to know of the rule
	Watch     string     `json:"watch,omitempty"`
	Citation  string     `json:"citation,omitempty"`
	Sources   []string   `json:"sources,omitempty"`
	Sure      Confidence `json:"confidence,omitempty"`
	Checked   string     `json:"checked,omitempty"`

	rule Rule
	days string // which holidays were left out; "" where days are not counted
}

// Rule is what the deadline follows from.
func (l Line) Rule() Rule { return l.rule }

// LeftOf is how long is left, below zero when it is late.
func (l Line) LeftOf() time.Duration { return time.Duration(l.Left) * time.Second }

// Terms are what deadlines are counted by besides the record.
type Terms struct {
	Now       time.Time
	Zone      *time.Location // where days are counted, if nobody said otherwise; UTC without
	Calendars Calendars
	House     []HouseRule
}

// HouseRule is a deadline of the house's own, with what has become of it.
type HouseRule struct {
	Rule     Rule
	Began    time.Time
	BeganSeq int64
	Met      time.Time
	MetSeq   int64
}

// ReviewDue is the deadline of the review after an incident was closed; false while
// it is open.
func (f *Facts) ReviewDue(within Period) (HouseRule, bool) {
	if f.closed.IsZero() || within.IsZero() {
		return HouseRule{}, false
	}
	return HouseRule{
		Rule: Rule{
			ID: "house-review", Regime: House, Duty: "Finish the post-incident review", Start: Closed, Within: within, Rest: Move, To: "those who worked on it", Confidence: Own,
		},
		Began: f.closed, BeganSeq: f.closing, Met: f.review, MetSeq: f.reviews,
	}, true
}

// UpdateDue is the deadline of the next word to an audience.
func UpdateDue(audience string, every time.Duration, last time.Time) HouseRule {
	return HouseRule{
		Rule:  Rule{ID: "house-update-" + audience, Regime: House, Duty: "Tell " + audience + " what is new", Start: Told, Within: Period{Time: every}, To: audience, Confidence: Own},
		Began: last,
	}
}

// Lines are the deadlines of an incident: those that are on, and those that the
// record says something of. What is most urgent is first.
func Lines(b *Book, f Facts, t Terms) []Line {
	var out []Line
	for _, r := range b.rules {
		if b.on[r.ID] || f.speaksOf(r.ID) {
			out = append(out, f.line(r, t))
		}
	}
	for _, id := range f.strangers(b) {
		r := Rule{ID: id, Regime: "not known here", Duty: "A deadline that this program has no data of", Confidence: Own}
		out = append(out, f.line(r, t))
	}
	for _, h := range t.House {
		out = append(out, h.line(t))
	}
	slices.SortStableFunc(out, func(x, y Line) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), x.Due.Compare(y.Due), x.Met.Compare(y.Met))
	})
	return out
}

// LineOf is one deadline as it stands.
func LineOf(r Rule, f Facts, t Terms) Line { return f.line(r, t) }

// rank is the order of urgency.
func (l Line) rank() int {
	switch {
	case l.State.Running():
		return 0
	case l.State == OpenDuty:
		return 1
	case l.State == NotStarted && l.Applies == Applies:
		return 2
	case l.State == NotStarted:
		return 3
	case l.State == NotApplicable:
		return 5
	}
	return 4
}

// speaksOf says that an entry names a rule.
func (f *Facts) speaksOf(id string) bool {
	_, chosen := f.choices[id]
	return chosen || len(f.met[id]) > 0 || slices.ContainsFunc(f.starts, func(s start) bool { return slices.Contains(s.Clocks, id) })
}

// strangers are the rules that the record names and the book has not.
func (f *Facts) strangers(b *Book) []string {
	var out []string
	add := func(id string) {
		if _, known := b.at[id]; !known && id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for id := range f.choices {
		add(id)
	}
	for id := range f.met {
		add(id)
	}
	slices.Sort(out)
	return out
}

func newLine(r Rule) Line {
	return Line{
		Clock: r.ID, Regime: r.Regime, Place: r.Place, Duty: r.Duty, To: r.To, Applies: Undecided, Start: r.Start, Limit: r.Limit(), Soft: r.Soft,
		About: r.Notes, Watch: r.Watch, Citation: r.Citation, Sources: r.Sources, Sure: r.Confidence, Checked: r.Checked, rule: r,
	}
}

// line brings a rule and the record together.
func (f *Facts) line(r Rule, t Terms) Line {
	l := newLine(r)
	if c, chosen := f.choices[r.ID]; chosen {
		l.Why, l.ChosenSeq, l.Applies = c.Reason, c.seq, Excluded
		if c.Applies {
			l.Applies = Applies
		}
	}
	from, s := f.from(r)
	loc := zoneOf(r, s, t)
	if r.Start == YearEnd && !from.IsZero() {
		from = time.Date(from.In(loc).Year(), time.December, 31, 23, 59, 59, 0, loc)
	}
	l.began(from, s.seq, loc, t)
	l.Reason = s.Reason
	if r.Backstop != nil {
		f.backstop(&l, r, t)
	}
	if m := f.first(r.ID); m != nil {
		l.Met, l.MetSeq, l.Submitted, l.How, l.Proof = m.At.UTC(), m.seq, m.To, m.How, m.Proof
	}
	l.settle(t)
	if l.State == NotStarted {
		l.WaitsFor = r.waits()
	}
	if r.Since != "" && !l.Started.IsZero() && l.Applies == Undecided && dateOf(l.Started, loc).Format(time.DateOnly) < r.Since {
		l.State, l.Left, l.Why = NotApplicable, 0, "it is in force from "+r.Since+" on"
	}
	return l
}

// from is the moment that a rule counts from, and the start that says so.
func (f *Facts) from(r Rule) (time.Time, start) {
	said := r.Start
	switch r.Start { //nolint:exhaustive // the others are what they say they are
	case YearEnd:
		said = Discovered
	case "": // a rule that nobody knows
		return time.Time{}, start{}
	}
	if s, ok := f.began(said, r.ID); ok {
		return s.At.UTC(), s
	}
	if r.After == "" {
		return time.Time{}, start{}
	}
	m := f.first(r.After)
	if r.OfLast {
		m = f.last(r.After)
	}
	if m == nil {
		return time.Time{}, start{}
	}
	return m.At.UTC(), start{ClockStart: record.ClockStart{Reason: r.After + " was submitted"}, seq: m.seq}
}

// first and last are submissions by their own time, not by that of the entry.
func (f *Facts) first(id string) *submission {
	return pick(f.met[id], func(x, y submission) bool { return x.At.Before(y.At) })
}

func (f *Facts) last(id string) *submission {
	return pick(f.met[id], func(x, y submission) bool { return x.At.After(y.At) })
}

func pick(all []submission, better func(x, y submission) bool) *submission {
	var best *submission
	for i := range all {
		if best == nil || better(all[i], *best) {
			best = &all[i]
		}
	}
	return best
}

// zoneOf is where days are counted: the text's own place, else the zone that was
// said with the start, else that of the configuration.
func zoneOf(r Rule, s start, t Terms) *time.Location {
	if r.loc != nil {
		return r.loc
	}
	if s.Zone != "" && s.Zone != "Local" {
		if loc, err := time.LoadLocation(s.Zone); err == nil {
			return loc
		}
	}
	if t.Zone != nil {
		return t.Zone
	}
	return time.UTC
}

// began works out the due time.
func (l *Line) began(from time.Time, seq int64, loc *time.Location, t Terms) {
	if from.IsZero() {
		return
	}
	r, cal := l.rule, t.Calendars.of(l.rule)
	l.Started, l.StartSeq = from.UTC(), seq
	l.Due = r.Due(from, loc, cal)
	l.DueLocal = localDue(r, l.Due, loc)
	counted := r.Within.BusinessDays > 0 || r.Rest == Move && r.Within.Time == 0
	switch {
	case l.Due.IsZero():
	case counted:
		l.days = daysBy(cal, l.Due.In(loc))
		if l.days != "" {
			l.Notes = append(l.Notes, l.days)
		}
	case r.Rest == Unsure && !working(dateOf(l.Due, loc), cal):
		l.Notes = append(l.Notes, "its end is on no working day: whether it moves depends, see docs/clocks.md")
	}
}

// daysBy says which holidays a count of days left out.
func daysBy(cal playbooks.Calendar, due time.Time) string {
	switch {
	case len(cal.Holidays) == 0:
		return "no holidays are known for it: the last day may be later"
	case cal.Name == "":
		return "" // it was given without one
	case !reaches(cal, due):
		return "the calendar " + cal.Name + " has no holidays in " + due.Format("2006") + ": the last day may be later"
	}
	return "holidays are those of the calendar " + cal.Name
}

// reaches says whether a calendar knows the year in which a deadline ends: one that
// nobody carried on has none of its holidays.
func reaches(cal playbooks.Calendar, due time.Time) bool {
	year := due.Format("2006-")
	return slices.ContainsFunc(cal.Holidays, func(h playbooks.Holiday) bool { return strings.HasPrefix(h.Date, year) })
}

// localDue is a due time as people of that place say it.
func localDue(r Rule, due time.Time, loc *time.Location) string {
	switch {
	case due.IsZero() || loc == time.UTC && r.Within.Time > 0:
		return "" // it is said already
	case r.Within.Time == 0 && r.Ends == "":
		return "end of " + due.In(loc).Format(time.DateOnly) + " in " + loc.String()
	}
	return due.In(loc).Format("2006-01-02 15:04:05 MST")
}

// backstop brings in the second limit. Where the first began only after it, it is
// gone.
func (f *Facts) backstop(l *Line, r Rule, t Terms) {
	s, ok := f.began(r.Backstop.Start, r.ID)
	if !ok {
		return
	}
	second := r
	second.Within = r.Backstop.Within
	loc := zoneOf(r, s, t)
	latest := second.Due(s.At, loc, t.Calendars.of(r))
	switch {
	case l.Started.IsZero():
		if !over(t.Now, latest) {
			l.Latest = latest
		}
	case !over(l.Started, latest) && latest.Before(l.Due):
		l.Due, l.DueLocal = latest, localDue(second, latest, loc)
		l.Notes = append(l.Notes, fmt.Sprintf("the limit is %s from %s", r.Backstop.Within.Words(), r.Backstop.Start))
	}
}

// settle says where a deadline stands.
func (l *Line) settle(t Terms) {
	number := !l.rule.Within.IsZero()
	if !l.Due.IsZero() && l.Met.IsZero() {
		l.Left = int64(l.Due.Sub(t.Now.Truncate(time.Second)) / time.Second)
	}
	switch {
	case l.Applies == Excluded:
		l.State, l.Left = NotApplicable, 0
	case !l.Met.IsZero() && (!number || l.Due.IsZero()):
		l.State = Done
		if number {
			l.Notes = append(l.Notes, "nobody said when it began: whether it was in time is not known")
		}
	case !l.Met.IsZero() && over(l.Met, l.Due):
		l.State = MetLate
	case !l.Met.IsZero():
		l.State = MetInTime
	case l.Started.IsZero():
		l.State = NotStarted
	case !number:
		l.State = OpenDuty
	case over(t.Now, l.Due):
		l.State = Late
	case l.LeftOf() <= soon(l.Due.Sub(l.Started)):
		l.State = DueSoon
	default:
		l.State = Running
	}
}

// waits says what would start a rule.
func (r Rule) waits() string {
	switch r.Start { //nolint:exhaustive // the others are what they say they are
	case "":
		return ""
	case Previous:
		return "the submission of " + r.After
	case YearEnd:
		return string(Discovered) + ": " + Discovered.Means()
	}
	return string(r.Start) + ": " + r.Start.Means()
}

// line is a deadline of the house.
func (h HouseRule) line(t Terms) Line {
	l := newLine(h.Rule)
	l.Applies = Applies
	l.began(h.Began, h.BeganSeq, zoneOf(h.Rule, start{}, t), t)
	l.Met, l.MetSeq = h.Met, h.MetSeq
	l.settle(t)
	return l
}

// Nearest is the deadline that ends first, or is late the longest; false where none
// runs.
func Nearest(lines []Line) (Line, bool) {
	for _, l := range lines {
		if l.State.Running() {
			return l, true
		}
	}
	return Line{}, false
}
