package config

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"
)

// errTooMuch ends a program that prints more than a secret can be.
var errTooMuch = errors.New("printed more than 64 KiB")

// Run is Env.Exec outside tests: it runs the program without a shell, with the
// environment of this process, that standard input, and at most
// 64 KiB of its standard output and 4 KiB of its standard error kept. When ctx
// ends the program is killed with everything it started.
func Run(ctx context.Context, argv []string, stdin []byte) (stdout, stderr []byte, err error) {
	out, complaint := &capped{max: maxSecret, strict: true}, &capped{max: maxComplain}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), out, complaint
	cmd.WaitDelay = time.Second // for a grandchild that keeps the pipe open
	isolate(cmd)
	err = cmd.Run()
	if out.over {
		err = errTooMuch
	}
	return out.kept.Bytes(), complaint.kept.Bytes(), err
}

// capped keeps the first max bytes. When strict it ends the program after them.
// The buffer is not embedded: its ReadFrom would go round the limit.
type capped struct {
	kept   bytes.Buffer
	max    int
	strict bool
	over   bool
}

func (c *capped) Write(p []byte) (int, error) {
	room := c.max - c.kept.Len()
	if len(p) <= room {
		return c.kept.Write(p)
	}
	c.over = true
	c.kept.Write(p[:room])
	if c.strict {
		return room, errTooMuch
	}
	return len(p), nil
}
