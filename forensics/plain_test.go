package forensics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/record"
)

// kept is a sink that keeps what it seals in memory.
type kept struct {
	texts map[string]string
	full  error
}

func (k *kept) Sweep() (int, error) { return 0, nil }

func (k *kept) Seal(_ context.Context, r io.Reader, e record.Exhibit) (record.Exhibit, error) {
	b, err := io.ReadAll(r)
	if err == nil {
		err = k.full
	}
	if err != nil {
		return e, err
	}
	k.texts[e.Source] = string(b)
	sum := sha256.Sum256(b)
	e.Size, e.SHA256 = int64(len(b)), hex.EncodeToString(sum[:])
	return e, nil
}

// tree makes files below a folder.
func plainTree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("content of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func plainly(ctx context.Context, t *testing.T, system, root string, change func(*Options)) (record.Collection, map[string]record.Exhibit, *kept, error) {
	t.Helper()
	k := &kept{texts: map[string]string{}}
	o := Options{Sink: k, Now: time.Now, Root: root, Host: "mac", Progress: func(string, int64, int64) {}}
	if change != nil {
		change(&o)
	}
	if err := o.settle(); err != nil {
		t.Fatal(err)
	}
	got := map[string]record.Exhibit{}
	sum, err := collectPlain(ctx, o, system, "/", func(e record.Exhibit) error {
		got[e.Source] = e
		return nil
	})
	if sum.Exhibits != len(got) {
		t.Errorf("%d exhibits, %d handed over", sum.Exhibits, len(got))
	}
	return sum, got, k, err
}

