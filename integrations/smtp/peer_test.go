package smtp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// python finds a Python that has aiosmtpd, the mail server of these tests.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), p, "-c", "import aiosmtpd").Run() == nil {
			return p
		}
	}
	t.Skip("the mail server of the test is not here: apt-get install python3-aiosmtpd (tools/needs test)")
	return ""
}

// authority makes a certificate authority and a server's certificate for
// 127.0.0.1, as PEM files.
func authority(t *testing.T) (ca, cert, key string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca = write("ca.pem", "CERTIFICATE", must(x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)))
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail"}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert = write("cert.pem", "CERTIFICATE", must(x509.CreateCertificate(rand.Reader, leaf, root, &serverKey.PublicKey, caKey)))
	key = write("key.pem", "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(serverKey)))
	return ca, cert, key
}

// peer starts the mail server. It returns its address and the folder it keeps
// mails in.
func peer(t *testing.T, py, cert, key string, without ...string) (address, folder string) {
	t.Helper()
	folder = t.TempDir()
	cmd := exec.CommandContext(t.Context(), py, append([]string{filepath.Join("testdata", "peer.py"), folder, cert, key}, without...)...)
	var words strings.Builder
	cmd.Stderr = &words // it tells of each refusal, too
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // the test's end may have killed it already
		if t.Failed() {
			t.Log(words.String())
		}
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port), folder
}

const password = "correct horse"

