package forensics

import (
	"context"
	"path"
	"slices"
	"strings"
)

// artefact is a kind of file that is taken byte for byte.
type artefact struct {
	kind, title, format string
	system              []string // patterns below the root
	home                []string // patterns below every home
	newest              bool     // newest first, so that limits cut off the oldest
}

// artefactsOf lists what the file collectors take. Rotated files are part of
// their log; parsers take off the compression.
func artefactsOf(collector string) []artefact {
	switch collector {
	case "linux.sessions":
		return []artefact{{"linux.utmp", "Users logged in", FormatUtmp, []string{"/run/utmp", "/var/run/utmp"}, nil, false}}
	case "linux.logins":
		return []artefact{
			{"linux.wtmp", "Login history", FormatUtmp, []string{"/var/log/wtmp", "/var/log/wtmp[.-]*"}, nil, true},
			{"linux.btmp", "Failed logins", FormatBtmp, []string{"/var/log/btmp", "/var/log/btmp[.-]*"}, nil, true},
			{"linux.lastlog", "Last login of each account", FormatLastlog, []string{"/var/log/lastlog"}, nil, false},
			{"linux.wtmpdb", "Login history (database)", "", []string{"/var/lib/wtmpdb/wtmp.db", "/var/lib/lastlog/lastlog2.db"}, nil, false},
			{"linux.faillog", "Failed logins of each account", "", []string{"/var/log/faillog"}, nil, false},
		}
	case "linux.auth":
		return []artefact{
			{"linux.auth", "Authentication log", FormatSyslog, []string{"/var/log/auth.log*", "/var/log/secure*", "/var/log/sudo.log*"}, nil, true},
			{"linux.audit", "Audit log", FormatAudit, []string{"/var/log/audit/audit.log*"}, nil, true},
		}
	case "linux.syslog":
		return []artefact{{"linux.syslog", "System log", FormatSyslog, []string{
			"/var/log/syslog*", "/var/log/messages*", "/var/log/kern.log*", "/var/log/daemon.log*",
			"/var/log/user.log*", "/var/log/cron*", "/var/log/mail.log*", "/var/log/maillog*", "/var/log/debug*", "/var/log/boot.log*",
		}, nil, true}}
	case "linux.journal":
		return []artefact{{"linux.journal", "systemd journal", FormatJournal, []string{
			"/run/log/journal/*/*.journal", "/run/log/journal/*/*.journal~",
			"/var/log/journal/*/*.journal", "/var/log/journal/*/*.journal~", "/var/log/journal/*.journal",
		}, nil, true}}
	case "linux.packages":
		return []artefact{
			{"linux.dpkg", "Package log", FormatDpkg, []string{"/var/log/dpkg.log*"}, nil, true},
			{"linux.apt", "Package history", FormatApt, []string{"/var/log/apt/history.log*"}, nil, true},
			{"linux.apt.terminal", "Package manager's terminal", FormatText, []string{"/var/log/apt/term.log*"}, nil, true},
			{"linux.packages", "Package log", FormatPackages, []string{
				"/var/log/dnf*.log*", "/var/log/yum.log*", "/var/log/pacman.log*", "/var/log/zypp/history*", "/var/log/apk.log*",
			}, nil, true},
			{"linux.packages.status", "Installed packages", FormatText, []string{"/var/lib/dpkg/status", "/lib/apk/db/installed"}, nil, false},
			{"linux.packages.database", "Installed packages (database)", "", []string{
				"/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages", "/var/lib/rpm/Packages.db", "/var/lib/dnf/history.sqlite",
			}, nil, false},
		}
	}
	return settingsOf(collector)
}

