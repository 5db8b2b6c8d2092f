package all

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
	remote "firebreak/integrations/ssh"
	"firebreak/internal/term"
)

// asked is one action of each kind that speaks HTTP.
type asked struct {
	kind, action string
	params       map[string]any
	settings     map[string]string
	blind        bool // it looks at the status alone
}

func everyPeer() []asked {
	type m = map[string]any
	type s = map[string]string
	private := s{"allow_private": "true"}
	return []asked{
		{"github", "github.workflow.disable", m{"repo": drill.Repo, "workflow": drill.Workflow}, nil, true},
		{"pagerduty", "pagerduty.incident.note", m{"incident": drill.Incident, "note": "x"}, s{"from": "ada@acme.example"}, false},
		{"webhook", "webhook.send", m{"message": "x"}, private, true},
		{"http", "http.request", m{"method": "POST", "url": "/x"}, private, true},
		{"kubernetes", "kubernetes.node.cordon", m{"node": drill.Node}, nil, false},
		{"slack", "slack.message.post", m{"channel": drill.SlackChannel, "text": "x", "thread": "none"}, nil, false},
		{"teams", "teams.message.send", m{"text": "x"}, private, true},
		{"jira", "jira.issue.create", m{"project": "SEC", "summary": "x"}, s{"mail": "a@example.org"}, false},
		{"okta", "okta.user.suspend", m{"user": drill.Person}, nil, false},
		{"entra", "entra.user.disable", m{"user": drill.Person}, s{"tenant": "acme.example", "client_id": "app", "token_url": "BASE/oauth2"}, false},
		{"aws", "aws.accesskey.disable", m{"key": drill.AccessKey}, nil, false},
		{"crowdstrike", "crowdstrike.host.contain", m{"host": drill.FalconHost}, s{"client_id": "app"}, false},
		{"defender", "defender.machine.restrict", m{"machine": drill.Machine}, s{"tenant": "acme.example", "client_id": "app", "token_url": "BASE/oauth2"}, false},
		{"cloudflare", "cloudflare.level.set", m{"level": "under_attack"}, s{"zone": drill.Zone}, false},
	}
}

const hostileSecret = "a-secret-of-sixteen-bytes-or-more"

// meet asks a peer at that address for one action: first what is there, then the
// change itself. It returns what either said.
func meet(t *testing.T, a asked, base string, limit time.Duration) (prior, do error) {
	t.Helper()
	c := integrations.Connection{
		Name: a.kind, Kind: a.kind, Now: time.Now, BaseURL: base, Timeout: limit, Writes: 1000, Settings: map[string]string{},
		Has: func(setting string) bool { return setting == "token" || setting == "password" },
		Secret: func(_ context.Context, setting string) (string, error) {
			switch setting {
			case "url":
				return base + "/workflows/x?sig=" + hostileSecret, nil
			case "access_key_id":
				return "AKIADRILLRESPONDER01", nil
			case "session_token", "former_secret", "user_token":
				return "", errors.New("there is none")
			}
			return hostileSecret, nil
		},
	}
	for k, v := range a.settings {
		c.Settings[k] = strings.Replace(v, "BASE", base, 1)
	}
	if a.kind == "teams" {
		c.BaseURL = ""
	}
	r, err := integrations.NewRegistry(Systems(), []integrations.Connection{c})
	if err != nil {
		return err, err
	}
	action, _, err := r.Lookup(a.action, a.kind)
	if err != nil {
		return err, err
	}
	call := integrations.Call{Action: a.action, Connection: a.kind, Params: a.params, Key: "k", Incident: "2026-0001"}
	_, prior = action.Prior(t.Context(), call)
	_, do = action.Do(t.Context(), call, integrations.Plan{})
	return prior, do
}

// peer is a server that means no good.
type peer struct {
	name  string
	limit time.Duration
	tls   uint16 // the newest version that it speaks; 0 is plain http
	good  bool   // the answer begins with a 2xx: those who look at no more are satisfied
	serve func(w http.ResponseWriter, r *http.Request, sent *atomic.Int64)
}

// drip sends a byte, and the next one a second later, without an end.
func drip(w http.ResponseWriter, r *http.Request, _ *atomic.Int64) {
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	}
}

