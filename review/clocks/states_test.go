package clocks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/clocks"
)

// said makes a record of what people said, one entry after the other.
func said(t *testing.T, payloads ...any) []record.Entry {
	t.Helper()
	var out []record.Entry
	for i, p := range payloads {
		kind := record.ClockStarted
		switch p.(type) {
		case record.ClockChoice:
			kind = record.ClockChosen
		case record.Submission:
			kind = record.ClockMet
		case record.Reason:
			kind = record.IncidentClosed
		case record.ReviewMove:
			kind = record.ReviewMoved
		}
		out = append(out, entryOf(t, int64(i+1), kind, p))
	}
	return out
}

func at(t *testing.T, s string) time.Time { return moment(t, "2026-06-"+s+":00Z") }

func TestStates(t *testing.T) {
	t.Parallel()
	aware := record.ClockStart{Event: "aware", At: at(t, "01T10:00"), Reason: "SOC"}
	met := func(id, when string) record.Submission {
		return record.Submission{Clock: id, At: at(t, when), To: "them", Proof: "e1"}
	}
	const gdpr, people, final = "eu-gdpr-33-authority", "eu-gdpr-34-people", "eu-nis2-final"
	for _, c := range []struct {
		what, clock, now string
		said             []any
		state            clocks.State
		left             time.Duration
	}{
		{"nobody said anything", gdpr, "01T10:00", nil, clocks.NotStarted, 0},
		{"just begun", gdpr, "01T10:00", []any{aware}, clocks.Running, 72 * time.Hour},
		{"a quarter is left", gdpr, "03T16:00", []any{aware}, clocks.DueSoon, 18 * time.Hour},
		{"a minute more is left", gdpr, "03T15:59", []any{aware}, clocks.Running, 18*time.Hour + time.Minute},
		{"the last moment", gdpr, "04T10:00", []any{aware}, clocks.DueSoon, 0},
		{"a minute late", gdpr, "04T10:01", []any{aware}, clocks.Late, -time.Minute},
		{"met in time", gdpr, "09T10:00", []any{aware, met(gdpr, "04T10:00")}, clocks.MetInTime, 0},
		{"met a minute late", gdpr, "09T10:00", []any{aware, met(gdpr, "04T10:01")}, clocks.MetLate, 0},
		{"met late, and in time by an earlier one that was said later", gdpr, "09T10:00", []any{aware, met(gdpr, "05T10:00"), met(gdpr, "02T10:00")}, clocks.MetInTime, 0},
		{"met, and nobody said when it began", gdpr, "09T10:00", []any{met(gdpr, "04T10:00")}, clocks.Done, 0},
		{"it was not met after all", gdpr, "02T10:00", []any{aware, met(gdpr, "01T11:00"), record.Submission{Clock: gdpr, Note: "wrong authority"}}, clocks.Running, 48 * time.Hour},
		{"does not apply, late or not", gdpr, "09T10:00", []any{aware, record.ClockChoice{Clock: gdpr, Reason: "no personal data"}}, clocks.NotApplicable, 0},
		{"it applies after all", gdpr, "01T10:00", []any{aware, record.ClockChoice{Clock: gdpr, Reason: "no"}, record.ClockChoice{Clock: gdpr, Applies: true, Reason: "yes"}}, clocks.Running, 72 * time.Hour},
		{"the start was taken back", gdpr, "01T10:00", []any{aware, record.ClockStart{Event: "aware", Reason: "a false alarm"}}, clocks.NotStarted, 0},
		{"a later word replaces it", gdpr, "02T10:00", []any{aware, record.ClockStart{Event: "aware", At: at(t, "02T10:00"), Reason: "legal"}}, clocks.Running, 72 * time.Hour},
		{"a word for it alone comes before one for all", gdpr, "01T10:00", []any{record.ClockStart{Event: "aware", At: at(t, "01T09:00"), Clocks: []string{gdpr}}, aware}, clocks.Running, 71 * time.Hour},
		{"taken back for it alone, that for all holds", gdpr, "01T10:00", []any{record.ClockStart{Event: "aware", At: at(t, "01T09:00"), Clocks: []string{gdpr}}, aware, record.ClockStart{Event: "aware", Clocks: []string{gdpr}}}, clocks.Running, 72 * time.Hour},
		{"a word for others", gdpr, "01T10:00", []any{record.ClockStart{Event: "aware", At: at(t, "01T09:00"), Clocks: []string{people}}}, clocks.NotStarted, 0},
		{"a duty without a number", people, "30T10:00", []any{aware}, clocks.OpenDuty, 0},
		{"it is done, and never in time", people, "30T10:00", []any{aware, met(people, "01T11:00")}, clocks.Done, 0},
		{"the stage before was not submitted", final, "01T10:00", []any{aware}, clocks.NotStarted, 0},
		{"it was", final, "01T10:00", []any{aware, met("eu-nis2-notification", "01T12:00")}, clocks.Running, 30*24*time.Hour - 10*time.Hour - time.Second}, // to the end of 1 July
		{"it was not, after all", final, "01T10:00", []any{aware, met("eu-nis2-notification", "01T12:00"), record.Submission{Clock: "eu-nis2-notification"}}, clocks.NotStarted, 0},
		{"before it was in force", "eu-cra-14-vuln-24h", "01T10:00", []any{aware}, clocks.NotApplicable, 0},
		{"people say that it applies all the same", "eu-cra-14-vuln-24h", "01T10:00", []any{aware, record.ClockChoice{Clock: "eu-cra-14-vuln-24h", Applies: true, Reason: "counsel"}}, clocks.Running, 24 * time.Hour},
	} {
		now := at(t, c.now)
		l := lineOf(t, clocks.Lines(wholeBook(t), clocks.Fold(said(t, c.said...)), clocks.Terms{Now: now}), c.clock)
		want := c.left
		if c.what == "it was" {
			want = moment(t, "2026-07-01T23:59:59Z").Sub(now)
		}
		if l.State != c.state || l.LeftOf() != want {
			t.Errorf("%s: %s, %s left; want %s, %s", c.what, l.State, l.LeftOf(), c.state, want)
		}
	}
}

