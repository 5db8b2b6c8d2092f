package rpm

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/forensics/formats/sqlite"
	"firebreak/internal/testkit/rpmdb"
)

type kind func(context.Context, io.ReaderAt, int64, Tell, Bad) error

// list is what a database has: NAME EVR, and what is bad.
func list(t testing.TB, read kind, b []byte) (got []string, bad int) {
	t.Helper()
	err := read(t.Context(), bytes.NewReader(b), int64(len(b)), func(offset int64, header []byte, removed bool) error {
		p, err := Read(header)
		if err != nil {
			bad++
			return nil
		}
		if i := bytes.Index(b, header); removed && i != int(offset) {
			t.Errorf("%s begins at %d, not %d", p.Name, i, offset)
		}
		s := p.Name + " " + p.EVR()
		if removed {
			s += " removed"
		}
		got = append(got, s)
		return Files(header, func(f File) error {
			if f.Digest == nil != (f.Algorithm == "") || f.Path == "" {
				t.Errorf("%+v", f)
			}
			return nil
		})
	}, func(int64, string) error { bad++; return nil })
	if err != nil && err != ErrFormat { //nolint:errorlint // it is the very one
		t.Fatal(err)
	}
	return got, bad
}

func headers() [][]byte {
	var many []rpmdb.File
	for i := range 100 {
		many = append(many, rpmdb.File{Path: fmt.Sprintf("/usr/share/many/%d", i), Text: "x", Mode: 0o644, User: "root", Group: "root"})
	}
	return [][]byte{
		rpmdb.Header("tool", "1.2", rpmdb.File{Path: "/usr/bin/tool", Text: "good", Mode: 0o4755, User: "root", Group: "wheel"}, rpmdb.File{Path: "/etc/tool.conf", Text: "c", Mode: 0o600, Flags: 1}),
		rpmdb.Header("many", "2", many...),
		rpmdb.Header("last", "3"),
	}
}

func TestDatabases(t *testing.T) {
	want := []string{"last 3-1", "many 2-1", "tool 1.2-1"}
	for name, c := range map[string]struct {
		read kind
		b    []byte
	}{
		"little": {Berkeley, rpmdb.Berkeley(binary.LittleEndian, headers()...)},
		"big":    {Berkeley, rpmdb.Berkeley(binary.BigEndian, headers()...)},
		"ndb":    {NDB, rpmdb.NDB(3, headers()...)},
	} {
		got, bad := list(t, c.read, c.b)
		slices.Sort(got)
		if !slices.Equal(got, want) || bad != 0 {
			t.Errorf("%s: %q, %d bad", name, got, bad)
		}
		for n := 0; n < len(c.b); n += 97 { // cut anywhere: what is left is read, and nothing is made up
			got, _ := list(t, c.read, c.b[:n])
			for _, g := range got {
				if !slices.Contains(want, g) {
					t.Errorf("%s, cut at %d: %q", name, n, g)
				}
			}
		}
	}
	if got, bad := list(t, NDB, rpmdb.NDB(2, headers()...)); bad != 0 || !slices.Contains(got, "last 3-1 removed") {
		t.Errorf("removed: %q, %d bad", got, bad)
	}
	b := rpmdb.NDB(3, headers()...)
	b[4096+200] ^= 1
	if got, bad := list(t, NDB, b); len(got) != 2 || bad != 1 {
		t.Errorf("changed: %q, %d bad", got, bad)
	}
}

