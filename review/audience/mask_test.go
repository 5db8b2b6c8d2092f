package audience

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/timeline"
)

var names = []Name{
	{Kind: Person, Value: "Grace Hopper"},
	{Kind: Person, Value: "ada@corp.example", Responder: true},
	{Kind: Person, Value: "root"},
	{Kind: Person, Value: "Jürgen"},
	{Kind: Host, Value: "web-1.example.org"},
	{Kind: Host, Value: "vm"},
	{Kind: Host, Value: "a.b(c"},
	{Kind: Host, Value: "Bücher"},
}

func masked(t *testing.T, p record.Profile, text string) string {
	t.Helper()
	return New(nil, Options{Profile: p, Key: []byte("key"), Names: names}).Text(text, "text")
}

// token stands for a pseudonym in what a test expects: each kind has its own.
func shapeOf(s string) string {
	for {
		i := strings.IndexByte(s, '-')
		found := false
		for ; i >= 0 && i < len(s); i++ {
			if s[i] != '-' || i+9 > len(s) || strings.Trim(s[i+1:i+9], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
				continue
			}
			s, found = s[:i]+"*"+s[i+9:], true
			break
		}
		if !found {
			return s
		}
	}
}

func TestTextByProfile(t *testing.T) {
	const text = "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@acme.com, 4111 1111 1111 1111, token ghp_0123456789abcdefghij0123, postgres://u:pass1234@vm/x"
	for profile, want := range map[record.Profile]string{
		"":                      "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@acme.com, 4111 1111 1111 1111, token ***, postgres://u:***@vm/x",
		record.FullProfile:      "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@acme.com, 4111 1111 1111 1111, token ***, postgres://u:***@vm/x",
		record.LegalProfile:     "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@acme.com, CARD*, token ***, postgres://u:***@vm/x",
		record.TechnicalProfile: "USER* on web-1.example.org (203.0.113.7, 2001:db8::7), mail MAIL*, CARD*, token ***, postgres://USER*:***@vm/x",
		record.RegulatorProfile: "USER* on HOST* (ADDR*, ADDR*), mail MAIL*, CARD*, token ***, postgres://USER*:***@HOST*/x",
		record.ExecutiveProfile: "USER* on HOST* (ADDR*, ADDR*), mail MAIL*, CARD*, token ***, postgres://USER*:***@HOST*/x",
		record.PublicProfile:    "USER* on HOST* (ADDR*, ADDR*), mail MAIL*, CARD*, token ***, postgres://USER*:***@HOST*/x",
	} {
		if got := shapeOf(masked(t, profile, text)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", profile, got, want)
		}
	}
}

