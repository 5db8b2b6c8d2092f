package response

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/store"
)

// hideouts are identities that stand in many places of one incident, with the
// profiles that may show them.
var hideouts = []struct {
	what   string
	values []string
	shown  []record.Profile
}{
	{
		"a victim",
		[]string{"Zebulon Quillfeather", "quillfeather", "zebulon", "zquill", "zebulon.quillfeather@corp.example", "+49 30 5550177", "DE89 3704 0044 0532 0130 00"},
		[]record.Profile{record.FullProfile, record.LegalProfile},
	},
	{"a card", []string{"4111 1111 1111 1111"}, []record.Profile{record.FullProfile}},
	{"a responder", []string{"Ottilie Brandwein", "brandwein"}, []record.Profile{record.FullProfile, record.LegalProfile, record.RegulatorProfile}},
	{"a host", []string{"quillhost-7", "10.77.3.9", "fd00:77::9", "ledger.corp.example"}, []record.Profile{record.FullProfile, record.LegalProfile, record.TechnicalProfile}},
	{"a secret", []string{"ghp_0123456789abcdefghij0123", "hunter2hunter2"}, nil},
}

// plantedIncident has them in its title, summary, impact, notes, a playbook's answer
// and a step's result, in an exhibit's path, host and file name, in an action's
// target and receipt, in a mark's comment, in subjects, roles, who signed, what was
// told and written, and in follow-ups.
func plantedIncident(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, updatesConfig())
	plantIncident(b)
	return b
}

