package foreign_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/forensics/foreign"
	"firebreak/record"
)

type taken struct {
	foreign.Member
	content  string
	notes    []string
	verified []string
}

// all reads an archive to its end.
func all(t *testing.T, path string, o foreign.Options) (*foreign.Archive, map[string]taken) {
	t.Helper()
	a, err := foreign.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	out := map[string]taken{}
	err = a.Each(t.Context(), func(m foreign.Member, r *foreign.Content) error {
		b, err := io.ReadAll(r)
		out[m.Name] = taken{m, string(b), r.Notes(), r.Verified()}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, out
}

func zipFile(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Deflate, Modified: time.Date(2024, 10, 14, 15, 32, 30, 0, time.UTC)})
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "x.zip", b.Bytes())
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestVelociraptor reads what an offline collector leaves.
func TestVelociraptor(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("registry"))
	path := zipFile(t,
		"client_info.json", `{"Hostname": "WS12", "OS": "windows", "Platform": "Microsoft Windows 11"}`,
		"collection_context.json", `{"create_time": 1730828730000000, "active_time": 1730828741000000}`,
		"uploads.json", `{"vfs_path":"C:\\Users\\Default\\NTUSER.DAT","_Components":["uploads","auto","C:","Users","Default","NTUSER.DAT"],"file_size":8,"uploaded_size":8}
{"vfs_path":"C:\\$J","_Components":["uploads","ntfs","\\\\.\\C:","$Extend","$UsnJrnl:$J"],"file_size":4096,"uploaded_size":3}
`,
		"results/Windows.KapeFiles.Targets%2FUploads.json", `{"SourceFile":"C:\\Users\\Default\\NTUSER.DAT","SourceFileSha256":"`+hex.EncodeToString(sum[:])+`","Created":"2021-05-08T08:06:51.7462883Z","Changed":"2024-10-14T15:32:30.3560316Z","Modified":"2024-10-14T15:32:30.3560316Z","LastAccessed":"2024-10-14T15:32:30.3560316Z"}
`,
		"uploads/auto/C%3A/Users/Default/NTUSER.DAT", "registry",
		"uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J", "usn",
		"uploads/file/var/log/auth.log", "log",
	)
	a, got := all(t, path, foreign.Options{})
	says := a.Says()
	if says.Kind != "velociraptor" || says.Host != "WS12" || !says.Finished.Equal(time.Unix(1730828741, 0)) {
		t.Errorf("%+v", says)
	}
	hive := got["uploads/auto/C%3A/Users/Default/NTUSER.DAT"]
	if hive.Path != `C:\Users\Default\NTUSER.DAT` || hive.Stat.Born.Nanosecond() != 746288300 || len(hive.verified) != 1 || len(hive.notes) > 0 {
		t.Errorf("%+v", hive)
	}
	usn := got["uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J"]
	if usn.Path != `C:\$Extend\$UsnJrnl:$J` || len(usn.Notes) != 1 || !strings.Contains(usn.Notes[0], "sparse") {
		t.Errorf("%+v", usn)
	}
	if p := got["uploads/file/var/log/auth.log"].Path; p != "/var/log/auth.log" {
		t.Errorf("%q", p)
	}
}

// TestKapeAndCylr reads folders of drives.
func TestKapeAndCylr(t *testing.T) {
	t.Parallel()
	sum := sha1.Sum([]byte("evtx"))
	kape := zipFile(t,
		"2020-11-22T162001_CopyLog.csv", "\ufeffCopiedTimestamp,SourceFile,DestinationFile,FileSize,SourceFileSha1,DeferredCopy,CreatedOnUtc,ModifiedOnUtc,LastAccessedOnUtc,CopyDuration\r\n"+
			`2020-11-22 16:20:18.4651672,e:\Windows\System32\winevt\Logs\Security.evtx,C:\Temp\Triage\e\Windows\System32\winevt\Logs\Security.evtx,4,`+strings.ToUpper(hex.EncodeToString(sum[:]))+",False,2020-10-30 19:51:51.4700885,2020-11-16 02:29:37.9932257,2020-11-16 02:29:37.9932257,00:00:00.0079782\r\n",
		"e/Windows/System32/winevt/Logs/Security.evtx", "evtx",
	)
	a, got := all(t, kape, foreign.Options{})
	log := got["e/Windows/System32/winevt/Logs/Security.evtx"]
	if a.Says().Kind != "kape" || log.Path != `e:\Windows\System32\winevt\Logs\Security.evtx` || len(log.verified) != 1 || log.Stat.Born.Year() != 2020 || a.Says().Finished.Year() != 2020 {
		t.Errorf("%+v %+v", a.Says(), log)
	}
	a, got = all(t, zipFile(t, "C/Windows/System32/config/SAM", "x", "C/$MFT", "y"), foreign.Options{})
	if a.Says().Kind != "cylr" || got["C/$MFT"].Path != `C:\$MFT` {
		t.Errorf("%+v %+v", a.Says(), got)
	}
	a, got = all(t, zipFile(t, "logs/web.log", "x", "logs/db.log", "y"), foreign.Options{})
	if a.Says().Kind != "files" || len(got) != 2 {
		t.Errorf("%+v %+v", a.Says(), got)
	}
}

