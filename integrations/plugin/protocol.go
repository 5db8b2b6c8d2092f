package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"firebreak/integrations"
)

// The questions.
const (
	opDescribe = "describe"
	opPrior    = "prior"
	opPlan     = "plan"
	opDo       = "do"
	opVerify   = "verify"
	opUndo     = "undo"
	opFind     = "find"
)

// question is one line on the program's standard input.
type question struct {
	Protocol int               `json:"protocol"`
	Op       string            `json:"op"`
	Action   string            `json:"action,omitempty"`
	Params   map[string]any    `json:"params,omitempty"`
	Prior    map[string]any    `json:"prior,omitempty"`
	Receipt  map[string]any    `json:"receipt,omitempty"`
	Key      string            `json:"key,omitempty"`
	Incident string            `json:"incident,omitempty"`
	Step     string            `json:"step,omitempty"`
	Seal     string            `json:"seal,omitempty"` // of do: the record's head, for messages
	DryRun   bool              `json:"dry_run"`
	Deadline string            `json:"deadline,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
	Secrets  string            `json:"secrets"` // where they are: fd3, stdin, or none
}

// shown is what do will be asked, for a plan: without what differs from call to
// call, and secrets are not in it.
func (q question) shown(prior map[string]any) string {
	q.Protocol, q.Op, q.Prior, q.DryRun, q.Deadline, q.Settings, q.Secrets = Protocol, opDo, prior, false, "", nil, ""
	b, err := json.Marshal(q)
	if err != nil {
		return ""
	}
	return string(b)
}

// described is an action as the program describes it.
type described struct {
	integrations.Description
	Finds bool `json:"finds"`
}

type inverse struct {
	Action string         `json:"action"`
	Params map[string]any `json:"params"`
}

// answer is what the program prints: one JSON value.
type answer struct {
	Status  string `json:"status"` // ok, failed, later or unknown
	Message string `json:"message"`
	Hint    string `json:"hint"`
	After   int    `json:"after"` // seconds, of later

	Protocol int         `json:"protocol"` // describe
	Actions  []described `json:"actions"`
	Secrets  []string    `json:"secrets"`

	State map[string]any `json:"state"` // prior, verify

	Identity  string                `json:"identity"` // plan
	Target    string                `json:"target"`
	Targets   []integrations.Target `json:"targets"`
	Effects   []string              `json:"effects"`
	Undo      string                `json:"undo"`
	Inverse   *inverse              `json:"inverse"` // undo too
	Proof     string                `json:"proof"`
	Unchanged bool                  `json:"unchanged"`
	Warnings  []string              `json:"warnings"`

	Ref  string         `json:"ref"` // do, find
	URL  string         `json:"url"`
	Data map[string]any `json:"data"`

	OK     bool   `json:"ok"` // verify
	Says   string `json:"says"`
	Unread bool   `json:"unread"`
	Final  bool   `json:"final"`

	Found bool `json:"found"` // find
}

// startedError is a failure of a program that ran: what it has done nobody knows.
type startedError struct{ err error }

func (e *startedError) Error() string { return e.err.Error() }
func (e *startedError) Unwrap() error { return e.err }

// ask runs the program for one question.
func (p *program) ask(ctx context.Context, q question, secrets map[string]string) (answer, error) {
	q.Protocol, q.Secrets = Protocol, secretsPlace
	if len(secrets) == 0 {
		q.Secrets = "none"
	}
	in, err := json.Marshal(q)
	if err != nil {
		return answer{}, fmt.Errorf("ask plugin: %w", err)
	}
	var hidden []string
	for _, s := range secrets {
		hidden = append(hidden, s)
	}
	out, err := p.run(ctx, q.Op, append(in, '\n'), secrets)
	if err != nil {
		return answer{}, redacted(err, hidden)
	}
	text := integrations.Redact(string(out), hidden...)
	var got answer
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&got); err != nil {
		return answer{}, &startedError{fmt.Errorf("its answer cannot be read: %s", integrations.Redact(err.Error(), hidden...))}
	}
	if d.More() {
		return answer{}, &startedError{errors.New("it printed more than one JSON value")}
	}
	if got.Status == "" {
		return answer{}, &startedError{errors.New("its answer has no status")}
	}
	return got, nil
}

// redacted takes secrets from an error's text; only the end of a context stays
// reachable behind it.
func redacted(err error, secrets []string) error {
	text := shownError{text: integrations.Redact(err.Error(), secrets...)}
	switch {
	case errors.Is(err, context.Canceled):
		text.cause = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		text.cause = context.DeadlineExceeded
	}
	var began *startedError
	if errors.As(err, &began) {
		return &startedError{text}
	}
	return text
}

type shownError struct {
	text  string
	cause error
}

func (e shownError) Error() string { return e.text }
func (e shownError) Unwrap() error { return e.cause }
