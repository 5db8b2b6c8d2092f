package smtp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"firebreak/integrations"
)

// letter is a mail before it becomes bytes.
type letter struct {
	from    *mail.Address
	to, cc  []*mail.Address
	subject string
	text    string
	html    bool
	call    integrations.Call
}

// everybody are the addresses that it goes to, each once.
func (l *letter) everybody() []string {
	var out []string
	for _, a := range append(slices.Clone(l.to), l.cc...) {
		if !slices.Contains(out, a.Address) {
			out = append(out, a.Address)
		}
	}
	return out
}

func (l *letter) domain() string {
	_, domain, _ := strings.Cut(l.from.Address, "@")
	return domain
}

// id is the Message-ID: the same for every retry of one intent.
func (l *letter) id() string { return l.call.Key + "@" + l.domain() }

// thread is the Message-ID that an incident's mails refer to. No mail has it: a
// reader shows those that refer to the same one together, whichever came first.
func (l *letter) thread() string {
	return integrations.Key(l.call.Incident, "mail-thread/"+l.from.Address, 0) + "@" + l.domain()
}

// body is the text that people read.
func (l *letter) body() string {
	c := l.call
	c.Key = "" // the Message-ID carries it
	return printable(integrations.Text(strings.ReplaceAll(l.text, "\r\n", "\n"), c))
}

// printable leaves out what only a terminal or a hostile reader would obey.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// plain is the mail as the plan shows it: its headers as people read them.
func (l *letter) plain() string {
	var b strings.Builder
	for _, h := range l.headers("(the moment of sending)", func(s string) string { return s }) {
		fmt.Fprintf(&b, "%s: %s\n", h[0], h[1])
	}
	b.WriteString("\n" + l.body() + "\n")
	return b.String()
}

// headers are the mail's own, in their order.
func (l *letter) headers(date string, encode func(string) string) [][2]string {
	out := [][2]string{
		{"Date", date},
		{"From", named(l.from, encode)},
		{"To", list(l.to, encode)},
	}
	if len(l.cc) > 0 {
		out = append(out, [2]string{"Cc", list(l.cc, encode)})
	}
	return append(
		out,
		[2]string{"Subject", encode(printable(l.subject))},
		[2]string{"Message-ID", "<" + l.id() + ">"},
		[2]string{"In-Reply-To", "<" + l.thread() + ">"},
		[2]string{"References", "<" + l.thread() + ">"},
		// RFC 3834: no answering machine answers it.
		[2]string{"Auto-Submitted", "auto-generated"},
		[2]string{"X-Firebreak-Incident", encode(string(l.call.Incident))},
	)
}

func named(a *mail.Address, encode func(string) string) string {
	if a.Name == "" {
		return "<" + a.Address + ">"
	}
	name := printable(a.Name)
	if ascii(name) {
		return (&mail.Address{Name: name, Address: a.Address}).String() // quotes what needs it
	}
	return encode(name) + " <" + a.Address + ">"
}

func list(as []*mail.Address, encode func(string) string) string {
	out := make([]string, len(as))
	for i, a := range as {
		out[i] = named(a, encode)
	}
	return strings.Join(out, ",\r\n ")
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// encoded makes header text out of any text (RFC 2047), folded: no line of a mail
// is longer than 998 bytes (RFC 5322, 2.1.1).
func encoded(s string) string {
	if ascii(s) && len(s) <= 70 && !strings.Contains(s, "=?") {
		return s
	}
	// Whole words of at most 75 bytes each; a rune is never cut in two. Text that
	// looks encoded is encoded too, lest a reader decode what nobody encoded.
	var words []string
	for s != "" {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > 42 {
				break
			}
			n += size
		}
		words = append(words, word(s[:n]))
		s = s[n:]
	}
	return strings.Join(words, "\r\n ")
}

// word encodes at most 42 bytes: in base64 they are 56, and the word 68.
func word(s string) string {
	return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
}

// bytes are the mail as it is sent, its lines ended by CR LF.
func (l *letter) bytes(now time.Time) ([]byte, error) {
	var b bytes.Buffer
	for _, h := range l.headers(now.Format(time.RFC1123Z), encoded) {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("MIME-Version: 1.0\r\n")
	text := l.body()
	if !l.html {
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		if err := quoted(&b, text); err != nil {
			return nil, err
		}
		return b.Bytes(), nil
	}
	return l.both(&b, text)
}

// both is the text and its HTML form, the better one last (RFC 2046, 5.1.4).
func (l *letter) both(b *bytes.Buffer, text string) ([]byte, error) {
	w := multipart.NewWriter(b)
	if err := w.SetBoundary("firebreak-" + l.call.Key); err != nil {
		return nil, fmt.Errorf("encode mail: %w", err)
	}
	fmt.Fprintf(b, "Content-Type: multipart/alternative; boundary=%q\r\n\r\n", w.Boundary())
	for _, part := range [][2]string{{"text/plain", text}, {"text/html", page(text)}} {
		into, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Type": {part[0] + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
		})
		if err != nil {
			return nil, fmt.Errorf("encode mail: %w", err)
		}
		if err := quoted(into, part[1]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode mail: %w", err)
	}
	return b.Bytes(), nil
}

// quoted writes text in quoted-printable, whose lines are short enough.
func quoted(w io.Writer, text string) error {
	q := quotedprintable.NewWriter(w)
	if _, err := q.Write([]byte(text + "\n")); err != nil {
		return fmt.Errorf("encode mail: %w", err)
	}
	if err := q.Close(); err != nil {
		return fmt.Errorf("encode mail: %w", err)
	}
	return nil
}

// page is the text in paragraphs, every character of it escaped: no link, no
// picture, nothing that a reader would fetch.
func page(text string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><body style=\"font-family:sans-serif\">\n")
	for p := range strings.SplitSeq(text, "\n\n") {
		b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
