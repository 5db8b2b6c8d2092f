package response

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"firebreak/internal/durable"
	"firebreak/playbooks"
	"firebreak/playbooks/pack"
)

// packsFile holds who accepted which pack, a line of JSON each; the last line
// of a pack counts.
const packsFile = "trust/packs"

// PackConsent is a person's word that a pack may do what it asks for.
type PackConsent struct {
	Pack         string                 `json:"pack"`
	Version      string                 `json:"version,omitempty"`
	Digest       string                 `json:"digest,omitempty"` // of the manifest that was shown
	Signer       string                 `json:"signer,omitempty"`
	Key          string                 `json:"key,omitempty"`
	Capabilities playbooks.Capabilities `json:"capabilities,omitzero"`
	By           string                 `json:"by"`
	At           time.Time              `json:"at"`
	Withdrawn    bool                   `json:"withdrawn,omitempty"`
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// consents are those that hold, by pack.
func (s *Service) consents() (map[string]PackConsent, error) {
	path := filepath.Join(s.o.Home, filepath.FromSlash(packsFile))
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what packs were accepted: %w", err)
	}
	out := map[string]PackConsent{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		var c PackConsent
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fail(CodeIntegrity, "mend or remove the line; the pack then has to be accepted again", "%s:%d: %w", path, n, err)
		}
		if c.Withdrawn {
			delete(out, c.Pack)
			continue
		}
		out[c.Pack] = c
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}

// AcceptPack lets the playbooks of a pack run. digest is that of the manifest
// the person was shown: what came in its place meanwhile is not accepted.
func (s *Session) AcceptPack(idOrFolder, digest string) (*Pack, error) {
	p, err := s.s.Pack(idOrFolder)
	if err != nil {
		return nil, err
	}
	switch p.State {
	case PackAccepted:
		return p, nil
	case PackNew, PackMore, PackOther:
	case PackUnsigned, PackStranger, PackChanged:
		return nil, p.mayRun(p.ID)
	}
	if p.Digest != digest {
		return nil, refused("look at it again", "pack %s has changed since it was shown", p.ID)
	}
	err = s.s.keepConsent(PackConsent{
		Pack: p.ID, Version: p.Version, Digest: p.Digest, Signer: p.Signer, Key: p.Key, Capabilities: p.Capabilities,
		By: s.by.Name, At: s.s.o.Now().UTC(),
	})
	if err != nil {
		return nil, err
	}
	return s.s.Pack(idOrFolder)
}

// WithdrawPack takes back what AcceptPack gave.
func (s *Session) WithdrawPack(id string) error {
	have, err := s.s.consents()
	if err != nil {
		return err
	}
	if _, ok := have[id]; !ok {
		return notFound("firebreak playbook pack list", "pack %q: nobody has accepted it", id)
	}
	return s.s.keepConsent(PackConsent{Pack: id, By: s.by.Name, At: s.s.o.Now().UTC(), Withdrawn: true})
}

func (s *Service) keepConsent(c PackConsent) error {
	path := filepath.Join(s.o.Home, filepath.FromSlash(packsFile))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep the consent: %w", unwritable(err))
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the consent: %w", err)
	}
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keep the consent: %w", err)
	}
	if err := durable.Replace(path, append(append(old, line...), '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the consent: %w", unwritable(err))
	}
	return nil
}

// MakePack writes the manifest of a folder and, where sign is set, the signature
// of the person beside it. An older manifest's id, name and owner stay where
// the head leaves them empty.
func (s *Session) MakePack(ctx context.Context, folder string, head pack.Head, sign bool) (*Pack, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("make pack: %w", err)
	}
	defer root.Close() //nolint:errcheck // it is written by name below
	old, _, err := pack.Read(root.FS())
	if err != nil && !errors.Is(err, pack.ErrNone) {
		return nil, usage("remove it, or mend it", "pack %s: %w", folder, err)
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{&head.ID, old.ID}, {&head.Version, old.Version}, {&head.Name, old.Name}, {&head.Owner, old.Owner}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	if head.ID == "" || head.Version == "" {
		return nil, usage("firebreak playbook pack sign "+folder+" --id ID --version 1.0.0", "make pack %s: it wants an id and a version", folder)
	}
	m, err := pack.Build(root.FS(), head)
	if err != nil {
		hint := "firebreak playbook pack sign FOLDER --id ID --version 1.0.0"
		var problems playbooks.Problems
		if errors.As(err, &problems) {
			hint = "firebreak playbook lint " + folder + " shows every problem"
		}
		return nil, usage(hint, "make pack %s: %w", folder, err)
	}
	text, err := m.Text()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it is
	}
	var armored string
	if sign {
		sig, err := s.Sign(ctx, pack.Namespace, string(text))
		if err != nil {
			return nil, fmt.Errorf("sign pack %s: %w", folder, err)
		}
		armored = sig.Armored
	}
	if err := durable.Replace(filepath.Join(folder, pack.File), text, 0o644); err != nil {
		return nil, fmt.Errorf("make pack: %w", err)
	}
	signature := filepath.Join(folder, pack.Signature)
	if !sign { // an older one would not hold
		if err := os.Remove(signature); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("make pack: %w", err)
		}
		return s.s.packIn(folder)
	}
	if err := durable.Replace(signature, []byte(armored), 0o644); err != nil {
		return nil, fmt.Errorf("make pack: %w", err)
	}
	return s.s.packIn(folder)
}
