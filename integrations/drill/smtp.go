package drill

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// mailed is a mail that the drill's server took.
type mailed struct {
	ID   string    `json:"id"` // its Message-ID
	From string    `json:"from"`
	To   []string  `json:"to"`
	At   time.Time `json:"at"`
	Body string    `json:"body"`
}

// mailUser is who sends the drill's mails.
const mailUser = "firebreak"

// serveMail is a mail server that speaks as much SMTP as the adapter does. It
// has no TLS: a drill's mails do not leave the machine.
func (w *World) serveMail(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // the world was closed
		}
		go func() {
			defer conn.Close()                                                         //nolint:errcheck // it ends here either way
			if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil { //nolint:forbidigo // a deadline on a socket is of this machine's clock
				return
			}
			(&mailSession{World: w, in: bufio.NewReader(io.LimitReader(conn, 4<<20)), out: conn}).serve()
		}()
	}
}

// mailSession is one connection to the drill's mail server.
type mailSession struct {
	*World
	in     *bufio.Reader
	out    io.Writer
	known  bool // the password was right
	from   string
	to     []string
	hungUp bool
}

func (m *mailSession) say(line string) {
	if _, err := io.WriteString(m.out, line+"\r\n"); err != nil {
		m.hungUp = true // whoever asked has gone
	}
}

func (m *mailSession) serve() {
	m.say("220 smtp.drill.invalid ESMTP")
	for !m.hungUp {
		line, err := m.in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			m.say("250-smtp.drill.invalid")
			m.say("250-AUTH PLAIN LOGIN")
			m.say("250-8BITMIME")
			m.say("250 SIZE 1048576")
		case "AUTH":
			m.auth(rest)
		case "MAIL":
			m.from, m.to = address(rest), nil
			m.reply(m.known && m.from != "", "250 2.1.0 fine", "530 5.7.0 authentication required")
		case "RCPT":
			to := address(rest)
			fine := m.from != "" && strings.Contains(to, "@") && !strings.HasPrefix(to, "nobody@")
			if fine {
				m.to = append(m.to, to)
			}
			m.reply(fine, "250 2.1.5 fine", "550 5.1.1 no such mailbox here")
		case "DATA":
			m.data()
		case "RSET", "NOOP":
			m.say("250 2.0.0 fine")
		case "QUIT":
			m.say("221 2.0.0 bye")
			return
		default:
			m.say("502 5.5.2 unknown command")
		}
	}
}

func (m *mailSession) reply(fine bool, yes, no string) {
	if fine {
		m.say(yes)
		return
	}
	m.say(no)
}

// address is what stands between the angle brackets.
func address(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

func (m *mailSession) auth(rest string) {
	mechanism, initial, _ := strings.Cut(rest, " ")
	raw, err := base64.StdEncoding.DecodeString(initial)
	s, view := m.view()
	m.known = err == nil && view == nil && mechanism == "PLAIN" && string(raw) == "\x00"+mailUser+"\x00"+s.Secrets.Mail
	m.reply(m.known, "235 2.7.0 fine", "535 5.7.8 authentication credentials invalid")
}

// data takes a mail, once for its Message-ID, or fails as it was armed to.
func (m *mailSession) data() {
	if len(m.to) == 0 {
		m.say("503 5.5.1 nobody to send it to")
		return
	}
	mode, err := m.mode("smtp", &http.Request{Method: "DATA", URL: &url.URL{Path: m.from}})
	switch {
	case err != nil || mode == ServerError || mode == Echo:
		m.say("554 5.3.0 transaction failed")
		return
	case mode == TooMany || mode == Secondary:
		m.say("451 4.7.1 try again later")
		return
	}
	m.say("354 go on")
	body, err := m.dotted()
	if err != nil || mode == DropBefore {
		m.hungUp = true
		return
	}
	err = m.take(body)
	switch {
	case mode == DropAfter, mode == ErrorAfter, mode == Garbage:
		m.hungUp = true
	case err != nil:
		m.say("554 5.6.0 " + strings.ReplaceAll(err.Error(), "\n", " "))
	default:
		m.say("250 2.0.0 queued")
	}
}

// dotted reads up to the line with a full stop alone.
func (m *mailSession) dotted() (string, error) {
	var b strings.Builder
	for {
		line, err := m.in.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("read mail: %w", err)
		}
		if line == ".\r\n" {
			return b.String(), nil
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

func (m *mailSession) take(body string) error {
	parsed, err := mail.ReadMessage(strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("not a mail: %w", err)
	}
	id := strings.Trim(parsed.Header.Get("Message-Id"), "<>")
	key, _, ok := strings.Cut(id, "@")
	if !ok {
		return fmt.Errorf("the mail has no Message-ID")
	}
	return m.change(func(s *state) error {
		if slices.ContainsFunc(s.Mails, func(x mailed) bool { return x.ID == id }) {
			return nil
		}
		s.Mails = append(s.Mails, mailed{id, m.from, m.to, m.now().UTC(), body})
		m.effect(s, "smtp", "mail taken", strings.Join(m.to, ", "), "firebreak-key:"+key)
		return nil
	})
}
