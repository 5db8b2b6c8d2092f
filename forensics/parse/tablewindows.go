package parse

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
	}
}
