package response

import (
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"firebreak/store/keys"
)

// maxKeyFile bounds a file of public keys or identities.
const maxKeyFile = 1 << 20

// What a person gives to encrypt and to open with.
const (
	wantRecipient = "an age key (age1…), an ssh key (ssh-ed25519 …), or a file of such"
	wantIdentity  = "--identity FILE: the age identity or ssh private key of one of its recipients"
)

// recipients reads whom a file is encrypted to: keys, or files with one key a line.
func recipients(given []string) ([]keys.Recipient, error) {
	var out []keys.Recipient
	for _, text := range given {
		name := ""
		if !keys.IsRecipient(text) && !keys.IsIdentity(text) {
			b, err := readSmall(text)
			if err != nil {
				return nil, usage(wantRecipient, "recipient: %w", err)
			}
			name, text = text, string(b)
		}
		rs, err := keys.ParseRecipients(text)
		if err != nil && name != "" {
			err = fmt.Errorf("%s: %w", name, err)
		}
		if err != nil {
			return nil, usage(wantRecipient, "recipient: %w", err)
		}
		out = append(out, rs...)
	}
	return out, nil
}

// namesOf are the recipients' names in a record.
func namesOf(rs []keys.Recipient) []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.Name)
	}
	return out
}

// identities reads files of age identities or of an ssh private key.
func identities(files []string, ask keys.AskFunc) ([]age.Identity, error) {
	var out []age.Identity
	for _, name := range files {
		text, err := readSmall(name)
		if err != nil {
			return nil, usage(wantIdentity, "identity: %w", err)
		}
		ids, err := keys.ParseIdentities(name, text, ask)
		clear(text)
		if err != nil {
			return nil, keyError(fmt.Errorf("identity: %w", err))
		}
		out = append(out, ids...)
	}
	return out, nil
}

// keyError gives the hint to a sealed file that no key opens.
func keyError(err error) error {
	hint := wantIdentity
	if errors.Is(err, keys.ErrUnasked) {
		hint = "run it in a terminal to be asked, or open the file first: age -d -i"
	}
	var coded *Error // of asking
	if errors.As(err, &coded) {
		return err
	}
	return &Error{Code: CodeAuth, Hint: hint, Err: err}
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