func sources(got map[string]record.Exhibit) []string {
	var out []string
	for s := range got {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func refusedAs(sum record.Collection, source, reason string) bool {
	return slices.ContainsFunc(sum.Refused, func(r record.Refusal) bool { return r.Source == source && strings.Contains(r.Reason, reason) })
}

func TestPlainMac(t *testing.T) {
	root := plainTree(t, "private/var/audit/current", "private/var/log/install.log", "Library/LaunchDaemons/evil.plist", "Users/ann/.zsh_history",
		"Users/ann/Library/Application Support/com.apple.TCC/TCC.db", "Users/ann/Library/Application Support/com.apple.TCC/TCC.db-wal",
		"Users/ann/Library/Application Support/Google/Chrome/Default/History", "private/var/db/dslocal/nodes/Default/users/eve.plist", "Users/ann/secret.txt", "Users/ann/.ssh/id_ed25519")
	links := runtime.GOOS != "windows"
	if links {
		if err := os.Symlink("/etc/passwd", filepath.Join(root, "Library", "LaunchDaemons", "link.plist")); err != nil {
			t.Fatal(err)
		}
	}
	sum, got, k, err := plainly(t.Context(), t, "darwin", root, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/Library/LaunchDaemons/evil.plist", "/Users/ann/.zsh_history", "/Users/ann/Library/Application Support/Google/Chrome/Default/History",
		"/Users/ann/Library/Application Support/com.apple.TCC/TCC.db", "/Users/ann/Library/Application Support/com.apple.TCC/TCC.db-wal",
		"/private/var/audit/current", "/private/var/log/install.log",
	}
	if !slices.Equal(sources(got), want) {
		t.Errorf("%q", sources(got))
	}
	if links && !refusedAs(sum, "/Library/LaunchDaemons/link.plist", "not a regular file") || !refusedAs(sum, "/private/var/db/dslocal/nodes/Default/users/eve.plist", "password hashes") {
		t.Errorf("%+v", sum.Refused)
	}
	e := got["/Users/ann/.zsh_history"]
	if e.Format != "history" || e.Origin != record.OriginImage || e.Before == nil || e.After == nil || len(e.Deviations) != 1 || k.texts[e.Source] != "content of Users/ann/.zsh_history" {
		t.Errorf("%+v", e)
	}
	_, got, _, err = plainly(t.Context(), t, "darwin", root, func(o *Options) { o.Secrets, o.Profile = true, Logs })
	if err != nil || !slices.Equal(sources(got), []string{"/private/var/audit/current", "/private/var/log/install.log"}) {
		t.Errorf("%v %q", err, sources(got))
	}
	sum, got, _, err = plainly(t.Context(), t, "darwin", root, func(o *Options) {
		o.Profile, o.Files = Volatile, []string{"/Users/ann/secret.txt", "/no/such", "/../../etc/passwd"}
	})
	if err != nil || !slices.Equal(sources(got), []string{"/Users/ann/secret.txt"}) || !refusedAs(sum, "/", "live state") {
		t.Errorf("%v %q %+v", err, sources(got), sum.Refused)
	}
}

// On Windows case does not matter.
func TestPlainWindows(t *testing.T) {
	root := plainTree(t, "Windows/System32/winevt/Logs/Security.evtx", "WINDOWS/prefetch/CMD.EXE-1.pf", "Windows/System32/Config/SAM", "Windows/System32/config/SYSTEM", "$Recycle.Bin/S-1-5/$IABC.txt", "$Recycle.Bin/S-1-5/$RABC.txt", "Users/ann/NTUSER.DAT.LOG1")
	sum, got, _, err := plainly(t.Context(), t, "windows", root, nil)
	want := []string{"/$Recycle.Bin/S-1-5/$IABC.txt", "/Users/ann/NTUSER.DAT.LOG1", "/WINDOWS/prefetch/CMD.EXE-1.pf", "/Windows/System32/config/SYSTEM", "/Windows/System32/winevt/Logs/Security.evtx"}
	if runtime.GOOS == "windows" { // there the two folders are one
		want = []string{want[0], want[1], "/Windows/System32/Config/SYSTEM", want[4], "/Windows/prefetch/CMD.EXE-1.pf"}
	}
	if err != nil || !slices.Equal(sources(got), want) || !refusedAs(sum, "/Windows/System32/Config/SAM", "password hashes") {
		t.Errorf("%v %q %+v", err, sources(got), sum.Refused)
	}
}

func TestPlainUnhappy(t *testing.T) {
	root := plainTree(t, "private/var/log/a.log", "private/var/log/b.log", "private/var/log/c.log")
	sum, got, _, err := plainly(t.Context(), t, "darwin", root, func(o *Options) { o.Limits.Files = 2 })
	if err != nil || len(got) != 2 || len(sum.Refused) != 1 {
		t.Errorf("%v %q %+v", err, sources(got), sum.Refused)
	}
	sum, got, _, err = plainly(t.Context(), t, "darwin", root, func(o *Options) { o.Limits.Total = 60 })
	if err != nil || len(got) == 0 || len(got) == 3 || len(sum.Refused) == 0 {
		t.Errorf("%v %q %+v", err, sources(got), sum.Refused)
	}
	full := errors.New("disk full")
	sum, _, _, err = plainly(t.Context(), t, "darwin", root, func(o *Options) { o.Sink = &kept{texts: map[string]string{}, full: full} })
	if !errors.Is(err, full) || sum.Cut == "" {
		t.Errorf("%v %+v", err, sum)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if sum, got, _, err := plainly(ctx, t, "darwin", root, nil); err != nil || len(got) != 0 || sum.Cut == "" {
		t.Errorf("%v %+v", err, sum)
	}
	if _, _, _, err := plainly(t.Context(), t, "darwin", filepath.Join(root, "none"), nil); err == nil {
		t.Error("a root that is not there")
	}
}

// Every pattern of the tables is one.
func TestPlainTables(t *testing.T) {
	for _, system := range []string{"darwin", "windows"} {
		list := plainArtefacts(system)
		if len(list) < 10 {
			t.Errorf("%s: %d artefacts", system, len(list))
		}
		for _, a := range list {
			if a.kind == "" || a.title == "" || len(a.paths) == 0 {
				t.Errorf("%+v", a)
			}
			for _, p := range a.paths {
				if !strings.HasPrefix(p, "/") {
					t.Errorf("%s: %s", a.kind, p)
				}
			}
		}
	}
	if plainArtefacts("plan9") != nil {
		t.Error("an unknown system")
	}
}
