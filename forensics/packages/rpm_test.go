package packages

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"firebreak/internal/testkit/rpmdb"
)

func TestRPM(t *testing.T) {
	headers := [][]byte{
		rpmdb.Header("tool", "1.2", rpmdb.File{Path: "/usr/bin/tool", Text: "good", Mode: 0o4755, User: "root", Group: "wheel"},
			rpmdb.File{Path: "/etc/tool.conf", Text: "c", Mode: 0o600, Flags: 1}, rpmdb.File{Path: "/var/ghost", Flags: 64}),
		rpmdb.Header("broken", "1")[:20],
		rpmdb.Header("last", "3", rpmdb.File{Path: "/bin/last", Text: "x"}),
	}
	for name, b := range map[string][]byte{
		"var/lib/rpm/Packages":             rpmdb.Berkeley(binary.LittleEndian, headers...),
		"usr/lib/sysimage/rpm/Packages.db": rpmdb.NDB(3, headers...),
	} {
		root := fstest.MapFS{name: &fstest.MapFile{Data: b}}
		x, err := Load(t.Context(), root)
		if err == nil || !strings.Contains(err.Error(), "1 packages of it are damaged") {
			t.Errorf("%s: %v", name, err)
		}
		if p, ok := x.Owner("/usr/bin/tool"); !ok || p != (Package{"tool", "1.2-1", "rpm"}) {
			t.Errorf("%s: %+v", name, p)
		}
		var got []string
		if err := x.Digests(t.Context(), root, func(f File) error {
			got = append(got, f.Path+" "+x.Packages[f.Package].Name+" "+f.Algorithm+" "+f.Expected()[:4]+" "+f.Rights.Group)
			if f.Path == "/usr/bin/tool" && f.Rights.Mode != 0o4755 || f.Conffile != (f.Path == "/etc/tool.conf") {
				t.Errorf("%+v", f)
			}
			return nil
		}); err == nil {
			t.Errorf("%s: the damage is not told", name)
		}
		slices.Sort(got)
		if !slices.Equal(got, []string{"/bin/last last sha256 2d71 ", "/etc/tool.conf tool sha256 2e7d ", "/usr/bin/tool tool sha256 770e wheel"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzRPM(f *testing.F) {
	f.Add("Packages", rpmdb.Berkeley(binary.LittleEndian, rpmdb.Header("a", "1", rpmdb.File{Path: "/a", Text: "b"})))
	f.Add("Packages.db", rpmdb.NDB(1, rpmdb.Header("a", "1", rpmdb.File{Path: "/a", Text: "b"})))
	f.Add("rpmdb.sqlite", []byte("SQLite format 3\x00"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		if name != "Packages" && name != "Packages.db" && name != "rpmdb.sqlite" {
			return
		}
		root := fstest.MapFS{"var/lib/rpm/" + name: &fstest.MapFile{Data: b}}
		x, err := Load(t.Context(), root)
		if x == nil {
			if err == nil {
				t.Error("neither an index nor an error")
			}
			return
		}
		_ = x.Digests(t.Context(), root, func(f File) error { // damage is an error, never a panic
			if f.Package < 0 || f.Package >= len(x.Packages) || f.Path == "" || f.Path[0] != '/' || f.Digest == nil {
				t.Errorf("%+v", f)
			}
			return nil
		})
	})
}