func TestWhatWouldStartIt(t *testing.T) {
	t.Parallel()
	b := wholeBook(t)
	lines := clocks.Lines(b, clocks.Fold(nil), clocks.Terms{Now: at(t, "01T10:00")})
	for id, want := range map[string]string{
		"eu-gdpr-33-authority":   "aware: it is known that it happened",
		"eu-nis2-final":          "the submission of eu-nis2-notification",
		"us-hipaa-408-hhs-small": "discovered: it is known, or would have been with reasonable diligence",
	} {
		if l := lineOf(t, lines, id); l.WaitsFor != want {
			t.Errorf("%s waits for %q, want %q", id, l.WaitsFor, want)
		}
	}
	f := clocks.Fold(said(t, record.ClockStart{Event: "aware", At: at(t, "01T08:00")}))
	dora := lineOf(t, clocks.Lines(b, f, clocks.Terms{Now: at(t, "01T10:00")}), "eu-dora-initial")
	if dora.State != clocks.NotStarted || !dora.Latest.Equal(at(t, "02T08:00")) || !dora.Due.IsZero() {
		t.Errorf("%+v", dora)
	}
	if l := lineOf(t, clocks.Lines(b, f, clocks.Terms{Now: at(t, "02T08:01")}), "eu-dora-initial"); !l.Latest.IsZero() {
		t.Errorf("the 24 hours are over: %s", l.Latest)
	}
}

