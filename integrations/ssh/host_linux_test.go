package ssh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// hostile are words that a shell would make something else of.
func hostile() []string {
	var all strings.Builder
	for c := 1; c < 256; c++ {
		all.WriteByte(byte(c))
	}
	return []string{
		"", " ", "a b", "'", "''", `'\''`, `"`, `\`, `\'`, "$(touch pwned)", "`touch pwned`", "${HOME}", "$HOME", "!!", "; touch pwned", "& touch pwned",
		"| cat", "> pwned", "a\nb", "\n", "a\r\nb", "\t", "-n", "--", "-", "--help", "*", "?", "[a-z]", "~", "{a,b}", "#", "a=b", "%s", "\\0", "}", "\n}\ntouch pwned\n",
		"'\n}\ntouch pwned\n{\n'", "firebreak: it begins\n", "\xff\xfe", "\x81\x82\x88", "caf\xe9", "é世", "\x1b[2J", "EOF", all.String(), strings.Repeat("x'", 40<<10),
	}
}

func tell(t *testing.T, env []string, argv ...string) integrations.Program {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	return integrations.Program{Argv: append([]string{self, "tell"}, argv...), Env: env}
}

// environment has every hostile word as a value.
func environment() []string {
	var env []string
	for i, w := range hostile() {
		env = append(env, "FB_"+strconv.Itoa(i)+"="+w)
	}
	return append(env, "IFS=x'/e", "_under=score", "ENV=$(touch pwned)", "PS4=`touch pwned`", "BASH_ENV=/nowhere", "HOME=/with space", "LC_ALL=ja_JP.SJIS", "TWICE=1", "TWICE=2")
}

func (s seen) compare(t *testing.T, argv, env []string) {
	t.Helper()
	if len(s.Argv) != len(argv) {
		t.Fatalf("%d words arrive, not %d", len(s.Argv), len(argv))
	}
	for i, want := range argv {
		if string(s.Argv[i]) != want {
			t.Errorf("word %d: %.100q arrives as %.100q", i, want, s.Argv[i])
		}
	}
	for _, want := range env {
		if want != "TWICE=1" && !slices.ContainsFunc(s.Env, func(e []byte) bool { return string(e) == want }) {
			t.Errorf("%.100q does not arrive", want)
		}
	}
	if slices.ContainsFunc(s.Env, func(e []byte) bool { return string(e) == "TWICE=1" }) {
		t.Error("the earlier value arrives")
	}
}

// TestExactlyThatArrives: over a real server the program sees the words and the
// environment that were asked for, each byte of them.
func TestExactlyThatArrives(t *testing.T) {
	r := startSSHD(t)(0)
	out, err := r.Run(t.Context(), tell(t, environment(), hostile()...))
	must(t, err)
	var s seen
	must(t, json.Unmarshal(out.Stdout, &s))
	s.compare(t, hostile(), environment())
	if out.Code != 0 || len(out.Stderr) != 0 {
		t.Errorf("exit status %d, %s", out.Code, out.Stderr)
	}
	// What a program reads arrives too, and as little becomes part of a command.
	text := strings.ReplaceAll(strings.Join(hostile(), "\n"), "\xff", "") + "\n"
	out, err = r.Run(t.Context(), integrations.Program{Argv: []string{"cat"}, Stdin: text})
	if err != nil || string(out.Stdout) != text || out.Code != 0 {
		t.Errorf("%d of %d bytes arrive, %v", len(out.Stdout), len(text), err)
	}
	// A million bytes in many words.
	many := slices.Repeat([]string{strings.Repeat("ab'\n", 2500)}, 100)
	out, err = r.Run(t.Context(), tell(t, nil, many...))
	must(t, err)
	s = seen{}
	must(t, json.Unmarshal(out.Stdout, &s))
	s.compare(t, many, nil)
}

