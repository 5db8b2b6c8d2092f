package parse

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestUtmpOracle has utmpdump and last read what the test made, and compares.
// They read the layout of the machine they run on: 384 bytes on most.
func TestUtmpOracle(t *testing.T) {
	for _, program := range []string{"utmpdump", "last", "lastb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed (apt-get install util-linux)")
		}
	}
	layout := utmpLayouts()[0]
	at := time.Date(2026, 11, 19, 1, 2, 3, 456789000, time.UTC)
	data := slicesConcat(
		login(layout, utmpBoot, "~", "reboot", "6.1.0", at),
		login(layout, utmpUser, "pts/0", "root", "evil.example", at.Add(time.Hour), 198, 51, 100, 7),
		login(layout, utmpUser, "pts/1", "bob", "", at.Add(61*time.Minute), 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
		login(layout, utmpDead, "pts/0", "", "", at.Add(2*time.Hour)),
		login(layout, utmpRunLevel, "~", "shutdown", "6.1.0", at.Add(3*time.Hour)),
	)
	name := t.TempDir() + "/wtmp"
	must(t, os.WriteFile(name, data, 0o600))
	for _, damaged := range []bool{false, true} {
		if damaged { // a byte of the second record, and a cut last one
			data = bytes.Clone(data[:len(data)-100])
			data[layout.size] = 99
			must(t, os.WriteFile(name, data, 0o600))
		}
		out, err := exec.CommandContext(t.Context(), "utmpdump", name).Output()
		must(t, err)
		var rows []string
		for row := range strings.Lines(string(out)) {
			if strings.HasPrefix(row, "[") {
				rows = append(rows, row)
			}
		}
		got, ing := run(t, "utmp", name, data)
		seen := int(ing.Seen)
		if damaged {
			seen-- // utmpdump passes over a record that is cut
		}
		if len(rows) != seen {
			t.Errorf("utmpdump has %d records, we saw %d: %+v\n%s", len(rows), ing.Seen, ing, out)
		}
		for _, e := range got {
			row := rows[e.Offset/int64(layout.size)]
			for _, want := range []string{e.Time.Format("2006-01-02T15:04:05,000000+00:00"), e.Attributes.Get("tty"), e.User, e.Attributes.Get("src_ip"), e.Attributes.Get("pid")} {
				if !strings.Contains(row, want) {
					t.Errorf("%q is not in %s", want, row)
				}
			}
		}
	}
	failed := t.TempDir() + "/btmp"
	b := login(layout, utmpLogin, "ssh:notty", "admin", "198.51.100.7", at, 198, 51, 100, 7)
	must(t, os.WriteFile(failed, b, 0o600))
	cmd := exec.CommandContext(t.Context(), "lastb", "-i", "--time-format", "iso", "-f", failed)
	cmd.Env = append(cmd.Environ(), "TZ=UTC")
	out, err := cmd.Output()
	must(t, err)
	got, _ := run(t, "", failed, b)
	for _, want := range []string{got[0].User, got[0].Attributes.Get("src_ip"), got[0].Time.Format("2006-01-02T15:04:05+00:00")} {
		if !strings.Contains(string(out), want) {
			t.Errorf("lastb does not have %q: %s", want, out)
		}
	}
}
