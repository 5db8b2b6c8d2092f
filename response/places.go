package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	cryptossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"firebreak/integrations/s3"
	"firebreak/integrations/ssh"
)

// SSHPlace says how hosts are reached over ssh.
type SSHPlace struct {
	User       string   // whom to be where the address does not say
	KnownHosts []string // files
	HostKey    string   // SHA256:… instead of them
	Keys       []string // files of private keys, before those of the agent
	Jump       []string // [user@]host[:port] on the way
}

// hintHostKey is what to do about a host whose key is not known.
const hintHostKey = "compare the fingerprint with what the host's owner says, then give it: --host-key SHA256:…"

func (o SSHPlace) options(w Options) (ssh.Options, error) {
	out := ssh.Options{KnownHosts: o.KnownHosts, HostKey: o.HostKey}
	if o.HostKey != "" && !strings.HasPrefix(o.HostKey, "SHA256:") {
		return out, usage("ssh-keyscan HOST | ssh-keygen -lf - prints it", "--host-key: want a fingerprint, as SHA256:…")
	}
	for _, j := range o.Jump {
		t, err := ssh.ParseTarget(j, o.User)
		if err != nil {
			return out, usage("", "--jump: %w", err)
		}
		out.Jump = append(out.Jump, t)
	}
	out.Signers = func(ctx context.Context) ([]cryptossh.Signer, error) { return o.signers(ctx, w) }
	return out, nil
}

// signers are the keys to show: of the files, and of the agent.
func (o SSHPlace) signers(ctx context.Context, w Options) ([]cryptossh.Signer, error) {
	var out []cryptossh.Signer
	for _, file := range o.Keys {
		b, err := readSmall(file)
		if err != nil {
			return nil, usage("", "ssh key: %w", err)
		}
		k, err := cryptossh.ParsePrivateKey(b)
		var locked *cryptossh.PassphraseMissingError
		if errors.As(err, &locked) && w.Passphrase != nil {
			var secret []byte
			if secret, err = w.Passphrase(ctx, "Passphrase of "+file+": "); err != nil {
				return nil, fmt.Errorf("ask for the passphrase of %s: %w", file, err)
			}
			k, err = cryptossh.ParsePrivateKeyWithPassphrase(b, secret)
			clear(secret)
		}
		clear(b)
		if err != nil {
			return nil, fail(CodeAuth, "ssh-add "+file+" gives it to your agent", "ssh key %s cannot be used: %w", file, err)
		}
		out = append(out, k)
	}
	if w.Agent != nil {
		if c, err := w.Agent(ctx); err == nil {
			held, err := agent.NewClient(c).Signers()
			if err == nil {
				out = append(out, held...)
			}
			context.AfterFunc(ctx, func() { _ = c.Close() }) // it signs until then
		}
	}
	if len(out) == 0 {
		return nil, fail(CodeAuth, "--ssh-key FILE, or ssh-add", "there is no ssh key to show")
	}
	return out, nil
}

// open begins to carry something there; nothing is sent yet. note is of an earlier
// attempt, or nil.
func (o Places) open(w Options, to string, note json.RawMessage) (carrier, string, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, "", usage("", "the address cannot be read") // it may hold a password
	}
	if _, open := u.User.Password(); open {
		return nil, "", usage("use a key: --ssh-key, or your agent", "an address with a password in it: others see it")
	}
	switch {
	case u.RawQuery != "" || u.Fragment != "":
		return nil, "", usage("write ? as %3F and # as %23", "%s: an address has no query", u.Redacted())
	case u.Scheme == "sftp" && strings.Trim(u.Path, "/") != "":
		options, err := o.SSH.options(w)
		if err != nil {
			return nil, "", err
		}
		at := u.Host
		if u.User != nil {
			at = u.User.Username() + "@" + at
		}
		t, err := ssh.ParseTarget(at, o.SSH.User)
		if err != nil {
			return nil, "", usage("", "%w", err)
		}
		path := u.Path
		if rest, ok := strings.CutPrefix(path, "/~/"); ok {
			path = rest
		}
		return &byParts{judged: judgeSSH, carrierParts: ssh.NewUpload(t, path, options, len(note) > 0)}, "sftp://" + t.String() + u.Path, nil
	case u.Scheme == "s3" && u.User == nil:
		up, err := s3.NewUpload(s3.Options{
			Endpoint: o.S3.Endpoint, Region: o.S3.Region, Bucket: u.Host, Key: strings.TrimPrefix(u.Path, "/"), Part: carried, Now: w.Now,
			Keys: func(ctx context.Context) (s3.Credentials, error) {
				if o.S3.Keys == nil {
					return s3.Credentials{}, fail(CodeAuth, "--s3-key-from and --s3-secret-from, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "there is no access key")
				}
				id, secret, token, err := o.S3.Keys(ctx)
				return s3.Credentials{ID: id, Secret: secret.Reveal(), Token: token.Reveal()}, err
			},
		}, note)
		if err != nil {
			return nil, "", usage("", "%w", err)
		}
		return &byParts{judged: judgeS3, carrierParts: up}, to, nil
	}
	return nil, "", usage("a file, -, sftp://[user@]host[:port]/path or s3://bucket/key", "%s: no place that is known", u.Redacted())
}

