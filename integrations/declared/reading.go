package declared

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"firebreak/integrations"
	"firebreak/integrations/sigv4"
	"firebreak/internal/lazyre"
)

// read carries out the readings one after the other; what one keeps, the next may
// use as prior.
func (s *session) read(reads []*read, env map[string]any) (map[string]any, error) {
	state := map[string]any{}
	env = maps.Clone(env)
	for _, r := range reads {
		env["prior"], env["state"] = state, state
		more, err := s.one(r, env)
		if err != nil {
			return nil, err
		}
		maps.Copy(state, more)
	}
	return state, s.fits(state)
}

// fits keeps a state small and without secrets: it goes into the record.
func (s *session) fits(state map[string]any) error {
	b, err := json.Marshal(state)
	if err != nil {
		return rejected("", "keep the state: %w", err)
	}
	if len(b) > maxKept {
		return rejected("keep less of it", "the state has %d bytes: more than the %d that are kept", len(b), maxKept)
	}
	return nil
}

// one asks, and keeps what the file names.
func (s *session) one(r *read, env map[string]any) (map[string]any, error) {
	env, found, err := s.ask(r, env)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if r.absent {
		out["found"] = found
	}
	for _, k := range r.keep {
		if !found {
			out[k.name] = nil
			continue
		}
		v, err := k.value.Run(env)
		if err != nil {
			return nil, rejected("the answer is not what the action expects", "read %s: %w", k.name, s.clean(err))
		}
		if v, err = storable(v); err != nil {
			return nil, rejected("keep less of it", "read %s: %w", k.name, err)
		}
		out[k.name] = v
	}
	return out, nil
}

func (s *session) clean(err error) error { return errors.New(s.seen.Clean(err.Error())) }

// ask makes the requests of a reading and adds its answer to the names.
func (s *session) ask(r *read, env map[string]any) (map[string]any, bool, error) {
	q, err := r.render(s.connection, env, conceal)
	if err != nil {
		return nil, false, rejected("", "make request: %w", err)
	}
	base, _, err := s.host(r.service)
	if err != nil {
		return nil, false, err
	}
	out := maps.Clone(env)
	gathered := []any{}
	for page := 1; ; page++ {
		a, err := s.send("read "+q.to.EscapedPath(), q, &r.request)
		switch {
		case (err != nil || a.done) && r.absent && a.status == http.StatusNotFound:
			out["answer"], out["items"], out["status"] = nil, gathered, a.status
			return out, false, nil
		case err == nil && a.done:
			err = rejected("", "read %s: %s answers %d", q.to.EscapedPath(), q.to.Host, a.status)
		}
		if err != nil {
			return nil, false, err
		}
		out["answer"], out["items"], out["status"] = a.value, gathered, a.status
		if no, err := s.refuses(r.refused, out); err != nil || no {
			return nil, false, saysNo(q, err)
		}
		if r.pages == nil {
			return out, true, nil
		}
		more, next, err := s.page(r.pages, out, a)
		if err != nil {
			return nil, false, err
		}
		gathered = append(gathered, more...)
		out["items"] = gathered
		switch {
		case len(gathered) > maxItems:
			return nil, false, rejected("narrow what is asked for", "the list has more than %d items", maxItems)
		case next == "":
			return out, true, nil
		case page >= r.pages.most:
			return nil, false, rejected("narrow what is asked for, or raise most", "the list has more than %d pages", r.pages.most)
		}
		if r.pages.query != "" {
			to := *q.to
			v := to.Query()
			v.Set(r.pages.query, next)
			to.RawQuery = sigv4.Query(v)
			q.to = &to
			continue
		}
		if q, err = q.at(base, next); err != nil {
			return nil, false, rejected("", "read on: %w", err)
		}
	}
}

func saysNo(q ready, err error) error {
	if err != nil {
		return rejected("the answer is not what the action expects", "read %s: %w", q.to.EscapedPath(), err)
	}
	return rejected("", "read %s: %s says no", q.to.EscapedPath(), q.to.Host)
}

func (s *session) refuses(p *program, env map[string]any) (bool, error) {
	if p == nil {
		return false, nil
	}
	return truth(p, env)
}

// page is what one page of a list holds, and how it goes on.
func (s *session) page(p *pages, env map[string]any, a answer) ([]any, string, error) {
	v, err := p.items.Run(env)
	if err != nil {
		return nil, "", rejected("the answer is not what the action expects", "read a page: %w", s.clean(err))
	}
	if p.link {
		return items(plain(v)), nextLink(a.header.Values("Link")), nil
	}
	next, err := p.next.Run(env)
	if err != nil {
		return nil, "", rejected("the answer is not what the action expects", "read a page: %w", s.clean(err))
	}
	return items(plain(v)), show(next), nil
}

var linkShape = lazyre.New(`<([^<>]{1,1000})>\s*;[^,]*\brel="?next"?`)

// nextLink is the address behind rel="next".
func nextLink(values []string) string {
	for _, v := range values {
		if m := linkShape.FindStringSubmatch(v); m != nil {
			return m[1]
		}
	}
	return ""
}

// storable is a value as a plan may hold it: small, and exact after JSON.
func storable(v any) (any, error) {
	v = plain(v)
	switch x := v.(type) {
	case string:
		if len(x) > maxText {
			return nil, fmt.Errorf("a text has %d bytes: more than the %d that are kept", len(x), maxText)
		}
	case int:
		if x > 1<<53 || x < -(1<<53) {
			return show(x), nil // as text: JSON's readers would round it
		}
	case []any:
		for i, e := range x {
			var err error
			if x[i], err = storable(e); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k, e := range x {
			s, err := storable(e)
			if err != nil {
				return nil, err
			}
			x[k] = s
		}
	}
	return v, nil
}

func truth(p *program, env map[string]any) (bool, error) {
	v, err := p.Run(env)
	if err != nil {
		return false, err //nolint:wrapcheck // it says what was evaluated
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate %s: neither true nor false", strings.TrimSpace(p.Text))
	}
	return b, nil
}

// hiddenParams are the references of secret parameters, by name.
func hiddenParams(params []integrations.Param, v integrations.Values) map[string]string {
	out := map[string]string{}
	for _, p := range params {
		if p.Type == "secret" && v.Has(p.Name) {
			out[p.Name] = v.Text(p.Name)
		}
	}
	return out
}