// mailbox is the action of a connection with these settings beside the usual ones.
func mailbox(t *testing.T, server string, settings map[string]string) *post {
	t.Helper()
	all := map[string]string{"server": server, "from": `"Überwachung, Firebreak" <firebreak@acme.example>`, "to": "ada@acme.example, bob@acme.example", "user": "ada"}
	for k, v := range settings {
		all[k] = v
	}
	as, err := actions(integrations.Connection{
		Name: "email", Kind: "smtp", Settings: all, Now: func() time.Time { return time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC) },
		Has: func(string) bool { return all["user"] != "" },
		Secret: func(_ context.Context, n string) (string, error) {
			if n == "password" && all["secret"] == "" {
				return password, nil
			}
			return all["secret"], nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return as[0].(*post)
}

func call(params map[string]any, key string) integrations.Call {
	return integrations.Call{Action: "smtp.mail.send", Connection: "email", Params: params, Key: integrations.Key("2026-0007", key, 0), Incident: "2026-0007", Seal: "2026-0007 @12 9f2c"}
}

// seenMail is what Python's email package sees.
type seenMail struct {
	Headers [][2]string
	Defects []string
	Longest int
	Bare    int
	To      []string
	Cc      [][2]string
	Parts   map[string]string
}

func (m seenMail) header(name string) string {
	for _, h := range m.Headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

func readBack(t *testing.T, py, path string) seenMail {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), py, filepath.Join("testdata", "read.py"), path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var m seenMail
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRealServer sends through aiosmtpd: STARTTLS with an authority of our own, a
// password, refusals of single people, hostile text; and reads back what it kept
// with a reader that is not ours.
func TestRealServer(t *testing.T) {
	py := python(t)
	ca, cert, key := authority(t)
	server, folder := peer(t, py, cert, key)
	hostile := "From nobody\n.\n..\r\nBcc: all@acme.example\r\n\r\n<script>alert(1)</script> \x1b[2J =?utf-8?q?x?= " + strings.Repeat("lang ", 400) + "\n\nÄ 漢字 🔥"
	p := mailbox(t, server, map[string]string{"ca": ca, "html": "true"})
	c := call(map[string]any{
		"subject": "[LIVE SEV1] Zahlungen: =?utf-8?q?Schlüssel?= verloren 🔥 " + strings.Repeat("und noch mehr ", 20),
		"text":    hostile, "cc": []any{`"Brown, Bob" <cc@acme.example>`, "gone@acme.example", "later@acme.example"},
	}, "a1")
	r, err := p.Do(t.Context(), c, integrations.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Data["accepted"].([]string); !slices.Equal(a, []string{"ada@acme.example", "bob@acme.example", "cc@acme.example"}) {
		t.Errorf("accepted %v", a)
	}
	if refused := r.Data["refused"].([]string); len(refused) != 2 || !strings.HasPrefix(refused[0], "gone@acme.example: 550") || !strings.HasPrefix(refused[1], "later@acme.example: 451") {
		t.Errorf("refused %q", refused)
	}
	if !strings.HasPrefix(r.Says, "not delivered to: gone@acme.example: 550") {
		t.Errorf("it says %q", r.Says)
	}
	if v, err := p.Verify(t.Context(), c, r); err != nil || !v.OK || !v.Unread || !strings.Contains(v.Says, "refused 2") {
		t.Errorf("%+v, %v", v, err)
	}
	var kept struct {
		From, Hello string
		To          []string
		TLS         bool
	}
	b, err := os.ReadFile(filepath.Join(folder, "1.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	if kept.From != "firebreak@acme.example" || len(kept.To) != 3 || !kept.TLS || kept.Hello != "acme.example" {
		t.Errorf("%+v", kept)
	}
	m := readBack(t, py, filepath.Join(folder, "1.eml"))
	if len(m.Defects) > 0 || m.Longest > 998 || m.Bare > 0 {
		t.Errorf("defects %v, longest line %d, bare line ends %d", m.Defects, m.Longest, m.Bare)
	}
	if !slices.Equal(m.To, []string{"ada@acme.example", "bob@acme.example"}) || m.Cc[0] != [2]string{"Brown, Bob", "cc@acme.example"} {
		t.Errorf("to %v, cc %v", m.To, m.Cc)
	}
	for name, want := range map[string]string{
		"Subject": c.Params["subject"].(string), "From": `"Überwachung, Firebreak" <firebreak@acme.example>`, "Message-ID": r.Ref,
		"Auto-Submitted": "auto-generated", "Date": "Sun, 22 Nov 2026 03:04:05 +0000", "X-Firebreak-Incident": "2026-0007", "Bcc": "",
	} {
		if got := m.header(name); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s: %q: want %q", name, got, want)
		}
	}
	text := strings.ReplaceAll(m.Parts["text/plain"], "\r\n", "\n")
	want := strings.ReplaceAll(strings.ReplaceAll(hostile, "\r\n", "\n"), "\x1b", "") + "\n\nFirebreak record: 2026-0007 @12 9f2c\n"
	if text != want {
		t.Errorf("text %q\nwant %q", text, want)
	}
	if h := m.Parts["text/html"]; strings.Contains(h, "<script") || !strings.Contains(h, "&lt;script&gt;") || !strings.Contains(h, "漢字") {
		t.Errorf("html %q", h)
	}

	// A second mail of the incident stands in the same thread, with an id of its own.
	p.html = false
	second := call(map[string]any{"subject": "short", "text": "x"}, "a2")
	if _, err := p.Do(t.Context(), second, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	n := readBack(t, py, filepath.Join(folder, "2.eml"))
	if n.header("References") != m.header("References") || n.header("In-Reply-To") == "" || n.header("Message-ID") == m.header("Message-ID") || n.header("Subject") != "short" || len(n.Parts) != 1 {
		t.Errorf("second mail: %v", n.Headers)
	}

	// A retry is the same mail to every reader.
	if _, err := p.Do(t.Context(), second, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	if again := readBack(t, py, filepath.Join(folder, "3.eml")); again.header("Message-ID") != n.header("Message-ID") {
		t.Error("a retry has another Message-ID")
	}
	refusals(t, server, ca)
}

// refusals are what the real server, or our own care, says no to.
func refusals(t *testing.T, server, ca string) {
	t.Helper()
	fine := map[string]any{"subject": "s", "text": "t"}
	for name, c := range map[string]struct {
		settings map[string]string
		params   map[string]any
		want     integrations.Outcome
	}{
		"a certificate of an authority unknown": {nil, fine, integrations.Rejected},
		"a wrong password":                      {map[string]string{"ca": ca, "secret": "wrong battery"}, fine, integrations.Rejected},
		"no password":                           {map[string]string{"ca": ca, "user": ""}, fine, integrations.Rejected},
		"a file that holds no certificate":      {map[string]string{"ca": "/etc/hostname"}, fine, integrations.Rejected},
		"nobody is taken":                       {map[string]string{"ca": ca}, map[string]any{"subject": "s", "text": "t", "to": "gone@acme.example"}, integrations.Rejected},
		"everybody later":                       {map[string]string{"ca": ca}, map[string]any{"subject": "s", "text": "t", "to": "gone@acme.example, later@acme.example"}, integrations.Throttled},
	} {
		_, err := mailbox(t, server, c.settings).Do(t.Context(), call(c.params, "x"), integrations.Plan{})
		var e *integrations.Error
		if !errors.As(err, &e) || e.Outcome != c.want || e.Hint == "" {
			t.Errorf("%s: %v: want %s with a hint", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "wrong battery")) {
			t.Errorf("%s: the error shows the password", name)
		}
	}
}

// TestLogin logs in where the server offers AUTH LOGIN alone.
func TestLogin(t *testing.T) {
	py := python(t)
	ca, cert, key := authority(t)
	server, folder := peer(t, py, cert, key, "PLAIN")
	if _, err := mailbox(t, server, map[string]string{"ca": ca}).Do(t.Context(), call(map[string]any{"subject": "s", "text": "t"}, "a"), integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "1.eml")); err != nil {
		t.Error(err)
	}
}
