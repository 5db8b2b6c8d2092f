package smtp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// scripted is a mail server that does as the function says with each connection.
func scripted(t *testing.T, serve func(in *bufio.Reader, out net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // the test ends before
			serve(bufio.NewReader(conn), conn)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// polite answers as a server does up to the command that begins with stop, and
// leaves that to the test.
func polite(in *bufio.Reader, out net.Conn, stop string, hello ...string) string {
	say := func(s string) { _, _ = io.WriteString(out, s) } // the client may have gone
	say("220 here\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return ""
		}
		if strings.HasPrefix(line, stop) {
			return line
		}
		switch line[:4] {
		case "EHLO":
			say("250-here\r\n" + strings.Join(hello, "") + "250 8BITMIME\r\n")
		case "DATA":
			say("354 go on\r\n")
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return ""
				}
			}
			if stop == "." {
				return line
			}
			say("250 kept\r\n")
		case "QUIT":
			say("221 bye\r\n")
			return ""
		default:
			say("250 fine\r\n")
		}
	}
}

// TestHostileServers have a server fail, lie, stall and babble at each stage.
func TestHostileServers(t *testing.T) {
	for name, c := range map[string]struct {
		serve    func(in *bufio.Reader, out net.Conn)
		settings map[string]string
		want     integrations.Outcome
	}{
		"silence":                {func(in *bufio.Reader, _ net.Conn) { _, _ = in.ReadString('\n') }, nil, integrations.NotSent},
		"a greeting without end": {func(_ *bufio.Reader, out net.Conn) { babble(out, "220 "+strings.Repeat("x", 1000)) }, nil, integrations.NotSent},
		"lines without end":      {func(_ *bufio.Reader, out net.Conn) { babble(out, "220-x\r\n") }, nil, integrations.NotSent},
		"a byte at a time": {func(_ *bufio.Reader, out net.Conn) {
			for range 100 {
				if _, err := io.WriteString(out, "2"); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}, nil, integrations.NotSent},
		"no greeting but HTTP":         {func(_ *bufio.Reader, out net.Conn) { _, _ = io.WriteString(out, "HTTP/1.1 400 Bad Request\r\n\r\n") }, nil, integrations.NotSent},
		"no STARTTLS where it must be": {func(in *bufio.Reader, out net.Conn) { polite(in, out, "MAIL") }, map[string]string{"security": "starttls"}, integrations.Rejected},
		"STARTTLS refused": {func(in *bufio.Reader, out net.Conn) {
			polite(in, out, "STARTTLS", "250-STARTTLS\r\n")
			_, _ = io.WriteString(out, "454 not now\r\n")
		}, map[string]string{"security": "starttls"}, integrations.Throttled},
		"STARTTLS and then no TLS": {func(in *bufio.Reader, out net.Conn) {
			polite(in, out, "STARTTLS", "250-STARTTLS\r\n")
			_, _ = io.WriteString(out, "220 go on\r\n250-here\r\n250 AUTH PLAIN\r\n")
		}, map[string]string{"security": "starttls"}, integrations.NotSent},
		"a password without TLS": {func(in *bufio.Reader, out net.Conn) { polite(in, out, "AUTH", "250-AUTH PLAIN\r\n") }, map[string]string{"user": "ada"}, integrations.Rejected},
		"too large":              {func(in *bufio.Reader, out net.Conn) { polite(in, out, "MAIL", "250-SIZE 100\r\n") }, nil, integrations.Rejected},
		"closed at DATA":         {func(in *bufio.Reader, out net.Conn) { polite(in, out, "DATA") }, nil, integrations.NotSent},
		"DATA refused": {func(in *bufio.Reader, out net.Conn) {
			polite(in, out, "DATA")
			_, _ = io.WriteString(out, "554 \x1b]0;owned\x07 no\r\n")
		}, nil, integrations.Rejected},
		"closed after the text":  {func(in *bufio.Reader, out net.Conn) { polite(in, out, ".") }, nil, integrations.Ambiguous},
		"silence after the text": {func(in *bufio.Reader, out net.Conn) { polite(in, out, "."); _, _ = in.ReadString('\n') }, nil, integrations.Ambiguous},
		"nonsense after the text": {func(in *bufio.Reader, out net.Conn) {
			polite(in, out, ".")
			_, _ = io.WriteString(out, "OK, thanks\r\n")
		}, nil, integrations.Ambiguous},
		"later, after the text": {func(in *bufio.Reader, out net.Conn) {
			polite(in, out, ".")
			_, _ = io.WriteString(out, "451 disk full\r\n")
		}, nil, integrations.Throttled},
		"refused after the text": {func(in *bufio.Reader, out net.Conn) {
			polite(in, out, ".")
			_, _ = io.WriteString(out, "554 spam\r\n")
		}, nil, integrations.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := map[string]string{"security": "none", "user": ""}
			for k, v := range c.settings {
				settings[k] = v
			}
			p := mailbox(t, scripted(t, c.serve), settings)
			p.limit = 400 * time.Millisecond
			_, err := p.Do(t.Context(), call(map[string]any{"subject": "s", "text": "t"}, "x"), integrations.Plan{})
			if err == nil || integrations.OutcomeOf(err) != c.want {
				t.Errorf("%v: want %s", err, c.want)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// babble talks until nobody listens.
func babble(out io.Writer, s string) {
	for range 10_000 {
		if _, err := io.WriteString(out, s); err != nil {
			return
		}
	}
}

// TestLostGoodbye: a server that has taken the mail may end as it likes.
func TestLostGoodbye(t *testing.T) {
	p := mailbox(t, scripted(t, func(in *bufio.Reader, out net.Conn) { polite(in, out, "QUIT") }), map[string]string{"security": "none", "user": ""})
	if r, err := p.Do(t.Context(), call(map[string]any{"subject": "s", "text": "t"}, "x"), integrations.Plan{}); err != nil || r.Ref == "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestCancelled ends the context while the server thinks.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := mailbox(t, scripted(t, func(in *bufio.Reader, out net.Conn) {
		polite(in, out, ".")
		cancel()
		_, _ = in.ReadString('\n')
	}), map[string]string{"security": "none", "user": ""})
	_, err := p.Do(ctx, call(map[string]any{"subject": "s", "text": "t"}, "x"), integrations.Plan{})
	if integrations.OutcomeOf(err) != integrations.Ambiguous || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestSettings refuses connections that could show a mail or a password to the
// network, or that make no sense.
func TestSettings(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"no port":              {"server": "smtp.example.org"},
		"open to the network":  {"server": "smtp.example.org:25", "security": "none"},
		"a word unknown":       {"server": "smtp.example.org:25", "security": "ssl"},
		"from without address": {"server": "smtp.example.org:25", "from": "Firebreak"},
		"a broken to":          {"server": "smtp.example.org:25", "to": "ada@example.org, x y"},
		"a relative file":      {"server": "smtp.example.org:25", "ca": "ca.pem"},
	} {
		all := map[string]string{"from": "f@example.org"}
		for k, v := range settings {
			all[k] = v
		}
		if _, err := actions(integrations.Connection{Name: "email", Kind: "smtp", Settings: all}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	p := mailbox(t, "smtp.example.org:587", map[string]string{"to": ""})
	if _, err := p.Prior(t.Context(), call(map[string]any{"subject": "s", "text": "t"}, "x")); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("a mail to nobody: %v", err)
	}
	many := strings.TrimSuffix(strings.Repeat("a@example.org,", 1), ",")
	for i := range most {
		many += ",a" + strings.Repeat("x", i+1) + "@example.org"
	}
	if _, err := p.Prior(t.Context(), call(map[string]any{"subject": "s", "text": "t", "to": many}, "x")); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("a mail to %d people: %v", most+1, err)
	}
}

// FuzzLetter makes mails of any text: no header of its own making may come out.
func FuzzLetter(f *testing.F) {
	f.Add("subject", "text")
	f.Add("=?utf-8?q?x?=", ".\r\n.\r\nRCPT TO:<x>\r\n\x00")
	f.Add("é\xff\u2028", strings.Repeat("\n", 50))
	f.Fuzz(func(t *testing.T, subject, text string) {
		p := mailbox(t, "smtp.example.org:587", nil)
		l, err := p.letter(call(map[string]any{"subject": subject, "text": text}, "x"))
		if err != nil {
			return
		}
		raw, err := l.bytes(time.Unix(0, 0).UTC())
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
		names := 0
		for line := range strings.SplitSeq(head, "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("line %q", line)
			}
			if !strings.HasPrefix(line, " ") {
				names++
			}
		}
		if names != 12 {
			t.Fatalf("%d headers:\n%s", names, head)
		}
	})
}
