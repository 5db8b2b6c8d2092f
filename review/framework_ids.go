package review

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The identifiers of the frameworks, and nothing but identifiers: their texts belong
// to their publishers. Each table was compared in November 2026 with the public list
// that stands beside it.

// csfIDs are the subcategories of each category of NIST CSF 2.0: 106 in 22. NIST CSWP
// 29 (February 2024); compared with nist-csf-2.0.yaml of github.com/intuitem/ciso-assistant-community.
// Numbers that are missing were withdrawn or moved after 1.1.
var csfIDs = map[string]string{
	"GV.OC": "01 02 03 04 05", "GV.RM": "01 02 03 04 05 06 07", "GV.RR": "01 02 03 04", "GV.PO": "01 02", "GV.OV": "01 02 03",
	"GV.SC": "01 02 03 04 05 06 07 08 09 10", "ID.AM": "01 02 03 04 05 07 08", "ID.RA": "01 02 03 04 05 06 07 08 09 10", "ID.IM": "01 02 03 04",
	"PR.AA": "01 02 03 04 05 06", "PR.AT": "01 02", "PR.DS": "01 02 10 11", "PR.PS": "01 02 03 04 05 06", "PR.IR": "01 02 03 04",
	"DE.CM": "01 02 03 06 09", "DE.AE": "02 03 04 06 07 08",
	"RS.MA": "01 02 03 04 05", "RS.AN": "03 06 07 08", "RS.CO": "02 03", "RS.MI": "01 02", "RC.RP": "01 02 03 04 05 06", "RC.CO": "03 04",
}

// isoIDs is how many controls each theme of Annex A of ISO/IEC 27001:2022 has: 93.
// Compared with iso27001-2022.yaml of the same repository.
const isoIDs = "A.5:37 A.6:8 A.7:14 A.8:34"

// cisIDs is how many safeguards each of the CIS Controls 8.1 has: 153. Compared with
// mapping-cis-controls-v8-and-scf-2025.2.2.yaml of the same repository; 8.1 took none
// away and added none.
const cisIDs = "1:5 2:7 3:14 4:12 5:6 6:8 7:7 8:12 9:7 10:7 11:5 12:8 13:11 14:9 15:7 16:14 17:9 18:5"

// pciIDs is how many requirements stand below each one of PCI DSS 4.0.1, with its
// appendices A1 to A3. Compared with pcidss-4_0.yaml (4.0.1) of the same repository.
const pciIDs = `
	1:5 1.1:2 1.2:8 1.3:3 1.4:5 1.5:1
	2:3 2.1:2 2.2:7 2.3:2
	3:7 3.1:2 3.2:1 3.3:3 3.3.1:3 3.4:2 3.5:1 3.5.1:3 3.6:1 3.6.1:4 3.7:9
	4:2 4.1:2 4.2:2 4.2.1:2
	5:4 5.1:2 5.2:3 5.2.3:1 5.3:5 5.3.2:1 5.4:1
	6:5 6.1:2 6.2:4 6.2.3:1 6.3:3 6.4:3 6.5:6
	7:3 7.1:2 7.2:6 7.2.5:1 7.3:3
	8:6 8.1:2 8.2:8 8.3:11 8.3.10:1 8.4:3 8.5:1 8.6:3
	9:5 9.1:2 9.2:4 9.2.1:1 9.3:4 9.3.1:1 9.4:7 9.4.1:2 9.4.5:1 9.5:1 9.5.1:3 9.5.1.2:1
	10:7 10.1:2 10.2:2 10.2.1:7 10.3:4 10.4:3 10.4.1:1 10.4.2:1 10.5:1 10.6:3 10.7:3
	11:6 11.1:2 11.2:2 11.3:2 11.3.1:3 11.3.2:1 11.4:7 11.5:2 11.5.1:1 11.6:1
	12:10 12.1:4 12.2:1 12.3:4 12.4:2 12.4.2:1 12.5:3 12.5.2:1 12.6:3 12.6.3:2 12.7:1 12.8:5 12.9:2 12.10:7 12.10.4:1
	A1:2 A1.1:4 A1.2:3
	A2:1 A2.1:3
	A3:5 A3.1:4 A3.2:6 A3.2.2:1 A3.2.5:2 A3.2.6:1 A3.3:3 A3.3.1:1 A3.4:1 A3.5:1
`

// soc2IDs is how many criteria each group of the Trust Services Criteria of 2017 (with
// the points of focus of 2022) has: 61. Compared with soc2-2017.yaml and
// soc2_2017_with_rev_2022.yaml of the same repository.
const soc2IDs = "CC1:5 CC2:3 CC3:4 CC4:2 CC5:3 CC6:8 CC7:5 CC8:1 CC9:2 A1:3 C1:2 PI1:5 P1:1 P2:1 P3:2 P4:3 P5:2 P6:7 P7:1 P8:1"

