package forensics

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// parseModules reads /proc/modules and counts the lines it cannot read:
//
//	name size refs user,user, state address (taint)
func parseModules(b []byte) (out []Module, bad int) {
	for line := range bytes.Lines(b) {
		f := strings.Fields(string(line))
		if len(f) < 5 {
			bad++
			continue
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			bad++
			continue
		}
		m := Module{Name: f[0], Size: size, Refs: int(number(f[2])), State: strings.ToLower(f[4])}
		if f[3] != "-" {
			m.UsedBy = strings.FieldsFunc(f[3], func(r rune) bool { return r == ',' })
		}
		if last := f[len(f)-1]; len(f) > 6 && strings.HasPrefix(last, "(") {
			m.Taint = strings.Trim(last, "()")
		}
		m.Raw = raw(m.Raw, "name", m.Name)
		out = append(out, m)
	}
	return out, bad
}

// taintWords are the bits of /proc/sys/kernel/tainted, lowest first
// (Documentation/admin-guide/tainted-kernels.rst).
func taintWords() []string {
	return []string{
		"proprietary module was loaded", "module was force loaded", "running on a processor out of specification",
		"module was force unloaded", "processor reported a machine check", "bad page referenced", "taint requested by a program",
		"kernel died recently (oops)", "ACPI table overridden", "kernel issued a warning", "staging driver was loaded",
		"workaround for a firmware bug", "externally-built (out-of-tree) module was loaded", "unsigned module was loaded",
		"soft lockup occurred", "kernel has been live patched", "auxiliary taint", "built with struct randomisation", "in-kernel test has been run",
	}
}

// parseTaint reads the taint mask and puts its bits into words.
func parseTaint(s string) (uint64, []string) {
	mask, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, nil
	}
	var out []string
	words := taintWords()
	for bit := range 64 {
		switch {
		case mask&(1<<bit) == 0:
		case bit < len(words):
			out = append(out, words[bit])
		default:
			out = append(out, fmt.Sprintf("bit %d", bit))
		}
	}
	return mask, out
}
