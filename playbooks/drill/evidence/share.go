package evidence

import (
	"fmt"
	"strconv"
	"time"
)

// What is hidden on the file server, in the order in which it happened.
var shareFindings = []string{"foreign-login", "browsing", "theft", "snapshots-gone", "encryption", "ransom-note"} //nolint:gochecknoglobals // a table

const (
	shareLogin = iota + 1
	shareBrowsing
	shareTheft
	shareSnapshots
	shareEncryption
	shareNote
)

type shareStory struct {
	host, account, station, away, suffix string
	begin, end                           time.Time
	login, theft, snapshots, burst       time.Time
}

// fileServer is a Samba server whose audit module writes down who opened,
// renamed and removed what; and one account that renames everything.
func fileServer(p Params) []File {
	d := Dice(p.Seed, p.Set+" story")
	s := shareStory{
		host: p.Host, account: p.get("account", "hkranz"), station: p.get("station", "10.20.4.77"), away: p.get("attacker", "203.0.113.66"), suffix: p.get("suffix", "lock1"),
		begin: p.When.Add(-30 * time.Hour), end: p.When.Add(6 * time.Minute),
	}
	s.login = p.When.Add(-7*time.Hour - d.within(30*time.Minute))
	s.theft = s.login.Add(90*time.Minute + d.within(20*time.Minute))
	s.snapshots = p.When.Add(-24*time.Minute - d.within(3*time.Minute))
	s.burst = p.When.Add(-16*time.Minute - d.within(2*time.Minute))
	auth, sys := p.Events*4/100, p.Events*4/100
	write := func(_ *dice, l line, b []byte) []byte { return syslogLine(l, b) }
	return []File{
		{Name: "samba-audit.log", Source: "/var/log/samba/audit.log", Parser: "syslog", lines: s.audit(Dice(p.Seed, p.Set+" audit"), p.Events-auth-sys), write: write, seed: d},
		{Name: "auth.log", Source: "/var/log/auth.log", lines: s.auth(Dice(p.Seed, p.Set+" auth"), auth), write: write, seed: d},
		{Name: "syslog", Source: "/var/log/syslog", lines: s.system(Dice(p.Seed, p.Set+" syslog"), sys), write: write, seed: d},
	}
}

func (s shareStory) said(at time.Time, finding uint8, tag, format string, args ...any) line {
	return line{at: at, finding: finding, text: s.host + " " + tag + ": " + fmt.Sprintf(format, args...)}
}

var (
	shareNames   = []string{"finance", "projects", "sales", "hr", "public"}                                                                                                            //nolint:gochecknoglobals // a table
	sharePeople  = []string{"amoreau", "bsingh", "cwest", "dlopez", "efarkas", "fyamada", "gnowak", "hkranz", "ibauer", "jokafor", "kmeier", "lrossi", "mdubois", "nhansen", "opetit"} //nolint:gochecknoglobals // a table
	shareFolders = []string{"2023", "2024", "2025", "2026", "drafts", "contracts", "offers", "archive", "team"}                                                                        //nolint:gochecknoglobals // a table
	shareFiles   = []string{"budget", "plan", "minutes", "offer", "invoice", "report", "list", "drawing", "letter"}                                                                    //nolint:gochecknoglobals // a table
	shareKinds   = []string{"docx", "xlsx", "pdf", "pptx", "dwg", "csv"}                                                                                                               //nolint:gochecknoglobals // a table
)

func sharePath(d *dice) string {
	return pick(d, shareFolders) + "/" + pick(d, shareFiles) + "-" + strconv.Itoa(d.between(1, 900)) + "." + pick(d, shareKinds)
}

