package cmd_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

// serving is a running "intake serve".
type serving struct {
	b    *bench
	c    *exec.Cmd
	url  string
	mu   sync.Mutex
	said []string
	raw  strings.Builder // the lines as they were printed
	done chan struct{}
}

const intakeConfig = `intake:
  sources:
    gh: {kind: github, secret: env:GH_SECRET}
    am: {kind: token, secret: env:AM_TOKEN}
  rules:
    - {name: leaks, kind: [secret], severity: high, open: sev1}
`

// serve starts the server; it is killed when the test ends, if it still runs.
func (b *bench) serve(config string) *serving {
	b.t.Helper()
	b.write(".config/firebreak/config.yaml", config)
	b.env = append(b.env, "GH_SECRET=secret-of-github", "AM_TOKEN=token-of-alertmanager")
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	b.t.Cleanup(cancel)
	s := &serving{b: b, c: b.command(ctx, "intake", "serve", "--listen", "127.0.0.1:0", "--json"), done: make(chan struct{})}
	s.c.Stderr = os.Stderr
	out, err := s.c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := s.c.Start(); err != nil {
		b.t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(s.done)
		for l := bufio.NewScanner(out); l.Scan(); {
			var line struct{ Says string }
			if json.Unmarshal(l.Bytes(), &line) != nil {
				continue
			}
			if at, ok := strings.CutPrefix(line.Says, "listening on "); ok {
				ready <- at
			}
			s.mu.Lock()
			s.raw.Write(append(l.Bytes(), '\n'))
			s.said = append(s.said, line.Says)
			s.mu.Unlock()
		}
	}()
	select {
	case at := <-ready:
		s.url = "http://" + at
	case <-s.done:
		b.t.Fatal("it did not start")
	}
	return s
}