func TestNotesOfDates(t *testing.T) {
	t.Parallel()
	b := wholeBook(t)
	note := func(id string, cals clocks.Calendars, starts ...string) string {
		l := lineOf(t, clocks.Lines(b, clocks.Fold(startsOf(t, "", starts...)), clocks.Terms{Now: at(t, "01T10:00"), Calendars: cals}), id)
		return strings.Join(l.Notes, "; ")
	}
	if got := note("us-sec-8k-105", nil, "determined 2026-06-01T09:00:00-04:00"); !strings.Contains(got, "no holidays are known") {
		t.Errorf("%q", got)
	}
	us := clocks.Calendars{"sec 8-k": calendars()["us"]}
	if got := note("us-sec-8k-105", us, "determined 2026-06-01T09:00:00-04:00"); got != "" {
		t.Errorf("with a calendar of its own: %q", got)
	}
	if got := note("pci-visa-3bd", us, "suspected 2026-06-01T09:00:00-04:00"); !strings.Contains(got, "no holidays are known") {
		t.Errorf("a calendar of another regime: %q", got)
	}
	if got := note("eu-dora-intermediate", nil, "met:eu-dora-initial 2026-06-03T09:00:00+02:00"); !strings.Contains(got, "its end is on no working day") {
		t.Errorf("%q", got)
	}
	if got := note("eu-gdpr-33-authority", nil, "aware 2026-06-03T09:00:00+02:00"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	b, err := clocks.NewBook(nil, clocks.Choice{Regimes: []string{"GDPR", "NIS2", "DORA"}})
	if err != nil {
		t.Fatal(err)
	}
	f := clocks.Fold(said(t,
		record.ClockStart{Event: "aware", At: at(t, "01T10:00")}, record.Submission{Clock: "eu-nis2-early-warning", At: at(t, "01T12:00")},
		record.ClockChoice{Clock: "eu-dora-final", Reason: "no bank"}, record.ClockChoice{Clock: "eu-dora-intermediate", Applies: true, Reason: "a bank"},
		record.ClockChoice{Clock: "who-knows", Applies: true, Reason: "a typo of another version"},
	))
	lines := clocks.Lines(b, f, clocks.Terms{Now: at(t, "04T11:00"), House: []clocks.HouseRule{clocks.UpdateDue("executives", time.Hour, at(t, "04T10:30"))}})
	var got []string
	for _, l := range lines {
		got = append(got, l.Clock+" "+string(l.State))
	}
	want := []string{
		"eu-gdpr-33-authority late", "eu-nis2-notification late", "house-update-executives running",
		"eu-gdpr-34-people open duty", "eu-nis2-recipients open duty",
		"eu-dora-intermediate not started", "who-knows not started", "eu-nis2-final not started", "eu-dora-initial not started",
		"eu-nis2-early-warning met in time", "eu-dora-final does not apply",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if l, ok := clocks.Nearest(lines); !ok || l.Clock != "eu-gdpr-33-authority" {
		t.Errorf("nearest %s", l.Clock)
	}
}

func TestReviewOfTheHouse(t *testing.T) {
	t.Parallel()
	closed := moment(t, "2026-06-05T10:00:00Z") // a Friday
	closing := entryOf(t, 1, record.IncidentClosed, record.Reason{Reason: "over"})
	closing.Time = closed
	moved := entryOf(t, 2, record.ReviewMoved, record.ReviewMove{To: record.ReviewReviewed})
	moved.Time = moment(t, "2026-06-12T10:00:00Z")
	back := entryOf(t, 3, record.ReviewMoved, record.ReviewMove{To: record.ReviewDraft})
	reopened := entryOf(t, 4, record.IncidentReopened, record.Reason{})
	b := wholeBook(t)
	for _, c := range []struct {
		what    string
		within  string
		entries []record.Entry
		due     string
		state   clocks.State
	}{
		{"3 days end on a Monday", "3d", []record.Entry{closing}, "2026-06-08T23:59:59Z", clocks.Running},
		{"5 business days", "5bd", []record.Entry{closing}, "2026-06-12T23:59:59Z", clocks.Running},
		{"it was done in time", "5bd", []record.Entry{closing, moved}, "2026-06-12T23:59:59Z", clocks.MetInTime},
		{"and was not, after all", "5bd", []record.Entry{closing, moved, back}, "2026-06-12T23:59:59Z", clocks.Running},
		{"the incident goes on", "5bd", []record.Entry{closing, reopened}, "", ""},
		{"nobody wants one", "", []record.Entry{closing}, "", ""},
	} {
		f := clocks.Fold(c.entries)
		p, _ := clocks.ParsePeriod(c.within)
		h, due := f.ReviewDue(p)
		if due != (c.due != "") {
			t.Errorf("%s: %v", c.what, due)
		}
		if !due {
			continue
		}
		l := lineOf(t, clocks.Lines(b, f, clocks.Terms{Now: moment(t, "2026-06-05T11:00:00Z"), House: []clocks.HouseRule{h}}), "house-review")
		if !l.Due.Equal(moment(t, c.due)) || l.State != c.state {
			t.Errorf("%s: due %s, %s; want %s, %s", c.what, l.Due, l.State, c.due, c.state)
		}
	}
}

func TestUnreadableEntries(t *testing.T) {
	t.Parallel()
	e := entryOf(t, 7, record.ClockStarted, record.ClockStart{Event: "aware"})
	e.Fields["at"] = json.RawMessage(`"yesterday"`)
	f := clocks.Fold([]record.Entry{e, entryOf(t, 8, record.Noted, record.Note{Text: "x"})})
	if !slices.Equal(f.Unread, []int64{7}) || f.Any() {
		t.Errorf("%v %v", f.Unread, f.Any())
	}
}

// A review is counted by what its entries say, not by the configuration of whoever
// makes it.
func TestForReview(t *testing.T) {
	t.Parallel()
	pin := func(b clocks.Basis) json.RawMessage {
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	now := at(t, "03T10:00")
	if lines := clocks.ForReview(said(t, record.Reason{}), now); lines != nil {
		t.Errorf("nobody spoke of deadlines: %+v", lines)
	}
	basis := clocks.Basis{
		On: []string{"acme-24h", "eu-gdpr-33-authority", "pci-visa-3bd"}, Zone: "Europe/Berlin",
		Calendars: clocks.Calendars{"default": {Holidays: []playbooks.Holiday{{Date: "2026-06-04"}}}},
		Own:       []clocks.OwnFile{{"clocks/acme.yaml", acme}, {"clocks/bad.yaml", "not: ours"}},
	}
	es := said(t,
		record.ClockStart{Event: "aware", At: at(t, "01T10:00"), Reason: "SOC", Basis: pin(basis)},
		record.ClockStart{Event: "suspected", At: at(t, "01T22:30"), Reason: "SOC"}, // 2 June in Berlin
		record.ClockChoice{Clock: "us-tx-ag", Reason: "nobody in Texas"},
		record.Submission{Clock: "acme-24h", At: at(t, "02T11:00"), To: "ACME", Proof: "e1"},
	)
	byID := map[string]review.ClockLine{}
	for _, l := range clocks.ForReview(es, now) {
		byID[l.ID] = l
	}
	for id, want := range map[string]struct{ due, state, reason string }{
		"acme-24h":             {"2026-06-02T10:00:00Z", "met late", "SOC"},
		"acme-report":          {"", "", ""},
		"eu-gdpr-33-authority": {"2026-06-04T10:00:00Z", "running", "SOC"},
		"pci-visa-3bd":         {"2026-06-08T21:59:59Z", "running", "SOC"}, // 3, not Corpus Christi, 5, 8 June
		"us-tx-ag":             {"", "does not apply", "nobody in Texas"},
	} {
		l := byID[id]
		if want.state == "" {
			if l.ID != "" {
				t.Errorf("%s was not on: %+v", id, l)
			}
			continue
		}
		due := ""
		if !l.Due.IsZero() {
			due = l.Due.Format(time.RFC3339)
		}
		if due != want.due || l.State != want.state || l.Reason != want.reason {
			t.Errorf("%s: due %q, %s, %q; want %+v", id, due, l.State, l.Reason, want)
		}
	}
	if l := byID["acme-24h"]; l.Proof != "e1" || !slices.Equal(l.Seqs, []int64{1, 4}) || l.Confidence != "own" {
		t.Errorf("%+v", l)
	}
	if len(byID) != 4 {
		t.Errorf("%d lines", len(byID))
	}
	late := clocks.ForReview(es, at(t, "29T10:00"))
	if i := slices.IndexFunc(late, func(l review.ClockLine) bool { return l.ID == "eu-gdpr-33-authority" }); late[i].State != "missed" {
		t.Errorf("%+v", late[i])
	}
	// A reader who may not see the start sees no deadline that counts from it.
	masked := slices.Clone(es)
	for i, e := range masked {
		masked[i] = record.PublicProfile.Hide(e)
	}
	for _, l := range clocks.ForReview(masked, now) {
		if !l.Started.IsZero() || l.Proof != "" {
			t.Errorf("%+v", l)
		}
	}
}

func TestDraft(t *testing.T) {
	t.Parallel()
	low, high := 1200.0, 1500.0
	r := review.Review{
		Made: at(t, "05T10:00"), Incident: incident.Incident{ID: "2026-0007", Title: "Customer table read http://evil.example/x", Severity: incident.SEV1, Opened: at(t, "01T11:00"), Roles: map[incident.Role]string{incident.Legal: "(withheld)", incident.Commander: "Ada"}},
		Impact: []review.Measured{
			{Impact: record.Impact{Measure: "people", Class: "customers", Place: "DE", Low: &low, High: &high, Certainty: "estimated"}, Shown: "1,200 to 1,500"},
		},
		Actions: []review.Action{{ID: "a1", Title: "Revoke the key", State: "verified", Sent: review.Act{Time: at(t, "01T12:00")}}, {ID: "a2", Title: "Block it", State: "planned"}},
		Items:   []review.Item{{Item: record.Item{Text: "Rotate all keys"}}},
	}
	f := clocks.Fold(said(t, record.ClockStart{Event: "aware", At: at(t, "01T10:00"), Reason: "SOC"}))
	b := wholeBook(t)
	draft := func(id string, now time.Time) clocks.Draft {
		rule, _ := b.Rule(id)
		return clocks.NewDraft(clocks.LineOf(rule, f, clocks.Terms{Now: now}), f, r)
	}
	d := draft("eu-gdpr-33-authority", at(t, "02T10:00"))
	for _, want := range []string{
		"DRAFT, not sent.", "advice, not legal advice", "Art. 33(1)", "aware at 2026-06-01 10:00:00Z", "72 hours", "which is 2026-06-04 10:00:00Z", "profile regulator",
		"1. nature of the breach\n   - Customer table read hxxp://evil[.]example/x\n   - 2026-06-01 10:00:00Z: it is known that it happened",
		"2. categories and approximate number of people\n   - people, customers, DE: 1,200 to 1,500 (estimated)",
		"3. categories and approximate number of records\n   [MISSING: categories and approximate number of records]\n\n", "[MISSING: likely consequences]", "commander: Ada",
		"Revoke the key, verified at 2026-06-01 12:00:00Z", "planned: Rotate all keys", "It may be given in parts",
	} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("%q is not in\n%s", want, d.Text)
		}
	}
	for _, not := range []string{"(withheld)", "Block it", "reasons for the delay"} {
		if strings.Contains(d.Text, not) {
			t.Errorf("%q is in\n%s", not, d.Text)
		}
	}
	if late := draft("eu-gdpr-33-authority", at(t, "05T10:00")); !strings.Contains(late.Text, "[MISSING: where it comes after 72 hours: the reasons for the delay]") {
		t.Errorf("late, and no word of it:\n%s", late.Text)
	}
	for _, rule := range b.Rules() { // each asks what its data has, and nothing that nobody can answer is passed over
		d := draft(rule.ID, at(t, "02T10:00"))
		asked := len(rule.Content)
		if asked == 0 {
			asked = 3
		}
		for _, a := range rule.Content {
			if slices.Contains(a.From, "late") {
				asked--
			}
		}
		if len(d.Items) != asked {
			t.Errorf("%s asks for %d things, the draft has %d", rule.ID, asked, len(d.Items))
		}
		for _, item := range d.Items {
			if len(item.Says)+len(item.Missing) == 0 {
				t.Errorf("%s: %q is neither answered nor missing", rule.ID, item.Ask)
			}
		}
	}
	r.Incident.Drill = true
	if d := draft("us-hipaa-404-individuals", at(t, "02T10:00")); !strings.HasPrefix(d.Text, "DRILL") || d.Profile != record.ExecutiveProfile || !slices.Contains(d.Missing, "what individuals should do to protect themselves") {
		t.Errorf("%+v", d)
	}
}
