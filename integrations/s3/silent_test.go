package s3

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// TestSilentServer: one that takes the connection and never says a word is given
// up, whatever the time that a part may take.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	u, err := NewUpload(Options{
		Endpoint: "http://" + l.Addr().String(), Bucket: "b", Key: "k", Part: 5 << 20, Now: time.Now, Timeout: time.Hour, Silence: 200 * time.Millisecond,
		Keys: func(context.Context) (Credentials, error) { return Credentials{ID: "id", Secret: "secret"}, nil },
	}, []byte(`{"upload_id":"x","etags":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Put(t.Context(), 0, make([]byte, 5<<20)); !errors.Is(err, errSilent) {
		t.Errorf("%v", err)
	}
	if err := u.begin(t.Context()); err != nil {
		t.Errorf("what was begun is not begun again: %v", err)
	}
}
