package metrics_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/metrics"
)

// TestByHand compares with a table that was worked out by hand. The opening of
// incident n lies at minute 0; the moments are minutes after it.
//
//	      occurred detected acknowledged contained eradicated recovered
//	0001     -120      -20            5        60        120       240
//	0002      -60      -10           10        30         90         -   still open, in recover
//	0003        -        -            2        20          -         -   closed from contain
//	0004      -30       40         1440         -          -         -   open, in identify; the first act came a day later
//	0005    -1440      -60            1        90        200       300
func TestByHand(t *testing.T) {
	const minute = time.Minute
	one := open(t, "2026-0001", "2026-01-10 10:00", 1, record.Opened{})
	one.at(5*minute, record.Noted, record.Note{Text: "x"})
	one.enter(30*minute, incident.Contain).enter(60*minute, incident.Eradicate).enter(120*minute, incident.Recover).enter(240*minute, incident.Learn)
	one.at(300*minute, record.IncidentClosed, record.Reason{})
	one.states("occurred", one.opened.Add(-120*minute)).states("detected", one.opened.Add(-20*minute))

	two := open(t, "2026-0002", "2026-02-10 10:00", 2, record.Opened{Detected: moment(t, "2026-02-10 09:50")})
	two.at(10*minute, record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "ada"})
	two.enter(20*minute, incident.Contain).enter(30*minute, incident.Eradicate).enter(90*minute, incident.Recover)
	two.states("occurred", two.opened.Add(-60*minute))

	three := open(t, "2026-0003", "2026-04-10 10:00", 2, record.Opened{})
	three.at(2*minute, record.Noted, record.Note{Text: "x"})
	three.enter(5*minute, incident.Contain).at(20*minute, record.IncidentClosed, record.Reason{})

	four := open(t, "2026-0004", "2026-04-20 10:00", 3, record.Opened{Detected: moment(t, "2026-04-20 10:40")})
	four.states("occurred", four.opened.Add(-30*minute)).states("acknowledged", four.opened.Add(20*minute))
	four.states("acknowledged", time.Time{}) // and taken back: what people did is left

	five := open(t, "2026-0005", "2026-05-01 10:00", 1, record.Opened{Detected: moment(t, "2026-05-01 09:00")})
	five.at(1*minute, record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "jun"})
	five.states("occurred", five.opened.Add(-1440*minute)).states("contained", five.opened.Add(90*minute))
	five.states("eradicated", five.opened.Add(200*minute)).states("recovered", five.opened.Add(300*minute))
	five.at(500*minute, record.IncidentClosed, record.Reason{})

	var cases []metrics.Case
	for _, s := range []*story{one, two, three, four, five} {
		cases = append(cases, s.made(today()))
	}
	s := metrics.Compute(cases, nil, metrics.Request{Made: today()})
	// By hand, type 7: of n values from 0 the quartiles lie at (n-1)/4, (n-1)/2, 3(n-1)/4.
	want := map[string]string{
		// 50 (0002), 70 (0004), 100 (0001), 1380 (0005): at .75, 1.5 and 2.25
		"detect": "n 4 running 0 unknown 1 | 50 65 85 420 1380",
		// 20 (0002), 25 (0001), 61 (0005), 1400 (0004)
		"acknowledge": "n 4 running 0 unknown 1 | 20 23.75 43 395.75 1400",
		// 40 (0002), 80 (0001), 150 (0005)
		"contain":             "n 3 running 1 unknown 1 | 40 60 80 115 150",
		"eradicate":           "n 3 running 1 unknown 1 | 100 120 140 200 260",
		"recover":             "n 2 running 2 unknown 1 | 260 285 310 335 360",
		"opened-contained":    "n 4 running 1 unknown 0 | 20 27.5 45 67.5 90",
		"opened-eradicated":   "n 3 running 1 unknown 1 | 90 105 120 160 200",
		"opened-recovered":    "n 2 running 2 unknown 1 | 240 255 270 285 300",
		"opened-closed":       "n 3 running 2 unknown 0 | 20 160 300 400 500",
		"commander":           "n 2 running 1 unknown 2 | 1 3.25 5.5 7.75 10",
		"time-identify":       "n 4 running 1 unknown 0 | 5 16.25 25 147.5 500",
		"time-contain":        "n 3 running 0 unknown 0 | 10 12.5 15 22.5 30",
		"first-update":        "n 0 running 2 unknown 3",
		"approval-wait":       "n 0 running 0 unknown 0",
		"opened-acknowledged": "n 5 running 0 unknown 0 | 1 2 5 10 1440",
	}
	for key, line := range want {
		if got := minutes(metric(t, s, key)); got != line {
			t.Errorf("%s\n got %s\nwant %s", key, got, line)
		}
	}
	// 0003 was closed while in contain: the review says that this ended it.
	if m := metric(t, s, "detect"); m.Missing[0].Incident != "2026-0003" || !strings.Contains(m.Missing[0].Why, "nobody stated when it occurred") {
		t.Errorf("missing of detect: %+v", m.Missing)
	}
	groups := map[string]int{}
	for _, g := range s.Groups {
		groups[g.By+" "+g.Name] = g.Incidents
	}
	for name, n := range map[string]int{"severity sev1": 2, "severity sev2": 2, "severity sev3": 1, "quarter 2026-Q1": 2, "quarter 2026-Q2": 3, "playbook none": 5} {
		if groups[name] != n {
			t.Errorf("group %s: %d, want %d", name, groups[name], n)
		}
	}
}

