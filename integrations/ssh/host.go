package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"

	"firebreak/incident"
	"firebreak/integrations"
)

// maxOutput bounds what a program on a host may print.
const maxOutput = 4 << 20

// Remote is a host on which programs are run, a connection for each.
type Remote struct {
	name string
	open func() (Target, Options, error)
}

// NewHost returns a host to run programs on. open is asked at the moment of use.
func NewHost(name string, open func() (Target, Options, error)) *Remote {
	return &Remote{name, open}
}

// Name implements integrations.Host.
func (r *Remote) Name() string { return r.name }

// Self implements integrations.Host: this process is not there.
func (r *Remote) Self() int { return 0 }

// Process implements integrations.Host.
func (r *Remote) Process(context.Context, int) (integrations.Process, error) {
	return integrations.Process{}, incident.ErrNotFound
}

// Stop implements integrations.Host.
func (r *Remote) Stop(context.Context, integrations.Process, bool) error {
	return &integrations.Error{Outcome: integrations.Rejected, Err: errors.New("stop process: not over ssh")}
}

// Run implements integrations.Host. ssh knows no argv: what it sends is a text
// that the account's shell reads. So it sends only "exec /bin/sh -s", which every
// shell reads alike, and script on the standard input.
func (r *Remote) Run(ctx context.Context, p integrations.Program) (integrations.Output, error) {
	unsent := func(err error) error { return &integrations.Error{Outcome: integrations.NotSent, Err: err} }
	text, err := script(p)
	if err != nil {
		return integrations.Output{}, &integrations.Error{Outcome: integrations.Rejected, Err: err}
	}
	t, o, err := r.open()
	if err != nil {
		return integrations.Output{}, unsent(err)
	}
	c, err := Dial(ctx, t, o)
	if err != nil {
		return integrations.Output{}, unsent(err)
	}
	defer c.Close() //nolint:errcheck // it is over
	s, err := c.NewSession()
	if err != nil {
		return integrations.Output{}, unsent(fmt.Errorf("%w: %w", ErrCut, err))
	}
	defer s.Close() //nolint:errcheck // it is over
	var stdout, stderr bounded
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader(text), &stdout, &stderr
	// When it ends, so does the connection: the program there loses its output.
	stop := context.AfterFunc(ctx, func() { _ = s.Signal(ssh.SIGTERM); _ = c.Client.Close() })
	defer stop()
	err = s.Run("exec /bin/sh -s")
	out := integrations.Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	var code *ssh.ExitError
	switch {
	case ctx.Err() != nil:
		return out, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("run on %s: %w", t, context.Cause(ctx))}
	case stdout.over || stderr.over:
		return out, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("run on %s: it printed more than %d bytes", t, maxOutput)}
	case err == nil:
		return out, nil
	case errors.As(err, &code) && code.Signal() == "":
		out.Code = code.ExitStatus()
		return out, nil
	}
	return out, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("run on %s: %w: %w", t, ErrCut, err)}
}

// script is what a POSIX shell reads from its standard input to run a program in
// its place. Every word stands in single quotes, in which the shell changes
// nothing; the values of the environment are in no argument list.
func script(p integrations.Program) (string, error) {
	var b strings.Builder
	for _, e := range p.Env {
		name, value, ok := strings.Cut(e, "=")
		if !ok || !isName(name) {
			return "", fmt.Errorf("run: environment %.80q: want NAME=VALUE", name)
		}
		b.WriteString("export " + name + "=" + quote(value) + "\n")
	}
	if len(p.Argv) == 0 || p.Argv[0] == "" || strings.HasPrefix(p.Argv[0], "-") {
		return "", errors.New("run: the program is missing")
	}
	b.WriteString("exec " + quoted(p.Argv) + " </dev/null\n")
	if strings.ContainsRune(b.String(), 0) {
		return "", errors.New("run: an argument holds a zero byte")
	}
	return b.String(), nil
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// bounded keeps what a program prints, up to its most.
type bounded struct {
	bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		b.over = true
		return 0, io.ErrShortBuffer
	}
	return b.Buffer.Write(p)
}
