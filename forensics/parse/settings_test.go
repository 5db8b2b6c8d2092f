package parse

import (
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

// settingsOf reads a file of that path that was modified at the time.
func settingsOf(t *testing.T, path, content string, modified time.Time) ([]timeline.Event, record.Ingestion) {
	t.Helper()
	var out []timeline.Event
	x := record.Exhibit{ID: "e1", SHA256: "aa", Source: path, Before: &record.Stat{Modified: modified}}
	in, err := File(t.Context(), strings.NewReader(content), Source{Exhibit: x, Parser: "settings", Host: "web-1", Workers: 1}, func(es []timeline.Event) error {
		for i := range es {
			out = append(out, es[i].Clone())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if in.Events+in.Rejected+in.Recovered != in.Seen {
		t.Errorf("%s: %+v", path, in)
	}
	return out, in
}

func TestSettings(t *testing.T) {
	when := time.Date(2026, 11, 20, 3, 0, 0, 5, time.UTC)
	for _, tt := range []struct {
		path, content string
		want          []string // source|user|attributes of each event
		rejected      int64
	}{
		{"/etc/crontab", "# m h\nSHELL=/bin/sh\n17 *\t* * *\troot  cd / && run\n@reboot alice /home/alice/x\n*/5 * * *\n", []string{"cron||command=SHELL=/bin/sh", "cron|root|command=cd / && run schedule=17 *\t* * *", "cron|alice|command=/home/alice/x schedule=@reboot"}, 1},
		{"/var/spool/cron/crontabs/bob", "*/5 * * * * /tmp/x a b\n", []string{"cron|bob|command=/tmp/x a b schedule=*/5 * * * *"}, 0},
		{"/etc/anacrontab", "1 5 cron.daily run-parts /etc/cron.daily\n", []string{"cron||command=run-parts /etc/cron.daily schedule=1 5 cron.daily"}, 0},
		{"/tmp/case/[root]/root/.ssh/authorized_keys", `command="echo \"a b\"",no-pty ` + aKey + " eve@x y\n" + aKey + "\nssh-rsa !!!\n", []string{
			`sshkey|root|fingerprint=SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA key_type=ssh-ed25519 options=command="echo \"a b\"",no-pty title=eve@x y`,
			"sshkey|root|fingerprint=SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA key_type=ssh-ed25519",
		}, 1},
		{"/etc/sudoers.d/x", "Defaults env_reset\nbob ALL=(ALL) \\\n  NOPASSWD: ALL\n", []string{"sudo||command=Defaults env_reset", "sudo|bob|command=bob ALL=(ALL)  NOPASSWD: ALL"}, 0},
		{"/etc/pam.d/sshd", "auth sufficient /tmp/pam_x.so debug\n", []string{"pam||command=auth sufficient /tmp/pam_x.so debug module=/tmp/pam_x.so service=sshd"}, 0},
		{"/etc/ssh/sshd_config", "PermitRootLogin yes\nPort=2222\nHost\n", []string{"sshd||key=PermitRootLogin value=yes", "sshd||key=Port value=2222"}, 1},
		{"/etc/ld.so.preload", "/lib/x.so\n", []string{"startup||command=/lib/x.so"}, 0},
		{"/home/bob/.bashrc", "# a\n\nexport A=1\n", []string{"startup|bob|command=export A=1"}, 0},
		{"/etc/hosts", "127.0.0.1 localhost\n", nil, 0},
	} {
		got, in := settingsOf(t, tt.path, tt.content, when)
		if in.Rejected != tt.rejected || len(got) != len(tt.want) {
			t.Errorf("%s: %d events, %+v", tt.path, len(got), in)
			continue
		}
		for i, e := range got {
			text := e.Source + "|" + e.User + "|"
			for _, a := range e.Attributes {
				if a.Name != "path" {
					text += a.Name + "=" + a.Value + " "
				}
			}
			if text = strings.TrimSpace(text); text != tt.want[i] {
				t.Errorf("%s: %s, want %s", tt.path, text, tt.want[i])
			}
			if !e.Time.Equal(when) || e.TimeKind != timeline.Modified || strings.Contains(e.Attributes.Get("path"), "case") {
				t.Errorf("%s: %s %s of %s", tt.path, e.TimeKind, e.Time, e.Attributes.Get("path"))
			}
		}
	}
	got, _ := settingsOf(t, "/etc/rc.local", "echo \xff\n", time.Time{})
	if len(got) != 1 || got[0].TimeKind != timeline.Undated || got[0].Attributes.Get("encoding") != "escaped" {
		t.Errorf("%+v", got)
	}
	for path, want := range map[string]string{"/x/etc/cron.d/y": "settings", "/etc/cron.d": "text", "/home/a/.profile": "settings", "crontab": "text", "/etc/crontab.gz": "text"} {
		if got := Detect(path, []byte("a b\n")); got != want {
			t.Errorf("%s is detected as %s", path, got)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("/etc/crontab", []byte("17 * * * * root x\\\n y\n"))
	f.Add("/root/.ssh/authorized_keys", []byte(`command="a\"" `+aKey))
	f.Fuzz(func(t *testing.T, path string, content []byte) {
		settingsOf(t, path, string(content), time.Time{})
	})
}
