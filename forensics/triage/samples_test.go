package triage

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/timeline"
)

var night = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// sample is the events of one test of a rule.
type sample []map[string]any

// events makes them; a quiet event the day after says how far the evidence
// reaches.
func (s sample) events(t *testing.T) []timeline.Event {
	t.Helper()
	out := []timeline.Event{{ID: timeline.EventID("end", "", 0, 0), Host: "web-1", Time: night.Add(24 * time.Hour), TimeKind: timeline.Started, Source: "other", Message: "end"}}
	for i, m := range s {
		n, every := 1, time.Second
		if r, ok := m["repeat"].(int); ok {
			n = r
		}
		if text, ok := m["every"].(string); ok {
			every = length2(t, text)
		}
		for k := range n {
			e := timeline.Event{ID: timeline.EventID("sample", "", int64(i), k), Host: "web-1", Exhibit: "e1", Offset: int64(i), TimeKind: timeline.Logged, Time: night}
			for name, v := range m {
				text, _ := v.(string)
				switch name {
				case "repeat", "every", "number":
				case "source":
					e.Source = text
				case "parser":
					e.Parser = text
				case "user":
					e.User = text
				case "kind":
					e.TimeKind = timeline.TimeKind(text)
				case "message":
					e.Message = text
				case "at":
					e.Time = night.Add(length2(t, text))
				case "offset":
					e.Offset = int64(v.(int))
				default:
					attribute, ok := strings.CutPrefix(name, "attr.")
					if !ok || text == "" {
						t.Fatalf("sample has %q: %v", name, v)
					}
					e.Attributes.Set(attribute, text)
				}
			}
			switch m["number"] {
			case "user":
				e.User = "user" + strconv.Itoa(k)
			case "attr.path":
				e.Attributes.Set("path", e.Attributes.Get("path")+"."+strconv.Itoa(k)+".php")
			}
			e.Time = e.Time.Add(time.Duration(k) * every)
			if e.TimeKind == timeline.Undated {
				e.Time = time.Time{}
			}
			out = append(out, e)
		}
	}
	return out
}

func length2(t *testing.T, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every rule finds what it is for, and passes its near miss over.
func TestSamples(t *testing.T) {
	src, err := os.ReadFile("testdata/samples.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var samples map[string]struct{ Hit, Miss sample }
	if err := yaml.Unmarshal(src, &samples); err != nil {
		t.Fatal(err)
	}
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for id := range samples {
		if set.Rule(id) == nil {
			t.Errorf("samples of %s: there is no such rule", id)
		}
	}
	for _, r := range set.Rules {
		t.Run(r.ID, func(t *testing.T) {
			s := samples[r.ID]
			if len(s.Hit) == 0 || len(s.Miss) == 0 {
				t.Fatal("the rule has no sample")
			}
			for name, events := range map[string][]timeline.Event{"hit": s.Hit.events(t), "miss": s.Miss.events(t)} {
				one := &Set{Rules: []*Rule{r}}
				got, err := one.Run(t.Context(), newMemory(events), Options{})
				if err != nil {
					t.Fatal(err)
				}
				if found := len(got.Findings) > 0; found != (name == "hit") {
					t.Errorf("%s: %+v", name, got.Findings)
				}
				for _, f := range got.Findings {
					if strings.Contains(f.Reason, "{") {
						t.Errorf("reason %q", f.Reason)
					}
					checkFinding(t, f, events)
				}
			}
		})
	}
}

// checkFinding says whether a finding has all that it promises.
func checkFinding(t *testing.T, f Finding, events []timeline.Event) {
	t.Helper()
	if f.ID == "" || f.Title == "" || f.Reason == "" || f.FalsePositive == "" || len(f.Next) == 0 || len(f.Events) == 0 || f.Count < int64(len(f.Events)) {
		t.Errorf("finding %+v", f)
	}
	filter, err := timeline.ParseFilterAt(f.Filter, timeline.Moments{})
	if err != nil {
		t.Fatalf("filter %q: %v", f.Filter, err)
	}
	found := int64(0)
	for _, e := range events {
		if filter.Match(e) {
			found++
		} else if slices.Contains(f.Events, e.ID) {
			t.Errorf("the filter %q does not find %s", f.Filter, e.ID)
		}
	}
	if found < int64(len(f.Events)) {
		t.Errorf("the filter finds %d events of %d", found, f.Count)
	}
}

// The same timeline gives the same bytes, whatever order it was read in.
func TestSameEachTime(t *testing.T) {
	src, err := os.ReadFile("testdata/samples.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var samples map[string]struct{ Hit, Miss sample }
	if err := yaml.Unmarshal(src, &samples); err != nil {
		t.Fatal(err)
	}
	var all sample
	for _, id := range slices.Sorted(maps.Keys(samples)) {
		all = append(all, samples[id].Hit...)
	}
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for range 3 {
		events := all.events(t)
		slices.Reverse(events)
		got, err := set.Run(t.Context(), newMemory(events), Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		}
		if string(b) != first {
			t.Fatalf("another answer:\n%s\n%s", b, first)
		}
		for i := 1; i < len(got.Findings); i++ {
			if got.Findings[i].Severity.Rank() > got.Findings[i-1].Severity.Rank() {
				t.Errorf("%s stands behind %s", got.Findings[i].Severity, got.Findings[i-1].Severity)
			}
		}
	}
}
