package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestInterruptedCollect stops a collection: what is sealed stays, and neither the
// words nor the JSON pass for a whole one.
func TestInterruptedCollect(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		b := newBench(t)
		id := b.open("odd process")
		args := []string{"collect", id, "--collector", "linux.system"}
		for _, name := range []string{"a", "b", "c"} { // long to read, quick to make
			file := b.write(name, "x")
			if err := os.Truncate(file, 500<<20); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--file", file)
		}
		if format == "json" {
			args = append(args, "--json")
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		c := b.command(ctx, args...)
		var out, said bytes.Buffer
		c.Stdout, c.Stderr = &out, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for sealed := 0; sealed == 0; time.Sleep(5 * time.Millisecond) {
			if ctx.Err() != nil {
				t.Fatal("nothing was sealed")
			}
			found, err := filepath.Glob(filepath.Join(b.home, "incidents", id, "evidence", "??", "*"))
			if err != nil {
				t.Fatal(err)
			}
			sealed = len(found)
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // its exit code says it
		if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(said.String(), "what was acknowledged is kept") {
			t.Errorf("%s: exit code %d, %s%s", format, code, out.String(), said.String())
		}
		if r := b.want(0, "show", id, "evidence"); !strings.Contains(r.out, "linux.system") || !strings.Contains(r.out, "ended early: interrupt") {
			t.Errorf("%s: %s", format, r.out)
		}
		b.want(0, "verify", id)
	}
}