func TestWholeNames(t *testing.T) {
	for text, want := range map[string]string{
		"adapters, Canada, ADA, ada_2":                       "adapters, Canada, ADA, ada_2", // a short name as it is written
		"ada and ada's, (ada)":                               "USER* and USER*'s, (USER*)",
		"GRACE HOPPER, Hopper and Grace":                     "USER*, USER* and Grace", // grace is a word
		"Hopper, Grace; grace.hopper":                        "USER*; USER*",
		"report_grace.hopper_1.pdf":                          "report_USER*_1.pdf",
		"the root cause, by root":                            "the root cause, by root",
		"web-10 web-1. WEB-1.EXAMPLE.ORG":                    "web-10 HOST*. HOST*",
		"vm, VM, vms":                                        "HOST*, VM, vms",
		"a.b(c is odd":                                       "HOST* is odd",
		"Jürgen, jürgens BÜCHER, Ju\u0308rgen":               "USER*, jürgens HOST*, USER*",
		`CORP\ada on \\web-1\c$`:                             `CORP\USER* on \\HOST*\c$`,
		"10.0.0.1, 10.0.0.300 and 10.0.0.1":                  "ADDR*, 10.0.0.300 and ADDR*",
		`{"a":"x\nada","b":"\u0061da"}`:                      `{"a":"x\nUSER*","b":"USER*"}`,
		"?u=grace%20hopper&v=1":                              "?u=USER*&v=1",
		"Z3JhY2UgaG9wcGVyOng= 4772616365204" + "86f70706572": "(encoded text) (encoded text)",
		"RwByAGEAYwBlACAASABvAHAAcABlAHIA":                   "(encoded text)", // UTF-16
		"9f86d081884c7d659a2feaa0c55ad015":                   "9f86d081884c7d659a2feaa0c55ad015",
	} {
		got := shapeOf(masked(t, record.PublicProfile, text))
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	m := New(nil, Options{Profile: record.PublicProfile, Key: []byte("key"), Names: names})
	once := m.Text("Grace Hopper, web-1, 203.0.113.7, x@y.example, +49 30 1234567", "")
	if twice := m.Text(once, ""); twice != once {
		t.Errorf("masked twice: %s, then %s", once, twice)
	}
}

// A text may keep what a person wrote for its readers.
func TestTyped(t *testing.T) {
	m := New(nil, Options{Profile: record.PublicProfile, Key: []byte("key"), Names: names, Words: true})
	if got := shapeOf(m.Typed("Ask support@acme.example, +49 30 1234567, or see https://status.acme.example at 14:30:00; not Grace Hopper on 10.1.2.3", "")); got !=
		"Ask support@acme.example, +49 30 1234567, or see https://status.acme.example at 14:30:00; not USER* on (address)" {
		t.Error(got)
	}
	if got := m.Text("mail x@acme.com from web9.acme.com", ""); got != "mail (mail address) from (host)" {
		t.Error(got)
	}
}

func TestPseudonyms(t *testing.T) {
	one, two := newPseudonyms([]byte("one")), newPseudonyms([]byte("two"))
	for _, same := range [][]string{
		{string(Mail), "Ada@Corp.Example", "ada@corp.example.", "mailto:ada@corp.example"},
		{string(Host), "WEB-1.example.org.", "web-1.example.org"},
		{string(Address), "2001:DB8:0:0::7", "2001:db8::7", "[2001:db8::7%eth0]"},
		{string(Address), "::ffff:10.1.2.3", "10.1.2.3"},
		{string(Account), `CORP\Ada`, "ada"},
		{string(Person), "Ada  Lovelace", "ada lovelace"},
		{string(Person), "Ju\u0308rgen", "Jürgen"},
		{string(Phone), "+49 (0)30 123-4567", "0049 30 1234567", "+49301234567", "tel:+49-30-1234567"},
		{string(MAC), "AA-BB-CC-DD-EE-FF", "aabb.ccdd.eeff"},
		{string(IBAN), "de89 3704 0044 0532 0130 00", "DE89370400440532013000"},
	} {
		want := one.of(Kind(same[0]), same[1])
		for _, v := range same[2:] {
			if got := one.of(Kind(same[0]), v); got != want {
				t.Errorf("%s and %s: %s, %s", same[1], v, want, got)
			}
		}
		if two.of(Kind(same[0]), same[1]) == want {
			t.Errorf("%s is %s with another key", same[1], want)
		}
	}
	if one.of(Person, "ada") == one.of(Host, "ada") || !strings.HasPrefix(one.of(Person, "ada"), "USER-") {
		t.Error("a person and a host of one name are the same")
	}
	got := one.of(Person, "eve") // two that would be the same are not
	crowded := newPseudonyms([]byte("one"))
	crowded.taken[got] = "another"
	if longer := crowded.of(Person, "eve"); longer == got || !strings.HasPrefix(longer, got) || len(longer) != len(got)+2 {
		t.Errorf("%s where %s is taken", longer, got)
	}
}

func entry(t *testing.T, seq int64, kind record.Kind, payload any) record.Entry {
	t.Helper()
	d, err := record.NewDraft(incident.Actor{ID: "p-7", Name: "Ottilie Brand"}, kind, incident.Identify, "", payload)
	if err != nil {
		t.Fatal(err)
	}
	return record.Entry{Seq: seq, Time: time.Date(2026, 11, 28, 14, 37, 12, 5, time.UTC), Mono: 9, Boot: "b", Actor: d.Actor, Kind: kind, Fields: d.Fields}
}

func field1(t *testing.T, e record.Entry, name string) string {
	t.Helper()
	var s string
	if raw, ok := e.Fields[name]; ok && json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

// Responders are called by their roles, and keep their names where a field says who
// answers for something and the profile has that.
func TestRoles(t *testing.T) {
	es := []record.Entry{
		entry(t, 1, record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "Ottilie Brand"}),
		entry(t, 2, record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "Bea Long"}),
		entry(t, 3, record.ItemAdded, record.Item{ID: "i1", Text: "Brand asks Bea Long and Cleo Novak", Owner: "Cleo Novak"}),
	}
	for p, want := range map[record.Profile][]string{
		record.LegalProfile:     {"Ottilie Brand", "p-7", "Brand asks Bea Long and Cleo Novak", "Cleo Novak"},
		record.RegulatorProfile: {"Ottilie Brand", "USER*", "commander asks commander 2 and USER*", "Cleo Novak"},
		record.TechnicalProfile: {"commander", "USER*", "commander asks commander 2 and USER*", ""},
		record.PublicProfile:    {"commander", "USER*", "", ""},
	} {
		out := New(es, Options{Profile: p, Key: []byte("k")}).Entries(es)
		got := []string{out[2].Actor.Name, shapeOf(out[2].Actor.ID), shapeOf(field1(t, out[2], "text")), field1(t, out[2], "owner")}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
	if es[2].Actor.Name != "Ottilie Brand" || field1(t, es[2], "owner") != "Cleo Novak" {
		t.Error("the entries that were given are changed")
	}
}

func TestAttackersStay(t *testing.T) {
	es := []record.Entry{
		entry(t, 1, record.SubjectNamed, record.Subject{Kind: "domain", Value: "evil.example", Role: "attacker"}),
		entry(t, 2, record.SubjectNamed, record.Subject{Kind: "address", Value: "198.51.100.0/24", Role: "attacker"}),
		entry(t, 3, record.SubjectNamed, record.Subject{Kind: "person", Value: "Mallory Small", Role: "attacker"}),
		entry(t, 4, record.SubjectNamed, record.Subject{Kind: "account", Value: "ottilie brand", Role: "attacker"}),
		entry(t, 5, record.SubjectNamed, record.Subject{Kind: "host", Value: "files-3", Role: "victim", As: "the file server of files-3"}),
		entry(t, 6, record.ItemAdded, record.Item{ID: "i1", Text: "block login.evil.example, x@evil.example, 198.51.100.66, notevil.example; 203.0.113.1 is ours; Mallory Small, Ottilie Brand; FILES-3"}),
	}
	out := New(es, Options{Profile: record.ExecutiveProfile, Key: []byte("k")}).Entries(es)
	if got, want := shapeOf(field1(t, out[5], "text")), "block login.evil.example, x@evil.example, 198.51.100.66, HOST*; ADDR* is ours; USER*, USER*; the file server of HOST*"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	values := []string{"evil.example", "198.51.100.0/24", "USER*", "USER*", "the file server of HOST*"}
	for i, want := range values {
		if got := shapeOf(field1(t, out[i], "value")); got != want {
			t.Errorf("subject %d is shown as %s, want %s", i+1, got, want)
		}
	}
}

func TestPublicIsCoarse(t *testing.T) {
	n := func(f float64) *float64 { return &f }
	es := []record.Entry{
		entry(t, 1, record.IncidentOpened, record.Opened{Title: "x", Severity: incident.SEV2, TLP: incident.TLPAmber}),
		entry(t, 2, record.ImpactStated, record.Impact{Measure: "people", Low: n(4), High: n(7), Certainty: "confirmed"}),
		entry(t, 3, record.ImpactStated, record.Impact{Measure: "records", Low: n(12345), High: n(99999), Certainty: "estimated"}),
		entry(t, 4, record.ImpactStated, record.Impact{Measure: "money", Low: n(500), High: n(500), Unit: "EUR", Certainty: "confirmed"}),
		entry(t, 5, record.StepFailed, record.StepFailure{Run: "r1", RetryAt: time.Date(2026, 11, 28, 15, 59, 1, 0, time.UTC)}),
	}
	head := record.Head{Origin: "key/2026-0007", Size: 5, Root: strings.Repeat("ab", 32), Signed: []byte("signed")}
	extra := review.Extra{
		Head: head, Now: es[0].Time, Clocks: []review.ClockLine{{ID: "c", Due: es[0].Time, Reason: "2026-0007: mail a@b.com"}},
		Events: map[string]timeline.Event{"1": {Message: "x"}},
	}
	out, x, report := Apply(es, extra, Options{Profile: record.PublicProfile, Key: []byte("k")})
	if got := field1(t, out[1], "text"); got != "fewer than 10" || out[1].Fields["low"] != nil || out[1].Fields["high"] != nil {
		t.Errorf("four to seven people: %q %s", got, out[1].Fields)
	}
	if low, high := field1(t, out[2], "low"), field1(t, out[2], "high"); low != "12000" || high != "100000" {
		t.Errorf("records: %s to %s", low, high)
	}
	if out[3].Fields["low"] != nil || out[3].Fields["unit"] != nil || !slices.Contains(out[3].Withheld, "low") {
		t.Errorf("money: %s", out[3].Fields)
	}
	if got := field1(t, out[4], "retry_at"); got != "2026-11-28T15:00:00Z" || out[4].Time.Minute() != 0 || out[4].Boot != "" {
		t.Errorf("times: %s, %s", got, out[4].Time)
	}
	if x.Events != nil || x.Now.Second() != 0 || x.Clocks[0].Due.Minute() != 0 || strings.Contains(x.Clocks[0].Reason, "a@b.com") || extra.Clocks[0].Due.Minute() != 37 {
		t.Errorf("%+v", x)
	}
	if x.Head.Root != "" || x.Head.Size != 5 || strings.Contains(x.Head.Origin, "2026-0007") || x.Readers.Label != incident.TLPClear {
		t.Errorf("%+v %+v", x.Head, x.Readers)
	}
	if len(report.Replaced) == 0 || report.Profile != record.PublicProfile {
		t.Errorf("%+v", report)
	}
}

// Every profile gives a review, of masked entries too that were never readable.
func TestOddValues(t *testing.T) {
	deep := strings.Repeat("[", 5000) + `"ada"` + strings.Repeat("]", 5000)
	es := []record.Entry{{Seq: 1, Kind: record.StepDone, Fields: map[string]json.RawMessage{
		"result": json.RawMessage(deep), "note": json.RawMessage(`"\ud800 ada"`), "answers": json.RawMessage(`{"ada":1,"USER":2,"x":[4111111111111111]}`), "set": json.RawMessage(`{broken`),
	}}}
	for _, p := range record.Profiles() {
		m := New(es, Options{Profile: p, Key: []byte("k"), Names: names})
		out := m.Entries(es)[0]
		for name, raw := range out.Fields {
			if !json.Valid(raw) && name != "set" {
				t.Errorf("%s of %s is no JSON: %.60s", name, p, raw)
			}
		}
		if p == record.TechnicalProfile && (strings.Contains(string(out.Fields["answers"]), "ada") || strings.Contains(string(out.Fields["answers"]), "4111")) {
			t.Errorf("%s", out.Fields["answers"])
		}
		if p == record.TechnicalProfile && out.Fields["set"] != nil {
			t.Error("what cannot be read is shown")
		}
		if p == record.TechnicalProfile && !slices.Contains(m.Held(es[0]), "answers") {
			t.Errorf("held: %v", m.Held(es[0]))
		}
	}
}

func TestReportText(t *testing.T) {
	es := []record.Entry{entry(t, 3, record.Noted, record.Note{Text: "Grace \x1b]0;x\x07Hopper; Grace Hopper and 10.1.2.3; ghp_0123456789abcdefghij0123"})}
	m := New(es, Options{Profile: record.TechnicalProfile, Key: []byte("k"), Names: names})
	m.Entries(es)
	text := m.Report().Text()
	for _, want := range []string{"profile technical: replaced\n", "person   Grace Hopper → USER-", ", once, in #3 text", "address  10.1.2.3: the profile shows it", "secret   a credential → ***", "grace"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\x07") || strings.Contains(text, "ghp_") {
		t.Errorf("%q", text)
	}
	b, err := json.Marshal(m.Report())
	if err != nil || strings.Contains(string(b), "null") || strings.Contains(string(b), "ghp_") {
		t.Errorf("%v %s", err, b)
	}
	if put := m.Report().Put(); len(put) < 2 || !slices.Contains(put, "***") {
		t.Errorf("%v", put)
	}
}

// With the names alone that made a difference, the same comes out again.
func TestUsedNamesAreEnough(t *testing.T) {
	o := Options{Profile: record.PublicProfile, Key: []byte("k"), Names: []Name{
		{Kind: Host, Value: "web-1.a.example"}, {Kind: Host, Value: "web-1.b.example"}, {Kind: Host, Value: "db.a.example"}, {Kind: Person, Value: "Grace Hopper"}, {Kind: Person, Value: "Eve Stone"},
	}}
	text := "web-1 and web-1.a.example, Hopper"
	m := New(nil, o)
	want := m.Text(text, "")
	used := m.Used()
	if len(used) != 3 {
		t.Errorf("%v", used)
	}
	o.Names = used
	if got := New(nil, o).Text(text, ""); got != want {
		t.Errorf("%s, then %s", want, got)
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		p         record.Profile
		own, want incident.TLP
	}{
		{record.PublicProfile, incident.TLPRed, incident.TLPClear},
		{record.FullProfile, incident.TLPGreen, incident.TLPGreen},
		{"", incident.TLPGreen, incident.TLPGreen},
		{record.TechnicalProfile, incident.TLPGreen, incident.TLPAmber},
		{record.TechnicalProfile, incident.TLPRed, incident.TLPRed},
		{record.ExecutiveProfile, incident.TLPAmber, incident.TLPAmberStrict},
		{"", "", ""},
	} {
		if got := Label(c.p, c.own); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.p, c.own, got, c.want)
		}
	}
	if Banner(record.LegalProfile, "Ours") != "Ours" || Banner(record.PublicProfile, "Ours") != "" || !strings.Contains(Banner(record.LegalProfile, ""), "privileged") && !strings.Contains(Banner(record.LegalProfile, ""), "Privileged") {
		t.Error(fmt.Sprint("banners: ", Banner(record.LegalProfile, "")))
	}
}

