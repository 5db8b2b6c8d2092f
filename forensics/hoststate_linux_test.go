package forensics

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// of runs one collector on an image made of files and returns its lines.
func of[T any](t *testing.T, root, collector, format string, limits Limits) []T {
	t.Helper()
	l := newLocker(t)
	got, sum, err := take(t, Options{Collectors: []string{collector}, Sink: l, Root: root, Limits: limits})
	must(t, err)
	for _, e := range got {
		if e.Format == format {
			return lines[T](t, plain(t, l, e))
		}
	}
	t.Fatalf("no %s among %d exhibits; refused: %+v", format, len(got), sum.Refused)
	return nil
}

// rooted makes an image of files; a name that ends in * is executable.
func rooted(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		mode := os.FileMode(0o644)
		if n, ok := strings.CutSuffix(name, "*"); ok {
			name, mode = n, 0o755
		}
		p := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(p), 0o755))
		must(t, os.WriteFile(p, []byte(text), mode))
	}
	return root
}

// A program that never had a name on the disk, started with a library that it did
// not ask for.
func TestMemoryOnlyProcess(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	fd, err := unix.MemfdCreate("kworker", 0)
	if err != nil {
		t.Skipf("memfd: %v", err)
	}
	f := os.NewFile(uintptr(fd), "memfd")
	defer func() { must(t, f.Close()) }()
	_, err = f.Write(slurp(t, sh))
	must(t, err)
	c := exec.Command(fmt.Sprintf("/proc/self/fd/%d", fd), "-c", "read x")
	c.Env = []string{"LD_LIBRARY_PATH=/tmp/\xffodd", "FIREBREAK_TEST_SECRET=hunter2hunter2"}
	_, err = c.StdinPipe()
	must(t, err)
	if err := c.Start(); err != nil {
		t.Skipf("start: %v", err)
	}
	t.Cleanup(func() {
		must(t, c.Process.Kill())
		_ = c.Wait() // killed: it has an error
	})
	l := newLocker(t)
	got, _, err := take(t, Options{Collectors: []string{"linux.processes"}, Sink: l})
	must(t, err)
	if b := plain(t, l, got[0]); len(got) != 1 || bytes.Contains(b, []byte("hunter2hunter2")) {
		t.Error("an environment was copied")
	}
	found := false
	for _, p := range lines[Process](t, plain(t, l, got[0])) {
		if p.PID == c.Process.Pid {
			found = p.Memfd && p.Deleted && p.ExeSHA256 == sha(t, sh) && len(p.Loader) == 1 && strings.HasPrefix(p.Loader[0], "LD_LIBRARY_PATH=/tmp/") && len(p.Raw["loader"]) > 0
		}
	}
	if !found {
		t.Error("not seen for what it is")
	}
	got, _, err = take(t, Options{Collectors: []string{"linux.processes"}, Sink: l, Environment: true})
	must(t, err)
	if len(got) != 2 || got[1].Format != FormatEnvironment || !bytes.Contains(plain(t, l, got[1]), []byte("FIREBREAK_TEST_SECRET=hunter2hunter2")) {
		t.Error("the environment was asked for")
	}
	found = false
	for _, o := range live[OpenFile](t, "linux.openfiles") {
		found = found || o.PID == c.Process.Pid && o.FD == -1 && slices.Contains(o.Why, "memfd")
	}
	if !found {
		t.Error("its mapping was not seen")
	}
}

// Memory that is written and then run is how code gets into a process.
func TestWritableExecutable(t *testing.T) {
	m, err := unix.Mmap(-1, 0, 8192, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Skipf("memory that is both: %v", err)
	}
	defer func() { must(t, unix.Munmap(m)) }()
	for _, o := range live[OpenFile](t, "linux.openfiles") {
		if o.PID == os.Getpid() && slices.Contains(o.Why, "writable+executable") && o.Size >= 8192 && o.Mapped == "rwxp" {
			return
		}
	}
	t.Error("not seen")
}

func TestKernel(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range live[Setting](t, "linux.kernel") {
		seen[s.Kind+" "+s.Name] = true
	}
	if !seen["sysctl kernel.core_pattern"] || !seen["security cmdline"] {
		t.Errorf("%v", seen)
	}
	for value, odd := range map[string]bool{"core": false, "|/usr/lib/systemd/systemd-coredump %P": false, "|/tmp/x %p": true} {
		if got := sysctls()[0].odd(value) != ""; got != odd {
			t.Errorf("core_pattern %q: %v", value, got)
		}
	}
	if err := unix.Access("/dev/kmsg", unix.R_OK); err != nil {
		t.Skipf("the kernel's log: %v", err)
	}
	last := uint64(0)
	for i, m := range live[KernelMessage](t, "linux.kmsg") {
		if i > 0 && m.Seq <= last || m.Priority == "" || m.Time.After(time.Now()) {
			t.Errorf("%+v", m)
		}
		last = m.Seq
	}
}