func (s *serving) post(path, body string, headers ...string) (int, string) {
	s.b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.b.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.b.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// github posts an alert as GitHub signs it.
func (s *serving) github(body string) (int, string) {
	s.b.t.Helper()
	h := hmac.New(sha256.New, []byte("secret-of-github"))
	_, _ = h.Write([]byte(body))
	return s.post("/v1/gh", body, "X-Hub-Signature-256", "sha256="+hex.EncodeToString(h.Sum(nil)), "X-GitHub-Event", "secret_scanning_alert")
}

// wait waits until it said something.
func (s *serving) wait(what string) {
	s.b.t.Helper()
	for range 600 {
		s.mu.Lock()
		text := strings.Join(s.said, "\n")
		s.mu.Unlock()
		if strings.Contains(text, what) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.b.t.Fatalf("it never said %q: %v", what, s.said)
}

// end stops it with a signal and returns the exit code.
func (s *serving) end(sig os.Signal) int {
	s.b.t.Helper()
	if err := s.c.Process.Signal(sig); err != nil {
		s.b.t.Fatal(err)
	}
	<-s.done
	_ = s.c.Wait() // its exit code says it
	return s.c.ProcessState.ExitCode()
}

func leaked(number int, state string) string {
	return fmt.Sprintf(`{"action":"created","alert":{"number":%d,"created_at":"2026-11-28T03:00:00Z","html_url":"https://github.com/o/r/security/secret-scanning/%d","state":%q,"resolution":"revoked","secret_type":"github_personal_access_token","secret_type_display_name":"GitHub PAT","secret":%q},"repository":{"full_name":"o/r"}}`, number, number, state, canary)
}

const firing = `{"version":"4","groupKey":"g","status":"firing","externalURL":"http://am","alerts":[{"status":"firing","labels":{"alertname":"Odd","severity":"warning","instance":"web-1:9100"},"annotations":{"summary":"odd \u001b]0;x\u0007things"},"startsAt":"2026-11-28T03:00:00Z","fingerprint":"f1"}]}`

func TestIntakeServe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.serve(intakeConfig)
	if code, said := s.github(leaked(1, "open")); code != 202 {
		t.Fatalf("%d %s", code, said)
	}
	s.wait("by the rule leaks")
	if code, _ := s.github(leaked(1, "resolved")); code != 202 { // said of a finding that the incident knows
		t.Errorf("%d", code)
	}
	s.wait("taken into ")
	for range 3 { // senders send again
		if code, _ := s.post("/v1/am", firing, "Authorization", "Bearer token-of-alertmanager"); code != 202 {
			t.Errorf("%d", code)
		}
	}
	if code, _ := s.post("/v1/am", firing, "Authorization", "Bearer token-of-somebody-else"); code != 401 {
		t.Errorf("%d", code)
	}
	if code, said := s.post("/v1/am", "{}", "Authorization", "Bearer token-of-alertmanager"); code != 422 || strings.Contains(said, b.dir) {
		t.Errorf("%d %s", code, said)
	}
	if r := b.want(3, "intake", "serve", "--listen", "127.0.0.1:0"); !strings.Contains(r.err, "another process") {
		t.Errorf("%s", r.err)
	}
	if code := s.end(os.Interrupt); code != 0 {
		t.Errorf("ctrl+c ends it with %d", code)
	}
	var item struct {
		Item, Title, Worst, Source string
		Findings                   int
	}
	b.into(&item, "intake", "list")
	if item.Findings != 1 || item.Worst != "medium" || item.Source != "am" {
		t.Errorf("%+v", item)
	}
	b.want(2, "intake", "take", item.Item)
	b.want(2, "intake", "drop", item.Item)
	var j takenJSON
	b.into(&j, "intake", "take", item.Item[:6], "--incident", "1")
	if j.New != 1 || !strings.HasSuffix(j.Incident, "-0001") {
		t.Errorf("%+v", j)
	}
	if r := b.want(0, "intake", "list"); r.out != "nothing waits in the inbox\n" {
		t.Errorf("%s", r.out)
	}
	b.want(1, "intake", "take", item.Item, "--open")
	if n := strings.Count(b.want(0, "intake", "list", "--done", "--json").out, "\n"); n != 3 {
		t.Errorf("%d are done, want 3", n)
	}
	if text := b.want(0, "show", "1", "activity").out; !strings.Contains(text, "1 resolved") || !strings.Contains(text, "Opened for the alert") {
		t.Errorf("%s", text)
	}
	b.verified("1")
	b.secretNowhere(j.Incident)
}

// What was acknowledged is there after kill -9, at whatever moment; an incident is
// opened once for it.
func TestIntakeServeKilled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var acked []string
	for round := range testkit.Rounds(t, 2, 20) {
		s := b.serve(intakeConfig)
		for i := range 2 {
			body := leaked(10*round+i, "open")
			if code, said := s.github(body); code != 202 {
				t.Fatalf("%d %s", code, said)
			}
			acked = append(acked, fmt.Sprintf("secret-scanning/%d", 10*round+i))
		}
		time.Sleep(time.Duration(round%5) * 60 * time.Millisecond) // somewhere in the middle of opening
		s.end(os.Kill)
	}
	s := b.serve(intakeConfig)
	waiting := func() int { return strings.Count(b.want(0, "intake", "list", "--json").out, "\n") }
	for range 300 {
		if waiting() == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if code := s.end(os.Interrupt); code != 0 || waiting() != 0 {
		t.Fatalf("exit %d, %d wait", code, waiting())
	}
	dirs, err := filepath.Glob(filepath.Join(b.home, "incidents", "2*"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, dir := range dirs {
		id := filepath.Base(dir)
		r := b.want(0, "search", id, "source:finding", "--json")
		for _, a := range acked {
			seen[a] += strings.Count(r.out, a+`"`) // its url
		}
		b.verified(id)
	}
	for _, a := range acked {
		if seen[a] == 0 {
			t.Errorf("%s was acknowledged, and is in no incident", a)
		}
	}
	if len(dirs) != len(acked) {
		t.Errorf("%d incidents for %d alerts", len(dirs), len(acked))
	}
}

func TestIntakeServeRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if r := b.want(2, "intake", "serve"); !strings.Contains(r.err, "intake.sources") {
		t.Errorf("%s", r.err)
	}
	b.write(".config/firebreak/config.yaml", intakeConfig)
	if r := b.want(3, "intake", "serve", "--listen", "0.0.0.0:0"); !strings.Contains(r.err, "without TLS") {
		t.Errorf("%s", r.err)
	}
	b.write(".config/firebreak/config.yaml", "intake: {sources: {a: {kind: token, secret: env:X, format: nessus}}}\n")
	if r := b.want(2, "intake", "serve"); !strings.Contains(r.err, `no format "nessus"`) {
		t.Errorf("%s", r.err)
	}
}

// An encrypted workspace seals what waits, what waited before it was encrypted, and
// all of it anew when its key is renewed.
func TestInboxIsSealed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("before")
	config := strings.Replace(intakeConfig, "kind: [secret]", "kind: [license]", 1)
	receive := func(number int) {
		t.Helper()
		s := b.serve(config)
		if code, said := s.github(leaked(number, "open")); code != 202 {
			t.Fatalf("%d %s", code, said)
		}
		if code := s.end(os.Interrupt); code != 0 {
			t.Errorf("exit %d", code)
		}
	}
	plain := func() (n int) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(b.home, "inbox", "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if i, err := os.Stat(name); err == nil && !i.IsDir() && strings.Contains(readFile(t, name), "GitHub PAT") {
				n++
			}
		}
		return n
	}
	receive(1)
	if plain() != 2 {
		t.Fatal("the control finds nothing")
	}
	b.want(0, "init", "--encrypt-existing", "--identity", ageKey(t))
	receive(2)
	if n := plain(); n != 0 {
		t.Errorf("%d files are plain", n)
	}
	b.want(0, "rekey", "--renew", "--identity", ageKey(t))
	if n := strings.Count(b.want(0, "intake", "list", "--json").out, "\n"); n != 2 {
		t.Errorf("%d wait, want 2", n)
	}
	var j takenJSON
	b.into(&j, "intake", "take", "last", "--open")
	if j.New != 1 || !j.Opened {
		t.Errorf("%+v", j)
	}
}