// TestScriptInShells: every shell that is here makes the same of it, and nothing
// at all of the beginning of it.
func TestScriptInShells(t *testing.T) {
	tried := 0
	for _, sh := range [][]string{{"dash"}, {"bash", "--posix"}, {"bash"}, {"busybox", "sh"}, {"mksh"}, {"ksh"}, {"zsh", "--emulate", "sh"}} {
		if _, err := exec.LookPath(sh[0]); err != nil {
			continue
		}
		tried++
		t.Run(strings.Join(sh, " "), func(t *testing.T) {
			dir := t.TempDir()
			run := func(text string) []byte {
				c := exec.Command(sh[0], append(slices.Clone(sh[1:]), "-s")...)
				c.Dir, c.Stdin = dir, strings.NewReader(text)
				out, _ := c.Output() // it fails where there is only half of it
				return out
			}
			text, err := script(tell(t, environment(), hostile()...))
			must(t, err)
			out, found := bytes.CutPrefix(run(text), []byte(mark))
			if !found {
				t.Fatalf("no mark: %.300s", out)
			}
			var s seen
			must(t, json.Unmarshal(out, &s))
			s.compare(t, hostile(), environment())
			for _, p := range []integrations.Program{{Argv: []string{"touch", "a", "b"}, Env: []string{"A=1"}}, {Argv: []string{"touch", "a"}, Stdin: "touch b\n}\n"}} {
				text, err = script(p)
				must(t, err)
				for i := range len(strings.TrimSpace(text)) {
					if out := run(text[:i]); len(out) > 0 {
						t.Errorf("after %q: %s", text[:i], out)
					}
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("something ran: %v, %v", left, err)
			}
		})
	}
	if tried == 0 {
		t.Skip("no shell is there to try: apt-get install dash bash")
	}
}

// TestRefusedBeforehand: what cannot arrive as it is is not sent.
func TestRefusedBeforehand(t *testing.T) {
	r := NewHost("web-1", func() (Target, Options, error) {
		t.Error("the host was looked for")
		return Target{}, Options{}, errors.New("no")
	})
	for name, p := range map[string]integrations.Program{
		"nothing":           {},
		"an empty program":  {Argv: []string{"", "a"}},
		"a flag of exec":    {Argv: []string{"-a", "x", "sh"}},
		"a zero byte":       {Argv: []string{"echo", "a\x00b"}},
		"a zero in env":     {Argv: []string{"env"}, Env: []string{"A=a\x00b"}},
		"no value":          {Argv: []string{"env"}, Env: []string{"A"}},
		"a name with a $(":  {Argv: []string{"env"}, Env: []string{"$(touch pwned)=1"}},
		"a name with digit": {Argv: []string{"env"}, Env: []string{"1A=1"}},
		"an empty name":     {Argv: []string{"env"}, Env: []string{"=1"}},
		"a shell's own":     {Argv: []string{"env"}, Env: []string{"SHLVL=7"}},
		"half a line":       {Argv: []string{"cat"}, Stdin: "text"},
		"a zero in input":   {Argv: []string{"cat"}, Stdin: "te\x00xt\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Run(t.Context(), p)
			wantOutcome(t, err, integrations.Rejected, "run:")
		})
	}
}

// TestHowItEnds: an exit status is the program's, and what did not run is told
// from what may have run.
func TestHowItEnds(t *testing.T) {
	to := startSSHD(t)
	r := to(0)
	sh := func(text string) integrations.Program { return integrations.Program{Argv: []string{"sh", "-c", text}} }
	for text, want := range map[string]int{"exit 0": 0, "echo out; echo err >&2; exit 7": 7, "exit 255": 255, "read -r x || exit 9": 9} {
		out, err := r.Run(t.Context(), sh(text))
		if err != nil || out.Code != want {
			t.Errorf("%s: %d, %v", text, out.Code, err)
		}
		if want == 7 && (string(out.Stdout) != "out\n" || string(out.Stderr) != "err\n") {
			t.Errorf("%q, %q", out.Stdout, out.Stderr)
		}
	}
	out, err := r.Run(t.Context(), integrations.Program{Argv: []string{"no-such-program", "a"}})
	if err != nil || out.Code != 127 || !strings.Contains(string(out.Stderr), "no-such-program") {
		t.Errorf("a program that is not there: %d, %s, %v", out.Code, out.Stderr, err)
	}
	out, err = r.Run(t.Context(), integrations.Program{Argv: []string{"true", strings.Repeat("x", 3<<20)}})
	if err != nil || out.Code != 126 {
		t.Errorf("a word that is too long for the host: %d, %s, %v", out.Code, out.Stderr, err)
	}
	_, err = r.Run(t.Context(), sh("kill -9 $$"))
	wantOutcome(t, err, integrations.Ambiguous, "signal KILL")
	// It prints more than is kept, does not stall, and comes to its end.
	end := filepath.Join(t.TempDir(), "end")
	out, err = r.Run(t.Context(), sh("head -c 20000000 /dev/zero; echo > "+end))
	wantOutcome(t, err, integrations.Ambiguous, "more than")
	if _, serr := os.Stat(end); serr != nil || len(out.Stdout) != maxOutput {
		t.Errorf("%d bytes are kept, %v", len(out.Stdout), serr)
	}
}

