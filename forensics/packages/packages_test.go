package packages

import (
	"errors"
	"testing"
	"testing/fstest"
)

func tree(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestOwner(t *testing.T) {
	root := tree(map[string]string{
		"var/lib/dpkg/status":         "Package: a\nVersion: 1\nArchitecture: amd64\n\nPackage: b\nVersion: 2\n",
		"var/lib/dpkg/info/a.list":    "/.\n/usr\n/usr/bin/a b\n",
		"var/lib/dpkg/info/b.list":    "/lib/x.so\n",
		"lib/apk/db/installed":        "P:c\nV:3\nF:sbin\nR:c\n\n",
		"var/lib/dpkg/info/a.md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a b\nshort  x\n",
	})
	root["lib"] = nil
	delete(root, "lib")
	x, err := Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Package{
		"/usr/bin/a b": {"a", "1", "dpkg"}, "/usr/bin/../bin/a b": {"a", "1", "dpkg"}, "/lib/x.so": {"b", "2", "dpkg"}, "/sbin/c": {"c", "3", "apk"},
	} {
		if got, ok := x.Owner(name); !ok || got != want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"/usr/bin/none", "usr/bin/a b", "", "/", "x"} {
		if p, ok := x.Owner(name); ok {
			t.Errorf("%q is owned by %+v", name, p)
		}
	}
	var got []string
	if err := x.Digests(t.Context(), root, func(f File) error {
		got = append(got, f.Path+" "+f.Expected())
		return nil
	}); err != nil || len(got) != 1 || got[0] != "/usr/bin/a b d41d8cd98f00b204e9800998ecf8427e" {
		t.Errorf("%q, %v", got, err)
	}
	stop := errors.New("stop")
	if err := x.Digests(t.Context(), root, func(File) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if _, err := Load(t.Context(), fstest.MapFS{}); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("Package: a\nConffiles:\n /x d41d8cd98f00b204e9800998ecf8427e\n", "/.\n/x\n", "P:c\nF:b\nR:c\nZ:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "/a\n/b\nc\n")
	f.Fuzz(func(t *testing.T, status, list, apk, diversions string) {
		root := tree(map[string]string{
			"var/lib/dpkg/status": status, "var/lib/dpkg/info/a.list": list, "var/lib/dpkg/info/a.md5sums": list, "lib/apk/db/installed": apk, "var/lib/dpkg/diversions": diversions,
		})
		x, err := Load(t.Context(), root)
		if x == nil {
			if err == nil {
				t.Error("neither an index nor an error")
			}
			return
		}
		_ = x.Digests(t.Context(), root, func(f File) error { // damage is an error, never a panic
			if f.Package < 0 || f.Package >= len(x.Packages) || f.Path == "" || f.Path[0] != '/' {
				t.Errorf("%+v", f)
			}
			return nil
		})
	})
}
