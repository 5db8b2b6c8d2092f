package parse

// logParsers are the logs, login records, histories and listings of Linux, our
// own snapshots, and what other timelines write.
func logParsers() []parser {
	return []parser{
		{name: "journal", detect: isJournal, run: parseJournal, binary: true},
		{name: "lastlog", detect: isLastlog, run: parseLastlog, binary: true},
		{name: "btmp", detect: isBtmp, run: parseBtmp, binary: true},
		{name: "utmp", detect: isUtmp, run: parseUtmp, binary: true},
		{name: "fb.processes", detect: isSnapshot("fb.processes"), run: parseSnapshot},
		{name: "fb.sockets", detect: isSnapshot("fb.sockets"), run: parseSnapshot},
		{name: "fb.modules", detect: isSnapshot("fb.modules"), run: parseSnapshot},
		{name: "fb.mounts", detect: isSnapshot("fb.mounts"), run: parseSnapshot},
		{name: "fb.openfiles", detect: isSnapshot("fb.openfiles"), run: parseSnapshot},
		{name: "fb.routes", detect: isSnapshot("fb.routes"), run: parseSnapshot},
		{name: "fb.units", detect: isSnapshot("fb.units"), run: parseSnapshot},
		{name: "fb.accounts", detect: isSnapshot("fb.accounts"), run: parseSnapshot},
		{name: "fb.system", detect: isSnapshot("fb.system"), run: parseSnapshot},
		{name: "fb.files", detect: isSnapshot("fb.files"), run: parseSnapshot, about: About{
			Formats: "our own, JSON lines", Events: "an executable, setuid, hidden or immutable file, at its last change, with its hash", Times: "nanoseconds, UTC",
			Reference: "forensics.File",
		}},
		{name: "fb.extents", detect: isSnapshot("fb.extents"), run: parseExtents},
		{name: "events.jsonl", detect: isEventsJSONL, run: inChunks(newEventsJSONL)},
		{name: "events.csv", detect: isHeading("time", "precision", "kind", "source", "host", "user", "message"), run: parseEventsCSV},
		{name: "l2t.csv", detect: isHeading(l2tNames[:6]...), run: parseL2T},
		{name: "mactime.csv", detect: isMactime, run: parseMactime},
		{name: "timesketch.jsonl", detect: isTimesketchJSONL, run: inChunks(newTimesketchJSONL)},
		{name: "timesketch.csv", detect: isTimesketchCSV, run: parseTimesketchCSV},
		{name: "settings", detect: never, run: parseSettings, about: About{
			Formats:   "cron tables, at jobs, authorized keys, sudo, PAM and sshd settings, ld.so.preload, and what shells, init, udev and apt read at their start; known by their paths",
			Events:    "each line that says something: modified, when its file was; else undated. Source cron, sshkey, sudo, pam, sshd or startup",
			Times:     "of the file, as the collector saw it",
			Reference: "crontab(5), sshd(8), sudoers(5), pam.d(5), sshd_config(5), ld.so(8)",
			Differs:   "no other timeline tool makes events of them",
		}},
		{name: "bodyfile", detect: isBodyfile, run: inChunks(newBodyfile)},
		{name: "audit", detect: isAudit, run: inChunks(newAudit)},
		{name: "apt", detect: isApt, run: parseApt},
		{name: "dpkg", detect: isDpkg, run: inChunks(newDpkg)},
		{name: "packages", detect: isPackages, run: parseDated(newPackages)},
		{name: "history", detect: isHistory, run: parseHistory},
		{name: "access", detect: isAccess, run: inChunks(newAccess)},
		{name: "w3c", detect: isW3C, run: parseW3C},
		{name: "vsftpd", detect: isVsftpd, run: inChunks(newVsftpd)},
		{name: "syslog", detect: isSyslog, run: parseSyslog},
		{name: "mapped.jsonl", detect: never, run: inChunks(newMappedJSONL)},
		{name: "mapped.json", detect: never, run: parseMappedJSON},
		{name: "mapped.csv", detect: never, run: parseMappedCSV},
		{name: "text", detect: never, run: parseText},
	}
}
