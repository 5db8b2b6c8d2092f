// Package receive takes in what other systems send by HTTP: it checks who sent it,
// bounds what it costs, and hands the bytes to whoever keeps them. It answers with
// success only when they are kept.
//
// It promises: a secret is compared in constant time; a body has at most 10 MiB
// and 30 seconds; each sender has its own rate; so many requests are handled at
// once, and no more; what is older than a sender's window is refused where the
// signed bytes say how old they are. It knows no file and no incident.
package receive

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The kinds of senders, by how they prove who they are.
const (
	PagerDuty = "pagerduty" // X-PagerDuty-Signature: v1=HMAC-SHA256 of the body, several
	GitHub    = "github"    // X-Hub-Signature-256: sha256=HMAC-SHA256 of the body
	Token     = "token"     // Authorization: Bearer TOKEN
)

// Limits.
const (
	MaxBody    = 10 << 20
	slowBody   = 30 * time.Second
	slowHeader = 5 * time.Second
	together   = 16  // requests at once
	maxConns   = 128 // connections at once
	perSecond  = 20  // of one sender
	burst      = 200
	badSecond  = 2 // wrong secrets, of one sender
	badBurst   = 20
	futureSkew = 10 * time.Minute
	maxSecret  = 4096
	toTheEnd   = 20 * time.Second // to end what was begun
)

// Source is one sender.
type Source struct {
	Name    string
	Kind    string
	Format  string
	Window  time.Duration
	Secrets func(context.Context) ([]string, error) // fetched for each request: they may change
}

// Delivery is what came, of whom.
type Delivery struct {
	Source string
	Format string
	Event  string // the sender's word for what it is, where it has one
	Body   []byte
}

// What Keep may answer besides nil.
var (
	ErrBad  = errors.New("nothing of it was kept")    // the sender is told not to send it again
	ErrFull = errors.New("there is no room for more") // the sender is to try later
)

// Receiver is the handler of all senders.
type Receiver struct {
	sources map[string]*sender
	now     func() time.Time
	keep    func(context.Context, Delivery) (id string, err error)
	log     func(format string, args ...any)
	turns   chan struct{}
}

type sender struct {
	Source
	good, bad *rate.Limiter
}

// New makes a receiver. keep is called with what was proven; when it returns, the
// bytes are safe. log takes one line for what was refused, without any of it.
func New(sources []Source, now func() time.Time, keep func(context.Context, Delivery) (string, error), log func(format string, args ...any)) *Receiver {
	r := &Receiver{sources: map[string]*sender{}, now: now, keep: keep, log: log, turns: make(chan struct{}, together)}
	for _, s := range sources {
		r.sources[s.Name] = &sender{s, rate.NewLimiter(perSecond, burst), rate.NewLimiter(badSecond, badBurst)}
	}
	return r
}

// Serve answers on the listener until the context ends, and then ends what was
// begun.
func (r *Receiver) Serve(ctx context.Context, l net.Listener, certificate *tls.Config) error {
	l = &fewConns{Listener: l, room: make(chan struct{}, maxConns)}
	if certificate != nil {
		l = tls.NewListener(l, certificate)
	}
	srv := &http.Server{
		Handler: r, ReadHeaderTimeout: slowHeader, ReadTimeout: slowBody, WriteTimeout: slowBody + 30*time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 32 << 10, ErrorLog: nil,
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), toTheEnd)
		defer cancel()
		done <- srv.Shutdown(last)
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("receive: %w", err)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("end what was begun: %w", err)
	}
	return nil
}

// Certificate reads the files of a certificate.
func Certificate(cert, key string) (*tls.Config, error) {
	c, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c}}, nil
}

// fewConns bounds how many connections are open.
type fewConns struct {
	net.Listener
	room chan struct{}
}

func (f *fewConns) Accept() (net.Conn, error) {
	for {
		c, err := f.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case f.room <- struct{}{}:
			return &countedConn{Conn: c, room: f.room}, nil
		default:
			_ = c.Close() // there are too many
		}
	}
}

type countedConn struct {
	net.Conn
	once sync.Once
	room chan struct{}
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.room })
	return err
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if req.URL.Path == "/healthz" && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
		r.answer(w, http.StatusOK, map[string]any{"ok": true})
		return
	}
	name, ok := strings.CutPrefix(req.URL.Path, "/v1/")
	s := r.sources[name]
	switch {
	case !ok || s == nil:
		r.refuse(w, http.StatusNotFound, "", "there is no such source")
		return
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		r.refuse(w, http.StatusMethodNotAllowed, name, "only POST is taken")
		return
	case req.ContentLength > MaxBody:
		r.refuse(w, http.StatusRequestEntityTooLarge, name, "the body has more than 10 MiB")
		return
	case req.Header.Get("Content-Encoding") != "" && req.Header.Get("Content-Encoding") != "identity":
		r.refuse(w, http.StatusUnsupportedMediaType, name, "compressed bodies are not taken")
		return
	}
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
	default:
		w.Header().Set("Retry-After", "2")
		r.refuse(w, http.StatusServiceUnavailable, name, "too many requests at once")
		return
	}
	r.take(w, req, s)
}

