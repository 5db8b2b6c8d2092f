// Package clickhouse sends rows to a ClickHouse server and asks it for counts,
// over HTTP. It knows nothing of events: statements, rows and parameters are
// the caller's.
//
// Values never stand in a statement: they travel as a table of one row beside
// it, which every version of ClickHouse takes (18.16 is the oldest that was
// tried). Rows go in batches; a batch whose answer was lost is sent again, so
// the table must be one in which the same row twice is one.
package clickhouse

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"firebreak/integrations"
)

// Server is one ClickHouse server. It is safe for use by several goroutines.
type Server struct {
	base     *url.URL
	database string
	user     string
	password func(context.Context) (string, error)
	client   *http.Client
	sleep    func(context.Context, time.Duration) error
}

// Options say how a server is reached.
type Options struct {
	// URL is http://host:8123 or https://host:8443, with a user before the host
	// where one is needed, and the database as the path. Plain http is taken to
	// this machine only.
	URL string
	// Password fetches the password at the moment of use; nil is none.
	Password func(context.Context) (string, error)
	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
}

// Open reads the options. Nothing is sent yet.
func Open(o Options) (*Server, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, errors.New("address of ClickHouse: cannot be parsed") // its text may hold a password
	}
	s := &Server{password: o.Password, sleep: o.Sleep, user: u.User.Username()}
	if _, open := u.User.Password(); open {
		return nil, errors.New("address of ClickHouse: a password does not belong into it, others see it there")
	}
	s.database = strings.Trim(u.Path, "/")
	u.User, u.Path, u.RawPath = nil, "/", ""
	c := integrations.Connection{Name: "clickhouse", Kind: "clickhouse", BaseURL: u.String(), Now: o.Now}
	if s.base, err = integrations.Base(c, ""); err != nil {
		return nil, fmt.Errorf("address of ClickHouse: %w", err)
	}
	s.client = integrations.NewClient(c, integrations.Limits{Timeout: 5 * time.Minute, Body: mostAnswer, Writes: rate.Inf})
	return s, nil
}

// Database is the database that the URL names, empty where none is.
func (s *Server) Database() string { return s.database }

const mostAnswer = 16 << 20

// Parameter is a value of a query; in the statement it stands as {Name:Type}.
type Parameter struct{ Name, Type, Value string }

// Exec runs a statement that answers nothing.
func (s *Server) Exec(ctx context.Context, statement string) error {
	_, err := s.again(ctx, "run a statement", func(ctx context.Context) ([]byte, error) {
		return s.send(ctx, url.Values{}, "text/plain", strings.NewReader(statement), false)
	})
	return err
}

// Query runs a statement and returns its answer, as ClickHouse writes it: lines
// with tabs, unless the statement says otherwise.
func (s *Server) Query(ctx context.Context, statement string, params []Parameter) ([]byte, error) {
	q := url.Values{}
	var body bytes.Buffer
	kind := "text/plain"
	if len(params) == 0 {
		body.WriteString(statement)
	} else {
		var structure, row []string
		for _, p := range params {
			structure = append(structure, p.Name+" "+p.Type)
			row = append(row, tabbed(p.Value))
			statement = strings.ReplaceAll(statement, "{"+p.Name+":"+p.Type+"}", "(SELECT "+p.Name+" FROM firebreak_params)")
		}
		q.Set("query", statement)
		q.Set("firebreak_params_structure", strings.Join(structure, ", "))
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile("firebreak_params", "params.tsv")
		if err == nil {
			_, err = io.WriteString(part, strings.Join(row, "\t")+"\n")
		}
		if err = errors.Join(err, form.Close()); err != nil {
			return nil, fmt.Errorf("write parameters: %w", err)
		}
		kind = form.FormDataContentType()
	}
	return s.again(ctx, "ask", func(ctx context.Context) ([]byte, error) {
		return s.send(ctx, q, kind, bytes.NewReader(body.Bytes()), false)
	})
}

// tabbed writes a value as TabSeparated does.
func tabbed(s string) string {
	return strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`, "\b", `\b`, "\f", `\f`, "'", `\'`).Replace(s)
}

// Insert adds rows in that format to a table, whose name the caller has
// checked. It returns when the server has them.
func (s *Server) Insert(ctx context.Context, table, format string, rows []byte) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("compress rows: %w", err)
	}
	if _, err = z.Write(rows); err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("compress rows: %w", err)
	}
	q := url.Values{"query": {"INSERT INTO " + table + " FORMAT " + format}}
	_, err = s.again(ctx, "insert rows", func(ctx context.Context) ([]byte, error) {
		return s.send(ctx, q, "application/octet-stream", bytes.NewReader(packed.Bytes()), true)
	})
	return err
}

// attempts is how often a request is made that may succeed the next time.
const attempts = 5

// again makes a request until it is answered, or refused for good.
func (s *Server) again(ctx context.Context, what string, request func(context.Context) ([]byte, error)) ([]byte, error) {
	wait := 500 * time.Millisecond
	for n := 1; ; n++ {
		secret := ""
		if s.password != nil {
			var err error
			if secret, err = s.password(ctx); err != nil {
				return nil, err
			}
		}
		watched, x := integrations.Watch(context.WithValue(ctx, passwordKey{}, secret), secret)
		x.Hint(http.StatusUnauthorized, "the user or the password is not accepted")
		x.Hint(http.StatusForbidden, "the user or the password is not accepted")
		out, err := request(watched)
		if err == nil {
			return out, nil
		}
		var refused *Refused
		isRefused := errors.As(err, &refused)
		if isRefused {
			refused.Says = x.Clean(refused.Says)
		}
		if ctx.Err() != nil || n == attempts || isRefused && !refused.passing() {
			if isRefused {
				return nil, fmt.Errorf("ClickHouse: %s: %w", what, refused)
			}
			return nil, x.Fail("ClickHouse: "+what, err)
		}
		if err := s.sleep(ctx, wait); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

type passwordKey struct{}

// send makes one request.
func (s *Server) send(ctx context.Context, q url.Values, kind string, body io.Reader, packed bool) ([]byte, error) {
	u := *s.base
	if s.database != "" {
		q.Set("database", s.database)
	}
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	if packed {
		r.Header.Set("Content-Encoding", "gzip")
	}
	secret, _ := ctx.Value(passwordKey{}).(string)
	if s.user != "" || secret != "" {
		user := s.user
		if user == "" {
			user = "default"
		}
		r.SetBasicAuth(user, secret)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Clickhouse-Exception-Code") != "" {
		return nil, refusal(resp.StatusCode, string(b))
	}
	return b, nil
}