func TestEndBeforeBeginning(t *testing.T) {
	s := open(t, "2026-0001", "2026-01-10 10:00", 1, record.Opened{})
	s.states("occurred", s.opened).states("detected", s.opened.Add(-time.Hour))
	m := metric(t, metrics.Compute([]metrics.Case{s.made(today())}, nil, metrics.Request{}), "detect")
	if m.N != 0 || m.Unknown != 1 || !strings.Contains(m.Missing[0].Why, "its end is 1 h before its beginning") {
		t.Errorf("%+v", m)
	}
}

func TestApprovalsUpdatesAndFollowUps(t *testing.T) {
	const minute = time.Minute
	s := open(t, "2026-0001", "2026-01-10 21:00", 2, record.Opened{})
	s.at(10*minute, record.ActionPlanned, record.Planned{Action: "a1", Approvals: 2})
	s.at(11*minute, record.ActionPlanned, record.Planned{Action: "a2"}) // nobody has to agree
	s.at(12*minute, record.ActionPlanned, record.Planned{Action: "a3", Approvals: 1})
	s.at(13*minute, record.ActionApproved, record.Decision{Action: "a1"})
	s.at(14*minute, record.ActionRejected, record.Decision{Action: "a3"})
	s.at(25*minute, record.ActionApproved, record.Decision{Action: "a1"})
	s.at(26*minute, record.ActionPlanned, record.Planned{Action: "a4", Approvals: 1})
	s.at(30*minute, record.UpdateWritten, record.Update{ID: "u1", Audience: "executives", Actions: []string{"a2"}})
	s.at(40*minute, record.UpdateWritten, record.Update{ID: "u2", Audience: "executives", ByHand: "by phone"})
	s.at(45*minute, record.ActionSent, record.Outcome{Action: "a2"})
	due := func(day string) time.Time { return moment(t, day+" 00:00") }
	s.at(61*minute, record.ItemAdded, record.Item{ID: "i1", Text: "x", Due: due("2026-02-01")}) // done on the day itself: on time
	s.at(61*minute, record.ItemAdded, record.Item{ID: "i2", Text: "x", Due: due("2026-02-01")}) // done, opened again: overdue
	s.at(61*minute, record.ItemAdded, record.Item{ID: "i3", Text: "x"})
	s.at(61*minute, record.ItemAdded, record.Item{ID: "i4", Text: "x", Due: due("2026-02-01")}) // late
	s.at(61*minute, record.ItemAdded, record.Item{ID: "i5", Text: "x", Due: due("2026-02-01")}) // put off
	s.at(61*minute, record.ItemAdded, record.Item{ID: "i6", Text: "x", Due: due("2026-02-01")}) // dropped
	later := due("2026-12-24")
	to := func(day string) time.Duration { return moment(t, day).Sub(s.opened) }
	s.at(to("2026-02-01 23:00"), record.ItemChanged, record.ItemChange{ID: "i1", State: "done"})
	s.at(to("2026-02-01 23:00"), record.ItemChanged, record.ItemChange{ID: "i2", State: "done"})
	s.at(to("2026-02-02 10:00"), record.ItemChanged, record.ItemChange{ID: "i2", State: "open", Source: "github"})
	s.at(to("2026-02-02 10:00"), record.ItemChanged, record.ItemChange{ID: "i4", State: "done"})
	s.at(to("2026-02-03 10:00"), record.ItemChanged, record.ItemChange{ID: "i4", State: "verified"})
	s.at(to("2026-02-03 10:00"), record.ItemChanged, record.ItemChange{ID: "i5", Due: &later})
	s.at(to("2026-02-03 10:00"), record.ItemChanged, record.ItemChange{ID: "i6", State: "dropped"})
	s.clocks = []review.ClockLine{
		{ID: "gdpr", State: "met", Due: s.opened.Add(72 * time.Hour), Met: s.opened.Add(70 * time.Hour)},
		{ID: "nis2", State: "met late", Due: s.opened.Add(24 * time.Hour), Met: s.opened.Add(25 * time.Hour)},
		{ID: "dora", State: "missed", Due: s.opened.Add(24 * time.Hour)},
		{ID: "cra", State: "running", Due: today().Add(time.Hour)},
		{ID: "sec", State: "not started"},
		{ID: "hipaa", State: "does not apply"},
		{ID: "contract", State: "open duty"},
		{ID: "letter", State: "done"},
	}
	all := metrics.Compute([]metrics.Case{s.made(today())}, nil, metrics.Request{})
	for key, want := range map[string]string{
		"approval-wait": "n 2 running 1 unknown 0 | 2 5.25 8.5 11.75 15",
		"first-update":  "n 1 running 0 unknown 0 | 40 40 40 40 40",
		"clock-margin":  "n 1 running 0 unknown 0 | 120 120 120 120 120",
		"item-time":     "n 2 running 3 unknown 0 | 31738 31903 32068 32233 32398",
	} {
		m := metric(t, all, key)
		if key == "item-time" {
			if m.N != 2 || m.Running != 3 {
				t.Errorf("%s: %s", key, minutes(m))
			}
			continue
		}
		if got := minutes(m); got != want {
			t.Errorf("%s\n got %s\nwant %s", key, got, want)
		}
	}
	for key, want := range map[string]string{
		"items":  "6: 1 on time, 1 late, 1 overdue, 1 open, 1 open, no date, 1 dropped",
		"clocks": "7: 1 met, 1 late, 1 overdue, 1 running, 1 not started, 1 done, 1 open",
	} {
		if got := tally(t, all, key); got != want {
			t.Errorf("%s\n got %s\nwant %s", key, got, want)
		}
	}
}

