package figure_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/review/figure"
)

func at(minutes float64) time.Time {
	return testkit.Start().Add(time.Duration(minutes * float64(time.Minute)))
}

// few is an intrusion that was found a month later.
func few() figure.Timeline {
	return figure.Timeline{
		ID: "few", Until: at(60),
		Marks: []figure.Mark{
			{At: at(-30 * 24 * 60), Found: at(20), Side: figure.Attacker, Kind: figure.Attack, Ref: "e2 @44", Text: "Accepted publickey for deploy from 203.0.113.9", Weight: 3},
			{At: at(-15), Found: at(22), Side: figure.Attacker, Kind: figure.Attack, Ref: "e2 @48111", Text: "git-upload-pack 'acme/widgets' by deploy", Weight: 3},
			{At: at(0), Kind: figure.Act, Ref: "#1", Text: "incident opened", Weight: 3},
			{At: at(30), Kind: figure.Change, Ref: "#31", Text: "Delete a deploy key at acme/widgets", Weight: 2},
			{At: at(50), Kind: figure.Bad, Ref: "#40", Text: "Nobody knows whether a4 took effect", Weight: 4},
		},
		Phases: []figure.Stretch{{1, "identify", at(0), at(24)}, {2, "contain", at(24), at(41)}, {3, "eradicate", at(41), time.Time{}}},
		Events: figure.Counts{From: at(-180), To: at(120), N: []int64{4, 0, 2, 900, 20, 1, 0, 0, 4, 12}},
	}
}

// many is a busy incident with marks that lie on each other.
func many(n int) figure.Timeline {
	t := figure.Timeline{ID: "many", Until: at(600)}
	kinds := []figure.Ink{figure.Act, figure.Change, figure.Machine, figure.Bad}
	for i := range n {
		m := figure.Mark{At: at(float64(i*i%601) + 40*math.Sin(float64(i))), Kind: kinds[i%4], Ref: fmt.Sprintf("#%d", i+1), Text: fmt.Sprintf("step %d done: look at the logs of the build host and write it down", i+1), Weight: i % 7}
		if i%3 == 0 {
			m.Side, m.Kind, m.Found, m.Text = figure.Attacker, figure.Attack, m.At.Add(90*time.Minute), fmt.Sprintf("sshd: session %d opened for user deploy", i)
		}
		t.Marks = append(t.Marks, m)
	}
	names := []string{"identify", "contain", "eradicate", "recover", "learn"}
	for i, n := range names {
		t.Phases = append(t.Phases, figure.Stretch{Phase: i + 1, Name: n, From: at(float64(i * 120)), To: at(float64(i*120 + 120))})
	}
	for i := range 120 {
		t.Events.N = append(t.Events.N, int64(100*(1+math.Sin(float64(i)/5))))
	}
	t.Events.From, t.Events.To = at(-60), at(700)
	return t
}

func deadlines() figure.Clocks {
	return figure.Clocks{ID: "clocks", Now: at(50 * 60), Rows: []figure.Clock{
		{Name: "GDPR Art. 33, authority", Start: at(0), Due: at(72 * 60), Met: at(40 * 60)},
		{Name: "NIS2 early warning", Start: at(0), Due: at(24 * 60), Met: at(26 * 60)},
		{Name: "DORA initial notification", Start: at(0), Due: at(4 * 60)},
		{Name: "NIS2 incident notification with a long name", Start: at(0), Due: at(72 * 60)},
		{Name: "SEC 8-K item 1.05"},
	}}
}

