package response

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/playbooks"
)

func TestCalendars(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"de.yaml": "- {date: 2026-12-25, name: Christmas Day}\n", "bad.yaml": "- {date: 2026-02-30}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t, config.Config{Calendars: map[string]config.Calendar{
		"de": {File: filepath.Join(dir, "de.yaml")}, "bad": {File: filepath.Join(dir, "bad.yaml")},
		"gone": {File: "gone.yaml"}, "folder": {File: dir},
		"ae": {Weekend: []string{"friday", "saturday"}, Holidays: []config.Holiday{{Date: "2026-12-27"}}},
	}})
	from := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC) // a Thursday
	for name, want := range map[string]string{"": "2026-12-25", "de": "2026-12-28", "ae": "2026-12-28"} {
		c, err := b.s.s.Calendar(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.After(from, playbooks.Duration{BusinessDays: 1}).Format(time.DateOnly); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"fr": "not in the configuration", "gone": "no file", "folder": "not a regular file", "bad": "bad.yaml:1:10: error PB012",
	} {
		if _, err := b.s.s.Calendar(name); err == nil || !strings.Contains(err.Error(), want) || CodeOf(err) == CodeInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
}