func tally(t *testing.T, s metrics.Stats, key string) string {
	t.Helper()
	for _, x := range s.Tallies {
		if x.Key != key {
			continue
		}
		var parts []string
		for _, c := range x.Counts {
			if c.N > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Word))
			}
		}
		return fmt.Sprintf("%d: %s", x.N, strings.Join(parts, ", "))
	}
	t.Fatalf("no tally %s", key)
	return ""
}

// TestNight: the same acts fall into another night in another zone, and are
// counted by the role that the person held at the time.
func TestNight(t *testing.T) {
	s := open(t, "2026-0001", "2026-07-10 19:30", 2, record.Opened{})
	s.at(30*time.Minute, record.Noted, record.Note{Text: "x"}) // 20:00Z, 22:00 in Berlin
	s.at(time.Hour, record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "ada"})
	s.at(2*time.Hour+29*time.Minute, record.Noted, record.Note{Text: "x"}) // 21:59Z
	s.at(3*time.Hour, record.Noted, record.Note{Text: "x"})                // 22:30Z
	s.at(3*time.Hour, record.TimelineIngested, record.Ingestion{})         // no person
	got := metrics.Compute([]metrics.Case{s.made(today())}, nil, metrics.Request{})
	if n := *metric(t, got, "night-acts").Max; n != 1 {
		t.Errorf("%g acts at night in UTC, want 1", n)
	}
	want := `[{"role":"commander","acts":3,"night":1,"incidents":1,"night_incidents":1},{"role":"none","acts":2,"night":0,"incidents":1,"night_incidents":0}]`
	if b, err := json.Marshal(got.Loads); err != nil || string(b) != want {
		t.Errorf("loads\n got %s %v\nwant %s", b, err, want)
	}
}

