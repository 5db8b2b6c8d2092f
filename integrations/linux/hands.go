package linux

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// The program that reads and signals processes and moves files on a host where
// there is no firebreak. It is fixed; what varies are its arguments.
//
//go:embed hands.py
var handsProgram string

// The same for what a host says of itself, for which a shell is enough.
const factsProgram = `printf 'uid=%s\n' "$(id -u)"
printf 'session=%s\n' "$SSH_CONNECTION"
printf 'machine=%s\n' "$(cat /etc/machine-id 2>/dev/null)"
`

// everywhere is what programs of the system get besides: where they are, and that
// they speak plainly.
var everywhere = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}

// tool runs a program of the system, with the rights that the connection has.
func (h *host) tool(ctx context.Context, stdin string, argv ...string) (integrations.Output, error) {
	argv = h.argv(argv...)
	out, err := h.Run(ctx, integrations.Program{Argv: argv, Env: everywhere, Stdin: stdin})
	if err != nil {
		return out, err
	}
	said := said(out.Stderr)
	switch {
	case h.sudo && out.Code == 1 && sudoRefuses(said):
		return out, rejected("let sudo run it without a password: docs/integrations-hosts.md has the lines", "run %s: %s", argv[len(sudo)], said)
	case out.Code == 127 || out.Code == 1 && strings.HasSuffix(said, "command not found"):
		return out, rejected("install it there", "run %s: there is no such program", argv[0])
	}
	return out, nil
}

var sudo = []string{"sudo", "-n", "--"}

// sudoRefuses tells what sudo says when it does not run the program from its
// warnings and from what the program says.
func sudoRefuses(said string) bool {
	for _, no := range []string{"a password is required", "a terminal is required", "may not run sudo", "not in the sudoers file", "not allowed to execute", "no valid sudoers"} {
		if strings.Contains(said, no) {
			return true
		}
	}
	return false
}

// argv is how a program is called there.
func (h *host) argv(argv ...string) []string {
	if h.sudo {
		return append(slices.Clone(sudo), argv...)
	}
	return argv
}

func said(stderr []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(stderr[:min(len(stderr), 4096)]), "?")), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "")
	}
	return s
}

// failed is the refusal that a program's exit status says.
func failed(argv []string, out integrations.Output) error {
	text := said(out.Stderr)
	hint := ""
	for _, no := range []string{"not permitted", "ermission denied", "must be root", "Access denied", "authentication required"} {
		if strings.Contains(text, no) {
			hint = "it wants root: be root there, or say sudo: true in the connection's settings"
		}
	}
	return rejected(hint, "run %s: exit %d: %s", strings.Join(argv, " "), out.Code, text)
}

// brought is a host that has only programs: what more is needed is brought there.
type brought struct {
	integrations.Host
	h *host
}

// Facts implements integrations.Hands. sudo would take away what is asked for.
func (b brought) Facts(ctx context.Context) (integrations.Facts, error) {
	out, err := b.Run(ctx, integrations.Program{Argv: []string{"sh", "-c", factsProgram}, Env: everywhere})
	if err != nil {
		return integrations.Facts{}, err
	}
	if out.Code != 0 {
		return integrations.Facts{}, failed([]string{"sh"}, out)
	}
	return readFacts(string(out.Stdout))
}

func readFacts(text string) (integrations.Facts, error) {
	f := integrations.Facts{UID: -1}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "uid":
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return f, fmt.Errorf("look at host: uid %.40q", value)
			}
			f.UID = int(n)
		case "machine":
			if len(value) <= 64 && strings.Trim(value, "0123456789abcdefABCDEF-") == "" {
				f.Machine = value
			}
		case "session":
			client, server, port, err := ends(value)
			if err != nil {
				return f, err
			}
			if client.IsValid() {
				f.Client, f.Server, f.Port = client.String(), server.String(), port
			}
		}
	}
	if f.UID < 0 {
		return f, fmt.Errorf("look at host: it said %.80q", text)
	}
	return f, nil
}

