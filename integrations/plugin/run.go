package plugin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// errDigest says that a program is not the one that the connection names.
var errDigest = errors.New("its digest is not the one that the connection names: somebody has changed the program, or has forgotten to say so")

// run runs the program once. A failure before its start is a plain error, one
// after it a *startedError.
func (p *program) run(ctx context.Context, op string, in []byte, secrets map[string]string) ([]byte, error) {
	ready, err := p.copied()
	if err != nil {
		return nil, err
	}
	defer ready.close()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("run plugin: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, ready.path, op) //nolint:gosec // its bytes were held against the digest
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"}
	cmd.Dir = os.TempDir()
	out, complaint := &capped{most: maxAnswer, full: func() { stop(errTooMuch) }}, &capped{most: maxStderr}
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.WaitDelay = time.Second // for a grandchild that keeps the pipe open
	done, err := prepare(cmd, ready, in, secrets)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := start(cmd); err != nil {
		return nil, fmt.Errorf("run plugin: %w", err)
	}
	err = cmd.Wait()
	said := strings.Join(strings.Fields(strings.ToValidUTF8(complaint.kept.String(), "?")), " ")
	if said != "" {
		said = "; it says: " + said
	}
	switch {
	case errors.Is(context.Cause(ctx), errTooMuch):
		return nil, &startedError{fmt.Errorf("run plugin: %w", errTooMuch)}
	case ctx.Err() != nil:
		return nil, &startedError{fmt.Errorf("run plugin: it was ended: %w%s", ctx.Err(), said)}
	case err != nil:
		return nil, &startedError{fmt.Errorf("run plugin: %w%s", err, said)}
	}
	return out.kept.Bytes(), nil
}

var errTooMuch = fmt.Errorf("it printed more than %d bytes", maxAnswer)

// executable is the program's bytes where nobody can change them any more.
type executable struct {
	path  string
	file  *os.File // what the path leads to in the child, where it has to be handed on
	close func()
}

// copied reads the program once, into memory or into a folder of our own, and
// compares the digest of just these bytes. What lies at the path may change
// afterwards: it is not looked at again.
func (p *program) copied() (executable, error) {
	f, err := openProgram(p.path)
	if err != nil {
		return executable{}, fmt.Errorf("open plugin: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat()
	switch {
	case err != nil:
		return executable{}, fmt.Errorf("open plugin: %w", err)
	case !info.Mode().IsRegular():
		return executable{}, fmt.Errorf("open plugin %s: not a regular file", p.path)
	case info.Size() > maxProgram:
		return executable{}, fmt.Errorf("open plugin %s: larger than %d MiB", p.path, maxProgram>>20)
	}
	sum := sha256.New()
	ready, err := hold(io.TeeReader(io.LimitReader(f, maxProgram+1), sum))
	if err != nil {
		return executable{}, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != p.digest {
		ready.close()
		return executable{}, fmt.Errorf("plugin %s: %w", p.path, errDigest)
	}
	return ready, nil
}

// secretsLine is what the program reads of the secrets: one line of JSON.
func secretsLine(secrets map[string]string) ([]byte, error) {
	b, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("hand secrets to plugin: %w", err)
	}
	if len(b) >= 60<<10 { // what fits into a pipe before anybody reads
		return nil, errors.New("hand secrets to plugin: they are larger than 60 KiB")
	}
	return append(b, '\n'), nil
}

// capped keeps the first bytes that are written and calls full when there are more.
type capped struct {
	kept bytes.Buffer
	most int
	full func()
}

// Write implements io.Writer.
func (c *capped) Write(b []byte) (int, error) {
	room := c.most - c.kept.Len()
	c.kept.Write(b[:min(room, len(b))])
	if len(b) > room && c.full != nil {
		c.full()
		c.full = nil
	}
	return len(b), nil
}

// inFolder copies a program into a folder that only we can write.
func inFolder(from io.Reader) (executable, error) {
	folder, err := os.MkdirTemp("", "firebreak-plugin-")
	if err != nil {
		return executable{}, fmt.Errorf("copy plugin: %w", err)
	}
	gone := func() { _ = os.RemoveAll(folder) } // a copy of what is there: nothing is lost
	path := folder + string(os.PathSeparator) + "plugin" + exeSuffix
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700) //nolint:gosec // it has to be run
	if err == nil {
		_, err = io.Copy(f, from)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		gone()
		return executable{}, fmt.Errorf("copy plugin: %w", err)
	}
	return executable{path: path, close: gone}, nil
}
