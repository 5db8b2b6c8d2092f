package cmd_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCollectToSFTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := startSSHD(t, b)
	identity, to := b.keyPair()
	big := b.noise("big", 50<<20)
	in := filepath.Join(b.dir, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	place := func(port, name string) string { return "sftp://" + s.user + "@127.0.0.1:" + port + in + "/" + name }
	args := append([]string{"collect", "--recipient", to, "--collector", "linux.system", "--file", big}, s.flags...)

	b.want(0, append(args, "--to", place(s.port, "a"))...)
	if v := b.container(0, "in/a", identity); v.Items != 2 {
		t.Errorf("%+v", v)
	}
	// Cut in the middle: the rest is here, and is brought there later.
	n := startNetwork(t, s.port, 20<<20)
	s.knows(t, n.port, strings.Fields(readFile(t, filepath.Join(b.dir, "sshd", "host.pub"))))
	r := b.want(5, append(args, "--to", place(n.port, "b"), "--fallback", "rest")...)
	if !strings.Contains(r.out, "NOT SENT   from byte 16777216 on it is in rest.rest") {
		t.Error(r.out, r.err)
	}
	send := append([]string{"send", "rest.rest"}, s.flags...)
	b.want(3, append(send, "sftp://elsewhere/x")...)
	n.mend()
	if r := b.want(0, send...); !strings.Contains(r.out, "from byte 16777216 on") {
		t.Error(r.out)
	}
	b.container(0, "in/b", identity)
	// Nobody answers: the whole is here.
	n.cut()
	b.want(5, append(args, "--to", place(n.port, "c"), "--fallback", "whole")...)
	b.container(0, "whole", identity)
	// Killed while it sends, it goes on.
	n.mend()
	c := b.command(t.Context(), append([]string{"send", "whole"}, s.flags...)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b.waitSize("in/c.part", 17<<20)
	_ = c.Process.Kill()
	_ = c.Wait()
	b.want(0, append([]string{"send", "whole"}, s.flags...)...)
	b.container(0, "in/c", identity)
	if _, err := os.Stat(filepath.Join(b.dir, "whole.send.json")); err == nil {
		t.Error("the note is still there")
	}
	// A stranger in place of the host is told nothing.
	b.write("strangers", "[127.0.0.1]:"+s.port+" "+strings.Join(strings.Fields(readFile(t, filepath.Join(b.dir, "sshd", "key.pub")))[:2], " ")+"\n")
	r = b.want(4, "send", "whole", place(s.port, "d"), "--ssh-key", s.key, "--known-hosts", "strangers")
	if !strings.Contains(r.err, "somebody may be in between") {
		t.Error(r.err)
	}
	b.want(4, "send", "whole", place(s.port, "d"), "--ssh-key", s.key, "--known-hosts", "none")
	b.want(0, "send", "whole", place(s.port, "d"), "--ssh-key", s.key, "--known-hosts", "none", "--host-key", s.fingerprint)
	b.want(3, append([]string{"send", "whole", place(s.port, "d")}, s.flags...)...) // it is there
}

func TestCollectToS3(t *testing.T) {
	t.Parallel()
	gateway, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("versitygw is not installed: tools/needs s3")
	}
	b := newBench(t, "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=not-a-real-secret")
	identity, to := b.keyPair()
	if err := os.MkdirAll(filepath.Join(b.dir, "store", "evidence"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	c := exec.Command(gateway, "--port", "127.0.0.1:"+port, "posix", filepath.Join(b.dir, "store"))
	c.Env = append(os.Environ(), "ROOT_ACCESS_KEY=AKIATEST", "ROOT_SECRET_KEY=not-a-real-secret")
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	for range 500 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	big := b.noise("big", 50<<20)
	at := []string{"--s3-endpoint", "http://127.0.0.1:" + port}
	args := []string{"collect", "--recipient", to, "--collector", "linux.system", "--file", big}
	b.want(0, append(append(args, "--to", "s3://evidence/web 1/ä+b"), at...)...)
	b.container(0, "store/evidence/web 1/ä+b", identity)
	n := startNetwork(t, port, 20<<20)
	via := []string{"--s3-endpoint", "http://127.0.0.1:" + n.port}
	r := b.want(5, append(append(args, "--to", "s3://evidence/b", "--fallback", "rest"), via...)...)
	if !strings.Contains(r.out, "NOT SENT   from byte 16777216 on it is in rest.rest") {
		t.Error(r.out, r.err)
	}
	n.mend()
	b.want(0, append([]string{"send", "rest.rest"}, via...)...)
	b.container(0, "store/evidence/b", identity)
	// The secret of another: nothing goes there, and it is printed nowhere.
	wrong := b.write("secret", "another-secret-0815")
	if err := os.Chmod(wrong, 0o600); err != nil {
		t.Fatal(err)
	}
	r = b.want(5, append(append(args, "--to", "s3://evidence/c", "--fallback", "c", "--s3-secret-from", "file:"+wrong), at...)...)
	if !strings.Contains(r.err, "does not take the access key") || strings.Contains(r.out+r.err, "0815") {
		t.Error(r.err)
	}
	b.want(4, append([]string{"send", "c", "--s3-secret-from", "file:" + wrong}, at...)...)
	b.want(3, append([]string{"send", "c", "s3://evidence/b"}, at...)...) // it is there
	b.want(3, append([]string{"send", "c", "s3://no-such-bucket/b"}, at...)...)
	b.want(0, append([]string{"send", "c", "s3://evidence/"}, at...)...)
	b.container(0, "store/evidence/c", identity)
	b.want(2, "send", "c", "s3://evidence/x", "--s3-endpoint", "http://192.0.2.1")
}
