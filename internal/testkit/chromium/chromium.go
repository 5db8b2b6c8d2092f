// Package chromium drives a real browser for tests of pages: what a page asks for,
// what the browser's console says, how wide it gets, how it looks and prints. It
// speaks the DevTools protocol over two pipes, so no port is open and nothing but
// the browser itself is needed.
package chromium

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Browser is a running browser.
type Browser struct {
	dir   string
	in    io.Writer
	mu    sync.Mutex
	next  int
	calls map[int]chan reply
	tabs  map[string]*Tab
	gone  error
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// patience is how long the browser has for one answer.
const patience = time.Minute

// Start starts a browser, which ends with the test. Without one the test is skipped.
func Start(t testing.TB) *Browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: tools/needs test; the page is not tried in a browser")
	}
	b := &Browser{dir: t.TempDir(), calls: map[int]chan reply{}, tabs: map[string]*Tab{}}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(b.dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", //nolint:noctx // Cleanup ends it
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--hide-scrollbars", "--disable-features=Translate,OptimizationHints",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir="+filepath.Join(b.dir, "profile"), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = []*os.File{theirIn, theirOut}, said, said
	if err := cmd.Start(); err != nil {
		t.Skipf("chromium does not start here: %v", err)
	}
	_, _ = theirIn.Close(), theirOut.Close() // the browser's ends
	b.in = ourOut
	read := make(chan struct{})
	go func() {
		b.listen(ourIn)
		close(read)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		_ = ourOut.Close()
		<-read
		_, _ = ourIn.Close(), said.Close()
		rest(b.dir)
	})
	if _, err := b.call("", "Browser.getVersion", nil); err != nil {
		text, _ := os.ReadFile(said.Name())
		t.Skipf("chromium does not run here: %v\n%s", err, text)
	}
	return b
}

// rest waits for the browser's children to let go of their files.
func rest(dir string) {
	for range 50 {
		if os.RemoveAll(filepath.Join(dir, "profile")) == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *Browser) listen(from io.Reader) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		line, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.gone = fmt.Errorf("the browser is gone: %w", err)
			for _, c := range b.calls {
				close(c)
			}
			b.calls = nil
			return
		}
		var m struct {
			reply
			ID      int             `json:"id"`
			Method  string          `json:"method"`
			Session string          `json:"sessionId"`
			Params  json.RawMessage `json:"params"`
		}
		if json.Unmarshal(line[:len(line)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if c := b.calls[m.ID]; c != nil && m.ID > 0 {
			delete(b.calls, m.ID)
			c <- m.reply
		} else if tab := b.tabs[m.Session]; tab != nil {
			tab.hear(m.Method, m.Params)
		}
		b.mu.Unlock()
	}
}

func (b *Browser) call(session, method string, params any) (json.RawMessage, error) {
	b.mu.Lock()
	if b.gone != nil {
		b.mu.Unlock()
		return nil, b.gone
	}
	b.next++
	id, answer := b.next, make(chan reply, 1)
	b.calls[id] = answer
	m := map[string]any{"id": id, "method": method}
	if session != "" {
		m["sessionId"] = session
	}
	if params != nil {
		m["params"] = params
	}
	data, err := json.Marshal(m)
	if err == nil {
		_, err = b.in.Write(append(data, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case r, ok := <-answer:
		switch {
		case !ok:
			return nil, errors.New(method + ": the browser is gone")
		case r.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, r.Error.Message)
		}
		return r.Result, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s: no answer in %s", method, patience)
	}
}

// Screen is what a page is shown on.
type Screen struct {
	Width, Height int
	Dark          bool
	Forced        bool // forced colours
	Print         bool
}

// Tab is a page that is open.
type Tab struct {
	b       *Browser
	t       testing.TB
	session string
	url     string
	loaded  chan struct{}
	axe     bool // is in the page

	asked   []string
	console []string
}

type m = map[string]any

// Open opens a page and waits until it is there.
func (b *Browser) Open(t testing.TB, page []byte, s Screen) *Tab {
	t.Helper()
	f, err := os.CreateTemp(b.dir, "page*.html")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(page); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tab := &Tab{b: b, t: t, url: "file://" + f.Name(), loaded: make(chan struct{}, 1)}
	var target struct {
		ID string `json:"targetId"`
	}
	tab.into(&target, "Target.createTarget", m{"url": "about:blank"})
	var attached struct {
		ID string `json:"sessionId"`
	}
	tab.into(&attached, "Target.attachToTarget", m{"targetId": target.ID, "flatten": true})
	b.mu.Lock()
	b.tabs[attached.ID] = tab
	b.mu.Unlock()
	tab.session = attached.ID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log", "Audits"} {
		tab.into(nil, domain+".enable", nil)
	}
	tab.Show(s)
	tab.into(nil, "Page.navigate", m{"url": tab.url})
	select {
	case <-tab.loaded:
	case <-time.After(patience):
		t.Fatalf("the page did not load in %s", patience)
	}
	return tab
}

