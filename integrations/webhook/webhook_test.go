package webhook

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// The vector of the Standard Webhooks specification's own test suites.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorTimestamp = 1614265330
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestSignVector(t *testing.T) {
	got, err := Sign(vectorSecret, vectorID, time.Unix(vectorTimestamp, 0), []byte(vectorBody))
	if err != nil || got != vectorSignature {
		t.Errorf("%s, %v", got, err)
	}
}

func headers(id, stamp, signature string) http.Header {
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", signature)
	return h
}

func TestCheck(t *testing.T) {
	now := time.Unix(vectorTimestamp, 0)
	const stamp = "1614265330"
	for name, c := range map[string]struct {
		h    http.Header
		body string
		now  time.Time
		fine bool
	}{
		"as it is":         {headers(vectorID, stamp, vectorSignature), vectorBody, now, true},
		"among others":     {headers(vectorID, stamp, "v2,abc v1,AAAA "+vectorSignature), vectorBody, now, true},
		"minutes later":    {headers(vectorID, stamp, vectorSignature), vectorBody, now.Add(4 * time.Minute), true},
		"an hour later":    {headers(vectorID, stamp, vectorSignature), vectorBody, now.Add(time.Hour), false},
		"from the future":  {headers(vectorID, stamp, vectorSignature), vectorBody, now.Add(-time.Hour), false},
		"another body":     {headers(vectorID, stamp, vectorSignature), vectorBody + " ", now, false},
		"another id":       {headers("msg_2", stamp, vectorSignature), vectorBody, now, false},
		"another time":     {headers(vectorID, "1614265331", vectorSignature), vectorBody, now, false},
		"no signature":     {headers(vectorID, stamp, ""), vectorBody, now, false},
		"another version":  {headers(vectorID, stamp, strings.Replace(vectorSignature, "v1", "v1a", 1)), vectorBody, now, false},
		"no time":          {headers(vectorID, "", vectorSignature), vectorBody, now, false},
		"an id with a dot": {headers("a.b", stamp, vectorSignature), vectorBody, now, false},
	} {
		id, err := Check(vectorSecret, c.h, []byte(c.body), c.now)
		if (err == nil) != c.fine || c.fine && id != vectorID {
			t.Errorf("%s: %q, %v", name, id, err)
		}
	}
	for _, secret := range []string{"", "short", "whsec_!", "whsec_c2hvcnQ="} {
		if _, err := Sign(secret, "id", now, nil); err == nil {
			t.Errorf("the secret %q was taken", secret)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(vectorID, "1614265330", vectorSignature, []byte(vectorBody))
	f.Add("", "-1", "v1,", []byte{})
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		_, err := Check(vectorSecret, headers(id, stamp, signature), body, time.Unix(vectorTimestamp, 0))
		if err == nil && string(body) != vectorBody {
			t.Error("a forgery was taken")
		}
	})
}

// TestSend sends to a receiver that is not ours, and to a loopback address
// without leave.
func TestSend(t *testing.T) {
	var got http.Header
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer s.Close()
	now := time.Unix(vectorTimestamp, 0)
	conn := integrations.Connection{
		Name: "hook", Kind: "webhook", BaseURL: s.URL, Now: func() time.Time { return now }, Settings: map[string]string{"allow_private": "true"},
		Secret: func(context.Context, string) (string, error) { return vectorSecret, nil },
	}
	call := integrations.Call{Action: "webhook.send", Connection: "hook", Params: map[string]any{"message": "hello"}, Key: "key1", Incident: "2026-0007", Seal: "2026-0007 @3 aa"}
	as, err := actions(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := as[0].Do(t.Context(), call, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	if id, err := Check(vectorSecret, got, body, now); err != nil || id != "key1" {
		t.Errorf("%s, %v", id, err)
	}
	want := `{"type":"incident.update","timestamp":"2021-02-25T15:02:10Z","data":{"incident":"2026-0007","message":"hello","record":"2026-0007 @3 aa"}}`
	if string(body) != want || got.Get("User-Agent") != "firebreak" || got.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", body, got)
	}
	if _, err := as[0].Verify(t.Context(), call, integrations.Receipt{}); err == nil {
		t.Error("verified without a receipt")
	}
	conn.Settings = nil
	if as, err = actions(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := as[0].Do(t.Context(), call, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("to a loopback address without leave: %v", err)
	}
	if d := as[0].Describe(); d.Idempotency != "none" {
		t.Errorf("a receiver of which nothing is known: idempotency %s", d.Idempotency)
	}
	if as, err = actions(integrations.Connection{Name: "hook", Kind: "webhook"}); err != nil {
		t.Fatal(err)
	}
	if _, err := as[0].Prior(t.Context(), call); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("without an address: %v", err)
	}
}
