package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"firebreak/internal/lazyre"
	"firebreak/internal/redact"
	"firebreak/internal/term"
)

const (
	maxComplain = 4 << 10 // of what a failing program says
	execLimit   = 10 * time.Second
	keptAtMost  = 12 * time.Hour // whatever a helper says
)

// ask is what a program gets on its standard input. One that only prints the
// secret need not read it.
type ask struct {
	Version    int      `json:"version"`
	Op         string   `json:"op"`
	Connection string   `json:"connection,omitempty"`
	Fields     []string `json:"fields,omitempty"`
}

// answer is what a helper prints. A program that prints anything else prints the
// secret itself.
type answer struct {
	Version int               `json:"version"`
	Values  map[string]string `json:"values"`
	Expires time.Time         `json:"expires_at"`
	Error   string            `json:"error"`
}

// Held keeps what helpers said, in memory, for as long as they say that it is
// good.
type Held struct {
	mu      sync.Mutex
	answers map[string]answer
}

func (h *Held) get(key, field string, now time.Time) (string, bool) {
	if h == nil {
		return "", false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a, ok := h.answers[key]
	if !ok || !now.Before(a.Expires) {
		delete(h.answers, key)
		return "", false
	}
	v, ok := a.Values[field]
	return v, ok
}

func (h *Held) put(key string, a answer, now time.Time) {
	if h == nil || a.Expires.IsZero() {
		return
	}
	if last := now.Add(keptAtMost); a.Expires.After(last) {
		a.Expires = last
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answers == nil {
		h.answers = map[string]answer{}
	}
	h.answers[key] = a
}

func (e Env) exec(ctx context.Context, argv []string, n Need) (string, error) {
	if e.Exec == nil {
		return "", errors.New("no program is run here")
	}
	question := ask{Version: 1, Op: "get", Connection: n.Connection}
	if n.Field != "" {
		question.Fields = []string{n.Field}
	}
	key, err := json.Marshal([]any{argv, n.Connection})
	if err != nil {
		return "", err
	}
	now := time.Time{}
	if e.Now != nil {
		now = e.Now()
	}
	if v, ok := e.Held.get(string(key), n.Field, now); ok {
		return v, nil
	}
	stdin, err := json.Marshal(question)
	if err != nil {
		return "", err
	}
	stdout, err := e.run(ctx, argv, append(stdin, '\n'))
	if err != nil {
		return "", err
	}
	a, ok := helperAnswer(stdout)
	if !ok {
		return line(stdout), nil
	}
	for _, v := range a.Values {
		e.Sink.Learn(v)
	}
	switch v, ok := a.Values[n.Field]; {
	case a.Error != "":
		return "", errors.New(term.Cut(term.Safe(redact.Shaped(e.Sink.Text(a.Error))), 400))
	case ok:
		e.Held.put(string(key), a, now)
		return v, nil
	case n.Field == "" && len(a.Values) == 1:
		for _, v := range a.Values {
			return v, nil
		}
	}
	return "", fmt.Errorf("the helper has no value for %q", n.Field)
}

// helperAnswer reads an answer of the protocol: a JSON object whose version is 1
// and that has values, or an error.
func helperAnswer(stdout []byte) (answer, bool) {
	var a answer
	d := json.NewDecoder(bytes.NewReader(stdout))
	if d.Decode(&a) != nil || d.More() {
		return answer{}, false
	}
	return a, a.Version == 1 && (a.Values != nil || a.Error != "")
}

// printed are the secrets that a program may have begun to print before it failed:
// all of it, its lines, and what stands between the marks of JSON.
func printed(stdout []byte) []string {
	text := line(stdout)
	out := append([]string{text}, strings.Split(text, "\n")...)
	out = append(out, strings.Fields(text)...)
	out = append(out, strings.Split(text, `"`)...)
	for _, at := range quotedText.FindAllString(text, -1) {
		var v string
		if json.Unmarshal([]byte(at), &v) == nil {
			out = append(out, v)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return len(s) < 8 })
}

// quotedText is a string of JSON.
var quotedText = lazyre.New(`"(?:[^"\\]|\\.)*"`)

func (e Env) run(ctx context.Context, argv []string, stdin []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, execLimit)
	defer cancel()
	stdout, stderr, err := e.Exec(ctx, argv, stdin)
	if cause := ctx.Err(); cause != nil {
		return nil, fmt.Errorf("no answer: %w", cause)
	}
	if err != nil {
		// The program may have printed the secret on either stream.
		said := redact.Shaped(e.Sink.Text(redact.Text(string(stderr), printed(stdout)...)))
		if said = term.Safe(strings.TrimSpace(said)); said != "" {
			return nil, fmt.Errorf("%w: %s", err, term.Cut(said, 400))
		}
		return nil, err
	}
	return stdout, nil
}
