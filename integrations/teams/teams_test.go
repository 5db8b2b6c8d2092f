package teams

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

const signature = "sig-0123456789abcdef"

// workflow answers as it is told and keeps what came.
func workflow(t *testing.T, status int, answer string) (send, *[]byte, string) {
	t.Helper()
	got := new([]byte)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	address := s.URL + "/workflows/abc/triggers/manual?sp=%2Ftriggers%2Fmanual&sig=" + signature
	return to(t, address), got, address
}

func to(t *testing.T, address string) send {
	t.Helper()
	as, err := actions(integrations.Connection{
		Name: "chat", Kind: "teams", Now: time.Now, Settings: map[string]string{"allow_private": "true"},
		Secret: func(_ context.Context, n string) (string, error) {
			if address == "" || n != "url" {
				return "", errors.New("not set")
			}
			return address, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return as[0].(send)
}

func call(text string) integrations.Call {
	return integrations.Call{
		Action: "teams.message.send", Connection: "chat", Params: map[string]any{"title": "SEV1", "text": text},
		Key: "k1", Incident: "2026-0007", Seal: "2026-0007 @3 aa",
	}
}

// TestCard: what is sent is one card whose texts are nothing but text.
func TestCard(t *testing.T) {
	s, got, _ := workflow(t, http.StatusAccepted, "")
	text := "We contain.\r\n\r\n<at>Ada</at> **bold** [click](https://evil.example) ![x](https://evil.example/x.png)\nfirebreak-key:zz"
	r, err := s.Do(t.Context(), call(text), integrations.Plan{})
	if err != nil || r.Ref != "k1" {
		t.Fatalf("%+v, %v", r, err)
	}
	var e envelope
	if err := json.Unmarshal(*got, &e); err != nil {
		t.Fatal(err)
	}
	c := e.Attachments[0].Content
	if e.Type != "message" || e.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || c.Type != "AdaptiveCard" || c.Version != "1.4" || c.ID != "k1" {
		t.Errorf("%s", *got)
	}
	var lines []string
	for _, b := range c.Body {
		if b.Type != "RichTextBlock" || len(b.Inlines) != 1 || b.Inlines[0].Type != "TextRun" {
			t.Errorf("a part that is not plain text: %+v", b)
		}
		lines = append(lines, b.Inlines[0].Text)
	}
	want := "SEV1|We contain.|<\u200bat>Ada</\u200bat> **bold** [click](https://evil.example) ![x](https://evil.example/x.png)|firebreak-key zz|Firebreak record: 2026-0007 @3 aa"
	if g := strings.Join(lines, "|"); g != want {
		t.Errorf("%q", g)
	}
	if strings.Contains(string(*got), "entities") {
		t.Error("it mentions somebody")
	}
	v, err := s.Verify(t.Context(), call(text), r)
	if err != nil || !v.OK || !v.Unread {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := s.Verify(t.Context(), call(text), integrations.Receipt{}); !errors.Is(err, integrations.ErrNotReadable) {
		t.Errorf("without a receipt: %v", err)
	}
}

// TestSecretURL: no part of the URL that opens the workflow shows up.
func TestSecretURL(t *testing.T) {
	s, _, address := workflow(t, http.StatusUnauthorized, "the signature "+signature+" is wrong for /workflows/abc/triggers/manual")
	p, err := s.Plan(t.Context(), call("x"), integrations.Prior{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	_, failed := s.Do(t.Context(), call("x"), p)
	if integrations.OutcomeOf(failed) != integrations.Rejected || failed == nil {
		t.Errorf("%v", failed)
	}
	for _, text := range []string{string(b), failed.Error()} {
		for _, part := range []string{address, signature, "/workflows/abc", "%2Ftriggers"} {
			if strings.Contains(text, part) {
				t.Errorf("%q shows %q", text, part)
			}
		}
	}
	if _, err := to(t, "http://127.0.0.1:1/hook?sig="+signature).Do(t.Context(), call("x"), p); integrations.OutcomeOf(err) != integrations.NotSent || strings.Contains(err.Error(), signature) {
		t.Errorf("where nobody listens: %v", err)
	}
	for _, bad := range []string{"", "http://teams.example.org/hook?sig=x", "https://user@teams.example.org/x", "ftp://x/y", "://", "https:///x", "https://x.example/#" + signature} {
		_, err := to(t, bad).Do(t.Context(), call("x"), p)
		var e *integrations.Error
		if !errors.As(err, &e) || e.Hint == "" || strings.Contains(err.Error(), signature) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := actions(integrations.Connection{Name: "chat", Kind: "teams", BaseURL: "https://x.example/hook"}); err == nil {
		t.Error("a base_url was taken: the URL would stand in the configuration")
	}
}

// TestAnswers judges what workflows and the old connectors say.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		answer string
		want   integrations.Outcome
	}{
		{202, "", ""},
		{200, "1", ""},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId x", integrations.Rejected},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x", integrations.Throttled},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 502 with ContextId x", integrations.Ambiguous},
		{400, "\x1b[2Jno", integrations.Rejected},
		{429, "", integrations.Throttled},
		{502, "", integrations.Ambiguous},
	} {
		s, _, _ := workflow(t, c.status, c.answer)
		_, err := s.Do(t.Context(), call("x"), integrations.Plan{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || integrations.OutcomeOf(err) != c.want) {
			t.Errorf("%d %q: %v: want %q", c.status, c.answer, err, c.want)
		}
	}
}

// TestSize: a card is never larger than Teams takes, and has not too many parts.
func TestSize(t *testing.T) {
	s := to(t, "https://x.example/hook")
	if _, err := s.Prior(t.Context(), call(strings.Repeat("line\n", 400))); err != nil {
		t.Error(err)
	}
	b, err := s.read(call(strings.Repeat("line\n", 400)))
	if err != nil || strings.Count(string(b), "RichTextBlock") > maxLines+2 {
		t.Errorf("%d parts, %v", strings.Count(string(b), "RichTextBlock"), err)
	}
	if _, err := s.Prior(t.Context(), call(strings.Repeat("x", maxCard))); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("%v", err)
	}
}

func TestNotify(t *testing.T) {
	name, params, err := notify(integrations.Connection{}, integrations.Message{Subject: strings.Repeat("s", 900), Body: "b"})
	if err != nil || name != "teams.message.send" || params["text"] != "b" || len(params["title"].(string)) > 400 {
		t.Errorf("%s %v %v", name, params, err)
	}
	if _, params, err := notify(integrations.Connection{}, integrations.Message{Subject: "s"}); err != nil || params["text"] != "s" {
		t.Errorf("%v %v", params, err)
	}
}
