package response

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// actionOf is the action that carries out a step, and over which connection. In
// a drill nothing leaves this machine: stand-ins take it, whatever connection the
// step names.
func (f *folder) actionOf(st *playbooks.Step) (name, connection string) {
	switch st.Verb { //nolint:exhaustive // the others are carried out by no action
	case playbooks.VerbHTTP:
		name, connection = "http.request", st.Connection
		if st.HTTP.ReadOnly() && !st.Reveals() {
			name = "http.read"
		}
		if connection == "" || f.drill {
			connection = "http"
		}
		return name, connection
	case playbooks.VerbRun:
		if on, ok := strings.CutPrefix(st.On, "ssh:"); ok && !f.drill {
			return "ssh.run", on
		}
		return "linux.run", "host"
	}
	if f.drill {
		return st.Action, ""
	}
	return st.Action, st.Connection
}

func commandParams(r playbooks.Resolved) map[string]any {
	argv := make([]any, len(r.Argv))
	for i, a := range r.Argv {
		argv[i] = a
	}
	p := map[string]any{"argv": argv}
	if r.Timeout > 0 {
		p["timeout"] = r.Timeout.String()
	}
	pairs(p, "env", "=", r.Env, r.EnvSecrets)
	return p
}

// pairs writes names with their values into the parameters of an action; those
// whose value is secret stand apart, where the action asks for secrets.
func pairs(p map[string]any, key, between string, values map[string]string, secret []string) {
	var open, hidden []any
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(secret, name) {
			hidden = append(hidden, name+between+values[name])
			continue
		}
		open = append(open, name+between+values[name])
	}
	if open != nil {
		p[key] = open
	}
	if hidden != nil {
		p["secret_"+key] = hidden
	}
}

func requestParams(r *playbooks.Sent) map[string]any {
	p := map[string]any{"method": r.Method, "url": r.URL}
	pairs(p, "headers", ": ", r.Headers, r.Secret)
	if r.Body != "" {
		p["body"] = r.Body
	}
	if r.JSON {
		p["json"] = true
	}
	if len(r.Expect) > 0 {
		expect := make([]any, len(r.Expect))
		for i, code := range r.Expect {
			expect[i] = fmt.Sprint(code)
		}
		p["expect"] = expect
	}
	return p
}

// beginCall pins the playbook that a step calls and begins it. One that cannot
// be called is the failure of the step.
func (s *Session) beginCall(ctx context.Context, f *folder, st *playbooks.Step) error {
	p, cause := s.s.Runnable(st.Playbook.ID)
	if cause == nil && !st.Playbook.Fits(p) {
		cause = notFound("", "step %s calls %s, and there is version %s", st.ID, st.Playbook, p.Version)
	}
	err := s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		now, err := wantState(run, st.ID, playbooks.Ready)
		if err != nil {
			return "", "", nil, err
		}
		if cause == nil {
			b, err := run.Call(now.Step, p)
			if err == nil {
				b.Owner = store.Owner()
				return record.StepStarted, st.ID, b, nil
			}
			cause = err
		}
		return record.StepFailed, st.ID, run.Failure(now.Step, withHint(cause), s.s.o.Now().UTC(), false), nil
	})
	if err != nil {
		return err
	}
	return cause
}
