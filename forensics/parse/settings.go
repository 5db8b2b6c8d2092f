package parse

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"path"
	"strings"
	"time"

	"firebreak/timeline"
)

// parseSettings reads the files by which a machine is told to run something, or
// to let somebody in: cron tables (crontab(5)), at jobs, authorized keys
// (sshd(8)), sudo rules (sudoers(5)), PAM rules (pam.d(5)), sshd_config(5),
// ld.so.preload (ld.so(8)), and the files that shells, init, udev and apt read.
//
// Each line that says something is an event; comments and blank lines are no
// records. Lines that end in a backslash go on in the next. A line has no time of
// its own: the event stands where the file was modified last, and is undated
// where that is not known. The lines of a script are told as they are: this
// reads no shell.
//
// Reference: crontab(5), sshd(8), sudoers(5), pam.d(5), sshd_config(5), ld.so(8).
func parseSettings(j *job, r *bufio.Reader) error {
	x := j.src.Exhibit
	p := &settings{j: j, path: settingsPath(x.Source), kind: settingsKind(x.Source)}
	if x.Kind == "linux.authorized_keys" { // sshd can be told to look anywhere
		p.kind = (*settings).sshKey
	}
	if p.kind == nil { // beside the others, but nothing runs by it
		return parseText(j, r)
	}
	p.owner = homeOf(p.path)
	if x.Before != nil && sane(x.Before.Modified) {
		p.modified = x.Before.Modified.UTC()
	}
	err := eachLine(j, r, p.line)
	if ferr := p.finish(); err == nil {
		err = ferr
	}
	return err
}

// maxSetting bounds a line that goes on in the next ones.
const maxSetting = 64 << 10

type settings struct {
	j           *job
	path, owner string
	modified    time.Time
	kind        func(*settings, *timeline.Event, string) bool
	whole       []byte // of a line that goes on
	at          int64
	going       bool
}

