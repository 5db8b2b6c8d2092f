package declared

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"unicode"

	"firebreak/integrations"
	"firebreak/integrations/sigv4"
)

// urlTemplate is a path below the base URL. Each value in it is one whole
// segment or a part of one, and is escaped.
type urlTemplate struct {
	parts []part
}

// render is the escaped path, which begins with a slash.
func (u urlTemplate) render(env map[string]any) (string, error) {
	var b strings.Builder
	for _, p := range u.parts {
		if p.value == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := p.value.Run(env)
		if err != nil {
			return "", err //nolint:wrapcheck // it says what was evaluated
		}
		s := show(plain(v))
		if err := segment(strings.TrimSpace(p.value.Text), s); err != nil {
			return "", err
		}
		b.WriteString(url.PathEscape(s))
	}
	path := b.String()
	for part := range strings.SplitSeq(path, "/") {
		if whole, err := url.PathUnescape(part); err != nil || whole == "." || whole == ".." {
			return "", fmt.Errorf("the path %.100q goes up a folder", path)
		}
	}
	return path, nil
}

// segment refuses values with which a server could be talked out of the path,
// however it reads escapes.
func segment(name, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%s has no value, and stands in the url", name)
	case len(s) > 1024:
		return fmt.Errorf("%s has %d bytes, and stands in the url", name, len(s))
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%s has a control character, and stands in the url", name)
	}
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return fmt.Errorf("%s goes up a folder, and stands in the url", name)
		}
	}
	return nil
}

// ready is a request with its values.
type ready struct {
	method  string
	to      *url.URL
	header  http.Header
	shown   []string // headers that the file names, for the plan
	body    []byte
	display string // the body as a plan shows it
	service service
	answer  string
}

// headers that a file may not set: the client or the connection makes them, or
// they say how the message is cut.
func madeHeader(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "User-Agent",
		"Accept-Encoding", "Authorization", "Proxy-Authorization", "Cookie", "Content-Type":
		return true
	}
	return strings.HasPrefix(textproto.CanonicalMIMEHeaderKey(name), "X-Amz-") && !strings.EqualFold(name, "X-Amz-Account-Id")
}

// render makes the request over a connection.
func (r *request) render(c *connection, env map[string]any, reveal revealer) (ready, error) {
	base, svc, err := c.host(r.service)
	if err != nil {
		return ready{}, err
	}
	path, err := r.url.render(env)
	if err != nil {
		return ready{}, err
	}
	out := ready{method: r.method, header: http.Header{}, service: svc, answer: r.answer}
	to := *base
	whole := strings.TrimSuffix(base.EscapedPath(), "/") + path
	if to.Path, err = url.PathUnescape(whole); err != nil {
		return ready{}, fmt.Errorf("make url: %w", err)
	}
	to.RawPath = whole
	query := url.Values{}
	for _, p := range r.query {
		v, err := p.value.render(env, reveal)
		if err != nil {
			return ready{}, fmt.Errorf("query %s: %w", p.key, err)
		}
		for _, one := range oneOrMore(v) {
			query.Add(p.key, show(one))
		}
	}
	to.RawQuery = sigv4.Query(query)
	out.to = &to
	for _, p := range append(append([]pair{}, c.system.Headers...), r.headers...) {
		v, err := p.value.render(env, reveal)
		if err != nil {
			return ready{}, fmt.Errorf("header %s: %w", p.key, err)
		}
		if v == nil {
			continue
		}
		text := show(v)
		if strings.ContainsAny(text, "\r\n\x00") {
			return ready{}, fmt.Errorf("header %s: its value has more than one line", p.key)
		}
		out.header.Set(p.key, text)
		out.shown = append(out.shown, p.key+": "+text)
	}
	return out, r.write(&out, env, reveal)
}

func oneOrMore(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

// write makes the body.
func (r *request) write(out *ready, env map[string]any, reveal revealer) error {
	var err error
	set := func(kind string, body []byte) {
		out.header.Set("Content-Type", kind)
		out.body, out.display = body, string(body)
	}
	switch {
	case r.json.kind != nothing:
		var v any
		if v, err = r.json.render(env, reveal); err != nil {
			return fmt.Errorf("body: %w", err)
		}
		var b []byte
		if b, err = encode(v); err != nil {
			return err
		}
		set("application/json", b)
	case r.form.kind != nothing:
		var v any
		if v, err = r.form.render(env, reveal); err != nil {
			return fmt.Errorf("form: %w", err)
		}
		var f url.Values
		if f, err = form(v); err != nil {
			return err
		}
		set("application/x-www-form-urlencoded", []byte(f.Encode()))
	case r.xml.kind != nothing:
		var v any
		if v, err = r.xml.render(env, reveal); err != nil {
			return fmt.Errorf("xml: %w", err)
		}
		var b []byte
		if b, err = writeXML(v); err != nil {
			return err
		}
		set("application/xml", b)
	}
	if len(out.body) > 1<<20 {
		return errors.New("the body is larger than 1 MiB")
	}
	return nil
}

// show is the request as a plan has it.
func (r ready) show() integrations.Request {
	return integrations.Request{Method: r.method, URL: r.to.String(), Headers: r.shown, Body: r.display}
}

// get makes a request to a page that the other side named. It must be at the host
// and below the path that the connection is for.
func (r ready) at(base *url.URL, address string) (ready, error) {
	u, err := r.to.Parse(address)
	if err != nil {
		return r, errors.New("the address of the next page cannot be parsed")
	}
	below := strings.TrimSuffix(base.Path, "/") + "/"
	if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil || !strings.HasPrefix(u.Path, below) || strings.Contains(u.Path, "/../") {
		return r, fmt.Errorf("the next page is at %.100s: not below the connection's base URL", u.Redacted())
	}
	r.to = u
	return r, nil
}

func (r ready) request(req *http.Request) {
	req.Header = r.header.Clone()
	if req.Header.Get("Accept") == "" {
		switch r.answer {
		case answerJSON:
			req.Header.Set("Accept", "application/json")
		case answerXML:
			req.Header.Set("Accept", "application/xml, text/xml")
		}
	}
	req.Body, req.ContentLength = http.NoBody, 0
	if len(r.body) > 0 {
		req.Body, req.ContentLength = nopCloser{bytes.NewReader(r.body)}, int64(len(r.body))
	}
}

type nopCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

// How an answer is read.
const (
	answerJSON = "json"
	answerXML  = "xml"
	answerText = "text"
	answerNone = "none"
)
