package tui

import (
	"cmp"
	"strings"

	"firebreak/response"
)

// custody says everything about an exhibit, what is not as it should be first.
func custody(x response.ExhibitView, w int) []line {
	out := []line{{{strong, x.ID + " "}, {usual, x.Title}, {faint, "  " + x.Kind}}}
	for _, d := range x.Deviations {
		out = append(out, wrap(warn, "! "+d, w)...)
	}
	out = append(out, uncertain(x, w)...)
	if p := x.Parsed; p != nil && p.Rejected > 0 {
		out = append(out, look(warn, "! "+number(p.Rejected)+" rejected by the parser"))
	}
	for _, f := range [][2]string{
		{"Source     ", join2(x.Source, " on ", x.Host)},
		{"SHA-256    ", x.SHA256},
		{"Size       ", number(x.Size) + " bytes"},
		{"Taken      ", stamp(x.Started) + " to " + stamp(x.Finished) + " by " + x.Collector},
		{"Sealed     ", stamp(x.SealedAt) + " by " + x.SealedBy},
		{"Held by    ", join2(x.Holder, ", ", plural(int64(x.Custody), "custody event"))},
		{"Method     ", x.Method},
		{"Tool       ", join2(x.Tool, ", sha256 ", x.ToolSHA256)},
		{"Authority  ", cmp.Or(x.Authority, "not said")},
	} {
		out = append(out, labelled(f[0], f[1], w)...)
	}
	if x.ClockOffset != 0 {
		out = append(out, labelled("Clock      ", "the source was "+x.ClockOffset.String()+" off", w)...)
	}
	if p := x.Parsed; p != nil {
		out = append(out, labelled("Parsed     ", plural(p.Events, "event")+" by "+p.Parser+recovered(p.Recovered)+", "+number(p.Rejected)+" rejected", w)...)
		rejected, notes := p.Split()
		for _, s := range notes {
			out = append(out, labelled("  note     ", s, w)...)
		}
		for _, s := range rejected {
			out = append(out, labelled("  rejected ", s, w)...)
		}
	}
	if c := x.Checked; c != nil {
		if c.OK {
			out = append(out, line{{faint, "Checked    "}, {good, "intact"}})
		} else {
			out = append(out, line{{faint, "Checked    "}, {bad, "BROKEN: found " + c.Found}})
		}
	}
	if x.Before != nil && x.After != nil && *x.Before != *x.After {
		out = append(out, look(warn, "! the file changed while it was read"))
	}
	return out
}

// uncertain says what of an exhibit's custody is open, unsigned or broken.
func uncertain(x response.ExhibitView, w int) []line {
	var out []line
	for _, g := range x.Gaps {
		out = append(out, wrap(bad, "! custody: "+g, w)...)
	}
	if x.Open != "" {
		out = append(out, look(warn, "! transfer "+x.Open+" was not answered"))
	}
	if len(x.Unsigned) > 0 {
		out = append(out, wrap(warn, "! not signed by both sides: "+strings.Join(x.Unsigned, ", "), w)...)
	}
	return out
}

// recovered is how many events were read from behind damage, nothing for none.
func recovered(n int64) string {
	if n == 0 {
		return ""
	}
	return " and " + number(n) + " recovered"
}
