package response

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/review/clocks"
)

func clocksConfig() config.Config {
	return config.Config{
		Clocks:    config.Clocks{Regimes: []string{"GDPR", "NIS2"}, Zone: "Europe/Berlin", Holidays: map[string]string{"default": "de"}},
		Calendars: map[string]config.Calendar{"de": {Holidays: []config.Holiday{{Date: "1999-01-01"}, {Date: "2026-12-25"}}}},
		Updates:   map[string]config.Cadence{"exec": {Every: config.Interval(time.Hour)}},
	}
}

// contract is a deadline of the workspace's own.
const contract = `clocks: 1
rules:
  - {id: acme, regime: Contract ACME, duty: Tell ACME, start: aware, within: 12h, to: ACME's security desk}
`

func (b *bench) contract(src string) {
	b.Helper()
	dir := filepath.Join(b.s.s.o.Home, clocksDir)
	b.must(os.MkdirAll(dir, 0o700))
	b.must(os.WriteFile(filepath.Join(dir, "acme.yaml"), []byte(src), 0o600))
}

func (b *bench) sheet() ClockSheet {
	b.Helper()
	sheet, err := b.s.Clocks(b.Context(), b.id)
	b.must(err)
	return sheet
}

func (b *bench) line(id string) clocks.Line {
	b.Helper()
	for _, l := range b.sheet().Lines {
		if l.Clock == id {
			return l
		}
	}
	b.Fatalf("no clock %s", id)
	return clocks.Line{}
}

func TestClocksFromStartToEnd(t *testing.T) {
	b := newBench(t, clocksConfig())
	b.contract(contract)
	b.open()
	if l := b.line("eu-gdpr-33-authority"); l.State != clocks.NotStarted || l.Applies != clocks.Undecided {
		t.Errorf("%+v", l)
	}
	aware := b.clock.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	b.must(b.s.StartClock(t.Context(), b.id, record.ClockStart{Event: "aware", At: aware, Reason: "SOC lead"}))
	if l := b.line("eu-gdpr-33-authority"); l.State != clocks.Running || !l.Due.Equal(aware.Add(72*time.Hour)) || l.Reason != "SOC lead" {
		t.Errorf("%+v", l)
	}
	board, err := b.s.Board(t.Context(), b.id)
	b.must(err)
	if len(board.Clocks) != 6 || board.Clocks[0].Clock != "acme" { // one's own, GDPR two, NIS2 three
		t.Errorf("the board has %d, first %s", len(board.Clocks), board.Clocks[0].Clock)
	}
	list, err := b.s.List(t.Context())
	b.must(err)
	if n := list[0].Clock; n == nil || n.Clock != "acme" || !n.Due.Equal(aware.Add(12*time.Hour)) {
		t.Errorf("the list says %+v", n)
	}
	b.must(b.s.MeetClock(t.Context(), b.id, record.Submission{Clock: "eu-nis2-notification", At: aware.Add(30 * time.Minute), To: "BSI"}))
	if l := b.line("eu-nis2-final"); l.State != clocks.Running || !strings.HasPrefix(l.DueLocal, "end of ") || !strings.HasSuffix(l.DueLocal, "Europe/Berlin") {
		t.Errorf("the stage after: %+v", l)
	}
	b.must(b.s.MeetClock(t.Context(), b.id, record.Submission{Clock: "eu-nis2-notification", Note: "to the wrong one"}))
	if l := b.line("eu-nis2-final"); l.State != clocks.NotStarted {
		t.Errorf("after it was taken back: %+v", l)
	}
	b.must(b.s.ChooseClock(t.Context(), b.id, "us-tx-ag", true, "customers in Texas"))
	if l := b.line("us-tx-ag"); l.Applies != clocks.Applies || l.State != clocks.NotStarted {
		t.Errorf("one that is not on: %+v", l)
	}
	b.must(b.s.CloseIncident(t.Context(), b.id, "over"))
	b.must(b.s.MeetClock(t.Context(), b.id, record.Submission{Clock: "eu-gdpr-33-authority", At: b.clock.Now(), To: "LfD"})) // long after the end
	if l := b.line("eu-gdpr-33-authority"); l.State != clocks.MetInTime || l.Submitted != "LfD" {
		t.Errorf("%+v", l)
	}
	ok, err := b.verifies()
	if err != nil || !ok {
		t.Errorf("verified %v, %v", ok, err)
	}
}

