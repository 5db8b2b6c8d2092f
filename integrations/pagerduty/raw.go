package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"firebreak/integrations"
)

// send makes a request that the library has no call for, or makes wrong: it
// snoozes without saying from whom, sends a priority of null, and knows no
// workflows. Without a body it reads.
func (s session) send(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.rest+path, content)
	if err != nil {
		return err
	}
	if body != nil && s.from != "" {
		r.Header.Set("From", s.from)
	}
	resp, err := s.Do(r, true)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(resp.Body)
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return fmt.Errorf("PagerDuty answers %s: %s", resp.Status, said(answer))
	case err != nil:
		return fmt.Errorf("read answer: %w", err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

// said is what an error's body says.
func said(body []byte) string {
	var e struct {
		Error struct {
			Message string   `json:"message"`
			Errors  []string `json:"errors"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error.Message == "" {
		return "without a reason that can be read"
	}
	text := e.Error.Message
	for _, why := range e.Error.Errors {
		if why != e.Error.Message {
			text += "; " + why
		}
	}
	return text
}

// reference names a thing of PagerDuty's.
type reference struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// ref is the reference to a thing of that kind, nil without an id.
func ref(id, kind string) *reference {
	if id == "" {
		return nil
	}
	return &reference{ID: id, Type: kind + "_reference"}
}

// shape is that of PagerDuty's ids.
const shape = `[A-Z0-9]{3,30}`

// rejected is a refusal of our own, before anything is sent.
func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// signed refuses to write where it is not said from whom.
func (d *duty) signed(what string) error {
	if d.from != "" {
		return nil
	}
	return rejected("set the connection's from to the e-mail address of a PagerDuty user", "plan %s: PagerDuty wants to know from whom it is", what)
}

// incidentParam is the incident that an action is about.
func incidentParam() integrations.Param {
	return integrations.Param{Name: "incident", Title: "Id of PagerDuty's incident", Type: "string", Required: true, Match: shape}
}

// texts reads a list of texts out of a state that may have been through JSON.
func texts(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
