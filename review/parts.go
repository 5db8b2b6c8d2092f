package review

import (
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// MaxPart is how many bytes one part may have: far more than anybody reads, and
// little enough for a record.
const MaxPart = 1 << 20

// Part is one part of the review that only people can write. Its text is Markdown.
type Part struct {
	Key    string `json:"part"`
	Title  string `json:"title"`
	Prompt string `json:"prompt"`
	Words  int    `json:"words,omitempty"` // what it should not be longer than; 0: as long as it takes
}

// Parts are the parts that people write, in the order in which they stand in the
// review. Their questions ask how and what, never who or why: those are answered
// with a name.
func Parts() []Part {
	return []Part{
		{"summary", "Executive summary", "What happened, what did it do, what was done, and where do we stand? For somebody who reads nothing else: plain words, no names of products that nobody outside knows.", 150},
		{"impact", "Impact", "What could people not do, and for how long? Whose data, of what kind, how many, in which countries? What did it cost? Say what is estimated, and how.", 0},
		{"detection", "Detection", "What made us look? What was there to be seen before, and what would have shown it? How did the first sign reach a person?", 0},
		{"factors", "Contributing factors", "What technical, process and organisational conditions made this possible, or made it worse? There is rarely one cause, and a person's act is never one.", 0},
		{"well", "What went well", "What limited the damage? What should be kept as it is?", 0},
		{"wrong", "What did not go well", "What made the response slower or harder than it had to be? What was missing when it was needed?", 0},
		{"luck", "Where we were lucky", "What could as well have gone the other way?", 0},
		{"surprises", "What surprised us", "What did we believe that turned out otherwise? How did it look at that time?", 0},
		{"lessons", "Lessons", "What do we know now that we did not know then? What will be done differently?", 0},
		{"communications", "Communications", "How did people learn of it, inside and outside? What did they need to know earlier, or in other words?", 0},
		{"limits", "Limits of this review", "What could not be found out, and what would it take? What was not looked at?", 0},
	}
}

// PartOf finds a part by its key.
func PartOf(key string) (Part, bool) {
	for _, p := range Parts() {
		if p.Key == key {
			return p, true
		}
	}
	return Part{}, false
}

// PartKeys are the keys of all parts.
func PartKeys() []string {
	var out []string
	for _, p := range Parts() {
		out = append(out, p.Key)
	}
	return out
}

// PartVersion is a part as somebody wrote it once. An empty text took the part
// back.
type PartVersion struct {
	Act
	Actor   string `json:"actor"` // the record's own name for who wrote it
	Version int    `json:"version"`
	Text    string `json:"text"`
}

// Written is a part with all that people wrote in it, oldest first.
type Written struct {
	Part
	Versions []PartVersion `json:"versions"`
}

// Now is the text that stands, "" where nobody wrote any.
func (w Written) Now() string {
	if len(w.Versions) == 0 {
		return ""
	}
	return w.Versions[len(w.Versions)-1].Text
}

// Version is the number of the text that stands, 0 where there is none.
func (w Written) Version() int {
	if len(w.Versions) == 0 {
		return 0
	}
	return w.Versions[len(w.Versions)-1].Version
}

// WrittenParts folds the entries into the parts. A part of a key that this version
// does not know stands at the end under that key; what cannot be read is left out.
func WrittenParts(entries []record.Entry) []Written {
	var out []Written
	at := map[string]int{}
	for i, p := range Parts() {
		out = append(out, Written{Part: p, Versions: []PartVersion{}})
		at[p.Key] = i
	}
	for _, e := range entries {
		var p record.PartText
		if e.Kind != record.ReviewText || e.Decode(&p) != nil || p.Part == "" {
			continue
		}
		i, known := at[p.Part]
		if !known {
			i = len(out)
			at[p.Part] = i
			out = append(out, Written{Part: Part{Key: p.Part, Title: p.Part}})
		}
		out[i].Versions = append(out[i].Versions, PartVersion{act(e), e.Actor.ID, p.Version, first(p.Text, e.Absent("text"))})
	}
	return out
}

// Authors are those who wrote what stands in the parts now, each once.
func Authors(entries []record.Entry) []incident.Actor {
	var out []incident.Actor
	last := map[string]record.Entry{}
	var order []string
	for _, e := range entries {
		var p record.PartText
		if e.Kind != record.ReviewText || e.Decode(&p) != nil {
			continue
		}
		if _, seen := last[p.Part]; !seen {
			order = append(order, p.Part)
		}
		last[p.Part] = e
	}
	seen := map[string]bool{}
	for _, key := range order {
		if a := last[key].Actor; !seen[a.ID] {
			seen[a.ID] = true
			out = append(out, a)
		}
	}
	return out
}

// Blames are the phrases of a text that put blame on somebody, each once.
func Blames(text string) []string {
	out := []string{}
	seen := map[string]bool{}
	for _, phrase := range blaming.FindAllString(text, -1) {
		if key := strings.ToLower(phrase); !seen[key] {
			seen[key] = true
			out = append(out, phrase)
		}
	}
	return out
}

// StateOf is how far the review is.
func StateOf(entries []record.Entry) record.ReviewState {
	state := record.ReviewDraft
	for _, e := range entries {
		var m record.ReviewMove
		if e.Kind == record.ReviewMoved && e.Decode(&m) == nil && m.To != "" {
			state = m.To
		}
	}
	return state
}