func (r *Receiver) take(w http.ResponseWriter, req *http.Request, s *sender) {
	if s.Kind == Token { // known before a byte of the body
		if code, why := r.proven(req, s, nil); code != 0 {
			r.refuse(w, code, s.Name, why)
			return
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		r.refuse(w, http.StatusRequestEntityTooLarge, s.Name, "the body has more than 10 MiB")
		return
	case err != nil:
		r.refuse(w, http.StatusRequestTimeout, s.Name, "the body did not come whole, or not in time")
		return
	case len(body) == 0:
		r.refuse(w, http.StatusBadRequest, s.Name, "there is no body")
		return
	}
	if s.Kind != Token {
		if code, why := r.proven(req, s, body); code != 0 {
			r.refuse(w, code, s.Name, why)
			return
		}
	}
	if !s.good.Allow() {
		w.Header().Set("Retry-After", "5")
		r.refuse(w, http.StatusTooManyRequests, s.Name, "too many requests")
		return
	}
	d := Delivery{Source: s.Name, Format: s.Format, Body: body}
	if why := r.stale(s, body); why != "" {
		r.refuse(w, http.StatusForbidden, s.Name, why)
		return
	}
	if s.Kind == GitHub {
		d.Event = clip(req.Header.Get("X-GitHub-Event"))
	}
	if why := ignored(s.Kind, d.Event, body); why != "" {
		r.answer(w, http.StatusOK, map[string]any{"ignored": why})
		return
	}
	r.hand(w, req, d)
}

// hand gives the bytes to whoever keeps them. A sender that hangs up does not stop
// that: it would send them again.
func (r *Receiver) hand(w http.ResponseWriter, req *http.Request, d Delivery) {
	id, err := r.keep(context.WithoutCancel(req.Context()), d)
	switch {
	case err == nil:
		r.answer(w, http.StatusAccepted, map[string]any{"item": id})
	case errors.Is(err, ErrBad):
		r.refuse(w, http.StatusUnprocessableEntity, d.Source, err.Error())
	case errors.Is(err, ErrFull):
		w.Header().Set("Retry-After", "60")
		r.refuse(w, http.StatusServiceUnavailable, d.Source, err.Error())
	default:
		r.log("%s: %v", d.Source, err)
		w.Header().Set("Retry-After", "10")
		r.answer(w, http.StatusInternalServerError, map[string]any{"error": "it could not be kept: try again"})
	}
}

// proven says whether the request proves that it is from the sender: 0, or the
// status to refuse it with.
func (r *Receiver) proven(req *http.Request, s *sender, body []byte) (int, string) {
	if s.bad.Tokens() < 1 {
		return http.StatusTooManyRequests, "too many wrong secrets"
	}
	secrets, err := s.Secrets(req.Context())
	if err != nil || len(secrets) == 0 {
		r.log("%s: its secret: %v", s.Name, err)
		return http.StatusInternalServerError, "the secret of this source cannot be had"
	}
	ok := false
	for _, secret := range secrets {
		if s.fits(req, secret, body) {
			ok = true // all are compared, so that the time does not tell which
		}
	}
	if !ok {
		s.bad.Allow()
		return http.StatusUnauthorized, "the secret or signature is not right"
	}
	return 0, ""
}

func (s *sender) fits(req *http.Request, secret string, body []byte) bool {
	if len(secret) < 8 || len(secret) > maxSecret {
		return false
	}
	switch s.Kind {
	case PagerDuty:
		want := "v1=" + sign(secret, body)
		ok := false
		for i, got := range strings.Split(strings.Join(req.Header.Values("X-PagerDuty-Signature"), ","), ",") {
			if i >= 20 {
				break
			}
			if hmac.Equal([]byte(strings.TrimSpace(got)), []byte(want)) {
				ok = true
			}
		}
		return ok
	case GitHub:
		return hmac.Equal([]byte(req.Header.Get("X-Hub-Signature-256")), []byte("sha256="+sign(secret, body)))
	case Token:
		scheme, got, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		a, b := sha256.Sum256([]byte(strings.TrimSpace(got))), sha256.Sum256([]byte(secret))
		return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(a[:], b[:]) == 1
	}
	return false
}

func sign(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write(body) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

// stale says why what came is too old, or from the future. PagerDuty alone says in
// what it signs when it happened.
func (r *Receiver) stale(s *sender, body []byte) string {
	if s.Kind != PagerDuty || s.Window <= 0 {
		return ""
	}
	var in struct {
		Event struct {
			At time.Time `json:"occurred_at"`
		} `json:"event"`
	}
	if json.Unmarshal(body, &in) != nil || in.Event.At.IsZero() {
		return ""
	}
	switch age := r.now().Sub(in.Event.At); {
	case age > s.Window:
		return "it happened too long ago: it may be sent by somebody who overheard it"
	case age < -futureSkew:
		return "it is from the future: one of the clocks is wrong"
	}
	return ""
}

// ignored says why what came is no alert: a test of the connection, or an event
// that tells of something else.
func ignored(kind, event string, body []byte) string {
	switch kind {
	case GitHub:
		switch event {
		case "", "secret_scanning_alert", "code_scanning_alert", "dependabot_alert", "repository_vulnerability_alert", "security_advisory":
			return ""
		}
		return "the event " + event + " is no alert"
	case PagerDuty:
		var in struct {
			Event struct {
				Type string `json:"event_type"`
			} `json:"event"`
		}
		if json.Unmarshal(body, &in) == nil && in.Event.Type == "pagey.ping" {
			return "a test of the connection"
		}
	}
	return ""
}

// clip keeps a header to a word.
func clip(s string) string {
	if len(s) > 60 {
		s = s[:60]
	}
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func (r *Receiver) refuse(w http.ResponseWriter, code int, source, why string) {
	if source != "" {
		r.log("%s: refused with %d: %s", source, code, why)
	}
	w.Header().Set("Connection", "close")
	r.answer(w, code, map[string]any{"error": why})
}

func (r *Receiver) answer(w http.ResponseWriter, code int, v map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		r.log("answer: %v", err)
	}
}
