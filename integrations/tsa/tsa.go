// Package tsa asks a time-stamping authority over HTTP (RFC 3161, section
// 3.4). It carries a query there and the reply back; what both say is not its
// business, and no secret goes with it: the authority sees a hash.
package tsa

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"firebreak/integrations"
)

const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
	maxReply  = 256 << 10
)

// Ask sends a query to the authority at that URL and returns its reply. Plain
// http is taken to any host: the authorities are often reached so, and a reply
// is signed. Asking twice changes nothing, so a failure may be repeated.
func Ask(ctx context.Context, address string, query []byte, now func() time.Time) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("address of the time-stamping authority: cannot be parsed") // its text may hold a password
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("address of the time-stamping authority %s: want https://host/path", u.Redacted())
	}
	c := integrations.Connection{Name: "tsa", Kind: "tsa", Now: now}
	ctx, x := integrations.Watch(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("ask time-stamping authority: %w", err)
	}
	r.Header.Set("Content-Type", queryType)
	r.Header.Set("Accept", replyType)
	client := integrations.NewClient(c, integrations.Limits{Timeout: 30 * time.Second, Body: maxReply})
	resp, err := client.Do(r)
	if err != nil {
		return nil, x.Fail("ask time-stamping authority", err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, x.Fail("read the time-stamp", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, x.Fail("ask time-stamping authority", fmt.Errorf("it answered %s", resp.Status))
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != replyType {
		return nil, x.Fail("ask time-stamping authority", errors.New("what it answered is no time-stamp reply"))
	}
	return b, nil
}
