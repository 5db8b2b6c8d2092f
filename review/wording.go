package review

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"firebreak/internal/lazyre"
	"firebreak/record"
)

// Wording is a phrase that does not belong in a review without blame.
type Wording struct {
	Seq    int64  `json:"seq"`
	Phrase string `json:"phrase"`
	Why    string `json:"why,omitempty"` // blame, or a name in a factor
}

// Why a phrase is shown.
const (
	wordingBlame = "it puts blame"
	wordingName  = "a factor names a person: say what made the act likely"
)

// persons are words for whoever acted: a verb behind them speaks of a person, not
// of a machine that failed to start.
const persons = `(?:he|she|they|we|you|i|who|somebody|someone|nobody|everybody|(?:the |our |an? |on-call |junior |senior )*(?:team|staff|engineers?|developers?|operators?|admins?|administrators?|analysts?|responders?|users?|employees?|contractors?|colleagues?|managers?|commander|intern|person|people|department|helpdesk|vendor))`

// blaming are phrases that put blame whoever they are about.
var blaming = lazyre.New(`(?i)\b(should(?: not|n't|n’t)?(?: \w+)?[ -]have|should(?:'|’)ve|ought to have|(?:could|must|would) have (?:known|noticed|seen)|(?:could|should) easily have|` +
	`(?:human|user|operator|admin|administrator) error|careless(?:ly|ness)?|reckless(?:ly|ness)?|sloppy|sloppi(?:ly|ness)|negligen(?:t|tly|ce)|incompeten(?:t|tly|ce)|` +
	`stupid(?:ly|ity)?|idiot(?:ic|s)?|(?:too|was|were|being) lazy|laziness|clueless|amateurish|unprofessional(?:ly)?|irresponsibl[ey]|blunder(?:s|ed)?|` +
	`to blame|blamed (?:on|for)|whose fault|at fault|(?:his|her|their|your|my|our) (?:own )?(?:fault|mistake|error|negligence)|guilty|` +
	`neglected to|forgot to|(?:didn't|didn’t|did not|never) bother(?:ed)?(?: to)?|bothered to|common sense|any(?:one|body) (?:could|would) have|asleep at the wheel)\b`)

// lapses are verbs that put blame where a person stands before them.
var lapses = lazyre.New(`(?i)\b` + persons + ` (?:(?:had|have|has|then|also|simply|just|again|clearly|repeatedly|obviously|\w+ly) ){0,2}(?:failed to|neglected|forgot|ignored|overlooked|disregarded|omitted|refused to|messed up|screwed up|broke the rules?|made (?:a|the|another) (?:mistake|error))\b`)

// symptom is what people fail to do when a system fails them.
var symptom = lazyre.New(`(?i)^ (?:log ?in|log ?on|sign in|authenticate|connect|reach|resolve|load|reset (?:his|her|their) password)\b`)

// wording looks through what people wrote, as it stands, for phrases that put
// blame, and through the factors for names.
func (b *builder) wording() {
	seen := map[int64]bool{}
	find := func(seq int64, texts ...string) {
		for _, t := range texts {
			if phrase := Blaming(t); phrase != "" && !seen[seq] {
				seen[seq] = true
				b.r.Wording = append(b.r.Wording, Wording{seq, phrase, wordingBlame})
				return
			}
		}
	}
	each(b, func(e record.Entry, p record.Note) { find(e.Seq, p.Text) }, record.Noted)
	each(b, func(e record.Entry, p record.StepEnd) {
		texts := []string{p.Note}
		for _, a := range b.answers(p.Run, e.Step, p.Answers) {
			texts = append(texts, fmt.Sprint(a.Answer))
		}
		find(e.Seq, texts...)
	}, record.StepDone)
	each(b, func(e record.Entry, p record.StepSkip) { find(e.Seq, p.Reason) }, record.StepSkipped, record.StepReopened)
	each(b, func(e record.Entry, p record.Reason) { find(e.Seq, p.Reason) }, record.IncidentClosed, record.IncidentReopened)
	each(b, func(e record.Entry, p record.Decision) { find(e.Seq, p.Reason) }, record.ActionApproved, record.ActionRejected, record.ActionDropped)
	each(b, func(e record.Entry, p record.Update) { find(e.Seq, p.Text) }, record.UpdateWritten)
	each(b, func(e record.Entry, p record.HandedOn) { find(e.Seq, p.Text) }, record.ShiftHandedOn)
	each(b, func(e record.Entry, p record.Mark) { find(e.Seq, p.Comment) }, record.EventMarked)
	b.statedWording(find)
	names := b.names()
	for _, f := range b.r.Factors {
		for _, n := range names {
			if holds(f.Text, n) {
				b.r.Wording = append(b.r.Wording, Wording{f.Seq, n, wordingName})
				break
			}
		}
	}
	slices.SortStableFunc(b.r.Wording, func(x, y Wording) int { return int(x.Seq - y.Seq) })
}

// statedWording looks at what has a latest word: what was corrected is mended.
func (b *builder) statedWording(find func(int64, ...string)) {
	r := &b.r
	for _, i := range r.Items {
		find(i.Seq, i.Text, i.Verify)
	}
	for _, p := range r.Parts {
		find(p.Seq, p.Text)
	}
	for _, f := range r.Factors {
		find(f.Seq, f.Text)
	}
	for _, d := range r.Decisions {
		if d.ID != "" {
			find(d.Seq, append([]string{d.What, d.Why, d.Question, d.Basis}, d.Alternatives...)...)
		}
	}
	for _, m := range r.Impact {
		find(m.Seq, m.Text, m.Basis)
	}
	for _, m := range r.Moments {
		if m.Stated {
			find(m.Seq, m.Reason)
		}
	}
	for _, c := range r.Controls {
		find(c.Seq, c.Text)
	}
	for _, t := range b.statedTechniques() {
		find(t.Seq, t.Text)
	}
	for _, s := range slices.Concat(r.Subjects, r.Indicators) {
		find(s.Seq, s.Note)
	}
}

// Blaming is the first phrase of a text that puts blame, "" when there is none.
func Blaming(text string) string {
	if phrase := blaming.FindString(text); phrase != "" {
		return phrase
	}
	for _, at := range lapses.FindAllStringIndex(text, -1) {
		if !symptom.MatchString(text[at[1]:]) {
			return text[at[0]:at[1]]
		}
	}
	return ""
}

// names are the people that the record knows, by all their names of more than two
// letters: no part of a name that is a word of every text.
func (b *builder) names() []string {
	var out []string
	add := func(name string) {
		if name = strings.TrimSpace(name); utf8.RuneCountInString(name) > 2 && !CommonWord(name) && !strings.HasPrefix(name, "(") && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	whole := func(name string) {
		add(name)
		for _, part := range strings.Fields(name) {
			if utf8.RuneCountInString(part) > 2 && proper(part) {
				add(part)
			}
		}
	}
	for _, p := range b.r.People {
		whole(p.Name)
	}
	for _, t := range b.r.Roles {
		whole(t.Person)
	}
	for _, i := range b.r.Items {
		whole(i.Owner)
	}
	for _, d := range b.r.Decisions {
		whole(d.Decider)
	}
	for _, s := range b.r.Subjects {
		if s.Kind == "person" {
			whole(s.Value)
		}
	}
	return out
}

// proper says whether a word is written as a name is, with a capital, or in a
// script that has none. Will is then no will.
func proper(word string) bool {
	return word != strings.ToLower(word) || word == strings.ToUpper(word)
}