// many makes n incidents that differ in everything that is drawn.
func many(t *testing.T, n int) []*story {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 11))
	out := make([]*story, n)
	for i := range out {
		at := time.Date(2026, 1, 3, 8, 0, 0, 0, time.UTC).Add(time.Duration(i*9*24+r.IntN(100)) * time.Hour)
		s := open(t, fmt.Sprintf("2026-%04d", i+1), at.Format("2006-01-02 15:04"), sev(1+r.IntN(4)), record.Opened{Title: fmt.Sprintf("Case %d of Mallory", i+1)})
		long := func(most time.Duration) time.Duration {
			return time.Duration(float64(most) * r.Float64() * r.Float64())
		}
		pass := 10*time.Minute + long(2*time.Hour)
		s.at(pass, record.Noted, record.Note{Text: "x"})
		for _, p := range []incident.Phase{incident.Contain, incident.Eradicate, incident.Recover, incident.Learn} {
			pass += 5*time.Minute + long(40*time.Hour)
			s.enter(pass, p)
			if r.IntN(12) == 0 {
				break
			}
		}
		if r.IntN(3) > 0 {
			s.at(pass/2, record.FactorNamed, record.Factor{ID: "f1", Category: "technical", Key: []string{"no-mfa", "alert-unread", "flat-network"}[r.IntN(3)]})
		}
		if s.phase == incident.Learn {
			s.at(pass+long(90*time.Hour), record.IncidentClosed, record.Reason{})
		}
		if r.IntN(5) > 0 {
			s.states("occurred", s.opened.Add(-long(1000*time.Hour))).states("detected", s.opened.Add(-long(time.Hour)))
		}
		out[i] = s
	}
	return out
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOrderIsOfNoAccount(t *testing.T) {
	var cases []metrics.Case
	for _, s := range many(t, 24) {
		cases = append(cases, s.made(today()))
	}
	not := []metrics.NotCounted{{"2025-0002", "x"}, {"2025-0001", "y"}}
	want := encoded(t, metrics.Compute(cases, not, metrics.Request{}))
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
		r.Shuffle(len(not), func(i, j int) { not[i], not[j] = not[j], not[i] })
		if got := encoded(t, metrics.Compute(cases, not, metrics.Request{})); got != want {
			t.Fatal("another order, other statistics")
		}
	}
}

