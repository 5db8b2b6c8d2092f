package response

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"firebreak/config"
	"firebreak/record"
	"firebreak/record/sshsig"
)

// ErrNoSigningKey says that nothing is set up to sign with.
var ErrNoSigningKey = errors.New("there is no signing key")

const hintNoKey = "set signing_key in the configuration or give --key; or have your agent's key put on the roster: firebreak trust add NAME KEYFILE.pub (docs/signatures.md)"

// SigningKey is the key that a session signs with.
type SigningKey struct {
	Principal string          `json:"principal"`
	Key       string          `json:"key"` // fingerprint
	Type      string          `json:"type"`
	Strength  record.Strength `json:"strength"`
	Known     bool            `json:"known"` // the roster gives the key to the principal
}

// signer is a key at hand. sign asks it, which may wait for a touch.
type signer struct {
	SigningKey
	sign func(ctx context.Context, namespace, text string) (string, error)
}

// WithKey returns the session with another signing key than the
// configuration's: a path of a key file, or a fingerprint.
func (s *Session) WithKey(ref string) *Session {
	t := *s
	t.signWith = ref
	return &t
}

// SigningKey says what the session signs with. It is ErrNoSigningKey when
// nothing is set up, another error when what is set up cannot be had.
func (s *Session) SigningKey(ctx context.Context) (SigningKey, error) {
	k, err := s.signer(ctx, record.HeadNamespace)
	if err != nil {
		return SigningKey{}, err
	}
	return k.SigningKey, nil
}

// Sign signs the text as the person of the session, for that purpose. A key on
// a token waits to be touched; ending ctx stops the wait.
func (s *Session) Sign(ctx context.Context, namespace, text string) (*record.Signature, error) {
	k, err := s.signer(ctx, namespace)
	if err != nil {
		return nil, err
	}
	return k.over(ctx, namespace, text)
}

// over signs a text and makes the record's form of it.
func (k signer) over(ctx context.Context, namespace, text string) (*record.Signature, error) {
	armored, err := k.sign(ctx, namespace, text)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fail(CodeAuth, "is the key unlocked, the token plugged in and touched? ssh-add -l lists what your agent holds", "sign as %s: %w", k.Principal, err)
	}
	made, err := sshsig.Parse([]byte(armored))
	if err != nil {
		return nil, fmt.Errorf("sign as %s: %w", k.Principal, err)
	}
	return &record.Signature{
		Principal: k.Principal, Key: k.Key, Type: k.Type, Namespace: namespace, Text: text, Armored: armored, Strength: k.Strength, Verified: made.Verified(),
	}, nil
}

// signer finds the key: the one that was named, else the one key of the agent
// that the roster gives to this person.
func (s *Session) signer(ctx context.Context, namespace string) (signer, error) {
	roster, _ := s.s.Roster()
	ref := cmp.Or(s.signWith, s.s.o.Config.SigningKey)
	var k signer
	var public ssh.PublicKey
	var err error
	switch {
	case ref == "":
		public, err = s.onlyKey(ctx, roster, namespace)
		k = s.agentSigner(public)
	case strings.HasPrefix(ref, "SHA256:"):
		public, err = s.agentKey(ctx, ref)
		k = s.agentSigner(public)
	default:
		k, public, err = s.keyFile(ctx, ref)
	}
	if err != nil {
		return signer{}, err
	}
	k.Key, k.Type = ssh.FingerprintSHA256(public), public.Type()
	k.Strength = strengthOf(k.Type, k.Strength)
	k.Principal, k.Known, err = s.principal(roster, public, namespace)
	return k, err
}

// strengthOf is hardware for a key on a token, else what it is held by.
func strengthOf(keyType string, held record.Strength) record.Strength {
	if sshsig.IsHardware(keyType) {
		return record.Hardware
	}
	return held
}

