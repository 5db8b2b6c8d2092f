package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

// program is what every command shares: the world, the global flags, and the
// workspace, opened when first asked for.
type program struct {
	World
	json    bool
	quiet   bool
	actor   string
	unlock  string          // where the key is that opens the workspace
	drawing bool            // screens are drawn: nobody can be asked at the terminal
	silent  bool            // nobody may be asked: a shell wants completions
	ctx     context.Context //nolint:containedctx // the process's own
	service *response.Service
	env     config.Env // how secrets are fetched, once it is known
}

// Main runs the program and returns its exit code.
func Main(w World) Code {
	ctx, cancel := w.Context()
	defer cancel()
	p := &program{World: w, ctx: ctx}
	root := newRootCmd(p)
	root.SetArgs(w.Args)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Canceled, err)
	}
	if p.service != nil {
		for _, w := range p.service.Warnings() {
			p.warn(w)
		}
		err = errors.Join(err, p.service.Close())
	}
	p.report(err)
	return codeOf(err)
}

// paths finds the workspace and the configuration.
func (p *program) paths() (config.Paths, error) {
	paths, err := config.FindPaths(p.Getenv)
	if err != nil {
		return paths, &response.Error{Code: response.CodeUsage, Err: err}
	}
	return paths, nil
}

func (p *program) config() (config.Config, error) {
	paths, err := p.paths()
	if err != nil {
		return config.Config{}, err
	}
	c, err := config.Load(paths.Config)
	if err != nil {
		return c, &response.Error{Code: response.CodeUsage, Err: err}
	}
	return c.InHome(p.Getenv("HOME")), nil
}

// session opens the workspace for the person at the keyboard.
func (p *program) session() (*response.Session, error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	if p.service == nil {
		if p.service, err = p.open(c); err != nil {
			return nil, err
		}
	}
	return p.service.As(p.person(c)), nil
}

// person is who is at the keyboard.
func (p *program) person(c config.Config) incident.Actor {
	name := p.actor
	for _, n := range []string{p.Getenv("FIREBREAK_AS"), c.Name, p.User()} {
		if name == "" {
			name = n
		}
	}
	return incident.Actor{Name: name}
}

func (p *program) open(c config.Config) (*response.Service, error) {
	o, err := p.options(c)
	if err != nil {
		return nil, err
	}
	return response.New(o)
}

func (p *program) optionsAt(home, host string, c config.Config) response.Options {
	client, _, _ := strings.Cut(p.Getenv("SSH_CONNECTION"), " ")
	return response.Options{
		Home: home, Config: c, Now: p.Now, Monotonic: p.Monotonic, Rand: p.Rand, Host: host,
		Secrets: p.secrets(), Unlock: p.unlocking(c),
		Tool: "firebreak " + Version(), ToolSHA256: p.Executable, Argv: recordedArgv(p.Args), SSHClient: client, Sleep: sleep, Reached: p.Reached,
		Agent: p.dialAgent(), Passphrase: p.passphrase(), KnownHosts: p.knownHosts(), User: p.User(), SegmentRows: p.SegmentRows,
	}
}

// incident opens the workspace and finds the incident an argument names.
func (p *program) incident(arg string) (*response.Session, incident.ID, error) {
	s, err := p.session()
	if err != nil {
		return nil, "", err
	}
	id, err := s.Service().ParseID(arg)
	return s, id, err
}

// print writes to the standard output; text from outside must be made safe by
// the caller.
func (p *program) printf(format string, args ...any) error {
	_, err := io.WriteString(p.Out, p.env.Sink.Text(fmt.Sprintf(format, args...)))
	return err
}

// errf writes to the standard error. Nothing can be done when that fails.
func (p *program) errf(format string, args ...any) {
	_, _ = io.WriteString(p.Err, p.env.Sink.Text(fmt.Sprintf(format, args...)))
}

// warn says what went well for the last time.
func (p *program) warn(text string) {
	if p.json {
		if b, err := json.Marshal(map[string]string{"warning": text}); err == nil {
			p.errf("%s\n", term.JSON(string(b)))
		}
		return
	}
	p.errf("warning: %s\n", term.Safe(text))
}

// printJSON writes one value on one line, in a form that is harmless on a
// terminal too.
func (p *program) printJSON(v any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	return p.printf("%s", term.JSON(b.String()))
}

// progressWidth keeps a line of progress from being broken on any terminal.
const progressWidth = 76

// progress prints what long work is at, once a second at most, where a person
// is looking.
func (p *program) progress() response.ProgressFunc {
	if p.quiet || p.json {
		return nil
	}
	var last time.Time
	return func(g response.Progress) {
		now := p.Now()
		if now.Sub(last) < time.Second {
			return
		}
		last = now
		of := ""
		if g.Total > 0 {
			of = fmt.Sprintf("  %d/%d", g.Done, g.Total)
		}
		p.errf("  %s%s\n", term.Cut(term.Safe(g.What), progressWidth-len(of)), of)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