// TestOneMoreChangesItsGroupsOnly: an incident is added; every group that it is
// not in stays as it was.
func TestOneMoreChangesItsGroupsOnly(t *testing.T) {
	stories := many(t, 25)
	var cases []metrics.Case
	for _, s := range stories {
		cases = append(cases, s.made(today()))
	}
	more := cases[len(cases)-1]
	before, after := metrics.Compute(cases[:24], nil, metrics.Request{}), metrics.Compute(cases, nil, metrics.Request{})
	mine := map[string]string{metrics.BySeverity: strings.ToLower(more.Severity.String()), metrics.ByPlaybook: "none", metrics.ByQuarter: more.Quarter}
	compared := 0
	for i, m := range before.Metrics {
		for _, g := range m.Groups {
			if mine[g.By] == g.Name {
				continue
			}
			compared++
			found := false
			for _, h := range after.Metrics[i].Groups {
				if h.By == g.By && h.Name == g.Name {
					found = true
					if encoded(t, g) != encoded(t, h) {
						t.Errorf("%s in %s changed", m.Key, g.Name)
					}
				}
			}
			if !found {
				t.Errorf("%s in %s is gone", m.Key, g.Name)
			}
		}
		if d := after.Metrics[i].N + after.Metrics[i].Running + after.Metrics[i].Unknown - m.N - m.Running - m.Unknown; d < 0 || d > 1 {
			t.Errorf("%s: one incident is %d values", m.Key, d)
		}
	}
	if compared < 50 {
		t.Errorf("only %d groups were compared", compared)
	}
}

func TestTrendNeedsTwenty(t *testing.T) {
	stories := many(t, 20)
	var cases []metrics.Case
	for _, s := range stories {
		cases = append(cases, s.made(today()))
	}
	few := metric(t, metrics.Compute(cases[:19], nil, metrics.Request{}), "opened-acknowledged")
	if few.N != 19 || few.Trend.Earlier != nil || !strings.Contains(few.Trend.Says, "fewer than 20") {
		t.Errorf("19 incidents: %+v", few.Trend)
	}
	m := metric(t, metrics.Compute(cases, nil, metrics.Request{}), "opened-acknowledged")
	if m.Trend.Earlier == nil || m.Trend.Earlier.N != 10 || m.Trend.Later.N != 10 || !m.Trend.Earlier.To.Before(m.Trend.Later.From) {
		t.Fatalf("20 incidents: %+v", m.Trend)
	}
	if m := metric(t, metrics.Compute(cases, nil, metrics.Request{}), "opened-closed"); m.Trend.Earlier != nil {
		t.Errorf("%d of 20 incidents have a value: %+v", m.N, m.Trend)
	}
}

func TestDrillsApart(t *testing.T) {
	live := open(t, "2026-0001", "2026-01-10 10:00", 1, record.Opened{}).made(today())
	drill := open(t, "2026-0002", "2026-01-11 10:00", 1, record.Opened{Drill: true}).made(today())
	for _, drills := range []bool{false, true} {
		s := metrics.Compute([]metrics.Case{live, drill}, nil, metrics.Request{Drills: drills})
		want := map[bool]incident.ID{false: "2026-0001", true: "2026-0002"}[drills]
		if len(s.Incidents) != 1 || s.Incidents[0].ID != want || s.OtherMode != 1 {
			t.Errorf("drills %v: %+v", drills, s.Incidents)
		}
	}
}

func TestFactorsThatComeBack(t *testing.T) {
	one := open(t, "2026-0001", "2026-01-10 10:00", 1, record.Opened{})
	one.at(time.Minute, record.FactorNamed, record.Factor{ID: "f1", Category: "technical", Key: "No-MFA "})
	one.at(time.Minute, record.FactorNamed, record.Factor{ID: "f2", Category: "process", Key: "alert-unread"})
	one.at(time.Minute, record.FactorNamed, record.Factor{ID: "f2", Category: "process", Key: "alert-unread", Withdrawn: true})
	one.at(time.Minute, record.FactorNamed, record.Factor{ID: "f3", Category: "process"})
	two := open(t, "2026-0002", "2026-01-11 10:00", 1, record.Opened{})
	two.at(time.Minute, record.FactorNamed, record.Factor{ID: "f1", Category: "technical", Key: "no-mfa"})
	s := metrics.Compute([]metrics.Case{one.made(today()), two.made(today())}, nil, metrics.Request{})
	want := `[{"key":"no-mfa","category":"technical","incidents":["2026-0001","2026-0002"]}]`
	if got := encoded(t, s.Factors); got != want || s.Unkeyed != 1 {
		t.Errorf("got %s, %d without a key", got, s.Unkeyed)
	}
}
