package response

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations/intake"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// Sketch is what an incident for a report would be called, how severe it would
// be, and which playbook it would follow.
type Sketch struct {
	Title    string            `json:"title"`
	Severity incident.Severity `json:"severity"`
	Playbook string            `json:"playbook,omitempty"`
	Why      string            `json:"why,omitempty"` // this playbook
	words    string
}

// sketching gathers what a sketch needs while the findings go by.
type sketching struct {
	report intake.Report
	first  intake.Finding // the worst open one
	open   int
	words  strings.Builder
}

// maxWords bounds the texts in which words are looked for.
const maxWords = 64 << 10

func (k *sketching) add(f *intake.Finding) error {
	if f.State != intake.Open {
		return nil
	}
	k.open++
	if k.first.Title == "" || f.Severity != k.first.Severity && f.Severity.AtLeast(k.first.Severity) {
		k.first = *f
	}
	if f.Severity.AtLeast(intake.High) || k.words.Len() == 0 {
		if k.words.Len() < maxWords {
			for _, s := range []string{f.Tool, f.Title, f.Rule, f.Image, f.Resource, strings.Join(f.CWE, " "), strings.Join(f.IDs, " "), " "} {
				k.words.WriteString(strings.ToLower(s) + " ")
			}
		}
	}
	return nil
}

// sketch is what an incident for this report would be.
func (k *sketching) sketch(books []*playbooks.Playbook) Sketch {
	out := Sketch{Severity: incident.SEV3, words: k.words.String()}
	switch k.report.Worst {
	case intake.Critical:
		out.Severity = incident.SEV2
	case intake.Medium, intake.Low, intake.Info:
		out.Severity = incident.SEV4
	case intake.High, intake.Unknown:
	}
	tool := "a report"
	if len(k.report.Tools) > 0 {
		if tool = k.first.Tool; tool == "" {
			tool = k.report.Tools[0]
		}
	}
	switch k.open {
	case 0:
		out.Title = tool + ": nothing open"
	case 1:
		out.Title = k.first.Title
		if place := k.first.Place(); place != "" && !strings.Contains(out.Title, place) {
			out.Title += " (" + place + ")"
		}
	default:
		out.Title = fmt.Sprintf("%s: %d open findings, first %s", tool, k.open, k.first.Title)
	}
	if len(out.Title) > 200 {
		out.Title = strings.ToValidUTF8(out.Title[:197], "") + "…"
	}
	out.Playbook, out.Why = suggest(books, k.report.Leading(), out.words)
	return out
}

// hints are the labels that a kind of finding asks for, and those that words in
// its texts add. A playbook of one's own that has the label "alert:KIND" is taken
// before all others.
var hints = map[intake.Kind][]string{ //nolint:gochecknoglobals // a table
	intake.Vulnerability:    {"vulnerability"},
	intake.SecretLeak:       {"secrets"},
	intake.Code:             {"appsec"},
	intake.Misconfiguration: {"generic"},
	intake.License:          {"generic"},
	intake.Runtime:          {"intrusion"},
	intake.Alert:            {"generic"},
}

var wordHints = []struct { //nolint:gochecknoglobals // a table
	kinds  []intake.Kind // nil for all
	words  []string
	labels []string
}{
	{[]intake.Kind{intake.SecretLeak}, []string{"github", "ghp_", "gho_", "ghs_"}, []string{"github"}},
	{[]intake.Kind{intake.SecretLeak}, []string{"aws", "akia", "gcp", "google cloud", "service account", "azure"}, []string{"credentials", "aws", "gcp", "azure"}},
	{[]intake.Kind{intake.Vulnerability}, []string{"malicious package", "malware in", "embedded malicious", "cwe-506", "typosquat"}, []string{"supply-chain", "dependencies"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"miner", "mining", "xmrig", "stratum"}, []string{"cryptomining", "cryptomining"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"k8s", "kubernetes", "pod ", "container"}, []string{"kubernetes", "containers"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"ransom", "encrypted files"}, []string{"ransomware", "ransomware"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"ddos", "denial of service", "syn flood"}, []string{"ddos", "ddos"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"phish"}, []string{"phishing", "phishing"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"malware", "trojan", "virus"}, []string{"malware", "endpoint"}},
	{[]intake.Kind{intake.Runtime, intake.Alert}, []string{"impossible travel", "mfa", "okta", "entra", "suspicious login", "suspiciouslogin", "account takeover"}, []string{"identity", "mfa"}},
	{[]intake.Kind{intake.Misconfiguration, intake.Alert}, []string{"s3 bucket", "public bucket", "storage account", "publicly accessible"}, []string{"storage", "cloud"}},
	{[]intake.Kind{intake.Alert}, []string{"reverse shell", "ssh brute", "rootkit", "intrusion"}, []string{"intrusion", "host"}},
}

