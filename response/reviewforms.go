package response

import (
	"encoding/json"
	"slices"
	"strings"

	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/docx"
	"firebreak/review/navigator"
	"firebreak/review/ocsf"
	"firebreak/review/page"
	"firebreak/review/pdf"
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
	// drawn is write with the fonts of the machine, of those forms that take any.
	drawn func(review.Review, *machineFonts) ([]byte, error)
}

// made is the review in that form. The fonts say which of them it took.
func (f reviewForm) made(r review.Review, fonts *machineFonts) ([]byte, error) {
	if f.drawn != nil {
		return f.drawn(r, fonts)
	}
	return f.write(r)
}

// reviewForms are all of them; the first three are written when nobody says which.
func reviewForms() []reviewForm {
	return []reviewForm{
		{"md", "review.md", "Markdown", func(r review.Review) ([]byte, error) { return document.Markdown(document.Of(r)), nil }, nil},
		{"html", "review.html", "one self-contained page", func(r review.Review) ([]byte, error) { return page.HTML(r), nil }, nil},
		{"json", "review.json", "for programs (docs/review.schema.json)", reviewJSON, nil},
		{"csv", "review.csv", "the timeline, for a spreadsheet", review.Review.Sheet, nil},
		{"stix", "review.stix.json", "STIX 2.1 bundle, for those who exchange threat intelligence", stix.Bundle, nil},
		{"attack", "review.attack.json", "layer for the ATT&CK Navigator", navigator.Layer, nil},
		{"veris", "review.veris.json", "VERIS record, to compare incidents", veris.Record, nil},
		{"ocsf", "review.ocsf.json", "OCSF incident finding, for a SIEM", ocsf.Finding, nil},
		{"pdf", "review.pdf", "to print and to hand in", func(r review.Review) ([]byte, error) { return drawnPDF(r, &machineFonts{}) }, drawnPDF},
		{"docx", "review.docx", "Word, to go on writing in", func(r review.Review) ([]byte, error) { return docx.Write(document.Of(r)) }, nil},
		{"patch", "playbook.patch", "what it proposes to change in the playbook, for patch -p1", func(r review.Review) ([]byte, error) { return r.Patch(), nil }, nil},
	}
}

func drawnPDF(r review.Review, fonts *machineFonts) ([]byte, error) {
	return pdf.Write(document.Of(r), pdf.Options{Found: fonts.offered(), Used: fonts.use})
}

// ReviewForm is a form in which a review can be written.
type ReviewForm struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	About string `json:"about"`
}

// ReviewForms are all of them, those first that are written when nobody says which.
func ReviewForms() []ReviewForm {
	var out []ReviewForm
	for _, f := range reviewForms() {
		out = append(out, ReviewForm{f.name, f.file, f.about})
	}
	return out
}

// usualForms is how many forms are written when nobody says which.
const usualForms = 3

// formsNamed are the forms of those names, each once, in the order of the table.
func formsNamed(names []string) ([]reviewForm, error) {
	all := reviewForms()
	switch {
	case len(names) == 0:
		return all[:usualForms], nil
	case slices.Contains(names, "all"):
		return all, nil
	}
	known := make([]string, len(all))
	for i, f := range all {
		known[i] = f.name
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usage("there are "+strings.Join(known, ", ")+", and all", "the review has no form %.40q", name)
		}
	}
	return slices.DeleteFunc(all, func(f reviewForm) bool { return !slices.Contains(names, f.name) }), nil
}

// tagged is a file's name with a word before what says its form: review-v1.md.
func tagged(file, tag string) string {
	stem, form, _ := strings.Cut(file, ".")
	return stem + "-" + tag + "." + form
}

func reviewJSON(r review.Review) ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}
