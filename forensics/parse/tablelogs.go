package parse

// logParsers are the logs, login records, histories and listings of Linux, our
// own snapshots, and what other timelines write.
func logParsers() []parser {
	return []parser{
		{name: "journal", detect: isJournal, run: parseJournal, binary: true, about: About{
			Formats:   "systemd journal, regular and compact, data in LZ4, XZ or ZSTD",
			Events:    "an entry: logged, with all fields as attributes (repeated ones as `NAME.2`), values up to 64 KiB. Entries behind damage are read too and marked `recovered`; those that the header promises and nobody finds are rejected",
			Times:     "microseconds, UTC",
			Reference: "systemd, journal-def.h and JOURNAL_FILE_FORMAT.md",
			Oracle:    "journalctl -o json",
		}},
		{name: "lastlog", detect: isLastlog, run: parseLastlog, binary: true, about: About{
			Formats:   "292 bytes, both byte orders; also as `fb.extents` of a sparse file",
			Events:    "last login: started. Records of zeros (never logged in) are no records",
			Times:     "seconds, UTC",
			Reference: "glibc, bits/utmp.h",
			Oracle:    "lastlog",
		}},
		{name: "btmp", detect: isBtmp, run: parseBtmp, binary: true, about: About{
			Formats:   "as utmp; known by its name",
			Events:    "failed login: logged",
			Times:     "microseconds, UTC",
			Reference: "glibc, bits/utmp.h",
			Oracle:    "lastb",
		}},
		{name: "utmp", detect: isUtmp, run: parseUtmp, binary: true, about: About{
			Formats:   "384 bytes (x86), 400 bytes (aarch64, s390x), both byte orders, found by what makes sense",
			Events:    "login started, logout ended, boot started, shutdown ended, the rest logged; a record of zeros is an undated event, since wiping leaves it",
			Times:     "microseconds, UTC",
			Reference: "glibc, bits/utmp.h",
			Oracle:    "last, utmpdump; plaso counts one event a record, the same",
		}},
		{name: "fb.processes", detect: isSnapshot("fb.processes"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "a process: started, else observed",
			Times:   "UTC",
		}},
		{name: "fb.sockets", detect: isSnapshot("fb.sockets"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.modules", detect: isSnapshot("fb.modules"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.mounts", detect: isSnapshot("fb.mounts"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.openfiles", detect: isSnapshot("fb.openfiles"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.routes", detect: isSnapshot("fb.routes"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.units", detect: isSnapshot("fb.units"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "a unit's file: modified",
			Times:   "UTC",
		}},
		{name: "fb.accounts", detect: isSnapshot("fb.accounts"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.system", detect: isSnapshot("fb.system"), run: parseSnapshot, about: About{
			Formats: "snapshot of package forensics, JSON lines",
			Events:  "state: observed at collection",
			Times:   "UTC",
		}},
		{name: "fb.files", detect: isSnapshot("fb.files"), run: parseSnapshot, about: About{
			Formats: "our own, JSON lines", Events: "an executable, setuid, hidden or immutable file, at its last change, with its hash", Times: "nanoseconds, UTC",
			Reference: "forensics.File",
		}},
		{name: "fb.extents", detect: isSnapshot("fb.extents"), run: parseExtents, about: About{
			Formats: "data of a sparse file, JSON lines",
			Events:  "of lastlog only; of others none",
			Times:   "as the file",
		}},
		{name: "events.jsonl", detect: isEventsJSONL, run: inChunks(newEventsJSONL), about: About{
			Formats: "our own export ([formats.md](formats.md#in))",
			Events:  "as they were",
			Times:   "UTC",
		}},
		{name: "events.csv", detect: isHeading("time", "precision", "kind", "source", "host", "user", "message"), run: parseEventsCSV, about: About{
			Formats: "our own export ([formats.md](formats.md#in))",
			Events:  "as they were",
			Times:   "UTC",
		}},
		{name: "l2t.csv", detect: isHeading(l2tNames[:6]...), run: parseL2T, about: About{
			Formats: "log2timeline's CSV ([formats.md](formats.md#in))",
			Events:  "a row: kind from `type`",
			Times:   "the row's, by offset, name or abbreviation",
			Oracle:  "plaso: the same",
			Differs: "times with the same second share a row there",
		}},
		{name: "mactime.csv", detect: isMactime, run: parseMactime, about: About{
			Formats: "`mactime -d` ([formats.md](formats.md#in))",
			Events:  "a row, as of a body file; without a time undated",
			Times:   "`-y` is UTC, else local",
			Oracle:  "mactime: the same rows",
		}},
		{name: "timesketch.jsonl", detect: isTimesketchJSONL, run: inChunks(newTimesketchJSONL), about: About{
			Formats: "what Timesketch imports, what plaso writes ([formats.md](formats.md#in))",
			Events:  "kind from `timestamp_desc`; `datetime` before `timestamp`",
			Times:   "local without a zone",
			Oracle:  "plaso's own rows: the same",
		}},
		{name: "timesketch.csv", detect: isTimesketchCSV, run: parseTimesketchCSV, about: About{
			Formats: "what Timesketch imports, what plaso writes ([formats.md](formats.md#in))",
			Events:  "kind from `timestamp_desc`; `datetime` before `timestamp`. A row with more or fewer values than names is rejected",
			Times:   "local without a zone",
			Oracle:  "plaso's own rows: the same",
		}},
		{name: "settings", detect: never, run: parseSettings, about: About{
			Formats:   "cron tables, at jobs, authorized keys, sudo, PAM and sshd settings, ld.so.preload, and what shells, init, udev and apt read at their start; known by their paths",
			Events:    "each line that says something: modified, when its file was; else undated. Source cron, sshkey, sudo, pam, sshd or startup",
			Times:     "of the file, as the collector saw it",
			Reference: "crontab(5), sshd(8), sudoers(5), pam.d(5), sshd_config(5), ld.so(8)",
			Differs:   "no other timeline tool makes events of them",
		}},
		{name: "bodyfile", detect: isBodyfile, run: inChunks(newBodyfile), about: About{
			Formats:   "Sleuth Kit 3 body files, fractions allowed",
			Events:    "see [MACB](#macb)",
			Times:     "UTC",
			Reference: "Sleuth Kit wiki, Body file",
			Oracle:    "mactime, plaso",
			Differs:   "plaso counts lines, mactime rows: here an event for each different time",
		}},
		{name: "audit", detect: isAudit, run: parseAudit, bound: true, about: About{
			Formats:   "auditd's log, raw and enriched, with `node=`; lines of other events may stand between",
			Events:    "the lines of one time and serial: logged; `records` says how many, where there are several. `command` of EXECVE or PROCTITLE, `path` of PATH and CWD, `dst_ip` of SOCKADDR; hexadecimal values decoded",
			Times:     "milliseconds, UTC",
			Reference: "kernel, kernel/auditsc.c; linux-audit/audit-documentation, Audit Event Parsing",
			Oracle:    "ausearch; plaso's tests",
			Differs:   "plaso counts lines: as many as `records` add up to",
		}},
		{name: "apt", detect: isApt, run: parseApt, about: About{
			Formats: "history.log of apt",
			Events:  "each Install, Upgrade, Remove, … of a block: installed, at Start-Date",
			Times:   "local",
			Oracle:  "plaso",
			Differs: "plaso: the same where blocks have one change each",
		}},
		{name: "dpkg", detect: isDpkg, run: inChunks(newDpkg), about: About{
			Formats:   "dpkg.log",
			Events:    "install, upgrade, remove, purge: installed; the rest logged",
			Times:     "local",
			Reference: "dpkg(1), --log",
			Oracle:    "plaso: the same",
		}},
		{name: "packages", detect: isPackages, run: parseDated(newPackages), about: About{
			Formats: "dnf, yum, pacman, zypper",
			Events:  "logged, or installed where the text says so",
			Times:   "local, yum without years",
		}},
		{name: "history", detect: isHistory, run: parseHistory, about: About{
			Formats: "bash with and without `#seconds`, zsh plain and extended, fish, viminfo, less, wget-hsts, plain lists of commands",
			Events:  "a command: started, or undated. `user` is taken from the path. As in bash, a file that begins with a time keeps commands of several lines together",
			Times:   "seconds, UTC",
			Oracle:  "plaso",
			Differs: "plaso drops commands without times; here they are undated events",
		}},
		{name: "access", detect: isAccess, run: inChunks(newAccess), about: About{
			Formats:   "common and combined access logs (nginx's default), virtual host in front; in JSON, one object a line, as nginx, Caddy and Traefik write them",
			Events:    "a request: logged. JSON members without a place of their own are attributes",
			Times:     "its own zone",
			Reference: "Apache, mod_log_config; nginx, ngx_http_log_module",
			Oracle:    "plaso: the same",
		}},
		{name: "w3c", detect: isW3C, run: parseW3C, about: About{
			Formats:   "W3C extended log format, as of IIS",
			Events:    "a request: logged",
			Times:     "UTC, as the format says; the day of `#Date` where no field has one",
			Reference: "W3C working draft WD-logfile-960323",
			Oracle:    "plaso: the same",
		}},
		{name: "vsftpd", detect: isVsftpd, run: inChunks(newVsftpd), about: About{
			Formats: "vsftpd's own log",
			Events:  "a line: logged, with `action`, `outcome`, `path`",
			Times:   "local",
			Oracle:  "plaso: the same",
		}},
		{name: "syslog", detect: isSyslog, run: parseSyslog, about: About{
			Formats:   "RFC 3164, RFC 5424, ISO 8601 in front; with or without `<pri>`; framed by counts of octets (RFC 6587); ChromeOS' severity in the host's place; PostgreSQL's log",
			Events:    "a record: logged. Source `auth` for sshd, sudo, su, login, PAM, account tools; `cron`; else `syslog`. `user`, `src_ip`, `src_port`, `outcome`, `action`, `target_user`, `command` where the line says them",
			Times:     "see [years](#years-that-were-not-written)",
			Reference: "RFC 3164, RFC 5424, RFC 6587",
			Oracle:    "plaso; loghub, one event a line",
			Differs:   "plaso joins any undated line to the record above. Here indented lines are joined, others only below RFC 5424 and ISO records; the rest is rejected",
		}},
		{name: "mapped.jsonl", detect: never, run: inChunks(newMappedJSONL), about: About{
			Formats: "any JSON, one object a line, with a mapping file ([formats.md](formats.md#mapping-files))",
			Events:  "as the mapping says",
			Times:   "the mapping's, else local",
		}},
		{name: "mapped.json", detect: never, run: parseMappedJSON, about: About{
			Formats: "any JSON with a mapping file ([formats.md](formats.md#mapping-files))",
			Events:  "as the mapping says",
			Times:   "the mapping's, else local",
			Oracle:  "CloudTrail: its Records",
		}},
		{name: "mapped.csv", detect: never, run: parseMappedCSV, about: About{
			Formats: "any CSV with a mapping file ([formats.md](formats.md#mapping-files))",
			Events:  "as the mapping says",
			Times:   "the mapping's, else local",
		}},
		{name: "text", detect: never, run: parseText, about: About{
			Formats: "files for people: configuration, keys, crontabs",
			Events:  "none: kept as evidence",
		}},
	}
}
