package response

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"

	"firebreak/store/archive"
)

// BackupKeys says with which keys an archive is closed and opened.
type BackupKeys struct {
	// Recipients are age1… or ssh public keys, or files of them.
	Recipients []string
	// Identities are files: of age identities, or an ssh private key.
	Identities []string
	// Passphrase closes the archive with a passphrase.
	Passphrase bool
	// Ask asks the person for a secret, twice where a slip would lock it away.
	Ask func(question string, twice bool) (string, error)
}

// writeKeys are the keys of one archive that is written.
type writeKeys struct {
	recipients []archive.Recipient
	extra      age.Recipient // for the test alone
	test       []age.Identity
	tested     string
	notes      []string
}

func (k writeKeys) all() []age.Recipient {
	var out []age.Recipient
	for _, r := range k.recipients {
		out = append(out, r.Recipient)
	}
	if k.extra != nil {
		out = append(out, k.extra)
	}
	return out
}

func (k writeKeys) names() []string {
	out := []string{}
	for _, r := range k.recipients {
		out = append(out, r.Name)
	}
	return out
}

// toWrite finds the recipients, and a key to test the archive with.
func (b BackupKeys) toWrite(s *Service, plain bool) (k writeKeys, err error) {
	if plain {
		if len(b.Recipients) > 0 || b.Passphrase {
			return k, usage("", "--plain goes without recipients and passphrase")
		}
		k.tested = testedPlain
		k.notes = []string{"the backup is NOT encrypted: whoever has the file reads everything in it"}
		return k, nil
	}
	if b.Passphrase {
		return b.withPassphrase()
	}
	for _, text := range b.Recipients {
		rs, err := recipients(text)
		if err != nil {
			return k, err
		}
		k.recipients = append(k.recipients, rs...)
	}
	if len(k.recipients) == 0 {
		if k.recipients, err = s.ownRecipients(); err != nil {
			return k, err
		}
		if len(k.recipients) == 0 {
			return k, refused("--recipient age1… (age-keygen makes one), --recipient ~/.ssh/id_ed25519.pub, or --passphrase; --plain writes it for everybody to read",
				"back up: this workspace has no key of its own to encrypt to")
		}
		k.notes = []string{s.ownNote()}
		if len(b.Identities) == 0 {
			k.test, err = s.ownIdentities()
			k.tested = testedWithOwn
			return k, err
		}
	}
	if k.test, err = b.identities(); err != nil {
		return k, err
	}
	if len(k.test) > 0 {
		k.tested = testedWithOwn
		return k, nil
	}
	var id age.Identity
	if k.extra, id, err = archive.TestKey(k.recipients); err != nil {
		return k, fmt.Errorf("make a key for the test: %w", err)
	}
	k.test, k.tested = []age.Identity{id}, testedWithTest
	return k, nil
}

func (b BackupKeys) withPassphrase() (k writeKeys, err error) {
	if len(b.Recipients) > 0 {
		return k, usage("an age file has one passphrase or any number of recipients", "--passphrase and --recipient exclude each other")
	}
	secret, err := b.ask("Passphrase for the backup: ", true)
	if err != nil {
		return k, err
	}
	r, err := archive.Passphrase(secret)
	if err != nil {
		return k, usage("", "passphrase: %w", err)
	}
	id, err := archive.PassphraseIdentity(secret)
	if err != nil {
		return k, err
	}
	return writeKeys{recipients: []archive.Recipient{r}, test: []age.Identity{id}, tested: testedWithOwn}, nil
}

func (b BackupKeys) ask(question string, twice bool) (string, error) {
	if b.Ask == nil {
		return "", usage("run it in a terminal, or use --recipient and --identity", "nobody is there to ask for a passphrase")
	}
	return b.Ask(question, twice)
}

// recipients reads a key, or the file of that name.
func recipients(text string) ([]archive.Recipient, error) {
	content := text
	if !strings.HasPrefix(text, "age1") && !strings.HasPrefix(text, "ssh-") {
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
			return nil, usage("give the public key, age1…, which age-keygen -y prints", "recipient: that is a secret key") // not repeated
		}
		b, err := os.ReadFile(text)
		if err != nil {
			return nil, usage("--recipient age1…, an ssh public key, or a file of them", "recipient: %w", err)
		}
		content = string(b)
	}
	rs, err := archive.ParseRecipients(content)
	if err != nil {
		return nil, usage("--recipient age1…, an ssh public key, or a file of them", "recipient: %w", err)
	}
	return rs, nil
}

// identities reads the identity files.
func (b BackupKeys) identities() ([]age.Identity, error) {
	var out []age.Identity
	for _, name := range b.Identities {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, usage("--identity FILE, with an age identity or an ssh private key", "identity: %w", err)
		}
		ids, err := archive.ParseIdentities(text, func() (string, error) { return b.ask("Passphrase for "+name+": ", false) })
		if errors.Is(err, archive.ErrLocked) {
			return nil, &Error{Code: CodeAuth, Err: fmt.Errorf("identity %s: %w", name, err)}
		}
		if err != nil {
			return nil, usage("--identity FILE, with an age identity or an ssh private key", "identity %s: %w", name, err)
		}
		out = append(out, ids...)
	}
	return out, nil
}

// toRead are the keys that may open an archive: the ones named, this
// workspace's own, and a passphrase where the archive has one.
func (b BackupKeys) toRead(o Options, passphrase bool) ([]age.Identity, error) {
	if passphrase {
		secret, err := b.ask("Passphrase of the backup: ", false)
		if err != nil {
			return nil, err
		}
		id, err := archive.PassphraseIdentity(secret)
		if err != nil {
			return nil, usage("", "passphrase: %w", err)
		}
		return []age.Identity{id}, nil
	}
	out, err := b.identities()
	if err != nil || len(out) > 0 {
		return out, err
	}
	v, err := unlock(o)
	if err != nil {
		return nil, err
	}
	return (&Service{o: o, vault: v}).ownIdentities()
}

// openError gives the archive's sentinels their codes and hints.
func openError(name string, err error) error {
	switch {
	case errors.Is(err, archive.ErrLocked):
		return &Error{Code: CodeAuth, Hint: "--identity FILE: the age identity or ssh private key of one of its recipients", Err: fmt.Errorf("open backup %s: %w", name, err)}
	case errors.Is(err, archive.ErrNewer):
		return refused("use the newer firebreak that wrote it", "open backup %s: %w", name, err)
	case errors.Is(err, archive.ErrDamaged):
		return &Error{Code: CodeIntegrity, Hint: "it ends before its list of contents: nothing can be restored from it; take another one", Err: fmt.Errorf("open backup %s: %w", name, err)}
	case errors.Is(err, archive.ErrFormat):
		return &Error{Code: CodeIntegrity, Err: fmt.Errorf("open backup %s: %w", name, err)}
	}
	return fmt.Errorf("open backup %s: %w", name, err)
}
