package response

import (
	"context"
	"time"

	"firebreak/incident"
	drills "firebreak/playbooks/drill"
	"firebreak/record"
)

// ExerciseView is where an exercise stands, for people: it tells nothing of what
// is to come but how many injects have their time.
type ExerciseView struct {
	Incident incident.ID   `json:"incident"`
	Scenario string        `json:"scenario"`
	Name     string        `json:"name"`
	Version  string        `json:"version"`
	About    string        `json:"about"`
	Seed     int64         `json:"seed"`
	Speed    float64       `json:"speed"`
	Elapsed  int64         `json:"elapsed_s"`
	Clock    time.Time     `json:"clock"` // the story's own time
	Over     bool          `json:"over"`
	Open     int           `json:"open"`  // injects that want an answer
	Ahead    int           `json:"ahead"` // injects whose time is known
	Injects  []InjectView  `json:"injects"`
	Seats    []record.Seat `json:"seats"`
	Free     int           `json:"free_seats"`

	asOf time.Time
}

// InjectView is one inject that is here.
type InjectView struct {
	ID       string         `json:"id"`
	At       int64          `json:"at_s"`
	Due      int64          `json:"due_s,omitempty"`
	Left     int64          `json:"left_s,omitempty"` // until it is late; negative: late since
	From     string         `json:"from,omitempty"`
	To       incident.Role  `json:"to,omitempty"`
	Title    string         `json:"title"`
	Text     string         `json:"text,omitempty"`
	Question string         `json:"question,omitempty"`
	Choices  []InjectChoice `json:"choices,omitempty"`
	State    string         `json:"state"` // open, late, answered, told
	Answer   string         `json:"answer,omitempty"`
	By       string         `json:"by,omitempty"`
}

// InjectChoice is one answer that can be given.
type InjectChoice struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Exercise brings in what is due and says where the exercise stands.
func (s *Session) Exercise(ctx context.Context, id incident.ID) (ExerciseView, error) {
	f, _, err := s.mustExercise(ctx, id)
	if err != nil {
		return ExerciseView{}, err
	}
	if err := s.pulse(ctx, f, nil); err != nil {
		return ExerciseView{}, err
	}
	x, err := f.exercise(ctx)
	if err != nil {
		return ExerciseView{}, err
	}
	v := viewOf(x, s.s.o.Now())
	v.Incident = id
	return v, nil
}

// exercise puts where the exercise stands on the board.
func (b *Board) exercise(x *drills.Exercise, now time.Time) {
	if x == nil {
		return
	}
	v := viewOf(x, now)
	v.Incident = b.Incident.ID
	b.Exercise = &v
}

// At is what the clock of the exercise shows at that moment, in seconds.
func (v ExerciseView) At(now time.Time) int64 {
	if v.Over || v.asOf.IsZero() {
		return v.Elapsed
	}
	return v.Elapsed + int64(v.Speed*max(now.Sub(v.asOf), 0).Seconds())
}

func viewOf(x *drills.Exercise, at time.Time) ExerciseView {
	now := x.Elapsed(at)
	v := ExerciseView{
		Scenario: x.ID, Name: x.Name, Version: x.Version, About: x.About, Seed: x.Seed, Speed: x.Speed,
		asOf: at, Elapsed: int64(now / time.Second), Clock: x.Clock(at), Over: x.Over, Ahead: len(x.Ahead()), Injects: []InjectView{}, Seats: x.Table(),
	}
	for _, seat := range v.Seats {
		if seat.Name == "" {
			v.Free++
		}
	}
	for _, a := range x.Arrivals {
		i := InjectView{
			ID: a.ID, At: int64(a.At / time.Second), Due: int64(a.Due / time.Second), From: a.From, To: a.To, Title: a.Title, Text: a.Text,
			Question: a.Question, State: "told", By: a.By, Answer: a.Choice,
		}
		if a.Choice == "" {
			i.Answer = a.Note
		}
		for _, c := range a.Choices {
			i.Choices = append(i.Choices, InjectChoice{c.ID, c.Text})
		}
		switch {
		case a.Answered:
			i.State = "answered"
		case a.Asks():
			i.State, i.Left = "open", int64((a.Due-now)/time.Second)
			if a.Late(now) {
				i.State = "late"
			}
			if !x.Over {
				v.Open++
			}
		}
		v.Injects = append(v.Injects, i)
	}
	return v
}