func plantIncident(b *bench) {
	b.Helper()
	t := b.T
	b.s = b.s.s.As(incident.Actor{Name: "Ottilie Brandwein"})
	inc, err := b.s.Open(t.Context(), NewIncident{
		Title: "Zebulon Quillfeather's mail on quillhost-7 read from 198.51.100.66", Severity: incident.SEV2, TLP: incident.TLPAmber,
		Summary: "ZEBULON.QUILLFEATHER@CORP.EXAMPLE was phished by c2.badwolf.example; it and root noticed.",
		Impact:  "zquill lost DE89 3704 0044 0532 0130 00 and 4111 1111 1111 1111",
	})
	b.must(err)
	b.id = inc.ID
	b.must(b.s.Assign(t.Context(), b.id, incident.Commander, "Ottilie Brandwein"))
	b.act(record.SubjectNamed, record.Subject{Kind: "person", Value: "Zebulon Quillfeather", Role: "victim", As: "the treasurer"})
	b.act(record.SubjectNamed, record.Subject{Kind: "account", Value: `CORP\zquill`, Role: "victim", Note: "of Zebulon"})
	b.act(record.SubjectNamed, record.Subject{Kind: "host", Value: "quillhost-7", Role: "victim"})
	b.act(record.SubjectNamed, record.Subject{Kind: "address", Value: "198.51.100.66", Role: "attacker"})
	b.act(record.SubjectNamed, record.Subject{Kind: "domain", Value: "badwolf.example", Role: "attacker"})
	b.act(record.SubjectNamed, record.Subject{Kind: "path", Value: `C:\Users\zquill\run.exe`, Role: "attacker"})
	mail := "zebulon.quillfeather@corp.example"
	b.act(record.Noted, record.Note{Text: strings.Join([]string{
		"Quillfeather called from +49 30 5550177.", "line\nzquill again", "url https://x.example/?u=" + url.QueryEscape(mail), "post " + base64.StdEncoding.EncodeToString([]byte("to="+mail+";")),
		`{"body":"first\nquillhost-7 answered \u007aquill"}`, "token ghp_0123456789abcdefghij0123", "postgres://zquill:hunter2hunter2@ledger.corp.example/db",
		"from fd00:77::9 and c2.badwolf.example at 2026-11-28T14:37:12Z", "admin, root and it looked", "hex " + hexOf(mail),
	}, "\n"), Decision: true})
	b.act(record.RunStarted, record.Started{Run: "r1", Playbook: "p", Name: "Mail", Version: "1.0.0", Source: plantedPlaybook, Vars: map[string]any{"suspect_host": "quillhost-7"}})
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	b.must(b.s.actIn(t.Context(), f, record.StepDone, "ask", record.StepEnd{
		Run:     "r1",
		Answers: map[string]any{"who": "Zebulon Quillfeather"}, Note: "asked zquill",
		Result: map[string]any{"users": map[string]any{"zquill": map[string]any{"card": 4111111111111111, "host": "quillhost-7"}}},
	}, nil))
	x, err := b.s.Ingest(t.Context(), b.id, []string{b.file("quillhost-7_zquill_auth.log", "Nov 28 14:37:12 quillhost-7 sshd[1]: Accepted password for zquill from 198.51.100.66 port 1 ssh2\n")}, IngestOptions{Authority: "Ottilie Brandwein"}, nil)
	b.must(err)
	_ = x
	b.act(record.EventMarked, record.Mark{Event: "0000000000000001", Comment: "this is Zebulon on 10.77.3.9", Message: "zquill logged in", Time: b.clock.Now()})
	b.act(record.FindingJudged, record.Judged{Finding: "f1", Verdict: record.Confirmed, Reason: "zquill", Rules: []string{"r"}, Title: "Odd login", Host: "quillhost-7", About: `CORP\zquill`})
	b.act(record.ActionPlanned, record.Planned{Action: "a1", Name: "mail.block", Connection: "c", Title: "Lock zquill", Target: "zquill@quillhost-7", Digest: strings.Repeat("ab", 32), Plan: json.RawMessage(
		`{"call":{"action":"mail.block","params":{"user":"zquill"}},"target":"zquill","targets":[{"kind":"user","id":"77","name":"zquill"}],"effects":["locks Zebulon Quillfeather"],"requests":[{"method":"POST","url":"https://ledger.corp.example/u/zebulon.quillfeather%40corp.example","body":"{\"a\":\"b\\nzquill\"}"}]}`)})
	b.act(record.ActionApproved, record.Decision{Action: "a1", Digest: strings.Repeat("ab", 32), Reason: "Zebulon agrees", Signature: &record.Signature{Principal: "ottilie.brandwein@corp.example", Text: "Ottilie Brandwein", Armored: "x"}})
	b.act(record.ActionSending, record.Attempt{Action: "a1", Attempt: 1, Owner: "quillhost-7"})
	b.act(record.ActionSent, record.Outcome{Action: "a1", Attempt: 1, Ref: "zquill/77", Says: "zquill is locked", Receipt: json.RawMessage(`{"ref":"zquill/77","data":{"zquill":["quillhost-7"]}}`)})
	b.act(record.UpdateWritten, record.Update{ID: "u1", Audience: "responders", Profile: record.FullProfile, TLP: incident.TLPAmber, Text: "Zebulon Quillfeather is told"})
	b.act(record.ReviewText, record.PartText{Part: "summary", Version: 1, Text: "Brandwein saw that Quillfeather's quillhost-7 (10.77.3.9) was used; zebulon.quillfeather@corp.example knows. Call +49 (0)30 5550177."})
	for _, p := range record.PartProfiles() {
		b.act(record.ReviewText, record.NewPartText(record.PartFor("summary", p), 1, "Our treasurer Zebulon Quillfeather, zebulon.quillfeather@corp.example, was robbed on quillhost-7, says Brandwein. Questions: +49 (0)30 5550177."))
	}
	b.act(record.FactorNamed, record.Factor{ID: "f1", Category: "technical", Text: "zquill had no second factor on quillhost-7"})
	b.act(record.ControlJudged, record.Control{ID: "c1", Refs: []string{"csf:PR.AA-03"}, Held: "missing", Text: "none for Zebulon Quillfeather"})
	b.act(record.DecisionTaken, record.Decided{ID: "d1", Question: "lock zquill?", Choice: "lock Zebulon out", By: "Ottilie Brandwein"})
	b.act(record.ImpactStated, record.Impact{Measure: "people", Low: num(3), High: num(3), Certainty: "confirmed", Text: "Zebulon and two others"})
	b.act(record.ImpactStated, record.Impact{Measure: "money", Low: num(81234), High: num(81234), Unit: "EUR", Certainty: "confirmed"})
	b.act(record.ItemAdded, record.Item{ID: "i1", Text: "second factor for zquill on quillhost-7", Owner: "Ottilie Brandwein", Verify: "ask Zebulon"})
	b.act(record.ClockStarted, record.ClockStart{Event: "aware", At: b.clock.Now(), Reason: "Zebulon said so"})
}

func num(n float64) *float64 { return &n }

func hexOf(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}

const plantedPlaybook = `playbook: v1
id: p
name: Mail
version: 1.0.0
vars: {suspect_host: {type: string, default: quillhost-7}, who: {type: string, default: nobody}}
phases:
  identify:
    - id: ask
      title: Ask Zebulon Quillfeather
      manual: Ask zquill on quillhost-7.
      ask: {who: "Is Zebulon Quillfeather there?"}
`

