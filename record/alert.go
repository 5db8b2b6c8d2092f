package record

// Received says that a report or alert of another tool was taken in: what it
// holds, and what of it is new to the incident. The findings themselves are made
// of the exhibit whenever they are wanted.
type Received struct {
	Exhibit  string          `json:"exhibit"`
	Source   string          `json:"source"` // the format: trivy, sarif, pagerduty, …
	Tools    []string        `json:"tools,omitempty"`
	Snapshot bool            `json:"snapshot,omitempty"` // it lists all there is: what is missing in it is gone
	Findings int             `json:"findings"`
	Severity map[string]int  `json:"severity,omitempty"`
	Kinds    map[string]int  `json:"kinds,omitempty"`
	States   map[string]int  `json:"states,omitempty"`
	New      int             `json:"new"`
	Again    int             `json:"again"`              // seen before, and still so
	Resolved int             `json:"resolved,omitempty"` // the source says that they are over
	Reopened int             `json:"reopened,omitempty"`
	Gone     int             `json:"gone,omitempty"` // no longer in the report
	Changes  []ReceivedScope `json:"changes,omitempty"`
	Cut      bool            `json:"cut,omitempty"`  // the changes are too many to stand here: the exhibit has them
	Item     string          `json:"item,omitempty"` // of the inbox, where it waited
	Notes    []string        `json:"notes,omitempty"`
}

// ReceivedScope is what changed in one scope: whose report it is, of what. The
// lists hold keys of findings.
type ReceivedScope struct {
	Scope    string   `json:"scope"`
	New      []string `json:"new,omitempty"`
	Closed   []string `json:"closed,omitempty"` // new too, and not open
	Resolved []string `json:"resolved,omitempty"`
	Reopened []string `json:"reopened,omitempty"`
	Gone     []string `json:"gone,omitempty"`
}
