package response

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// maxKeyFile bounds a file of public keys or identities.
const maxKeyFile = 1 << 20

// ageRecipients reads whom a bundle is encrypted to: keys, or files with one
// key a line. The names are the keys, for the record.
func ageRecipients(given []string) (out []age.Recipient, names []string, err error) {
	for _, text := range given {
		lines := []string{text}
		if !strings.HasPrefix(text, "age1") && !strings.HasPrefix(text, "ssh-") {
			b, err := readSmall(text)
			if err != nil {
				return nil, nil, usage("an age key (age1…), an ssh key (ssh-ed25519 …), or a file of such", "recipient: %w", err)
			}
			lines = strings.Split(string(b), "\n")
		}
		n := len(out)
		for _, line := range lines {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			r, err := ageRecipient(line)
			if err != nil {
				return nil, nil, usage("an age key (age1…), an ssh key (ssh-ed25519 …), or a file of such", "recipient: %w", err)
			}
			out, names = append(out, r), append(names, line)
		}
		if len(out) == n {
			return nil, nil, usage("an age key (age1…), an ssh key (ssh-ed25519 …), or a file of such", "recipient %.80s: there is no key in it", text)
		}
	}
	return out, names, nil
}

func ageRecipient(line string) (age.Recipient, error) {
	if strings.HasPrefix(line, "ssh-") {
		return agessh.ParseRecipient(line)
	}
	rs, err := age.ParseRecipients(strings.NewReader(line))
	if err != nil || len(rs) != 1 {
		return nil, errors.New("not a public key of age or ssh") // not repeated: it could be the secret one
	}
	return rs[0], nil
}

// ageIdentities reads a file of age identities or an ssh private key.
func ageIdentities(path string) ([]age.Identity, error) {
	b, err := readSmall(path)
	if err != nil {
		return nil, usage("a file of age identities, or an ssh private key", "identity: %w", err)
	}
	if bytes.Contains(b, []byte("PRIVATE KEY")) {
		id, err := agessh.ParseIdentity(b)
		if err != nil { // not repeated: it is about a secret file
			return nil, fail(CodeAuth, "a key with a passphrase: open the bundle first with age -d -i "+path, "identity %s: not an ssh key that can be used without a passphrase", path)
		}
		return []age.Identity{id}, nil
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, fail(CodeAuth, "age-keygen makes one", "identity %s: there is no age identity in it", path)
	}
	return ids, nil
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("%s: more than %d bytes", path, maxKeyFile)
	}
	return b, nil
}
