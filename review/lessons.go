package review

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/record"
)

// Section is a part of the review that only people can write. It holds what
// they recorded; Build adds nothing to it.
type Section struct {
	Key    string   `json:"key"` // factors, mitigators, wrong, luck, surprises, lessons, answers
	Title  string   `json:"title"`
	Prompt string   `json:"prompt"`
	How    string   `json:"how"` // what to record so that it appears here
	Said   []Saying `json:"said"`
}

// Saying is one thing that a person recorded.
type Saying struct {
	Act
	Text     string `json:"text"`
	Question string `json:"question,omitempty"`
	Step     string `json:"step,omitempty"`
}

// sections are the prompts. The words begin a note ("lesson: …") or stand in
// the name of a playbook's question (ask: {lessons: …}).
func sections() []Section {
	return []Section{
		{
			Key: "factors", Title: "Contributing factors",
			Prompt: "What technical, process and organisational conditions made this possible, or made it worse? There is rarely one cause, and a person's act is never one.",
			How:    `a note that begins with "factor:"`,
		},
		{
			Key: "mitigators", Title: "What went well",
			Prompt: "What limited the damage? What should be kept as it is?",
			How:    `a note that begins with "went well:"`,
		},
		{
			Key: "wrong", Title: "What did not go well",
			Prompt: "What made the response slower or harder than it had to be? What was missing when it was needed?",
			How:    `a note that begins with "went wrong:"`,
		},
		{
			Key: "luck", Title: "Where we were lucky",
			Prompt: "What could as well have gone the other way?",
			How:    `a note that begins with "luck:"`,
		},
		{
			Key: "surprises", Title: "What surprised us",
			Prompt: "What did we believe that turned out otherwise? How did it look at that time?",
			How:    `a note that begins with "surprise:"`,
		},
		{
			Key: "lessons", Title: "Lessons",
			Prompt: "What do we know now that we did not know then? What will be done differently?",
			How:    `a note that begins with "lesson:"`,
		},
		{
			Key: "answers", Title: "Other answers of the learn phase",
			Prompt: "What the playbook asked at the end.",
			How:    "an answer to a question of a step in the learn phase",
		},
	}
}

var sectionWords = []struct {
	key      string
	note     *lazyre.Regexp // how a note begins
	question *lazyre.Regexp // what a question's name holds
}{
	{"factors", lazyre.New(`(?i)^(contributing )?(factors?|causes?) ?:`), lazyre.New(`(?i)factor|cause`)},
	{"mitigators", lazyre.New(`(?i)^(went well|mitigators?|good) ?:`), lazyre.New(`(?i)well|mitigat`)},
	{"wrong", lazyre.New(`(?i)^(went (wrong|badly)|did not go well|didn't go well|bad) ?:`), lazyre.New(`(?i)wrong|badly|not_go`)},
	{"surprises", lazyre.New(`(?i)^(surprises?|surprised|surprising) ?:`), lazyre.New(`(?i)surpris`)},
	{"luck", lazyre.New(`(?i)^(luck|lucky) ?:`), lazyre.New(`(?i)luck`)},
	{"lessons", lazyre.New(`(?i)^(lessons?|learned|improve) ?:`), lazyre.New(`(?i)lesson|learn|improve|differently`)},
}

func (b *builder) lessons() {
	b.r.Lessons = sections()
	say := func(key string, s Saying) {
		n := slices.IndexFunc(b.r.Lessons, func(x Section) bool { return x.Key == key })
		b.r.Lessons[n].Said = append(b.r.Lessons[n].Said, s)
	}
	for _, e := range b.entries {
		if b.bad[e.Seq] {
			continue
		}
		switch e.Kind { //nolint:exhaustive // people write lessons in these
		case record.Noted:
			p, _ := decode[record.Note](b, e)
			for _, w := range sectionWords {
				if begin := w.note.FindString(p.Text); begin != "" {
					say(w.key, Saying{Act: act(e), Text: strings.TrimSpace(p.Text[len(begin):])})
					break
				}
			}
		case record.StepDone:
			p, _ := decode[record.StepEnd](b, e)
			learn := b.phaseOf(p.Run, e) == incident.Learn
			for _, a := range b.answers(p.Run, e.Step, p.Answers) {
				key := ""
				for _, w := range sectionWords {
					if text, ok := a.Answer.(string); ok && text != "" && w.question.MatchString(a.Name) {
						key = w.key
						break
					}
				}
				if key == "" && learn {
					key = "answers"
				}
				if key != "" {
					say(key, Saying{Act: act(e), Text: fmt.Sprint(a.Answer), Question: first(a.Question, a.Name), Step: e.Step})
				}
			}
			if learn && p.Note != "" {
				say("answers", Saying{Act: act(e), Text: p.Note, Step: e.Step})
			}
		default:
		}
	}
	for i := range b.r.Lessons {
		empty(&b.r.Lessons[i].Said)
	}
}

// phaseOf is the phase of a step by its playbook, else of its entry.
func (b *builder) phaseOf(run string, e record.Entry) incident.Phase {
	if book := b.lives[run]; book != nil {
		if s, ok := book.Step(e.Step); ok && !strings.Contains(e.Step, "/") {
			return s.Phase
		}
	}
	return e.Phase
}
