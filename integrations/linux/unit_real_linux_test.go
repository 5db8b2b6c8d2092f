package linux

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"firebreak/integrations"
)

// startSystemd starts a real systemd, as the manager of a user's services: it needs
// not be the first process. What is called systemctl asks it.
func startSystemd(t *testing.T) {
	t.Helper()
	const systemd, own = "/lib/systemd/systemd", "/etc/systemd/system/own"
	if _, err := os.Stat(systemd); err != nil {
		t.Skip("needs systemd (Debian package systemd)")
	}
	ownEtc(t)
	must(t, syscall.Mount("firebreak", "/run", "tmpfs", 0, "mode=755"))
	for _, dir := range []string{"/run/systemd/system", "/run/user", "/run/data/systemd/user", own + "/systemd/user"} {
		must(t, os.MkdirAll(dir, 0o700))
	}
	service := []byte("[Service]\nExecStart=/bin/sleep 300\n[Install]\nWantedBy=default.target\n")
	must(t, os.WriteFile("/run/data/systemd/user/fb-vendor.service", service, 0o644))
	must(t, os.WriteFile(own+"/systemd/user/fb-own.service", service, 0o644))
	program, err := os.ReadFile("/usr/bin/systemctl")
	must(t, err)
	must(t, os.WriteFile("/run/systemctl", program, 0o755))
	must(t, os.WriteFile("/run/wrapper", []byte("#!/bin/sh\nexport XDG_RUNTIME_DIR=/run/user\nexec /run/systemctl --user \"$@\"\n"), 0o755))
	must(t, syscall.Mount("/run/wrapper", "/usr/bin/systemctl", "", syscall.MS_BIND, ""))
	c := exec.Command(systemd, "--user", "--unit=basic.target", "--log-target=console", "--log-level=warning")
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/run", "XDG_RUNTIME_DIR=/run/user", "XDG_CONFIG_HOME=" + own, "XDG_DATA_HOME=/run/data"}
	var said strings.Builder
	c.Stdout, c.Stderr = &said, &said
	must(t, c.Start())
	gone := make(chan error, 1)
	go func() { gone <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		if <-gone == nil {
			t.Error("it was not killed")
		}
		if t.Failed() {
			t.Log(said.String())
		}
	})
	eventually(t, func() bool {
		select {
		case err := <-gone:
			gone <- err
			t.Skipf("systemd does not run here: %v: %s", err, said.String())
		default:
		}
		return exec.Command("/usr/bin/systemctl", "show", "--property=Version").Run() == nil
	})
}

// TestUnitsReally stops real units for good and makes them what they were.
func TestUnitsReally(t *testing.T) {
	if !apart(t) {
		return
	}
	startSystemd(t)
	ask := func(words ...string) string {
		out, err := exec.Command("/usr/bin/systemctl", words...).CombinedOutput()
		_ = err // it fails where the answer is no
		return strings.TrimSpace(string(out))
	}
	as := thisHost(t, nil)
	for _, unit := range []string{"fb-vendor.service", "fb-own.service"} {
		for _, was := range []struct {
			runs, enabled bool
		}{{true, true}, {true, false}, {false, true}} {
			if was.enabled {
				ask("enable", unit)
			}
			if was.runs {
				ask("start", unit)
			}
			show := func() string {
				return ask("show", "--property=LoadState,ActiveState,UnitFileState", "--", unit)
			}
			before := show()
			p, r := do(t, as, integrations.Call{Action: "linux.unit.stop", Connection: "host", Key: "k1", Params: map[string]any{"unit": unit}})
			if p.Unchanged || ask("is-active", unit) == "active" {
				t.Errorf("%s: %+v: plan %+v", unit, was, p)
			}
			started := ask("start", unit)
			if unit == "fb-vendor.service" && !strings.Contains(started, "masked") {
				t.Errorf("it can be started: %s", started)
			}
			if unit == "fb-own.service" && !strings.Contains(strings.Join(p.Warnings, "\n"), "linux.file.quarantine path=/etc/systemd/system/own/systemd/user/fb-own.service") {
				t.Errorf("the plan does not say that it can be started: %v", p.Warnings)
			}
			ask("stop", unit)
			undone(t, as, p, r)
			if after := show(); after != before {
				t.Errorf("%s: it was\n%s\nand is\n%s", unit, before, after)
			}
			ask("stop", unit)
			ask("disable", unit)
		}
	}
	for unit, says := range map[string]string{"nowhere.service": "does not know", "sshd.service": "stands on it", "systemd-logind.service": "stands on it"} {
		_, err := as["linux.unit.stop"].Prior(t.Context(), integrations.Call{Params: map[string]any{"unit": unit}})
		wantRejected(t, err, says)
	}
}

// TestNoSystemd: a host without systemd says so.
func TestNoSystemd(t *testing.T) {
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		t.Skip("this host runs systemd")
	}
	if _, err := find("systemctl"); err != nil {
		t.Skip("needs the program systemctl (Debian package systemd)")
	}
	as := thisHost(t, nil)
	_, err := as["linux.unit.stop"].Prior(t.Context(), integrations.Call{Params: map[string]any{"unit": "cron.service"}})
	wantRejected(t, err, "does not run systemd")
}
