package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TSA is a time-stamping authority of its own, made with openssl.
type TSA struct {
	t       *testing.T
	dir     string
	openssl string
	mu      sync.Mutex // openssl counts serial numbers in a file
	CAFile  string     // the certificate that vouches for it
}

const tsaConfig = `[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

// NewTSA makes one. The test is skipped where openssl is missing.
func NewTSA(t *testing.T) *TSA {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is missing: apt-get install openssl")
	}
	a := &TSA{t: t, dir: t.TempDir(), openssl: openssl}
	a.CAFile = filepath.Join(a.dir, "ca.pem")
	a.write("conf", tsaConfig)
	a.write("serial", "01\n")
	a.write("ext", "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n")
	a.Run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
	a.Run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=Example/CN=Test TSA", "-keyout", "tsa.key", "-out", "tsa.csr")
	a.Run("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650", "-extfile", "ext", "-out", "tsa.pem")
	return a
}

func (a *TSA) write(name, content string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// Run runs openssl in the authority's folder and fails the test with it.
func (a *TSA) Run(args ...string) {
	a.t.Helper()
	if out, err := a.Try(args...); err != nil {
		a.t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Try runs openssl in the authority's folder.
func (a *TSA) Try(args ...string) (string, error) {
	c := exec.CommandContext(a.t.Context(), a.openssl, args...)
	c.Dir = a.dir
	out, err := c.CombinedOutput()
	return string(out), err
}

// Reply answers a query as the authority does.
func (a *TSA) Reply(query []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	in, out := filepath.Join(a.dir, "q.tsq"), filepath.Join(a.dir, "r.tsr")
	if err := os.WriteFile(in, query, 0o600); err != nil {
		return nil, err
	}
	if _, err := a.Try("ts", "-reply", "-config", "conf", "-section", "one", "-queryfile", in, "-out", out); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// Serve answers over HTTP on this machine and returns the address. change, where
// it is not nil, spoils the reply.
func (a *TSA) Serve(change func([]byte) []byte) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "not a query", http.StatusBadRequest)
			return
		}
		b, err := a.Reply(q) //nolint:contextcheck // the authority lives as long as its test
		if err != nil {
			http.Error(w, "cannot stamp", http.StatusInternalServerError)
			return
		}
		if change != nil {
			b = change(b)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(b)
	}))
	a.t.Cleanup(s.Close)
	return s.URL
}
