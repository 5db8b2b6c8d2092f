package parse

import (
	"firebreak/forensics/formats/asl"
	"firebreak/forensics/formats/bsm"
	"firebreak/forensics/formats/fsevents"
	"firebreak/forensics/formats/mlocate"
	"firebreak/forensics/formats/plist"
)

// macParsers are the logs and settings of macOS, and a database of names that is
// none of SQLite.
func macParsers() []parser {
	return []parser{
		{name: "asl", detect: of(asl.Is), run: parseASL, binary: true, about: About{
			Formats:   "files of the Apple System Log, version 2",
			Events:    "the file itself: born; a message: logged, with all of its keys. Messages that lie in the file and not in its list are recovered",
			Times:     "nanoseconds, UTC",
			Reference: "Apple, syslog-377, asl_file.h and asl_file.c",
			Oracle:    "plaso: the same",
		}},
		{name: "bsm", detect: of(bsm.Is), run: parseBSM, binary: true, about: About{
			Formats:   "audit trails of macOS, FreeBSD and Solaris (OpenBSM), headers of 32 and 64 bits",
			Events:    "a record: logged; `action` by its event, `outcome` by its return. A record that the file's end cuts is recovered; the values of an environment are not read",
			Times:     "milliseconds, UTC",
			Reference: "OpenBSM 1.2, libbsm/bsm_io.c, etc/audit_event",
			Oracle:    "plaso: the same",
			Differs:   "users are numbers, as the trail has them",
		}},
		{name: "fsevents", detect: of(fsevents.Is), run: parseFSEvents, binary: true, about: About{
			Formats:   "pages of /.fseventsd, versions 1 to 3",
			Events:    "a path with what happened to it: undated. `event_id` gives the order; `not_after` is when the file of the page was modified",
			Times:     "none",
			Reference: "libyal dtformats; xnu, bsd/sys/fsevents.h",
			Oracle:    "plaso: the same",
		}},
		{name: "mlocate", detect: of(mlocate.Is), run: parseMlocate, binary: true, about: About{
			Formats:   "mlocate.db, version 0; not the database of plocate",
			Events:    "a folder: changed (the later of its change and modification), with its first 64 names",
			Times:     "nanoseconds, UTC",
			Reference: "mlocate.db(5)",
		}},
		{name: "macos.utmpx", detect: isMacUtmpx, run: parseMacUtmpx, binary: true, about: About{
			Formats:   "utmpx of macOS, 628 bytes a record",
			Events:    "login and boot: started; logout and shutdown: ended; others logged. The signature is no record",
			Times:     "microseconds, UTC",
			Reference: "Apple, Libc, utmpx.h",
		}},
		{name: "macos.tracev3", detect: isTracev3, run: parseTracev3, binary: true, about: About{
			Formats:   "the unified log's own files",
			Events:    "none: kept as evidence. They are read when `log show --style ndjson` exported them (macos.log)",
			Reference: "libyal dtformats, Apple Unified Logging and Activity Tracing formats",
		}},
		{name: "plist", detect: of(plist.Is), run: parsePlist, binary: true, about: About{
			Formats:   "property lists, binary and XML: jobs of launchd, accounts of the machine, Safari's downloads; others are kept as evidence",
			Events:    "a job or an account: modified, when its file was; an account made: born, its password set: modified, its last failed login: logged; a download: started and ended. A password is never read in any form, nor what an environment is set to (but for DYLD_)",
			Times:     "as they stand, UTC",
			Reference: "launchd.plist(5); Apple, CF-1153.18, CFBinaryPList.c",
			Oracle:    "plistlib of Python: every value, binary and XML",
			Differs:   "plaso makes an event of every date in a list",
		}},
		serviceRow("macos.log", macUnified(), About{
			Formats:   "what `log show --style ndjson` and `--style json` print of the unified log",
			Events:    "an entry: logged, with every member; the mark at the end is no record",
			Times:     "microseconds, its own zone",
			Reference: "log(1) of macOS",
		}),
		{name: "macos.wifi", detect: isWifiLog, run: parseWifiLog, bound: true, about: About{
			Formats:   "wifi.log of macOS",
			Events:    "a line: logged; the network that was joined is `ssid`",
			Times:     "milliseconds, local; years as of syslog",
			Reference: "the files themselves",
		}},
		lineRow("macos.install", lineLog{record: macInstallLine, joined: true}, About{
			Formats:   "install.log of macOS 10.13 and later; older ones are syslog",
			Events:    "a line: logged; `Installed …`: installed. Lines without a time belong to the one above",
			Times:     "seconds, its own zone",
			Reference: "the files themselves",
		}),
	}
}

// of is a detection that needs no name.
func of(is func(head []byte) bool) func(string, []byte) bool {
	return func(_ string, head []byte) bool { return is(head) }
}
