package forensics

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/forensics/profiles"
	"firebreak/record"
)

const secretMark = "not-to-be-taken"

// withheldFiles hold the mark, by what lifts their being withheld.
var withheldFiles = map[string][]string{
	"secrets": {
		"etc/shadow", "etc/shadow-", "etc/gshadow", "etc/security/opasswd", "etc/httpd/conf/.htpasswd", "var/backups/shadow.bak",
		"etc/ssh/ssh_host_ed25519_key", "root/.ssh/id_ed25519", "home/a/.ssh/deploy.pem", "home/a/.ssh/odd-name", "etc/letsencrypt/live/x/privkey.pem",
		"etc/nginx/tls/server.key", "etc/wireguard/wg0.conf", "etc/krb5.keytab",
		"root/.netrc", "home/a/.npmrc", "home/a/.docker/config.json", "home/a/.kube/config", "etc/kubernetes/admin.conf", "etc/rancher/k3s/k3s.yaml",
		"home/a/.aws/credentials", "home/a/.config/rclone/rclone.conf", "home/a/.config/filezilla/sitemanager.xml", "home/a/.local/share/keyrings/login.keyring",
		"home/a/.mozilla/firefox/p/logins.json", "home/a/.config/chromium/Default/Login Data", "home/a/.git-credentials",
		"etc/NetworkManager/system-connections/home.nmconnection", "etc/ppp/chap-secrets", "etc/mysql/debian.cnf", "var/lib/snapd/state.json",
		"var/lib/systemd/coredump/core.sshd.zst", "var/crash/_usr_bin_x.0.crash", "var/lib/waagent/ovf-env.xml",
	},
	"environment": {
		"var/lib/docker/containers/abc/config.v2.json", "var/lib/containers/storage/overlay-containers/abc/userdata/config.json",
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/abc/config.json", "var/www/html/.env",
	},
}

