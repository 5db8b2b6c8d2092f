package library_test

import (
	"slices"
	"strings"
	"testing"
)

// The ids that were looked up. Techniques: each is in Enterprise ATT&CK 18.1 and
// not deprecated there, or is what 19.2 names in place of one that it revoked
// (T1562.001, T1562.008 and T1656 became T1685, T1685.002 and T1684.001).
// Countermeasures: each is a d3fend-id of the ontology of August 2025. Look a new
// one up before it is put here: a wrong one is worse than none.
var (
	knownTechniques = strings.Fields(`
	T1003.001 T1005 T1021.002 T1048 T1052.001 T1053 T1053.003 T1053.005 T1055 T1059 T1059.001 T1059.004 T1059.006
	T1059.007 T1068 T1070 T1070.003 T1070.006 T1071 T1071.001 T1078 T1078.002 T1078.004 T1083 T1087.004 T1098.001
	T1098.003 T1098.004 T1098.005 T1098.006 T1105 T1110.003 T1114 T1114.002 T1114.003 T1136.003 T1190 T1195.001
	T1195.002 T1199 T1203 T1204.001 T1204.002 T1210 T1213 T1213.003 T1213.005 T1484.001 T1485 T1486 T1489 T1490
	T1491.002 T1496.001 T1498 T1498.001 T1498.002 T1499 T1499.002 T1499.003 T1505.003 T1525 T1528 T1530 T1534
	T1537 T1539 T1543.002 T1546.016 T1547.001 T1550.001 T1550.004 T1552.001 T1552.004 T1552.005 T1552.007
	T1552.008 T1554 T1555 T1555.003 T1556 T1556.006 T1556.007 T1557 T1564.008 T1565.001 T1566 T1566.001 T1566.002
	T1566.003 T1567 T1567.002 T1570 T1578.002 T1580 T1584.001 T1584.002 T1586.002 T1588.004 T1595.002 T1598.003
	T1609 T1610 T1611 T1613 T1619 T1621 T1657 T1684.001 T1685 T1685.002`)
	knownCountermeasures = strings.Fields(`
	D3-ACH D3-AL D3-AMED D3-ANCI D3-ANET D3-APA D3-AVE D3-CE D3-CF D3-CIA D3-CNE D3-CQ D3-CR D3-CRO D3-CV D3-DI
	D3-DKE D3-DNSCE D3-DNSDL D3-DNSTA D3-DO D3-DRT D3-EDL D3-EF D3-EI D3-ER D3-FEV D3-FFV D3-FH D3-FIM D3-FRIDL
	D3-HD D3-HDL D3-ITF D3-JFAPA D3-MFA D3-NAM D3-NI D3-NTA D3-NTF D3-NVA D3-ODM D3-OE D3-OTF D3-PE D3-PR D3-PS
	D3-RA D3-RAPA D3-RC D3-RD D3-RDI D3-RE D3-RF D3-RFAM D3-RIC D3-RKD D3-RNA D3-RO D3-RS D3-RUAA D3-SCH D3-SCP
	D3-SFA D3-SJA D3-SPP D3-ST D3-SU D3-SWI D3-TB D3-UAP D3-UBA D3-UDTA D3-ULA`)
)

// TestFrameworkIDs: the techniques and countermeasures that playbooks name exist.
func TestFrameworkIDs(t *testing.T) {
	used := map[string]bool{}
	named := func(of string, ids, known []string) {
		for _, id := range ids {
			if used[id] = true; !slices.Contains(known, id) {
				t.Errorf("%s: %s was not looked up", of, id)
			}
		}
	}
	for _, p := range list(t) {
		named(p.ID, p.Attack, knownTechniques)
		for _, s := range p.Steps() {
			named(p.ID+" step "+s.ID, s.Attack, knownTechniques)
			named(p.ID+" step "+s.ID, s.D3fend, knownCountermeasures)
		}
	}
	for _, id := range slices.Concat(knownTechniques, knownCountermeasures) {
		if !used[id] {
			t.Errorf("%s: no playbook has it", id)
		}
	}
}
