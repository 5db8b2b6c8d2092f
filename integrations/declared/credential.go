package declared

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"firebreak/integrations"
	"firebreak/integrations/sigv4"
	"firebreak/internal/lazyre"
)

// The kinds of credentials.
const (
	byNothing = "none"
	byBearer  = "bearer"
	byHeader  = "header"
	byBasic   = "basic"
	byOAuth   = "oauth2"
	byAmazon  = "sigv4"
)

func credentialKinds() []string {
	return []string{byBearer, byHeader, byBasic, byOAuth, byAmazon, byNothing}
}

// credential says how a connection opens. Names are those of its secrets and
// settings.
type credential struct {
	kind   string
	secret string // the token, password, client secret or secret access key
	user   string // setting or secret: the user, client id or access key id
	header string // for header
	prefix string // for header: "SSWS "; {NAME} stands for a setting
	token  string // for oauth2: where tokens are; an address with {NAME} of settings, or a path
	scope  string // for oauth2
	style  string // for oauth2: body (also "") or basic
	extra  string // for sigv4: the secret with the session token
}

// secrets are the names of the settings that hold references to secrets.
func (c credential) secrets() []integrations.Param {
	param := func(name, title string, required bool) integrations.Param {
		return integrations.Param{Name: name, Title: title, Type: "secret", Required: required}
	}
	switch c.kind {
	case byBearer, byHeader:
		return []integrations.Param{param(c.secret, "Reference to the token", true)}
	case byBasic:
		return []integrations.Param{param(c.secret, "Reference to the password", true)}
	case byOAuth:
		return []integrations.Param{param(c.secret, "Reference to the client secret", true)}
	case byAmazon:
		return []integrations.Param{
			param(c.user, "Reference to the access key id", true), param(c.secret, "Reference to the secret access key", true),
			param(c.extra, "Reference to the session token of temporary keys", false),
		}
	}
	return nil
}

var placeName = lazyre.New(`\{([a-z][a-z0-9_]*)\}`)

// fill puts settings into a text, each as it was checked by its pattern.
func fill(text string, settings map[string]string, escape func(string) string) (string, error) {
	var missing error
	out := placeName.ReplaceAllStringFunc(text, func(name string) string {
		v := settings[name[1:len(name)-1]]
		if v == "" {
			missing = fmt.Errorf("the connection has no setting %s", name[1:len(name)-1])
		}
		return escape(v)
	})
	return out, missing
}

// opened is what a session signs its requests with.
type opened struct {
	set     func(r *http.Request, body []byte, s service)
	secrets []string
}

func oneLine(name, v string) error {
	if strings.ContainsAny(v, "\r\n\x00") {
		return fmt.Errorf("secret %s has more than one line", name)
	}
	return nil
}

// open fetches the secrets, and for OAuth a token. Nothing of the action was sent
// when it fails.
func (c *connection) open(ctx context.Context) (opened, error) {
	cred := c.system.Credential
	if cred.kind == byNothing {
		return opened{set: func(*http.Request, []byte, service) {}}, nil
	}
	secret, err := c.secret(ctx, cred.secret)
	if err != nil {
		return opened{}, err
	}
	switch cred.kind {
	case byBearer, byHeader:
		header, prefix := "Authorization", "Bearer "
		if cred.kind == byHeader {
			header = textproto.CanonicalMIMEHeaderKey(cred.header)
			if prefix, err = fill(cred.prefix, c.settings, func(s string) string { return s }); err != nil {
				return opened{}, notSent("", err)
			}
		}
		value := prefix + secret
		return opened{secrets: []string{secret}, set: func(r *http.Request, _ []byte, _ service) { r.Header.Set(header, value) }}, nil
	case byBasic:
		user := c.settings[cred.user]
		if strings.Contains(user, ":") {
			return opened{}, notSent("", errors.New("the user name has a colon"))
		}
		return opened{
			secrets: []string{secret, base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))},
			set:     func(r *http.Request, _ []byte, _ service) { r.SetBasicAuth(user, secret) },
		}, nil
	case byOAuth:
		token, err := c.tokens.get(ctx, c, secret)
		if err != nil {
			return opened{}, err
		}
		return opened{secrets: []string{secret, token}, set: func(r *http.Request, _ []byte, _ service) { r.Header.Set("Authorization", "Bearer "+token) }}, nil
	}
	return c.amazon(ctx, secret)
}

func (c *connection) amazon(ctx context.Context, secret string) (opened, error) {
	cred := c.system.Credential
	id, err := c.secret(ctx, cred.user)
	if err != nil {
		return opened{}, err
	}
	keys := sigv4.Credentials{ID: id, Secret: secret}
	if c.c.HasSecret(cred.extra) {
		if keys.Token, err = c.secret(ctx, cred.extra); err != nil {
			return opened{}, err
		}
	}
	return opened{secrets: []string{secret, keys.Token}, set: func(r *http.Request, body []byte, s service) {
		region := s.region
		if region == "" {
			region = c.settings["region"]
		}
		if s.signed == "s3" && len(body) > 0 { // S3 wants one of its checksums with what it keeps
			sum := sha256.Sum256(body)
			r.Header.Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(sum[:]))
		}
		sigv4.Sign(r, keys, sigv4.Scope{Region: region, Service: s.signed}, sigv4.Hash(body), c.c.Now())
	}}, nil
}

