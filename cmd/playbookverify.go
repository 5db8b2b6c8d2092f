package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/playbooks/cacao"
	"firebreak/response"
)

type verifyPlaybookOptions struct {
	p      *program
	file   string
	trust  []string
	sign   bool
	key    string
	signee string
	until  string
	to     string
}

func newPlaybookVerifyCmd(p *program, run func(*verifyPlaybookOptions) error) *cobra.Command {
	o := &verifyPlaybookOptions{p: p}
	c := &cobra.Command{
		Use: "verify FILE", Short: "Verify the signatures of a CACAO playbook, or sign it", Args: exactly(1, "a CACAO playbook: a JSON file, or - for the standard input"),
		Long: `Verify each signature of a CACAO 2.0 playbook, countersignatures too. It exits
with 6 when one does not hold, cannot be checked, or when there is none. A
signature that holds says that the file is what was signed, not who signed it:
with --trust FILE, public keys and certificates in PEM form, one of them has to be
by a key in it, or by one that a certificate in it vouches for, and has to be in
its time.

A signature is made over the hexadecimal text of the hash, as OASIS' published
example does; one over the canonical form itself is told apart and does not hold.
Nothing is fetched.

With --sign a signature is added, by the key that --key-from refers to: Ed25519,
RSA or ECDSA, in PEM form.`,
		RunE: func(_ *cobra.Command, args []string) error {
			o.file = args[0]
			return run(o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.trust, "trust", nil, "a `FILE` with public keys and certificates that you vouch for")
	f.BoolVar(&o.sign, "sign", false, "add a signature")
	f.StringVar(&o.key, "key-from", "", "the private key: a `REFERENCE` as in file:/path, env:NAME or exec:program")
	f.StringVar(&o.signee, "signee", "", "who signs, as a `NAME` for people")
	f.StringVar(&o.until, "until", "", "the `TIME` at which the signature ends, as in 2027-11-20T03:00:00Z")
	f.StringVarP(&o.to, "output", "o", "", "write the signed playbook to `FILE`, which must not be there yet")
	return c
}

// verifiedPlaybook is what "playbook verify --json" says.
type verifiedPlaybook struct {
	ID         string            `json:"id"`
	Modified   string            `json:"modified"`
	Verified   bool              `json:"verified"`
	Signatures []cacao.Signature `json:"signatures"`
}

func runPlaybookVerify(o *verifyPlaybookOptions) error {
	if !o.sign && (o.key != "" || o.signee != "" || o.to != "" || o.until != "") {
		return errFlag{errors.New("--key-from, --signee, --until and --output go with --sign")}
	}
	src, err := o.p.cacaoFile(o.file)
	if err != nil {
		return err
	}
	doc, err := cacao.Read(src)
	if err != nil {
		return cacaoError(o.file, err)
	}
	if o.sign {
		return o.signPlaybook(doc)
	}
	trust := cacao.Trust{Now: o.p.Now()}
	for _, file := range o.trust {
		b, err := o.p.input("trust", file)
		if err != nil {
			return err
		}
		if err := trust.ParseTrust(b); err != nil {
			return &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("--trust %s: %w", file, err)}
		}
	}
	said := verifiedPlaybook{Signatures: cacao.VerifySignatures(doc, trust)}
	said.ID, _ = doc.Get("id").(string)
	said.Modified, _ = doc.Get("modified").(string)
	said.Verified = holds(said.Signatures, len(o.trust) > 0)
	if o.p.json {
		err = o.p.printJSON(said)
	} else {
		err = o.p.sayVerified(o.file, said, len(o.trust) > 0)
	}
	if err == nil && !said.Verified {
		err = errVerification
	}
	return err
}

// holds says that all signatures hold, and with a trust that one is by a key
// that the caller vouches for, in its time.
func holds(all []cacao.Signature, trust bool) bool {
	vouched := !trust
	for _, s := range all {
		if s.State != cacao.Holds || len(s.Counter) > 0 && !holds(s.Counter, false) {
			return false
		}
		vouched = vouched || s.Trusted && !s.Expired
	}
	return len(all) > 0 && vouched
}

func (p *program) sayVerified(file string, v verifiedPlaybook, trust bool) error {
	var say func(all []cacao.Signature, what string) error
	say = func(all []cacao.Signature, what string) error {
		for _, s := range all {
			who := "by a key that nobody here vouches for"
			if s.Trusted {
				who = "by a key that you vouch for"
			}
			if s.State != cacao.Holds {
				who = s.Why
			}
			if s.Expired {
				who += ", outside of its time"
			}
			if err := p.printf("%s  %s of %s (%s): %s\n", s.State, what, term.Safe(s.Signee), term.Safe(s.Algorithm), term.Safe(who)); err != nil {
				return err
			}
			if err := say(s.Counter, "countersignature"); err != nil {
				return err
			}
		}
		return nil
	}
	if err := say(v.Signatures, "signature"); err != nil {
		return err
	}
	word := "verified"
	switch {
	case len(v.Signatures) == 0:
		word = "NOT VERIFIED: it has no signature"
	case !v.Verified && trust && holds(v.Signatures, false):
		word = "NOT VERIFIED: no signature is by a key that you vouch for, in its time"
	case !v.Verified:
		word = "NOT VERIFIED"
	}
	return p.printf("%s %s\n", term.Safe(file), word)
}

func (o *verifyPlaybookOptions) signPlaybook(doc *cacao.Object) error {
	if o.key == "" || o.signee == "" {
		return errFlag{errors.New("--sign wants --key-from and --signee")}
	}
	s := cacao.Signing{Signee: o.signee, Now: o.p.Now(), Rand: o.p.Rand}
	if o.until != "" {
		t, err := time.Parse(time.RFC3339, o.until)
		if err != nil || !t.After(s.Now) {
			return errFlag{fmt.Errorf("--until %s: want a time to come, as in 2027-11-20T03:00:00Z", o.until)}
		}
		s.ValidUntil = t
	}
	secret, err := o.p.resolve("key-from", o.key)
	if err != nil {
		return err
	}
	if s.Key, err = cacao.ParseKey([]byte(secret.Reveal())); err != nil {
		return &response.Error{Code: response.CodeAuth, Hint: "want a private key in PEM form: openssl genpkey -algorithm ed25519", Err: fmt.Errorf("--key-from: %w", err)}
	}
	if err := cacao.Sign(doc, s); err != nil {
		return err
	}
	text := cacao.Indented(doc)
	all := cacao.VerifySignatures(doc, cacao.Trust{})
	made := all[len(all)-1]
	if o.to == "" && !o.p.json {
		return o.p.printf("%s", term.SafeLines(string(text)))
	}
	said := map[string]any{"signature": made}
	if o.to != "" {
		if err := writeNew(o.to, text); err != nil {
			return err
		}
		said["file"] = o.to
	} else {
		said["cacao"] = string(text)
	}
	if o.p.json {
		return o.p.printJSON(said)
	}
	return o.p.printf("%s: signed by %s, %s, key sha256 %s\n", term.Safe(o.to), term.Safe(made.Signee), made.Algorithm, made.Key)
}
