//go:build unix

package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/sigv4"
)

// parrot stands before one server of the drill and says back what it was shown:
// in a header and a member of each answer, and, when it is told to fail, in the
// text of the failure. A real peer that logs too much is no different.
type parrot struct {
	conn     integrations.Connection
	url      string
	canaries func() map[string]string // by the name of the secret
	mu       sync.Mutex
	mode     string        // "" passes on; else how it fails
	arrived  chan struct{} // in the mode "hangs": a request that changes something is here
	said     int           // answers with a canary in them
}

func newParrot(t *testing.T, conn integrations.Connection, canaries func() map[string]string) *parrot {
	t.Helper()
	e := &parrot{conn: conn, canaries: canaries, arrived: make(chan struct{}, 8)}
	s := httptest.NewServer(e)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	e.url = s.URL
	return e
}

func (e *parrot) set(mode string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mode = mode
}

func (e *parrot) spoke() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said
}

// spellings are a text in all the ways in which a peer may say it back.
func spellings(s string) string {
	b := []byte(s)
	quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always can be
	return strings.Join([]string{
		s, string(quoted), url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
		base64.StdEncoding.EncodeToString([]byte("ada:" + s)), base64.StdEncoding.EncodeToString([]byte("bo:" + s + "x")), base64.URLEncoding.EncodeToString([]byte("c:" + s + "yz")),
	}, " ")
}

// shown are the canaries that a request carried, and those that were only used to
// sign it: who sent it has them in its hands.
func (e *parrot) shown(r *http.Request, body []byte) string {
	var all bytes.Buffer
	_ = r.Header.Write(&all) // a buffer takes everything
	all.WriteString(r.URL.RequestURI() + " ")
	all.Write(body)
	if _, basic, ok := strings.Cut(r.Header.Get("Authorization"), "Basic "); ok {
		if raw, err := base64.StdEncoding.DecodeString(basic); err == nil {
			all.Write(raw)
		}
	}
	text := all.String()
	if unescaped, err := url.QueryUnescape(text); err == nil {
		text += unescaped
	}
	var out []string
	for name, value := range e.canaries() {
		if name == "secret" || name == "former_secret" || name == "secret_access_key" || strings.Contains(text, value) {
			out = append(out, spellings(value))
		}
	}
	return strings.Join(out, " ")
}

// ServeHTTP implements http.Handler.
func (e *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // it went away
	}
	echo := e.shown(r, body)
	e.mu.Lock()
	mode := e.mode
	if echo != "" {
		e.said++
	}
	e.mu.Unlock()
	w.Header().Set("X-Echo", strings.ReplaceAll(echo, "\n", " "))
	token := strings.Contains(r.URL.Path, "oauth2")
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead && !token
	switch {
	case mode == "hangs" && changes:
		e.arrived <- struct{}{}
		<-r.Context().Done()
		return
	case mode == "" || mode == "hangs", strings.HasPrefix(mode, "write ") && !changes:
		e.pass(w, r, body, echo)
		return
	}
	e.fail(w, r, strings.TrimPrefix(mode, "write "), echo)
}

// fail answers as no peer should.
func (e *parrot) fail(w http.ResponseWriter, r *http.Request, mode, echo string) {
	echo += " \x1b]0;owned\x07\x1b[2J\u202e" // what is printed holds no raw control character either
	status := map[string]int{"refuses": 422, "denies": 401, "breaks": 500, "limits": 429}[mode]
	text, err := json.Marshal(map[string]any{
		"message": echo, "error": echo, "errorSummary": echo, "error_description": echo, "errorMessages": []string{echo}, "ok": false, "kind": "Status", "status": "Failure", "reason": echo,
		"errors": []any{map[string]any{"message": echo, "code": 1, "field": echo}},
	})
	switch {
	case err != nil:
		return
	case mode == "redirects":
		w.Header().Set("Location", "http://127.0.0.1:1/?"+url.QueryEscape(r.Header.Get("Authorization")+echo))
		w.WriteHeader(http.StatusTemporaryRedirect)
	case mode == "garbage":
		_, _ = io.WriteString(w, "<html>"+echo+echo+`{"a":`) // whoever asked may have gone
	case mode == "header":
		_, _ = io.WriteString(w, "") // nothing but the header
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(text)
	}
}