// hostile is a tar file with what an attacker puts into one.
func hostile(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "../../etc/cron.d/x", Typeflag: tar.TypeReg, Size: 3},
		{Name: "etc/passwd", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"},
		{Name: "etc/passwd", Typeflag: tar.TypeReg, Size: 3},
		{Name: "etc/passwd", Typeflag: tar.TypeReg, Size: 3},
		{Name: "dev/sda", Typeflag: tar.TypeBlock},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "etc/passwd"},
		{Name: "odd\xff\nname", Typeflag: tar.TypeReg, Size: 3},
		{Name: "etc/", Typeflag: tar.TypeDir},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte("abc")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestHostile takes or names everything of a hostile archive.
func TestHostile(t *testing.T) {
	t.Parallel()
	path := write(t, "x.tar", hostile(t))
	a, err := foreign.Open(t.Context(), path, foreign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // read only
	var links []string
	a.Listen(func(path, target string, _ record.Stat) error { links = append(links, path+" "+target); return nil })
	var names []string
	err = a.Each(t.Context(), func(m foreign.Member, r *foreign.Content) error {
		names = append(names, m.Name)
		_, err := io.Copy(io.Discard, r)
		if strings.Contains(m.Name, "..") && len(m.Notes) == 0 {
			t.Errorf("%+v says nothing of its name", m)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"../../etc/cron.d/x", "etc/passwd", "etc/passwd (2)", "odd\\xff\nname"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if len(links) != 3 || len(a.Refused()) != 1 || a.Counted() != (foreign.Count{Folders: 1, Links: 2}) {
		t.Errorf("%q %+v %+v", links, a.Refused(), a.Counted())
	}
}

// TestLimits ends where a limit is, and says so.
func TestLimits(t *testing.T) {
	t.Parallel()
	var files []string
	for i := range 20 {
		files = append(files, fmt.Sprintf("logs/%02d.log", i), strings.Repeat("x", 1000))
	}
	path := zipFile(t, files...)
	if _, err := foreign.Open(t.Context(), path, foreign.Options{Limits: foreign.Limits{Members: 5}}); err == nil {
		t.Error("5 members at most, and 20 were taken")
	}
	a, got := all(t, path, foreign.Options{Limits: foreign.Limits{Total: 2500}})
	if len(got) != 3 || len(a.Refused()) != 1 || !strings.Contains(a.Refused()[0].Reason, "limit of 2500 bytes") {
		t.Errorf("%d taken, %+v", len(got), a.Refused())
	}
	if last := got["logs/02.log"]; len(last.content) != 500 || len(last.notes) != 1 {
		t.Errorf("%d bytes, %q", len(last.content), last.notes)
	}
	a, got = all(t, path, foreign.Options{Limits: foreign.Limits{File: 100}})
	if len(got) != 0 || len(a.Refused()) != 20 {
		t.Errorf("%d taken, %d refused", len(got), len(a.Refused()))
	}
	cut := hostile(t)
	a, got = all(t, write(t, "cut.tar", cut[:512+100]), foreign.Options{})
	if one := got["../../etc/cron.d/x"]; len(got) != 1 || one.content != "abc" || len(a.Refused()) != 1 {
		t.Errorf("%+v %+v", got, a.Refused())
	}
}

// TestPassword opens zips that were encrypted, in both ways.
func TestPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "auth.log"), []byte(strings.Repeat("a line of a log\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for tool, args := range map[string][]string{
		"zip": {"-q", "-P", "secret", "x.zip", "auth.log"},
		"7z":  {"a", "-tzip", "-psecret", "-mem=AES256", "x7.zip", "auth.log"},
	} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed", tool)
			continue
		}
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		path := filepath.Join(dir, args[len(args)-2])
		for _, wrong := range [][]byte{nil, []byte("wrong")} {
			if _, err := foreign.Open(t.Context(), path, foreign.Options{Password: wrong}); !errors.Is(err, foreign.ErrPassword) {
				t.Errorf("%s with %q: %v", tool, wrong, err)
			}
		}
		_, got := all(t, path, foreign.Options{Password: []byte("secret")})
		if one := got["auth.log"]; len(one.content) != 8000 || len(one.notes) > 0 {
			t.Errorf("%s: %d bytes, %q", tool, len(one.content), one.notes)
		}
	}
}

// TestEncryptedVelociraptor opens a collection whose password is encrypted to a
// certificate.
func TestEncryptedVelociraptor(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("7z")
	if err != nil {
		t.Skip("7z is not installed: p7zip-full")
	}
	dir := t.TempDir()
	var inner bytes.Buffer
	z := zip.NewWriter(&inner)
	for name, text := range map[string]string{
		"client_info.json": `{"Hostname":"win-7","OS":"windows"}`, "uploads/auto/C%3A/Windows/x.log": strings.Repeat("a line\n", 3000),
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	sealed, err := rsa.EncryptOAEP(sha512.New(), rand.Reader, &key.PublicKey, []byte("pass word"), nil)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	wrong := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(stranger)})
	made := func(name, scheme string, how ...string) string {
		meta := fmt.Sprintf(`[{"EncryptedPass":%q,"Scheme":%q}]`, base64.StdEncoding.EncodeToString(sealed), scheme)
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "data.zip"), inner.Bytes(), 0o600), os.WriteFile(filepath.Join(dir, "metadata.json"), []byte(meta), 0o600)); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{append([]string{"a", "-tzip", "-ppass word"}, append(how, name, "data.zip")...), {"a", "-tzip", name, "metadata.json"}} {
			c := exec.CommandContext(t.Context(), tool, args...)
			c.Dir = dir
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		return filepath.Join(dir, name)
	}
	path := made("a.zip", "X509", "-mem=AES256", "-mx0")
	for _, o := range []foreign.Options{{Key: private}, {Password: []byte("pass word")}} {
		a, got := all(t, path, o)
		if one := got["uploads/auto/C%3A/Windows/x.log"]; a.Kind != "velociraptor" || a.Host != "win-7" || len(one.content) != 21000 || !strings.HasSuffix(one.content, "a line\n") {
			t.Errorf("%+v, %d members, %d bytes", a.About, len(got), len(one.content))
		}
	}
	for _, c := range []struct {
		path string
		o    foreign.Options
		want error
		says string
	}{
		{path, foreign.Options{}, foreign.ErrPassword, "Frontend.private_key"},
		{path, foreign.Options{Key: wrong}, foreign.ErrPassword, "another certificate"},
		{path, foreign.Options{Key: []byte("x")}, foreign.ErrPassword, "no PEM"},
		{path, foreign.Options{Password: []byte("x")}, foreign.ErrPassword, "wrong"},
		{made("b.zip", "PGP", "-mem=AES256", "-mx0"), foreign.Options{Key: private}, foreign.ErrPassword, "gpg --decrypt"},
		{made("d.zip", "X509", "-mem=ZipCrypto", "-mx0"), foreign.Options{Key: private}, foreign.ErrForm, "7z x"},
	} {
		a, err := foreign.Open(t.Context(), c.path, c.o)
		if err == nil {
			_ = a.Close()
		}
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", filepath.Base(c.path), err, c.says)
		}
	}
}

// FuzzOpen reads whatever a file says, and ends.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Add(append([]byte("x.log"), make([]byte, 1019)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		o := foreign.Options{Limits: foreign.Limits{File: 1 << 20, Total: 4 << 20, Members: 1000}, Password: []byte("x")}
		a, err := foreign.Open(context.Background(), path, o)
		if err != nil {
			return
		}
		defer a.Close() //nolint:errcheck // read only
		if err := a.Each(context.Background(), func(_ foreign.Member, r *foreign.Content) error {
			_, err := io.Copy(io.Discard, r)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}