// shownBy makes the review of an incident for a profile, in all forms that there
// are.
func (b *bench) shownBy(p record.Profile, key string) (map[string][]byte, review.Review, audience.Report) {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	var entries []record.Entry
	extra := review.Extra{Now: b.clock.Now().UTC(), Tool: "firebreak test"}
	b.must(f.store.View(b.Context(), func(tx *store.Tx) (err error) {
		if extra.Head, err = tx.Head(); err != nil {
			return err
		}
		entries, err = allEntries(tx)
		return err
	}))
	extra.Events, err = b.s.markedEvents(b.Context(), f)
	b.must(err)
	entries, extra, report, err := b.s.shownTo(b.Context(), f, p, []byte(key), entries, extra)
	b.must(err)
	r, err := review.Build(entries, extra)
	b.must(err)
	out := map[string][]byte{}
	for _, form := range reviewForms() {
		content, err := form.write(r)
		b.must(err)
		out[form.file] = content
	}
	return out, r, report
}

// unpacked is all that can be read in a file: itself, the members of a ZIP archive,
// the streams of a PDF, and its text.
func unpacked(t *testing.T, content []byte) string {
	t.Helper()
	var out strings.Builder
	out.Write(content)
	if z, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil {
		for _, m := range z.File {
			out.WriteString("\n" + m.Name + " " + m.Comment + "\n")
			r, err := m.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(text)
			out.WriteString(tags.ReplaceAllString(string(text), "")) // a word may be in several runs
		}
	}
	if bytes.HasPrefix(content, []byte("%PDF")) {
		for _, part := range bytes.Split(content, []byte("stream\n")) {
			if r, err := zlib.NewReader(bytes.NewReader(part)); err == nil {
				text, _ := io.ReadAll(r) // what is behind the stream is no part of it
				out.Write(text)
			}
		}
		out.WriteString(pdfText(t, content))
	}
	return out.String()
}

// words are the words of a file, as its reader has them before them.
func words(t *testing.T, content []byte) []string {
	t.Helper()
	text := string(content)
	switch {
	case bytes.HasPrefix(content, []byte("%PDF")):
		text = pdfText(t, content)
	case bytes.HasPrefix(content, []byte("PK")):
		text = ""
		z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range z.File {
			r, err := m.Open()
			if err != nil {
				t.Fatal(err)
			}
			part, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			text += " " + tags.ReplaceAllString(string(part), " ")
		}
	}
	return word.FindAllString(text, -1)
}

var word = regexp.MustCompile(`[A-Za-z0-9+/=_.@:-]{6,}`)

var tags = regexp.MustCompile(`<[^>]*>`)

// pdfText is the text of a PDF as poppler reads it; nothing where that is missing.
func pdfText(t *testing.T, content []byte) string {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Log("pdftotext is missing (tools/needs installs it): the text of the PDF is not looked through")
		return ""
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	text, err := exec.CommandContext(ctx, program, file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// written are the ways in which a value may stand in a text, in lower case: as it
// is, escaped for a URL or for people, and in the letters of base64 that it alone
// decides, at each of the three places where it may begin.
func written(value string) (lowered, exact []string) {
	for _, w := range []string{value, url.QueryEscape(value), url.PathEscape(value), strings.ReplaceAll(value, "@", "[@]"), hexOf(value), hexOf(strings.ToLower(value))} {
		lowered = append(lowered, strings.ToLower(w))
	}
	for _, w := range []string{value, strings.ToLower(value)} {
		for offset := range 3 {
			whole := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), w...))
			exact = append(exact, whole[(offset*8+5)/6:(offset+len(w))*8/6])
		}
	}
	return lowered, exact
}

// noneOf fails where a text holds what readers of the profile may not see.
func noneOf(t *testing.T, p record.Profile, where, text string) {
	t.Helper()
	low := strings.ToLower(text)
	for _, id := range hideouts {
		if slices.Contains(id.shown, p) {
			continue
		}
		for _, v := range id.values {
			lowered, exact := written(v)
			for i, w := range append(lowered, exact...) {
				in := low
				if i >= len(lowered) {
					in = text
				}
				if at := strings.Index(in, w); at >= 0 {
					t.Errorf("%s of profile %s holds %s: %s as %s\n%s", where, p, id.what, v, w, in[max(0, at-120):min(len(in), at+120)])
				}
			}
		}
	}
}

func TestProfiles(t *testing.T) {
	b := plantedIncident(t)
	t.Run("two documents for the public cannot be joined", b.sharesNoToken)
	t.Run("what is nobody's stays", b.keepsTheRest)
	t.Run("a planted identity stays below its level", b.hidesPlanted)
}

