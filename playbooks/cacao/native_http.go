package cacao

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"firebreak/internal/lazyre"
)

// bareUse is a variable that stands in JSON where a value stands.
var bareUse = lazyre.New(`([:\[,]\s*)(__[a-zA-Z_][a-zA-Z0-9_-]{0,199}?__:value)(\s*[,}\]])`)

var startLine = lazyre.New(`^\s*([A-Z]{3,7})\s+(\S+)(\s+HTTP/?\d(\.\d)?)?\s*$`)

// http is an HTTP request as a step of ours, nil when it is none.
func (x *native) http(id, at string, c *Object, target string) *Object {
	m := startLine.FindStringSubmatch(commandText(c))
	if m == nil {
		x.notes.doubt(at+"/command", "not the first line of an HTTP request, as in GET /path HTTP/1.1")
		return nil
	}
	if m[3] == "" || !strings.Contains(m[3], "HTTP/") || !strings.HasPrefix(m[2], "/") {
		x.notes.doubt(at+"/command", "not quite the first line of an HTTP request, as in GET /path HTTP/1.1; read as "+m[1]+" "+m[2])
	}
	request := NewObject("method", m[1])
	def := x.doc.object("target_definitions").object(target)
	base, local := x.base(def)
	path := m[2]
	connection := ""
	switch {
	case strings.HasPrefix(path, "http://"), strings.HasPrefix(path, "https://"):
	case def == nil || base == "" && !local:
		x.notes.doubt(at, "the request has no target with an address")
		return nil
	default:
		path = "/" + strings.TrimPrefix(path, "/")
		if def.Has("authentication_info") {
			connection = x.connection(target)
		}
		if connection == "" {
			path = base + path
		}
	}
	request.Set("url", clean(x.names.template(id, path)))
	if headers := x.headers(id, at, c); headers.Len() > 0 {
		request.Set("headers", headers)
	}
	body, ok := x.body(id, at, c)
	if !ok {
		return nil
	}
	if body != nil {
		request.Set("body", body)
	}
	step := NewObject("http", request)
	if connection != "" {
		step.Set("connection", connection)
	}
	if m[1] == "GET" || m[1] == "HEAD" {
		return step
	}
	return x.unknown(step)
}

// base is where a target's requests go.
func (x *native) base(def *Object) (string, bool) {
	address := def.object("address")
	if urls := address.texts("url"); len(urls) > 0 {
		return strings.TrimSuffix(urls[0], "/"), true
	}
	port := def.text("port")
	if n, ok := def.Get("port").(Number); ok {
		port = string(n)
	}
	scheme := "http"
	if port == "443" || port == "8443" {
		scheme = "https"
	}
	if port == "80" || port == "443" {
		port = ""
	}
	if port != "" {
		port = ":" + port
	}
	for _, kind := range []string{"dname", "ipv4", "ipv6"} {
		hosts := address.texts(kind)
		if len(hosts) == 0 || hosts[0] == "" {
			continue
		}
		host := hosts[0]
		if kind == "ipv6" && !strings.HasPrefix(host, "[") && !strings.HasPrefix(host, "__") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host + port, true
	}
	return "", false
}

func (x *native) headers(id, at string, c *Object) *Object {
	out := NewObject()
	headers := c.object("headers")
	for _, name := range headers.Keys() {
		values := headers.texts(name)
		if s, ok := headers.Get(name).(string); ok {
			values = []string{s}
		}
		text := clean(x.names.template(id, strings.Join(values, ", ")))
		if text == "" || !fits(name) || name == "" {
			x.notes.doubt(pointer(at+"/headers", name), "the header has no value that can be sent")
			continue
		}
		lower := strings.ToLower(name)
		if lower == "authorization" || strings.Contains(lower, "key") || strings.Contains(lower, "token") {
			x.notes.doubt(pointer(at+"/headers", name), "may be a secret; declare a variable of type secret, or give it to the connection")
		}
		out.Set(name, text)
	}
	return out
}

// body is what a request sends: as JSON when it is, else as text.
func (x *native) body(id, at string, c *Object) (any, bool) {
	text := c.text("content")
	if !c.Has("content") && c.Has("content_b64") {
		b, err := base64.StdEncoding.DecodeString(c.text("content_b64"))
		if err != nil || !utf8.Valid(b) {
			x.notes.doubt(at+"/content_b64", "the content is no text")
			return nil, false
		}
		text = string(b)
	}
	if o, ok := c.Get("content").(*Object); ok {
		text = exact(o)
	}
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	if v, err := Decode([]byte(text)); err == nil {
		if b, ok := x.tree(id, v, 0); ok {
			return b, true
		}
	}
	// A value that stands in JSON without quotes is a value of its own.
	quoted := bareUse.ReplaceAllString(bareUse.ReplaceAllString(text, `$1"$2"$3`), `$1"$2"$3`)
	if v, err := Decode([]byte(quoted)); err == nil {
		if b, ok := x.tree(id, v, 0); ok {
			return b, true
		}
	}
	if !fits(text) {
		x.notes.doubt(at+"/content", "the content cannot be shown as it is")
		return nil, false
	}
	if hasUse(text) {
		x.notes.doubt(at+"/content", "values are put into a text that is not JSON")
	}
	return x.names.template(id, text), true
}

// tree is a JSON value with templates in its texts; not all can be in a file.
func (x *native) tree(id string, v any, depth int) (any, bool) {
	if depth > 12 {
		return nil, false
	}
	switch v := v.(type) {
	case string:
		return x.names.template(id, v), fits(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			t, ok := x.tree(id, item, depth+1)
			if !ok {
				return nil, false
			}
			out[i] = t
		}
		return out, true
	case *Object:
		out := NewObject()
		for _, k := range v.Keys() {
			t, ok := x.tree(id, v.Get(k), depth+1)
			if !ok || !fits(k) {
				return nil, false
			}
			out.Set(k, t)
		}
		return out, true
	case nil:
		return nil, false
	case Number:
		k, _ := keep(v).(Number)
		return v, k == v
	default:
		return v, true
	}
}
