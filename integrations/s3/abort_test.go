package s3

import (
	"bytes"
	"context"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestAbort: what a server keeps of an upload is gone afterwards, also when asked
// twice, and another upload of the same name can begin.
func TestAbort(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("versitygw is not installed: tools/needs s3")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "evidence"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	c := exec.Command(program, "--port", at, "posix", dir)
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
		if conn, err := net.Dial("tcp", at); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	// held is how many bytes of parts lie there.
	held := func() (n int64) {
		if err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if info, e := d.Info(); err == nil && e == nil && info.Mode().IsRegular() {
				n += info.Size()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	begin := func(note []byte) *Upload {
		u, err := NewUpload(Options{
			Endpoint: "http://" + at, Bucket: "evidence", Key: "web-1/a", Part: 5 << 20, Now: time.Now,
			Keys: func(context.Context) (Credentials, error) {
				return Credentials{ID: "AKIATEST", Secret: "not-a-real-secret"}, nil
			},
		}, note)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := begin(nil)
	if err := u.Abort(t.Context()); err != nil {
		t.Errorf("nothing was begun: %v", err)
	}
	if err := u.Put(t.Context(), 0, make([]byte, 5<<20)); err != nil {
		t.Fatal(err)
	}
	again := begin(u.Note())
	if held() < 5<<20 {
		t.Fatalf("%d bytes are there", held())
	}
	if err := u.Abort(t.Context()); err != nil || held() != 0 || u.Note() != nil {
		t.Errorf("%v; %d bytes are there, note %s", err, held(), u.Note())
	}
	if err := again.Abort(t.Context()); err != nil {
		t.Errorf("it is gone: %v", err)
	}
	if err := u.Put(t.Context(), 0, []byte("short")); err != nil {
		t.Fatal(err)
	}
	if err := u.Finish(t.Context(), 5); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "evidence", "web-1", "a")); string(b) != "short" {
		t.Errorf("%q, %v", b, err)
	}
}