// What holds a secret is listed and not taken, whatever definition means it, until
// somebody asks.
func TestSecretsAreWithheld(t *testing.T) {
	files := map[string]string{
		"etc/hostname": "web-1\n", "etc/passwd": "root:x:0:0::/root:/bin/sh\na:" + secretMark + ":1000:1000::/home/a:/bin/sh\n", "home/a/.ssh/id_ed25519.pub": "ssh-ed25519 AAAA a@b\n",
		"home/a/.bash_history": "ls\n", "etc/nginx/nginx.conf": "user www;\n", "var/www/html/index.php": "<?php\n",
	}
	for _, list := range withheldFiles {
		for _, name := range list {
			files[name] = secretMark + " " + name
		}
	}
	files["home/a/.ssh/odd-name"] = "-----BEGIN OPENSSH PRIVATE KEY-----\r\n" + secretMark
	files["home/a/.ssh/config.d/key"] = "\n-----BEGIN RSA PRIVATE KEY-----\n" + secretMark
	root := image(t, files)
	if err := os.MkdirAll(filepath.Join(root, "tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	must(t, os.Link(filepath.Join(root, "etc/shadow"), filepath.Join(root, "tmp/x.sh"))) // another name of the same file
	everything, err := profiles.Parse("all.yaml", []byte("firebreak-profiles: 1\ncollectors:\n  - name: theirs\n    title: Everything\n    artefacts: [{paths: [\"/**/*\"]}]\n"+
		"profiles:\n  - {name: theirs, title: All, collectors: [theirs]}\nsecrets:\n  - {holds: our recipe, paths: [\"/etc/hostname\"]}\n"))
	must(t, err)
	ours, err := profiles.Builtin()
	must(t, err)

	marked := func(o Options) (sources []string, sum record.Collection) {
		l := newLocker(t)
		o.Root, o.Sink = root, l
		got, sum, err := take(t, o)
		must(t, err)
		for _, e := range got {
			if e.Format != FormatBodyfile && bytes.Contains(plain(t, l, e), []byte(secretMark)) {
				sources = append(sources, strings.TrimPrefix(e.Source, "/"))
			}
			if e.Source == "/etc/passwd" && !strings.Contains(strings.Join(e.Deviations, " "), "withheld") {
				t.Errorf("/etc/passwd: %q", e.Deviations)
			}
		}
		slices.Sort(sources)
		return sources, sum
	}
	all := append(slices.Clone(withheldFiles["secrets"]), withheldFiles["environment"]...)
	for _, o := range []Options{{Profile: "full"}, {Profile: "theirs", Profiles: ours.With(everything)}, {Profile: "container"}} {
		if got, _ := marked(o); got != nil {
			t.Errorf("%s took %q", o.Profile, got)
		}
	}
	_, sum := marked(Options{Profile: "theirs", Profiles: ours.With(everything)})
	for _, name := range append(all, "tmp/x.sh", "home/a/.ssh/config.d/key", "etc/hostname") {
		if why := refusedFor(sum, "/"+name); !strings.Contains(why, "listed, not taken unless --") && !strings.Contains(why, "the same file") {
			t.Errorf("%s: %q", name, why)
		}
	}
	// They are in the listing of files that are noted.
	l := newLocker(t)
	got, _, err := take(t, Options{Root: root, Sink: l, Profile: "theirs", Profiles: ours.With(everything)})
	must(t, err)
	i := slices.IndexFunc(got, func(e record.Exhibit) bool { return e.Format == FormatFiles })
	if i < 0 {
		t.Fatal("nothing is noted")
	}
	for _, name := range all {
		if !bytes.Contains(plain(t, l, got[i]), []byte(`"path":"/`+name+`"`)) {
			t.Errorf("%s is not noted", name)
		}
	}
	// Asked for by kind, and by name.
	theirs := Options{Profile: "theirs", Profiles: ours.With(everything), Environment: true}
	if got, _ := marked(theirs); !slices.Equal(got, slices.Sorted(slices.Values(withheldFiles["environment"]))) {
		t.Errorf("with --environment: %q", got)
	}
	theirs = Options{Profile: "theirs", Profiles: ours.With(everything), Secrets: true}
	asked, _ := marked(theirs)
	for _, name := range withheldFiles["secrets"] {
		if !slices.Contains(asked, name) && name != "etc/shadow" { // it is taken under its other name
			t.Errorf("with --secrets: %s is not taken", name)
		}
	}
	if slices.Contains(asked, "var/www/html/.env") {
		t.Error("with --secrets the environment is taken")
	}
	named := only("/etc/shadow", "/root/.netrc")
	if got, _ := marked(named); !slices.Equal(got, []string{"etc/shadow", "root/.netrc"}) {
		t.Errorf("by name: %q", got)
	}
}

// The built-in artefacts mean each kind of secret at least where people would look
// for it, so that it is listed: what is not met is not told of.
func TestSecretsAreListed(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{
		"home/a/.docker/config.json", "home/a/.kube/config", "root/.netrc", "etc/security/opasswd", "var/lib/docker/containers/abc/config.v2.json", "var/www/html/.env",
		"var/lib/systemd/coredump/core.x",
	} {
		files[name] = `{"x":"` + secretMark + `"}`
	}
	_, sum, err := take(t, Options{Root: image(t, files)})
	must(t, err)
	for name := range files {
		if why := refusedFor(sum, "/"+name); !strings.Contains(why, "listed, not taken unless --") {
			t.Errorf("%s: %q in %v", name, why, sum.Refused)
		}
	}
}

// A program that begins like a key is no key.
func TestProgramsAreNoKeys(t *testing.T) {
	w, err := newWithholding(&Options{})
	must(t, err)
	key := []byte("-----BEGIN PRIVATE KEY-----\nx")
	if w.begins(key, 0o644) == nil || w.begins(key, 0o755) != nil || w.begins([]byte("-----BEGIN CERTIFICATE-----\n"), 0o644) != nil {
		t.Error("keys are not told from programs")
	}
	if w, err = newWithholding(&Options{Secrets: true}); err != nil || w.begins(key, 0o644) != nil {
		t.Errorf("asked for and withheld (%v)", err)
	}
}