func (p *settings) line(ln line) error {
	text := bytes.TrimSpace(ln.text)
	if len(text) == 0 || !p.going && (text[0] == '#' || text[0] == ';') {
		return nil
	}
	if !p.going {
		p.at, p.whole = ln.offset, p.whole[:0]
	}
	before, more := bytes.CutSuffix(text, []byte(`\`))
	p.going = more && len(p.whole) < maxSetting && !ln.cut
	p.whole = append(p.whole, before...)
	if p.going {
		p.whole = append(p.whole, ' ')
		return nil
	}
	return p.finish()
}

// finish tells the line that is whole now.
func (p *settings) finish() error {
	if len(p.whole) == 0 {
		return nil
	}
	var e timeline.Event
	if len(p.whole) > maxSetting {
		p.whole = p.whole[:maxSetting]
		e.Attributes.Set(attrTruncated, "64 KiB")
	}
	text, escaped := clean(p.whole)
	if escaped {
		e.Attributes.Set(attrEncoding, "escaped")
	}
	p.whole, p.going = p.whole[:0], false
	e.Time, e.Precision, e.TimeKind = p.modified, timeline.Nanosecond, timeline.Modified
	e.Attributes.Set("path", p.path)
	if !p.kind(p, &e, text) {
		p.j.reject(p.at, []byte(text), "not a line of such a file")
		return nil
	}
	return p.j.add(p.at, e)
}

// cronTable reads "m h dom mon dow [user] command", "@reboot [user] command" and
// NAME=value.
func (p *settings) cronTable(e *timeline.Event, text string) bool {
	e.Source = "cron"
	user, own := p.owner, strings.Contains(p.path, "/spool/") || strings.HasPrefix(p.path, "/etc/crontabs/")
	if own {
		user = path.Base(p.path)
	}
	if name, _, ok := strings.Cut(text, "="); ok && !strings.ContainsAny(strings.TrimSpace(name), " \t*/,-@") {
		e.User = user
		e.Attributes.Set(attrCommand, text)
		e.Message = "cron setting in " + p.path + ": " + text
		return true
	}
	n := 5
	switch {
	case text[0] == '@':
		n = 1
	case path.Base(p.path) == "anacrontab":
		n = 3
	}
	schedule, rest, ok := cutFields(text, n)
	if !ok {
		return false
	}
	if !own && path.Base(p.path) != "anacrontab" {
		if user, rest, ok = cutFields(rest, 1); !ok {
			return false
		}
	}
	e.User = user
	e.Attributes.Set(attrCommand, rest)
	e.Attributes.Set("schedule", schedule)
	e.Message = "cron job in " + p.path + ": " + schedule + " " + rest
	if user != "" {
		e.Message = "cron job of " + user + " in " + p.path + ": " + schedule + " " + rest
	}
	return true
}

// sshKey reads "[options] type base64 [comment]".
func (p *settings) sshKey(e *timeline.Event, text string) bool {
	e.Source, e.User = "sshkey", p.owner
	kind, options := "", ""
	rest := text
	for rest != "" {
		var word string
		word, rest = cutQuoted(rest)
		if isKeyType(word) {
			kind = word
			break
		}
		options = strings.TrimSpace(options + " " + word)
	}
	if kind == "" {
		return false
	}
	body, comment, _ := cutFields(rest, 1)
	if body == "" {
		body, comment = strings.TrimSpace(rest), ""
	}
	blob, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(blob) == 0 {
		return false
	}
	sum := sha256.Sum256(blob)
	fingerprint := "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	e.Attributes.Set("fingerprint", fingerprint)
	e.Attributes.Set("key_type", kind)
	e.Message = "ssh key " + fingerprint + " may log in by " + p.path
	if comment != "" {
		e.Attributes.Set("title", comment)
		e.Message += " (" + comment + ")"
	}
	if options != "" {
		e.Attributes.Set("options", options)
		e.Message += ", with options " + options
	}
	return true
}

func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-sha2-") || strings.HasPrefix(word, "sk-ssh-") || strings.HasPrefix(word, "sk-ecdsa-")
}

func (p *settings) sudo(e *timeline.Event, text string) bool {
	e.Source = "sudo"
	if who, _, ok := cutFields(text, 1); ok && !strings.HasPrefix(who, "Defaults") && who[0] != '%' && !strings.HasSuffix(who, "_Alias") && who[0] != '@' {
		e.User = who
	}
	e.Attributes.Set(attrCommand, text)
	e.Message = "sudo rule in " + p.path + ": " + text
	return true
}

func (p *settings) pam(e *timeline.Event, text string) bool {
	e.Source = "pam"
	e.Attributes.Set(attrCommand, text)
	e.Attributes.Set("service", path.Base(p.path))
	for _, word := range strings.Fields(text) {
		if strings.HasSuffix(word, ".so") {
			e.Attributes.Set("module", word)
			break
		}
	}
	e.Message = "PAM rule in " + p.path + ": " + text
	return true
}

func (p *settings) sshd(e *timeline.Event, text string) bool {
	e.Source = "sshd"
	key, value, ok := cutFields(strings.Replace(text, "=", " ", 1), 1)
	if !ok {
		return false
	}
	e.Attributes.Set("key", key)
	e.Attributes.Set("value", value)
	e.Message = "ssh server setting in " + p.path + ": " + text
	return true
}

func (p *settings) startup(e *timeline.Event, text string) bool {
	e.Source, e.User = "startup", p.owner
	e.Attributes.Set(attrCommand, text)
	e.Message = "start-up line in " + p.path + ": " + text
	return true
}

// settingsPath is the path on the host that a source names, from its last part
// that a system has on: an archive's folders stand before it.
func settingsPath(source string) string {
	p := path.Clean("/" + strings.ReplaceAll(source, `\`, "/"))
	for _, top := range []string{"/etc/", "/var/spool/", "/root/", "/home/", "/var/www/"} {
		if i := strings.Index(p, top); i >= 0 {
			return p[i:]
		}
	}
	return p
}

// settingsKind says how a file of that path is read, nil where it is no setting.
func settingsKind(source string) func(*settings, *timeline.Event, string) bool {
	p := settingsPath(source)
	dir, base := path.Dir(p), path.Base(p)
	switch {
	case p == "/etc/crontab", p == "/etc/anacrontab", dir == "/etc/cron.d", dir == "/var/spool/cron", dir == "/var/spool/cron/crontabs",
		dir == "/var/spool/cron/tabs", dir == "/etc/crontabs":
		return (*settings).cronTable
	case strings.HasPrefix(base, "authorized_keys") && !strings.HasSuffix(base, ".pub"):
		return (*settings).sshKey
	case p == "/etc/sudoers", dir == "/etc/sudoers.d", p == "/etc/doas.conf":
		return (*settings).sudo
	case dir == "/etc/pam.d", p == "/etc/pam.conf":
		return (*settings).pam
	case p == "/etc/ssh/sshd_config", dir == "/etc/ssh/sshd_config.d":
		return (*settings).sshd
	case startupFile(p, dir, base):
		return (*settings).startup
	}
	return nil
}

// startupFile knows the files that run, or are read by what runs, by themselves.
func startupFile(p, dir, base string) bool {
	switch dir {
	case "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/cron.yearly", "/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/at/spool", "/var/spool/atjobs",
		"/etc/init.d", "/etc/profile.d", "/etc/zsh", "/etc/modules-load.d", "/etc/modprobe.d", "/etc/udev/rules.d", "/etc/update-motd.d",
		"/etc/xdg/autostart", "/etc/NetworkManager/dispatcher.d", "/etc/network/if-up.d", "/etc/network/if-pre-up.d", "/etc/X11/Xsession.d", "/etc/motd.d", "/etc/apt/apt.conf.d", "/etc/ld.so.conf.d":
		return base != "README"
	}
	switch p {
	case "/etc/ld.so.preload", "/etc/rc.local", "/etc/rc.d/rc.local", "/etc/inittab", "/etc/profile", "/etc/bash.bashrc", "/etc/bashrc",
		"/etc/zshenv", "/etc/environment", "/etc/ld.so.conf", "/etc/modules", "/etc/ssh/sshrc":
		return true
	}
	if homeOf(p) == "" {
		return false
	}
	switch base {
	case ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin",
		"config.fish", ".xprofile", ".xinitrc", ".xsession", ".pam_environment":
		return true
	case "rc", "environment":
		return path.Base(dir) == ".ssh"
	}
	return path.Base(dir) == "autostart"
}

func isSettings(name string, head []byte) bool {
	return settingsKind(name) != nil && bytes.IndexByte(head, 0) < 0
}

// cutFields cuts n words off a text; false where nothing comes behind them.
func cutFields(s string, n int) (head, rest string, ok bool) {
	s = strings.TrimSpace(s)
	at := 0
	for i := range n {
		end := strings.IndexAny(s[at:], " \t")
		if end < 0 {
			return "", "", false
		}
		at += end
		if i == n-1 {
			break
		}
		at += len(s[at:]) - len(strings.TrimLeft(s[at:], " \t"))
	}
	rest = strings.TrimSpace(s[at:])
	return strings.TrimSpace(s[:at]), rest, rest != ""
}

// cutQuoted cuts one word off; spaces in quotes are part of it.
func cutQuoted(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && (s[i] == ' ' || s[i] == '\t'):
			return s[:i], s[i:]
		}
	}
	return s, ""
}