func (b *bench) hidesPlanted(t *testing.T) {
	for _, p := range record.Profiles() {
		forms, r, report := b.shownBy(p, "key of "+string(p))
		for name, content := range forms {
			noneOf(t, p, name, name+"\n"+unpacked(t, content))
			if strings.HasSuffix(name, ".json") && !json.Valid(content) {
				t.Errorf("%s of profile %s is no JSON", name, p)
			}
		}
		for _, x := range r.Limits {
			if strings.Contains(x, "could not be read") {
				t.Errorf("profile %s: %s", p, x)
			}
		}
		for _, run := range r.Runs {
			if p == record.TechnicalProfile && run.Unread != "" {
				t.Errorf("the masked playbook: %s", run.Unread)
			}
		}
		if b, err := json.Marshal(report); err != nil || p != record.FullProfile && len(report.Replaced) == 0 {
			t.Errorf("report of %s: %v %s", p, err, b)
		}
		made := b.bundle(string(p)+".tar.gz", BundleOptions{Profile: p})
		for _, problem := range b.checked(made.File, BundleVerification{}).Problems {
			if !strings.Contains(problem.String(), "what is signed is no request") { // the approval is made up
				t.Errorf("bundle of %s: %v", p, problem)
			}
		}
		noneOf(t, p, "the bundle", b.everything(made.File))
	}
	for _, to := range []string{"responders", "executives", "customers", "regulators"} {
		d, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: to, What: "Zebulon Quillfeather of quillhost-7"})
		b.must(err)
		noneOf(t, d.Profile, "the update", d.Subject+"\n"+d.Text)
	}
}

// keepsTheRest: what is nobody's stays, and what is the attacker's.
func (b *bench) keepsTheRest(t *testing.T) {
	forms, _, _ := b.shownBy(record.TechnicalProfile, "k")
	for _, want := range []string{"198.51.100.66", "c2.badwolf.example", "quillhost-7", "10.77.3.9", "admin, root and it looked", "the treasurer", "commander"} {
		if !strings.Contains(string(forms["review.json"]), want) {
			t.Errorf("the technical review has no %q", want)
		}
	}
	forms, r, _ := b.shownBy(record.ExecutiveProfile, "k")
	for _, want := range []string{"198.51.100.66", "c2.badwolf.example", "; it and root noticed.", "the treasurer"} {
		if !strings.Contains(string(forms["review.json"]), want) {
			t.Errorf("the executives' review has no %q:\n%s", want, r.Incident.Title+"\n"+r.Incident.Summary)
		}
	}
	if r.Readers.Label != incident.TLPAmberStrict || r.Readers.Banner != "" {
		t.Errorf("%+v", r.Readers)
	}
	if _, r, _ = b.shownBy(record.LegalProfile, "k"); !strings.Contains(r.Readers.Banner, "counsel") {
		t.Errorf("counsel's review says %q", r.Readers.Banner)
	}
}

// sharesNoToken: two documents for the public cannot be joined by what stands in
// them for names.
func (b *bench) sharesNoToken(t *testing.T) {
	one, r, _ := b.shownBy(record.PublicProfile, "the first key")
	b.clock.Advance(26 * time.Hour)
	two, _, _ := b.shownBy(record.PublicProfile, "the second key")
	odd := regexp.MustCompile(`[0-9]|[A-Z]{3}`)
	other := &bench{T: t, clock: testkit.NewClock(time.Millisecond), home: t.TempDir(), seed: 7} // what every such document says
	other.s = other.service(updatesConfig()).As(incident.Actor{})
	plantIncident(other)
	every, _, _ := other.shownBy(record.PublicProfile, "the third key")
	for name := range one {
		there := map[string]bool{}
		for _, w := range words(t, one[name]) {
			there[w] = true
		}
		usual := map[string]bool{}
		for _, w := range words(t, every[name]) {
			usual[w] = true
		}
		for _, w := range words(t, two[name]) {
			if there[w] && odd.MatchString(w) && !usual[w] {
				t.Errorf("both %s say %q", name, w)
			}
		}
	}
	if strings.Contains(string(one["review.json"]), string(b.id)) || strings.Contains(string(one["review.json"]), b.head().Root) {
		t.Error("the public's review has the incident's id, or the root of its record")
	}
	for _, row := range r.Timeline {
		if row.Time.Minute() != 0 || row.Time.Second() != 0 {
			t.Errorf("a time to the second: %s", row.Time)
		}
	}
	if text := string(one["review.json"]); strings.Contains(text, "81234") || strings.Contains(text, "EUR") {
		t.Error("the public's review says what it cost")
	}
}
