package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/term"
	"firebreak/response"
)

// placeFlags are how other machines are reached.
type placeFlags struct {
	sshKeys    []string
	knownHosts []string
	hostKey    string
	jump       []string
	endpoint   string
	region     string
	keyFrom    string
	secretFrom string
	tokenFrom  string
}

func (o *placeFlags) addSSH(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&o.sshKeys, "ssh-key", nil, "a `FILE` with the private ssh key to show (default: your agent's)")
	f.StringArrayVar(&o.knownHosts, "known-hosts", nil, "the `FILE` with the keys of hosts (default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)")
	f.StringVar(&o.hostKey, "host-key", "", "the `FINGERPRINT` of the host's key, SHA256:…, instead of those files")
	f.StringArrayVar(&o.jump, "jump", nil, "go by this host: `[USER@]HOST[:PORT]`")
}

func (o *placeFlags) addS3(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.endpoint, "s3-endpoint", "", "the `URL` of an S3 server that is not Amazon's")
	f.StringVar(&o.region, "s3-region", "", "the `REGION` (default: AWS_REGION, else us-east-1)")
	f.StringVar(&o.keyFrom, "s3-key-from", "env:AWS_ACCESS_KEY_ID", "where the id of the access key is: a `REFERENCE` as env:NAME, file:/path, exec:program")
	f.StringVar(&o.secretFrom, "s3-secret-from", "env:AWS_SECRET_ACCESS_KEY", "where the secret of the access key is: a `REFERENCE`")
	f.StringVar(&o.tokenFrom, "s3-token-from", "", "where the token of a temporary access key is: a `REFERENCE` (default: AWS_SESSION_TOKEN, if it is set)")
}

// knownHosts are the files of known hosts that ssh itself reads.
func (p *program) knownHosts() []string {
	return []string{filepath.Join(p.Getenv("HOME"), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"}
}

// places is what the flags say.
func (o *placeFlags) places(p *program) response.Places {
	known := o.knownHosts
	if len(known) == 0 {
		known = p.knownHosts()
	}
	region := o.region
	if region == "" {
		region = p.Getenv("AWS_REGION")
	}
	return response.Places{
		SSH: response.SSHPlace{User: p.User(), KnownHosts: known, HostKey: o.hostKey, Keys: o.sshKeys, Jump: o.jump},
		S3:  response.S3Place{Endpoint: o.endpoint, Region: region, Keys: func(context.Context) (string, config.Secret, config.Secret, error) { return o.keys(p) }},
	}
}

func (o *placeFlags) keys(p *program) (string, config.Secret, config.Secret, error) {
	var none config.Secret
	id, err := p.resolve("s3-key-from", o.keyFrom)
	if err != nil {
		return "", none, none, err
	}
	secret, err := p.resolve("s3-secret-from", o.secretFrom)
	if err != nil {
		return "", none, none, err
	}
	from := o.tokenFrom
	if from == "" && p.Getenv("AWS_SESSION_TOKEN") != "" {
		from = "env:AWS_SESSION_TOKEN"
	}
	if from == "" {
		return id.Reveal(), secret, none, nil
	}
	token, err := p.resolve("s3-token-from", from)
	return id.Reveal(), secret, token, err
}

// takeawayFlags are the flags of collect --to.
type takeawayFlags struct {
	to         string
	recipients []string
	plain      bool
	fallback   string
	noFallback bool
	reserve    int64
	resumeFrom string
	leash      bool
	placeFlags
}

func (o *takeawayFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "without an incident: into a container at this `PLACE`: a file, -, sftp://host/path, s3://bucket/key; with a slash at the end it is named for you")
	f.StringArrayVar(&o.recipients, "recipient", nil, "with --to: encrypt to this `KEY`: age1…, an ssh public key, or a file of them")
	f.BoolVar(&o.plain, "plain", false, "with --to: do not encrypt: whoever has the container can read it")
	f.StringVar(&o.fallback, "fallback", "", "with --to: the `FILE` that takes over when the network fails (default: one in the current folder)")
	f.BoolVar(&o.noFallback, "no-fallback", false, "with --to: fail when the network fails")
	f.Int64Var(&o.reserve, "reserve", response.DefaultReserve>>20, "with --to: leave this many `MIB` free on the disk of a local file")
	f.StringVar(&o.resumeFrom, "resume-from", "", "with --to: leave out what a collection took that was cut, as this `LIST` says: FILE.taken beside it, or what firebreak verify --container FILE --taken LIST wrote")
	f.BoolVar(&o.leash, "leash", false, "with --to: end when the standard input ends")
	_ = f.MarkHidden("leash") // of the program that is run on another host
	o.addSSH(c)
	o.addS3(c)
}

// runCollectTo collects into a container. No workspace is opened: nothing is
// written on this machine but the container, if that is a file.
func runCollectTo(c *cobra.Command, p *program, o *takeawayFlags, what response.CollectOptions) error {
	host, err := p.Host()
	if err != nil {
		return fmt.Errorf("name this machine: %w", err)
	}
	if o.reserve < 1 || o.reserve > 1<<30 {
		return errFlag{errors.New("--reserve: want a number of MiB, at least 1")}
	}
	ctx, in := c.Context(), io.NopCloser(p.In)
	if o.leash {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		defer cancel(nil)
		in = leash(p.In, cancel)
		if o.resumeFrom != "-" {
			_ = in.Close() // never fails; nobody reads it
		}
	}
	out, err := response.CollectTo(ctx, p.optionsAt("", host, config.Config{}), response.TakeawayOptions{
		CollectOptions: what, To: o.to, Out: p.Out, Recipients: o.recipients, Plain: o.plain,
		ResumeFrom: o.resumeFrom, ResumeIn: in,
		Fallback: o.fallback, NoFallback: o.noFallback, Reserve: o.reserve << 20, Places: o.places(p),
		Begun: func(id, fingerprint string) {
			if !p.quiet && !p.json {
				p.errf("container %s, signed by the key %s\n", id, fingerprint)
			}
		},
	}, p.progress())
	if out.ID == "" {
		return err
	}
	if serr := p.sayTakeaway(out); serr != nil {
		return serr
	}
	return err
}

// leash cancels when a stream ends, and hands on what comes through it as long as
// somebody reads that.
func leash(from io.Reader, cancel context.CancelCauseFunc) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		buf := make([]byte, 4<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				_, _ = in.Write(buf[:n]) // nobody has to read it
			}
			if err != nil {
				cancel(errors.New("the one who asked is gone"))
				_ = in.CloseWithError(io.ErrUnexpectedEOF) // never fails
				return
			}
		}
	}()
	return out
}