// pour sends as much as is taken.
func pour(w http.ResponseWriter, sent *atomic.Int64) {
	chunk := []byte(strings.Repeat(" ", 64<<10))
	for range (10 << 30) / len(chunk) {
		n, err := w.Write(chunk)
		sent.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func peers() []peer {
	const second = 20 * time.Second // more than any of them needs
	return []peer{
		{name: "redirect to the metadata address", limit: second, serve: func(w http.ResponseWriter, _ *http.Request, _ *atomic.Int64) {
			w.Header().Set("Location", "http://169.254.169.254/latest/meta-data/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}},
		{name: "10 GiB, declared", limit: second, good: true, serve: func(w http.ResponseWriter, _ *http.Request, sent *atomic.Int64) {
			w.Header().Set("Content-Length", fmt.Sprint(10<<30))
			pour(w, sent)
		}},
		{name: "10 GiB, in pieces", limit: second, serve: func(w http.ResponseWriter, _ *http.Request, sent *atomic.Int64) {
			w.WriteHeader(http.StatusInternalServerError)
			pour(w, sent)
		}},
		{name: "1 byte per second", limit: 250 * time.Millisecond, good: true, serve: drip},
		{name: "TLS 1.1", limit: second, tls: tls.VersionTLS11, serve: func(_ http.ResponseWriter, _ *http.Request, sent *atomic.Int64) { sent.Add(1 << 40) }},
		{name: "terminal escapes", limit: second, serve: func(w http.ResponseWriter, r *http.Request, _ *atomic.Int64) {
			w.WriteHeader(http.StatusBadRequest)
			text := `\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e` + r.Header.Get("Authorization")
			_, _ = io.WriteString(w, `{"ok":false,"message":"`+text+`","error":"`+text+`","errors":["`+text+`"],"errorMessages":["`+text+`"],"errorSummary":"`+text+"\"}\x1b[2J") // the client may have gone
		}},
	}
}

// TestEachKindMeetsHostilePeers: whatever the kind of connection, what comes back
// is refused or bounded, claims no more than is known, and shows no secret.
func TestEachKindMeetsHostilePeers(t *testing.T) {
	t.Parallel()
	for _, p := range peers() {
		t.Run(p.name, func(t *testing.T) {
			var all sync.WaitGroup
			for _, a := range everyPeer() {
				var sent, requests atomic.Int64
				s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					p.serve(w, r, &sent)
				}))
				s.Config.ErrorLog = log.New(io.Discard, "", 0)
				if p.tls != 0 {
					s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: p.tls}
					s.StartTLS()
				} else {
					s.Start()
				}
				t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
				all.Go(func() {
					prior, do := meet(t, a, s.URL, p.limit)
					if do == nil && (!a.blind || !p.good) {
						t.Errorf("%s: it says that it is done", a.kind)
					}
					for _, err := range []error{prior, do} {
						if err == nil {
							continue
						}
						if shown := term.Safe(err.Error()); len(err.Error()) > 900 || conform.Leaks(err.Error(), []string{hostileSecret}) || strings.ContainsAny(shown, "\x1b\x07\u009b\u202e") {
							t.Errorf("%s: the error is long, raw, or shows the secret: %q", a.kind, err)
						}
					}
					if n := requests.Load(); n == 0 != (p.tls != 0) {
						t.Errorf("%s: %d requests: %v, %v", a.kind, n, prior, do)
					}
					if n := sent.Load(); n > 64<<20 {
						t.Errorf("%s: it took %d bytes", a.kind, n)
					}
				})
			}
			all.Wait()
		})
	}
}

// TestNoKindGoesToTheMetadataAddress, in whatever way it is written. Nothing is
// sent: no connection is made.
func TestNoKindGoesToTheMetadataAddress(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"169.254.169.254", "[::ffff:a9fe:a9fe]"} {
		for _, a := range everyPeer() {
			prior, do := meet(t, a, "https://"+at+":1", time.Second)
			first := prior // what is told nothing is read has nothing to change either
			if first == nil {
				first = do
			}
			if do == nil || first == nil || !strings.Contains(first.Error(), "address refused") {
				t.Errorf("%s at %s: %v, %v", a.kind, at, prior, do)
			}
		}
	}
}

// TestHostKeyChanged: a host that shows another key than the known one is told
// nothing, and the plan says so.
func TestHostKeyChanged(t *testing.T) {
	t.Parallel()
	signer := func() ssh.Signer {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	shows, known := signer(), signer()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, l)
	var told atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
				told.Add(1)
				return nil, errors.New("no")
			}}
			config.AddHostKey(shows)
			_, _, _, _ = ssh.NewServerConn(conn, config) // the client goes
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(knownhosts.Line([]string{"[127.0.0.1]:" + port}, known.PublicKey())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine := func(context.Context) ([]ssh.Signer, error) { return []ssh.Signer{signer()}, nil }
	for name, o := range map[string]remote.Options{
		"given":          {HostKey: ssh.FingerprintSHA256(known.PublicKey()), Signers: mine},
		"in known_hosts": {KnownHosts: []string{file}, Signers: mine},
		"of no file":     {Signers: mine},
	} {
		call := integrations.Call{Action: "linux.nft.block", Connection: "far", Params: map[string]any{"address": "203.0.113.9"}, Key: "k", Incident: "2026-0001"}
		host := remote.NewHost("web-1", func() (remote.Target, remote.Options, error) {
			return remote.Target{User: "ada", Host: "127.0.0.1", Port: number}, o, nil
		})
		action := overSSH(t, host)
		_, err = action.Prior(t.Context(), call)
		if err == nil || !strings.Contains(err.Error(), "the host's key is not the known one") || !strings.Contains(err.Error(), ssh.FingerprintSHA256(shows.PublicKey())) {
			t.Errorf("%s: reading: %v", name, err)
		}
		if _, err = action.Do(t.Context(), call, integrations.Plan{}); err == nil || integrations.OutcomeOf(err) == integrations.Ambiguous {
			t.Errorf("%s: doing: %v", name, err)
		}
	}
	if n := told.Load(); n != 0 {
		t.Errorf("it was shown %d keys of ours", n)
	}
	// A connection that nobody has led anywhere does not lead here.
	if _, err := overSSH(t, nil).Prior(t.Context(), integrations.Call{Params: map[string]any{"address": "203.0.113.9"}}); integrations.OutcomeOf(err) != integrations.NotSent || !strings.Contains(fmt.Sprint(err), "nothing says how") {
		t.Errorf("without a host: %v", err)
	}
}

// overSSH is a block at a host.
func overSSH(t *testing.T, host integrations.Host) integrations.Action {
	t.Helper()
	c := integrations.Connection{Name: "far", Kind: "ssh", Now: time.Now, Settings: map[string]string{"host": "ada@web-1"}, Host: host}
	r, err := integrations.NewRegistry(Systems(), []integrations.Connection{c})
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := r.Lookup("linux.nft.block", "far")
	if err != nil {
		t.Fatal(err)
	}
	return a
}