func TestFiles(t *testing.T) {
	var got []string
	if err := Files(headers()[0], func(f File) error {
		got = append(got, fmt.Sprintf("%s %o %d %s %s:%s %v %x", f.Path, f.Mode, f.Size, f.Algorithm, f.User, f.Group, f.Config, f.Digest[:2]))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"/usr/bin/tool 104755 4 sha256 root:wheel false 770e", "/etc/tool.conf 100600 1 sha256 : true 2e7d"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// What rpm itself put into its database is read as rpm tells it, and what was made
// here as Berkeley DB is read by rpm.
func TestAsRPM(t *testing.T) {
	for _, program := range []string{"rpm", "rpmbuild"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s: %v", program, err)
		}
	}
	dir := t.TempDir()
	run := func(name string, args ...string) string {
		out, err := exec.CommandContext(t.Context(), name, args...).Output()
		if err != nil {
			t.Fatalf("%s %s: %v", name, args, err)
		}
		return string(out)
	}
	spec := filepath.Join(dir, "x.spec")
	text := "Name: tool\nVersion: 1.2\nRelease: 3\nEpoch: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n%install\nmkdir -p %{buildroot}/opt/tool %{buildroot}/etc\necho a > %{buildroot}/opt/tool/run\necho b > %{buildroot}/etc/tool.conf\nln -s run %{buildroot}/opt/tool/link\n" +
		"%files\n%attr(4755,root,daemon) /opt/tool/run\n/opt/tool/link\n%config /etc/tool.conf\n"
	if err := os.WriteFile(spec, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run("rpmbuild", "--quiet", "-bb", "--define", "_topdir "+dir, "--define", "_rpmdir "+dir, spec)
	db := filepath.Join(dir, "db")
	options := []string{"--dbpath", db, "--define", "_db_backend sqlite"}
	if _, err := os.Stat("/etc/debian_version"); err == nil { // there it asks whether one means it
		options = append(options, "--force-debian")
	}
	run("rpm", append(options, "--nodeps", "--justdb", "-i", filepath.Join(dir, "noarch", "tool-1.2-3.noarch.rpm"))...)
	query := []string{"-qa", "--queryformat", `[%{FILENAMES} %{FILEMODES:octal} %{FILEDIGESTS} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILESIZES}\n]`}
	want := run("rpm", append(options, query...)...)
	b, err := os.ReadFile(filepath.Join(db, "rpmdb.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := sqlite.Open(bytes.NewReader(b), int64(len(b)), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	table, err := file.Table(t.Context(), "Packages")
	if err != nil || table == nil {
		t.Fatal(table, err)
	}
	var got strings.Builder
	tell := func(header []byte) error {
		return Files(header, func(f File) error {
			fmt.Fprintf(&got, "%s %o %x %s %s %d\n", f.Path, f.Mode, f.Digest, f.User, f.Group, f.Size)
			return nil
		})
	}
	err = file.Rows(t.Context(), table, func(row *sqlite.Row) error {
		header := row.Value("blob").Bytes
		if p, err := Read(header); err != nil || p.EVR() != "1:1.2-3" {
			t.Errorf("%+v, %v", p, err)
		}
		return tell(header)
	}, func(_ int64, err error) error { return err })
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != want || len(want) < 100 {
		t.Errorf("read:\n%s\nrpm:\n%s", got.String(), want)
	}

	made := rpmdb.Berkeley(binary.LittleEndian, headers()...)
	if err := os.WriteFile(filepath.Join(dir, "Packages"), made, 0o600); err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(run("rpm", "--dbpath", dir, "--define", "_db_backend bdb_ro", "-qa", "--queryformat", `%{NAME}-%{VERSION}-%{RELEASE}\n`))
	slices.Sort(names)
	if !slices.Equal(names, []string{"last-3-1", "many-2-1", "tool-1.2-1"}) {
		t.Errorf("rpm reads what was made as %q", names)
	}
}

func FuzzDatabases(f *testing.F) {
	h := headers()
	f.Add(rpmdb.Berkeley(binary.LittleEndian, h[0], h[2]))
	f.Add(rpmdb.Berkeley(binary.BigEndian, h[2], h[2]))
	f.Add(rpmdb.NDB(1, h[0], h[2]))
	f.Fuzz(func(t *testing.T, b []byte) {
		list(t, Berkeley, b)
		list(t, NDB, b)
	})
}