// audit are lines of Samba's full_audit: user|address|share|operation|result|path.
func (s shareStory) audit(d *dice, n int) []line {
	op := func(at time.Time, finding uint8, who, from, share, what string) line {
		return s.said(at, finding, "smbd_audit["+strconv.Itoa(2000+len(who)*37+len(share))+"]", "ACME\\%s|%s|%s|%s", who, from, share, what)
	}
	var out []line
	at := s.login.Add(3 * time.Minute)
	for _, share := range shareNames { // every share, one after the other, in a minute
		out = append(out, op(at, shareBrowsing, s.account, s.station, share, "connect|ok|"+share))
		for range 4 {
			out = append(out, op(at.Add(d.within(10*time.Second)), shareBrowsing, s.account, s.station, share, "opendir|ok|"+pick(d, shareFolders)))
		}
		at = at.Add(12 * time.Second)
	}
	at = s.theft
	for range 120 {
		out = append(out, op(at, shareTheft, s.account, s.station, pick(d, []string{"finance", "hr"}), "pread_done|ok|"+sharePath(d)))
		at = at.Add(time.Second + d.within(8*time.Second))
	}
	at = s.burst
	burst := min(n*12/100, 6000)
	for i := range burst {
		share, path := shareNames[i*len(shareNames)/burst], sharePath(d)
		out = append(out, op(at, shareEncryption, s.account, s.station, share, "renameat|ok|"+path+"|"+path+"."+s.suffix))
		if i%(burst/20+1) == 0 {
			out = append(out, op(at.Add(30*time.Millisecond), shareNote, s.account, s.station, share, "create_file|ok|0x12019f|file|overwrite_if|"+pick(d, shareFolders)+"/HOW_TO_GET_FILES_BACK.txt"))
		}
		at = at.Add(d.within(2 * s.end.Sub(s.burst) / time.Duration(burst)))
	}
	for len(out) < n {
		who := pick(d, sharePeople)
		from := "10.20.4." + strconv.Itoa(20+len(who)*7+int(who[0])%30)
		at, share := busy(d, s.begin, s.burst), pick(d, shareNames)
		for range d.between(1, 12) {
			path := sharePath(d)
			what := pick(d, []string{"pread_done|ok|", "pread_done|ok|", "pwrite_done|ok|", "opendir|ok|", "create_file|ok|0x120089|file|open|"}) + path
			switch {
			case d.chance(40): // as office programs save: a temporary name, then its own
				what = "renameat|ok|" + path + ".tmp|" + path
			case d.chance(90):
				what = "unlinkat|ok|" + path
			case d.chance(70):
				what = "create_file|fail (Permission denied)|0x120089|file|open|" + path
			}
			out = append(out, op(at, 0, who, from, share, what))
			at = at.Add(d.within(40 * time.Second))
		}
	}
	return out[:n]
}

func (s shareStory) auth(d *dice, n int) []line {
	pid := func() string { return strconv.Itoa(d.between(900, 60000)) }
	out := []line{
		s.said(s.login, shareLogin, "openvpn["+pid()+"]", "%s/%s:%d peer info: IV_PLAT=linux", s.account, s.away, d.between(30000, 60000)),
		s.said(s.login.Add(time.Second), shareLogin, "openvpn["+pid()+"]", "%s/%s MULTI: primary virtual IP for %s: %s", s.account, s.away, s.account, s.station),
		s.said(s.snapshots, shareSnapshots, "sshd["+pid()+"]", "Accepted password for backup-svc from %s port %d ssh2", s.station, d.between(30000, 60000)),
		s.said(s.snapshots.Add(40*time.Second), shareSnapshots, "sudo", "backup-svc : TTY=pts/1 ; PWD=/home/backup-svc ; USER=root ; COMMAND=/usr/sbin/zfs destroy -r tank/share@daily"),
		s.said(s.snapshots.Add(75*time.Second), shareSnapshots, "sudo", "backup-svc : TTY=pts/1 ; PWD=/home/backup-svc ; USER=root ; COMMAND=/usr/sbin/zfs destroy -r tank/share@weekly"),
	}
	for len(out) < n {
		at, who := busy(d, s.begin, s.end), pick(d, sharePeople)
		switch d.N(3) {
		case 0:
			out = append(out, s.said(at, 0, "openvpn["+pid()+"]", "%s/198.51.100.%d MULTI: primary virtual IP for %s: 10.20.4.%d", who, d.between(2, 250), who, d.between(20, 240)))
		case 1:
			out = append(out, s.said(at, 0, "smbd["+pid()+"]", "pam_unix(samba:session): session opened for user %s(uid=%d) by (uid=0)", who, 10000+int(who[0])))
		default:
			out = append(out, s.said(at, 0, "sshd["+pid()+"]", "Failed password for invalid user %s from 10.20.9.%d port %d ssh2", pick(d, []string{"admin", "nagios", "test"}), d.between(2, 9), d.between(30000, 60000)))
		}
	}
	return out[:n]
}

func (s shareStory) system(d *dice, n int) []line {
	out := []line{
		s.said(s.snapshots.Add(41*time.Second), shareSnapshots, "zed["+strconv.Itoa(d.between(700, 900))+"]", "eid=%d class=history_event pool='tank' dataset=tank/share@daily internal_name=destroy", d.between(900, 1200)),
	}
	for len(out) < n {
		at := s.begin.Add(d.within(s.end.Sub(s.begin)))
		switch d.N(3) {
		case 0:
			out = append(out, s.said(at, 0, "zed[812]", "eid=%d class=history_event pool='tank' internal_name=snapshot", d.between(100, 900)))
		case 1:
			out = append(out, s.said(at, 0, "smartd[640]", "Device: /dev/sd%s [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed to %d", pick(d, []string{"a", "b", "c", "d", "e", "f"}), d.between(28, 44)))
		default:
			out = append(out, s.said(at, 0, "systemd[1]", "%s.service: Deactivated successfully.", pick(d, []string{"logrotate", "samba-quota", "fstrim", "man-db"})))
		}
	}
	return out[:n]
}
