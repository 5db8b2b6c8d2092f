package ssh

import (
	"bytes"
	"context"
	"crypto/rand"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Errors of running a program on a host.
var (
	// ErrNoPlace says that no memory and no folder of the host can run a program.
	ErrNoPlace = errors.New("the host has no place to run a program from")
	// ErrSudo says that sudo does not let the account run it without a password.
	ErrSudo = errors.New("sudo does not allow it without a password")
	// ErrCut says that the connection ended before the program did.
	ErrCut = errors.New("the connection was cut")
	// ErrStart says that the host cannot start the program.
	ErrStart = errors.New("the host cannot start the program")
)

// Facts are what a host says of itself, by its own programs.
type Facts struct {
	System  string // Linux
	Machine string // x86_64
	UID     int
}

// Look asks a host what it is. It leaves nothing there.
func (c *Client) Look(ctx context.Context) (Facts, error) {
	var out, said capped
	if err := c.shell(ctx, `printf "firebreak:%s:%s:%s\n" "$(uname -s)" "$(uname -m)" "$(id -u)"`, nil, &out, &said); err != nil {
		return Facts{}, fmt.Errorf("look at %s: %w", c.Target, err)
	}
	for line := range strings.Lines(out.String()) { // a login may print other things
		part := strings.Split(strings.TrimSpace(line), ":")
		if len(part) == 4 && part[0] == "firebreak" {
			uid, err := strconv.Atoi(part[3])
			return Facts{System: part[1], Machine: part[2], UID: uid}, err
		}
	}
	return Facts{}, fmt.Errorf("look at %s: it has no POSIX shell, or no uname: it said %.200q", c.Target, out.String()+said.String())
}

// Program is a program that is brought to a host and run there, and of which
// nothing stays.
type Program struct {
	Content io.ReaderAt
	Size    int64
	Args    []string
	Sudo    bool
	Then    []byte // what it reads from its standard input, which it gets once it has written something
}

// What the scripts end with when the program was not started.
const (
	exitNoMemory = 95 // neither perl nor python3, or no memfd
	exitNoPlace  = 96 // no folder that can run a program
	exitShort    = 97 // the program did not arrive whole: no room, or the line was cut
	exitNoExec   = 98 // exec failed
)

// Run brings the program to the host, runs it and copies what it writes to out.
// The program stands in memory only (memfd_create, by perl or python3), or, where
// that cannot be, in a folder of its own, out of which it is removed before it
// starts. how says which. Its standard input gives p.Then and is open until ctx
// ends, and for ten more seconds it may end by itself.
// Errors: ErrNoPlace, ErrSudo, ErrStart, ErrCut.
func (c *Client) Run(ctx context.Context, p Program, out io.Writer) (how string, err error) {
	feeding, fed := context.WithCancel(ctx)
	defer fed()
	for _, way := range []struct {
		how    string
		script string
		memory bool
	}{{"from memory (memfd)", memory(p), true}, {"from a folder, out of which it was removed before it ran", folder(p), false}} {
		var said capped
		to := &noted{w: out, began: make(chan struct{})}
		// With a place of its own: what fed the way before may still read.
		in := io.Reader(io.NewSectionReader(p.Content, 0, p.Size))
		if len(p.Then) > 0 { // not before: who reads the program may read ahead
			in = io.MultiReader(in, &later{feeding, to.began, bytes.NewReader(p.Then)})
		}
		err = c.shell(ctx, way.script, in, to, &said)
		var code *ssh.ExitError
		switch text := lastWords(said.String()); {
		case err == nil:
			return way.how, nil
		case !errors.As(err, &code):
			return way.how, fmt.Errorf("run on %s: %w", c.Target, err)
		case to.any:
			return way.how, &Failed{Code: code.ExitStatus(), Said: text}
		case way.memory && (code.ExitStatus() == exitNoMemory || code.ExitStatus() == exitNoExec || code.ExitStatus() == 126 || code.ExitStatus() == 127):
			err = fmt.Errorf("run on %s: %w: %s", c.Target, ErrNoPlace, text)
			continue
		case code.ExitStatus() == exitNoPlace:
			return way.how, fmt.Errorf("run on %s: %w: each folder is full, read-only or mounted noexec: %s", c.Target, ErrNoPlace, text)
		case code.ExitStatus() == exitShort:
			return way.how, fmt.Errorf("run on %s: %w: it did not arrive whole: %s", c.Target, ErrNoPlace, text)
		case p.Sudo && strings.Contains(text, "sudo"):
			return way.how, fmt.Errorf("run on %s: %w: %s", c.Target, ErrSudo, text)
		case code.ExitStatus() == 126 || code.ExitStatus() == 127 || code.ExitStatus() == exitNoExec:
			return way.how, fmt.Errorf("run on %s: %w: %s", c.Target, ErrStart, text)
		default:
			return way.how, &Failed{Code: code.ExitStatus(), Said: text}
		}
	}
	return "", err
}

// lastWords are the end of what was said on the other stream: the files that a
// login shell reads there may say much before.
func lastWords(said string) string {
	const most = 300
	said = strings.TrimSpace(said)
	if len(said) > most {
		said = "…" + strings.ToValidUTF8(said[len(said)-most:], "")
	}
	return said
}

// Failed is the program's own failure: its exit status and what it said.
type Failed struct {
	Code int
	Said string
}

func (f *Failed) Error() string {
	return fmt.Sprintf("the program on the host ended with %d: %.500s", f.Code, f.Said)
}

// noted remembers whether anything was written.
type noted struct {
	w     io.Writer
	any   bool
	began chan struct{}
}

func (n *noted) Write(p []byte) (int, error) {
	if !n.any && len(p) > 0 {
		n.any = true
		close(n.began)
	}
	return n.w.Write(p)
}

// later reads once something has begun.
type later struct {
	ctx   context.Context //nolint:containedctx // of one stream
	began <-chan struct{}
	r     io.Reader
}

func (l *later) Read(p []byte) (int, error) {
	select {
	case <-l.began:
		return l.r.Read(p)
	case <-l.ctx.Done():
		return 0, io.EOF
	}
}

// shell runs a script, one line of a POSIX shell, whatever the login shell is.
// After in its input stays open until the script or ctx ends.
func (c *Client) shell(ctx context.Context, script string, in io.Reader, out, said io.Writer) error {
	s, err := c.NewSession()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	defer s.Close() //nolint:errcheck // it is over
	s.Stdout, s.Stderr = out, said
	to, err := s.StdinPipe()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	if err := s.Start("exec /bin/sh -c " + quote(script)); err != nil {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	if in == nil {
		_ = to.Close() // the session says when it is broken
	}
	ended, fed := make(chan error, 1), make(chan struct{})
	go func() { ended <- s.Wait() }()
	go func() {
		defer close(fed)
		if in != nil {
			_, _ = io.Copy(to, until{ctx, in}) // the script says when it did not get everything
		}
	}()
	select {
	case err = <-ended:
	case <-ctx.Done():
		var over bool
		if err, over = windUp(s, to, ended, fed); !over {
			_ = c.Client.Close()
			return context.Cause(ctx)
		}
	}
	var code *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &code) && code.Signal() == "":
		return err //nolint:wrapcheck // the caller looks at its status
	}
	return fmt.Errorf("%w: %w", ErrCut, err)
}

