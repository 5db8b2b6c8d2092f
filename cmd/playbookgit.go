package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

// revision splits REVISION:FILE as git writes it. A file of that name, an id and
// a Windows path are none.
func revision(arg string) bool {
	rev, file, found := strings.Cut(arg, ":")
	if !found || len(rev) < 2 || file == "" || strings.HasPrefix(arg, "-") {
		return false
	}
	_, err := os.Lstat(arg)
	return err != nil
}

// playbookAt reads a playbook out of the history of the git repository that one
// stands in. Nothing of the repository is run, and nothing is fetched.
func (p *program) playbookAt(ctx context.Context, at string) (*playbooks.Playbook, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, &response.Error{Code: response.CodeUsage, Hint: "install git, or name two files", Err: fmt.Errorf("read %s: %w", at, err)}
	}
	var out, said limited
	out.most, said.most = playbooks.MaxSize+1, 4<<10
	c := exec.CommandContext(ctx, git, "--no-pager", "cat-file", "blob", at) //nolint:gosec // an argument, not a shell line; it begins with no hyphen
	c.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	c.Stdout, c.Stderr = &out, &said
	err = c.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("read %s: %w", at, ctx.Err())
	case err != nil:
		var ended *exec.ExitError
		if text := strings.Join(strings.Fields(said.String()), " "); errors.As(err, &ended) && text != "" {
			err = errors.New(term.Safe(text))
		}
		return nil, &response.Error{Code: response.CodeNotFound, Hint: "HEAD~1:FILE counts from the top of the repository, HEAD~1:./FILE from this folder", Err: fmt.Errorf("read %s: %w", at, err)}
	}
	b, err := playbooks.Parse(at, out.Bytes())
	if err != nil {
		return nil, &response.Error{Code: response.CodeUsage, Err: err}
	}
	return b, nil
}

// limited keeps the first bytes of what is written to it.
type limited struct {
	bytes.Buffer
	most int
}

func (l *limited) Write(b []byte) (int, error) {
	l.Buffer.Write(b[:min(len(b), max(l.most-l.Len(), 0))])
	return len(b), nil
}
