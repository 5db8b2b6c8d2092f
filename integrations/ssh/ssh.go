// Package ssh reaches other machines over ssh: it brings files there (SFTP) and
// runs one program on them from memory.
//
// A host's key must be known before anything is said to it: from known_hosts
// files or given by its fingerprint. Nothing asks, and nothing is learnt.
package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Errors of this package.
var (
	// ErrHostKey says that the host's key is not known, or another than the known one.
	ErrHostKey = errors.New("the host's key is not the known one")
	// ErrAuth says that the host takes none of the keys.
	ErrAuth = errors.New("the host takes none of the keys")
	// ErrUnreachable says that nothing answered.
	ErrUnreachable = errors.New("the host cannot be reached")
)

// Target is an account on a host.
type Target struct {
	User string
	Host string
	Port int
}

// ParseTarget reads [user@]host[:port]; an IPv6 address stands in brackets.
func ParseTarget(text, user string) (Target, error) {
	t := Target{User: user, Host: text, Port: 22}
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		t.User, t.Host = text[:i], text[i+1:]
	}
	if h, p, err := net.SplitHostPort(t.Host); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return t, fmt.Errorf("%q: the port is none", text)
		}
		t.Host, t.Port = h, int(n)
	}
	t.Host = strings.TrimSuffix(strings.TrimPrefix(t.Host, "["), "]")
	if t.Host == "" || t.User == "" || strings.ContainsAny(t.Host, " /\\\x00") || strings.HasPrefix(t.Host, "-") {
		return t, fmt.Errorf("%q: want [user@]host[:port]", text)
	}
	return t, nil
}

// Address is host:port.
func (t Target) Address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

// String is user@host, with the port when it is another than 22.
func (t Target) String() string {
	if t.Port == 22 {
		return t.User + "@" + t.Host
	}
	return t.User + "@" + t.Address()
}

// Options say how hosts are reached.
type Options struct {
	KnownHosts []string // files; those that are missing are left out
	HostKey    string   // SHA256:… of the host's key: it is believed instead of the files
	Signers    func(context.Context) ([]ssh.Signer, error)
	Jump       []Target // hosts on the way, the nearest first; their keys must stand in KnownHosts
	Timeout    time.Duration
}

// Client is a connection to a host.
type Client struct {
	*ssh.Client
	Target Target
	on     []*ssh.Client // the hosts on the way
}