// principal is the name that the key signs under.
func (s *Session) principal(roster sshsig.Roster, key ssh.PublicKey, namespace string) (name string, known bool, err error) {
	names := roster.Principals(key, namespace, s.s.o.Now())
	for _, n := range names {
		if record.SameName(n, s.by.Name) {
			return n, true, nil
		}
	}
	switch {
	case len(names) == 0 && !roster.Knows(key):
		return s.by.Name, false, nil
	case len(names) == 0:
		err := roster.Allows(key, s.by.Name, namespace, s.s.o.Now())
		if err == nil { // a pattern that fits the name
			return s.by.Name, true, nil
		}
		return "", false, refused("firebreak trust list shows the roster", "sign as %s: %w", s.by.Name, err)
	case len(names) > 1 || roster.Names(s.by.Name):
		return "", false, refused("--as NAME says who you are", "the roster gives this key to %s, and you act as %s", strings.Join(names, ", "), s.by.Name)
	}
	return names[0], true, nil
}

// onlyKey is the one key of the agent that the roster gives to this person.
func (s *Session) onlyKey(ctx context.Context, roster sshsig.Roster, namespace string) (ssh.PublicKey, error) {
	none := refused(hintNoKey, "sign as %s: %w", s.by.Name, ErrNoSigningKey)
	if len(roster.Lines) == 0 || s.s.o.Agent == nil {
		return nil, none
	}
	held, err := s.held(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, none // no agent is no mistake: nobody asked for one
	}
	var mine []ssh.PublicKey
	for _, k := range held {
		if slices.ContainsFunc(roster.Principals(k, namespace, s.s.o.Now()), func(n string) bool { return record.SameName(n, s.by.Name) }) {
			mine = append(mine, k)
		}
	}
	switch len(mine) {
	case 0:
		return nil, none
	case 1:
		return mine[0], nil
	}
	return nil, refused("name one: signing_key in the configuration, or --key", "sign as %s: your agent holds %d keys of yours: %w", s.by.Name, len(mine), ErrNoSigningKey)
}

