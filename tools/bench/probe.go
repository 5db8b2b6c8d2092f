package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"firebreak/internal/testkit/loggen"
	"firebreak/store/events"
	"firebreak/timeline"
	"firebreak/tools/bench/ask"
)

// question is one query to be asked of a timeline.db through the engine, in a
// process that does nothing else.
type question struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"` // open, first, random, count, histogram, values, sweep
	Filter string   `json:"filter,omitempty"`
	Times  int      `json:"times"`
	Rules  []string `json:"rules,omitempty"`
	Seed   uint64   `json:"seed,omitempty"`
}

// probe answers the questions that come in as JSON. Each is asked of a database
// that was opened for it: nothing that an earlier one decoded is kept. The
// first page is asked of a new one each time, too.
func probe(ctx context.Context, path string, in io.Reader, out io.Writer) error {
	var questions []question
	if err := json.NewDecoder(in).Decode(&questions); err != nil {
		return fmt.Errorf("read the questions: %w", err)
	}
	var answers []ask.Answer
	for _, q := range questions {
		a, err := answer(ctx, path, q)
		if err != nil {
			a = ask.Answer{Name: q.Name, Error: err.Error()}
		}
		answers = append(answers, a)
	}
	return json.NewEncoder(out).Encode(answers)
}

// handle is a database that can be opened anew.
type handle struct {
	path string
	db   *events.DB
}

func (h *handle) again(ctx context.Context) error {
	if err := h.close(); err != nil {
		return err
	}
	var err error
	h.db, err = events.Open(ctx, h.path, events.Options{})
	return err
}

func (h *handle) close() error {
	if h.db == nil {
		return nil
	}
	err := h.db.Close()
	h.db = nil
	return err
}

func answer(ctx context.Context, path string, q question) (a ask.Answer, err error) {
	f, err := timeline.ParseFilter(q.Filter, loggen.Begin.Add(loggen.Span))
	if err != nil {
		return a, err
	}
	h := &handle{path: path}
	defer func() { err = errors.Join(err, h.close()) }()
	anew := func(int) error { return h.again(ctx) }
	if q.Kind != "first" && q.Kind != "open" {
		if err := h.again(ctx); err != nil {
			return a, err
		}
	}
	switch q.Kind {
	case "open":
		return ask.Paused(q.Name, q.Times, func(int) error { return h.close() }, func(int) (string, error) {
			if err := h.again(ctx); err != nil {
				return "", err
			}
			return page(ctx, h.db, f, events.Request{Limit: pageRows})
		}), nil
	case "first":
		return ask.Paused(q.Name, q.Times, anew, func(int) (string, error) {
			return page(ctx, h.db, f, events.Request{Limit: pageRows})
		}), nil
	case "random":
		r := rand.New(rand.NewPCG(q.Seed, 9))
		return ask.Again(q.Name, q.Times, func(int) (string, error) {
			return page(ctx, h.db, f, events.Request{Limit: pageRows, At: loggen.Begin.Add(time.Duration(r.Int64N(int64(loggen.Span))))})
		}), nil
	case "count":
		return ask.Again(q.Name, q.Times, func(int) (string, error) {
			n, err := h.db.Count(ctx, f)
			return fmt.Sprint(n), err
		}), nil
	case "histogram":
		return ask.Again(q.Name, q.Times, func(int) (string, error) {
			bars, err := h.db.Histogram(ctx, f, loggen.Begin, loggen.Begin.Add(loggen.Span), int(loggen.Span.Hours()))
			sum := int64(0)
			for _, n := range bars {
				sum += n
			}
			return fmt.Sprint(sum), err
		}), nil
	case "values":
		return ask.Again(q.Name, q.Times, func(int) (string, error) { return top(ctx, h.db, f) }), nil
	case "sweep":
		return sweep(ctx, h.db, q)
	}
	return a, fmt.Errorf("there is no question %q", q.Kind)
}

// pageRows is how many rows a page has: a large screen.
const pageRows = 50

func page(ctx context.Context, db *events.DB, f timeline.Filter, r events.Request) (string, error) {
	found, err := db.Page(ctx, f, r)
	return fmt.Sprint(len(found)), err
}

// top is the ten most frequent hosts, and users.
func top(ctx context.Context, db *events.DB, f timeline.Filter) (string, error) {
	var said []string
	for _, field := range []timeline.Field{timeline.FieldHost, timeline.FieldUser} {
		values, err := db.Values(ctx, f, field, "", events.ValuesOptions{Limit: 10})
		if err != nil {
			return "", err
		}
		if len(values) > 0 {
			said = append(said, fmt.Sprintf("%s %d", values[0].Value, values[0].Count))
		}
	}
	return strings.Join(said, ", "), nil
}

// sweep asks many rules at once.
func sweep(ctx context.Context, db *events.DB, q question) (ask.Answer, error) {
	rules := make([]timeline.Filter, len(q.Rules))
	for i, text := range q.Rules {
		var err error
		if rules[i], err = timeline.ParseFilter(text, loggen.Begin); err != nil {
			return ask.Answer{}, fmt.Errorf("rule %q: %w", text, err)
		}
	}
	return ask.Again(q.Name, q.Times, func(int) (string, error) {
		found, err := db.Sweep(ctx, rules, nil)
		counts := make([]string, len(found))
		for i, s := range found {
			counts[i] = fmt.Sprint(s.Count)
		}
		return strings.Join(counts, " "), err
	}), nil
}
