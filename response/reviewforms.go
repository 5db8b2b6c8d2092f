package response

import (
	"encoding/json"

	"firebreak/review"
	"firebreak/review/document"
)

// reviewForm is one form in which a review is written. Each is a pure function of
// the review, so what a profile hides is hidden in all of them.
type reviewForm struct {
	name  string // as --format takes it
	file  string
	about string
	write func(review.Review) ([]byte, error)
}

// reviewForms are all of them; the first three are written when nobody says which.
func reviewForms() []reviewForm {
	return []reviewForm{
		{"md", "review.md", "Markdown", func(r review.Review) ([]byte, error) { return document.Markdown(document.Of(r)), nil }},
		{"html", "review.html", "one self-contained page", review.Review.HTML},
		{"json", "review.json", "for programs (docs/review.schema.json)", reviewJSON},
	}
}

func reviewJSON(r review.Review) ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}
