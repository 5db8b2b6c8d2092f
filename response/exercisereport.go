package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"firebreak/incident"
	drills "firebreak/playbooks/drill"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/pdf"
	"firebreak/store"
)

// ExerciseReport is a report that was written, and the score in it.
type ExerciseReport struct {
	Incident incident.ID  `json:"incident"`
	Markdown string       `json:"markdown"`
	HTML     string       `json:"html"`
	JSON     string       `json:"json"`
	PDF      string       `json:"pdf,omitempty"`
	Sealed   bool         `json:"sealed,omitempty"` // written into the exports of an encrypted incident
	Score    drills.Score `json:"score"`
	Review   Written      `json:"-"`
	// Unrecorded says why no entry tells of the report: the incident can only be
	// looked at, or is closed.
	Unrecorded string `json:"unrecorded,omitempty"`
}

// ScoreExercise judges the exercise as it stands.
func (s *Session) ScoreExercise(ctx context.Context, id incident.ID) (drills.Score, error) {
	_, x, err := s.mustExercise(ctx, id)
	if err != nil {
		return drills.Score{}, err
	}
	return scoreOf(x)
}

func scoreOf(x *drills.Exercise) (drills.Score, error) {
	truth, doubts, err := x.Truth(eventName)
	if err != nil {
		return drills.Score{}, fmt.Errorf("judge the exercise: %w", err)
	}
	return x.Score(truth, doubts), nil
}

// ReportExercise writes the report over the record as it is now: into dir, or
// with "" into the incident's exports, sealed where the incident is encrypted. It
// is written as a PDF too where that is wanted.
func (s *Session) ReportExercise(ctx context.Context, id incident.ID, dir string, asPDF bool) (ExerciseReport, error) {
	f, _, err := s.mustExercise(ctx, id)
	if err != nil {
		return ExerciseReport{}, err
	}
	switch {
	case dir == "":
		dir = f.exports()
		if err := f.writable(); err != nil {
			return ExerciseReport{}, err
		}
	case f.key != nil:
		if err := s.s.outside(dir); err != nil {
			return ExerciseReport{}, err
		}
	}
	r, head, err := s.buildExercise(ctx, f)
	if err != nil {
		return ExerciseReport{}, err
	}
	html, err := r.HTML()
	if err != nil {
		return ExerciseReport{}, fmt.Errorf("write report: %w", err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return ExerciseReport{}, fmt.Errorf("write report: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ExerciseReport{}, fmt.Errorf("write report: %w", err)
	}
	out := ExerciseReport{Incident: id, Score: r.Score, Sealed: f.key != nil && dir == f.exports()}
	sums := map[string]string{}
	type part struct {
		name    string
		path    *string
		content []byte
	}
	parts := []part{{"drill-report.md", &out.Markdown, r.Markdown()}, {"drill-report.html", &out.HTML, html}, {"drill-report.json", &out.JSON, append(data, '\n')}}
	if asPDF {
		fonts := &machineFonts{folders: s.s.fontFolders}
		drawn, err := pdf.Write(document.OfExercise(r), pdf.Options{Found: fontsIn(fonts.where()), Used: fonts.use})
		if err != nil {
			return ExerciseReport{}, fmt.Errorf("write report: %w", err)
		}
		parts = append(parts, part{"drill-report.pdf", &out.PDF, drawn})
	}
	for _, part := range parts {
		if *part.path, err = f.writeExport(dir, part.name, part.content); err != nil {
			return ExerciseReport{}, fmt.Errorf("write report: %w", err)
		}
		h := sha256.Sum256(part.content)
		sums[part.name] = hex.EncodeToString(h[:])
	}
	inc, err := f.incident(ctx)
	switch {
	case err != nil:
		return out, err
	case f.readOnly:
		out.Unrecorded = f.why.Error()
		return out, nil
	case inc.Status == incident.Closed:
		out.Unrecorded = "the incident is closed"
		return out, nil
	}
	return out, s.actIn(ctx, f, record.DrillReported, "", record.DrillReport{Files: sums, Size: head.Size, Root: head.Root, Percent: r.Score.Percent}, nil)
}

// buildExercise gathers the facts from one picture of the record.
func (s *Session) buildExercise(ctx context.Context, f *folder) (review.Exercise, record.Head, error) {
	var entries []record.Entry
	var head record.Head
	var x *drills.Exercise
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if head, err = tx.Head(); err != nil {
			return err
		}
		if entries, err = tx.Entries(0, int(head.Size)); err != nil {
			return err
		}
		x, err = exerciseIn(tx)
		return err
	})
	if err != nil {
		return review.Exercise{}, head, err
	}
	score, err := scoreOf(x)
	if err != nil {
		return review.Exercise{}, head, err
	}
	// Those who took part see what they did; what is a secret is one in a drill, too.
	entries, extra, _, err := s.shownTo(ctx, f, "", nil, entries, review.Extra{Head: head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool})
	if err != nil {
		return review.Exercise{}, head, err
	}
	r, err := review.BuildExercise(x, score, entries, extra)
	if err != nil {
		return r, head, fmt.Errorf("build report: %w", err)
	}
	return r, head, nil
}
