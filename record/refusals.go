package record

import (
	"strings"

	"firebreak/internal/lazyre"
)

// RefusedAlike is why several things were not taken, in the same words but for numbers
// and names.
type RefusedAlike struct {
	Text    string // of one thing: its own words
	Sources []string
	Whole   []Refusal
}

// MaxAlike is how many refusals of one reason are told one by one.
const MaxAlike = 3

// GroupRefused groups refusals, in the order in which each reason first came.
func GroupRefused(list []Refusal) []RefusedAlike {
	var out []RefusedAlike
	at := map[string]int{}
	for _, r := range list {
		key := Alike(r.Reason)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, RefusedAlike{Text: r.Reason})
		} else if out[i].Text != r.Reason {
			out[i].Text = key
		}
		out[i].Sources, out[i].Whole = append(out[i].Sources, r.Source), append(out[i].Whole, r)
	}
	return out
}

var (
	quotedText = lazyre.New(`"(?:[^"\\]|\\.)*"`)
	sizeFirst  = lazyre.New(`^\d+ bytes: `)
	takenAs    = lazyre.New(`^the same file as .*, which was taken$`)
)

// Alike is a reason without what is of one thing only: its size, where a link
// leads, what it is another name of.
func Alike(reason string) string {
	reason = sizeFirst.ReplaceAllString(reason, "")
	reason = quotedText.ReplaceAllString(reason, "…")
	if takenAs.MatchString(reason) {
		return "the same file as one that was taken"
	}
	return strings.TrimSpace(reason)
}
