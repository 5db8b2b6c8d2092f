package bsm

// Kind is an event: its name as OpenBSM's audit_event has it, and the word that
// all formats share for what was done, where there is one.
type Kind struct{ Name, Action string }

// KindOf is the event of a number; its name is empty where nobody here knows it.
func KindOf(event uint16) Kind {
	switch {
	case event >= 72 && event <= 83, event >= 270 && event <= 281, event >= 43169 && event <= 43181:
		return Kind{"open", "open"}
	}
	return kinds[event]
}

// kinds are the events that tell most; numbers of Solaris, of old Darwin, of
// OpenBSM. Reference: OpenBSM 1.2, etc/audit_event.
var kinds = map[uint16]Kind{
	1: {"exit", "exit"}, 2: {"fork", ""}, 3: {"open", "open"}, 4: {"creat", "create"}, 5: {"link", "link"}, 6: {"unlink", "delete"},
	7: {"exec", "exec"}, 8: {"chdir", ""}, 9: {"mknod", "create"}, 10: {"chmod", "chmod"}, 11: {"chown", "chown"}, 14: {"access", "access"},
	15: {"kill", "kill"}, 20: {"reboot", "reboot"}, 21: {"symlink", "link"}, 22: {"readlink", "read"}, 23: {"execve", "exec"}, 24: {"chroot", ""},
	25: {"vfork", ""}, 32: {"connect", "connect"}, 33: {"accept", "accept"}, 34: {"bind", "listen"}, 37: {"settimeofday", "settime"},
	38: {"fchown", "chown"}, 39: {"fchmod", "chmod"}, 40: {"setreuid", "setuid"}, 41: {"setregid", "setgid"}, 42: {"rename", "rename"},
	43: {"truncate", "modify"}, 44: {"ftruncate", "modify"}, 47: {"mkdir", "create"}, 48: {"rmdir", "delete"}, 49: {"utimes", "utime"},
	50: {"adjtime", "settime"}, 56: {"unmount", "unmount"}, 62: {"mount", "mount"}, 111: {"core dump", "crash"}, 112: {"close", ""},
	113: {"boot", "boot"}, 131: {"setauid", ""}, 133: {"setaudit", ""}, 138: {"auditon", ""}, 183: {"socket", ""}, 184: {"sendto", "connect"},
	187: {"send", ""}, 188: {"sendmsg", "connect"}, 191: {"recvfrom", "accept"}, 200: {"setuid", "setuid"}, 205: {"setgid", "setgid"},
	214: {"setegid", "setgid"}, 215: {"seteuid", "setuid"}, 237: {"lchown", "chown"}, 241: {"fork1", ""}, 243: {"modload", "load"},
	244: {"modunload", "unload"}, 266: {"setaudit_addr", ""}, 282: {"renameat", "rename"}, 284: {"fchownat", "chown"}, 285: {"futimesat", "utime"},
	286: {"unlinkat", "delete"}, 287: {"clock_settime", "settime"},

	6144: {"at: create", "create"}, 6145: {"at: delete", "delete"}, 6147: {"cron: run", "exec"}, 6148: {"crontab: create", "create"},
	6149: {"crontab: delete", "delete"}, 6151: {"inetd: connection", "connect"}, 6152: {"login", "login"}, 6153: {"logout", "logout"},
	6154: {"telnet login", "login"}, 6155: {"rlogin login", "login"}, 6158: {"rsh", "login"}, 6159: {"su", "su"}, 6160: {"halt", "shutdown"},
	6161: {"reboot", "reboot"}, 6163: {"passwd", "modify"}, 6165: {"ftp login", "login"}, 6168: {"shutdown", "shutdown"},
	6170: {"crontab: modify", "modify"}, 6171: {"audit startup", "start"}, 6172: {"ssh login", "login"}, 6173: {"role login", "login"},
	6207: {"create user", "create"}, 6208: {"modify user", "modify"}, 6209: {"delete user", "delete"}, 6210: {"disable user", "modify"},
	6211: {"enable user", "modify"}, 6213: {"admin login", "login"}, 6300: {"sudo", "sudo"}, 6501: {"modify password", "modify"},
	6511: {"create group", "create"}, 6512: {"delete group", "delete"}, 6513: {"modify group", "modify"}, 6514: {"add to group", "modify"},
	6515: {"remove from group", "modify"}, 6600: {"loginwindow login", "login"}, 6601: {"loginwindow logout", "logout"},
	7000: {"user authentication", "auth"}, 7001: {"security server connection", "connect"}, 7002: {"authorization", "auth"}, 7003: {"authorization", "auth"},

	32800: {"ssh login", "login"},

	43002: {"ptrace", "trace"}, 43003: {"chflags", "modify"}, 43004: {"fchflags", "modify"}, 43007: {"setlogin", ""}, 43010: {"mprotect", ""},
	43011: {"mkfifo", "create"}, 43013: {"futimes", "utime"}, 43021: {"sysctl", ""}, 43028: {"exchangedata", "modify"}, 43044: {"lchmod", "chmod"},
	43048: {"task_for_pid", "trace"}, 43051: {"copyfile", "create"}, 43057: {"setresuid", "setuid"}, 43059: {"setresgid", "setgid"},
	43065: {"jail", ""}, 43070: {"nmount", "mount"}, 43103: {"extattr_set_file", "modify"}, 43115: {"jail_attach", ""}, 43116: {"sysctl write", "modify"},
	43140: {"listen", "listen"}, 43144: {"fexecve", "exec"}, 43146: {"fchmodat", "chmod"}, 43147: {"linkat", "link"}, 43148: {"mkdirat", "create"},
	43152: {"symlinkat", "link"}, 43163: {"chmod_extended", "chmod"}, 43164: {"fchmod_extended", "chmod"}, 43167: {"mkdir_extended", "create"},
	43184: {"openat", "open"}, 43190: {"posix_spawn", "exec"}, 43208: {"connectat", "connect"},

	44901: {"session start", "session_open"}, 44902: {"session update", "modify"}, 44903: {"session end", "session_close"}, 44904: {"session close", "session_close"},
	45000: {"audit startup", "start"}, 45001: {"audit shutdown", "stop"}, 45014: {"modify password", "modify"}, 45015: {"create group", "create"},
	45016: {"delete group", "delete"}, 45017: {"modify group", "modify"}, 45018: {"add to group", "modify"}, 45019: {"remove from group", "modify"},
	45020: {"revoke object privilege", "revoke"}, 45021: {"loginwindow login", "login"}, 45022: {"loginwindow logout", "logout"},
	45023: {"user authentication", "auth"}, 45024: {"security server connection", "connect"}, 45025: {"authorization", "auth"},
	45026: {"authorization by credentials", "auth"}, 45028: {"sudo", "sudo"}, 45029: {"audit crash recovery", "start"}, 45030: {"authorization mechanism", "auth"},
}
