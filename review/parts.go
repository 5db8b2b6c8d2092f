package review

import (
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// MaxPart is how many bytes one part may have: far more than anybody reads, and
// little enough for a record.
const MaxPart = 1 << 20

// Part is one part of the review that only people can write. Its text is Markdown.
type Part struct {
	Key    string         `json:"part"`
	For    record.Profile `json:"for,omitempty"` // for whose readers it is written; none: for all who may read what the team wrote
	Title  string         `json:"title"`
	Prompt string         `json:"prompt"`
	Words  int            `json:"words,omitempty"` // what it should not be longer than; 0: as long as it takes
}

// Parts are the parts that people write, in the order in which they stand in the
// review. Their questions ask how and what, never who or why: those are answered
// with a name.
func Parts() []Part {
	return []Part{
		{Key: "summary", Title: "Executive summary", Prompt: "What happened, what did it do, what was done, and where do we stand? For somebody who reads nothing else: plain words, no names of products that nobody outside knows.", Words: 150},
		{Key: "impact", Title: "Impact", Prompt: "What could people not do, and for how long? Whose data, of what kind, how many, in which countries? What did it cost? Say what is estimated, and how."},
		{Key: "detection", Title: "Detection", Prompt: "What made us look? What was there to be seen before, and what would have shown it? How did the first sign reach a person?"},
		{Key: "factors", Title: "Contributing factors", Prompt: "What technical, process and organisational conditions made this possible, or made it worse? There is rarely one cause, and a person's act is never one."},
		{Key: "well", Title: "What went well", Prompt: "What limited the damage? What should be kept as it is?"},
		{Key: "wrong", Title: "What did not go well", Prompt: "What made the response slower or harder than it had to be? What was missing when it was needed?"},
		{Key: "luck", Title: "Where we were lucky", Prompt: "What could as well have gone the other way?"},
		{Key: "surprises", Title: "What surprised us", Prompt: "What did we believe that turned out otherwise? How did it look at that time?"},
		{Key: "lessons", Title: "Lessons", Prompt: "What do we know now that we did not know then? What will be done differently?"},
		{Key: "communications", Title: "Communications", Prompt: "How did people learn of it, inside and outside? What did they need to know earlier, or in other words?"},
		{Key: "limits", Title: "Limits of this review", Prompt: "What could not be found out, and what would it take? What was not looked at?"},
	}
}

// PartOf finds a part by its key, or by that of a part for some readers.
func PartOf(key string) (Part, bool) {
	key, readers := record.PartReaders(key)
	for _, p := range Parts() {
		if p.Key == key {
			return p.written(readers), true
		}
	}
	return Part{}, false
}

// written is the part as it is written for the readers of a profile.
func (p Part) written(readers record.Profile) Part {
	if readers == "" {
		return p
	}
	p.Key, p.For = record.PartFor(p.Key, readers), readers
	p.Title += ", for " + ReadersWord(readers)
	switch readers { //nolint:exhaustive // nothing is written for the others
	case record.PublicProfile:
		p.Prompt = "What may everybody know of this? For those whom it may concern: plain words, what it means for them, what they can do, and whom they can ask. " + withoutNames
	case record.ExecutiveProfile:
		p.Prompt += " For those who decide and were not there. " + withoutNames
	case record.RegulatorProfile:
		p.Prompt += " For an authority: what is established, what is not yet, and what is done about it. " + withoutNames
	}
	return p
}

const withoutNames = "Names of people and systems that are known are taken out of it before it leaves: write it without them."

// ReadersWord is what the readers of a profile are called in a sentence.
func ReadersWord(p record.Profile) string {
	switch p { //nolint:exhaustive // the others are words themselves
	case record.PublicProfile:
		return "the public"
	case record.ExecutiveProfile:
		return "executives"
	case record.RegulatorProfile:
		return "regulators"
	}
	return string(p)
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

// WrittenParts folds the entries into the parts, each with what is written of it for
// some readers behind it. A summary for the public stands there even where nobody
// wrote one, and so do the parts of the keys that are asked for. A part of a key that
// this version does not know stands at the end under that key; what cannot be read is
// left out.
func WrittenParts(entries []record.Entry, keys ...string) []Written {
	versions := map[string][]PartVersion{}
	var strange []string
	for _, e := range entries {
		var p record.PartText
		if e.Kind != record.ReviewText || e.Decode(&p) != nil || p.Part == "" {
			continue
		}
		if _, known := PartOf(p.Part); !known && versions[p.Part] == nil {
			strange = append(strange, p.Part)
		}
		text, field := p.Says()
		versions[p.Part] = append(versions[p.Part], PartVersion{act(e), e.Actor.ID, p.Version, first(text, e.Absent(field))})
	}
	keys = append(keys, record.PartFor("summary", record.PublicProfile))
	var out []Written
	put := func(p Part) {
		out = append(out, Written{Part: p, Versions: append([]PartVersion{}, versions[p.Key]...)})
	}
	for _, p := range Parts() {
		put(p)
		for _, readers := range record.PartProfiles() {
			if x := p.written(readers); len(versions[x.Key]) > 0 || slices.Contains(keys, x.Key) {
				put(x)
			}
		}
	}
	for _, key := range strange {
		put(Part{Key: key, Title: key})
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
