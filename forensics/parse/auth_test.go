package parse

import (
	"net/netip"
	"testing"

	"firebreak/timeline"
)

func TestEnrich(t *testing.T) {
	tests := []struct {
		process, body      string
		source, user       string
		ip, outcome, extra string // extra is "name=value" of one more attribute
	}{
		{"sshd", "Accepted publickey for plaso from 192.168.0.1 port 59229 ssh2: RSA 00:aa", "auth", "plaso", "192.168.0.1", "success", "key=RSA 00:aa"},
		{"sshd", "Accepted password for plaso from 2001:db8::1 port 42532  ssh2", "auth", "plaso", "2001:db8::1", "success", "src_port=42532"},
		{"sshd", "Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2", "auth", "webmaster", "173.234.31.186", "failure", "invalid_user=true"},
		// a visitor's name may look like the rest of the line
		{"sshd", "Failed password for invalid user root from 10.0.0.1 port 22 from 6.6.6.6 port 5 ssh2", "auth", "root from 10.0.0.1 port 22", "6.6.6.6", "failure", "src_port=5"},
		{"sshd", "Invalid user webmaster from 173.234.31.186", "auth", "webmaster", "173.234.31.186", "failure", "action=login"},
		{"sshd", "Invalid user  from 1.2.3.4 port 5", "auth", "", "1.2.3.4", "failure", "src_port=5"},
		{"sshd", "input_userauth_request: invalid user webmaster [preauth]", "auth", "webmaster", "", "", "invalid_user=true"},
		{"sshd", "Connection from 188.124.3.41 port 32889", "auth", "", "188.124.3.41", "", "action=connect"},
		{"sshd", "Connection closed by invalid user ad min 1.2.3.4 port 5 [preauth]", "auth", "ad min", "1.2.3.4", "", "action=disconnect"},
		{"sshd", "Disconnected from user bob 1.2.3.4 port 5", "auth", "bob", "1.2.3.4", "", "src_port=5"},
		{"sshd", "Received disconnect from 1.2.3.4: 11: Bye Bye [preauth]", "auth", "", "1.2.3.4", "", "action=disconnect"},
		{"sshd", "Received disconnect from 1.2.3.4 port 7:11: Bye Bye [preauth]", "auth", "", "1.2.3.4", "", "src_port=7"},
		{"sshd", "Did not receive identification string from 1.2.3.4", "auth", "", "1.2.3.4", "", ""},
		{"sshd", "error: maximum authentication attempts exceeded for root from 1.2.3.4 port 5 ssh2 [preauth]", "auth", "root", "1.2.3.4", "failure", ""},
		{"sshd", "reverse mapping checking getaddrinfo for ns.example [173.234.31.186] failed - POSSIBLE BREAK-IN ATTEMPT!", "auth", "", "173.234.31.186", "", ""},
		{"sshd", "User git from 1.2.3.4 not allowed because not listed in AllowUsers", "auth", "git", "1.2.3.4", "failure", "reason=not listed in AllowUsers"},
		{"sshd", "message repeated 5 times: [ Failed password for root from 1.2.3.4 port 5 ssh2]", "auth", "root", "1.2.3.4", "failure", "repeated=5"},
		{"sshd", "PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=1.2.3.4  user=root", "auth", "root", "1.2.3.4", "failure", "action=auth"},
		{"sshd(pam_unix)", "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4 ", "auth", "", "218.188.2.4", "failure", ""},
		{"sshd(pam_unix)", "check pass; user unknown", "auth", "", "", "failure", "invalid_user=true"},
		{"sshd", "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)", "auth", "root", "", "", "action=session_open"},
		{"su(pam_unix)", "session opened for user cyrus by root(uid=0)", "auth", "cyrus", "", "", "by=root"},
		{"su(pam_unix)", "session closed for user cyrus", "auth", "cyrus", "", "", "action=session_close"},
		{"sudo", "  alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh -c id ; ls USER=x", "auth", "alice", "", "success", "command=/bin/sh -c id ; ls USER=x"},
		{"sudo", "alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls", "auth", "alice", "", "success", "target_user=root"},
		{"sudo", "eve : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/ls", "auth", "eve", "", "failure", "reason=user NOT in sudoers"},
		{"sudo", "pam_unix(sudo:auth): authentication failure; logname=a uid=1000 euid=0 tty=/dev/pts/0 ruser=alice rhost=  user=alice", "auth", "alice", "", "failure", "by=alice"},
		{"su", "(to root) alice on pts/1", "auth", "alice", "", "success", "target_user=root"},
		{"su", "FAILED SU (to root) alice on pts/1", "auth", "alice", "", "failure", "tty=pts/1"},
		{"su", "Successful su for root by alice", "auth", "alice", "", "success", "target_user=root"},
		{"su", "- /dev/pts/0 alice:root", "auth", "alice", "", "failure", "tty=/dev/pts/0"},
		{"CRON", "(root) CMD (touch /x)", "cron", "root", "", "", "command=touch /x"},
		{"/usr/sbin/cron", "(CRON) INFO (pidfile fd = 3)", "cron", "", "", "", ""},
		{"systemd-logind", "New session 5 of user root.", "auth", "root", "", "", "action=session_open"},
		{"login", "FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", "auth", "root", "", "failure", ""},
		{"useradd", "new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash", "auth", "", "", "", "target_user=bob"},
		{"usermod", "add 'bob' to group 'sudo'", "auth", "", "", "", "target_user=bob"},
		{"vsftpd", "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=1.2.3.4", "auth", "", "1.2.3.4", "failure", "by=x"},
		{"dovecot", "pam_unix(dovecot:auth): authentication failure; rhost=x ruser=y rhost=1.2.3.4", "auth", "", "", "failure", "src_host=x"},
		{"ftpd", "connection from 24.54.76.216 (24-54-76-216.example) at Fri Jun 17 07:07:00 2005", "syslog", "", "24.54.76.216", "", "action=connect"},
		{"kernel", "Accepted password for root from 1.2.3.4", "syslog", "", "", "", ""},
		{"sshd", "Failed", "auth", "", "", "", ""},
		{"sshd-session", "Accepted publickey for bob from 1.2.3.4 port 5 ssh2: ED25519 SHA256:abc", "auth", "bob", "1.2.3.4", "success", "key=ED25519 SHA256:abc"},
		{"sshd-session", "Connection reset by authenticating user root 1.2.3.4 port 5 [preauth]", "auth", "root", "1.2.3.4", "", "action=disconnect"},
		{"sshd", "banner exchange: Connection from 1.2.3.4 port 5: invalid format", "auth", "", "1.2.3.4", "", "src_port=5"},
		{"sshd-session", "Starting session: shell on pts/0 for bob from 1.2.3.4 port 5 id 0", "auth", "bob", "1.2.3.4", "", "action=session_open"},
		{"sshd-session", "Close session: user bob from 1.2.3.4 port 5 id 0", "auth", "bob", "1.2.3.4", "", "action=session_close"},
		{"sshd", "drop connection #10 from [1.2.3.4]:5 on [10.0.0.1]:22 past MaxStartups", "auth", "", "1.2.3.4", "", "src_port=5"},
		{"sshd", "Timeout before authentication for connection from 1.2.3.4 to 10.0.0.1, pid = 7", "auth", "", "1.2.3.4", "", ""},
		{"sshd", "fatal: Timeout before authentication for 1.2.3.4 port 5", "auth", "", "1.2.3.4", "", "src_port=5"},
		{"sshd", "Unable to negotiate with 1.2.3.4 port 5: no matching host key type found. Their offer: ssh-rsa [preauth]", "auth", "", "1.2.3.4", "", "src_port=5"},
		{"sshd", "error: PAM: Authentication failure for root from 1.2.3.4", "auth", "root", "1.2.3.4", "failure", "action=login"},
		{"sshd", "error: PAM: Authentication failure for illegal user x from 1.2.3.4", "auth", "x", "1.2.3.4", "failure", "invalid_user=true"},
		{"sshd", "ROOT LOGIN REFUSED FROM 1.2.3.4 port 5", "auth", "root", "1.2.3.4", "failure", "src_port=5"},
		{"systemd-logind", "New session '5' of user 'root' with class 'user' and type 'tty'.", "auth", "root", "", "", "action=session_open"},
		{"systemd-logind", "Session 5 logged out. Waiting for processes to exit.", "auth", "", "", "", "action=logout"},
		{"sudo", "bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls", "auth", "bob", "", "failure", "reason=3 incorrect password attempts"},
		{"pkexec", "bob: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/home/bob] [COMMAND=/usr/bin/id -u]", "auth", "bob", "", "success", "command=/usr/bin/id -u"},
		{"crontab", "(bob) REPLACE (root)", "cron", "bob", "", "", "target_user=root"},
		{"userdel", "delete user 'bob'", "auth", "", "", "", "change=delete"},
		{"useradd", "new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash, from=/dev/pts/0", "auth", "", "", "", "change=create"},
		{"systemd", "Started apt-daily.timer - Daily apt download activities.", "syslog", "", "", "", "unit=apt-daily.timer"},
		{"systemd", "Failed to start evil.service - Evil.", "syslog", "", "", "failure", "unit=evil.service"},
		{"kernel", "[997.390602] [UFW BLOCK] IN=eth0 OUT= MAC=00:01 SRC=1.2.3.4 DST=10.0.0.5 LEN=40 PROTO=TCP SPT=5 DPT=22 SYN URGP=0", "network", "", "1.2.3.4", "failure", "dst_port=22"},
		{"kernel", "IN=eth0 OUT=eth1 SRC=2001:0db8:0000:0000:0000:0000:0000:0001 DST=2001:0db8:0000:0000:0000:0000:0000:0002 PROTO=UDP SPT=5 DPT=53", "network", "", "2001:db8::1", "", "interface_out=eth1"},
		{"haproxy", `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"`, "web", "", "10.0.1.2", "", "url=/index.html"},
		{"haproxy", "10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", "network", "", "10.0.1.2", "", "bytes=212"},
		{"postfix/smtpd", "connect from unknown[1.2.3.4]", "mail", "", "1.2.3.4", "", "action=connect"},
		{"postfix/smtpd", "warning: unknown[1.2.3.4]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=bob", "mail", "bob", "1.2.3.4", "failure", "action=login"},
		{"postfix/smtpd", "4XyZ1a2b3c: client=mx.example[1.2.3.4], sasl_method=PLAIN, sasl_username=bob", "mail", "bob", "1.2.3.4", "success", "message_id=4XyZ1a2b3c"},
		{"postfix/smtp", "4XyZ1a2b3c: to=<eve@evil.example>, relay=mx[5.6.7.8]:25, delay=1, dsn=2.0.0, status=sent (250 ok)", "mail", "", "", "success", "recipient=eve@evil.example"},
		{"dovecot", "imap-login: Login: user=<bob>, method=PLAIN, rip=1.2.3.4, lip=10.0.0.1, mpid=7, TLS, session=<x>", "mail", "bob", "1.2.3.4", "success", "dst_ip=10.0.0.1"},
		{"dovecot", "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<bob>, method=PLAIN, rip=1.2.3.4, lip=10.0.0.1", "mail", "bob", "1.2.3.4", "failure", "method=PLAIN"},
		{"sudo", " : COMMAND=", "auth", "", "", "", ""},
	}
	for _, tt := range tests {
		e := timeline.Event{Source: "syslog", Attributes: nil}
		enrich(&e, tt.process, tt.body)
		a := e.Attributes
		if e.Source != tt.source || e.User != tt.user || a.Get("src_ip") != tt.ip || a.Get("outcome") != tt.outcome {
			t.Errorf("%s: %s\n got %q %q %q %q %q", tt.process, tt.body, e.Source, e.User, a.Get("src_ip"), a.Get("outcome"), a)
		}
		for i := range tt.extra {
			if tt.extra[i] == '=' {
				if got := a.Get(tt.extra[:i]); got != tt.extra[i+1:] {
					t.Errorf("%s: %s\n %s is %q", tt.process, tt.body, tt.extra[:i], got)
				}
				break
			}
		}
	}
}

func FuzzEnrich(f *testing.F) {
	for _, p := range []string{"sshd", "sudo", "su", "CRON", "login", "useradd", "systemd-logind", "systemd", "pkexec", "kernel", "haproxy", "postfix/smtpd", "dovecot", "ftpd", "x"} {
		f.Add(p, "message repeated 2 times: [ Failed password for a from b port c]")
		f.Add(p, "pam_unix(a:b): authentication failure; rhost=a user=b")
		f.Add(p, "reverse mapping checking getaddrinfo for x ]1[ failed")
		f.Add(p, "Connection closed by user  port ")
	}
	f.Fuzz(func(_ *testing.T, process, body string) {
		e := timeline.Event{Attributes: nil}
		enrich(&e, process, body)
	})
}

func TestIsIPv4(t *testing.T) {
	for _, s := range []string{"1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1.2.3.", ".1.2.3", "a.b.c.d", "00.1.1.1", "1.2.3.4 ", "999"} {
		_, err := netip.ParseAddr(s)
		if isIPv4(s) != (err == nil) {
			t.Errorf("%q: %v, netip says %v", s, isIPv4(s), err)
		}
	}
}
