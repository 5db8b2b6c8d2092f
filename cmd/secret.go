package cmd

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/term"

	"firebreak/config"
	"firebreak/internal/redact"
	"firebreak/response"
)

// askSecret asks on the terminal itself, without echo, whatever the streams
// are. Where there is no terminal the error is errNoTerminal.
func askSecret(ctx context.Context, question string) (secret []byte, err error) {
	tty, err := openTTY()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoTerminal, err)
	}
	defer tty.Close() //nolint:errcheck // nothing can be lost by closing
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoTerminal, err)
	}
	// Who sees the question may type at once: nothing of it is to be seen.
	if err := echoOff(fd); err != nil {
		return nil, fmt.Errorf("turn the echo off: %w", err)
	}
	defer func() { err = errors.Join(err, term.Restore(fd, before)) }()
	if _, err := fmt.Fprint(tty, question); err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() { // reading a terminal cannot be cancelled; the process ends with it
		text, err := term.ReadPassword(fd)
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		_, _ = fmt.Fprintln(tty) // the line end was not echoed
		if a.err != nil {
			return nil, fmt.Errorf("read the answer: %w", a.err)
		}
		return a.text, nil
	case <-ctx.Done():
		_, _ = fmt.Fprintln(tty) // as above
		return nil, context.Cause(ctx)
	}
}

var errNoTerminal = errors.New("there is no terminal to ask at")

func openTTY() (*os.File, error) {
	if runtime.GOOS == "windows" {
		return os.OpenFile("CONIN$", os.O_RDWR, 0)
	}
	return os.OpenFile("/dev/tty", os.O_RDWR, 0)
}

// ask asks for a secret, if the world lets it.
func (p *program) askSecret(question string) ([]byte, error) {
	if p.AskSecret == nil {
		return nil, errNoTerminal
	}
	return p.AskSecret(p.ctx, question)
}

// newPassphrase asks for one of the workspace.
func (p *program) newPassphrase() ([]byte, error) {
	return p.askPassphrase("New passphrase of the workspace: ", true, "say where the passphrase is: --passphrase-from file:/path")
}

// keyPassphrase asks for one of a backup or of a key.
func (p *program) keyPassphrase(question string, twice bool) ([]byte, error) {
	return p.askPassphrase(question, twice, "use --recipient and --identity")
}

// askPassphrase asks for a secret, and twice where a slip of the finger would lock
// something away. instead is what to do where there is no terminal.
func (p *program) askPassphrase(question string, twice bool, instead string) ([]byte, error) {
	first, err := p.askSecret(question)
	if errors.Is(err, errNoTerminal) {
		return nil, &response.Error{Code: response.CodeUsage, Hint: "run it in a terminal, or " + instead, Err: fmt.Errorf("ask for a passphrase: %w", err)}
	}
	if err != nil {
		return nil, fmt.Errorf("ask for a passphrase: %w", err)
	}
	if len(first) == 0 {
		return nil, &response.Error{Code: response.CodeUsage, Err: errors.New("the passphrase is empty")}
	}
	if !twice {
		return first, nil
	}
	again, err := p.askSecret("The same again: ")
	if err != nil {
		clear(first)
		return nil, fmt.Errorf("ask for a passphrase: %w", err)
	}
	defer clear(again)
	if subtle.ConstantTimeCompare(first, again) != 1 {
		clear(first)
		return nil, &response.Error{Code: response.CodeUsage, Hint: "try again", Err: errors.New("the two passphrases differ; nothing was done")}
	}
	return first, nil
}

// secrets is how references are resolved: once a process, so that what leaves it
// is rid of all that it fetched.
func (p *program) secrets() config.Env {
	if p.env.Sink == nil {
		p.env = config.Env{
			Lookup: os.LookupEnv, Open: config.OpenFile, Exec: config.Run,
			Keyring: response.KeyringOpener(response.Unlock{NoKeyring: p.noKeyring(), Stop: p.ctx.Done()}),
			Decrypt: func(_ context.Context, sealed []byte) ([]byte, error) {
				c, err := p.config()
				if err != nil {
					return nil, err
				}
				return response.OpenAge(c.AgeKeys, p.askSecret, sealed)
			},
			Now: p.Now, Held: &config.Held{}, Sink: &redact.Sink{},
		}
	}
	return p.env
}

// opening is how passphrases and the like are resolved. They may be words, whose
// masks in what is printed would give them away; nothing sends them anywhere.
func (p *program) opening() config.Env {
	e := p.secrets()
	e.Sink = nil
	return e
}

// resolve fetches a secret that a flag refers to.
func (p *program) resolve(flag, text string) (config.Secret, error) {
	ref, err := config.ParseReference(text)
	if err != nil {
		return config.Secret{}, errFlag{fmt.Errorf("--%s: %w: want env:NAME, file:/path, age:/path, keyring:service/user or exec:program", flag, err)}
	}
	v, err := p.opening().Resolve(p.ctx, ref)
	if err != nil {
		return v, &response.Error{Code: response.CodeAuth, Err: fmt.Errorf("--%s: %w", flag, err)}
	}
	return v, nil
}

// unlocking is what this process can open a workspace with.
func (p *program) unlocking(c config.Config) response.Unlock {
	u := response.Unlock{NoKeyring: p.noKeyring(), Stop: p.ctx.Done(), Work: p.Work}
	switch {
	case p.unlock != "":
		u.Secret = func() (config.Secret, error) { return p.resolve("unlock", p.unlock) }
	case !c.Unlock.IsZero():
		u.Secret = func() (config.Secret, error) {
			v, err := p.opening().Resolve(p.ctx, c.Unlock)
			if err != nil {
				return v, &response.Error{Code: response.CodeAuth, Hint: "correct unlock: in the configuration", Err: err}
			}
			return v, nil
		}
	}
	if p.AskSecret != nil && !p.silent && p.canAsk() {
		u.Ask = p.askSecret
	}
	return u
}

// canAsk says whether there is a terminal to ask at.
func (p *program) canAsk() bool {
	tty, err := openTTY()
	if err != nil {
		return false
	}
	defer tty.Close() //nolint:errcheck // it was only looked at
	return term.IsTerminal(int(tty.Fd()))
}

// noKeyring says why the keyring of the system cannot be reached. Without a
// message bus of the session the library would start one of its own.
func (p *program) noKeyring() error {
	switch runtime.GOOS {
	case "darwin", "windows":
		return nil
	}
	if p.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return nil
	}
	if dir := p.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "bus")); err == nil {
			return nil
		}
	}
	return errors.New("there is no keyring here: no session bus (DBUS_SESSION_BUS_ADDRESS)")
}
