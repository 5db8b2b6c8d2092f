package testkit

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// ClickHousePassword is the password of the server that ClickHouse starts.
const ClickHousePassword = "a password of the tests"

// ClickHouse starts a ClickHouse server of its own on a free port of this
// machine and returns its URL. Without the program the test is skipped.
func ClickHouse(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("clickhouse-server")
	if err != nil {
		t.Skip("clickhouse-server is not installed: tools/needs clickhouse")
	}
	dir := t.TempDir()
	port := func() int {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		return l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a TCP listener's address
	}()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.xml", fmt.Sprintf(`<yandex>
<logger><level>error</level><console>1</console></logger>
<http_port>%d</http_port><listen_host>127.0.0.1</listen_host>
<path>%s/data/</path><tmp_path>%[2]s/tmp/</tmp_path><format_schema_path>%[2]s/schemas/</format_schema_path>
<users_config>%[2]s/users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>5368709</mark_cache_size>
</yandex>`, port, dir))
	write("users.xml", `<yandex><profiles><default></default></profiles><quotas><default></default></quotas>
<users><default><password>`+ClickHousePassword+`</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>`)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "--config-file="+filepath.Join(dir, "config.xml")) //nolint:noctx // the test starts it, and Cleanup ends it
	c.Dir, c.Stdout, c.Stderr = dir, log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // it is killed: there is no other end
		close(ended)
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-ended
		_ = log.Close()
	})
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 600 {
		select {
		case <-ended:
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("clickhouse-server ended: %s", said)
		default:
		}
		if r, err := http.Get(url + "/ping"); err == nil { //nolint:noctx // our own server
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return url
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("clickhouse-server does not answer")
	return ""
}