// What an entry was counted by stands in it once, and again when it has changed.
func TestClocksArePinned(t *testing.T) {
	b := newBench(t, clocksConfig())
	b.contract(contract)
	b.open()
	start := record.ClockStart{Event: "aware", At: b.clock.Now().UTC(), Reason: "SOC"}
	b.must(b.s.StartClock(t.Context(), b.id, start))
	b.must(b.s.ChooseClock(t.Context(), b.id, "acme", true, "their data"))
	b.contract(strings.Replace(contract, "12h, to", "6h, to", 1))
	b.must(b.s.ChooseClock(t.Context(), b.id, "acme", true, "the new contract holds"))
	var pinned []int
	var first clocks.Basis
	for _, e := range slices.Concat(b.entries(record.ClockStarted), b.entries(record.ClockChosen)) {
		pinned = append(pinned, len(e.Fields["basis"]))
		if len(pinned) == 1 {
			b.must(json.Unmarshal(e.Fields["basis"], &first))
		}
	}
	if len(pinned) != 3 || pinned[0] == 0 || pinned[1] != 0 || pinned[2] == 0 {
		t.Errorf("pinned %v", pinned)
	}
	if first.Zone != "Europe/Berlin" || len(first.Own) != 1 || !slices.Contains(first.On, "acme") || slices.Contains(first.On, "eu-gdpr-33-processor") {
		t.Errorf("%+v", first)
	}
	if days := first.Calendars["default"].Holidays; len(days) != 1 || days[0].Date != "2026-12-25" {
		t.Errorf("of the calendar: %+v", days)
	}
	all := func() []record.Entry {
		return slices.Concat(b.entries(record.ClockStarted), b.entries(record.ClockChosen))
	}
	for _, l := range clocks.ForReview(all(), b.clock.Now()) {
		if l.ID == "acme" && !l.Due.Equal(start.At.Add(6*time.Hour)) {
			t.Errorf("the review says %s", l.Due)
		}
	}
}

