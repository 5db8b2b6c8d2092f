package response

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/internal/box"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store/keys"
)

// instanceKey is the key this workspace signs heads with, and the root of the
// keys derived from it.
type instanceKey struct {
	record.Key
	secret []byte
}

// loadInstanceKey reads keys/instance, or makes it on first use. Two processes
// that start at once end with the same key.
func loadInstanceKey(dir string, random io.Reader, v *vault) (instanceKey, error) {
	path := filepath.Join(dir, "instance")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeInstanceKey(path, random, v); err != nil {
			return instanceKey{}, fmt.Errorf("make instance key: %w", err)
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return instanceKey{}, fmt.Errorf("read instance key: %w", err)
	}
	if b, err = v.opened(b); err != nil {
		return instanceKey{}, &Error{Code: CodeIntegrity, Hint: "restore keys/instance from a backup: it was sealed for another workspace", Err: fmt.Errorf("read instance key %s: %w", path, err)}
	}
	k, err := record.ParseKey(string(b))
	if err != nil {
		return instanceKey{}, &Error{Code: CodeIntegrity, Hint: "restore it from a backup: heads cannot be signed without it", Err: fmt.Errorf("read instance key %s: %w", path, err)}
	}
	return instanceKey{k, b}, nil
}

// trustedKeys reads keys/trusted: the verifier keys of colleagues whose
// incidents this workspace goes on with, one a line; a # begins a comment. What
// is no key is left out and told in the error, so that a slip of the pen does
// not close the incidents.
func trustedKeys(dir string) ([]string, error) {
	path := filepath.Join(dir, "trusted")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read trusted keys: %w", err)
	}
	var keys []string
	var bad []error
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line, _, _ = strings.Cut(" "+strings.TrimSpace(line), " #")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if _, err := record.ParseKeys(line); err != nil {
			bad = append(bad, fmt.Errorf("%s, line %d: not a verifier key", path, n)) // not repeated: it could be a secret one
			continue
		}
		keys = append(keys, line)
	}
	return keys, errors.Join(bad...)
}

// trust are the keys of other workspaces that this one believes.
func (s *Service) trust() ([]string, error) { return trustedKeys(filepath.Join(s.o.Home, "keys")) }

func makeInstanceKey(path string, random io.Reader, v *vault) error {
	var suffix [4]byte
	if _, err := io.ReadFull(random, suffix[:]); err != nil {
		return err
	}
	key, secret, err := record.GenerateKey(random, "firebreak-"+hex.EncodeToString(suffix[:]))
	if err != nil {
		return err
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return nil // another process was first
	}
	if v != nil {
		return v.sealInstanceKey(path, secret, key.Public())
	}
	return durable.Replace(path, []byte(secret), 0o600)
}

// derive returns the key for one purpose.
func (k instanceKey) derive(purpose string) [32]byte {
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte(purpose))
	return [32]byte(m.Sum(nil))
}

// pseudonym is what stands in the clear in the record for a name: it is stable
// in this workspace and says nothing outside it.
func (k instanceKey) pseudonym(name string) string {
	key := k.derive("actor\x00" + name)
	return "p-" + base32.StdEncoding.EncodeToString(key[:5])
}

// evidenceKey is the file with the key that an incident's blobs are named with.
// It lies in the incident's folder, so that the folder can be handed on whole.
const evidenceKey = "evidence.key"

func makeEvidenceKey(dir string, random io.Reader, data *keys.DataKey) error {
	var key [32]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return fmt.Errorf("make evidence key: %w", err)
	}
	text := []byte(hex.EncodeToString(key[:]) + "\n")
	if data != nil {
		var err error
		if text, err = box.Seal(data.Subkey(keys.ForNames), evidenceKey, text, random); err != nil {
			return fmt.Errorf("make evidence key: %w", err)
		}
	}
	if err := durable.Replace(filepath.Join(dir, evidenceKey), text, 0o600); err != nil {
		return fmt.Errorf("make evidence key: %w", err)
	}
	return nil
}

// locker is where the incident's evidence is sealed; data is the incident's
// key, nil for a plain one.
func (s *Service) locker(id incident.ID, data *keys.DataKey) (*forensics.Locker, error) {
	text, err := os.ReadFile(filepath.Join(s.Dir(id), evidenceKey))
	if err == nil && data != nil {
		text, err = box.Open(data.Subkey(keys.ForNames), evidenceKey, text)
	}
	if err != nil {
		return nil, &Error{Code: CodeIntegrity, Hint: "restore it from a copy of the folder", Err: fmt.Errorf("open the evidence of %s: %w", id, err)}
	}
	key, err := parseEvidenceKey(text)
	if err != nil {
		return nil, &Error{Code: CodeIntegrity, Hint: "restore it from a copy of the folder", Err: fmt.Errorf("open the evidence of %s: %w", id, err)}
	}
	l := forensics.NewLocker(filepath.Join(s.Dir(id), "evidence"), key)
	l.Secret, l.Now = data.Subkey(keys.ForEvidence), s.o.Now
	return l, nil
}

func parseEvidenceKey(text []byte) ([32]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return [32]byte{}, errors.New(evidenceKey + " is no key")
	}
	return [32]byte(key), nil
}