// suggest is the playbook whose labels fit best, and why. Where none does it is
// the one for incidents of no certain kind.
func suggest(books []*playbooks.Playbook, kind intake.Kind, words string) (id, why string) {
	want := map[string]int{}
	for _, label := range hints[kind] {
		want[label]++
	}
	var heard []string
	for _, h := range wordHints {
		if h.kinds != nil && !slices.Contains(h.kinds, kind) {
			continue
		}
		i := slices.IndexFunc(h.words, func(w string) bool { return strings.Contains(words, w) })
		if i < 0 {
			continue
		}
		heard = append(heard, h.words[i])
		for _, label := range h.labels {
			want[label] += 2
		}
	}
	best := 0
	for _, b := range books {
		score := 0
		for _, label := range b.Labels {
			score += want[label]
			if label == "alert:"+string(kind) {
				score += 1000
			}
		}
		if score > best {
			best, id = score, b.ID
		}
	}
	if id == "" {
		return "", ""
	}
	why = "it is for " + string(kind)
	if kind == "" {
		why = "nothing of it is open"
	}
	if len(heard) > 0 {
		why += ", and there is mention of " + strings.Join(heard, ", ")
	}
	return id, why
}

// Sketch reads a report and says what an incident for it would be.
func (s *Service) Sketch(ctx context.Context, r *IntakeRequest) (Sketch, error) {
	_, sketch, err := s.sketch(ctx, r)
	return sketch, err
}

func (s *Service) sketch(ctx context.Context, r *IntakeRequest) (intake.Report, Sketch, error) {
	if err := r.hold(ctx); err != nil {
		return intake.Report{}, Sketch{}, err
	}
	k := &sketching{}
	var err error
	if k.report, err = ReadFindings(ctx, *r, k.add); err != nil {
		return k.report, Sketch{}, err
	}
	books, err := s.Playbooks()
	if err != nil && CodeOf(err) != CodePartial { // a broken playbook of one's own hinders none
		return k.report, Sketch{}, err
	}
	return k.report, k.sketch(books), nil
}

// OpenFor opens an incident for a report and takes the report in. What n leaves
// out is as the sketch has it; the playbook "-" is none.
func (s *Session) OpenFor(ctx context.Context, r IntakeRequest, n NewIncident, p ProgressFunc) (TakenAlert, error) {
	report, sketch, err := s.s.sketch(ctx, &r)
	if err != nil {
		return TakenAlert{}, err
	}
	if n.Title == "" {
		n.Title = sketch.Title
	}
	switch n.Playbook {
	case "":
		n.Playbook = sketch.Playbook
	case "-":
		n.Playbook = ""
	}
	if n.Severity == 0 {
		n.Severity = sketch.Severity
	}
	if r.item != "" {
		note := record.Note{Text: noteOfItem(r.item, r.from)}
		n.begin = func(tx *store.Tx) ([]record.Draft, error) {
			d, err := s.draft(tx, record.Noted, "", note)
			return []record.Draft{d}, err
		}
	}
	inc, err := s.Open(ctx, n)
	if err != nil {
		return TakenAlert{}, err
	}
	out, err := s.intake(ctx, inc.ID, r, report, p)
	out.Opened, out.Playbook = true, n.Playbook
	return out, err
}

// noteOfItem says in the record for which alert an incident was opened, so that
// it is not opened twice when the program is killed right after.
func noteOfItem(item, from string) string {
	return "Opened for the alert " + item + " of the inbox, sent by " + from + "."
}

// itemOfNote is the alert that an incident was opened for, "" for another note.
func itemOfNote(e record.Entry) string {
	var n record.Note
	if e.Decode(&n) != nil {
		return ""
	}
	rest, ok := strings.CutPrefix(n.Text, "Opened for the alert ")
	if !ok {
		return ""
	}
	item, _, _ := strings.Cut(rest, " ")
	return item
}
