package integrations

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"firebreak/internal/redact"
)

// Exchange watches the requests that are made under one context and judges a
// failure by what really happened on the wire. The vendors' libraries lose
// that: one wraps causes as text, the other knows no 429.
type Exchange struct {
	mu      sync.Mutex
	ctx     context.Context
	secrets []string
	hints   map[int]string
	read    *mark // the last request that only reads
	write   *mark // the last request that may change something
}

// mark is one request as the transport saw it.
type mark struct {
	connected bool // from here on bytes may have left
	refused   bool // our own guard refused the address
	status    int
	throttled bool
	after     time.Duration
}

type exchangeKey struct{}

// Watch returns a context whose requests, made through NewClient, are noted in
// the exchange. The secrets are taken out of every error and text it makes.
func Watch(ctx context.Context, secrets ...string) (context.Context, *Exchange) {
	x := &Exchange{secrets: secrets, hints: map[int]string{}}
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	x.ctx = ctx
	return ctx, x
}

// Hint sets what a responder reads beside a refusal with this status.
func (x *Exchange) Hint(status int, hint string) { x.hints[status] = hint }

// Status is the status of the last answer, 0 where none came.
func (x *Exchange) Status() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.write != nil:
		return x.write.status
	case x.read != nil:
		return x.read.status
	}
	return 0
}

// ReadStatus is the status of the last answer to a request that only reads.
func (x *Exchange) ReadStatus() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.read == nil {
		return 0
	}
	return x.read.status
}

// Clean makes a text of the other side fit to be kept: without our secrets and
// at most 300 bytes long. It stays foreign: whoever shows it escapes it.
func (x *Exchange) Clean(s string) string { return cut(redact.Shaped(Redact(s, x.secrets...)), 300) }

// Redact takes the secrets out of a text of any length.
func (x *Exchange) Redact(s string) string { return Redact(s, x.secrets...) }

// Fail turns err into an *Error that says what is known about the effect. It
// returns nil for nil, and an *Error as it is.
func (x *Exchange) Fail(what string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	e := &Error{}
	e.Outcome, e.After, e.Hint = x.judge()
	cause := cleaned{text: cut(redact.Shaped(Redact(err.Error(), x.secrets...)), 500)}
	switch {
	case x.ctx.Err() != nil:
		cause.cause = x.ctx.Err()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		cause.cause = err
	}
	e.Err = fmt.Errorf("%s: %w", what, cause)
	return e
}

func (x *Exchange) judge() (Outcome, time.Duration, string) {
	m, reading := x.write, false
	if m == nil {
		m, reading = x.read, true
	}
	if m == nil {
		return NotSent, 0, ""
	}
	hint := x.hints[m.status]
	switch {
	case m.refused:
		return Rejected, 0, "the address is not a public one: this connection may not go there"
	case !m.connected:
		return NotSent, 0, "the other side could not be reached: check the network and the base URL"
	case m.status == http.StatusAccepted && !reading:
		return Accepted, 0, "" // go-github makes an error of it, and an answer may be cut
	case m.throttled:
		return Throttled, m.after, "the other side asks to wait"
	case (m.status == http.StatusFound || m.status == http.StatusSeeOther) && !reading:
		return Ambiguous, 0, "the other side answered with another page, as programs do after a form was taken: look what is there"
	case m.status >= 300 && m.status < 400:
		return Rejected, 0, "the other side sent us elsewhere: check the base URL and the name"
	case m.status >= 400 && m.status < 500 && m.status != http.StatusRequestTimeout:
		return Rejected, 0, hint
	case reading:
		return NotSent, 0, hint // nothing that could have changed anything was sent
	}
	return Ambiguous, 0, hint
}

func (x *Exchange) begin(reads bool) *mark {
	m := &mark{}
	x.mu.Lock()
	defer x.mu.Unlock()
	if reads {
		x.read = m
	} else {
		x.write = m
	}
	return m
}

func (x *Exchange) note(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}

// cleaned is an error's text without secrets. Only the end of a context stays
// reachable behind it: any other cause could still print a secret.
type cleaned struct {
	text  string
	cause error
}

func (c cleaned) Error() string { return c.text }
func (c cleaned) Unwrap() error { return c.cause }