func (c *connection) secret(ctx context.Context, name string) (string, error) {
	v, err := c.c.Secret(ctx, name)
	if err == nil {
		err = oneLine(name, v)
	}
	if err == nil && v == "" {
		err = fmt.Errorf("secret %s is empty", name)
	}
	if err != nil {
		return "", notSent("set the connection's "+name, fmt.Errorf("fetch %s of connection %s: %w", name, c.c.Name, err))
	}
	return v, nil
}

func notSent(hint string, err error) error {
	return &integrations.Error{Outcome: integrations.NotSent, Hint: hint, Err: err}
}

// tokens holds the access token of a connection, in memory only.
type tokens struct {
	client *http.Client
	mu     sync.Mutex
	token  string
	until  time.Time
	of     [32]byte // of which secret
}

// get returns a token that is good for another minute, asking for one where there
// is none (RFC 6749, 4.4).
func (t *tokens) get(ctx context.Context, c *connection, secret string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := sha256.Sum256([]byte(secret))
	if t.token != "" && t.of == of && c.c.Now().Before(t.until) {
		return t.token, nil
	}
	token, life, err := t.ask(ctx, c, secret)
	if err != nil {
		return "", err
	}
	t.token, t.of, t.until = token, of, c.c.Now().Add(life-time.Minute)
	return token, nil
}

// drop forgets a token that the other side did not take.
func (t *tokens) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = ""
}

func (t *tokens) ask(ctx context.Context, c *connection, secret string) (string, time.Duration, error) {
	cred := c.system.Credential
	to, err := c.tokenURL()
	if err != nil {
		return "", 0, notSent("correct the connection", err)
	}
	id := c.settings[cred.user]
	body := url.Values{"grant_type": {"client_credentials"}}
	if cred.scope != "" {
		body.Set("scope", cred.scope)
	}
	if cred.style != "basic" {
		body.Set("client_id", id)
		body.Set("client_secret", secret)
	}
	// Its own exchange: asking for a token is no attempt at the action.
	ctx, seen := integrations.Watch(ctx, secret)
	seen.Hint(http.StatusUnauthorized, "the client id or its secret is wrong, or expired")
	seen.Hint(http.StatusBadRequest, "the client id or its secret is wrong, or expired")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(body.Encode()))
	if err != nil {
		return "", 0, notSent("", errors.New("make request for a token"))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if cred.style == "basic" {
		req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return "", 0, unsent(seen.Fail("ask for a token", err))
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", 0, unsent(seen.Fail("ask for a token", err))
	}
	var got struct {
		AccessToken string      `json:"access_token"`
		ExpiresIn   json.Number `json:"expires_in"`
		Error       string      `json:"error"`
		Description string      `json:"error_description"`
	}
	bad := json.Unmarshal(b, &got)
	if resp.StatusCode < 200 || resp.StatusCode > 299 || bad != nil || got.AccessToken == "" || oneLine("", got.AccessToken) != nil {
		said := strings.TrimSpace(seen.Clean(got.Error + " " + got.Description))
		return "", 0, unsent(seen.Fail("ask for a token", fmt.Errorf("%s answers %s %s", to.Host, resp.Status, said)))
	}
	life := 5 * time.Minute
	if n, err := got.ExpiresIn.Int64(); err == nil && n > 0 {
		life = min(time.Duration(n)*time.Second, 24*time.Hour)
	}
	return got.AccessToken, life, nil
}

// unsent is an error of what came before the action: whatever became of it, the
// action was not sent.
func unsent(err error) error {
	var e *integrations.Error
	if errors.As(err, &e) && e.Outcome == integrations.Ambiguous {
		return &integrations.Error{Outcome: integrations.NotSent, Hint: e.Hint, Err: e.Err}
	}
	return err
}

// tokenURL is where tokens are: the connection's own token_url, the system's, or
// a path of the base URL.
func (c *connection) tokenURL() (*url.URL, error) {
	text := c.settings["token_url"]
	if text == "" {
		var err error
		if text, err = fill(c.system.Credential.token, c.settings, url.PathEscape); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(text, "/") {
		to := *c.base
		to.Path, to.RawPath = strings.TrimSuffix(to.Path, "/")+text, ""
		return &to, nil
	}
	with := c.c
	with.BaseURL = text
	u, err := integrations.Base(with, "")
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	return u, nil
}

func newTokens(c integrations.Connection, public bool) *tokens {
	return &tokens{client: integrations.NewClient(c, integrations.Limits{Body: 64 << 10, Writes: rate.Inf, Public: public})}
}
