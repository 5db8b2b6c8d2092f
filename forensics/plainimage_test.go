package forensics

import (
	"slices"
	"testing"
	"time"

	"firebreak/record"
)

// A mounted disk is collected as what it is, whatever the machine it is mounted on.
func TestCollectMounted(t *testing.T) {
	collectors := func(o Options) []string {
		t.Helper()
		o.Sink, o.Now = &kept{texts: map[string]string{}}, time.Now
		var out []string
		sum, err := Collect(t.Context(), o, func(e record.Exhibit) error {
			if e.Origin != record.OriginImage || e.Root != o.Root || e.Machine != nil {
				t.Errorf("%+v", e)
			}
			out = append(out, e.Collector+" "+e.Source)
			return nil
		})
		if err != nil || sum.Cut != "" {
			t.Fatal(err, sum.Cut)
		}
		slices.Sort(out)
		return out
	}
	win := plainTree(t, "WINDOWS/system32/config/SYSTEM", "WINDOWS/system32/winevt/Logs/Security.evtx", "Users/ann/NTUSER.DAT", "Users/ann/x.txt", "$MFT")
	want := []string{"windows.evtx /WINDOWS/system32/winevt/Logs/Security.evtx", "windows.mft /$MFT", "windows.registry /Users/ann/NTUSER.DAT", "windows.registry /WINDOWS/system32/config/SYSTEM"}
	if got := collectors(Options{Root: win}); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := collectors(Options{Root: win, Collectors: []string{"linux.files"}, Files: []string{"/Users/ann/x.txt"}}); !slices.Equal(got, []string{"windows.files /Users/ann/x.txt"}) {
		t.Errorf("%q", got)
	}
	mac := plainTree(t, "System/Library/CoreServices/SystemVersion.plist", "private/var/log/install.log", "usr/bin/ls", "etc/passwd")
	if got := collectors(Options{Root: mac}); !slices.Equal(got, []string{"macos.log /private/var/log/install.log", "macos.system /System/Library/CoreServices/SystemVersion.plist"}) {
		t.Errorf("%q", got)
	}
	for _, linux := range []string{plainTree(t, "etc/passwd", "mnt/c/Windows/System32/config/SYSTEM", "windows/System32/x"), plainTree(t, "x/y"), t.TempDir()} {
		if got := systemIn(linux); got != "" {
			t.Errorf("%q", got)
		}
	}
}
