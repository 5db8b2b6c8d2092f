// Package s3 brings one object to an S3 server in parts (multipart upload), so
// that a stream of unknown length can be sent and an upload that was cut gone on
// with. It is the small piece of the S3 API that this needs, signed with
// Signature Version 4; it reads and lists no objects.
//
// Reference: Amazon S3 API Reference, CreateMultipartUpload, UploadPart,
// CompleteMultipartUpload, HeadObject.
package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"firebreak/integrations"
	"firebreak/integrations/sigv4"
)

// Credentials are an access key.
type Credentials = sigv4.Credentials

// Errors of this package.
var (
	// ErrDenied says that the server does not take the key, or that the key may not.
	ErrDenied = errors.New("the server does not take the access key")
	// ErrExists says that there is an object of that name.
	ErrExists = errors.New("there is an object of that name")
	// ErrOther says that the upload that was begun is not there any more, or that the
	// bucket is not.
	ErrOther = errors.New("it is not there")
)

// Options say which object, and how the server is reached.
type Options struct {
	Endpoint string // https://host[:port]; "" is Amazon's in the region. Plain http is taken to this machine only
	Region   string // "" is us-east-1
	Bucket   string
	Key      string
	Keys     func(context.Context) (Credentials, error) // fetched at the moment of use
	Part     int64                                      // size of every part but the last; at least 5 MiB
	Now      func() time.Time
	Timeout  time.Duration // of one part; 10 minutes
	Silence  time.Duration // how long the server may take nothing and say nothing; 45 seconds
}

// Upload is one object on its way. It is not safe for concurrent use.
type Upload struct {
	o      Options
	base   *url.URL
	client *http.Client
	note   note
}

// note is what goes on with an upload: no secret.
type note struct {
	ID    string   `json:"upload_id"`
	ETags []string `json:"etags"`
}

const maxParts = 10_000

// NewUpload prepares an upload; before is the Note of one that is gone on with.
// Nothing is sent yet.
func NewUpload(o Options, before json.RawMessage) (*Upload, error) {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.Silence == 0 {
		o.Silence = 45 * time.Second
	}
	if o.Bucket == "" || o.Key == "" || strings.ContainsAny(o.Bucket, "/?#@:\\ \x00") || strings.ContainsAny(o.Region, "/.?#@:\\ \x00") {
		return nil, errors.New("S3: want s3://bucket/key, and a region without special characters")
	}
	for part := range strings.SplitSeq(o.Key, "/") {
		if part == "." || part == ".." || part == "" { // servers and proxies take these for folders
			return nil, errors.New("S3: a key with an empty part, . or .. is not taken")
		}
	}
	u := &Upload{o: o}
	vendor := "https://s3." + o.Region + ".amazonaws.com"
	c := integrations.Connection{Name: "s3", Kind: "s3", BaseURL: o.Endpoint, Now: o.Now}
	base, err := integrations.Base(c, vendor)
	if err != nil {
		return nil, fmt.Errorf("S3 endpoint: %w", err)
	}
	place := strings.TrimSuffix(base.Path, "/")
	if o.Endpoint == "" && !strings.Contains(o.Bucket, ".") {
		base.Host = o.Bucket + "." + base.Host
	} else {
		place += "/" + o.Bucket
	}
	base.Path, base.RawPath = place+"/"+o.Key, sigv4.Encode(place+"/"+o.Key, false)
	u.base = base
	u.client = integrations.NewClient(c, integrations.Limits{Timeout: o.Timeout, Writes: rate.Inf})
	if len(before) > 0 {
		if err := json.Unmarshal(before, &u.note); err != nil || len(u.note.ETags) > maxParts {
			return nil, errors.New("S3: the note of an earlier upload cannot be read")
		}
	}
	return u, nil
}

// Note is what another process needs to go on.
func (u *Upload) Note() json.RawMessage {
	if u.note.ID == "" {
		return nil
	}
	b, err := json.Marshal(u.note)
	if err != nil {
		return nil // texts always can be
	}
	return b
}

// Close has nothing to end: each request has a connection of its own.
func (u *Upload) Close() error { return nil }

// Put sends the part that begins at this offset. The server has it when Put returns.
func (u *Upload) Put(ctx context.Context, at int64, b []byte) error {
	n := int(at / u.o.Part)
	if at%u.o.Part != 0 || n > len(u.note.ETags) || n >= maxParts || int64(len(b)) > u.o.Part {
		return fmt.Errorf("S3: a part of %d bytes at %d: parts have %d, in order, at most %d", len(b), at, u.o.Part, maxParts)
	}
	if err := u.begin(ctx); err != nil {
		return err
	}
	h, _, err := u.do(ctx, http.MethodPut, url.Values{"partNumber": {strconv.Itoa(n + 1)}, "uploadId": {u.note.ID}}, b)
	if err != nil {
		return fmt.Errorf("S3: part %d: %w", n+1, err)
	}
	etag := h.Get("Etag")
	if etag == "" {
		return fmt.Errorf("S3: part %d: the answer has no ETag", n+1)
	}
	u.note.ETags = append(u.note.ETags[:n], etag)
	return nil
}

