package parse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/windows/registry"

	"firebreak/forensics"
	"firebreak/record"
	"firebreak/timeline"
)

// inMemory is a sink that keeps what it seals, by its format.
type inMemory map[string][]byte

func (inMemory) Sweep() (int, error) { return 0, nil }

func (m inMemory) Seal(_ context.Context, r io.Reader, e record.Exhibit) (record.Exhibit, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return e, err
	}
	m[e.Format] = b
	sum := sha256.Sum256(b)
	e.Size, e.SHA256 = int64(len(b)), hex.EncodeToString(sum[:])
	return e, nil
}

// What is collected of the registry of this Windows is told as its hives are.
func TestWindowsRegistryTold(t *testing.T) {
	k, _, err := registry.CreateKey(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Run`, registry.ALL_ACCESS)
	must(t, err)
	defer func() { _ = k.Close() }()
	must(t, k.SetStringValue("FirebreakTold", `C:\evil.exe -a`))
	defer func() { _ = k.DeleteValue("FirebreakTold") }()
	info, err := k.Stat()
	must(t, err)
	s, there, err := registry.CreateKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\FirebreakTold`, registry.ALL_ACCESS)
	must(t, err)
	defer func() {
		_ = s.Close()
		if !there {
			_ = registry.DeleteKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\FirebreakTold`)
		}
	}()
	must(t, s.SetExpandStringValue("ImagePath", `%SystemRoot%\evil.sys`))
	must(t, s.SetDWordValue("Start", 2))
	must(t, s.SetDWordValue("Type", 1))

	m := inMemory{}
	sum, err := forensics.Collect(t.Context(), forensics.Options{Profile: forensics.Volatile, Sink: m, Now: time.Now}, func(record.Exhibit) error { return nil })
	must(t, err)
	lines := m[forensics.FormatWindowsRegistry]
	if len(lines) == 0 {
		t.Fatalf("no registry: %+v", sum)
	}
	if got := Detect("0017", lines[:min(len(lines), headSize)]); got != forensics.FormatWindowsRegistry {
		t.Errorf("detected as %s", got)
	}
	events, ing := run(t, "", "HKLM, HKU", lines)
	if ing.Rejected != 0 || ing.Recovered != 0 {
		t.Errorf("%+v", ing)
	}
	find := func(message string) timeline.Event {
		i := slices.IndexFunc(events, func(e timeline.Event) bool { return e.Message == message })
		if i < 0 {
			t.Fatalf("no %q", message)
		}
		return events[i]
	}
	e := find(`runs at logon: FirebreakTold: C:\evil.exe -a`)
	if !e.Time.Equal(info.ModTime()) || e.User == "" || e.Attributes.Get("user_sid") == "" || e.Attributes.Get(attrAction) != "startup" || e.Attributes.Get("key") != `HKCU\Software\Microsoft\Windows\CurrentVersion\Run` {
		t.Errorf("%+v", e)
	}
	find(`driver FirebreakTold (auto): %SystemRoot%\evil.sys`)
	artefacts := map[string]int{}
	for _, e := range events {
		artefacts[e.Attributes.Get("artifact")]++
	}
	t.Logf("%d events: %v", len(events), artefacts)
}