// until reads while ctx lasts.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, io.EOF
	}
	return u.r.Read(p)
}

// windUp has what runs there end by itself: at the end of its input, or, where it
// does not take that any more, without its session. The input may only be closed
// when nobody writes to it.
func windUp(s *ssh.Session, to io.Closer, ended <-chan error, fed <-chan struct{}) (err error, over bool) { //nolint:revive // the error is the session's
	const patience = 10 * time.Second
	end := time.After(patience)
	stuck := time.After(patience / 5)
	for {
		select {
		case err = <-ended:
			return err, true
		case <-fed:
			_ = to.Close() // as above
			fed, stuck = nil, nil
		case <-stuck:
			_ = s.Close() // as above
			stuck = nil
		case <-end:
			return nil, false
		}
	}
}

// quote makes one word of a text for any login shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = quote(a)
	}
	return strings.Join(out, " ")
}

// MFD_EXEC is needed where vm.memfd_noexec is set, and not known to kernels before 6.3.
const (
	inPerl = `$^F=255;my($n,$s)=(shift,shift);my %%c=("x86_64",319,"aarch64",279,"riscv64",279);my $m=` + "`uname -m`" + `;chomp $m;exit 95 unless $c{$m};my $t="firebreak";` +
		`my $f=syscall($c{$m},$t,16);$f=syscall($c{$m},$t,0) if $f<0;exit 95 if $f<0;open(my $o,">&=",$f) or exit 95;my $l=%[1]d;` +
		`while($l>0){my $r=sysread(STDIN,my $b,$l>1048576?1048576:$l);exit 97 unless $r;$l-=$r;my $w=0;while($w<$r){my $k=syswrite($o,$b,$r-$w,$w);exit 97 unless $k;$w+=$k}}` +
		`if($s){my $e=system("sudo","-n","--","/proc/$$/fd/$f",@ARGV);exit($e>>8||($e?98:0))}exec {"/proc/self/fd/$f"} $n,@ARGV;print STDERR "exec: $!";exit 98`
	inPython = `exec("import os,sys\ntry:\n try: f=os.memfd_create(\"firebreak\",16)\n except OSError: f=os.memfd_create(\"firebreak\",0)\nexcept Exception: sys.exit(95)\nl=%[1]d\n` +
		`while l>0:\n b=os.read(0,min(l,1048576))\n if not b: sys.exit(97)\n l-=len(b)\n while b: b=b[os.write(f,b):]\n` +
		`if sys.argv[2]==\"1\":\n sys.exit(os.spawnvp(os.P_WAIT,\"sudo\",[\"sudo\",\"-n\",\"--\",\"/proc/%%d/fd/%%d\"%%(os.getpid(),f)]+sys.argv[3:]))\n` +
		`os.set_inheritable(f,True)\ntry: os.execv(\"/proc/self/fd/%%d\"%%f,[sys.argv[1]]+sys.argv[3:])\nexcept OSError as e: print(e,file=sys.stderr); sys.exit(98)")`
)