// Close ends the connection and those on the way.
func (c *Client) Close() error {
	err := c.Client.Close()
	for _, j := range slices.Backward(c.on) {
		err = errors.Join(err, j.Close())
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Dial connects. Errors: ErrHostKey, ErrAuth, ErrUnreachable.
func Dial(ctx context.Context, t Target, o Options) (*Client, error) {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	signers, err := o.Signers(ctx)
	if err != nil {
		return nil, err
	}
	out := &Client{Target: t}
	for i, hop := range append(slices.Clone(o.Jump), t) {
		last := i == len(o.Jump)
		var c *ssh.Client
		var on *ssh.Client
		if i > 0 {
			on = out.on[i-1]
		}
		if c, err = o.one(ctx, hop, on, signers, last); err != nil {
			for _, j := range slices.Backward(out.on) {
				err = errors.Join(err, j.Close())
			}
			return nil, fmt.Errorf("connect to %s: %w", hop, err)
		}
		if last {
			out.Client = c
		} else {
			out.on = append(out.on, c)
		}
	}
	return out, nil
}

func (o Options) one(ctx context.Context, t Target, on *ssh.Client, signers []ssh.Signer, last bool) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	check, algorithms, err := o.hostKeys(t, last)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	if on != nil {
		conn, err = on.DialContext(ctx, "tcp", t.Address())
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", t.Address())
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	// The greeting has no context: what ends ctx ends the connection.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	raw, chans, reqs, err := ssh.NewClientConn(conn, t.Address(), &ssh.ClientConfig{
		User: t.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signers...)}, HostKeyCallback: check, HostKeyAlgorithms: algorithms,
		ClientVersion: "SSH-2.0-firebreak", Timeout: o.Timeout,
	})
	if err != nil {
		_ = conn.Close() // it is of no use any more
		switch {
		case errors.Is(err, ErrHostKey):
			return nil, err
		case strings.Contains(err.Error(), "unable to authenticate"):
			return nil, fmt.Errorf("%w: %d were offered", ErrAuth, len(signers))
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	c := ssh.NewClient(raw, chans, reqs)
	go keepAlive(c)
	return c, nil
}

// keepAlive asks now and then, and ends a connection that does not answer: where a
// network is cut nobody says so.
func keepAlive(c *ssh.Client) {
	const every, patience = 10 * time.Second, 30 * time.Second
	gone := make(chan struct{})
	go func() {
		_ = c.Wait() // why it ended is said to those who use it
		close(gone)
	}()
	for {
		select {
		case <-gone:
			return
		case <-time.After(every):
		}
		late := time.AfterFunc(patience, func() { _ = c.Close() })
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		late.Stop()
		if err != nil {
			return
		}
	}
}

// hostKeys returns what judges the host's key, and which kinds of keys are asked
// for: those that are known, since a server shows only one of its keys.
func (o Options) hostKeys(t Target, last bool) (ssh.HostKeyCallback, []string, error) {
	if o.HostKey != "" && last {
		return func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if is := ssh.FingerprintSHA256(key); is != o.HostKey {
				return fmt.Errorf("%w: it is %s %s, and %s was given", ErrHostKey, key.Type(), is, o.HostKey)
			}
			return nil
		}, nil, nil
	}
	var files []string
	for _, f := range o.KnownHosts {
		if _, err := os.Stat(f); err == nil {
			files = append(files, f)
		}
	}
	judge := func(string, net.Addr, ssh.PublicKey) error { return &knownhosts.KeyError{} }
	if len(files) > 0 {
		known, err := knownhosts.New(files...)
		if err != nil {
			return nil, nil, fmt.Errorf("read known hosts: %w", err)
		}
		judge = known
	}
	var algorithms []string
	var wants *knownhosts.KeyError
	if err := judge(t.Address(), &net.TCPAddr{}, nobody{}); errors.As(err, &wants) {
		for _, k := range wants.Want {
			algorithms = append(algorithms, algorithmsOf(k.Key.Type())...)
		}
	}
	return func(host string, at net.Addr, key ssh.PublicKey) error {
		err := judge(host, at, key)
		var e *knownhosts.KeyError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &e) && len(e.Want) == 0:
			return fmt.Errorf("%w: %s shows %s %s, and no known_hosts file names it", ErrHostKey, t.Host, key.Type(), ssh.FingerprintSHA256(key))
		case errors.As(err, &e):
			return fmt.Errorf("%w: %s shows %s %s, and %s line %d has another: somebody may be in between", ErrHostKey, t.Host, key.Type(), ssh.FingerprintSHA256(key), e.Want[0].Filename, e.Want[0].Line)
		}
		return fmt.Errorf("%w: %w", ErrHostKey, err)
	}, slices.Compact(algorithms), nil
}

func algorithmsOf(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// nobody is a key that no host has: asking for it tells which keys are known.
type nobody struct{}

func (nobody) Type() string                        { return "none" }
func (nobody) Marshal() []byte                     { return []byte("none") }
func (nobody) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// capped keeps the beginning of what a program says. No buffer is embedded: its
// ReadFrom would go by Write.
type capped struct{ text []byte }

func (c *capped) Write(p []byte) (int, error) {
	const most = 16 << 10
	c.text = append(c.text, p[:min(len(p), most-len(c.text))]...)
	return len(p), nil
}

func (c *capped) String() string { return string(c.text) }
