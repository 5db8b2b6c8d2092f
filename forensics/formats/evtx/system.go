package evtx

// System is what all events have: texts by the constants below, empty where the
// event has none.
type System [systemFields]string

// The fields of System, in the order of their names in Names.
const (
	Activity = iota
	Channel
	Computer
	EventID
	EventSource
	Keywords
	KernelTime
	Level
	Opcode
	PID
	Processor
	ProcessorTime
	Provider
	ProviderGUID
	Qualifiers
	RecordID
	RelatedActivity
	Session
	Task
	Time
	TID
	UserSID
	UserTime
	Version
	systemFields
)

// systemSlot is where a text of the System element belongs, by its element and
// its attribute ("" is the element's own text); -1 for one that is not known.
func systemSlot(element, attribute string) int {
	switch element {
	case "Provider":
		return oneOf(attribute, "Name", Provider, "Guid", ProviderGUID, "EventSourceName", EventSource)
	case "EventID":
		return oneOf(attribute, "", EventID, "Qualifiers", Qualifiers)
	case "Version":
		return oneOf(attribute, "", Version)
	case "Level":
		return oneOf(attribute, "", Level)
	case "Task":
		return oneOf(attribute, "", Task)
	case "Opcode":
		return oneOf(attribute, "", Opcode)
	case "Keywords":
		return oneOf(attribute, "", Keywords)
	case "TimeCreated":
		return oneOf(attribute, "SystemTime", Time)
	case "EventRecordID":
		return oneOf(attribute, "", RecordID)
	case "Correlation":
		return oneOf(attribute, "ActivityID", Activity, "RelatedActivityID", RelatedActivity)
	case "Execution":
		return oneOf(attribute, "ProcessID", PID, "ThreadID", TID, "ProcessorID", Processor, "SessionID", Session,
			"KernelTime", KernelTime, "UserTime", UserTime, "ProcessorTime", ProcessorTime)
	case "Channel":
		return oneOf(attribute, "", Channel)
	case "Computer":
		return oneOf(attribute, "", Computer)
	case "Security":
		return oneOf(attribute, "UserID", UserSID)
	}
	return -1
}

// oneOf looks the name up in pairs of names and slots.
func oneOf(name string, pairs ...any) int {
	var last any
	for _, p := range pairs {
		if slot, ok := p.(int); ok && last == name {
			return slot
		}
		last = p
	}
	return -1
}
