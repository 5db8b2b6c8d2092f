package cacao

import "slices"

const (
	specVersion = "cacao-2.0"
	// ExtensionID names the one extension of this project: what CACAO cannot say.
	ExtensionID = "extension-definition--8d1a1ad6-59b6-5e0c-9d5c-7f1d2f5c4a61"
	oasis       = "identity--5abe695c-7bd5-4c31-8824-2528696cdbf1"
	epoch       = "2000-01-01T00:00:00.000Z"
)

// The objects that OASIS publishes for TLP 2.0; nobody makes their own.
var tlpMarkings = []struct{ level, id string }{
	{"clear", "marking-tlp--94868c89-83c2-464b-929b-a1a8aa3c8487"},
	{"green", "marking-tlp--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"},
	{"amber", "marking-tlp--55d920b0-5e8b-4f79-9ee9-91f868d9b421"},
	{"amber+strict", "marking-tlp--939a9414-2ddd-4d32-a0cd-375ea402b003"},
	{"red", "marking-tlp--e828b379-4e03-4974-9ac4-e53a884c97c1"},
}

// phaseOf says in which phase an activity of playbook-activity-ov belongs.
func phaseOf(activity string) string {
	switch activity {
	case "identify-audience", "identify-channel", "compose-content", "deliver-content", "scan-system", "match-indicator",
		"analyze-collected-data", "identify-indicators", "scan-vulnerabilities":
		return "identify"
	case "restrict-access", "disconnect-system", "configure-systems":
		return "contain"
	case "eliminate-risk":
		return "eradicate"
	case "revert-system", "restore-data", "restore-capabilities":
		return "recover"
	case "analyze-engagement-results":
		return "learn"
	}
	return ""
}

var (
	phases    = []string{"identify", "contain", "eradicate", "recover", "learn"}
	roleNames = []string{
		"commander", "investigator", "responder", "scribe", "approver", "comms", "legal", "observer", "auditor", "admin",
	}
	// verbKeys are the words of which a step has one; if counts only with then.
	verbKeys = []string{
		"manual", "run", "http", "action", "collect", "ingest", "detect", "notify", "playbook", "switch", "parallel",
		"for_each", "wait", "review",
	}
)

var incidentMembers = []string{"id", "title", "severity", "status", "phase", "tlp", "summary", "impact"}

func later(a, b string) bool { return slices.Index(phases, a) > slices.Index(phases, b) }

// verbOf is the verb of a step of ours.
func verbOf(step *Object) string {
	for _, v := range verbKeys {
		if step.Has(v) {
			return v
		}
	}
	return "if"
}

func guarded(step *Object) bool { return step.Has("if") && verbOf(step) != "if" }
