package sshsig_test

import (
	"crypto/rand"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/record/sshsig"
)

func TestSignatureIsRefusedWhere(t *testing.T) {
	signer, err := ssh.NewSignerFromKey(privateKeys(t)["ed25519"])
	if err != nil {
		t.Fatal(err)
	}
	k := line(signer.PublicKey())
	good := signed(t, signer, record.HeadNamespace, text)
	roster := func(lines string) sshsig.Roster {
		r, err := sshsig.ParseRoster([]byte(lines))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	usual := roster("ada@example.org " + k)
	other := signed(t, signer, record.HeadNamespace, text+"x")
	other.Text = text
	elsewhere := signed(t, signer, record.ApprovalNamespace, text)
	renamed := good
	renamed.Principal = "bob@example.org"
	wrongKey := good
	wrongKey.Key = "SHA256:other"
	for _, c := range []struct {
		name     string
		roster   sshsig.Roster
		sig      record.Signature
		at       time.Time
		stranger bool
		says     string
	}{
		{"another namespace", usual, elsewhere, now, false, "another purpose"},
		{"changed text", usual, other, now, false, "not over this text"},
		{"another principal", usual, renamed, now, false, "somebody else"},
		{"another key", usual, wrongKey, now, false, "not with the one"},
		{"expired", roster(`ada@example.org valid-before="20260101Z" ` + k), good, now, false, "not valid since"},
		{"not yet valid", roster(`ada@example.org valid-after="20270101Z" ` + k), good, now, false, "not valid before"},
		{"for other things", roster(`ada@example.org namespaces="git" ` + k), good, now, false, "not for firebreak-head"},
		{"line taken out", sshsig.Roster{}, good, now, true, "nobody here vouches"},
		{"no signature", usual, record.Signature{Armored: "x"}, now, false, "malformed"},
	} {
		err := c.roster.Check(c.sig, record.HeadNamespace, []byte(text), c.at)
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, record.ErrStranger) != c.stranger {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := usual.Check(good, record.HeadNamespace, []byte(text), now); err != nil {
		t.Errorf("good: %v", err)
	}
	// A changed text is a fault for a stranger too.
	if err := (sshsig.Roster{}).Check(other, record.HeadNamespace, []byte(text), now); err == nil || errors.Is(err, record.ErrStranger) {
		t.Errorf("a stranger's wrong signature: %v", err)
	}
}

func TestTokenThatWasNotTouchedIsRefused(t *testing.T) {
	token := testkit.NewToken(t, "ed25519", rand.Reader)
	sig := signed(t, token, record.HeadNamespace, text)
	b := decoded(t, sig.Armored)
	b[len(b)-5] &^= 1 // the flags, taken back: then the signature is not over them either
	if s, err := sshsig.Parse([]byte(sig.Armored)); err != nil || s.Check(record.HeadNamespace, []byte(text)) != nil {
		t.Fatal("the touched one is not accepted")
	}
	sig.Armored = armor(b)
	s, err := sshsig.Parse([]byte(sig.Armored))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(record.HeadNamespace, []byte(text)); err == nil || !strings.Contains(err.Error(), "not touched") {
		t.Errorf("accepted: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	signer, err := ssh.NewSignerFromKey(privateKeys(t)["ed25519"])
	if err != nil {
		t.Fatal(err)
	}
	good := signed(t, signer, record.HeadNamespace, text).Armored
	if _, err := sshsig.Parse([]byte("\r\n  " + strings.ReplaceAll(good, "\n", "\r\n") + "\n\n")); err != nil {
		t.Errorf("pasted with other line ends: %v", err)
	}
	for name, b := range map[string]string{
		"nothing":       "",
		"other armor":   strings.ReplaceAll(good, "SSH SIGNATURE", "PGP SIGNATURE"),
		"text before":   "hello\n" + good,
		"two":           good + good,
		"cut off":       good[:len(good)-40],
		"too long":      good + strings.Repeat("\n", 20<<10),
		"no signature":  armor([]byte("SSHSIG")),
		"trailing data": armor(append(decoded(t, good), 0)),
	} {
		if _, err := sshsig.Parse([]byte(b)); !errors.Is(err, sshsig.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBrokenLinesAreToldAndTheOthersStand(t *testing.T) {
	signer, err := ssh.NewSignerFromKey(privateKeys(t)["ed25519"])
	if err != nil {
		t.Fatal(err)
	}
	k := line(signer.PublicKey())
	r, err := sshsig.ParseRoster([]byte("# people\nada " + k + "\nbob\n\ncarl ssh-ed25519 AAAA\ncert-authority " + k +
		"\n*@x cert-authority " + k + "\n\"eve " + k + "\ndan namespaces=\"a\" namespaces=\"b\" " + k + "\nfay ssh-rsa " + strings.Fields(k)[1] + "\n"))
	if len(r.Lines) != 2 || r.Lines[0].Number != 2 {
		t.Errorf("%d good lines", len(r.Lines))
	}
	for _, want := range []string{"line 3: ", "line 5: key", "line 7: cert-authority: certificates are not supported", "line 8: principals: a quote", "line 10: key: it is of type ssh-ed25519"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), strings.Fields(k)[1]) {
		t.Error("the error repeats a line")
	}
}

func FuzzRoster(f *testing.F) {
	f.Add("ada namespaces=\"a,b\",valid-after=\"20260101Z\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg c\n")
	f.Add("\"a b\" ssh-rsa A\n#\n\n!*,a?c x=\"\\\"\" y")
	f.Fuzz(func(t *testing.T, s string) {
		r, _ := sshsig.ParseRoster([]byte(s))
		for _, l := range r.Lines {
			if l.Key == nil || len(l.Principals) == 0 || l.Number < 1 {
				t.Errorf("half a line: %+v", l)
			}
			for _, p := range r.Principals(l.Key, "n", now) {
				if strings.ContainsAny(p, "*?! \n") {
					t.Errorf("principal %q", p)
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(armor([]byte("SSHSIG\x00\x00\x00\x01")))
	f.Fuzz(func(t *testing.T, s string) {
		sig, err := sshsig.Parse([]byte(s))
		if err == nil && (sig.Key == nil || sig.Namespace == "") {
			t.Error("half a signature")
		}
		if err == nil && sig.Check("firebreak-head", []byte(text)) == nil && !strings.Contains(s, "SSH SIGNATURE") {
			t.Error("accepted without armor")
		}
	})
}

func armor(b []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: b}))
}