func all() []figure.Drawing {
	var out []figure.Drawing
	for _, wide := range []float64{800, 340} {
		named := func(d figure.Drawing) { d.ID = fmt.Sprintf("%s-%d", d.ID, int(wide)); out = append(out, d) }
		named(few().Draw(wide))
		named(many(300).Draw(wide))
		named(figure.Phases{ID: "phases", Stretches: many(3).Phases, Until: at(600)}.Draw(wide))
		named(figure.Phases{ID: "short", Stretches: few().Phases, Until: at(3000)}.Draw(wide))
		named(deadlines().Draw(wide))
		named(figure.Moments{ID: "moments", Rows: []figure.Moment{
			{Name: "occurred", At: at(-30 * 24 * 60)},
			{Name: "detected", At: at(-14)},
			{Name: "acknowledged", At: at(3)},
			{Name: "contained", At: at(41)},
			{Name: "eradicated", Why: "nobody has said so"},
			{Name: "recovered", At: at(88)},
		}}.Draw(wide))
		named(figure.Bars{ID: "bars", Rows: []figure.Bar{
			{Label: "Acknowledge", Took: 3 * time.Minute, Shown: "3 min", Known: true},
			{Label: "Contain", Took: 46 * time.Minute, Shown: "46 min", Known: true, Phase: 2},
			{Label: "Recover", Reason: "phase recover was never entered"},
			{Label: "Whole response", Took: 29 * time.Hour, Shown: "1 d 5 h", Known: true, Whole: true},
		}}.Draw(wide))
		named(figure.Shares{ID: "steps", Title: "What became of the steps", Parts: []figure.Share{{"done", 9, figure.Done}, {"skipped", 2, figure.Skipped}, {"failed", 1, figure.Failed}, {"not ended", 1, figure.Open}, {"never reached", 2, figure.Unreached}, {"not applicable", 1, figure.Foreign}}}.Draw(wide))
	}
	return out
}

func TestDrawingsAreWhole(t *testing.T) {
	ids := map[string]bool{}
	for _, d := range all() {
		if d.Empty() || d.Title == "" || len(d.About) < 10 || len(d.Table.Rows) == 0 {
			t.Errorf("%s: %d shapes, %q, %q, %d rows", d.ID, len(d.Shapes), d.Title, d.About, len(d.Table.Rows))
		}
		if ids[d.ID] {
			t.Errorf("%s comes twice", d.ID)
		}
		ids[d.ID] = true
		for _, s := range d.Shapes {
			for _, v := range []float64{s.X, s.Y, s.W, s.H} {
				if math.IsNaN(v) || math.IsInf(v, 0) || v < -2000 || v > 4000 {
					t.Errorf("%s: %+v", d.ID, s)
				}
			}
			if s.Form != figure.Text && (s.X < -1 || s.X+max(s.W, 0) > d.Width+1 || s.Y < -1 || s.Y+max(s.H, 0) > d.Height+1) {
				t.Errorf("%s (%.0f x %.0f): %+v sticks out", d.ID, d.Width, d.Height, s)
			}
		}
		wellFormed(t, d.SVG())
		if strings.Contains(string(d.SVG()), "NaN") {
			t.Errorf("%s: no number", d.ID)
		}
	}
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%v in %.200s", err, svg)
			return
		}
	}
}

// TestWordsDoNotOverlap looks at the boxes of all words of every drawing.
func TestWordsDoNotOverlap(t *testing.T) {
	for _, d := range all() {
		var texts []figure.Shape
		for _, s := range d.Shapes {
			if s.Form == figure.Text {
				texts = append(texts, s)
			}
		}
		for i, a := range texts {
			for _, b := range texts[:i] {
				if left(a)+4 < right(b) && left(b)+4 < right(a) && math.Abs(a.Y-b.Y) < 9 {
					t.Errorf("%s: %q lies on %q", d.ID, a.Text, b.Text)
				}
			}
		}
	}
}

// room is less than what place reserves: what a text really takes in most fonts.
func room(s figure.Shape) float64 { return float64(len([]rune(s.Text))) * s.Size * .47 }

func left(s figure.Shape) float64 {
	return s.X - room(s)*[...]float64{0, .5, 1}[s.Anchor]
}

func right(s figure.Shape) float64 { return left(s) + room(s) }

