package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"firebreak/internal/term"
)

const (
	maxSecret   = 64 << 10
	maxComplain = 4 << 10 // of what a failing program says
	execLimit   = 10 * time.Second
)

// Reference says where a secret is to be found. It is no secret itself.
type Reference struct {
	scheme string // env, file or exec
	name   string // variable or path
	argv   []string
}

// IsZero says whether it refers to nothing.
func (r Reference) IsZero() bool { return r.scheme == "" }

// String is the reference as ParseReference reads it.
func (r Reference) String() string {
	if r.scheme != "exec" {
		return r.scheme + ":" + r.name
	}
	b, err := json.Marshal(r.argv)
	if err != nil {
		return "exec:?"
	}
	return "exec:" + string(b)
}

// MarshalText writes the reference as String does.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

var variableShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseReference reads env:NAME, file:/path, file:~/path, exec:["program","arg"]
// or exec:program arg. No shell reads the last form: it is split at spaces, and
// quotes and the shell's special characters are refused. The error never
// repeats the text, which may be a secret put in the wrong place.
func ParseReference(s string) (Reference, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Reference{}, errors.New("not a reference")
	}
	switch scheme {
	case "env":
		if !variableShape.MatchString(rest) {
			return Reference{}, errors.New("env: wants the name of a variable")
		}
		return Reference{scheme: scheme, name: rest}, nil
	case "file":
		if !filepath.IsAbs(rest) && !strings.HasPrefix(rest, "~/") {
			return Reference{}, errors.New("file: wants a path that begins with / or ~/")
		}
		return Reference{scheme: scheme, name: rest}, nil
	case "exec":
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			var argv []string
			if err := json.Unmarshal([]byte(rest), &argv); err != nil {
				return Reference{}, errors.New("exec: the list is not a JSON list of texts")
			}
			return Exec(argv...)
		}
		if strings.ContainsAny(rest, "\"'`$|&;<>()*?\\\n") {
			return Reference{}, errors.New("exec: no shell is used; write a list, as in exec: [program, argument]")
		}
		return Exec(strings.Fields(rest)...)
	}
	return Reference{}, errors.New("not a reference")
}

// Exec is the reference to what a program prints.
func Exec(argv ...string) (Reference, error) {
	if len(argv) == 0 || argv[0] == "" {
		return Reference{}, errors.New("exec: wants a program")
	}
	for _, a := range argv {
		if strings.ContainsRune(a, 0) {
			return Reference{}, errors.New("exec: an argument holds a NUL")
		}
	}
	return Reference{scheme: "exec", argv: argv}, nil
}

// Env is the part of the world that references point into. Outside tests it is
// {os.LookupEnv, OpenFile, Run}.
type Env struct {
	Lookup func(name string) (string, bool)
	Open   func(path string) (fs.File, error)
	// Exec runs a program and returns what it wrote, each stream capped.
	Exec func(ctx context.Context, argv []string) (stdout, stderr []byte, err error)
}

// Resolve fetches the secret that r points to. An empty value is an error, as
// is a file that others may read. Errors name the reference, never the value.
func (e Env) Resolve(ctx context.Context, r Reference) (Secret, error) {
	var value string
	var err error
	switch r.scheme {
	case "env":
		var ok bool
		if value, ok = e.Lookup(r.name); !ok {
			err = errors.New("the variable is not set")
		}
	case "file":
		value, err = e.file(r.name)
	case "exec":
		value, err = e.exec(ctx, r.argv)
	default:
		return Secret{}, errors.New("resolve secret: no reference is configured")
	}
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return Secret{}, fmt.Errorf("resolve secret %s: %w", r.brief(), err)
	}
	return NewSecret(value), nil
}

// brief is the reference without a program's arguments.
func (r Reference) brief() string {
	if r.scheme == "exec" {
		return "exec:" + r.argv[0]
	}
	return r.String()
}

func (e Env) file(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, _ := e.Lookup("HOME")
		if !filepath.IsAbs(home) {
			return "", errors.New("HOME is not set")
		}
		path = filepath.Join(home, rest)
	}
	f, err := e.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()       //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat() // of what was opened: the name may point elsewhere by now
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("not a regular file")
	case info.Mode().Perm()&othersAny != 0:
		return "", fmt.Errorf("others may read or write it (mode %04o); run: chmod 600 %s", info.Mode().Perm(), path)
	case info.Size() > maxSecret:
		return "", errors.New("larger than 64 KiB")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", err
	}
	return line(b), nil
}

func (e Env) exec(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, execLimit)
	defer cancel()
	stdout, stderr, err := e.Exec(ctx, argv)
	if cause := ctx.Err(); cause != nil {
		return "", fmt.Errorf("no answer: %w", cause)
	}
	if err != nil {
		// The program may have printed the secret on either stream.
		said := Redact(string(stderr), NewSecret(line(stdout)))
		if said = term.Safe(strings.TrimSpace(said)); said != "" {
			return "", fmt.Errorf("%w: %s", err, term.Cut(said, 400))
		}
		return "", err
	}
	return line(stdout), nil
}

// line drops the one line end that editors and programs add.
func line(b []byte) string {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return string(bytes.TrimSuffix(b, []byte("\r")))
}
