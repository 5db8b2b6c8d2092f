package testkit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Token is a security key in software: it signs as PROTOCOL.u2f of OpenSSH
// says, with flags and a counter, and can be slow to be touched.
type Token struct {
	Key   ssh.PublicKey
	Flags byte          // 1 touched, 4 PIN or finger
	Touch chan struct{} // when not nil, a signature waits for it

	mu      sync.Mutex
	counter uint32
	digest  func(app, message [32]byte, flags byte, counter uint32) ([]byte, error)
	app     string
}

// NewToken makes a token with an Ed25519 or, for "ecdsa", a P-256 key.
func NewToken(t *testing.T, kind string, random io.Reader) *Token {
	t.Helper()
	const app = "ssh:firebreak"
	tok := &Token{Flags: 1, app: app}
	switch kind {
	case "ed25519":
		pub, private, err := ed25519.GenerateKey(random)
		if err != nil {
			t.Fatal(err)
		}
		tok.Key = publicKey(t, ssh.Marshal(struct {
			Type, Key, App string
		}{ssh.KeyAlgoSKED25519, string(pub), app}))
		tok.digest = func(app, message [32]byte, flags byte, counter uint32) ([]byte, error) {
			return ed25519.Sign(private, signedByToken(app, message, flags, counter)), nil
		}
	case "ecdsa":
		private, err := ecdsa.GenerateKey(elliptic.P256(), random)
		if err != nil {
			t.Fatal(err)
		}
		point, err := private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		tok.Key = publicKey(t, ssh.Marshal(struct {
			Type, Curve, Key, App string
		}{ssh.KeyAlgoSKECDSA256, "nistp256", string(point), app}))
		tok.digest = func(app, message [32]byte, flags byte, counter uint32) ([]byte, error) {
			sum := sha256.Sum256(signedByToken(app, message, flags, counter))
			r, s, err := ecdsa.Sign(random, private, sum[:])
			return ssh.Marshal(struct{ R, S *big.Int }{r, s}), err
		}
	default:
		t.Fatalf("no token of kind %s", kind)
	}
	return tok
}

func publicKey(t *testing.T, blob []byte) ssh.PublicKey {
	t.Helper()
	k, err := ssh.ParsePublicKey(blob)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signedByToken(app, message [32]byte, flags byte, counter uint32) []byte {
	b := append(app[:], flags)
	b = binary.BigEndian.AppendUint32(b, counter)
	return append(b, message[:]...)
}

// PublicKey implements ssh.Signer.
func (k *Token) PublicKey() ssh.PublicKey { return k.Key }

// Sign implements ssh.Signer.
func (k *Token) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	if k.Touch != nil {
		if _, ok := <-k.Touch; !ok {
			return nil, errors.New("the token was taken out")
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counter++
	blob, err := k.digest(sha256.Sum256([]byte(k.app)), sha256.Sum256(data), k.Flags, k.counter)
	if err != nil {
		return nil, err
	}
	return &ssh.Signature{Format: k.Key.Type(), Blob: blob, Rest: binary.BigEndian.AppendUint32([]byte{k.Flags}, k.counter)}, nil
}

// tokenAgent is an ssh-agent that holds one token beside its keys.
type tokenAgent struct {
	agent.ExtendedAgent
	tokens []*Token
}

// List implements agent.Agent.
func (a tokenAgent) List() ([]*agent.Key, error) {
	keys, err := a.ExtendedAgent.List()
	for _, t := range a.tokens {
		keys = append(keys, &agent.Key{Format: t.Key.Type(), Blob: t.Key.Marshal(), Comment: "token"})
	}
	return keys, err
}

// Sign implements agent.Agent.
func (a tokenAgent) Sign(key ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	for _, t := range a.tokens {
		if bytes.Equal(t.Key.Marshal(), key.Marshal()) {
			return t.Sign(nil, data)
		}
	}
	return a.ExtendedAgent.Sign(key, data)
}

// SignWithFlags implements agent.ExtendedAgent: RSA is asked for SHA-512 so.
func (a tokenAgent) SignWithFlags(key ssh.PublicKey, data []byte, flags agent.SignatureFlags) (*ssh.Signature, error) {
	for _, t := range a.tokens {
		if bytes.Equal(t.Key.Marshal(), key.Marshal()) {
			return t.Sign(nil, data)
		}
	}
	return a.ExtendedAgent.SignWithFlags(key, data, flags)
}

// Agent serves an ssh-agent with these keys and tokens on a socket of its own
// and returns the socket's path.
func Agent(t *testing.T, keys []any, tokens ...*Token) string {
	t.Helper()
	ring := agent.NewKeyring().(agent.ExtendedAgent) //nolint:forcetypeassert // it is one
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "agent")
	if len(path) > 100 { // a socket's path has 107 bytes at most
		t.Fatalf("the socket's path is too long: %s", path)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(tokenAgent{ring, tokens}, c)
				_ = c.Close()
			}()
		}
	}()
	return path
}

// DialAgent is the way to an agent as cmd makes it from SSH_AUTH_SOCK.
func DialAgent(path string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
	}
}
