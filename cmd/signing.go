package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

// keyHelp says of --key what every command with it says.
const keyHelp = "sign with this ssh `KEY`: a file, or SHA256:… for one of your ssh-agent (default: signing_key of the configuration)"

// dialAgent reaches the ssh-agent of the person at the keyboard; nil when there
// is none.
func (p *program) dialAgent() func(context.Context) (net.Conn, error) {
	path := p.Getenv("SSH_AUTH_SOCK")
	if path == "" {
		return ownAgent()
	}
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
	}
}

// passphrase asks for one of a key file. While screens are drawn nobody can be
// asked.
func (p *program) passphrase() func(context.Context, string) ([]byte, error) {
	if p.AskSecret == nil {
		return nil
	}
	return func(ctx context.Context, question string) ([]byte, error) {
		if p.drawing || p.silent || p.json && !p.IsTerminal {
			return nil, errors.New("nobody can be asked here: let your ssh-agent hold the key (ssh-add)")
		}
		return p.AskSecret(ctx, question)
	}
}

// withKey is the session, with the key of the flag where one was given.
func withKey(s *response.Session, key, home string) *response.Session {
	if key == "" {
		return s
	}
	return s.WithKey(config.Config{SigningKey: key}.InHome(home).SigningKey)
}

// touch says that a token is about to wait for a finger.
func (p *program) touch(ctx context.Context, s *response.Session) {
	if p.quiet {
		return
	}
	if k, err := s.SigningKey(ctx); err == nil && k.Strength == record.Hardware {
		p.errf("touch your key %s (Ctrl-C gives up)\n", term.Safe(k.Key))
	}
}

// input reads a small file that the user names; "-" is the standard input.
func (p *program) input(what, path string) ([]byte, error) { return p.inputUpTo(what, path, 1<<20) }

func (p *program) inputUpTo(what, path string, most int64) ([]byte, error) {
	in := p.In
	if path != "-" {
		f, err := config.OpenFile(path)
		if err != nil {
			return nil, &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("read %s: %w", what, err)}
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("read %s: %w", what, err)}
	}
	if int64(len(b)) > most {
		return nil, &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("read %s: longer than %d bytes", what, most)}
	}
	return b, nil
}

// output writes a file that the user names, which must not be there yet.
func output(path string, b []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("write: %w", err)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(b)
	return err
}

type signOptions struct {
	p         *program
	incident  string
	reason    string
	key       string
	request   bool
	signature string
}

func newSignCmd(p *program, run func(*cobra.Command, *signOptions) error) *cobra.Command {
	o := &signOptions{p: p}
	c := &cobra.Command{
		Use:   "sign INCIDENT",
		Short: "Sign the record with your ssh key",
		Long: `Put your name under the record as it is now: your ssh key signs its newest head,
which covers every entry so far. The key is the one of --key or signing_key, from
your ssh-agent or a file; a key on a token waits to be touched.

For a key on another machine, --request prints what is to be signed, and the
answer of ssh-keygen comes back with --signature.`,
		Example: `  firebreak sign last --reason "handing over to the night shift"
  firebreak sign last --request > head.txt
  firebreak sign last --signature head.txt.sig`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", "why now")
	f.StringVar(&o.key, "key", "", keyHelp)
	f.BoolVar(&o.request, "request", false, "print the text that is to be signed elsewhere, and how")
	f.StringVar(&o.signature, "signature", "", "a `FILE` with a signature that was made elsewhere; - reads it from the standard input")
	c.MarkFlagsMutuallyExclusive("key", "request", "signature")
	return c
}

func runSign(c *cobra.Command, o *signOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.request {
		head, err := s.HeadToSign(c.Context(), id)
		if err != nil {
			return err
		}
		return o.p.toSign(record.HeadNamespace, []byte(head.Text()), "firebreak sign "+string(id)+" --signature head.txt.sig", "head.txt")
	}
	var signed record.Signed
	if o.signature != "" {
		b, err := o.p.input("signature", o.signature)
		if err != nil {
			return err
		}
		signed, err = s.SignHeadPasted(c.Context(), id, b, o.reason)
		if err != nil {
			return err
		}
	} else {
		s = withKey(s, o.key, o.p.Getenv("HOME"))
		o.p.touch(c.Context(), s)
		if signed, err = s.SignHead(c.Context(), id, o.reason); err != nil {
			return err
		}
	}
	by := signed.Signature
	if o.p.json {
		return o.p.printJSON(map[string]any{
			"incident": id, "size": signed.Size, "root": signed.Root, "principal": by.Principal, "key": by.Key, "type": by.Type, "strength": by.Strength,
		})
	}
	return o.p.printf("%s  %s signed by %s (%s, %s)\n", id, entries(signed.Size), term.Safe(by.Principal), by.Strength, term.Safe(by.Key))
}

// entries counts entries.
func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// toSign prints a text that is to be signed elsewhere: alone on the standard
// output, so that it can be put into a file, and how to go on beside it.
func (p *program) toSign(namespace string, text []byte, back, file string) error {
	command := "ssh-keygen -Y sign -n " + namespace + " -f ~/.ssh/id_ed25519 " + file
	if p.json {
		return p.printJSON(map[string]any{"text": string(text), "namespace": namespace, "sign": command, "bring_back": back})
	}
	if !p.quiet {
		p.errf("put the text into %s where the key is, then\n  %s\nand bring %s.sig back:\n  %s\n", file, command, file, back)
	}
	safe := term.SafeLines(string(text))
	if safe != string(text) && p.IsTerminal {
		return &response.Error{Code: response.CodeUsage, Hint: "write it to a file: … --request > " + file, Err: errors.New("the text holds characters that a terminal must not get, and its bytes are what is signed")}
	}
	_, err := p.Out.Write(text) // byte for byte: this is what is signed
	return err
}
