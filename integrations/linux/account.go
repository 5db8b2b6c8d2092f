package linux

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"firebreak/integrations"
)

// userName is a local account: it begins with no dash, and holds nothing that a
// program could take for something else.
const userName = `[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?`

// account is a local account as passwd(5) and shadow(5) have it. The hash of the
// password is looked at and not kept.
type account struct {
	name     string
	uid      int
	shell    string
	password string // P: there is one, L: locked, NP: none is asked for
	expires  string // a date, "" for never
}

// gone is the first day of time: an account that expired then is expired. A locked
// password alone would leave ssh keys working.
const gone = "1970-01-02"

// account reads the account. Both programs read the files only, so that an account
// of a directory service is not taken for a local one.
func (h *host) account(ctx context.Context, name string) (account, error) {
	a := account{name: name}
	line, err := h.getent(ctx, "passwd", name)
	if err != nil {
		return a, err
	}
	f := strings.Split(line, ":")
	if len(f) != 7 || f[0] != name {
		return a, rejected("", "read account %s: its line in passwd is broken", name)
	}
	if a.uid, err = strconv.Atoi(f[2]); err != nil {
		return a, rejected("", "read account %s: its line in passwd is broken", name)
	}
	a.shell = f[6]
	if line, err = h.getent(ctx, "shadow", name); err != nil {
		return a, err
	}
	return a, a.shadow(line)
}

// shadow reads the line of shadow(5).
func (a *account) shadow(line string) error {
	f := strings.Split(line, ":")
	if len(f) != 9 || f[0] != a.name {
		return rejected("", "read account %s: its line in shadow is broken", a.name)
	}
	switch {
	case f[1] == "":
		a.password = "NP"
	case strings.HasPrefix(f[1], "!"):
		a.password = "L"
	default:
		a.password = "P"
	}
	if f[7] == "" || f[7] == "-1" {
		return nil
	}
	days, err := strconv.ParseInt(f[7], 10, 32)
	if err != nil || days < 0 {
		return rejected("", "read account %s: its line in shadow is broken", a.name)
	}
	a.expires = time.Unix(days*24*3600, 0).UTC().Format(time.DateOnly)
	return nil
}

func (h *host) getent(ctx context.Context, database, name string) (string, error) {
	argv := []string{"getent", "-s", "files", database, name}
	out, err := h.tool(ctx, "", argv...)
	if err != nil {
		return "", unsent(err)
	}
	switch {
	case out.Code == 2 && database == "shadow":
		return "", rejected("it wants root: be root there, or say sudo: true in the connection's settings", "read account %s: shadow cannot be read, or has no such line", name)
	case out.Code == 2:
		return "", rejected("accounts of a directory service are locked there", "read account %s: the host has no local account of that name", name)
	case out.Code != 0:
		return "", failed(argv, out)
	}
	return strings.TrimSuffix(string(out.Stdout), "\n"), nil
}

// locked says that nobody can log in to it, with a password, a key or otherwise.
func (a account) locked() bool { return a.password == "L" && a.expires == gone }

func (a account) state() map[string]any {
	return map[string]any{"uid": a.uid, "shell": a.shell, "password": a.password, "expires": a.expires}
}

// mayLock says why an account must not be locked, nor its sessions be ended.
func (h *host) mayLock(ctx context.Context, a account) error {
	if a.uid == 0 {
		return rejected("", "account %s: it is root, and the host stands on it", a.name)
	}
	f, err := h.facts(ctx, false)
	if err != nil {
		return err
	}
	if a.uid == f.UID {
		return rejected("use another account to reach the host", "account %s: this session is its own", a.name)
	}
	return nil
}

// processes counts what runs as the account. What has ended and waits for its
// parent is none.
func (h *host) processes(ctx context.Context, uid int) (int, error) {
	argv := []string{"ps", "-o", "stat=", "-u", strconv.Itoa(uid)}
	out, err := h.tool(ctx, "", argv...)
	if err != nil {
		return 0, unsent(err)
	}
	if out.Code > 1 || out.Code == 1 && complains(string(out.Stderr)) {
		return 0, unsent(failed(argv, out))
	}
	n := 0
	for line := range strings.Lines(string(out.Stdout)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != 'Z' {
			n++
		}
	}
	return n, nil
}

// complains says whether a program itself said that something was wrong, and not
// the shell or sudo about what is around it.
func complains(stderr string) bool {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "sudo: unable to resolve host") && !strings.HasPrefix(line, "Could not chdir to home directory") {
			return true
		}
	}
	return false
}

// endSessions ends everything that runs as the account. Where systemd-logind is,
// it ends its sessions and its service manager, which would start things again;
// what is left is killed, until nothing is.
func (h *host) endSessions(ctx context.Context, a account) error {
	// Without logind there is no such program, or it says that it is not there.
	if _, err := h.tool(ctx, "", "loginctl", "--no-ask-password", "terminate-user", strconv.Itoa(a.uid)); err != nil && integrations.OutcomeOf(err) != integrations.Rejected {
		return err
	}
	for range 10 {
		argv := []string{"pkill", "-KILL", "-u", strconv.Itoa(a.uid)}
		out, err := h.tool(ctx, "", argv...)
		if err != nil {
			return err
		}
		if out.Code > 1 {
			return failed(argv, out)
		}
		left, err := h.processes(ctx, a.uid)
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return &integrations.Error{Outcome: integrations.Ambiguous, Hint: "look for what starts them: its crontab, its units", Err: fmt.Errorf("account %s: its processes come again", a.name)}
}

// usermod changes the account.
func (h *host) usermod(ctx context.Context, argv []string) error {
	out, err := h.tool(ctx, "", argv...)
	if err != nil {
		return err
	}
	if out.Code != 0 {
		return failed(argv[:1], out)
	}
	return nil
}

// lockArgv locks it; unlockArgv brings it to the state that is asked for. Without
// a password before, -U would refuse to make it so again, and -p "" does it.
func lockArgv(a account) []string { return []string{"usermod", "-L", "-e", gone, a.name} }

func unlockArgv(now, to account) []string {
	argv := []string{"usermod", "-e", to.expires}
	switch to.password {
	case now.password:
	case "L":
		argv = append(argv, "-L")
	case "NP":
		argv = append(argv, "-p", "")
	default:
		argv = append(argv, "-U")
	}
	return append(argv, to.name)
}

// partly marks a failure after something was changed already.
func partly(err error) error {
	var e *integrations.Error
	if errors.As(err, &e) {
		return &integrations.Error{Outcome: integrations.Ambiguous, Hint: e.Hint, Err: fmt.Errorf("a part was done: %w", e.Err)}
	}
	return err
}