// begin asks for an upload, once.
func (u *Upload) begin(ctx context.Context) error {
	if u.note.ID != "" {
		return nil
	}
	switch _, _, err := u.do(ctx, http.MethodHead, nil, nil); {
	case err == nil:
		return fmt.Errorf("S3: %s/%s: %w", u.o.Bucket, u.o.Key, ErrExists)
	case errors.Is(err, ErrOther), errors.Is(err, ErrDenied): // who may not list is told the latter
	default:
		return fmt.Errorf("S3: look: %w", err)
	}
	_, b, err := u.do(ctx, http.MethodPost, url.Values{"uploads": {""}}, nil)
	if err != nil {
		return fmt.Errorf("S3: begin: %w", err)
	}
	var answer struct{ UploadId string } //nolint:revive // the name on the wire
	if err := xml.Unmarshal(b, &answer); err != nil || answer.UploadId == "" {
		return errors.New("S3: begin: the answer names no upload")
	}
	u.note.ID = answer.UploadId
	return nil
}

// Finish makes one object of the parts.
func (u *Upload) Finish(ctx context.Context, size int64) error {
	if want := int((size + u.o.Part - 1) / u.o.Part); want == 0 || want != len(u.note.ETags) {
		return fmt.Errorf("S3: finish: %d parts are there, and %d bytes make %d", len(u.note.ETags), size, want)
	}
	var body bytes.Buffer
	body.WriteString("<CompleteMultipartUpload>")
	for i, tag := range u.note.ETags {
		fmt.Fprintf(&body, "<Part><PartNumber>%d</PartNumber><ETag>", i+1)
		if err := xml.EscapeText(&body, []byte(tag)); err != nil {
			return fmt.Errorf("S3: finish: %w", err)
		}
		body.WriteString("</ETag></Part>")
	}
	body.WriteString("</CompleteMultipartUpload>")
	_, b, err := u.do(ctx, http.MethodPost, url.Values{"uploadId": {u.note.ID}}, body.Bytes())
	if err == nil { // a failure on the way comes with 200 too
		if code, message := refusal(b); code != "" {
			err = fmt.Errorf("%s: %s", code, message)
		}
	}
	if err == nil {
		return nil
	}
	// The answer to an earlier try may have been lost.
	if h, _, e := u.do(ctx, http.MethodHead, nil, nil); e == nil && h.Get("Content-Length") == strconv.FormatInt(size, 10) && errors.Is(err, ErrOther) {
		return nil
	}
	return fmt.Errorf("S3: finish: %w", err)
}

// Abort has the server drop the parts of an upload that will not be finished: they
// are seen by nobody, and paid for. Without one there is nothing to do. The key
// needs s3:AbortMultipartUpload.
func (u *Upload) Abort(ctx context.Context) error {
	if u.note.ID == "" {
		return nil
	}
	_, _, err := u.do(ctx, http.MethodDelete, url.Values{"uploadId": {u.note.ID}}, nil)
	if err != nil && !errors.Is(err, ErrOther) {
		return fmt.Errorf("S3: abort the upload %.80q: %w", u.note.ID, err)
	}
	u.note = note{}
	return nil
}

// errSilent says why a request was given up.
var errSilent = errors.New("the server says nothing and takes nothing")

// heeded is a body that notes when some of it is taken.
type heeded struct {
	*bytes.Reader
	quiet *time.Timer
	most  time.Duration
}

func (h *heeded) Read(p []byte) (int, error) {
	h.quiet.Reset(h.most)
	return h.Reader.Read(p)
}

// WriteTo is not the reader's own, which gives all at once.
func (h *heeded) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{h})
}

// failed is what became of a request; silence is told as such.
func failed(ctx context.Context, x *integrations.Exchange, method string, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("%s: %w", method, errSilent)
	}
	return x.Fail(method, err)
}

// do makes one signed request.
func (u *Upload) do(ctx context.Context, method string, q url.Values, body []byte) (http.Header, []byte, error) {
	keys, err := u.o.Keys(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, x := integrations.Watch(ctx, keys.Secret, keys.Token)
	to := *u.base
	to.RawQuery = sigv4.Query(q)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	quiet := time.AfterFunc(u.o.Silence, func() { stop(errSilent) })
	defer quiet.Stop()
	r, err := http.NewRequestWithContext(ctx, method, to.String(), &heeded{bytes.NewReader(body), quiet, u.o.Silence})
	if err != nil {
		return nil, nil, fmt.Errorf("make request: %w", err)
	}
	r.ContentLength = int64(len(body))
	sigv4.Sign(r, keys, sigv4.Scope{Region: u.o.Region, Service: "s3"}, sigv4.Hash(body), u.o.Now())
	if len(body) == 0 {
		r.Body = http.NoBody
	}
	resp, err := u.client.Do(r)
	if err != nil {
		return nil, nil, failed(ctx, x, method, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body) // the client bounds it
	if err != nil {
		return nil, nil, failed(ctx, x, method, err)
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNoContent {
		return resp.Header, b, nil
	}
	code, message := refusal(b)
	said := x.Clean(strings.TrimSpace(fmt.Sprintf("%s %s %s", resp.Status, code, message)))
	switch resp.StatusCode {
	case http.StatusForbidden, http.StatusUnauthorized:
		return nil, nil, fmt.Errorf("%w: %s", ErrDenied, said)
	case http.StatusNotFound:
		return nil, nil, fmt.Errorf("%w: %s", ErrOther, said)
	}
	return nil, nil, errors.New(said)
}

// refusal reads what a server says of a failure.
func refusal(b []byte) (code, message string) {
	var e struct {
		XMLName xml.Name
		Code    string
		Message string
	}
	if err := xml.Unmarshal(b, &e); err != nil || e.XMLName.Local != "Error" {
		return "", ""
	}
	return e.Code, e.Message
}
