package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

// framework is one set of controls that people are measured by. Its references
// are public; the texts behind them belong to their publishers and are not here.
// Names are ours: enough to find the place.
type framework struct {
	key, name, example string
	shape              *lazyre.Regexp
	of                 func(ref string) string
}

var frameworks = []framework{
	{"csf", "NIST Cybersecurity Framework 2.0", "csf:DE.CM-01", lazyre.New(`^[A-Z]{2}\.[A-Z]{2}(-[0-9]{2})?$`), csfName},
	{"iso27001", "ISO/IEC 27001:2022, Annex A", "iso27001:A.8.15", lazyre.New(`^A\.[5-8]\.[0-9]{1,2}$`), isoName},
	{"cis", "CIS Controls 8.1", "cis:8.2", lazyre.New(`^[0-9]{1,2}(\.[0-9]{1,2})?$`), numbered(cisNames)},
	{"pci", "PCI DSS 4.0.1", "pci:10.2", lazyre.New(`^(A[1-3]|[0-9]{1,2})(\.[0-9]{1,2}){0,4}$`), numbered(pciNames)},
	{"soc2", "SOC 2, Trust Services Criteria", "soc2:CC7.2", lazyre.New(`^(CC|A|C|PI|P)[0-9](\.[0-9]{1,2})?$`), soc2Name},
	{"hipaa", "HIPAA, 45 CFR part 164", "hipaa:164.312(b)", lazyre.New(`^164\.[0-9]{3}(\([0-9A-Za-z]{1,5}\))*$`), hipaaName},
}

// splitReference parts csf:DE.CM-01 into the framework and the place in it.
func splitReference(ref string) (key, place string) {
	key, place, _ = strings.Cut(ref, ":")
	return strings.ToLower(key), place
}

// ReferenceName is our short name for the control that a reference means, or for
// the group that it stands in; "" where we have none.
func ReferenceName(ref string) string {
	key, place := splitReference(ref)
	for _, f := range frameworks {
		if f.key == key && f.shape.MatchString(place) {
			return f.of(place)
		}
	}
	return ""
}

// ParseReference brings a reference to a control into its usual form, as in
// csf:DE.CM-01, or says what is wrong with it, and which there are near it. What an old
// record has is shown as it stands: only what is said now has to exist.
func ParseReference(s string) (string, error) {
	key, place := splitReference(strings.TrimSpace(s))
	for _, f := range frameworks {
		if f.key != key {
			continue
		}
		if key != "hipaa" {
			place = strings.ToUpper(place)
		}
		if key == "iso27001" && !strings.HasPrefix(place, "A.") {
			place = "A." + place
		}
		if !f.shape.MatchString(place) {
			return "", fmt.Errorf("control %q: a reference to %s looks like %s", s, f.name, f.example)
		}
		if !slices.Contains(identifiers(key), place) {
			return "", fmt.Errorf("control %q: %s has no such place; near it are %s", s, f.name, strings.Join(nearest(key, place), ", "))
		}
		return key + ":" + place, nil
	}
	var examples []string
	for _, f := range frameworks {
		examples = append(examples, f.example)
	}
	return "", fmt.Errorf("control %q: it begins with its framework, as in %s", s, strings.Join(examples, ", "))
}

// csfNames are the categories of NIST CSF 2.0 (CSWP 29, February 2024).
var csfNames = map[string]string{
	"GV.OC": "what the organisation needs", "GV.RM": "how risk is dealt with", "GV.RR": "who answers for what", "GV.PO": "policy", "GV.OV": "oversight", "GV.SC": "suppliers",
	"ID.AM": "knowing what there is", "ID.RA": "knowing the risks", "ID.IM": "improvement",
	"PR.AA": "identities and access", "PR.AT": "training", "PR.DS": "data", "PR.PS": "platforms", "PR.IR": "resilient infrastructure",
	"DE.CM": "monitoring", "DE.AE": "analysis of what was seen",
	"RS.MA": "managing the incident", "RS.AN": "investigation", "RS.CO": "telling people", "RS.MI": "containment and eradication",
	"RC.RP": "restoring", "RC.CO": "telling people of the recovery",
}

// csfName is the name of a category; of two outcomes it says which.
func csfName(ref string) string {
	switch ref {
	case "RS.MI-01":
		return "containment"
	case "RS.MI-02":
		return "eradication"
	}
	return csfNames[ref[:min(len(ref), 5)]]
}

