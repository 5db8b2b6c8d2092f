package linux

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// excerpt is how much of a program's output a receipt keeps.
const excerpt = 16 << 10

// run runs one program on the host, by argv. What it does nobody here can
// know: it has no inverse, and its outcome after a crash is unknown.
type run struct {
	*host
	system string
	c      integrations.Connection
}

// Describe implements integrations.Action.
func (r run) Describe() integrations.Description {
	return integrations.Description{
		Name: r.system + ".run", Title: "Run a program", System: r.system, Danger: incident.Medium, Tested: integrations.RealPeer, Idempotency: "none",
		Params: []integrations.Param{
			{Name: "argv", Title: "The program and its arguments, one element each", Type: "list", Required: true},
			{Name: "env", Title: "Its environment, each NAME=VALUE", Type: "list"},
			{Name: "secret_env", Title: "Of its environment what is secret, each NAME=REFERENCE", Type: "list"},
			{Name: "timeout", Title: "When it is ended", Type: "duration", Default: "10m"},
		},
		Result: []integrations.Param{{Name: "exit", Type: "int"}, {Name: "stdout", Type: "string"}, {Name: "stderr", Type: "string"}},
	}
}

// Prior implements integrations.Action: a program's effect is not known
// beforehand, so there is no state to read.
func (r run) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, err := r.read(c)
	return integrations.Prior{}, err
}

// wanted is a program with its arguments and its environment.
type wanted struct {
	argv    []string
	env     []string
	secret  []string // with references for values
	timeout time.Duration
}

var named = lazyre.New(`^[A-Za-z_][A-Za-z0-9_]*=`)

func (r run) read(c integrations.Call) (wanted, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return wanted{}, err
	}
	w := wanted{v.List("argv"), v.List("env"), v.List("secret_env"), v.Duration("timeout")}
	if len(w.argv) == 0 || w.argv[0] == "" || strings.HasPrefix(w.argv[0], "-") {
		return wanted{}, rejected("", "run: the program is missing")
	}
	for _, e := range slices.Concat(w.env, w.secret) {
		if !named.MatchString(e) {
			return wanted{}, rejected("", "run: environment: want NAME=VALUE")
		}
	}
	return w, nil
}

// environment is what the program gets, with the secrets in it.
func (r run) environment(ctx context.Context, w wanted) (env, secrets []string, err error) {
	env = slices.Clone(w.env)
	for _, e := range w.secret {
		name, reference, _ := strings.Cut(e, "=")
		value, err := r.c.Reveal(ctx, reference)
		if err == nil && strings.ContainsRune(value, 0) {
			err = errors.New("the secret holds a zero byte")
		}
		if err != nil {
			return nil, nil, unsent(fmt.Errorf("environment %s: %w", name, err))
		}
		env, secrets = append(env, name+"="+value), append(secrets, value)
	}
	return env, secrets, nil
}

// Plan implements integrations.Action.
func (r run) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	w, err := r.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	argv, env := w.argv, slices.Clone(w.env)
	for _, e := range w.secret {
		name, _, _ := strings.Cut(e, "=")
		env = append(env, name+"="+integrations.Hidden)
	}
	p := integrations.Plan{
		Call: c, Base: r.Name(), Identity: "this process", Prior: prior, Target: argv[0],
		Effects:  []string{"runs " + argv[0] + " on " + r.Name() + " with the rights of this process, without a shell"},
		Requests: []integrations.Request{{Argv: argv, Env: env}},
		Proof:    "its exit status is 0",
		Warnings: []string{"what it changes cannot be seen beforehand, nor undone from here"},
	}
	if r.system == "ssh" {
		p.Identity = "over ssh"
		p.Effects = []string{"runs " + argv[0] + " on " + r.Name() + " with the rights of the account there"}
	}
	if r.c.Drill {
		p.Effects = []string{"nothing: in a drill the program is not run"}
	}
	return p, nil
}

// Do implements integrations.Action.
func (r run) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	w, err := r.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	argv, timeout := w.argv, w.timeout
	if ctx.Err() != nil {
		return integrations.Receipt{}, unsent(ctx.Err())
	}
	if r.c.Drill {
		return integrations.Receipt{Ref: argv[0], At: r.now(), Data: map[string]any{"exit": 0, "stdout": "", "stderr": "drill: not run"}}, nil
	}
	env, secrets, err := r.environment(ctx, w)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("run %s: longer than %s", argv[0], timeout))
	defer cancel()
	out, err := r.Run(ctx, integrations.Program{Argv: argv, Env: env})
	if err != nil {
		if ctx.Err() != nil && integrations.OutcomeOf(err) == integrations.Ambiguous { // what was not sent stays so
			return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Ambiguous, Hint: "see how far it came", Err: context.Cause(ctx)}
		}
		return integrations.Receipt{}, err
	}
	return integrations.Receipt{Ref: argv[0], At: r.now(), Data: map[string]any{
		"exit": out.Code, "stdout": head(integrations.Redact(string(out.Stdout), secrets...)), "stderr": head(integrations.Redact(string(out.Stderr), secrets...)),
	}}, nil
}

// Verify implements integrations.Action.
func (run) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	exit, err := integrations.Number(r.Data, "exit")
	if err != nil {
		return integrations.Verification{}, fmt.Errorf("%s: %w", c.Action, integrations.ErrNotReadable)
	}
	says := fmt.Sprintf("exit status %d", exit)
	if text, ok := r.Data["stderr"].(string); ok && text != "" {
		says += ": " + strings.SplitN(text, "\n", 2)[0]
	}
	return integrations.Verification{OK: exit == 0, Final: true, Says: says}, nil
}

func head(s string) string { return strings.ToValidUTF8(s[:min(len(s), excerpt)], "?") }

// Lasts implements integrations.Lasting: a program runs until its own time is over.
func (r run) Lasts(c integrations.Call) time.Duration {
	w, err := r.read(c)
	if err != nil {
		return integrations.AttemptLasts
	}
	return w.timeout + integrations.AttemptLasts
}
