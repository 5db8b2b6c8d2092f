package response

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/record/sshsig"
	"firebreak/record/stamp"
)

// RosterFile is where the roster of people lies in a workspace: whose keys are
// whose, in the form of ssh-keygen (ALLOWED SIGNERS).
const RosterFile = "trust/allowed_signers"

// tsaFile are the certificates of the time-stamping authorities that this
// workspace believes.
const tsaFile = "trust/tsa.pem"

// ourNamespaces is what a line that trust add writes is good for: nothing
// outside Firebreak.
const ourNamespaces = "firebreak-*"

// Roster reads the roster of people. A file that is not there is an empty one;
// lines that cannot be read are told in the error, beside the roster of the
// others, so that a slip of the pen locks nobody out.
func (s *Service) Roster() (sshsig.Roster, error) {
	path := filepath.Join(s.o.Home, filepath.FromSlash(RosterFile))
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sshsig.Roster{}, nil
	}
	if err != nil {
		return sshsig.Roster{}, fmt.Errorf("read roster: %w", err)
	}
	r, err := sshsig.ParseRoster(b)
	if err == nil {
		return r, nil
	}
	var out []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		out = append(out, errors.New(path+", "+line))
	}
	return r, errors.Join(out...)
}

// CheckSignature checks a person's signature over the text against the roster,
// as of that time. It is record.ErrStranger where the signature is good and
// nobody here vouches for its key.
func (s *Service) CheckSignature(sig record.Signature, namespace, text string, at time.Time) error {
	roster, _ := s.Roster() // verify and trust list tell what in it cannot be read
	return roster.Check(sig, namespace, []byte(text), at)
}

// authorities are the certificates of trusted time-stamping authorities; nil
// when there are none.
func (s *Service) authorities() (*x509.CertPool, error) { return authorities(s.o.Home) }

func authorities(home string) (*x509.CertPool, error) {
	path := filepath.Join(home, filepath.FromSlash(tsaFile))
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read time-stamping authorities: %w", err)
	}
	pool, err := stamp.ParseRoots(b)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return pool, err
}

// Trusted is one line of the roster.
type Trusted struct {
	Line        int       `json:"line"`
	Principals  []string  `json:"principals"`
	Key         string    `json:"key"` // fingerprint
	Type        string    `json:"type"`
	Comment     string    `json:"comment,omitempty"`
	Namespaces  []string  `json:"namespaces,omitempty"`
	ValidAfter  time.Time `json:"valid_after,omitzero"`
	ValidBefore time.Time `json:"valid_before,omitzero"`
	State       string    `json:"state"` // valid, not yet valid, no longer valid
	// Here says with what the person could sign on this machine now: "agent",
	// "hardware", "" for not.
	Here record.Strength `json:"here,omitempty"`
}

// Trust lists the roster. The error holds the lines that cannot be read,
// beside the others.
func (s *Service) Trust() ([]Trusted, error) {
	roster, slips := s.Roster()
	now := s.o.Now()
	out := make([]Trusted, 0, len(roster.Lines))
	for _, l := range roster.Lines {
		t := Trusted{
			Line: l.Number, Principals: l.Principals, Key: l.Fingerprint(), Type: l.Key.Type(), Comment: l.Comment,
			Namespaces: l.Namespaces, ValidAfter: l.ValidAfter, ValidBefore: l.ValidBefore, State: "valid",
		}
		switch {
		case !l.ValidAfter.IsZero() && now.Before(l.ValidAfter):
			t.State = "not yet valid"
		case !l.ValidBefore.IsZero() && !now.Before(l.ValidBefore):
			t.State = "no longer valid"
		}
		out = append(out, t)
	}
	return out, slips
}

// TrustHere is Trust with what the ssh-agent of this session holds. The error
// says too why the agent cannot be asked.
func (s *Session) TrustHere(ctx context.Context) ([]Trusted, error) {
	list, slips := s.s.Trust()
	if s.s.o.Agent == nil { // there is none to be asked, which is no fault
		return list, slips
	}
	held, err := s.held(ctx)
	for i := range list {
		if slices.ContainsFunc(held, func(k ssh.PublicKey) bool { return ssh.FingerprintSHA256(k) == list[i].Key }) {
			list[i].Here = strengthOf(list[i].Type, record.Agent)
		}
	}
	return list, errors.Join(slips, err)
}

// NewTrust is a line to be added to the roster.
type NewTrust struct {
	Principal   string
	Key         []byte // a public key file
	ValidAfter  time.Time
	ValidBefore time.Time
}

// AddTrust puts a person's public key on the roster: the whole file is replaced
// at once, and what stands in it stays as it is.
func (s *Service) AddTrust(n NewTrust) (Trusted, error) {
	if strings.ContainsAny(n.Principal, "*?!,\"# \t\r\n") || n.Principal == "" || len(n.Principal) > 200 {
		return Trusted{}, usage("as in ada@example.org", "trust %q: want one name, without blanks, commas or patterns", n.Principal)
	}
	key, comment, err := publicKeyIn(n.Key)
	if err != nil {
		return Trusted{}, err
	}
	options := `namespaces="` + ourNamespaces + `"`
	for _, v := range []struct {
		name string
		at   time.Time
	}{{"valid-after", n.ValidAfter}, {"valid-before", n.ValidBefore}} {
		if !v.at.IsZero() {
			options += "," + v.name + `="` + v.at.UTC().Format("20060102150405Z") + `"`
		}
	}
	text := strings.TrimSpace(n.Principal + " " + options + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + comment)
	if _, err := sshsig.ParseLine(text); err != nil {
		return Trusted{}, usage("", "trust %s: %w", n.Principal, err)
	}
	path := filepath.Join(s.o.Home, filepath.FromSlash(RosterFile))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Trusted{}, fmt.Errorf("write roster: %w", err)
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return Trusted{}, err
	}
	defer unlock()
	roster, _ := s.Roster() // what cannot be read is kept as it stands
	for _, l := range roster.Lines {
		if bytes.Equal(l.Key.Marshal(), key.Marshal()) {
			return Trusted{}, refused("edit "+path+" to change it", "trust %s: line %d has this key already, for %s", n.Principal, l.Number, strings.Join(l.Principals, ","))
		}
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Trusted{}, fmt.Errorf("read roster: %w", err)
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		old = append(old, '\n')
	}
	if err := durable.Replace(path, append(old, text+"\n"...), 0o600); err != nil {
		return Trusted{}, fmt.Errorf("write roster: %w", err)
	}
	list, _ := s.Trust()
	if len(list) == 0 {
		return Trusted{}, fmt.Errorf("read roster: the new line of %s is not in it", path)
	}
	return list[len(list)-1], nil
}

// publicKeyIn reads a public key file.
func publicKeyIn(b []byte) (ssh.PublicKey, string, error) {
	if bytes.Contains(b, []byte("PRIVATE KEY")) {
		return nil, "", usage("give the file beside it that ends in .pub; a private key stays with its owner", "that is a private key")
	}
	key, comment, options, rest, err := ssh.ParseAuthorizedKey(b)
	if err != nil || len(options) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, "", usage("the .pub file that ssh-keygen made", "that is not one public ssh key")
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, comment)
	return key, clean, nil
}
