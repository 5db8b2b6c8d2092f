package parse

// windowsParsers are the artefacts of Windows.
func windowsParsers() []parser {
	return []parser{
		{name: "evtx", detect: isEvtx, run: parseEvtx, binary: true, about: About{
			Formats:   "EVTX 3.1 and 3.2: event logs of Windows Vista and later, also without their header, cut, or not closed",
			Events:    "a record: logged. Fields of System under our names, those of EventData and UserData under their own; a line, action and outcome for the providers that matter to security",
			Times:     "100 ns, UTC: TimeCreated, else the time of writing",
			Reference: "[MS-EVEN6] 2.2.12; libevtx, Windows XML Event Log (EVTX) format",
			Oracle:    "chunk headers and evtxexport on EVTX-ATTACK-SAMPLES",
			Differs:   "what lies behind a chunk's last record is recovered too, by its values alone where its template was written over",
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
	}
}