func TestClocksAreRefused(t *testing.T) {
	b := newBench(t, clocksConfig())
	b.open()
	now := b.clock.Now()
	ctx := t.Context()
	start := func(c record.ClockStart) error { return b.s.StartClock(ctx, b.id, c) }
	met := func(m record.Submission) error { return b.s.MeetClock(ctx, b.id, m) }
	b.must(b.s.ChooseClock(ctx, b.id, "eu-nis2-final", false, "no such entity"))
	before := len(b.all())
	for want, err := range map[string]error{
		"who judged so, and by what?":                                 start(record.ClockStart{Event: "aware", At: now}),
		`start "awre": nothing counts from that`:                      start(record.ClockStart{Event: "awre", At: now, Reason: "x"}),
		`start "previous": nothing counts from that`:                  start(record.ClockStart{Event: "previous", At: now, Reason: "x"}),
		"that is still to come":                                       start(record.ClockStart{Event: "aware", At: now.Add(time.Hour), Reason: "x"}),
		`zone "Mars" is not known`:                                    start(record.ClockStart{Event: "aware", At: now, Reason: "x", Zone: "Mars"}),
		"us-sec-8k-105 counts from determined":                        start(record.ClockStart{Event: "aware", At: now, Reason: "x", Clocks: []string{"us-sec-8k-105"}}),
		`clock "eu-gdpr-33" is not known`:                             start(record.ClockStart{Event: "aware", At: now, Reason: "x", Clocks: []string{"eu-gdpr-33"}}),
		"take back aware: nobody said it":                             start(record.ClockStart{Event: "aware", Reason: "x"}),
		"why does it apply, or not?":                                  b.s.ChooseClock(ctx, b.id, "us-tx-ag", true, " "),
		`clock "us-tx" is not known`:                                  b.s.ChooseClock(ctx, b.id, "us-tx", true, "x"),
		"house-review follows from the record by itself":              met(record.Submission{Clock: "house-review", At: now}),
		"eu-nis2-final does not apply here: no such entity":           met(record.Submission{Clock: "eu-nis2-final", At: now}),
		"proof e9 of eu-gdpr-33-authority: there is no such exhibit":  met(record.Submission{Clock: "eu-gdpr-33-authority", At: now, Proof: "e9"}),
		"take back eu-gdpr-33-authority: nobody said that it was met": met(record.Submission{Clock: "eu-gdpr-33-authority", Note: "x"}),
		"eu-gdpr-33-authority: why was it not met?":                   met(record.Submission{Clock: "eu-gdpr-33-authority"}),
		"met eu-gdpr-33-authority at 2":                               met(record.Submission{Clock: "eu-gdpr-33-authority", At: now.Add(time.Hour)}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if after := len(b.all()); after != before {
		t.Errorf("%d entries were written", after-before)
	}
	b.contract("clocks: 1\nrules:\n  - {id: x, regim: R}\n")
	_, err := b.s.Clocks(ctx, b.id)
	if CodeOf(err) != CodeUsage || !strings.Contains(err.Error(), "clocks/acme.yaml:3:") {
		t.Errorf("%v", err)
	}
	board, err := b.s.Board(ctx, b.id) // what is wrong with a file must not hide the incident
	b.must(err)
	if !strings.Contains(board.NoClocks, `no key "regim"`) {
		t.Errorf("%q", board.NoClocks)
	}
	if _, err := b.s.List(ctx); err != nil {
		t.Error(err)
	}
}

// Two people who say the same at the same time both end in the record, in one order.
func TestClocksTogether(t *testing.T) {
	b := newBench(t, clocksConfig())
	b.open()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := b.s.StartClock(t.Context(), b.id, record.ClockStart{Event: "aware", At: b.clock.Now(), Reason: "SOC"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	es := b.entries(record.ClockStarted)
	pinned := 0
	for _, e := range es {
		if len(e.Fields["basis"]) > 0 {
			pinned++
		}
	}
	if len(es) != 8 || pinned != 1 {
		t.Errorf("%d entries, %d of them with what they were counted by", len(es), pinned)
	}
}

func TestClocksOfTheHouse(t *testing.T) {
	conf := clocksConfig()
	b := newBench(t, conf)
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "x", Severity: incident.SEV1})
	b.must(err)
	b.id = inc.ID
	if l := b.line("house-update-executives"); l.State != clocks.Running || !l.Due.Equal(inc.Opened.Add(time.Hour)) {
		t.Errorf("%+v", l)
	}
	b.must(b.s.CloseIncident(t.Context(), b.id, "over"))
	l := b.line("house-review")
	berlin, err := time.LoadLocation("Europe/Berlin")
	b.must(err)
	if days := l.Due.In(berlin).YearDay() - b.clock.Now().In(berlin).YearDay(); days < 3 || days > 5 || l.Limit != "3 days" { // and a weekend
		t.Errorf("due %s, %s", l.Due, l.Limit)
	}
	conf.Clocks.Review = map[string]string{"sev1": "never"}
	if s := b.service(conf); s.reviewLimit(incident.SEV1) != (clocks.Period{}) || s.reviewLimit(incident.SEV2).BusinessDays != 5 {
		t.Error("never is not never")
	}
}

func TestClocksThatThePlaybookNames(t *testing.T) {
	b := newBench(t, config.Config{})
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "x", Playbook: "leaked-github-token", Vars: map[string]any{"repo": "acme/site"}})
	if err != nil {
		inc, err = b.s.Open(t.Context(), NewIncident{Title: "x", Playbook: "phishing"})
	}
	b.must(err)
	b.id = inc.ID
	sheet := b.sheet()
	if len(sheet.Lines) != 0 || len(sheet.Named) == 0 || !sheet.Named[0].Known || sheet.Named[0].When == "" {
		t.Errorf("%+v", sheet)
	}
	b.must(b.s.ChooseClock(t.Context(), b.id, sheet.Named[0].Clock, true, "yes"))
	if after := b.sheet(); len(after.Lines) != 1 || len(after.Named) != len(sheet.Named)-1 {
		t.Errorf("%+v", after)
	}
}