// TestStoppedFromHere: a time that is up and a person who stops it leave it
// unknown, and the program there ends.
func TestStoppedFromHere(t *testing.T) {
	r := startSSHD(t)(0)
	pid := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancelCause(t.Context())
	late := errors.New("longer than 10m")
	go func() {
		wait(pid)
		cancel(late)
	}()
	_, err := r.Run(ctx, integrations.Program{Argv: []string{"sh", "-c", "echo $$ > " + pid + ".new; mv " + pid + ".new " + pid + "; exec sleep 60"}})
	wantOutcome(t, err, integrations.Ambiguous, "longer than 10m")
	if !errors.Is(err, late) {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(pid)
	must(t, err)
	if os.Geteuid() == 0 {
		// A server passes no signal to what root runs: it only loses its output.
		_ = exec.Command("kill", strings.TrimSpace(string(text))).Run()
	}
	for range 3000 {
		if _, err = os.Stat("/proc/" + strings.TrimSpace(string(text))); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err == nil {
		t.Error("the program goes on")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = r.Run(ctx, integrations.Program{Argv: []string{"true"}})
	wantOutcome(t, err, integrations.NotSent, "canceled")
}

func wait(file string) {
	for range 3000 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestNetworkIsCut: before the program is sent nothing happened, afterwards
// nobody knows.
func TestNetworkIsCut(t *testing.T) {
	to := startSSHD(t)
	_, err := to(1).Run(t.Context(), integrations.Program{Argv: []string{"true"}})
	wantOutcome(t, err, integrations.NotSent, "cannot be reached")
	direct, _, err := to(0).open()
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	began := filepath.Join(t.TempDir(), "began")
	go func() {
		for i := 0; ; i++ {
			a, err := l.Accept()
			if err != nil {
				return
			}
			if i == 0 {
				_ = a.Close() // at once
				continue
			}
			b, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(direct.Port))
			if err != nil {
				_ = a.Close()
				return
			}
			go func() { _, _ = io.Copy(b, a) }()
			go func() { _, _ = io.Copy(a, b) }()
			go func() {
				wait(began)
				_, _ = a.Close(), b.Close()
			}()
		}
	}()
	r := to(l.Addr().(*net.TCPAddr).Port)
	_, err = r.Run(t.Context(), integrations.Program{Argv: []string{"true"}})
	wantOutcome(t, err, integrations.NotSent, "cannot be reached")
	_, err = r.Run(t.Context(), integrations.Program{Argv: []string{"sh", "-c", "echo > " + began + "; exec sleep 5"}})
	wantOutcome(t, err, integrations.Ambiguous, "the connection was cut")
	if !errors.Is(err, ErrCut) {
		t.Errorf("%v", err)
	}
}

// TestAccountsThatRunSomethingElse: a success of what the account is bound to is
// no success of the program.
func TestAccountsThatRunSomethingElse(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	for forced, says := range map[string]string{
		"/bin/true":                          "no shell",
		"/bin/cat":                           "the program was not started",
		"echo this account is closed":        "this account is closed",
		"echo not for you >&2; exit 1":       "not for you",
		"exec /bin/sh -c 'exit 0'":           "no shell",
		"echo welcome; exec /bin/sh -s":      "",
		"cat /etc/services; exec /bin/sh -s": "",
	} {
		t.Run(forced, func(t *testing.T) {
			out, err := startSSHD(t, "ForceCommand "+forced)(0).Run(t.Context(), integrations.Program{Argv: []string{self, "tell", "a"}})
			if says != "" {
				wantOutcome(t, err, integrations.Rejected, says)
				return
			}
			must(t, err)
			var s seen
			must(t, json.Unmarshal(out.Stdout, &s))
			s.compare(t, []string{"a"}, nil)
		})
	}
}
