package forensics

import (
	"bytes"
	"slices"

	"firebreak/forensics/profiles"
)

// withholding decides which files are listed and not taken because they hold a
// secret. What a person names by its path is not asked of it.
type withholding struct{ kinds []profiles.Secret }

// newWithholding takes what the options ask for out of the kinds.
func newWithholding(o *Options) (withholding, error) {
	kinds, err := profiles.SecretsOf(o.Profiles)
	if err != nil {
		return withholding{}, err
	}
	return withholding{slices.DeleteFunc(slices.Clone(kinds), func(k profiles.Secret) bool {
		return k.Environment && o.Environment || !k.Environment && o.Secrets
	})}, nil
}

// why returns the refusal of a file that has one of these paths, or nil.
func (w *withholding) why(paths ...string) error {
	for i := range w.kinds {
		if k := &w.kinds[i]; slices.ContainsFunc(paths, k.Fits) {
			return refuseSecret(k.Holds, secretsFlag(*k))
		}
	}
	return nil
}

// secretsFlag is the flag of collect that asks for it.
func secretsFlag(k profiles.Secret) string {
	if k.Environment {
		return "--environment"
	}
	return "--secrets"
}

func refuseSecret(holds, flag string) error {
	return refuse("holds %s: listed, not taken unless %s or --file asks for it", holds, flag)
}

// begins returns the refusal of a file by its first bytes: a key may lie under
// any name. Programs and scripts are taken whatever they begin with.
func (w *withholding) begins(head []byte, mode uint32) error {
	if mode&0o111 != 0 || !slices.ContainsFunc(w.kinds, func(k profiles.Secret) bool { return !k.Environment }) {
		return nil
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n\ufeff"), []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	if bytes.HasPrefix(line, []byte("-----BEGIN ")) && bytes.HasSuffix(line, []byte("PRIVATE KEY-----")) ||
		bytes.HasPrefix(line, []byte("PuTTY-User-Key-File-")) || bytes.HasPrefix(line, []byte("AGE-SECRET-KEY-")) {
		return refuseSecret("a private key", "--secrets")
	}
	return nil
}

// maxKey is how large a file may be that is a private key.
const maxKey = 64 << 10
