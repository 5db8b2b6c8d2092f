package forensics

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit/rpmdb"
)

// A file of rpm's is compared by its digest, its mode and its owner.
func TestVerifyRPM(t *testing.T) {
	brought := func(name string, mode uint16) rpmdb.File {
		return rpmdb.File{Path: "/usr/bin/" + name, Text: "good", Mode: mode, User: "me", Group: "none"}
	}
	other := brought("other", 0o755)
	other.User = "intruder"
	db := rpmdb.NDB(1, rpmdb.Header("tool", "1", brought("good", 0o755), brought("bad", 0o755), brought("suid", 0o755), brought("absent", 0o755), other,
		rpmdb.File{Path: "/etc/tool.conf", Text: "good", Mode: 0o600, Flags: 1}))
	root := rooted(t, map[string]string{
		"usr/bin/good*": "good", "usr/bin/bad*": "evil", "usr/bin/suid*": "good", "usr/bin/other*": "good", "usr/bin/dropped*": "x", "etc/tool.conf": "edited",
		"usr/lib/sysimage/rpm/Packages.db": string(db),
	})
	uid := os.Getuid()
	must(t, os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("me:x:"+strconv.Itoa(uid)+":0:::\nintruder:x:"+strconv.Itoa(uid+1)+":0:::\n"), 0o600))
	must(t, os.Chmod(filepath.Join(root, "usr/bin/suid"), 0o755|os.ModeSetuid))
	must(t, os.Chmod(filepath.Join(root, "etc/tool.conf"), 0o600))
	for _, name := range []string{"good", "bad", "other"} {
		must(t, os.Chmod(filepath.Join(root, "usr/bin", name), 0o755))
	}
	var got []string
	for _, p := range of[PackageFile](t, root, "linux.verify", FormatPackageFile, Limits{}) {
		got = append(got, strings.TrimSpace(p.Finding+" "+p.Path+" "+p.Note))
		if p.Path == "/usr/bin/bad" && (p.SHA256 == "" || p.Expected == "" || p.SHA256 == p.Expected) || p.Conffile != (p.Path == "/etc/tool.conf") {
			t.Errorf("%+v", p)
		}
	}
	slices.Sort(got)
	want := []string{
		"changed /etc/tool.conf",
		"changed /usr/bin/bad",
		"missing /usr/bin/absent",
		"rights /usr/bin/other it belongs to user " + strconv.Itoa(uid) + ", by its package to intruder (" + strconv.Itoa(uid+1) + ")",
		"rights /usr/bin/suid its mode is 4755, its package has 0755",
		"summary /",
		"unowned /usr/bin/dropped no package brought it, and it lies among files of packages",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
