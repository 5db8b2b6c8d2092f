package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestInterruptedSend stops a request that has been sent and is not answered:
// it may have happened, and that is said.
func TestInterruptedSend(t *testing.T) {
	t.Parallel()
	came, done := make(chan struct{}, 8), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body) // it has arrived; what it says is no matter
		came <- struct{}{}
		<-done
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	for _, format := range []string{"text", "json"} {
		b := newBench(t, "TEST_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
		b.write(".config/firebreak/config.yaml", `name: ada
connections:
  webhook:
    kind: webhook
    base_url: `+s.URL+`
    settings: {allow_private: "true"}
    secrets: {secret: env:TEST_SECRET}
`)
		id := b.open("odd process")
		b.want(0, "plan", id, "webhook.send", "--with", "message=hello")
		args := []string{"do", id, "a1"}
		if format == "json" {
			args = append(args, "--json")
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		c := b.command(ctx, args...)
		var said bytes.Buffer
		c.Stderr = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-came:
		case <-ctx.Done():
			t.Fatal("nothing was sent")
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // its exit code says it
		if code := c.ProcessState.ExitCode(); code != 130 {
			t.Errorf("%s: exit %d, want 130", format, code)
		}
		text := said.String()
		if format == "json" {
			var e struct {
				Error, Hint string
				Code        int
			}
			lines := strings.Split(strings.TrimSpace(text), "\n")
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &e); err != nil || e.Code != 130 {
				t.Errorf("%v: %s", err, text)
			}
			text = e.Error + "\n  hint: " + e.Hint
		}
		if !strings.Contains(text, "the outcome is unknown") || !strings.Contains(text, "webhook.send") || !strings.Contains(text, "--look") {
			t.Errorf("%s: %s", format, text)
		}
		b.verified(id)
	}
}