// Show shows the page on another screen.
func (t *Tab) Show(s Screen) {
	t.t.Helper()
	media, scheme, forced := "", "light", "none"
	if s.Print {
		media = "print"
	}
	if s.Dark {
		scheme = "dark"
	}
	if s.Forced {
		forced = "active"
	}
	t.into(nil, "Emulation.setEmulatedMedia", m{"media": media, "features": []m{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "forced-colors", "value": forced},
	}})
	t.into(nil, "Emulation.setDeviceMetricsOverride", m{"width": s.Width, "height": max(s.Height, 800), "deviceScaleFactor": 1, "mobile": s.Width < 500})
}

func (t *Tab) into(to any, method string, params any) {
	t.t.Helper()
	data, err := t.b.call(t.session, method, params)
	if err != nil {
		t.t.Fatal(err)
	}
	if to != nil {
		if err := json.Unmarshal(data, to); err != nil {
			t.t.Fatalf("%s: %v", method, err)
		}
	}
}

// hear takes what the browser says by itself.
func (t *Tab) hear(method string, params json.RawMessage) {
	var p struct {
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
		Type string `json:"type"`
		Args []struct {
			Value       any    `json:"value"`
			Description string `json:"description"`
		} `json:"args"`
		Entry struct {
			Level string `json:"level"`
			Text  string `json:"text"`
		} `json:"entry"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
		Issue struct {
			Code string `json:"code"`
		} `json:"issue"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	switch method {
	case "Page.loadEventFired":
		select {
		case t.loaded <- struct{}{}:
		default:
		}
	case "Network.requestWillBeSent":
		if p.Request.URL != t.url {
			t.asked = append(t.asked, p.Request.URL)
		}
	case "Runtime.consoleAPICalled":
		for _, a := range p.Args {
			t.console = append(t.console, p.Type+": "+fmt.Sprint(a.Value, a.Description))
		}
	case "Log.entryAdded":
		t.console = append(t.console, p.Entry.Level+": "+p.Entry.Text)
	case "Runtime.exceptionThrown":
		t.console = append(t.console, "exception: "+p.Exception.Text)
	case "Audits.issueAdded":
		t.console = append(t.console, "issue: "+p.Issue.Code)
	}
}

// Asked are the addresses that the page asked for, besides its own.
func (t *Tab) Asked() []string {
	t.b.mu.Lock()
	defer t.b.mu.Unlock()
	return append([]string{}, t.asked...)
}

// Console is what the browser had to say about the page.
func (t *Tab) Console() []string {
	t.b.mu.Lock()
	defer t.b.mu.Unlock()
	return append([]string{}, t.console...)
}

// Eval runs an expression in the page, waits for its promise, and decodes its
// value. It runs beside the page's own policy, which forbids it all script.
func (t *Tab) Eval(to any, expression string) {
	t.t.Helper()
	var r struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	t.into(&r, "Runtime.evaluate", m{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if r.Exception != nil {
		t.t.Fatalf("%.80s: %s %s", expression, r.Exception.Text, r.Exception.Exception.Description)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal(r.Result.Value, to); err != nil {
		t.t.Fatalf("%.80s: %v", expression, err)
	}
}

// Overflow is by how many pixels the page is wider than its window, and the
// elements that stick out.
func (t *Tab) Overflow() (int, []string) {
	t.t.Helper()
	var out struct {
		By  int      `json:"by"`
		Who []string `json:"who"`
	}
	t.Eval(&out, `(() => {
		const w = document.documentElement.clientWidth, by = document.documentElement.scrollWidth - w, who = []
		if (by > 0) for (const e of document.querySelectorAll("body *")) {
			const r = e.getBoundingClientRect()
			if (r.right > w + 1 && r.width > 0 && who.length < 5) who.push(e.tagName + "." + (e.getAttribute("class") || "") + " " + Math.round(r.right) + " " + e.textContent.slice(0, 40))
		}
		return {by, who}
	})()`)
	return out.By, out.Who
}

// Picture is the page as PNG from one height to another, as far as it goes.
func (t *Tab) Picture(from, to int) []byte {
	t.t.Helper()
	var size struct{ W, H float64 }
	t.Eval(&size, `({W: document.documentElement.clientWidth, H: document.documentElement.scrollHeight})`)
	var r struct {
		Data string `json:"data"`
	}
	t.into(&r, "Page.captureScreenshot", m{"format": "png", "captureBeyondViewport": true, "clip": m{
		"x": 0, "y": from, "width": size.W, "height": max(min(size.H, float64(to))-float64(from), 1), "scale": 1,
	}})
	return t.decode(r.Data)
}

// PDF prints the page on A4.
func (t *Tab) PDF() []byte {
	t.t.Helper()
	var r struct {
		Data string `json:"data"`
	}
	t.into(&r, "Page.printToPDF", m{"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true, "preferCSSPageSize": true})
	return t.decode(r.Data)
}

func (t *Tab) decode(s string) []byte {
	t.t.Helper()
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.t.Fatal(err)
	}
	return data
}

// AxeVersion is the release of axe-core that pages are checked with.
const AxeVersion = "4.14.1"

// Axe returns axe-core, which others wrote. Without it the test is skipped.
func Axe(t testing.TB) string {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not installed: tools/needs test; the page is not checked with axe-core")
	}
	root, err := exec.Command(npm, "root", "-g").Output() //nolint:noctx // says a path
	if err != nil {
		t.Skipf("npm does not run here: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "axe-core")
	var of struct {
		Version string `json:"version"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil || json.Unmarshal(data, &of) != nil || of.Version != AxeVersion {
		t.Skipf("axe-core %s is not here (%q, %v): tools/needs test, or npm install -g axe-core@%[1]s", AxeVersion, of.Version, err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// Violation is a rule of axe-core that the page breaks.
type Violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String names the rule and the first places.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s (%d places)", v.ID, v.Help, len(v.Nodes))
	for _, n := range v.Nodes[:min(len(v.Nodes), 3)] {
		fmt.Fprintf(&b, "\n  %.300s\n  %s", n.HTML, n.Summary)
	}
	return b.String()
}

// Rules are those that a page is checked with: of axe-core's for WCAG 2.2 A and AA
// and its best practices all but Without, or Only some.
type Rules struct{ Only, Without []string }

// Contrast is the rule that light and dark may break in different places. It takes
// most of the time.
const Contrast = "color-contrast"

// Violations checks the page with axe-core.
func (t *Tab) Violations(axe string, with Rules) []Violation {
	t.t.Helper()
	if !t.axe {
		t.Eval(nil, axe+"\n;0")
		t.axe = true
	}
	rules := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	if len(with.Only) > 0 {
		rules = `{type: "rule", values: ["` + strings.Join(with.Only, `", "`) + `"]}`
	}
	var off []string
	for _, r := range with.Without {
		off = append(off, `"`+r+`": {enabled: false}`)
	}
	var out []Violation
	t.Eval(&out, `axe.run(document, {resultTypes: ["violations"], runOnly: `+rules+`, rules: {`+strings.Join(off, ", ")+`}}).then(r => r.violations)`)
	return out
}
