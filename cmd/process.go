package cmd

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"
)

// World is what the program takes from the process it runs in. Tests make their
// own; Process returns the real one.
type World struct {
	Args       []string // without the program's name
	In         io.Reader
	Out, Err   io.Writer
	Getenv     func(string) string
	Now        func() time.Time
	Monotonic  func() (ns int64, boot string)
	Rand       io.Reader
	User       func() string
	Host       func() (string, error)
	Executable func() (sha256 string, err error)
	IsTerminal bool // both In and Out are a terminal
	Context    func() (context.Context, context.CancelFunc)
	Reached    func(step string) // called between the steps of an erasure, for tests; nil otherwise
	Work       int               // as keys.Protection has it
	// SegmentRows is as response.Options has it.
	SegmentRows int
	// AskSecret asks at the terminal, without echo; nil where nobody is asked.
	AskSecret func(ctx context.Context, question string) ([]byte, error)
	// Harden closes the memory of the process before it holds keys; nil where
	// that is not wanted.
	Harden func() error
	// Again replaces the process by the program with other arguments; nil or
	// errors.ErrUnsupported where that cannot be.
	Again func(args []string) error
}

// Process is the real world.
func Process() World {
	return World{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, //nolint:forbidigo // the one place that takes the real streams
		Getenv: environment, Now: time.Now, Monotonic: monotonic, Rand: rand.Reader, //nolint:forbidigo // the one place that takes the real clock
		User: userName, Host: os.Hostname, Executable: sync.OnceValues(hashExecutable),
		IsTerminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())), //nolint:forbidigo // as above
		AskSecret:  askSecret, Harden: harden, Again: again,
		Context: func() (context.Context, context.CancelFunc) {
			return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		},
	}
}

// Exit ends the process.
func Exit(c Code) { os.Exit(int(c)) }

// environment is a variable of the process; Windows calls HOME otherwise.
func environment(name string) string {
	v := os.Getenv(name)
	if v == "" && name == "HOME" && runtime.GOOS == "windows" {
		return os.Getenv("USERPROFILE")
	}
	return v
}

func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

// hashExecutable is the SHA-256 of this program, as evidence records it.
func hashExecutable() (string, error) {
	f, err := os.Open("/proc/self/exe") // what runs, even when its file was replaced since
	if err != nil {
		path, err := os.Executable()
		if err != nil {
			return "", err
		}
		if f, err = os.Open(path); err != nil {
			return "", err
		}
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
