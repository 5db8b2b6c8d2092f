package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// session is one use of the connection.
type session struct {
	*desk
	seen   *integrations.Exchange
	token  string
	who    *identity
	scopes []string // what the token may do, as Slack says beside an answer
}

// identity is who the token stands for.
type identity struct {
	name      string
	user, bot string // ids
}

// open fetches the bot's token.
func (d *desk) open(ctx context.Context) (context.Context, *session, error) {
	return d.as(ctx, "token")
}

// asPerson fetches the user's token, for what Slack lets no bot do.
func (d *desk) asPerson(ctx context.Context) (context.Context, *session, error) {
	if d.person {
		return d.as(ctx, "user_token")
	}
	return d.open(ctx)
}

// as fetches the token of that setting. Nothing has been sent when it fails.
func (d *desk) as(ctx context.Context, setting string) (context.Context, *session, error) {
	token, err := d.secret(ctx, setting)
	if err != nil {
		return ctx, nil, &integrations.Error{
			Outcome: integrations.NotSent, Hint: "set the connection's " + setting,
			Err: fmt.Errorf("fetch slack token: %w", err),
		}
	}
	ctx, seen := integrations.Watch(ctx, token)
	seen.Hint(http.StatusUnauthorized, hints["invalid_auth"])
	seen.Hint(http.StatusNotFound, "check the connection's base_url")
	return ctx, &session{desk: d, seen: seen, token: token}, nil
}

// refusal is an answer with ok:false.
type refusal struct{ method, word, more string }

func (r refusal) Error() string { return r.method + ": Slack says " + r.word + r.more }

// said returns the word of Slack's refusal, "" where err is none.
func said(err error) string {
	var r refusal
	if errors.As(err, &r) {
		return r.word
	}
	return ""
}

// hints tell what to do about a word.
var hints = map[string]string{
	"invalid_auth":           "Slack does not take this token: it may be wrong, or of another workspace",
	"not_authed":             "Slack does not take this token: it may be empty",
	"token_revoked":          "the token was revoked: install the app again",
	"token_expired":          "the token has expired: fetch a new one",
	"account_inactive":       "the app was removed from the workspace: install it again",
	"missing_scope":          "add the scope to the app and install it again",
	"not_allowed_token_type": "this needs another kind of token: a bot's, or a user's",
	"channel_not_found":      "there is no such channel, or it is private and the app is not in it",
	"not_in_channel":         "invite the app to the channel: /invite @its-name",
	"is_archived":            "the channel is archived: unarchive it first",
	"name_taken":             "choose another name: a channel keeps its name when it is archived",
	"restricted_action":      "a rule of the workspace forbids it: ask its admins",
	"cant_invite_self":       "leave the app itself out of the list",
	"user_not_found":         "there is no such person in the workspace: give the id (U…) from their profile",
	"message_not_found":      "the message is gone, or is in another channel",
	"msg_too_long":           "shorten the text",
	"cant_update_message":    "only the app that wrote a message may edit it",
	"cant_delete_message":    "only the app that wrote a message may delete it",
	"edit_window_closed":     "the workspace no longer lets it be edited",
	"too_many_pins":          "take a pin away first",
}

var (
	wordShape  = lazyre.New(`^[a-z0-9_]{1,64}$`)
	scopeShape = lazyre.New(`^[a-z0-9_.:]{1,64}$`)
)

// scopesIn reads a list of scopes, leaving out what is none.
func scopesIn(list string) []string {
	var out []string
	for s := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '|' || r == ' ' }) {
		if scopeShape.MatchString(s) && len(out) < 200 {
			out = append(out, s)
		}
	}
	return out
}

// ask calls a method that only reads.
func (s *session) ask(ctx context.Context, method string, args url.Values, out any) error {
	return s.call(ctx, http.MethodGet, method, args, out)
}

// tell calls a method that changes something.
func (s *session) tell(ctx context.Context, method string, args url.Values, out any) error {
	return s.call(ctx, http.MethodPost, method, args, out)
}

func (s *session) call(ctx context.Context, verb, method string, args url.Values, out any) error {
	u := s.base.JoinPath(method)
	var body io.Reader
	if verb == http.MethodGet {
		u.RawQuery = args.Encode()
	} else {
		body = strings.NewReader(args.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, verb, u.String(), body)
	if err != nil {
		return s.seen.Fail(method, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.http.Do(req)
	if err != nil {
		return s.seen.Fail(method, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return s.seen.Fail(method, err)
	}
	if resp.StatusCode != http.StatusOK {
		return s.seen.Fail(method, fmt.Errorf("answer %s: %s", resp.Status, raw[:min(len(raw), 200)]))
	}
	if granted := resp.Header.Get("X-Oauth-Scopes"); granted != "" {
		s.scopes = scopesIn(granted)
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return s.seen.Fail(method, fmt.Errorf("the answer cannot be read: %w", err))
	}
	if !a.OK {
		return s.refused(verb, method, a)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return s.seen.Fail(method, fmt.Errorf("the answer cannot be read: %w", err))
	}
	return nil
}

// answer is what all answers have.
type answer struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error"`
	Needed string `json:"needed"`
}

// refused judges an ok:false, which comes with status 200. A few words do not say
// that nothing was done.
func (s *session) refused(verb, method string, a answer) error {
	r := refusal{method: method, word: a.Error}
	if !wordShape.MatchString(r.word) {
		r.word = "no, in a word that is none of its own"
	}
	if r.word == "missing_scope" {
		r.more = ": the token lacks " + strings.Join(scopesIn(a.Needed), ", ")
		if len(s.scopes) > 0 {
			r.more += "; it has " + strings.Join(s.scopes, ", ")
		}
	}
	e := &integrations.Error{Outcome: integrations.Rejected, Hint: hints[r.word], Err: r}
	switch r.word {
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		e.Outcome, e.After, e.Hint = integrations.Throttled, time.Minute, "Slack asks to wait"
	case "internal_error", "fatal_error", "service_unavailable":
		e.Outcome, e.Hint = integrations.Ambiguous, "Slack failed while it was at it"
		if verb == http.MethodGet {
			e.Outcome = integrations.NotSent // nothing that could have changed anything was sent
		}
	}
	return e
}

// me asks who the token stands for, once.
func (s *session) me(ctx context.Context) (identity, error) {
	if s.who != nil {
		return *s.who, nil
	}
	var out struct {
		Team   string `json:"team"`
		User   string `json:"user"`
		UserID string `json:"user_id"`
		BotID  string `json:"bot_id"`
	}
	if err := s.ask(ctx, "auth.test", nil, &out); err != nil {
		return identity{}, err
	}
	if out.UserID == "" {
		return identity{}, s.seen.Fail("auth.test", errors.New("the answer does not say who we are"))
	}
	s.who = &identity{name: s.seen.Clean(out.User + " in " + out.Team), user: out.UserID, bot: out.BotID}
	return *s.who, nil
}

// lacks refuses a plan whose token may not do it, before anybody approves it.
// Each of the scopes suffices. A Slack that does not say is not asked.
func (s *session) lacks(scopes []string) error {
	if len(s.scopes) == 0 || len(scopes) == 0 || slices.ContainsFunc(scopes, func(n string) bool { return slices.Contains(s.scopes, n) }) {
		return nil
	}
	return &integrations.Error{
		Outcome: integrations.Rejected, Hint: hints["missing_scope"],
		Err: fmt.Errorf("the token lacks %s; it has %s", strings.Join(scopes, " or "), strings.Join(s.scopes, ", ")),
	}
}

// rejected is a refusal of our own.
func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}
