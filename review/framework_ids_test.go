package review

import (
	"slices"
	"strings"
	"testing"
)

func TestIdentifiersAreAsManyAsTheirPublishersSay(t *testing.T) {
	for _, x := range []struct {
		key, has string // what a single one has and a group has not
		not      string
		want     int
	}{
		{"csf", "-", "", 106}, {"iso27001", ".", "", 93}, {"cis", ".", "", 153}, {"soc2", ".", ".0", 61},
	} {
		n := 0
		for _, id := range identifiers(x.key) {
			if strings.Contains(id, x.has) && (x.not == "" || !strings.HasSuffix(id, x.not)) {
				n++
			}
		}
		if n != x.want {
			t.Errorf("%s: %d, want %d", x.key, n, x.want)
		}
	}
	for _, f := range frameworks {
		for _, id := range identifiers(f.key) {
			if got, err := ParseReference(f.key + ":" + id); err != nil || got != f.key+":"+id || ReferenceName(got) == "" {
				t.Errorf("%s:%s is %q (%q), %v", f.key, id, got, ReferenceName(got), err)
			}
		}
	}
}

func TestReferencesThatThereAre(t *testing.T) {
	for _, ref := range []string{
		"csf:DE.CM-09", "csf:de.ae", "iso27001:8.34", "cis:16.14", "cis:18", "pci:12.10.4.1", "pci:10", "pci:A3.2.5.2", "pci:8.3.10.1", "soc2:CC7.5", "soc2:P6.7", "soc2:PI1", "soc2:P4.0",
		"hipaa:164.308(a)(7)(ii)(E)", "hipaa:164.312(a)(2)(iv)", "hipaa:164.404", "hipaa:164.316(b)(2)(iii)",
	} {
		if _, err := ParseReference(ref); err != nil {
			t.Error(err)
		}
	}
	for ref, near := range map[string]string{
		"csf:DE.CM-99": "csf:DE.CM-09, csf:DE.CM-06, csf:DE.CM-03", "csf:DE.CM-04": "csf:DE.CM-03", "csf:XX.YY-01": "csf:", "iso27001:A.8.35": "iso27001:A.8.34",
		"cis:1.6": "cis:1.5", "cis:19": "cis:18", "pci:12.11": "pci:12.10", "pci:3.5.1.4": "pci:3.5.1.3", "soc2:CC9.3": "soc2:CC9.2", "soc2:CC7.0": "soc2:CC7.1",
		"hipaa:164.312(f)": "hipaa:164.312(", "hipaa:164.308(a)(9)": "hipaa:164.308(a)(8)", "hipaa:164.999": "hipaa:164.",
	} {
		_, err := ParseReference(ref)
		if err == nil || !strings.Contains(err.Error(), "near it are ") || !strings.Contains(err.Error(), near) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	// What stands in a record already is named as far as its group is known.
	if got := ReferenceName("csf:DE.CM-99"); got != "monitoring" {
		t.Errorf("%q", got)
	}
	if !slices.Equal(signs("A-C"), []string{"A", "B", "C"}) || !slices.Equal(signs("ii-iii"), []string{"ii", "iii"}) {
		t.Error("the signs of a level are counted wrong")
	}
}