// hipaaIDs are the paragraphs of the security rule (45 CFR 164.302 to 164.318) that
// are divided no further, or as far as one refers to them. Their first levels were
// compared with NIST SP 800-66r2 (nist-sp-800-66-rev2.yaml of the same repository);
// those below were written down from the CFR. Of the breach and privacy rules only
// the sections are known here.
const hipaaIDs = `
	164.302 164.304 164.306(a)(1-4) 164.306(b)(1-2)(i-iv) 164.306(c) 164.306(d)(1-3)(i-ii) 164.306(e)
	164.308(a)(1)(i) 164.308(a)(1)(ii)(A-D) 164.308(a)(2) 164.308(a)(3)(i) 164.308(a)(3)(ii)(A-C) 164.308(a)(4)(i) 164.308(a)(4)(ii)(A-C)
	164.308(a)(5)(i) 164.308(a)(5)(ii)(A-D) 164.308(a)(6)(i-ii) 164.308(a)(7)(i) 164.308(a)(7)(ii)(A-E) 164.308(a)(8) 164.308(b)(1-3)
	164.310(a)(1) 164.310(a)(2)(i-iv) 164.310(b) 164.310(c) 164.310(d)(1) 164.310(d)(2)(i-iv)
	164.312(a)(1) 164.312(a)(2)(i-iv) 164.312(b) 164.312(c)(1-2) 164.312(d) 164.312(e)(1) 164.312(e)(2)(i-ii)
	164.314(a)(1) 164.314(a)(2)(i)(A-C) 164.314(a)(2)(ii-iii) 164.314(b)(1) 164.314(b)(2)(i-iv) 164.316(a) 164.316(b)(1)(i-ii) 164.316(b)(2)(i-iii) 164.318(a-c)
`

// identifiers are all references that a framework has, groups included, in their
// usual form.
func identifiers(key string) []string {
	var out []string
	switch key {
	case "csf":
		for category, numbers := range csfIDs {
			out = append(out, category)
			for n := range strings.FieldsSeq(numbers) {
				out = append(out, category+"-"+n)
			}
		}
	case "iso27001":
		out = below(isoIDs, false)
	case "cis":
		out = below(cisIDs, true)
	case "pci":
		out = below(pciIDs, true)
	case "soc2":
		out = below(soc2IDs, true)
		for i := 1; i <= 8; i++ {
			out = append(out, fmt.Sprintf("P%d.0", i)) // so are the groups of privacy called
		}
	case "hipaa":
		out = hipaaPlaces()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// below counts out "10.2:3": 10.2.1, 10.2.2, 10.2.3; with the group itself, if it is
// a reference.
func below(table string, groups bool) []string {
	var out []string
	for row := range strings.FieldsSeq(table) {
		group, count, _ := strings.Cut(row, ":")
		if groups {
			out = append(out, group)
		}
		n, _ := strconv.Atoi(count) // the tables are ours
		for i := 1; i <= n; i++ {
			out = append(out, fmt.Sprintf("%s.%d", group, i))
		}
	}
	return out
}

var roman = []string{"i", "ii", "iii", "iv"}

// hipaaPlaces are the paragraphs, and what they are in.
func hipaaPlaces() []string {
	out := []string{}
	for section := range hipaaNames {
		out = append(out, section)
	}
	for row := range strings.FieldsSeq(hipaaIDs) {
		section, rest, _ := strings.Cut(row, "(")
		all := []string{section}
		out = append(out, section)
		for level := range strings.SplitSeq(strings.TrimSuffix(rest, ")"), ")(") {
			if level == "" {
				continue
			}
			var next []string
			for _, before := range all {
				for _, x := range signs(level) {
					next = append(next, before+"("+x+")")
				}
			}
			all = next
			out = append(out, all...)
		}
	}
	return out
}

// signs are the signs of one level: "i-iii" is i, ii, iii.
func signs(level string) []string {
	from, to, ok := strings.Cut(level, "-")
	if !ok {
		return []string{level}
	}
	if at, end := slices.Index(roman, from), slices.Index(roman, to); at >= 0 && end >= at {
		return roman[at : end+1]
	}
	var out []string
	for c := from[0]; c <= to[0]; c++ {
		out = append(out, string(rune(c)))
	}
	return out
}

// nearest are up to three references that there are, those first that begin like the
// one that there is not, and are near to it by their number.
func nearest(key, place string) []string {
	type near struct {
		id         string
		same, away int
	}
	var all []near
	for _, id := range identifiers(key) {
		same := 0
		for same < len(id) && same < len(place) && id[same] == place[same] {
			same++
		}
		away := len(id) - len(place)
		a, errA := strconv.Atoi(tail(id))
		b, errB := strconv.Atoi(tail(place))
		if errA == nil && errB == nil {
			away = a - b
		}
		all = append(all, near{id, same, max(away, -away)})
	}
	group := func(id string) string { return strings.TrimSuffix(strings.TrimSuffix(id, ")"), tail(id)) }
	slices.SortFunc(all, func(a, b near) int {
		inA, inB := group(a.id) == group(place), group(b.id) == group(place)
		switch {
		case inA != inB && inA:
			return -1
		case inA != inB:
			return 1
		case inA:
			return cmp.Or(cmp.Compare(a.away, b.away), cmp.Compare(a.id, b.id))
		}
		return cmp.Or(cmp.Compare(b.same, a.same), cmp.Compare(a.away, b.away), cmp.Compare(a.id, b.id))
	})
	var out []string
	for _, n := range all[:min(len(all), 3)] {
		out = append(out, key+":"+n.id)
	}
	return out
}

// tail is the last number of a reference: "09" of DE.CM-09.
func tail(id string) string { return strings.TrimSuffix(id[strings.LastIndexAny(id, ".-(")+1:], ")") }
