package ssh

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

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
	// Nothing here has a context: what ends ctx ends the connection.
	stop := context.AfterFunc(ctx, func() { _ = c.Client.Close() })
	defer stop()
	s, err := c.NewSession()
	if err != nil {
		return integrations.Output{}, unsent(fmt.Errorf("%w: %w", ErrCut, err))
	}
	defer s.Close() //nolint:errcheck // it is over
	stdout, stderr := begun{}, kept{}
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader(text), &stdout, &stderr
	// The script is sent when the host has agreed, not before.
	if err := s.Start("exec /bin/sh -s"); err != nil {
		return integrations.Output{}, unsent(fmt.Errorf("run on %s: no program is started there: %w", t, err))
	}
	if stop() {
		defer context.AfterFunc(ctx, func() { end(c, s) })()
	}
	return judge(ctx, t, s.Wait(), &stdout, &stderr)
}

// end asks the program to end and closes the connection, which it may not hear of.
func end(c *Client, s *ssh.Session) {
	late := time.AfterFunc(time.Second, func() { _ = c.Client.Close() }) // a network that is gone takes no signal
	defer late.Stop()
	_ = s.Signal(ssh.SIGTERM)
	_ = c.Client.Close()
}

// judge says what became of the program.
func judge(ctx context.Context, t Target, err error, stdout *begun, stderr *kept) (integrations.Output, error) {
	out := integrations.Output{Stdout: stdout.text, Stderr: stderr.text}
	failed := func(o integrations.Outcome, format string, args ...any) (integrations.Output, error) {
		return out, &integrations.Error{Outcome: o, Err: fmt.Errorf("run on %s: "+format, append([]any{t}, args...)...)}
	}
	var code *ssh.ExitError
	ended := err == nil || errors.As(err, &code)
	switch {
	case ctx.Err() != nil:
		return failed(integrations.Ambiguous, "%w", context.Cause(ctx))
	case !ended:
		return failed(integrations.Ambiguous, "%w: %w", ErrCut, err)
	case !stdout.found:
		// A forced command, an account without a shell, a variable that the shell keeps to itself.
		return failed(integrations.Rejected, "the program was not started: %s", cmp.Or(lastWords(string(stderr.text)), lastWords(stdout.before.String()), "the account has no shell"))
	case code != nil && code.Signal() != "":
		return failed(integrations.Ambiguous, "it was ended by the signal %s", code.Signal())
	case stdout.over || stderr.over:
		return failed(integrations.Ambiguous, "it ended, and printed more than %d bytes", maxOutput)
	case code != nil:
		out.Code = code.ExitStatus()
	}
	return out, nil
}

// mark is what the shell prints when it is about to become the program: without
// it nothing ran, whatever the exit status says. What a login shell says of itself
// comes before. The script spells it otherwise, so that an echo of it is no mark.
const (
	mark       = "firebreak: it begins\n"
	markInText = "echo 'firebreak: it'' begins'\n"
)

// script is what a POSIX shell reads from its standard input to run a program in
// its place. Every word stands in single quotes, in which the shell changes
// nothing; the values of the environment are in no argument list. The braces make
// it one command: where the connection ends in the midst of it, the shell has a
// syntax error instead of a program with half its arguments.
func script(p integrations.Program) (string, error) {
	in, err := input(p.Stdin)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, e := range p.Env {
		name, value, ok := strings.Cut(e, "=")
		switch {
		case !ok || !isName(name):
			return "", fmt.Errorf("run: environment %.80q: want NAME=VALUE", name)
		case slices.Contains(ofShells, name):
			return "", fmt.Errorf("run: environment %s: shells set it themselves, so a program over ssh cannot be given it", name)
		}
		b.WriteString("export " + name + "=" + quote(value) + "\n")
	}
	if len(p.Argv) == 0 || p.Argv[0] == "" || strings.HasPrefix(p.Argv[0], "-") {
		return "", errors.New("run: the program is missing")
	}
	b.WriteString(markInText + "exec " + quoted(p.Argv) + in + "}\n")
	if strings.ContainsRune(b.String(), 0) {
		return "", errors.New("run: an argument holds a zero byte")
	}
	return b.String(), nil
}

// input is where the program reads from: nothing, or the text as it stands up to a
// line that is not in it. A shell that does not find that line has a syntax error
// at the brace it then lacks, too.
func input(text string) (string, error) {
	if text == "" {
		return " </dev/null\n", nil
	}
	if !strings.HasSuffix(text, "\n") {
		return "", errors.New("run: over ssh what a program reads ends with a line break")
	}
	sum := sha256.Sum256([]byte(text))
	end := "firebreak-" + hex.EncodeToString(sum[:16])
	if strings.Contains(text, end) {
		return "", errors.New("run: what the program reads holds its own end")
	}
	return " <<'" + end + "'\n" + text + end + "\n", nil
}

// ofShells are variables that one shell or another changes behind the program's back.
var ofShells = []string{
	"_", "BASH", "BASHOPTS", "BASHPID", "BASH_ARGC", "BASH_ARGV", "BASH_COMMAND", "BASH_LINENO", "BASH_SOURCE", "BASH_SUBSHELL", "BASH_VERSINFO",
	"DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OPTARG", "OPTIND", "PIPESTATUS", "PPID", "RANDOM",
	"SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID",
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// kept is the head of what a program prints. It takes everything, so that the
// program does not stall. No buffer is embedded: its ReadFrom would go by Write.
type kept struct {
	text []byte
	over bool
}

func (k *kept) Write(p []byte) (int, error) {
	room := maxOutput - len(k.text)
	k.over = k.over || len(p) > room
	k.text = append(k.text, p[:min(len(p), room)]...)
	return len(p), nil
}

// begun is what a program prints, which begins after the mark.
type begun struct {
	kept
	before bytes.Buffer // the end of what was said until then
	found  bool
}

func (b *begun) Write(p []byte) (int, error) {
	if b.found {
		return b.kept.Write(p)
	}
	b.before.Write(p)
	said, rest, found := bytes.Cut(b.before.Bytes(), []byte(mark))
	switch {
	case found:
		b.found = true
		_, _ = b.kept.Write(rest) // it has no error
		b.before.Truncate(len(said))
	case b.before.Len() > 64<<10:
		b.before.Next(b.before.Len() - 4<<10)
	}
	return len(p), nil
}
