package config

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"firebreak/internal/lazyre"
)

// Reference says where a secret is to be found. It is no secret itself.
type Reference struct {
	scheme string // env, file, age, keyring or exec
	name   string // variable, path, or service
	member string // of an age file, or the user in a keyring; "" of an age file: all of it
	argv   []string
}

// IsZero says whether it refers to nothing.
func (r Reference) IsZero() bool { return r.scheme == "" }

// String is the reference as ParseReference reads it.
func (r Reference) String() string {
	switch {
	case r.scheme == "age" && r.member != "":
		return "age:" + r.name + "#" + r.member
	case r.scheme == "keyring":
		return "keyring:" + r.name + "/" + r.member
	case r.scheme != "exec":
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

var variableShape = lazyre.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseReference reads env:NAME, file:/path, file:~/path, age:/path,
// age:/path#member, keyring:service/user, exec:["program","arg"] or exec:program
// arg. No shell reads the last form: it is split at spaces, and quotes and the
// shell's special characters are refused. The error never repeats the text, which
// may be a secret put in the wrong place.
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
		if !rooted(rest) {
			return Reference{}, errors.New("file: wants a path that begins with / or ~/")
		}
		return Reference{scheme: scheme, name: rest}, nil
	case "age":
		path, member, named := strings.Cut(rest, "#")
		if !rooted(path) {
			return Reference{}, errors.New("age: wants a path that begins with / or ~/")
		}
		if named && member == "" {
			return Reference{}, errors.New("age: wants the name of a member behind #")
		}
		return Reference{scheme: scheme, name: path, member: member}, nil
	case "keyring":
		service, user, ok := strings.Cut(rest, "/")
		if !ok || service == "" || user == "" || strings.ContainsRune(rest, 0) {
			return Reference{}, errors.New("keyring: wants service/user")
		}
		return Reference{scheme: scheme, name: service, member: user}, nil
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

func rooted(path string) bool { return filepath.IsAbs(path) || strings.HasPrefix(path, "~/") }

// RunsProgram says whether a program of the reader's choice is run, or another
// program's secrets are asked for, to resolve it.
func (r Reference) RunsProgram() bool { return r.scheme == "exec" || r.scheme == "keyring" }

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
