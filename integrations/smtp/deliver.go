package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	"firebreak/integrations"
)

// maxReplies is how much a server may say in one exchange.
const maxReplies = 64 << 10

// stages of an exchange: what a failure means depends on how far it had come.
type stage int

const (
	greeting stage = iota // and the way there: nothing was asked yet
	login
	envelope
	text
	answer // the text has left; its answer has not come
)

// exchange is one connection to the mail server.
type exchange struct {
	*post
	*smtp.Client
	at      stage
	what    string
	ctx     context.Context //nolint:containedctx // an exchange lives as long as one Do
	secrets []string
}

// deliver sends the mail. Whoever the server refuses does not keep it from the
// others: they are returned, each with the server's words.
func (p *post) deliver(ctx context.Context, password string, l *letter, raw []byte) (accepted, refused []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	x := &exchange{post: p, ctx: ctx, what: "reach mail server " + p.server, secrets: []string{password, base64.StdEncoding.EncodeToString([]byte(password))}}
	roots, err := p.roots()
	if err != nil {
		return nil, nil, &integrations.Error{Outcome: integrations.Rejected, Hint: "check the setting ca", Err: err}
	}
	wire, err := p.dial(ctx, "tcp", p.server)
	if err != nil {
		return nil, nil, x.fail(err)
	}
	defer wire.Close() //nolint:errcheck // after QUIT, or with a failure of its own
	// The end of the context ends whatever the connection is at.
	stop := context.AfterFunc(ctx, func() { _ = wire.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var conn net.Conn = &quiet{Conn: wire, left: maxReplies + 4*int64(len(raw))}
	settings := &tls.Config{ServerName: p.host, MinVersion: tls.VersionTLS12, RootCAs: roots}
	if p.security == fromTLS {
		conn = tls.Client(conn, settings)
	}
	if x.Client, err = smtp.NewClient(conn, p.host); err != nil {
		return nil, nil, x.fail(err)
	}
	if err := x.hello(settings, password); err != nil {
		return nil, nil, err
	}
	return x.send(l, raw)
}

// roots are the certificates to trust: nil is the system's.
func (p *post) roots() (*x509.CertPool, error) {
	if p.ca == "" {
		return nil, nil //nolint:nilnil // that is how crypto/tls says it
	}
	f, err := os.Open(p.ca)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	pem, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read certificates: %s holds none", p.ca)
	}
	return pool, nil
}

// hello greets the server, makes the connection private and logs in.
func (x *exchange) hello(settings *tls.Config, password string) error {
	if err := x.Hello(x.domainName()); err != nil {
		return x.fail(err)
	}
	if x.security == startTLS && !x.drill {
		x.what = "start TLS with " + x.server
		if ok, _ := x.Extension("STARTTLS"); !ok {
			return &integrations.Error{
				Outcome: integrations.Rejected, Hint: "use the port that has STARTTLS (587), or security: tls (465)",
				Err: fmt.Errorf("mail server %s offers no STARTTLS: nothing was sent", x.server),
			}
		}
		if err := x.StartTLS(settings); err != nil {
			return x.fail(err)
		}
	}
	if !x.auth {
		return nil
	}
	x.at, x.what = login, "log in to "+x.server
	_, private := x.TLSConnectionState()
	if !private && !x.drill {
		return &integrations.Error{
			Outcome: integrations.Rejected, Hint: "a password goes over TLS only: leave out user and password, or have the server speak TLS",
			Err: errors.New("log in to " + x.server + ": the connection is not private"),
		}
	}
	_, offered := x.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	var a smtp.Auth = plainAuth{x.user, password}
	switch {
	case has(mechanisms, "PLAIN"):
	case has(mechanisms, "LOGIN"):
		a = &loginAuth{user: x.user, password: password}
	default:
		return &integrations.Error{
			Outcome: integrations.Rejected, Hint: "leave out user and password, if the server asks for none",
			Err: fmt.Errorf("mail server %s offers neither AUTH PLAIN nor LOGIN", x.server),
		}
	}
	if err := x.Auth(a); err != nil {
		return x.fail(err)
	}
	return nil
}

// domainName is what we call ourselves: our own domain, not this machine's name.
func (x *exchange) domainName() string {
	_, domain, _ := strings.Cut(x.from.Address, "@")
	return domain
}

func has(list []string, one string) bool {
	for _, l := range list {
		if l == one {
			return true
		}
	}
	return false
}

// send hands over envelope and text.
func (x *exchange) send(l *letter, raw []byte) (accepted, refused []string, err error) {
	x.at, x.what = envelope, "send mail"
	if ok, size := x.Extension("SIZE"); ok {
		if most, err := strconv.ParseInt(size, 10, 64); err == nil && most > 0 && int64(len(raw)) > most {
			return nil, nil, &integrations.Error{Outcome: integrations.Rejected, Hint: "shorten the text", Err: fmt.Errorf("the mail has %d bytes: the server takes %d", len(raw), most)}
		}
	}
	if err := x.Mail(l.from.Address); err != nil {
		return nil, nil, x.fail(err)
	}
	var first error // of the refusals, a "later" before a "no"
	for _, to := range l.everybody() {
		err := x.Rcpt(to)
		var said *textproto.Error
		switch {
		case err == nil:
			accepted = append(accepted, to)
			continue
		case !errors.As(err, &said):
			return nil, nil, x.fail(err)
		case first == nil || said.Code/100 == 4:
			first = fmt.Errorf("%s: %w", to, err)
		}
		refused = append(refused, x.clean(to+": "+err.Error()))
	}
	if len(accepted) == 0 {
		return nil, nil, x.fail(first)
	}
	w, err := x.Data()
	if err != nil {
		return nil, nil, x.fail(err)
	}
	x.at = text
	if _, err := w.Write(raw); err != nil {
		return nil, nil, x.fail(err) // a server delivers nothing before the full stop
	}
	x.at = answer
	if err := w.Close(); err != nil {
		return nil, nil, x.fail(err)
	}
	if err := x.Quit(); err != nil {
		return accepted, refused, nil //nolint:nilerr // it has the mail: how it says good-bye does not matter
	}
	return accepted, refused, nil
}

func (x *exchange) clean(s string) string {
	return integrations.Line(integrations.Redact(s, x.secrets...), 300)
}

// fail says what is known of the mail after a failure.
func (x *exchange) fail(err error) error {
	e := &integrations.Error{Outcome: integrations.NotSent}
	var said *textproto.Error
	var bad *tls.CertificateVerificationError
	switch {
	case errors.As(err, &said) && said.Code >= 400 && said.Code < 500:
		e.Outcome, e.After, e.Hint = integrations.Throttled, 5*time.Minute, "the mail server asks to try again later"
	case errors.As(err, &said) && said.Code >= 500 && x.at == login:
		e.Outcome, e.Hint = integrations.Rejected, "the mail server does not take this name and password"
	case errors.As(err, &said) && said.Code >= 500:
		e.Outcome, e.Hint = integrations.Rejected, "the mail server refuses it: see its words"
	case errors.As(err, &bad):
		e.Outcome, e.Hint = integrations.Rejected, "the server's certificate is not to be trusted; for one of your own give its authority as ca"
	case x.at == answer:
		e.Outcome, e.Hint = integrations.Ambiguous, "ask the mail server's log for the Message-ID"
	case x.at == greeting:
		e.Hint = "the mail server could not be reached: check the network and the setting server"
	}
	cause := error(words{x.clean(err.Error()), nil})
	switch {
	case x.ctx.Err() != nil:
		cause = words{x.clean(err.Error()), x.ctx.Err()}
	case errors.Is(err, context.Canceled):
		cause = words{x.clean(err.Error()), context.Canceled}
	}
	e.Err = fmt.Errorf("%s: %w", x.what, cause)
	return e
}

// words are an error's text without secrets; behind them only the end of a
// context is left.
type words struct {
	text  string
	cause error
}

func (w words) Error() string { return w.text }
func (w words) Unwrap() error { return w.cause }

// quiet is a connection whose other side may not talk without end.
type quiet struct {
	net.Conn
	left int64
}

// Read implements net.Conn.
func (q *quiet) Read(p []byte) (int, error) {
	if q.left <= 0 {
		return 0, errors.New("the mail server talks too much")
	}
	n, err := q.Conn.Read(p[:min(int64(len(p)), q.left)])
	q.left -= int64(n)
	return n, err
}

// plainAuth is AUTH PLAIN (RFC 4616). The standard library's own looks at the
// connection once more, and knows no drill.
type plainAuth struct{ user, password string }

// Start implements smtp.Auth.
func (a plainAuth) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

// Next implements smtp.Auth.
func (plainAuth) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, errors.New("the server asks for more than AUTH PLAIN has")
	}
	return nil, nil
}

// loginAuth is AUTH LOGIN, which no standard describes: name, then password,
// whatever the server calls them.
type loginAuth struct {
	user, password string
	asked          int
}

// Start implements smtp.Auth.
func (*loginAuth) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

// Next implements smtp.Auth.
func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	a.asked++
	switch a.asked {
	case 1:
		return []byte(a.user), nil
	case 2:
		return []byte(a.password), nil
	}
	return nil, errors.New("the server asks for more than AUTH LOGIN has")
}
