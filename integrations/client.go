package integrations

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what talking to one connection may cost. Zero values take the
// defaults: the connection's timeout, else 30 s, an exchange, 4 MiB an answer, one
// write a second.
type Limits struct {
	Timeout time.Duration
	Body    int64
	Writes  rate.Limit // writes a second; they never overlap
	Public  bool       // refuse addresses that are not public ones
	// TLS is asked at the moment of use for keys and roots of the connection's own;
	// nil takes those of the system.
	TLS func(context.Context) (*tls.Config, error)
}

// userAgent is sent with every request.
const userAgent = "firebreak"

// NewClient returns the HTTP client of one connection. It speaks HTTP/1.1 on a
// fresh TLS 1.2+ connection for each request, so that nothing is ever replayed
// behind our back; it takes no proxy from the environment, follows a redirect
// only of a read and only on the same host, and caps answers. The connection's
// own secret headers are the caller's to set.
func NewClient(c Connection, l Limits) *http.Client {
	if l.Timeout == 0 {
		l.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	}
	if l.Body == 0 {
		l.Body = 4 << 20
	}
	if l.Writes == 0 {
		l.Writes = 1
	}
	if c.Writes > 0 {
		l.Writes = rate.Limit(c.Writes)
	}
	if c.Drill {
		l.Writes = rate.Inf
	}
	dial := Dialer(c, l.Public)
	transport := &http.Transport{
		DialContext:            dial,
		DisableKeepAlives:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: 64 << 10,
	}
	if l.TLS != nil {
		transport.DialTLSContext = dialTLS(dial, l.TLS)
	}
	return &http.Client{
		Timeout: l.Timeout,
		Transport: &watched{
			base:    transport,
			now:     c.Now,
			body:    l.Body,
			limiter: rate.NewLimiter(l.Writes, 1),
			turn:    make(chan struct{}, 1),
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			first := via[0]
			if !reads(first.Method) || len(via) > 3 || r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// dialTLS is dial with keys and roots that are asked for at the moment of use.
func dialTLS(dial func(context.Context, string, string) (net.Conn, error), ask func(context.Context) (*tls.Config, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		config, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		config = config.Clone()
		config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
		if config.ServerName == "" {
			if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
				return nil, fmt.Errorf("dial %s: %w", address, err)
			}
		}
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		c := tls.Client(raw, config)
		if err := c.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		return c, nil
	}
}

// Base parses the base URL of a connection. Plain http is taken only to this
// machine itself and in a drill: a token must not cross a network in the open.
func Base(c Connection, vendor string) (*url.URL, error) {
	raw := c.BaseURL
	if raw == "" {
		raw = vendor
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("base URL: cannot be parsed") // its text may hold a password
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, fmt.Errorf("base URL %s: want https://host/…", u.Redacted())
	case u.User != nil || u.Fragment != "" || u.RawQuery != "":
		return nil, fmt.Errorf("base URL of %s: must not carry a user, query or fragment", u.Host)
	case u.Scheme == "http" && !c.Drill && !Local(u.Hostname()):
		return nil, fmt.Errorf("base URL %s: plain http would show the secret to the network; want https", u)
	}
	return u, nil
}

// Local says that a host name is this machine.
func Local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions || method == ""
}

// watched notes each request in the context's Exchange.
type watched struct {
	base    http.RoundTripper
	now     func() time.Time
	body    int64
	limiter *rate.Limiter
	turn    chan struct{} // held by the write that is under way
}

// RoundTrip implements http.RoundTripper.
func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*Exchange)
	if !ok {
		return nil, errors.New("send request: its context is not watched")
	}
	m := x.begin(reads(r.Method))
	if !reads(r.Method) {
		if err := w.wait(r.Context()); err != nil {
			return nil, err
		}
		defer func() { <-w.turn }()
	}
	// GotConn comes before the goroutine that writes is handed the request.
	// WroteHeaders is nearer to the first byte and not safe: when the context ends,
	// RoundTrip returns while that goroutine may still be about to write.
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		x.note(func() { m.connected = true })
	}}
	out := r.Clone(httptrace.WithClientTrace(r.Context(), trace))
	out.Header.Set("User-Agent", userAgent)
	resp, err := w.base.RoundTrip(out)
	if err != nil {
		x.note(func() { m.refused = errors.Is(err, errPrivate) })
		return nil, err
	}
	resp.Body = &capped{ReadCloser: resp.Body, left: w.body}
	throttled, after := w.throttling(resp)
	x.note(func() { m.status, m.throttled, m.after = resp.StatusCode, throttled, after })
	return resp, nil
}

// wait takes the turn to write, in the rate that the connection allows.
func (w *watched) wait(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := w.limiter.Wait(ctx); err != nil {
		<-w.turn
		return err
	}
	return nil
}

// throttling says whether the answer means "later". GitHub says so with 429,
// and with 403 in three ways, one of them only in words.
func (w *watched) throttling(resp *http.Response) (bool, time.Duration) {
	h := resp.Header
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
	case http.StatusForbidden:
		if h.Get("Retry-After") == "" && h.Get("X-Ratelimit-Remaining") != "0" && !secondary(resp) {
			return false, 0
		}
	default:
		return false, 0
	}
	return true, w.after(h)
}

// after is how long to wait, between a second and a day: what the answer names,
// else the minute that GitHub asks for.
func (w *watched) after(h http.Header) time.Duration {
	const day = 24 * time.Hour
	for _, name := range []string{"Retry-After", "Ratelimit-Reset", "X-Ratelimit-Reset"} {
		if wait, ok := w.until(h.Get(name)); ok {
			return min(max(wait, time.Second), day)
		}
	}
	return time.Minute
}

// until reads a time to wait: seconds from now (PagerDuty), a moment in seconds
// since 1970 (GitHub), or a date. Which of the first two a number is, its size
// says: nobody asks to wait for thirty years.
func (w *watched) until(v string) (time.Duration, bool) {
	const aMoment = 1e9
	if s, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && !math.IsNaN(s) {
		if s = min(max(s, 0), 1e12); s < aMoment {
			return time.Duration(min(s, 1e6) * float64(time.Second)), true
		}
		return time.Unix(int64(s), 0).Sub(w.now()), true
	}
	if t, err := http.ParseTime(v); err == nil {
		return t.Sub(w.now()), true
	}
	return 0, false
}

// secondary looks for GitHub's words in a 403 and puts the body back.
func secondary(resp *http.Response) bool {
	head, err := io.ReadAll(io.LimitReader(resp.Body, 16<<10))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), failing{err}, resp.Body), resp.Body}
	text := strings.ToLower(string(head))
	for _, words := range []string{"secondary rate", "secondary-rate-limits", "abuse detection", "rate limit exceeded"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// failing hands on an error met while looking ahead.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// errTooLong is the answer of a peer that does not stop.
var errTooLong = errors.New("the answer is too long")

type capped struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		var one [1]byte
		if n, err := c.ReadCloser.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, errTooLong
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	return n, err
}
