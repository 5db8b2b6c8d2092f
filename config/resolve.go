package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"firebreak/internal/redact"
)

const maxSecret = 64 << 10

// Env is the part of the world that references point into. Outside tests it is
// os.LookupEnv, OpenFile, Run, the keyring of the system and the age keys of the
// person. What is nil is not there.
type Env struct {
	Lookup func(name string) (string, bool)
	Open   func(path string) (fs.File, error)
	// Exec runs a program with that standard input and returns what it wrote, each
	// stream capped.
	Exec func(ctx context.Context, argv []string, stdin []byte) (stdout, stderr []byte, err error)
	// Keyring asks the keyring of the system.
	Keyring func(ctx context.Context, service, user string) (string, error)
	// Decrypt opens an age file with what the person has.
	Decrypt func(ctx context.Context, sealed []byte) ([]byte, error)
	Now     func() time.Time
	Held    *Held        // what helpers said may be kept; nil keeps nothing
	Sink    *redact.Sink // learns what is fetched; may be nil
}

// Need says what a secret is for. A helper is told.
type Need struct {
	Connection string // "" for what no connection needs
	Field      string // the connection's setting: token, routing_key
}

// Resolve fetches the secret that r points to. An empty value is an error, as
// is a file that others may read. Errors name the reference, never the value.
func (e Env) Resolve(ctx context.Context, r Reference) (Secret, error) {
	return e.ResolveFor(ctx, r, Need{})
}

// ResolveFor is Resolve where it is known what the secret is for.
func (e Env) ResolveFor(ctx context.Context, r Reference, n Need) (Secret, error) {
	if r.IsZero() {
		return Secret{}, errors.New("resolve secret: no reference is configured")
	}
	value, err := e.fetch(ctx, r, n)
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return Secret{}, fmt.Errorf("resolve secret %s: %w", r.brief(), err)
	}
	e.Sink.Learn(value)
	return NewSecret(value), nil
}

func (e Env) fetch(ctx context.Context, r Reference, n Need) (string, error) {
	switch r.scheme {
	case "env":
		value, ok := e.Lookup(r.name)
		if !ok {
			return "", errors.New("the variable is not set")
		}
		return value, nil
	case "file":
		b, err := e.read(r.name, othersAny)
		return line(b), err
	case "age":
		return e.sealed(ctx, r)
	case "keyring":
		if e.Keyring == nil {
			return "", errors.New("there is no keyring here")
		}
		return e.Keyring(ctx, r.name, r.member)
	}
	return e.exec(ctx, r.argv, n)
}

// brief is the reference without a program's arguments.
func (r Reference) brief() string {
	if r.scheme == "exec" {
		return "exec:" + r.argv[0]
	}
	return r.String()
}

// read reads a small file whose mode must have none of the bits.
func (e Env) read(path string, forbidden fs.FileMode) ([]byte, error) {
	path, err := e.locate(path)
	if err != nil {
		return nil, err
	}
	f, err := e.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()       //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat() // of what was opened: the name may point elsewhere by now
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Mode().Perm()&forbidden != 0:
		return nil, fmt.Errorf("others may read or write it (mode %04o); run: chmod 600 %s", info.Mode().Perm(), path)
	case info.Size() > maxSecret:
		return nil, errors.New("larger than 64 KiB")
	}
	return io.ReadAll(io.LimitReader(f, maxSecret))
}

// sealed reads an age file, which others may read but not write, and a member of
// the JSON object in it.
func (e Env) sealed(ctx context.Context, r Reference) (string, error) {
	if e.Decrypt == nil {
		return "", errors.New("no age file is opened here")
	}
	b, err := e.read(r.name, othersWrite)
	if err != nil {
		return "", err
	}
	plain, err := e.Decrypt(ctx, b)
	if err != nil {
		return "", err
	}
	defer clear(plain)
	if r.member == "" {
		return line(plain), nil
	}
	var members map[string]json.RawMessage
	var value string
	if json.Unmarshal(plain, &members) != nil { // its error would show a part of the text
		return "", errors.New("what is in it is no JSON object, so it has no member " + r.member)
	}
	raw, ok := members[r.member]
	if !ok {
		return "", errors.New("it has no member " + r.member)
	}
	if json.Unmarshal(raw, &value) != nil {
		return "", errors.New("its member " + r.member + " is no text")
	}
	return value, nil
}

// line drops the one line end that editors and programs add.
func line(b []byte) string {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return string(bytes.TrimSuffix(b, []byte("\r")))
}
