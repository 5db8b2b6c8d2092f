package parse

import "firebreak/forensics/formats/jumplist"

// windowsParsers are the artefacts of Windows.
func windowsParsers() []parser {
	return []parser{
		{name: "evtx", detect: isEvtx, run: parseEvtx, binary: true, about: About{
			Formats:   "EVTX 3.1 and 3.2: event logs of Windows Vista and later, also without their header, cut, or not closed",
			Events:    "a record: logged. Fields of System under our names, those of EventData and UserData under their own; a line, action and outcome for the providers that matter to security",
			Times:     "100 ns, UTC: TimeCreated, else the time of writing",
			Reference: "[MS-EVEN6] 2.2.12; libevtx, Windows XML Event Log (EVTX) format",
			Oracle:    "chunk headers and evtxexport on EVTX-ATTACK-SAMPLES; the same logs cut, zeroed, moved and forged",
			Differs:   "what lies behind a chunk's last record, in its damage, or in a copy of it is recovered too, by its values alone where its template was written over; a field that has one of our names stands below data.",
		}},
		{name: "evt", detect: isEvt, run: parseEvt, binary: true, about: About{
			Formats:   "EVT 1.1: event logs of Windows NT to 2003, also wrapped or not closed",
			Events:    "a record: logged, at the time of generation. Its texts as data1, data2, …",
			Times:     "seconds, UTC",
			Reference: "[MS-EVEN] 2.2.3; libevt, Windows Event Log (EVT) format",
			Oracle:    "plaso on its SysEvent.Evt",
			Differs:   "records that the log no longer counts are recovered",
		}},
		{name: "prefetch", detect: isPrefetch, run: parsePrefetch, binary: true, about: About{
			Formats:   "prefetch files of Windows, versions 17, 23, 26, 30 and 31, packed (MAM) too",
			Events:    "each dated run of a program: started, the last with what it loaded; the creation of each volume that it read from: born",
			Times:     "100 ns, UTC",
			Reference: "libscca, Windows Prefetch File (PF) format; [MS-XCA] 2.1 and 2.2",
			Oracle:    "plaso on its prefetch files",
			Differs:   "plaso counts the runs of one file as one",
		}},
		{name: "lnk", detect: isLnk, run: parseLnk, binary: true, about: About{
			Formats:   "shell links of Windows (.lnk)",
			Events:    "each different time of the target, with `macb`: born, modified, accessed; the making of its object id: born. Path, arguments, volume, share, machine and its network address as attributes",
			Times:     "100 ns, UTC",
			Reference: "[MS-SHLLINK] 8.0; libfwsi, Windows Shell Item format; RFC 9562 for the time of an id",
			Oracle:    "plaso on its jump list",
			Differs:   "times of the folders on the way (shell items) are no events",
		}},
		{name: "jumplist", detect: isAutomaticList, run: parseJumpList(jumplist.Automatic), binary: true, about: About{
			Formats:   "automatic jump lists (.automaticDestinations-ms), list versions 1 to 4",
			Events:    "the last use of a file: accessed, with the count; and what its link says, as of `lnk`. Links that the list does not know are recovered",
			Times:     "100 ns, UTC",
			Reference: "libyal, Jump lists format; [MS-CFB] 8.0",
		}},
		{name: "jumplist.custom", detect: isCustomList, run: parseJumpList(jumplist.Custom), binary: true, about: About{
			Formats:   "jump lists that programs make (.customDestinations-ms)",
			Events:    "what each link says, as of `lnk`; a link without times is undated. Links behind damage are recovered",
			Times:     "100 ns, UTC",
			Reference: "libyal, Jump lists format",
			Oracle:    "plaso on its jump list",
			Differs:   "plaso counts the shell items and each object id of a link too",
		}},
		{name: "recycled", detect: isRecycled, run: parseRecycled, binary: true, about: About{
			Formats:   "$I files of the recycle bin, versions 1 (Vista to 8.1) and 2 (Windows 10)",
			Events:    "the deletion of a file: logged. Path, size, the name it got, whose bin it is by the path",
			Times:     "100 ns, UTC",
			Reference: "libyal, Windows Recycle.Bin file formats",
			Oracle:    "plaso: the same",
		}},
		{name: "info2", detect: isInfo2, run: parseInfo2, binary: true, about: About{
			Formats:   "INFO2 of the recycler, records of 280 and 800 bytes (Windows 95 to 2003)",
			Events:    "the deletion of a file: logged; `restored` where it left the bin again",
			Times:     "100 ns, UTC",
			Reference: "libyal, Windows Recycle.Bin file formats",
			Oracle:    "plaso: the same",
		}},
		{name: "winjob", detect: isWinJob, run: parseWinJob, binary: true, about: About{
			Formats:   "scheduled tasks of Windows, .job",
			Events:    "the last run: started; the beginning of each trigger: logged",
			Times:     "milliseconds and minutes, local",
			Reference: "[MS-TSCH] 2.4",
			Oracle:    "plaso: the same",
		}},
		{name: "task", detect: isTaskXML, run: parseTaskXML, bound: true, about: About{
			Formats:   "scheduled tasks of Windows Vista and later, XML",
			Events:    "each action, at the task's registration: born; each trigger that says from when on: logged. Command, author, whom it runs as",
			Times:     "as written, local without a zone",
			Reference: "[MS-TSCH] 2.5",
		}},
		{name: "registry", detect: isRegistry, run: parseRegistry, binary: true, about: About{
			Formats:   "hives of the Windows registry, 1.1 to 1.6, with their transaction logs of both forms where they lie beside",
			Events:    "a key: modified, with its values; and events of their own (`artifact`) for what runs by itself (Run keys, services, Winlogon, IFEO, AppInit, LSA, tasks…), what ran (UserAssist, ShimCache, AmCache, BAM, MUICache), what was opened (RecentDocs, folders of ShellBags, file dialogs), typed and connected, accounts, the time zone. Deleted keys are recovered",
			Times:     "100 ns, UTC; networks: milliseconds, local",
			Reference: "M. Suhanov, Windows registry file format specification; libyal, winreg-kb, for the artefacts",
			Oracle:    "plaso on its hives",
			Differs:   "plaso tells a key by the plug-in that knows it, or by the last writing of the key; here both",
		}},
		{name: "fb.winregistry", detect: isLiveRegistry, run: parseLiveRegistry, bound: true, about: About{
			Formats:   "our own, JSON lines: keys of a running Windows, whose hives nobody can open",
			Events:    "those of `registry`, by the same code; `user_sid` of a user's keys, `withheld` the names of values that hold a secret. Deleted keys are not in it",
			Times:     "100 ns, UTC; networks: milliseconds, local",
			Reference: "forensics.RegistryKey",
			Oracle:    "the hives of plaso, written as such lines: the events of the hives",
		}},
		{name: "registry.log", detect: isRegistryLog, run: parseRegistryLog, binary: true, about: About{
			Formats:   "transaction logs of the registry, alone",
			Events:    "none: they are read with their hive",
			Reference: "M. Suhanov, Windows registry file format specification",
			Oracle:    "plaso: the same",
		}},
		{name: "mft", detect: isMFT, run: parseMFT, binary: true, about: About{
			Formats:   "$MFT of NTFS, records of 1 and 4 KiB",
			Events:    "each different time of a file, with `macb`, as of a body file; those of its name only where they are others (`times`). Path over its folders, streams, whence it was downloaded; `deleted` of records that are free, `orphan` where a folder on the way is gone, `timestomp` where the times are odd",
			Times:     "100 ns, UTC",
			Reference: "libfsntfs, New Technologies File System (NTFS)",
			Differs:   "plaso counts the times of each of a file's names",
			Oracle:    "fls of the Sleuth Kit on an NTFS volume of plaso's: every path and time; plaso's count of it",
		}},
		{name: "usn", detect: isUSN, run: parseUSN, binary: true, about: About{
			Formats:   "$UsnJrnl:$J of NTFS, records 2 and 3, sparse ones too",
			Events:    "a change: logged, with what happened as `action` and `reason`. The name alone: the journal has no paths",
			Times:     "100 ns, UTC",
			Reference: "Microsoft, USN_RECORD_V2 and V3; libfsntfs",
			Differs:   "records of version 4 have no times: they are no events",
		}},
		{name: "defender.detection", detect: isDetection, run: parseDetection, binary: true, about: About{
			Formats:   "detections that Windows Defender keeps (Scans/History/Service/DetectionHistory)",
			Events:    "a detection: logged, when the threat was first tracked, else at its first time. Threat, files, digests, user, process",
			Times:     "100 ns, UTC",
			Reference: "Fox-IT, Windows Defender Quarantine Forensics; the files themselves",
		}},
		{name: "defender.log", detect: isMPLog, run: lineLog{record: mpLog, joined: true}.inOrder, bound: true, about: About{
			Formats:   "MPLog-*.log of Windows Defender",
			Events:    "a line: logged; detections and processes that were scanned are told. Lines without a time belong to the one above",
			Times:     "milliseconds, UTC",
			Reference: "the files themselves",
		}},
		{name: "pca", detect: isPCA, run: parsePCA, bound: true, about: About{
			Formats:   "PcaAppLaunchDic.txt, PcaGeneralDb0.txt and PcaGeneralDb1.txt of Windows 11 (22H2 and later)",
			Events:    "a program: started, the last time; an entry of the general list at its own",
			Times:     "milliseconds, UTC",
			Reference: "A. Rathbun, L. Mejer, New Windows 11 Pro (22H2) Evidence of Execution Artifact",
		}},
	}
}
