package response

import (
	"encoding/json"

	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/navigator"
	"firebreak/review/ocsf"
	"firebreak/review/stix"
	"firebreak/review/veris"
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
		{"csv", "review.csv", "the timeline, for a spreadsheet", review.Review.Sheet},
		{"stix", "review.stix.json", "STIX 2.1 bundle, for those who exchange threat intelligence", stix.Bundle},
		{"attack", "review.attack.json", "layer for the ATT&CK Navigator", navigator.Layer},
		{"veris", "review.veris.json", "VERIS record, to compare incidents", veris.Record},
		{"ocsf", "review.ocsf.json", "OCSF incident finding, for a SIEM", ocsf.Finding},
	}
}

func reviewJSON(r review.Review) ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}