// settingsOf lists the files that people and intruders edit.
func settingsOf(collector string) []artefact {
	switch collector {
	case "linux.history":
		return []artefact{{"linux.history", "Command history", FormatHistory, nil, []string{
			".bash_history", ".zsh_history", ".zhistory", ".histfile", ".sh_history", ".ash_history", ".ksh_history", ".history",
			".local/share/fish/fish_history", ".config/fish/fish_history", ".python_history", ".node_repl_history", ".irb_history",
			".mysql_history", ".psql_history", ".sqlite_history", ".rediscli_history", ".mongosh/mongosh_repl_history",
			".lesshst", ".viminfo", ".wget-hsts",
		}, false}}
	case "linux.cron":
		return []artefact{
			{"linux.cron", "Cron table", FormatSettings, []string{
				"/etc/crontab", "/etc/anacrontab", "/etc/cron.d/*", "/etc/cron.hourly/*", "/etc/cron.daily/*",
				"/etc/cron.weekly/*", "/etc/cron.monthly/*", "/etc/cron.allow", "/etc/cron.deny",
			}, nil, false},
			{"linux.cron.user", "User's cron table", FormatSettings, []string{"/var/spool/cron/crontabs/*", "/var/spool/cron/*"}, nil, false},
			{"linux.at", "At job", FormatSettings, []string{"/var/spool/cron/atjobs/*", "/var/spool/at/*", "/var/spool/atjobs/*"}, nil, false},
		}
	case "linux.startup":
		return []artefact{
			{"linux.preload", "Preloaded libraries", FormatSettings, []string{"/etc/ld.so.preload"}, nil, false},
			{"linux.startup", "Start-up file", FormatSettings, []string{
				"/etc/rc.local", "/etc/rc.d/rc.local", "/etc/inittab", "/etc/init.d/*", "/etc/profile", "/etc/profile.d/*",
				"/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/*", "/etc/zshenv", "/etc/environment", "/etc/ld.so.conf", "/etc/ld.so.conf.d/*",
				"/etc/modules", "/etc/modules-load.d/*", "/etc/modprobe.d/*", "/etc/udev/rules.d/*", "/etc/update-motd.d/*",
				"/etc/pam.d/*", "/etc/nsswitch.conf", "/etc/hosts", "/etc/resolv.conf", "/etc/xdg/autostart/*",
				"/etc/NetworkManager/dispatcher.d/*", "/etc/network/if-up.d/*", "/etc/apt/apt.conf.d/*",
			}, []string{
				".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin",
				".config/fish/config.fish", ".xprofile", ".xinitrc", ".xsession", ".config/autostart/*", ".pam_environment", ".gitconfig",
			}, false},
		}
	case "linux.ssh":
		return []artefact{
			{"linux.sshd", "ssh server configuration", FormatSettings, []string{
				"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*", "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/*", "/etc/ssh/sshrc", "/etc/ssh/authorized_keys*",
			}, nil, false},
			{"linux.authorized_keys", "Authorized ssh keys", FormatSettings, nil, []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}, false},
			{"linux.ssh.user", "User's ssh settings", FormatText, nil, []string{".ssh/known_hosts", ".ssh/config", ".ssh/rc", ".ssh/environment"}, false},
		}
	}
	return nil
}

// artefacts takes the files of a table.
func (c *collection) artefacts(ctx context.Context, table []artefact) error {
	for _, a := range table {
		list := c.wanted(a)
		if a.newest {
			c.newestFirst(list)
		}
		if over := int64(len(list)) - c.Limits.Files; over > 0 {
			c.refuse(list[c.Limits.Files].path(), refuse("this and %d more: the limit of %d files is reached", over-1, c.Limits.Files))
			list = list[:c.Limits.Files]
		}
		for _, w := range list {
			if err := c.take(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted resolves an artefact's patterns to files.
func (c *collection) wanted(a artefact) []want {
	var out []want
	add := func(base, pattern string, strict bool) {
		wild := strings.ContainsAny(pattern, `*?[`)
		for _, name := range c.match(base, pattern, strict) {
			w := want{base: base, name: name, strict: strict, kind: a.kind, title: a.title + " " + path.Join(base, name), format: a.format, optional: true}
			if wild && c.isFolder(w) {
				continue
			}
			out = append(out, w)
		}
	}
	for _, p := range a.system {
		add("/", p, false)
	}
	if len(a.home) > 0 {
		for _, home := range c.homes() {
			if c.shut(home) {
				continue
			}
			for _, p := range a.home {
				add(home, p, true)
			}
		}
	}
	return out
}

// isFolder says whether a name that matched a pattern is a folder, which no
// artefact is.
func (c *collection) isFolder(w want) bool {
	h, err := c.tree.at(w.base, w.name, w.strict)
	if err != nil {
		return false
	}
	defer func() { _ = h.close() }()
	return h.stat.Mode[0] == 'd'
}

// shut says whether a home may not be looked into, and lists it once.
func (c *collection) shut(home string) bool {
	h, err := c.tree.at(home, ".profile", true)
	if err == nil {
		_ = h.close()
		return false
	}
	if missing(err) {
		return false
	}
	c.refuse(home, err)
	return true
}

// homes lists the home folders: those of the accounts, and what lies in /home.
func (c *collection) homes() []string {
	if c.homeset != nil {
		return c.homeset
	}
	list := []string{"/root"}
	for _, a := range c.passwd() {
		list = append(list, path.Clean("/"+a.Home))
	}
	for _, name := range c.names("/", "home", false) {
		list = append(list, "/home/"+name)
	}
	slices.Sort(list)
	c.homeset = slices.Compact(list)
	return c.homeset
}
