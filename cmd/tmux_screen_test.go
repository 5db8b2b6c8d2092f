//go:build unix

package cmd_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"firebreak/internal/term"
)

// pane is a real terminal, kept by a tmux server of its own, that the program
// runs in.
type pane struct {
	*bench
	socket string
	files  string // where the wrapper leaves the exit status and the terminal's settings
	w, h   int
}

// patience is how long a screen may take. It only ends a test that hangs.
const patience = 4 * time.Minute

// wrapper runs the program between two looks at the terminal's settings, and
// keeps the pane open so that what the program left of it can be looked at.
const wrapper = `dir=$1; shift
stty -a >"$dir/before"
sh -c 'echo $$ >"$0/pid"; exec firebreak "$@" 2>"$0/stderr"' "$dir" "$@"
echo $? >"$dir/status.new"
stty -a >"$dir/after"
mv "$dir/status.new" "$dir/status"
exec sleep 600
`

// screen starts firebreak with those arguments in a terminal of 80 by 24.
func (b *bench) screen(args ...string) *pane {
	b.t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		b.t.Skip("needs the program tmux, which is not installed")
	}
	files, err := os.MkdirTemp("", "fb") // a socket's path has to be short
	if err != nil {
		b.t.Fatal(err)
	}
	p := &pane{bench: b, socket: filepath.Join(files, "tmux"), files: files, w: 80, h: 24}
	script := filepath.Join(files, "wrapper")
	if err := os.WriteFile(script, []byte(wrapper), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if out, err := p.try("kill-server"); err != nil {
			b.t.Errorf("end tmux: %v %s", err, out)
		}
		if err := os.RemoveAll(files); err != nil {
			b.t.Error(err)
		}
	})
	run := append([]string{
		"-f", "/dev/null", "start-server", ";", "set", "-g", "set-clipboard", "on", ";", "set", "-g", "allow-rename", "on", ";",
		"new-session", "-d", "-x", "80", "-y", "24", "--", "sh", script, files,
	}, args...)
	p.tmux(run...)
	return p
}

func (p *pane) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "tmux", append([]string{"-S", p.socket}, args...)...)
	c.Env, c.Dir = p.env, p.dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("tmux %s: %v %s", strings.Join(args, " "), err, out)
	}
	return out
}

// press sends keys by tmux's names of them.
func (p *pane) press(keys ...string) {
	p.t.Helper()
	p.tmux(append([]string{"send-keys"}, keys...)...)
}

// text types a text.
func (p *pane) text(s string) {
	p.t.Helper()
	p.tmux("send-keys", "-l", s)
}

// look returns the rows of the screen. A row that was too long for the
// terminal comes back in one piece, and so is seen to be too long.
func (p *pane) look() []string {
	p.t.Helper()
	return strings.Split(strings.TrimSuffix(p.tmux("capture-pane", "-p", "-J"), "\n"), "\n")
}

// until polls the screen until ok accepts it, and returns it.
func (p *pane) until(what string, ok func(rows []string) bool) []string {
	p.t.Helper()
	var rows []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if rows = p.look(); ok(rows) {
			return rows
		}
	}
	stderr, _ := os.ReadFile(filepath.Join(p.files, "stderr")) // only adds to the message
	p.t.Fatalf("%s did not come; the screen:\n%s\n%s", what, strings.Join(rows, "\n"), stderr)
	return nil
}

// sees waits until all of the texts are on the screen at once.
func (p *pane) sees(texts ...string) []string {
	p.t.Helper()
	return p.until(fmt.Sprintf("%q", texts), func(rows []string) bool {
		for _, s := range texts {
			if !shows(rows, s) {
				return false
			}
		}
		return true
	})
}

// gone waits until a text is no longer on the screen.
func (p *pane) gone(text string) []string {
	p.t.Helper()
	return p.until("the end of "+strconv.Quote(text), func(rows []string) bool { return !shows(rows, text) })
}

// chosen waits until the cursor is on the row that holds the text.
func (p *pane) chosen(text string) {
	p.t.Helper()
	p.until("the cursor on "+strconv.Quote(text), func(rows []string) bool {
		for _, r := range rows {
			if strings.HasPrefix(r, ">") && strings.Contains(r, text) {
				return true
			}
		}
		return false
	})
}

func shows(rows []string, text string) bool {
	for _, r := range rows {
		if strings.Contains(r, text) {
			return true
		}
	}
	return false
}

// resize changes the terminal's size and waits until the screen is drawn for
// it: its first row holds first, its last row holds last.
func (p *pane) resize(w, h int, first, last string) []string {
	p.t.Helper()
	p.tmux("resize-window", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h))
	p.w, p.h = w, h
	rows := p.until(fmt.Sprintf("the screen at %dx%d", w, h), func(rows []string) bool {
		return len(rows) == h && strings.Contains(rows[0], first) && strings.Contains(rows[h-1], last)
	})
	p.clean(rows)
	return rows
}

// clean wants rows that fit the terminal and hold nothing but text.
func (p *pane) clean(rows []string) {
	p.t.Helper()
	for i, r := range rows {
		if n := term.Width(strings.TrimRight(r, " ")); n > p.w {
			p.t.Errorf("row %d of %dx%d is %d cells wide: %q", i, p.w, p.h, n, r)
		}
		if raw := rawControl(r); raw != "" {
			p.t.Errorf("row %d of %dx%d holds a control character: %q", i, p.w, p.h, raw)
		}
	}
}

// format asks tmux for a fact about the pane.
func (p *pane) format(f string) string {
	p.t.Helper()
	return strings.TrimSpace(p.tmux("display-message", "-p", f))
}

// ends waits for the end of the program and wants that exit status, and a
// terminal as it was before.
func (p *pane) ends(status int) {
	p.t.Helper()
	p.until("the end of the program", func([]string) bool {
		_, err := os.Stat(filepath.Join(p.files, "status"))
		return err == nil
	})
	if got := p.file("status"); got != strconv.Itoa(status) {
		p.t.Errorf("the program ended with %s, want %d\n%s", got, status, p.file("stderr"))
	}
	if before, after := p.file("before"), p.file("after"); before != after {
		p.t.Errorf("the terminal's settings before:\n%s\nand after:\n%s", before, after)
	}
	const want = "alternate screen 0, cursor 1, mouse 0, keypad 0"
	if got := p.format("alternate screen #{alternate_on}, cursor #{cursor_flag}, mouse #{mouse_any_flag}, keypad #{keypad_flag}"); got != want {
		p.t.Errorf("the terminal was left with %s; want %s", got, want)
	}
	if stderr := p.file("stderr"); stderr != "" {
		p.t.Errorf("the program said: %s", stderr)
	}
}

func (p *pane) file(name string) string {
	p.t.Helper()
	b, err := os.ReadFile(filepath.Join(p.files, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// pid is the program's process.
func (p *pane) pid() int {
	p.t.Helper()
	n, err := strconv.Atoi(p.file("pid"))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}
