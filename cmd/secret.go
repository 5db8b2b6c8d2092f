package cmd

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"firebreak/response"
)

// askSecret asks for a secret on the terminal itself, whatever the standard
// streams are, and without showing it.
func askSecret(question string) (secret string, err error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errNoTerminal
	}
	defer func() { err = errors.Join(err, tty.Close()) }()
	fd := int(tty.Fd())
	if _, err := fmt.Fprint(tty, question); err != nil {
		return "", err
	}
	b, err := term.ReadPassword(fd)
	if _, e := fmt.Fprintln(tty); err == nil {
		err = e
	}
	return string(b), err
}

var errNoTerminal = errors.New("there is no terminal to ask at")

// secret asks for a secret, and twice where a slip of the finger would lock
// something away.
func (p *program) secret(question string, twice bool) (string, error) {
	ask := p.AskSecret
	if ask == nil {
		ask = func(string) (string, error) { return "", errNoTerminal }
	}
	first, err := ask(question)
	if errors.Is(err, errNoTerminal) {
		return "", &response.Error{Code: response.CodeUsage, Hint: "run it in a terminal, or use --recipient and --identity", Err: fmt.Errorf("ask for a passphrase: %w", err)}
	}
	if err != nil {
		return "", fmt.Errorf("ask for a passphrase: %w", err)
	}
	if first == "" {
		return "", &response.Error{Code: response.CodeUsage, Err: errors.New("the passphrase is empty")}
	}
	if !twice {
		return first, nil
	}
	again, err := ask("Once more: ")
	if err != nil {
		return "", fmt.Errorf("ask for a passphrase: %w", err)
	}
	if again != first {
		return "", &response.Error{Code: response.CodeUsage, Err: errors.New("the two passphrases differ; nothing was done")}
	}
	return first, nil
}