// isoNames are the controls of Annex A, by theme.
var isoNames = map[string][]string{
	"5": {
		"policies", "roles", "separation of duties", "management's part", "contact with authorities", "contact with interest groups", "threat intelligence",
		"security in projects", "inventory", "acceptable use", "return of assets", "classification", "labels", "transfer of information", "access rules",
		"identities", "credentials", "access rights", "suppliers", "supplier contracts", "supply chain", "watching suppliers", "cloud services",
		"readiness for incidents", "judging events", "response", "learning from incidents", "evidence", "security during disruption", "readiness to continue",
		"law and contracts", "intellectual property", "records", "privacy", "independent review", "following the rules", "written procedures",
	},
	"6": {"screening", "terms of employment", "training", "disciplinary process", "leaving", "confidentiality", "remote work", "reporting events"},
	"7": {
		"perimeters", "entry", "offices", "watching the premises", "physical threats", "secure areas", "clear desk and screen", "siting of equipment",
		"assets off site", "storage media", "utilities", "cabling", "maintenance", "disposal",
	},
	"8": {
		"user devices", "privileged access", "restricted access", "source code", "authentication", "capacity", "malware", "vulnerabilities", "configuration",
		"deletion", "masking", "data leaks", "backup", "redundancy", "logs", "monitoring", "clocks", "privileged tools", "installing software", "networks",
		"network services", "separate networks", "web filtering", "cryptography", "secure development", "application requirements", "secure architecture",
		"secure coding", "security tests", "outsourced development", "separate environments", "change", "test data", "audit tests",
	},
}

func isoName(ref string) string {
	_, rest, _ := strings.Cut(ref, ".")
	theme, number, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	if names := isoNames[theme]; err == nil && n >= 1 && n <= len(names) {
		return names[n-1]
	}
	return ""
}

// cisNames are the CIS Controls, by number.
var cisNames = []string{
	"inventory of devices", "inventory of software", "data", "configuration", "accounts", "access", "vulnerabilities", "logs", "mail and browsers", "malware",
	"recovery of data", "network management", "network monitoring", "training", "service providers", "application security", "incident response", "penetration tests",
}

// pciNames are the requirements of PCI DSS, by number.
var pciNames = []string{
	"network controls", "secure configuration", "stored account data", "encryption in transit", "malware", "secure systems and software", "need to know",
	"identification and authentication", "physical access", "logs and monitoring", "security tests", "policies and programmes",
}

func numbered(names []string) func(string) string {
	return func(ref string) string {
		head, _, _ := strings.Cut(ref, ".")
		if strings.HasPrefix(head, "A") {
			return "appendix" // of PCI DSS
		}
		if n, err := strconv.Atoi(head); err == nil && n >= 1 && n <= len(names) {
			return names[n-1]
		}
		return ""
	}
}

// soc2Names are the groups of the Trust Services Criteria.
var soc2Names = map[string]string{
	"CC1": "control environment", "CC2": "communication", "CC3": "risk assessment", "CC4": "monitoring of controls", "CC5": "control activities",
	"CC6": "access", "CC7": "operations and incidents", "CC8": "change", "CC9": "risk mitigation and vendors",
	"A1": "availability", "C1": "confidentiality", "PI1": "processing integrity", "P1": "privacy: notice", "P2": "privacy: choice and consent", "P3": "privacy: collection",
	"P4": "privacy: use, retention, disposal", "P5": "privacy: access", "P6": "privacy: disclosure", "P7": "privacy: quality", "P8": "privacy: monitoring",
}

func soc2Name(ref string) string {
	head, _, _ := strings.Cut(ref, ".")
	return soc2Names[head]
}

// hipaaNames are the sections of the security, breach and privacy rules.
var hipaaNames = map[string]string{
	"164.302": "security: when it applies", "164.304": "security: definitions", "164.318": "security: compliance dates",
	"164.306": "security: general rules", "164.308": "administrative safeguards", "164.310": "physical safeguards", "164.312": "technical safeguards",
	"164.314": "contracts with associates", "164.316": "policies and documents",
	"164.400": "breach rule: when it applies", "164.402": "what a breach is", "164.404": "notice to people", "164.406": "notice to the media", "164.408": "notice to the Secretary",
	"164.410": "notice by an associate", "164.412": "delay for law enforcement", "164.414": "burden of proof",
	"164.500": "privacy: when it applies", "164.501": "privacy: definitions", "164.502": "uses and disclosures", "164.504": "organisational requirements", "164.506": "treatment, payment, operations",
	"164.508": "authorisation", "164.510": "chance to object", "164.512": "no authorisation needed", "164.514": "de-identification, minimum necessary",
	"164.520": "notice of practices", "164.522": "restriction", "164.524": "access", "164.526": "amendment", "164.528": "accounting", "164.530": "administrative requirements",
}

func hipaaName(ref string) string { return hipaaNames[ref[:min(len(ref), 7)]] }

// phaseFunctions says which categories of CSF 2.0 a phase of the response is. The
// categories' own outcomes name containment (RS.MI-01), eradication (RS.MI-02),
// restoring (RC.RP) and improvement (ID.IM); finding out is analysis before and
// after the declaration (DE.AE, RS.AN) with triage (RS.MA). That is how NIST SP
// 800-61r3 shares out a response: Govern, Identify and Protect prepare for it, Detect,
// Respond and Recover are it, and improvement (ID.IM) comes out of all of them.
func phaseFunctions(refs ...string) []CSFFunction {
	out := make([]CSFFunction, 0, len(refs))
	for _, r := range refs {
		out = append(out, CSFFunction{Ref: r, Name: csfName(r)})
	}
	return slices.Clip(out)
}
