package playbooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Sent is a request with its values in place. A header in Secret holds the
// reference of a secret that is its whole value.
type Sent struct {
	Method  string
	URL     string // relative where the connection knows the rest
	Headers map[string]string
	Secret  []string // names of headers
	Body    string
	JSON    bool // of Body
	Expect  []int
}

// request puts values into a request.
func (v values) request(r *Request) (*Sent, error) {
	if r == nil {
		return nil, nil
	}
	out := &Sent{Method: r.Method, Expect: r.Expect}
	var err error
	if out.URL, err = v.address(r.URL); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		value, err := v.exact(r.Headers[name])
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		text := show(value)
		if strings.ContainsAny(text, "\r\n\x00") {
			return nil, fmt.Errorf("header %s: its value has more than one line", name)
		}
		if out.Headers == nil {
			out.Headers = map[string]string{}
		}
		out.Headers[name] = text
		if of, ok := single(r.Headers[name]); ok && v.secrets[of] {
			out.Secret = append(out.Secret, name)
		}
	}
	if r.Body == nil {
		return out, nil
	}
	body, err := v.tree(r.Body)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if text, ok := body.(string); ok {
		out.Body = text
		return out, nil
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	out.Body, out.JSON = string(b), true
	return out, nil
}

// address puts values into a URL. Each is escaped, so that it stays one part of
// the path or of the query, and names no other place.
func (v values) address(text string) (string, error) {
	return v.filled(text, "cannot be part of a url", func(name string, value any) (string, error) {
		word := show(value)
		if word == "." || word == ".." || word == "" {
			return "", fmt.Errorf("%s is %s, which would name another place", name, brief(word))
		}
		return strings.ReplaceAll(url.QueryEscape(word), "+", "%20"), nil
	})
}

// environment puts values into the environment of a program, and names those
// that are a secret's reference.
func (v values) environment(env map[string]any) (map[string]string, []string, error) {
	if len(env) == 0 {
		return nil, nil, nil
	}
	filled, secrets, err := v.params(env)
	if err != nil {
		return nil, nil, fmt.Errorf("env: %w", err)
	}
	out := make(map[string]string, len(filled))
	for name, value := range filled {
		text := show(value)
		if strings.ContainsRune(text, 0) {
			return nil, nil, fmt.Errorf("env: %s: %w", name, errors.New("value holds a NUL byte"))
		}
		out[name] = text
	}
	return out, secrets, nil
}