// dial reaches the agent. What ends ctx ends the conversation, also one that
// waits for a token.
func (s *Session) dial(ctx context.Context) (agent.ExtendedAgent, func(), error) {
	const hint = "start it: eval $(ssh-agent), then ssh-add"
	if s.s.o.Agent == nil {
		return nil, nil, fail(CodeAuth, hint, "reach the ssh-agent: SSH_AUTH_SOCK is not set")
	}
	c, err := s.s.o.Agent(ctx)
	if err != nil {
		return nil, nil, fail(CodeAuth, hint, "reach the ssh-agent: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	return agent.NewClient(c), func() {
		stop()
		_ = c.Close() // nothing is written any more
	}, nil
}

// held lists the keys of the agent.
func (s *Session) held(ctx context.Context) ([]ssh.PublicKey, error) {
	a, done, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	keys, err := a.List()
	if err != nil {
		return nil, fail(CodeAuth, "", "ask the ssh-agent: %w", err)
	}
	var out []ssh.PublicKey
	for _, k := range keys {
		if p, err := ssh.ParsePublicKey(k.Blob); err == nil { // kinds that we do not know cannot sign for us
			out = append(out, p)
		}
	}
	return out, nil
}

// agentKey finds a key in the agent by its fingerprint.
func (s *Session) agentKey(ctx context.Context, fingerprint string) (ssh.PublicKey, error) {
	held, err := s.held(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range held {
		if ssh.FingerprintSHA256(k) == fingerprint {
			return k, nil
		}
	}
	return nil, fail(CodeAuth, "ssh-add KEYFILE puts it there; ssh-add -l lists what is there", "the signing key %.60s is not in the ssh-agent", fingerprint)
}

// agentSigner signs with a key of the agent.
func (s *Session) agentSigner(public ssh.PublicKey) signer {
	return signer{SigningKey: SigningKey{Strength: record.Agent}, sign: func(ctx context.Context, namespace, text string) (string, error) {
		a, done, err := s.dial(ctx)
		if err != nil {
			return "", err
		}
		defer done()
		signers, err := a.Signers()
		if err != nil {
			return "", fmt.Errorf("ask the ssh-agent: %w", err)
		}
		for _, k := range signers {
			if bytes.Equal(k.PublicKey().Marshal(), public.Marshal()) {
				return sshsig.Sign(k, s.s.o.Rand, namespace, []byte(text))
			}
		}
		return "", errors.New("the key is no longer in the ssh-agent")
	}}
}

// keyFile reads the key at a path: a public key is looked for in the agent, a
// private one signs by itself, after its passphrase where it has one.
func (s *Session) keyFile(ctx context.Context, path string) (signer, ssh.PublicKey, error) {
	b, private, err := readKeyFile(path)
	if err != nil {
		return signer{}, nil, err
	}
	if !private {
		public, _, err := publicKeyIn(b)
		if err != nil {
			return signer{}, nil, usage("", "signing key %s: %w", path, err)
		}
		if public, err = s.agentKey(ctx, ssh.FingerprintSHA256(public)); err != nil {
			return signer{}, nil, fmt.Errorf("signing key %s: %w", path, err)
		}
		return s.agentSigner(public), public, nil
	}
	key, err := ssh.ParsePrivateKey(b)
	var locked *ssh.PassphraseMissingError
	if err == nil {
		return s.fileSigner(func(context.Context) (ssh.Signer, error) { return key, nil }), key.PublicKey(), nil
	}
	errors.As(err, &locked)
	public := publicBeside(path, locked)
	if public != nil { // a token's handle, or locked: the agent may hold it
		if held, err := s.agentKey(ctx, ssh.FingerprintSHA256(public)); err == nil {
			return s.agentSigner(held), held, nil
		}
	}
	switch {
	case locked == nil && public != nil && sshsig.IsHardware(public.Type()):
		return signer{}, nil, fail(CodeAuth, "ssh-add "+path+" lets the agent talk to the token", "signing key %s: it is on a token, which only the ssh-agent can ask", path)
	case locked == nil || public == nil:
		return signer{}, nil, usage("", "signing key %s: not a private ssh key that can be read", path)
	case s.s.o.Passphrase == nil:
		return signer{}, nil, fail(CodeAuth, "ssh-add "+path+" unlocks it for your agent", "signing key %s: it is locked by a passphrase", path)
	}
	return s.fileSigner(func(ctx context.Context) (ssh.Signer, error) {
		secret, err := s.s.o.Passphrase(ctx, "Passphrase of "+path+": ")
		if err != nil {
			return nil, fmt.Errorf("ask for the passphrase: %w", err)
		}
		defer clear(secret)
		k, err := ssh.ParsePrivateKeyWithPassphrase(b, secret)
		if err != nil {
			return nil, errors.New("the passphrase does not open the key")
		}
		return k, nil
	}), public, nil
}

func (s *Session) fileSigner(open func(context.Context) (ssh.Signer, error)) signer {
	return signer{SigningKey: SigningKey{Strength: record.KeyFile}, sign: func(ctx context.Context, namespace, text string) (string, error) {
		k, err := open(ctx)
		if err != nil {
			return "", err
		}
		return sshsig.Sign(k, s.s.o.Rand, namespace, []byte(text))
	}}
}

// publicBeside is the public key of a private one that cannot be read: from
// the file itself, else from the .pub file.
func publicBeside(path string, locked *ssh.PassphraseMissingError) ssh.PublicKey {
	if locked != nil && locked.PublicKey != nil {
		return locked.PublicKey
	}
	b, _, err := readKeyFile(path + ".pub")
	if err != nil {
		return nil
	}
	k, _, err := publicKeyIn(b)
	if err != nil {
		return nil
	}
	return k
}

// readKeyFile reads a key file; private says what it holds. A private key that
// others may read is refused, as ssh does.
func readKeyFile(path string) (b []byte, private bool, err error) {
	const most = 64 << 10
	f, err := config.OpenFile(path)
	if err != nil {
		return nil, false, usage("", "signing key: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return nil, false, fmt.Errorf("signing key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, false, usage("", "signing key %s: not a key file", path)
	}
	if b, err = io.ReadAll(io.LimitReader(f, most)); err != nil {
		return nil, false, fmt.Errorf("signing key: %w", err)
	}
	private = bytes.Contains(b, []byte("PRIVATE KEY"))
	if private && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, false, refused("chmod 600 "+path, "signing key %s: others may read it (mode %04o)", path, info.Mode().Perm())
	}
	return b, private, nil
}
