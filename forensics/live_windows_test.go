package forensics

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/record"
)

// lines decodes the lines of a snapshot.
func lines[T any](t *testing.T, text string) (out []T) {
	t.Helper()
	for line := range strings.Lines(text) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, v)
	}
	return out
}

// What is read of the running Windows, of this very process.
func TestLiveWindows(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	began := time.Now().UTC()
	k := &kept{texts: map[string]string{}}
	o := Options{Sink: k, Now: time.Now, Profile: Volatile, Progress: func(string, int64, int64) {}}
	if err := o.settle(); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	sum, err := collectPlain(t.Context(), o, "windows", `C:\`, func(e record.Exhibit) error {
		if e.Origin != record.OriginLive || e.Machine == nil {
			t.Errorf("%s: origin %q of %v", e.Collector, e.Origin, e.Machine)
		}
		texts[e.Format] = k.texts[e.Source]
		return nil
	})
	if err != nil || sum.Cut != "" {
		t.Fatal(err, sum.Cut)
	}
	for _, r := range sum.Refused {
		t.Logf("refused: %+v", r)
	}
	if s := lines[System](t, texts[FormatSystem]); len(s) != 1 || s[0].Host == "" || s[0].Kernel == "" || s[0].OS == "" || !s[0].Booted.Before(began) {
		t.Errorf("system: %+v", s)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range lines[WindowsProcess](t, texts[FormatWindowsProcesses]) {
		if !p.Self {
			continue
		}
		found = true
		if int(p.PID) != os.Getpid() || !strings.EqualFold(p.Exe, self) || len(p.ExeSHA256) != 64 || p.Command == "" || p.User == "" || p.SID == "" || p.Integrity == "" ||
			p.Started.After(began) || began.Sub(p.Started) > time.Hour || !strings.EqualFold(p.Comm, filepath.Base(self)) {
			t.Errorf("this process: %+v", p)
		}
	}
	if !found {
		t.Error("this process is not listed")
	}
	found = false
	for _, s := range lines[WindowsSocket](t, texts[FormatWindowsSockets]) {
		if s.Local == l.Addr().String() {
			found = true
			if s.Proto != "tcp" || s.State != "listen" || int(s.PID) != os.Getpid() || !strings.EqualFold(s.Process, filepath.Base(self)) || s.Remote != "" {
				t.Errorf("our socket: %+v", s)
			}
		}
	}
	if !found {
		t.Errorf("our socket is not listed:\n%s", texts[FormatWindowsSockets])
	}
	if d := lines[WindowsDriver](t, texts[FormatWindowsDrivers]); len(d) == 0 || d[0].Name == "" || d[0].Path == "" {
		t.Errorf("drivers: %+v", d)
	}
}

// A program whose file is gone is told, and one that ended is no error.
func TestLiveWindowsEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := Options{Sink: &kept{texts: map[string]string{}}, Now: time.Now, Profile: Volatile, Progress: func(string, int64, int64) {}}
	if err := o.settle(); err != nil {
		t.Fatal(err)
	}
	if sum, err := collectPlain(ctx, o, "windows", `C:\`, func(record.Exhibit) error { return nil }); err != nil || sum.Cut == "" {
		t.Errorf("%v, %+v", err, sum)
	}
	p := WindowsProcess{PID: 0xfffffff0}
	(&liveReading{&plainCollection{Options: o}, &rows{}}).process(t.Context(), &p, map[string]string{}, map[string]hashed{})
	if len(p.Refused) != 1 || !strings.Contains(p.Refused[0], "ended") {
		t.Errorf("%+v", p)
	}
	if h := hashFile(t.Context(), filepath.Join(t.TempDir(), "none.exe"), 1); !os.IsNotExist(h.err) {
		t.Errorf("%+v", h)
	}
}