// sayTakeaway says what was made. Where the container itself goes to the standard
// output, that is said on the other stream.
func (p *program) sayTakeaway(t response.Takeaway) error {
	say := p.printf
	if t.To == "-" {
		if p.json {
			return nil
		}
		say = func(format string, args ...any) error {
			if !p.quiet {
				p.errf(format, args...)
			}
			return nil
		}
	} else if p.json {
		return p.printJSON(t)
	}
	to := "nobody: NOT ENCRYPTED"
	if len(t.Recipients) > 0 {
		to = strings.Join(t.Recipients, ", ")
	}
	if err := say("written    %s (%d items, %d bytes; %d bytes of items)\nencrypted  to %s\nsigned     by %s\nsha256     %s\n",
		term.Safe(t.To), t.Items, t.Written, t.Bytes, term.Safe(to), t.Fingerprint, t.SHA256); err != nil {
		return err
	}
	if t.Local != "" {
		if err := say("NOT SENT   from byte %d on it is in %s\n", t.From, term.Safe(t.Local)); err != nil {
			return err
		}
	}
	if err := saySpan(t.Collection, say); err != nil {
		return err
	}
	return p.refused(t.Collection.Refused, "the container", say)
}

type sendOptions struct {
	p *program
	response.SendOptions
	placeFlags
}

func newSendCmd(p *program, run func(*cobra.Command, *sendOptions) error) *cobra.Command {
	o := &sendOptions{p: p}
	c := &cobra.Command{
		Use:   "send FILE [PLACE]",
		Short: "Bring a container that stayed on a disk to another machine",
		Long: `Bring a container, or the rest of one, from this disk to another machine: to
sftp://[user@]host[:port]/path or s3://bucket/key. When the network fails while
firebreak collect --to sends, what has not arrived is kept in a file; this
command sends it where it belongs, without an address.

How far it came stands in FILE.send.json, after every part of 16 MiB. Started
again, after whatever ended it, it goes on there. The file stays.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly(1, "a file, and a place if it is not known yet")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.File = args[0]
			if len(args) == 2 {
				o.To = args[1]
			}
			return run(c, o)
		},
	}
	o.addSSH(c)
	o.addS3(c)
	return c
}

func runSend(c *cobra.Command, o *sendOptions) error {
	host, err := o.p.Host()
	if err != nil {
		return fmt.Errorf("name this machine: %w", err)
	}
	o.Places = o.places(o.p)
	sent, err := response.Send(c.Context(), o.p.optionsAt("", host, config.Config{}), o.SendOptions, o.p.progress())
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(sent)
	}
	return o.p.printf("sent       %s (%d bytes, from byte %d on)\n", term.Safe(sent.To), sent.Bytes, sent.From)
}
