package document

import (
	"fmt"
	"slices"

	"firebreak/review"
)

// OfExercise makes the document of an exercise's report, the training record.
func OfExercise(r review.Exercise) Document {
	r = r.Shown()
	d := Document{
		Title: "Exercise report " + string(r.Incident.ID), Subtitle: r.Scenario.Name, Language: "en",
		Banner: []Badge{{Kind: BadgeDrill, Text: "DRILL", Tone: Warn}}, Footer: r.Integrity.Seal, Made: r.Made, Tool: r.Tool,
	}
	add := func(b ...Block) { d.Blocks = append(d.Blocks, b...) }
	add(Paragraph{Text{
		plain("An exercise on playbook " + r.Playbook.Name + " " + r.Playbook.Version + ", begun " + r.Begun.UTC().Format("2006-01-02 15:04:05Z") + ". "),
		{Text: fmt.Sprintf("%d%% of the points", r.Score.Percent), Style: Strong},
		plain(fmt.Sprintf(": %g of %g.", r.Score.Points, r.Score.Of)),
	}})
	for n, c := range r.Chapters() {
		if c.Title != "" {
			add(Heading{ID: fmt.Sprintf("part-%d", n), Level: 1, Text: Text{plain(c.Title)}})
		}
		if c.Text != "" {
			add(Paragraph{Text{plain(c.Text)}})
		}
		switch {
		case c.Head != nil:
			add(exerciseTable(c))
		case len(c.Points) > 0:
			var points List
			for _, p := range c.Points {
				points.Items = append(points.Items, Text{plain(p)})
			}
			add(points)
		}
	}
	add(Heading{ID: "record", Level: 1, Text: Text{plain("The record")}},
		Paragraph{Text{plain(fmt.Sprintf("Made over the first %d entries of the record of %s. Whoever has the record, or a bundle of it, verifies it with firebreak verify; this line ties the report to it:", r.Integrity.Size, r.Incident.ID))}},
		Paragraph{Text{{Text: r.Integrity.Seal, Style: Code}}})
	if r.Integrity.Problem != "" {
		add(Note{Tone: Bad, Text: Text{plain(r.Integrity.Problem)}})
	}
	scenario := Text{plain(fmt.Sprintf("%s %s, seed %d, SHA-256 ", r.Scenario.ID, r.Scenario.Version, r.Scenario.Seed)), {Text: r.Scenario.SHA256, Style: Code}}
	if from := r.Scenario.From(); from != "" {
		scenario = append(scenario, plain("; "+from))
	}
	add(Definitions{[]Definition{
		{"Scenario", scenario},
		{"Playbook", Text{plain(r.Playbook.ID + " " + r.Playbook.Version + ", SHA-256 "), {Text: r.Playbook.SHA256, Style: Code}}},
	}})
	return d
}

func exerciseTable(c review.ExerciseChapter) Table {
	var t Table
	for _, title := range c.Head {
		kind := Words
		switch {
		case slices.Contains([]string{"steps", "answers", "late", "approvals", "notes", "marked", "rightly"}, title):
			kind = Number
		case slices.Contains([]string{"at", "by", "after", "points", "who", "for", "clause"}, title):
			kind = Short
		}
		t.Columns = append(t.Columns, Column{title, kind})
	}
	for _, row := range c.Rows {
		var cells []Text
		for _, cell := range row {
			cells = append(cells, Text{plain(cell)})
		}
		t.Rows = append(t.Rows, Row{Cells: cells})
	}
	return t
}