func TestKmsg(t *testing.T) {
	m, ok := parseKmsg("30,12,5000001,-,caller=T1;eth0: \\x1b[31mlink\n SUBSYSTEM=net\n DEVICE=n2\n")
	if !ok || m.Priority != "info" || m.Facility != 3 || m.Seq != 12 || m.Since != 5000001 || m.Text != "eth0: \x1b[31mlink" || m.Device != "n2" {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{"", "x;y", "1,2,3;y", "a,2,3,-;y"} {
		if _, ok := parseKmsg(bad); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestContainerState(t *testing.T) {
	id := strings.Repeat("ab", 32)
	pod := strings.Repeat("cd", 32)
	root := rooted(t, map[string]string{
		"var/lib/docker/containers/" + id + "/config.v2.json": `{"ID":"` + id + `","Created":"2026-11-01T10:00:00Z","Path":"/bin/sh","Args":["-c","x"],"Name":"/miner","Image":"sha256:1",` +
			`"State":{"Running":true,"Pid":77,"StartedAt":"2026-11-02T10:00:00Z"},"Config":{"Image":"alpine:3","Env":["TOKEN=hunter2hunter2"]},` +
			`"MountPoints":{"/host":{"Source":"/","Destination":"/host","RW":true}}}`,
		"var/lib/docker/containers/" + id + "/hostconfig.json":                        `{"Privileged":true,"NetworkMode":"host","PidMode":"host","CapAdd":["SYS_ADMIN"],"RestartPolicy":{"Name":"always"},"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]}}`,
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/" + pod + "/config.json": `{"process":{"args":["nginx"],"env":["P=hunter2hunter2"],"capabilities":{"bounding":["CAP_CHOWN"]}},"mounts":[{"destination":"/s","type":"bind","source":"/run/containerd/containerd.sock","options":["rbind","ro"]}],"linux":{"namespaces":[{"type":"pid"},{"type":"network"}]},"annotations":{"io.kubernetes.cri.container-name":"web","io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"prod","io.kubernetes.cri.image-name":"nginx:1"}}`,
		"var/lib/containers/storage/overlay-containers/containers.json":               `[{"id":"p1","names":["db"],"image":"img","created":"2026-01-02T03:04:05Z","metadata":"{\"image-name\":\"postgres:16\"}"}]`,
		"var/lib/lxc/old/config":                                      "lxc.mount.entry = /etc etc none bind 0 0\n",
		"var/lib/docker/containers/broken/config.v2.json":             "{",
		"var/lib/kubelet/pods/u-1/containers/web/0":                   "",
		"var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/tok/x": "",
	})
	l := newLocker(t)
	got, sum, err := take(t, Options{Collectors: []string{"linux.containers.state"}, Sink: l, Root: root})
	must(t, err)
	b := plain(t, l, got[0])
	if bytes.Contains(b, []byte("hunter2")) {
		t.Error("a container's environment was copied")
	}
	found := map[string]Container{}
	for _, k := range lines[Container](t, b) {
		found[k.ID] = k
	}
	d := found[id]
	if d.Name != "miner" || d.Image != "alpine:3" || d.PID != 77 || !d.Privileged || d.State != "running" || strings.Join(d.Command, " ") != "/bin/sh -c x" || d.Restart != "always" ||
		strings.Join(d.Ports, "") != ":8080->80/tcp" || strings.Join(d.Why, ",") != "privileged,the host's network,the host's processes,capability sys_admin,mounts the host's /" {
		t.Errorf("docker: %+v", d)
	}
	if k := found[pod]; k.Runtime != "containerd" || k.Pod != "web-0" || k.Namespace != "prod" || k.Image != "nginx:1" || strings.Join(k.Why, "") != "the runtime's socket /run/containerd/containerd.sock" {
		t.Errorf("containerd: %+v", k)
	}
	if k := found["p1"]; k.Name != "db" || k.Image != "postgres:16" || k.Created.Year() != 2026 {
		t.Errorf("podman: %+v", k)
	}
	if k := found["lxc old"]; strings.Join(k.Why, "") != "mounts the host's /etc" {
		t.Errorf("lxc: %+v", k)
	}
	if k := found["u-1"]; k.Name != "web" || strings.Join(k.Mounts, "") != "kubernetes.io/secret:tok" {
		t.Errorf("kubelet: %+v", k)
	}
	if r := refusedFor(sum, "/var/lib/docker/containers/broken/config.v2.json"); r == "" {
		t.Errorf("the broken one is not listed: %+v", sum.Refused)
	}
}

func TestTimers(t *testing.T) {
	root := rooted(t, map[string]string{
		"etc/systemd/system/a.timer":              "[Timer]\nOnCalendar=daily\nUnit=b.service\n",
		"etc/systemd/system/b.service":            "[Service]\nExecStart=/tmp/x\n",
		"var/lib/systemd/timers/stamp-a.timer":    "",
		"var/lib/systemd/timers/stamp-gone.timer": "",
	})
	ran := time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chtimes(filepath.Join(root, "var/lib/systemd/timers/stamp-a.timer"), ran, ran))
	found := map[string]Timer{}
	for _, x := range of[Timer](t, root, "linux.timers", FormatTimers, Limits{}) {
		found[x.Name] = x
	}
	if a := found["a.timer"]; !a.Last.Equal(ran) || a.Unit != "b.service" || strings.Join(a.Exec, "") != "ExecStart=/tmp/x" || strings.Join(a.Schedule, "") != "OnCalendar=daily" || a.Next.IsZero() {
		t.Errorf("%+v", a)
	}
	if g := found["gone.timer"]; g.Why == "" || g.Last.IsZero() {
		t.Errorf("%+v", g)
	}
	now := time.Date(2026, 11, 28, 3, 15, 0, 0, time.UTC) // a Saturday
	for schedule, want := range map[string]string{"hourly": "2026-11-28T04:00", "daily": "2026-11-29T00:00", "weekly": "2026-11-30T00:00", "monthly": "2026-12-01T00:00", "Mon *-*-* 06:00": ""} {
		got, ok := nextOf([]string{"OnCalendar=" + schedule}, now)
		if ok != (want != "") || ok && got.Format("2006-01-02T15:04") != want {
			t.Errorf("%s: %v", schedule, got)
		}
	}
}

// packaged makes an image of dpkg with a good, a changed, a missing and an
// unowned file.
func packagedImage(t *testing.T) string {
	t.Helper()
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	root := rooted(t, map[string]string{
		"usr/bin/good*": "good", "usr/bin/bad*": "backdoor", "usr/bin/dropped*": "dropped", "usr/bin/notes": "no program",
		"etc/tool.conf": "edited", "usr/bin/moved.real*": "moved",
		"var/lib/dpkg/status": "Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\nConffiles:\n /etc/tool.conf " + sum("shipped") + "\n /etc/old " + sum("x") + " obsolete\nDescription: x\n\n" +
			"Package: other\nArchitecture: all\nVersion: 2\n",
		"var/lib/dpkg/info/tool:amd64.list":    "/.\n/bin\n/bin/good\n/usr/bin/bad\n/usr/bin/absent\n/etc/tool.conf\n/usr/bin/moved\n",
		"var/lib/dpkg/info/tool:amd64.md5sums": sum("good") + "  bin/good\n" + sum("fine") + "  usr/bin/bad\n" + sum("x") + "  usr/bin/absent\n" + sum("moved") + "  usr/bin/moved\n",
		"var/lib/dpkg/info/purged.list":        "/usr/bin/dropped\n",
		"var/lib/dpkg/diversions":              "/usr/bin/moved\n/usr/bin/moved.real\nother\n",
	})
	must(t, os.Symlink("usr/bin", filepath.Join(root, "bin")))
	return root
}

func TestVerify(t *testing.T) {
	found := map[string]PackageFile{}
	for _, p := range of[PackageFile](t, packagedImage(t), "linux.verify", FormatPackageFile, Limits{}) {
		found[p.Finding+" "+p.Path] = p
	}
	bad := found["changed /usr/bin/bad"]
	if bad.Package != "tool" || bad.Version != "1.2-3" || bad.Conffile || bad.MD5 != fmt.Sprintf("%x", md5.Sum([]byte("backdoor"))) {
		t.Errorf("%+v", bad)
	}
	if c := found["changed /etc/tool.conf"]; !c.Conffile {
		t.Errorf("%+v", c)
	}
	if found["missing /usr/bin/absent"].Package != "tool" || found["unowned /usr/bin/dropped"].SHA256 == "" {
		t.Errorf("%+v", found)
	}
	if s := found["summary /"]; s.Checked != 4 || s.Packages != 2 || s.Unread != 0 {
		t.Errorf("%+v", s)
	}
	if len(found) != 5 {
		t.Errorf("%d findings: %+v", len(found), found)
	}
	for _, p := range of[PackageFile](t, packagedImage(t), "linux.verify", FormatPackageFile, Limits{Verify: 10}) {
		if p.Finding == "summary" && p.Unread == 0 {
			t.Errorf("a budget of ten bytes: %+v", p)
		}
	}
}

func TestVerifyApk(t *testing.T) {
	q := func(s string) string {
		sum := sha1.Sum([]byte(s))
		return "Z:Q1" + base64.StdEncoding.EncodeToString(sum[:])
	}
	root := rooted(t, map[string]string{
		"usr/bin/good*": "good", "usr/bin/bad*": "backdoor", "usr/bin/dropped*": "x",
		"lib/apk/db/installed": "P:tool\nV:1-r0\nF:usr/bin\nR:good\na:0:0:755\n" + q("good") + "\nR:bad\n" + q("fine") + "\nR:nosum\n\n",
	})
	var got []string
	for _, p := range of[PackageFile](t, root, "linux.verify", FormatPackageFile, Limits{}) {
		got = append(got, p.Finding+" "+p.Path+" "+p.Package)
	}
	slices.Sort(got)
	if s := strings.Join(got, ";"); s != "changed /usr/bin/bad tool;summary / ;unowned /usr/bin/dropped " {
		t.Error(s)
	}
}
