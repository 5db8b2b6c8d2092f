package review_test

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

// witness is a proxy that answers nobody and remembers what was asked for.
type witness struct {
	mu    sync.Mutex
	asked []string
	net.Listener
}

func watch(t *testing.T) *witness {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	w := &witness{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				if c.SetDeadline(time.Now().Add(10*time.Second)) != nil {
					return
				}
				line, _ := bufio.NewReader(c).ReadString('\n')
				w.mu.Lock()
				defer w.mu.Unlock()
				w.asked = append(w.asked, strings.TrimSpace(line))
			}()
		}
	}()
	return w
}

// evil returns the requests for the host that hostile text names; the browser
// may ask for its own maker's hosts.
func (w *witness) evil() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, a := range w.asked {
		if strings.Contains(a, "evil") {
			out = append(out, a)
		}
	}
	return out
}

// browse opens a page and returns what the browser's console said.
func browse(t *testing.T, w *witness, page []byte, args ...string) string {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: the page is not tried in a browser")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "review.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), browser, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-quic", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--proxy-server=http://" + w.Addr().String(), "--virtual-time-budget=2000", "--enable-logging=stderr",
	}, append(args, "file://"+file)...)...)
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		t.Skipf("chromium does not run here: %v\n%s", err, said.String())
	}
	var console []string
	for _, l := range strings.Split(said.String(), "\n") {
		if strings.Contains(l, "CONSOLE") {
			console = append(console, l)
		}
	}
	return strings.Join(console, "\n")
}

func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	w := watch(t)
	// First that the witness sees what it should: a page that does all that.
	said := browse(t, w, []byte(`<img src=http://evil.example/control><script>console.log("ran")</script>`), "--dump-dom")
	if !strings.Contains(said, "ran") || len(w.evil()) == 0 {
		t.Skipf("this browser does not tell what a page does: %q %v", said, w.evil())
	}
	w.asked = nil
	page, err := poisoned(t, strings.Join(testkit.Hostile(), " ")).HTML()
	if err != nil {
		t.Fatal(err)
	}
	shot := filepath.Join(t.ArtifactDir(), "review.png")
	if said := browse(t, w, page, "--window-size=1100,2400", "--screenshot="+shot); said != "" {
		t.Errorf("the browser had something to say of the page:\n%s", said)
	}
	if asked := w.evil(); len(asked) > 0 {
		t.Errorf("the page asked for %q", asked)
	}
	if info, err := os.Stat(shot); err != nil || info.Size() < 10_000 {
		t.Errorf("no picture of the page: %v", err)
	}
	t.Logf("picture: %s", shot)
}
