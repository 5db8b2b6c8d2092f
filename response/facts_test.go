package response

import (
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
)

func factsBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, config.Config{})
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "Token in a gist", Severity: incident.SEV3})
	if err != nil {
		t.Fatal(err)
	}
	b.id = inc.ID
	return b
}

func number(f float64) *float64 { return &f }

func TestMoments(t *testing.T) {
	b := factsBench(t)
	ctx, now := t.Context(), b.clock.Now()
	b.want(CodeUsage, b.s.StateMoment(ctx, b.id, record.Moment{Moment: "detectd", At: now}))
	b.want(CodeUsage, b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred", At: now.Add(time.Hour)}))
	b.want(CodeUsage, b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred", At: now, Reason: strings.Repeat("x", 65<<10)}))
	b.want(CodeNotFound, b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred"}))
	b.must(b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred", At: now.Add(-time.Hour)}))
	b.must(b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred", At: now.Add(-2 * time.Hour), Reason: "e2"}))
	r, err := b.s.Facts(ctx, b.id)
	b.must(err)
	if m := r.Moments[0]; m.Key != "occurred" || !m.Stated || !m.At.Equal(now.Add(-2*time.Hour)) || m.By != "ada" || m.Seq == 0 {
		t.Errorf("%+v", m)
	}
	b.must(b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred", Reason: "a guess"}))
	b.want(CodeNotFound, b.s.StateMoment(ctx, b.id, record.Moment{Moment: "occurred"}))
	b.verified()
}

func TestImpactIsChecked(t *testing.T) {
	b := factsBench(t)
	ctx, now := t.Context(), b.clock.Now()
	for _, bad := range []record.Impact{
		{Measure: "cows", Low: number(1), High: number(1), Certainty: "confirmed"},
		{Measure: "records", Low: number(1), High: number(1), Certainty: "sure"},
		{Measure: "records", Low: number(-1), High: number(1), Certainty: "estimated"},
		{Measure: "records", Low: number(9), High: number(1), Certainty: "estimated"},
		{Measure: "records", Low: number(9), Certainty: "confirmed"},
		{Measure: "records", Low: number(9), High: number(9), Certainty: "excluded"},
		{Measure: "records", Low: number(9), High: number(9), Certainty: "estimated", Place: "XX"},
		{Measure: "records", Low: number(9), High: number(9), Certainty: "estimated", Place: "DE-BERLIN"},
		{Measure: "money", Low: number(9), High: number(9), Certainty: "estimated"},
		{Measure: "money", Low: number(9), High: number(9), Certainty: "estimated", Unit: "euro"},
		{Measure: "records", Certainty: "suspected"},
		{Measure: "downtime", Certainty: "confirmed", From: now, To: now.Add(-time.Hour)},
		{Measure: "downtime", Certainty: "confirmed", To: now},
		{Measure: "downtime", Certainty: "confirmed", From: now.Add(time.Hour)},
	} {
		b.want(CodeUsage, b.s.StateImpact(ctx, b.id, bad))
	}
	b.must(b.s.StateImpact(ctx, b.id, record.Impact{Measure: "records", Class: "customers", Place: "DE-BE", Low: number(1000), High: number(5000), Certainty: "estimated"}))
	b.must(b.s.StateImpact(ctx, b.id, record.Impact{Measure: "records", Class: "patients", Certainty: "excluded"}))
	b.want(CodeNotFound, b.s.StateImpact(ctx, b.id, record.Impact{Measure: "records", Withdrawn: true}))
	b.must(b.s.StateImpact(ctx, b.id, record.Impact{Measure: "records", Class: "customers", Place: "DE-BE", Withdrawn: true}))
	r, err := b.s.Facts(ctx, b.id)
	b.must(err)
	if len(r.Impact) != 1 || r.Impact[0].Class != "patients" || r.Impact[0].Shown != "none" {
		t.Errorf("%+v", r.Impact)
	}
	b.verified()
}

func TestSubjectValues(t *testing.T) {
	for _, c := range []struct{ kind, in, want string }{
		{"address", "203[.]0.113.9", "203.0.113.9"},
		{"address", "203.0.113.77/24", "203.0.113.0/24"},
		{"address", "2001:0DB8::0009", "2001:db8::9"},
		{"domain", "Evil[.]Example.", "evil.example"},
		{"url", "hxxps://evil[.]example/x?y", "https://evil.example/x?y"},
		{"mail", "Ann[@]example.org", "ann@example.org"},
		{"hash", "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"},
		{"phone", "+49 (30) 123-4567", "+49301234567"},
		{"iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"},
		{"card", "4111 1111-1111 1111", "4111111111111111"},
		{"host", "WEB-1", "web-1"},
		{"person", " Ann Lee ", "Ann Lee"},
		{"path", "/tmp/.x/ kw", "/tmp/.x/ kw"},
	} {
		if got, err := subjectValue(c.kind, c.in); err != nil || got != c.want {
			t.Errorf("%s %q: %q, %v", c.kind, c.in, got, err)
		}
	}
	for _, c := range []struct{ kind, in string }{
		{"address", "300.1.1.1"},
		{"address", "web-1"},
		{"domain", "evil"},
		{"domain", "-a.example"},
		{"url", "evil.example"},
		{"mail", "ann"},
		{"hash", "abc"},
		{"phone", "call me"},
		{"iban", "12"},
		{"card", "4111"},
		{"host", "web 1"},
		{"person", "  "},
	} {
		if got, err := subjectValue(c.kind, c.in); CodeOf(err) != CodeUsage {
			t.Errorf("%s %q is taken for %q, %v", c.kind, c.in, got, err)
		}
	}
}

func TestNamedFacts(t *testing.T) {
	b := factsBench(t)
	ctx, now := t.Context(), b.clock.Now()
	b.want(CodeUsage, b.s.NameSubject(ctx, b.id, record.Subject{Kind: "address", Value: "203.0.113.9", Role: "boss"}))
	b.want(CodeUsage, b.s.NameSubject(ctx, b.id, record.Subject{Kind: "thing", Value: "x", Role: "attacker"}))
	b.want(CodeNotFound, b.s.NameSubject(ctx, b.id, record.Subject{Kind: "address", Value: "203.0.113.9", Withdrawn: true}))
	b.must(b.s.NameSubject(ctx, b.id, record.Subject{Kind: "address", Value: "203[.]0.113.9", Role: "attacker"}))
	b.want(CodeUsage, b.s.SeeTechnique(ctx, b.id, record.Technique{Technique: "1078"}))
	b.want(CodeUsage, b.s.SeeTechnique(ctx, b.id, record.Technique{Technique: "T1078", At: now.Add(time.Hour)}))
	b.want(CodeNotFound, b.s.SeeTechnique(ctx, b.id, record.Technique{Technique: "T1078", Withdrawn: true}))
	b.want(CodeNotFound, b.s.SeeTechnique(ctx, b.id, record.Technique{Technique: "T1078", Events: []string{"ABCDEFGHIJKLM"}}))
	b.must(b.s.SeeTechnique(ctx, b.id, record.Technique{Technique: "t1078.004"}))

	bad := func(_ string, err error) error { return err }
	b.want(CodeUsage, bad(b.s.NameFactor(ctx, b.id, record.Factor{Category: "bad luck", Text: "x"})))
	b.want(CodeUsage, bad(b.s.NameFactor(ctx, b.id, record.Factor{Category: "technical", Text: " "})))
	b.want(CodeUsage, bad(b.s.NameFactor(ctx, b.id, record.Factor{Category: "technical", Text: "x", Key: "No MFA"})))
	b.want(CodeNotFound, bad(b.s.NameFactor(ctx, b.id, record.Factor{ID: "f1", Category: "technical", Text: "x"})))
	b.want(CodeUsage, bad(b.s.JudgeControl(ctx, b.id, record.Control{Refs: []string{"csf:XX.YY"}, Held: "failed"})))
	b.want(CodeUsage, bad(b.s.JudgeControl(ctx, b.id, record.Control{Refs: []string{"csf:DE.CM-01"}, Held: "no"})))
	b.want(CodeUsage, bad(b.s.JudgeControl(ctx, b.id, record.Control{Refs: []string{"csf:DE.CM-01"}, Held: "failed", Techniques: []string{"x"}})))
	b.want(CodeUsage, bad(b.s.Decide(ctx, b.id, record.Decided{})))
	b.want(CodeUsage, bad(b.s.Decide(ctx, b.id, record.Decided{Choice: "x", Role: "The Boss"})))
	for i, want := range []string{"f1", "f2"} {
		if id, err := b.s.NameFactor(ctx, b.id, record.Factor{Category: "process", Text: "x"}); err != nil || id != want {
			t.Errorf("%d: %s, %v", i, id, err)
		}
	}
	_, err := b.s.NameFactor(ctx, b.id, record.Factor{ID: "f2", Withdrawn: true})
	b.must(err)
	b.want(CodeRefused, bad(b.s.NameFactor(ctx, b.id, record.Factor{ID: "f2", Withdrawn: true})))
	_, err = b.s.JudgeControl(ctx, b.id, record.Control{Refs: []string{"iso27001:8.15"}, Held: "missing", Techniques: []string{"t1078.004"}})
	b.must(err)
	_, err = b.s.Decide(ctx, b.id, record.Decided{Choice: "We stop."})
	b.must(err)
	r, err := b.s.Facts(ctx, b.id)
	b.must(err)
	if len(r.Factors) != 1 || len(r.Indicators) != 1 || r.Indicators[0].Value != "203.0.113.9" || len(r.Techniques) != 1 || r.Techniques[0].Held != "missing" || r.Controls[0].Refs[0] != "iso27001:A.8.15" || r.Decisions[0].ID != "d1" {
		t.Errorf("%+v %+v %+v %+v %+v", r.Factors, r.Indicators, r.Techniques, r.Controls, r.Decisions)
	}
	b.verified()
}

// A correction goes on from what stands when it is written, not from what somebody
// read before.
func TestCorrectionsDoNotUndoEachOther(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	f, err := b.s.NameFactor(ctx, b.id, record.Factor{Category: "process", Text: "nobody looks"})
	b.must(err)
	c, err := b.s.JudgeControl(ctx, b.id, record.Control{Refs: []string{"csf:DE.CM-01"}, Held: "failed"})
	b.must(err)
	d, err := b.s.Decide(ctx, b.id, record.Decided{Choice: "We stop."})
	b.must(err)
	other := b.service(config.Config{}).As(incident.Actor{Name: "eve"})
	var all sync.WaitGroup
	for _, do := range []func() error{
		func() error {
			return idless(b.s.CorrectFactor(ctx, b.id, f, func(x *record.Factor) { x.Key = "no-look" }))
		},
		func() error {
			return idless(other.CorrectFactor(ctx, b.id, f, func(x *record.Factor) { x.Text = "nobody is asked to look" }))
		},
		func() error {
			return idless(b.s.CorrectControl(ctx, b.id, c, func(x *record.Control) { x.Held = "partly" }))
		},
		func() error {
			return idless(other.CorrectControl(ctx, b.id, c, func(x *record.Control) { x.Text = "it was late" }))
		},
		func() error {
			return idless(b.s.CorrectDecision(ctx, b.id, d, func(x *record.Decided) { x.Reason = "it costs less" }))
		},
		func() error {
			return idless(other.CorrectDecision(ctx, b.id, d, func(x *record.Decided) { x.By = "grace" }))
		},
	} {
		all.Go(func() {
			if err := do(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r, err := b.s.Facts(ctx, b.id)
	b.must(err)
	if x := r.Factors[0]; len(r.Factors) != 1 || x.Key != "no-look" || x.Text != "nobody is asked to look" || x.Category != "process" {
		t.Errorf("%+v", r.Factors)
	}
	if x := r.Controls[0]; len(r.Controls) != 1 || x.Held != "partly" || x.Text != "it was late" || len(x.Refs) != 1 {
		t.Errorf("%+v", r.Controls)
	}
	if x := r.Decisions[0]; len(r.Decisions) != 1 || x.What != "We stop." || x.Why != "it costs less" || x.Decider != "grace" {
		t.Errorf("%+v", r.Decisions)
	}
	// One that was taken back is begun anew.
	b.must(idless(b.s.CorrectFactor(ctx, b.id, f, func(x *record.Factor) { x.Withdrawn = true })))
	b.want(CodeRefused, idless(b.s.CorrectFactor(ctx, b.id, f, func(x *record.Factor) { x.Withdrawn = true })))
	b.want(CodeUsage, idless(b.s.CorrectFactor(ctx, b.id, f, func(x *record.Factor) { x.Text = "again" })))
	b.want(CodeNotFound, idless(b.s.CorrectDecision(ctx, b.id, "d9", func(x *record.Decided) { x.Choice = "y" })))
}

func idless(_ string, err error) error { return err }