// The incident has the label of its readers in what is made for them, whichever
// form looks at it, and its own for those who see everything.
func TestLabelOfTheIncident(t *testing.T) {
	strict, green := incident.TLPAmberStrict, incident.TLPGreen
	es := []record.Entry{
		entry(t, 1, record.IncidentOpened, record.Opened{Title: "x", Severity: incident.SEV2, TLP: incident.TLPAmber}),
		entry(t, 2, record.IncidentChanged, record.Changed{TLP: &strict}),
		entry(t, 3, record.IncidentChanged, record.Changed{TLP: &green}),
	}
	for p, want := range map[record.Profile]incident.TLP{
		"": incident.TLPGreen, record.FullProfile: incident.TLPGreen, record.LegalProfile: incident.TLPAmberStrict, record.TechnicalProfile: incident.TLPAmber,
		record.RegulatorProfile: incident.TLPAmberStrict, record.ExecutiveProfile: incident.TLPAmberStrict, record.PublicProfile: incident.TLPClear,
	} {
		out, extra, _ := Apply(es, review.Extra{Head: record.Head{Origin: "key/2026-0007", Size: 3}, Now: es[0].Time}, Options{Profile: p, Key: []byte("k")})
		r, err := review.Build(out, extra)
		if err != nil {
			t.Fatal(err)
		}
		if r.Incident.TLP != want || r.Label() != want {
			t.Errorf("%q: the incident is %s, the document %s, want %s", p, r.Incident.TLP, r.Label(), want)
		}
		if p == record.PublicProfile && (field1(t, out[0], "tlp") != "clear" || field1(t, out[1], "tlp") != "clear") {
			t.Errorf("the public reads %s, %s", out[0].Fields["tlp"], out[1].Fields["tlp"])
		}
	}
	if field1(t, es[0], "tlp") != "amber" {
		t.Error("the entries that were given were changed")
	}
}