// carrierParts is what the transports have in common.
type carrierParts interface {
	Put(ctx context.Context, at int64, b []byte) error
	Finish(ctx context.Context, size int64) error
	Note() json.RawMessage
	io.Closer
}

// byParts is a carrier that knows which errors will not go away, and what to do
// about them.
type byParts struct {
	carrierParts
	judged func(error) error
}

func (b *byParts) Put(ctx context.Context, at int64, p []byte) error {
	return b.judged(b.carrierParts.Put(ctx, at, p))
}

func (b *byParts) Finish(ctx context.Context, size int64) error {
	return b.judged(b.carrierParts.Finish(ctx, size))
}

// Abort implements forgetting, where the transport has something to take back.
func (b *byParts) Abort(ctx context.Context) error {
	if f, can := b.carrierParts.(forgetting); can {
		return f.Abort(ctx)
	}
	return nil
}

func judgeSSH(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ssh.ErrHostKey):
		return &hopeless{&Error{Code: CodeAuth, Hint: hintHostKey, Err: err}}
	case errors.Is(err, ssh.ErrAuth):
		return &hopeless{&Error{Code: CodeAuth, Hint: "--ssh-key FILE, or ssh-add", Err: err}}
	case errors.Is(err, fs.ErrExist), errors.Is(err, ssh.ErrOther), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return &hopeless{&Error{Code: CodeRefused, Err: err}}
	}
	var coded *Error
	if errors.As(err, &coded) {
		return &hopeless{err}
	}
	return err
}

func judgeS3(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, s3.ErrDenied):
		return &hopeless{&Error{Code: CodeAuth, Err: err}}
	case errors.Is(err, s3.ErrExists), errors.Is(err, s3.ErrOther):
		return &hopeless{&Error{Code: CodeRefused, Err: err}}
	}
	var coded *Error
	if errors.As(err, &coded) {
		return &hopeless{err}
	}
	return err
}

// SendOptions say what is sent, and where.
type SendOptions struct {
	File   string
	To     string // "" is where its note says
	Places Places
}

// SentFile is what was brought to another machine.
type SentFile struct {
	File  string `json:"file"`
	To    string `json:"to"`
	Bytes int64  `json:"bytes"` // of the file there
	From  int64  `json:"from"`  // which of them were there already
}

// Send brings a file, as a container that stayed here when the network was cut, to
// another machine. What was there already is not sent again: FILE.send.json says
// how far it came, and is kept up to date after every part. The file itself stays.
func Send(ctx context.Context, w Options, o SendOptions, p ProgressFunc) (out SentFile, err error) {
	before, noted, err := readRest(o.File)
	if err != nil {
		return out, err
	}
	switch {
	case o.To == "" && before.To == "":
		return out, usage("firebreak send FILE sftp://host/path, or s3://bucket/key", "send %s: where to", o.File)
	case o.To == "":
	case noted && o.To != before.To && before.At > 0:
		return out, refused("leave the address out", "send %s: the first %d bytes are at %s, it cannot go elsewhere", o.File, before.At, before.To)
	case noted && o.To != before.To:
		before = rest{To: o.To}
	default:
		before.To = o.To
	}
	if strings.HasSuffix(before.To, "/") {
		before.To += filepath.Base(o.File)
	}
	c, place, err := o.Places.open(w, before.To, before.Note)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	f, err := os.Open(o.File)
	if err != nil {
		return out, fmt.Errorf("send: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return out, fmt.Errorf("send %s: %w", o.File, err)
	}
	out = SentFile{File: o.File, To: place, Bytes: before.At + info.Size(), From: before.At + before.Done}
	if err := sendParts(ctx, w, c, f, &before, info.Size(), o.File, p); err != nil {
		hint := "firebreak send " + o.File + " goes on where it ended"
		var coded *Error
		if errors.As(err, &coded) {
			return out, fmt.Errorf("send %s: %w", o.File, err)
		}
		return out, fail(CodePartial, hint, "send %s: %w", o.File, err)
	}
	if err := os.Remove(noteBeside(o.File)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, fmt.Errorf("send %s: %w", o.File, err)
	}
	return out, nil
}

// sendParts sends what is not there yet, and notes each part.
func sendParts(ctx context.Context, w Options, c carrier, f io.ReaderAt, r *rest, size int64, file string, p ProgressFunc) error {
	s := &sending{ctx: ctx, c: c, to: r.To, sleep: w.Sleep, now: w.Now, tell: func(what string) { tell(p, what, 0, 0) }}
	buf := make([]byte, carried)
	for at := r.Done; at < size; {
		n, err := f.ReadAt(buf[:min(carried, size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 {
			return errors.New("it became shorter while it was read")
		}
		if err := s.again(func() error { return c.Put(ctx, r.At+at, buf[:n]) }); err != nil {
			return err
		}
		at += int64(n)
		r.Done, r.Note = at, c.Note()
		if err := writeRest(file, *r); err != nil {
			return err
		}
		tell(p, "sending to "+r.To, at, size)
	}
	return s.again(func() error { return c.Finish(ctx, r.At+size) })
}