// ask runs the program that was brought and reads its answer.
func (b brought) ask(ctx context.Context, into any, words ...string) error {
	const python = "python3"
	out, err := b.h.tool(ctx, "", append([]string{python, "-I", "-B", "-c", handsProgram}, words...)...)
	var e *integrations.Error
	if errors.As(err, &e) && e.Outcome == integrations.Rejected && strings.Contains(e.Error(), "no such program") {
		return rejected("install python3 there, or run firebreak on the host itself", "%s on %s: it needs python3 there", words[0], b.Name())
	}
	if err != nil {
		return err
	}
	if out.Code != 0 {
		return &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("%s on %s: exit %d: %s", words[0], b.Name(), out.Code, said(out.Stderr))}
	}
	var answer struct {
		OK      json.RawMessage
		Missing bool
		Refused string
		Hint    string
	}
	switch err := json.Unmarshal(out.Stdout, &answer); {
	case err != nil || answer.OK == nil && !answer.Missing && answer.Refused == "":
		return &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("%s on %s: it answers %.80q", words[0], b.Name(), out.Stdout)}
	case answer.Missing:
		return incident.ErrNotFound
	case answer.Refused != "":
		return rejected(answer.Hint, "%s", answer.Refused)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.OK, into); err != nil {
		return fmt.Errorf("%s on %s: %w", words[0], b.Name(), err)
	}
	return nil
}

// Process implements integrations.Hands.
func (b brought) Process(ctx context.Context, pid int) (p integrations.Process, err error) {
	err = b.ask(ctx, &p, "process", strconv.Itoa(pid))
	return p, err
}

// Signal implements integrations.Hands.
func (b brought) Signal(ctx context.Context, p integrations.Process, s integrations.Signal) error {
	return b.ask(ctx, nil, "signal", strconv.Itoa(p.PID), strconv.FormatInt(p.Start, 10), string(s))
}

// Image implements integrations.Hands.
func (b brought) Image(ctx context.Context, p integrations.Process) (i integrations.Image, err error) {
	err = b.ask(ctx, &i, "image", strconv.Itoa(p.PID), strconv.FormatInt(p.Start, 10))
	return i, err
}

// File implements integrations.Hands.
func (b brought) File(ctx context.Context, path string) (f integrations.File, err error) {
	err = b.ask(ctx, &f, "file", path)
	return f, err
}

// Quarantine implements integrations.Hands.
func (b brought) Quarantine(ctx context.Context, f integrations.File, folder, id string) error {
	return b.ask(ctx, nil, "quarantine", f.Path, f.SHA256, folder, id)
}

// Quarantined implements integrations.Hands.
func (b brought) Quarantined(ctx context.Context, folder, id string) (f integrations.File, err error) {
	err = b.ask(ctx, &f, "quarantined", folder, id)
	return f, err
}

// Restore implements integrations.Hands.
func (b brought) Restore(ctx context.Context, f integrations.File, folder, id string) error {
	return b.ask(ctx, nil, "restore", f.Path, f.SHA256, folder, id)
}

// ends reads SSH_CONNECTION, "client port server port", or SSH_CLIENT, which has
// "client port port".
func ends(text string) (client, server netip.Addr, port int, err error) {
	f := strings.Fields(text)
	if len(f) == 0 {
		return client, server, 0, nil
	}
	if client, err = netip.ParseAddr(f[0]); err != nil {
		return client, server, 0, fmt.Errorf("read ssh session: %w", err)
	}
	client = client.Unmap().WithZone("")
	if len(f) == 4 {
		if server, err = netip.ParseAddr(f[2]); err != nil {
			return client, server, 0, fmt.Errorf("read ssh session: %w", err)
		}
		server = server.Unmap().WithZone("")
	}
	if len(f) >= 3 {
		n, err := strconv.ParseUint(f[len(f)-1], 10, 16)
		if err != nil || n == 0 {
			return client, server, 0, fmt.Errorf("read ssh session: port %.40q", f[len(f)-1])
		}
		port = int(n)
	}
	return client, server, port, nil
}