// Whoever acted is a person, though the name is a word of every text, which stays
// in texts.
func TestActorsOfCommonNames(t *testing.T) {
	for _, name := range []string{"root", "Root", "system", "admin", "it", "Firebreak", "x"} {
		act := entry(t, 1, record.Noted, record.Note{Text: "the root cause of it is in the system"})
		act.Actor = incident.Actor{ID: "p-7", Name: name}
		given := entry(t, 2, record.RoleAssigned, record.Assigned{Role: "commander", Person: name})
		given.Actor = act.Actor
		for _, p := range []record.Profile{record.PublicProfile, record.ExecutiveProfile, record.TechnicalProfile} {
			key := Options{Profile: p, Key: []byte("k")}
			es := []record.Entry{act}
			if got := New(es, key).Entries(es)[0].Actor.Name; shapeOf(got) != "USER*" {
				t.Errorf("%s reads that %s acted: %s", p, name, got)
			}
			if name == "x" {
				continue
			}
			es = []record.Entry{act, given}
			out := New(es, key).Entries(es)
			if out[0].Actor.Name != "commander" || strings.Contains(string(out[1].Fields["person"]), name) {
				t.Errorf("%s reads that %s acted: %s, as %s", p, name, out[0].Actor.Name, out[1].Fields["person"])
			}
			if p == record.TechnicalProfile && field1(t, out[0], "text") != "the root cause of it is in the system" {
				t.Errorf("the text is %s", field1(t, out[0], "text"))
			}
		}
		es := []record.Entry{act}
		if got := New(es, Options{Key: []byte("k")}).Entries(es)[0].Actor.Name; got != name {
			t.Errorf("who sees everything reads %s for %s", got, name)
		}
	}
	self := entry(t, 1, record.Noted, record.Note{Text: "it is time"})
	self.Actor = incident.Actor{ID: "p-9", Name: "firebreak"}
	if got := New(nil, Options{Profile: record.PublicProfile, Key: []byte("k")}).Entries([]record.Entry{self})[0].Actor.Name; got != "firebreak" {
		t.Errorf("the program itself is %s", got)
	}
}
