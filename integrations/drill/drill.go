// Package drill is the world that an exercise acts on: loopback servers that
// speak as GitHub, PagerDuty, Slack, Teams, Jira, a mail server and a webhook
// receiver do, and a Linux host that exists only as a file. They keep state, so that an action, its verification
// and its undoing can be seen, also by a later process.
//
// They check what the adapters send, credentials and signatures included; they
// prove nothing about the vendors themselves.
package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"firebreak/integrations"
)

// What is in a new world, for drills to refer to.
const (
	Repo      = "acme/payments"
	Workflow  = "release.yml"
	DeployKey = 4242
	Incident  = "PDRILL1"
	Address   = "203.0.113.66" // it talks to the drill's host; TEST-NET-3, RFC 5737
	PID       = 31337          // a process of the drill's host
	Org       = "acme"
	Member    = "mallory"    // an owner of the organisation, whose token leaked
	Outsider  = "contractor" // has a right to the repository, and is no member
	Stranger  = "passer-by"  // has nothing
	RunID     = 9001         // a run that has not ended
)

// Names of the servers. The top-level domain can never exist (RFC 6761), and
// plans show the same URL in every process, whatever the port.
const (
	gitHubName    = "github.drill.invalid"
	pagerDutyName = "pagerduty.drill.invalid"
	webhookName   = "webhook.drill.invalid"
	anyName       = "http.drill.invalid"
	slackName     = "slack.drill.invalid"
	teamsName     = "teams.drill.invalid"
	smtpName      = "smtp.drill.invalid"
	jiraName      = "jira.drill.invalid"
	clusterName   = "kubernetes.drill.invalid"
)

// World is one open world. Several processes may have the same one open.
type World struct {
	dir    string
	now    func() time.Time
	mu     sync.Mutex // this process's own turn
	faults faults
	server *http.Server
	addr   string
	mail   net.Listener
	seal   *[32]byte // seals the state file; nil leaves it as it is
	last   peeked
}

// Open opens the world whose state file is in dir, making both when they are
// not there, and starts its servers on a loopback port.
func Open(dir string, now func() time.Time) (*World, error) { return OpenSealed(dir, now, nil) }

// OpenSealed is Open where the state file is sealed with a secret.
func OpenSealed(dir string, now func() time.Time, secret *[32]byte) (*World, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open drill: %w", err)
	}
	w := &World{dir: dir, now: now, seal: secret}
	if err := w.change(func(s *state) error { return s.furnish(now().UTC()) }); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open drill: %w", err)
	}
	w.addr = l.Addr().String()
	if w.mail, err = lc.Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(fmt.Errorf("open drill: %w", err), l.Close())
	}
	go w.serveMail(w.mail)
	handlers := map[string]http.Handler{
		gitHubName:    w.GitHub(),
		pagerDutyName: w.PagerDuty(),
		webhookName:   w.Webhook(),
		anyName:       w.Anything(),
		slackName:     w.Slack(),
		teamsName:     w.Teams(),
		jiraName:      w.Jira(),
		clusterName:   w.Kubernetes(),
	}
	w.server = &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			h, ok := handlers[r.Host]
			if !ok {
				http.Error(rw, "no such drill server", http.StatusMisdirectedRequest)
				return
			}
			h.ServeHTTP(rw, r)
		}),
	}
	go func() {
		// It ends when Close is called; until then nothing can be said here
		// that the client at the other end is not told.
		_ = w.server.Serve(l)
	}()
	return w, nil
}

// Close stops the servers. The state stays.
func (w *World) Close() error { return errors.Join(w.server.Close(), w.mail.Close()) }