// TestHeavyMarksHaveWords: of 300 marks, those of most weight are labelled.
func TestHeavyMarksHaveWords(t *testing.T) {
	d := many(300).Draw(800)
	n := 0
	for _, s := range d.Shapes {
		if s.Form == figure.Text && s.Ink == figure.Rimmed {
			n++
		}
	}
	if n < 15 {
		t.Errorf("%d words", n)
	}
	if !strings.Contains(strings.Join(d.Notes, " "), fmt.Sprintf("%d of 300 marks have words", n)) {
		t.Errorf("%d labelled, notes %q", n, d.Notes)
	}
	if len(d.Table.Rows) != 300 {
		t.Errorf("the table has %d rows", len(d.Table.Rows))
	}
}

func TestAxis(t *testing.T) {
	moments := []time.Time{at(-30 * 24 * 60), at(0), at(10), at(30), at(60), at(60 + 26*60), at(60 + 27*60)}
	a := figure.NewAxis(moments, 0, 800)
	if len(a.Breaks) != 2 || a.Breaks[0].Long() != 30*24*time.Hour || a.Breaks[1].Long() != 26*time.Hour {
		t.Fatalf("breaks %v", a.Breaks)
	}
	last := -1.0
	for i := range 5000 {
		x := a.At(moments[0].Add(time.Duration(i) * 10 * time.Minute))
		if x < last || x > 800 {
			t.Fatalf("%d: %f after %f", i, x, last)
		}
		last = x
	}
	for _, b := range a.Breaks {
		if a.At(b.To)-a.At(b.From) > 110 {
			t.Errorf("a break of %f units", a.At(b.To)-a.At(b.From))
		}
	}
	if ticks := a.Ticks(); len(ticks) < 4 || ticks[0].Day == "" {
		t.Errorf("ticks %v", ticks)
	}
	for _, odd := range [][]time.Time{nil, {at(0)}, {at(0), at(0), at(0)}, {{}, at(0)}, {time.Unix(-1<<40, 0), at(0), time.Unix(1<<40, 0)}, {at(0), at(0).Add(1), at(0).Add(2)}} {
		a := figure.NewAxis(odd, 0, 800)
		for _, m := range append(odd, time.Time{}, at(1)) {
			if x := a.At(m); math.IsNaN(x) || x < 0 || x > 800 {
				t.Errorf("%v: %v at %f", odd, m, x)
			}
		}
		if n := len(a.Ticks()); n > 200 {
			t.Errorf("%v: %d ticks", odd, n)
		}
	}
}

func TestClockStates(t *testing.T) {
	now := at(60)
	for want, c := range map[string]figure.Clock{
		"met, 20 min before it was due": {Start: at(0), Due: at(40), Met: at(20)},
		"met late, by 5 min":            {Start: at(0), Due: at(40), Met: at(45)},
		"open, 30 min left":             {Start: at(0), Due: at(90)},
		"overdue by 20 min, not met":    {Start: at(0), Due: at(40)},
		"not started":                   {Due: at(40)},
		"no fixed date":                 {Start: at(0)},
		"met":                           {Start: at(0), Met: at(3)},
	} {
		if got := c.Words(now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestForeignTextStaysText(t *testing.T) {
	for _, h := range append(testkit.Hostile(), strings.Repeat("long ", 1<<20), strings.Repeat("中", 5000), "\x00\xff") {
		tl := few()
		tl.ID = "x\" onload=\"y"
		for i := range tl.Marks {
			tl.Marks[i].Text, tl.Marks[i].Ref = h, h[:min(len(h), 40)]
		}
		tl.Phases[0].Name = h
		svg := tl.Draw(800).SVG()
		wellFormed(t, svg)
		for _, bad := range []string{"<script", "<img", "<svg onload", "\" onload", "<a "} {
			if strings.Contains(string(svg), bad) {
				t.Errorf("%.60q: %s", h, bad)
			}
		}
		if len(svg) > 60_000 {
			t.Errorf("%.60q: %d bytes", h, len(svg))
		}
	}
}
