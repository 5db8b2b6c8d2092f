package response

import (
	"errors"
	"fmt"

	"filippo.io/age"

	"firebreak/store/archive"
	"firebreak/store/keys"
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
	Ask func(question string, twice bool) ([]byte, error)
	// Work is for a new passphrase, as keys.Passphrase takes it.
	Work int
}

// writeKeys are the keys of one archive that is written.
type writeKeys struct {
	recipients []keys.Recipient
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
	if len(k.recipients) == 0 {
		return []string{}
	}
	return namesOf(k.recipients)
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
	if k.recipients, err = recipients(b.Recipients); err != nil {
		return k, err
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
	if k.extra, id, err = keys.TestKey(k.recipients); err != nil {
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
	defer clear(secret)
	r, err := keys.Passphrase(secret, b.Work)
	if err != nil {
		return k, usage("", "passphrase: %w", err)
	}
	id, err := keys.PassphraseIdentity(secret)
	if err != nil {
		return k, err
	}
	return writeKeys{recipients: []keys.Recipient{r}, test: []age.Identity{id}, tested: testedWithOwn}, nil
}

func (b BackupKeys) ask(question string, twice bool) ([]byte, error) {
	if b.Ask == nil {
		return nil, usage("run it in a terminal, or use --recipient and --identity", "nobody is there to ask for a passphrase")
	}
	return b.Ask(question, twice)
}

// identities reads the identity files.
func (b BackupKeys) identities() ([]age.Identity, error) {
	return identities(b.Identities, func(question string) ([]byte, error) { return b.ask(question, false) })
}

// toRead are the keys that may open an archive: the ones named, this
// workspace's own, and a passphrase where the archive has one.
func (b BackupKeys) toRead(o Options, passphrase bool) ([]age.Identity, error) {
	if passphrase {
		secret, err := b.ask("Passphrase of the backup: ", false)
		if err != nil {
			return nil, err
		}
		defer clear(secret)
		id, err := keys.PassphraseIdentity(secret)
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
	case errors.Is(err, keys.ErrKey), errors.Is(err, keys.ErrUnasked):
		return keyError(fmt.Errorf("open backup %s: %w", name, err))
	case errors.Is(err, archive.ErrNewer):
		return refused("use the newer firebreak that wrote it", "open backup %s: %w", name, err)
	case errors.Is(err, archive.ErrDamaged):
		return &Error{Code: CodeIntegrity, Hint: "it ends before its list of contents: nothing can be restored from it; take another one", Err: fmt.Errorf("open backup %s: %w", name, err)}
	case errors.Is(err, archive.ErrFormat):
		return &Error{Code: CodeIntegrity, Err: fmt.Errorf("open backup %s: %w", name, err)}
	}
	return fmt.Errorf("open backup %s: %w", name, err)
}