func sudoWord(p Program) string {
	if p.Sudo {
		return "1"
	}
	return "0"
}

// sudoThere ends a script where sudo is asked for and not installed.
func (p Program) sudoThere() string {
	if !p.Sudo {
		return ""
	}
	return `command -v sudo >/dev/null 2>&1 || { echo sudo is not installed >&2; exit 94; }; `
}

// memory is the script that runs the program from memory. What is called python3
// may be a wrapper that does not run there, and Red Hat's own python is elsewhere.
func memory(p Program) string {
	args := "firebreak " + sudoWord(p) + " " + quoted(p.Args)
	return p.sudoThere() + `if command -v perl >/dev/null 2>&1; then exec perl -e ` + quote(fmt.Sprintf(inPerl, p.Size)) + ` -- ` + args +
		`; fi; for p in python3 /usr/libexec/platform-python; do if "$p" -I -c "import os; os.memfd_create" </dev/null >/dev/null 2>&1; then exec "$p" -I -B -c ` + quote(fmt.Sprintf(inPython, p.Size)) + ` ` + args +
		`; fi; done; echo neither perl nor a python3 that runs >&2; exit 95`
}

// folder is the script that runs it from a folder, the first that can.
func folder(p Program) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	name := ".firebreak-" + hex.EncodeToString(random[:])
	run := `exec /proc/self/fd/3 `
	if p.Sudo {
		run = `sudo -n -- /proc/$$/fd/3 `
	}
	return p.sudoThere() + `umask 077; t=; for d in /dev/shm "$XDG_RUNTIME_DIR" /tmp /var/tmp "$HOME"; do ` +
		`if [ -n "$d" ] && [ -d "$d" ] && mkdir "$d/` + name + `" 2>/dev/null; then t="$d/` + name + `"; trap "rm -rf \"$t\"" EXIT; trap "exit 97" HUP INT TERM PIPE; ` +
		`if { printf "#!/bin/sh\nexit 0\n" >"$t/p"; } 2>/dev/null && chmod 700 "$t/p" && "$t/p" 2>/dev/null && head -c ` + strconv.FormatInt(p.Size, 10) + ` /dev/zero 2>/dev/null >"$t/p"; then break; fi; ` +
		`rm -rf "$t"; t=; fi; done; if [ -z "$t" ]; then exit 96; fi; ` +
		`head -c ` + strconv.FormatInt(p.Size, 10) + ` >"$t/p" && [ "$(wc -c <"$t/p")" -eq ` + strconv.FormatInt(p.Size, 10) + ` ] || exit 97; ` +
		`exec 3<"$t/p" || exit 97; rm -rf "$t"; trap - EXIT HUP INT TERM PIPE; ` + run + quoted(p.Args)
}

// CheckBinary says whether a file is a program for that machine, as uname -m names
// it, and whether it stands alone, without shared libraries.
func CheckBinary(file, machine string) (alone bool, err error) {
	f, err := elf.Open(file)
	if err != nil {
		return false, fmt.Errorf("%s is no program for Linux: %w", file, err)
	}
	defer f.Close() //nolint:errcheck // read only
	names := map[string]elf.Machine{"x86_64": elf.EM_X86_64, "amd64": elf.EM_X86_64, "aarch64": elf.EM_AARCH64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV, "s390x": elf.EM_S390, "ppc64le": elf.EM_PPC64, "i686": elf.EM_386, "armv7l": elf.EM_ARM}
	if want, known := names[machine]; !known || want != f.Machine {
		return false, fmt.Errorf("the host is a %.40q, and %s is for %s", machine, file, strings.TrimPrefix(f.Machine.String(), "EM_"))
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false, nil
		}
	}
	return true, nil
}

// OpenBinary opens a program to be brought to a host.
func OpenBinary(file string) (*os.File, int64, error) {
	f, err := os.Open(file) //nolint:gosec // a person names it, or it is this program
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", file)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