// A deadline whose condition holds is on, asked for and not judged; what people say of
// it is the same on the sheet, the board, the list, in the review and in a draft.
func TestClocksThatThePlaybookAsksFor(t *testing.T) {
	const gdpr = "eu-gdpr-33-authority"
	b := newBench(t, config.Config{})
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "x", Playbook: "phishing", Vars: map[string]any{"personal_data": false}})
	b.must(err)
	b.id = inc.ID
	board := func() Board {
		t.Helper()
		out, err := b.s.Board(t.Context(), b.id)
		b.must(err)
		return out
	}
	nearest := func() string {
		t.Helper()
		l, err := b.s.List(t.Context())
		b.must(err)
		if len(l) != 1 || l[0].Clock == nil {
			return ""
		}
		return l[0].Clock.Clock
	}
	reviewed := func() string {
		for _, l := range clocks.ForReview(slices.Concat(b.entries(record.ClockStarted), b.entries(record.ClockChosen)), b.clock.Now()) {
			if l.ID == gdpr {
				return l.State
			}
		}
		return ""
	}
	if sheet := b.sheet(); len(sheet.Lines) != 0 || sheet.Named[0].Condition != "no" || len(board().Unjudged) != 0 {
		t.Fatalf("%+v", sheet)
	}
	b.must(b.s.SetVariables(t.Context(), b.id, map[string]string{"personal_data": "true"}))
	if l := b.line(gdpr); l.State != clocks.NotStarted || l.Applies != clocks.Undecided || !slices.Contains(l.Notes, "the playbook names it where personal_data, which is so by now") {
		t.Errorf("%+v", l)
	}
	if x := board(); len(x.Unjudged) != 1 || len(x.Clocks) != 0 || len(b.sheet().Named) != 0 {
		t.Errorf("%+v", x.Unjudged)
	}
	b.must(b.s.StartClock(t.Context(), b.id, record.ClockStart{Event: "aware", At: b.clock.Now(), Reason: "legal"}))
	if x := board(); len(x.Unjudged) != 0 || len(x.Clocks) != 1 || nearest() != gdpr || reviewed() != "running" {
		t.Errorf("%+v, nearest %q, review %q", x.Clocks, nearest(), reviewed())
	}
	b.must(b.s.ChooseClock(t.Context(), b.id, gdpr, false, "company data only"))
	if x := board(); len(x.Unjudged)+len(x.Clocks) != 0 || nearest() != "" || reviewed() != "does not apply" || b.line(gdpr).State != clocks.NotApplicable {
		t.Errorf("%+v, nearest %q, review %q", x.Clocks, nearest(), reviewed())
	}
	d, err := b.s.DraftClock(t.Context(), b.id, gdpr)
	b.must(err)
	if !strings.Contains(d.Text, "somebody said that it does not apply here: ") {
		t.Error(d.Text)
	}
	// The condition turns false: what people said stays.
	b.must(b.s.SetVariables(t.Context(), b.id, map[string]string{"personal_data": "false"}))
	b.must(b.s.ChooseClock(t.Context(), b.id, gdpr, true, "after all"))
	if x := board(); len(x.Clocks) != 1 || reviewed() != "running" {
		t.Errorf("%+v, review %q", x.Clocks, reviewed())
	}
}

// A draft for a regulator names who answers for what, and no host; nothing of it is
// recorded.
func TestDraftShowsNobodyMoreThanTheyMaySee(t *testing.T) {
	b := plantedIncident(t)
	before := len(b.all())
	for _, id := range []string{"eu-gdpr-33-authority", "eu-nis2-notification", "us-hipaa-404-individuals", "us-sec-8k-105"} {
		d, err := b.s.DraftClock(t.Context(), b.id, id)
		b.must(err)
		text := d.Text + strings.Join(d.Missing, "\n")
		for _, h := range hideouts {
			if slices.Contains(h.shown, d.Profile) {
				continue
			}
			for _, v := range h.values {
				if strings.Contains(strings.ToLower(text), strings.ToLower(v)) {
					t.Errorf("%s for %s shows %s %q:\n%s", id, d.Profile, h.what, v, text)
				}
			}
		}
		if !strings.Contains(text, "[MISSING: ") || !strings.Contains(text, "3") {
			t.Errorf("%s:\n%s", id, text)
		}
	}
	if after := len(b.all()); after != before {
		t.Errorf("%d entries were written", after-before)
	}
	d, err := b.s.DraftClock(t.Context(), b.id, "eu-gdpr-33-authority")
	b.must(err)
	to := filepath.Join(t.TempDir(), "notification.txt")
	b.must(os.WriteFile(to, []byte("old"), 0o644))
	path, readable, err := b.s.WriteClockDraft(d, to)
	b.must(err)
	got, err := os.ReadFile(path)
	if err != nil || string(got) != d.Text || readable {
		t.Errorf("%v, in the clear %v\n%s", err, readable, got)
	}
	if _, err := b.s.DraftClock(t.Context(), b.id, "eu-gdpr-33-authorities"); CodeOf(err) != CodeNotFound {
		t.Errorf("%v", err)
	}
}

func TestClockFilesHaveLimits(t *testing.T) {
	b := newBench(t, clocksConfig())
	b.contract(contract)
	dir := filepath.Join(b.s.s.o.Home, clocksDir)
	b.must(os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not read"), 0o600))
	b.must(os.WriteFile(filepath.Join(dir, ".hidden.yaml"), []byte("not read"), 0o600))
	if _, err := b.s.s.clockTerms(); err != nil {
		t.Error(err)
	}
	b.must(os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o700))
	if _, err := b.s.s.clockTerms(); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	b.must(os.Remove(filepath.Join(dir, "folder.yaml")))
	big := contract + strings.Repeat("# x\n", maxClockBytes/8)
	b.must(os.WriteFile(filepath.Join(dir, "b.yaml"), []byte(strings.ReplaceAll(big, "acme", "b")), 0o600))
	b.must(os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(strings.ReplaceAll(big, "acme", "c")), 0o600))
	if _, err := b.s.s.clockTerms(); err == nil || !strings.Contains(err.Error(), "more than 262144 bytes") {
		t.Errorf("too much: %v", err)
	}
}
