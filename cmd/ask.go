package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
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