// Connections returns the connections to this world: github, pagerduty, webhook,
// host, http, kubernetes, and those by which people are told: slack, chat (Teams),
// email, jira.
func (w *World) Connections() []integrations.Connection {
	base := integrations.Connection{Now: w.now, Drill: true, Dial: w.dial}
	github, pagerduty, webhook, host := base, base, base, base
	github.Name, github.Kind, github.BaseURL = "github", "github", "http://"+gitHubName+"/"
	github.Settings = map[string]string{"repo": Repo}
	github.Secret = w.secret(func(s secrets, n string) string { return map[string]string{"token": s.GitHub}[n] })
	github.Reveal = func(context.Context, string) (string, error) {
		s, err := w.peek() // no secret of the world outside is fetched for a drill
		if err != nil {
			return "", err
		}
		return leaked(s), nil
	}
	pagerduty.Name, pagerduty.Kind, pagerduty.BaseURL = "pagerduty", "pagerduty", "http://"+pagerDutyName
	pagerduty.Settings = map[string]string{"from": "responder@acme.example", "user_id": onCallID}
	pagerduty.Secret = w.secret(func(s secrets, n string) string {
		return map[string]string{"token": s.PagerDuty, "routing_key": s.Routing}[n]
	})
	webhook.Name, webhook.Kind, webhook.BaseURL = "webhook", "webhook", "http://"+webhookName+"/hook"
	webhook.Settings = map[string]string{"allow_private": "true", "deduplicates": "true"}
	webhook.Secret = w.secret(func(s secrets, n string) string { return map[string]string{"secret": s.Webhook}[n] })
	web := base
	web.Name, web.Kind, web.BaseURL = "http", "http", "http://"+anyName
	web.Settings = map[string]string{"deduplicates": "true", "allow_private": "true"}
	web.Reveal = func(context.Context, string) (string, error) {
		s, err := w.peek() // no secret of the world outside is fetched for a drill
		return s.Secrets.Webhook, err
	}
	host.Reveal = web.Reveal
	host.Name, host.Kind, host.Host = "host", "linux", fakeHost{w}
	cluster := base
	cluster.Name, cluster.Kind, cluster.BaseURL = "kubernetes", "kubernetes", "http://"+clusterName
	cluster.Secret = w.secret(func(s secrets, n string) string { return map[string]string{"token": s.Kubernetes}[n] })
	cluster.Has = func(setting string) bool { return setting == "token" }
	return append([]integrations.Connection{github, pagerduty, webhook, host, web, cluster}, w.rooms(base)...)
}

func (w *World) secret(pick func(secrets, string) string) func(context.Context, string) (string, error) {
	return func(_ context.Context, name string) (string, error) {
		s, err := w.peek()
		if err != nil {
			return "", err
		}
		v := pick(s.Secrets, name)
		if v == "" {
			return "", fmt.Errorf("the drill has no secret %q", name)
		}
		return v, nil
	}
}

// dial leads the drill's names to its servers, and no other name anywhere.
func (w *World) dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial drill: %w", err)
	}
	if !strings.HasSuffix(name, ".drill.invalid") {
		return nil, fmt.Errorf("dial %s: a drill talks to its own servers only", name)
	}
	var d net.Dialer
	if name == smtpName {
		return d.DialContext(ctx, network, w.mail.Addr().String())
	}
	return d.DialContext(ctx, network, w.addr)
}

// Effects returns all that has been changed in this world since it was made.
func (w *World) Effects() ([]Effect, error) { return ReadEffects(w.dir) }

// ReadEffects is Effects for a world that need not be open.
func ReadEffects(dir string) ([]Effect, error) {
	s, err := (&World{dir: filepath.Clean(dir)}).view()
	if err != nil {
		return nil, err
	}
	return s.Effects, nil
}

// errRefused ends a change with an HTTP status.
type errRefused struct {
	status  int
	message string
}

func (e errRefused) Error() string { return e.message }

// refuse is a refusal with a status, in the words of the server.
func refuse(status int, message string) error { return errRefused{status, message} }

// answer writes v as JSON.
func answer(rw http.ResponseWriter, status int, v any) {
	if v == nil {
		rw.WriteHeader(status)
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"message":"cannot encode"}`)
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(b) // a client that went away is not our failure
}

// statusOf returns the status and words that err asks for.
func statusOf(err error) (int, string) {
	var r errRefused
	if errors.As(err, &r) {
		return r.status, r.message
	}
	return http.StatusInternalServerError, err.Error()
}
