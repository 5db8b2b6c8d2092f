package cmd

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"firebreak/response"
)

// secret asks for a secret, and twice where a slip of the finger would lock
// something away.
func (p *program) secret(question string, twice bool) (string, error) {
	first, err := p.askSecret(question)
	if errors.Is(err, errNoTerminal) {
		return "", &response.Error{Code: response.CodeUsage, Hint: "run it in a terminal, or use --recipient and --identity", Err: fmt.Errorf("ask for a passphrase: %w", err)}
	}
	if err != nil {
		return "", fmt.Errorf("ask for a passphrase: %w", err)
	}
	defer clear(first)
	if len(first) == 0 {
		return "", &response.Error{Code: response.CodeUsage, Err: errors.New("the passphrase is empty")}
	}
	if !twice {
		return string(first), nil
	}
	again, err := p.askSecret("The same again: ")
	if err != nil {
		return "", fmt.Errorf("ask for a passphrase: %w", err)
	}
	defer clear(again)
	if subtle.ConstantTimeCompare(first, again) != 1 {
		return "", &response.Error{Code: response.CodeUsage, Hint: "try again", Err: errors.New("the two passphrases differ; nothing was done")}
	}
	return string(first), nil
}
