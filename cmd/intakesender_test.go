package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// TestAlertmanagerSends has the real Alertmanager notify the real server: an alert
// that fires, and then that it is over.
func TestAlertmanagerSends(t *testing.T) {
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		t.Skip("prometheus-alertmanager is not installed: tools/needs test installs it")
	}
	t.Parallel()
	b := newBench(t)
	s := b.serve("intake: {sources: {am: {kind: token, format: alertmanager, secret: env:AM_TOKEN}}, rules: [{name: all, source: am, severity: high}]}\n")
	config := b.write("alertmanager.yml", fmt.Sprintf(`route: {receiver: fb, group_wait: 10ms, group_interval: 300ms, repeat_interval: 1h, group_by: [alertname]}
receivers:
  - name: fb
    webhook_configs:
      - url: %s/v1/am
        send_resolved: true
        http_config: {authorization: {type: Bearer, credentials: token-of-alertmanager}}
`, s.url))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	am := exec.CommandContext(ctx, program, "--config.file="+config, "--storage.path="+b.dir+"/am", "--web.listen-address="+at, "--cluster.listen-address=")
	var log bytes.Buffer
	am.Stdout, am.Stderr = &log, &log
	if err := am.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = am.Wait() // it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	alert := func(ends string) {
		t.Helper()
		body, err := json.Marshal([]map[string]any{{
			"labels":      map[string]string{"alertname": "SuspiciousLogin", "instance": "web1:22", "severity": "critical"},
			"annotations": map[string]string{"summary": "a login from nowhere"},
			"startsAt":    time.Now().Add(-time.Minute).Format(time.RFC3339Nano), "endsAt": ends,
		}})
		if err != nil {
			t.Fatal(err)
		}
		for range 200 { // until it listens
			resp, err := http.Post("http://"+at+"/api/v2/alerts", "application/json", bytes.NewReader(body))
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					return
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatal("Alertmanager does not take the alert")
	}
	alert(time.Now().Add(time.Hour).Format(time.RFC3339Nano))
	s.wait("by the rule all")
	alert(time.Now().Add(-time.Second).Format(time.RFC3339Nano))
	s.wait("taken into 2")
	var last takenEntry
	for _, e := range b.activity("1") {
		if e.Kind == "alert.received" {
			last = takenEntry(e)
		}
	}
	if last.Text != "Alertmanager reports 1 finding (exhibit e2): 0 new, 1 resolved; 1 critical" {
		t.Errorf("%q", last.Text)
	}
}

type takenEntry activity
