package response

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"firebreak/config"
)

// The same bytes in two places, or on two hosts, are told of each: one key lets in
// by two accounts, one job runs on two machines. Collected again, or read again from
// the locker, they add nothing.
func TestSameBytesElsewhere(t *testing.T) {
	key, _ := publicKey("eve", "x")
	b := newBench(t, config.Config{})
	b.open()
	roots := map[string]string{}
	for _, host := range []string{"web-1", "web-2"} {
		roots[host] = t.TempDir()
		for name, text := range map[string]string{
			"etc/hostname": host + "\n", "etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
			"root/.ssh/authorized_keys": key, "home/ann/.ssh/authorized_keys": key, "home/ann/.bash_history": "id\n", "root/.bash_history": "id\n",
			"etc/cron.d/x": "* * * * * root /opt/x\n", "var/log/auth.log": "2026-11-20T03:00:00.000000+00:00 h sshd[1]: Server listening on 0.0.0.0 port 22.\n",
		} {
			path := filepath.Join(roots[host], name)
			b.must(os.MkdirAll(filepath.Dir(path), 0o700))
			b.must(os.WriteFile(path, []byte(text), 0o600))
		}
	}
	told := func() (all []string) {
		t.Helper()
		page, err := b.s.Page(t.Context(), b.id, PageRequest{Filter: "source:sshkey,cron,shell,auth"})
		b.must(err)
		for _, e := range page {
			all = append(all, e.Host+" "+e.Source+" "+e.User+" "+e.Attributes.Get("path"))
		}
		slices.Sort(all)
		return all
	}
	want := []string{
		"h auth  ", "h auth  ", "web-1 cron root /etc/cron.d/x", "web-1 shell ann ", "web-1 shell root ",
		"web-1 sshkey ann /home/ann/.ssh/authorized_keys", "web-1 sshkey root /root/.ssh/authorized_keys",
		"web-2 cron root /etc/cron.d/x", "web-2 shell ann ", "web-2 shell root ",
		"web-2 sshkey ann /home/ann/.ssh/authorized_keys", "web-2 sshkey root /root/.ssh/authorized_keys",
	}
	for range 2 {
		for _, host := range []string{"web-1", "web-2"} {
			_, err := b.s.Collect(t.Context(), b.id, CollectOptions{Root: roots[host], Collectors: []string{"linux.ssh", "linux.cron", "linux.history", "linux.auth"}}, nil)
			b.must(err)
		}
		if got := told(); !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	b.must(b.s.Rebuild(t.Context(), b.id, nil))
	if got := told(); !slices.Equal(got, want) {
		t.Fatalf("read again: %q, want %q", got, want)
	}
}

// publicKey is a line of authorized_keys and its fingerprint.
func publicKey(seed, comment string) (line, fingerprint string) {
	blob := append([]byte{0, 0, 0, 11}, "ssh-ed25519\x00\x00\x00\x20"...)
	sum := sha256.Sum256([]byte(seed))
	blob = append(blob, sum[:]...)
	of := sha256.Sum256(blob)
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob) + " " + comment + "\n", "SHA256:" + base64.RawStdEncoding.EncodeToString(of[:])
}
