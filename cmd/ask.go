package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"firebreak/response"
)

// ask reads one line from the person at the terminal.
func (p *program) ask(question string) (string, error) {
	p.errf("%s", question)
	line, err := bufio.NewReader(io.LimitReader(p.In, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// yes asks whether what was shown is to be done; no is the default, and a refusal
// that says so.
func (p *program) yes(question, refusal string) error {
	answer, err := p.ask(question + " [y/N] ")
	if err != nil {
		return err
	}
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return &response.Error{Code: response.CodeRefused, Err: errors.New(refusal)}
	}
	return nil
}
