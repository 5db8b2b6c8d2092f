package parse

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

// within reads a journal's entries of a window, with the file at hand or without.
func within(t *testing.T, data []byte, w Window) ([]timeline.Event, record.Ingestion, Window) {
	t.Helper()
	got, ing := runSource(t, Source{Exhibit: record.Exhibit{ID: "e1", SHA256: "feed", Source: "x.journal"}, Parser: "journal", Collected: collected, Window: &w}, data)
	return got, ing, w
}

// TestJournalSeek has systemd write journals: of a window the same entries are read
// as of the whole file, and as many as journalctl has. A list of entries that is
// damaged is not followed.
func TestJournalSeek(t *testing.T) {
	const remote = "/lib/systemd/systemd-journal-remote"
	if _, err := os.Stat(remote); err != nil {
		t.Skip("systemd-journal-remote is not installed")
	}
	for _, compact := range []string{"0", "1"} {
		name := filepath.Join(t.TempDir(), "x.journal")
		cmd := exec.CommandContext(t.Context(), remote, "-o", name, "-")
		cmd.Env = append(os.Environ(), "SYSTEMD_JOURNAL_COMPACT="+compact)
		cmd.Stdin = journalExport(300)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("systemd-journal-remote: %v: %s", err, out)
		}
		data, err := os.ReadFile(name)
		must(t, err)
		all, _ := run(t, "journal", "x.journal", data)
		start := time.UnixMicro(journalTime).UTC()
		for _, w := range []Window{
			{},
			{After: start.Add(100 * time.Second)},
			{Before: start.Add(100 * time.Second)},
			{After: start.Add(100 * time.Second), Before: start.Add(101 * time.Second)},
			{After: all[7].Time, Before: all[8].Time}, // the end is not in it
			{After: start.Add(time.Hour)},
		} {
			var want []timeline.Event
			for _, e := range all {
				if w.Holds(e.Time) {
					e.Host = "web-1"
					want = append(want, e)
				}
			}
			w.At = bytes.NewReader(data)
			got, ing, did := within(t, data, w)
			if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) || did.Passed != int64(len(all)-len(want)) || ing.Seen != int64(len(want)) {
				t.Errorf("compact=%s, from %v to %v: %d entries and %d passed over, want %d of %d; %+v", compact, w.After, w.Before, len(got), did.Passed, len(want), len(all), ing)
			}
			if _, err := exec.LookPath("journalctl"); err == nil && !w.After.IsZero() && w.Before.IsZero() {
				out, err := exec.CommandContext(t.Context(), "journalctl", "--file", name, "-o", "cat", "--output-fields=_PID", "--since", fmt.Sprintf("@%d.%06d", w.After.Unix(), w.After.Nanosecond()/1000)).Output()
				if n := strings.Count(string(out), "\n"); err != nil && len(want) > 0 || n != len(want) {
					t.Errorf("compact=%s: journalctl has %d entries since %v, here are %d (%v)", compact, n, w.After, len(want), err)
				}
			}
		}
		list := binary.LittleEndian.Uint64(data[176:])
		for what, spoil := range map[string]func(b []byte){
			"a list that leads back":     func(b []byte) { copy(b[list+16:], b[176:184]) },
			"a list that leads nowhere":  func(b []byte) { b[176+6] = 1 },
			"an item that leads nowhere": func(b []byte) { b[list+24+1] ^= 0x40 },
			"fewer entries than it says": func(b []byte) { binary.LittleEndian.PutUint64(b[152:], 299) },
			"more entries than it says":  func(b []byte) { binary.LittleEndian.PutUint64(b[152:], 301) },
		} {
			bad := bytes.Clone(data)
			spoil(bad)
			got, _, did := within(t, bad, Window{After: start.Add(100 * time.Second), At: bytes.NewReader(bad)})
			if what == "fewer entries than it says" { // the last is not listed
				if len(got)+int(did.Passed) != 299 {
					t.Errorf("%s: %d entries, %d passed over", what, len(got), did.Passed)
				}
			} else if len(got) != 300 || did.Passed != 0 {
				t.Errorf("%s: %d entries, %d passed over: it is read from front to back", what, len(got), did.Passed)
			}
		}
		if got, _, did := within(t, data, Window{After: start.Add(100 * time.Second), At: strings.NewReader("packed")}); len(got) != 300 || did.Passed != 0 {
			t.Errorf("of a file that was packed: %d entries, %d passed over", len(got), did.Passed)
		}
	}
}