// pass asks the drill's server, and adds to what it says.
func (e *parrot) pass(w http.ResponseWriter, r *http.Request, body []byte, echo string) {
	host := e.conn.Kind + ".drill.invalid"
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://"+host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for name, values := range r.Header {
		if name != "Accept-Encoding" && name != "Connection" {
			out.Header[name] = values
		}
	}
	e.resign(out, r.Header.Get("Authorization"), body)
	resp, err := (&http.Transport{DialContext: e.conn.Dial, DisableKeepAlives: true}).RoundTrip(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for name, values := range resp.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	if rest, ok := bytes.CutPrefix(text, []byte("{")); ok && len(rest) > 1 && !strings.Contains(r.URL.Path, "oauth2") && !strings.HasSuffix(r.URL.Path, "/notes") { // of whose answer every member is a list
		quoted, _ := json.Marshal(echo)                                 //nolint:errchkjson // a string always can be
		text = append([]byte(`{"x_echo":`+string(quoted)+`,`), rest...) //nolint:gocritic // a new text
	}
	_, _ = w.Write(text)
}

// resign signs a request to Amazon for the name that the drill's server has.
func (e *parrot) resign(r *http.Request, former string, body []byte) {
	_, scope, ok := strings.Cut(former, "Credential=")
	if !ok {
		return
	}
	scope, _, _ = strings.Cut(scope, ",")
	part := strings.Split(scope, "/")
	if len(part) != 5 {
		return
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"} {
		r.Header.Del(name)
	}
	sigv4.Sign(r, sigv4.Credentials{ID: part[0], Secret: e.canaries()["secret_access_key"]}, sigv4.Scope{Region: part[2], Service: part[3]}, sigv4.Hash(body), time.Now())
}

// mail is the same for a mail server. It speaks TLS, since no password goes without,
// and returns where it is and its certificate.
func (e *parrot) mail(t *testing.T) (address string, root []byte) {
	t.Helper()
	https := httptest.NewTLSServer(http.NotFoundHandler()) // it has a certificate for this machine
	https.Close()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it only listened
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go e.mailed(tls.Server(c, &tls.Config{Certificates: https.TLS.Certificates, MinVersion: tls.VersionTLS12}))
		}
	}()
	return l.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw})
}

func (e *parrot) mailed(client net.Conn) {
	defer client.Close() //nolint:errcheck // it ends here either way
	server, err := e.conn.Dial(context.Background(), "tcp", "smtp.drill.invalid:587")
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // as above
	go func() {
		_, _ = io.Copy(server, client) // until either goes
	}()
	e.mu.Lock()
	mode := e.mode
	e.mu.Unlock()
	said := bufio.NewScanner(server)
	for said.Scan() {
		line := said.Text()
		password := e.canaries()["password"]
		echo := spellings(password) + " " + base64.StdEncoding.EncodeToString([]byte("\x00firebreak\x00"+password))
		switch {
		case strings.HasPrefix(line, "235") && mode != "" && !strings.HasPrefix(mode, "write"):
			line = "535 5.7.8 no: " + echo
		case strings.HasPrefix(line, "250 2.0.0 queued") && mode != "":
			line = "554 5.3.0 no: " + echo
		case strings.HasPrefix(line, "235"), strings.HasPrefix(line, "250 2.0.0 queued"):
			line += " " + echo
		}
		if strings.Contains(line, echo) {
			e.mu.Lock()
			e.said++
			e.mu.Unlock()
		}
		if _, err := fmt.Fprintf(client, "%s\r\n", line); err != nil {
			return
		}
	}
}
