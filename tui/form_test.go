package tui

import (
	"slices"
	"testing"
)

// TestAnEntryAmongNames types into a field that is one of a list: what still fits
// is shown, and the one that is left is written out.
func TestAnEntryAmongNames(t *testing.T) {
	t.Parallel()
	e := &entry{hint: "may stay empty", among: []string{"ransomware", "ransomware-cloud", "linux-host-intrusion"}}
	for _, c := range []struct {
		typed string
		fits  []string
		left  string
		says  string
	}{
		{"", e.among, "", "ransomware, ransomware-cloud, linux-host-intrusion"},
		{"LINUX", e.among[2:], "linux-host-intrusion", "linux-host-intrusion"},
		{"ransom", e.among[:2], "ransom", "ransomware, ransomware-cloud"},
		{"ransomware", e.among[:1], "ransomware", "may stay empty"},
		{"./mine.yaml", nil, "./mine.yaml", "none of the list; a file is named as in ./mine.yaml"},
	} {
		e.field = newField(c.typed)
		if got := e.fits(); !slices.Equal(got, c.fits) {
			t.Errorf("%q fits %q, want %q", c.typed, got, c.fits)
		}
		if got := e.says(); got != c.says {
			t.Errorf("beside %q stands %q, want %q", c.typed, got, c.says)
		}
		e.finish()
		if got := e.field.String(); got != c.left {
			t.Errorf("%q becomes %q, want %q", c.typed, got, c.left)
		}
	}
}
