package linux

import (
	"context"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// excerpt is how much of a program's output a receipt keeps.
const excerpt = 16 << 10

// run runs one program on the host, by argv. What it does nobody here can
// know: it has no inverse, and its outcome after a crash is unknown.
type run struct {
	*host
	drill bool
}

// Describe implements integrations.Action.
func (run) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.run", Title: "Run a program", System: "linux", Danger: incident.Medium, Idempotency: "none",
		Params: []integrations.Param{
			{Name: "argv", Title: "The program and its arguments, one element each", Type: "list", Required: true},
			{Name: "timeout", Title: "When it is ended", Type: "duration", Default: "10m"},
		},
		Result: []integrations.Param{{Name: "exit", Type: "int"}, {Name: "stdout", Type: "string"}, {Name: "stderr", Type: "string"}},
	}
}

// Prior implements integrations.Action: a program's effect is not known
// beforehand, so there is no state to read.
func (r run) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, _, err := r.read(c)
	return integrations.Prior{}, err
}

// read returns the program and its arguments, and how long it may run.
func (r run) read(c integrations.Call) ([]string, time.Duration, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return nil, 0, err
	}
	argv := v.List("argv")
	if len(argv) == 0 || argv[0] == "" {
		return nil, 0, rejected("", "run: the program is missing")
	}
	return argv, v.Duration("timeout"), nil
}

// Plan implements integrations.Action.
func (r run) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	argv, _, err := r.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{
		Call: c, Base: r.Name(), Identity: "this process", Prior: prior, Target: argv[0],
		Effects:  []string{"runs " + argv[0] + " on " + r.Name() + " with the rights of this process, without a shell"},
		Requests: []integrations.Request{{Argv: argv}},
		Proof:    "its exit status is 0",
		Warnings: []string{"what it changes cannot be seen beforehand, nor undone from here"},
	}
	if r.drill {
		p.Effects = []string{"nothing: in a drill the program is not run"}
	}
	return p, nil
}

// Do implements integrations.Action.
func (r run) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	argv, timeout, err := r.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if ctx.Err() != nil {
		return integrations.Receipt{}, unsent(ctx.Err())
	}
	if r.drill {
		return integrations.Receipt{Ref: argv[0], At: r.now(), Data: map[string]any{"exit": 0, "stdout": "", "stderr": "drill: not run"}}, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("run %s: longer than %s", argv[0], timeout))
	defer cancel()
	out, err := r.Run(ctx, integrations.Program{Argv: argv})
	if err != nil {
		if ctx.Err() != nil {
			return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Ambiguous, Hint: "see how far it came", Err: context.Cause(ctx)}
		}
		return integrations.Receipt{}, err
	}
	return integrations.Receipt{Ref: argv[0], At: r.now(), Data: map[string]any{
		"exit": out.Code, "stdout": head(out.Stdout), "stderr": head(out.Stderr),
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

func head(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), excerpt)]), "?") }
