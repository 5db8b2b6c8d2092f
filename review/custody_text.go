package review

import (
	"bytes"
	"fmt"
	"strings"
)

// Text writes the form as plain lines, for a terminal or a line printer.
func (c Custody) Text() []byte {
	c = c.shown()
	var b bytes.Buffer
	fmt.Fprintf(&b, "CHAIN OF CUSTODY  %s  %s\n", c.Incident.ID, flat(given(c.Incident.Title)))
	c.heading(&b, "", flat)
	for _, x := range c.Exhibits {
		fmt.Fprintf(&b, "\n%s\n%s  %s\n", strings.Repeat("=", 78), x.ID, flat(given(x.Title)))
		for _, w := range x.warnings() {
			fmt.Fprintf(&b, "! %s\n", flat(w))
		}
		b.WriteByte('\n')
		for _, f := range x.Facts() {
			fmt.Fprintf(&b, "%-22s%s\n", f.Label, indented(f.Value, 22))
		}
		for i, d := range x.Deviations {
			fmt.Fprintf(&b, "%-22s%s\n", map[bool]string{true: "Deviations"}[i == 0], indented(d, 22))
		}
		if len(x.Deviations) == 0 {
			fmt.Fprintf(&b, "%-22s%s\n", "Deviations", x.NoDeviations())
		}
		b.WriteByte('\n')
		for _, ev := range x.Events {
			fmt.Fprintf(&b, "%s  #%-5d %-10s %s\n", exactly(ev.Time), ev.Seq, ev.What, flat(ev.By))
			fmt.Fprintf(&b, "    %s\n", indented(ev.Text, 4))
			for _, s := range ev.Signers {
				fmt.Fprintf(&b, "    %s\n", indented(s.Words(), 4))
			}
		}
		for range 2 {
			b.WriteString("\nGiven by ______________________  Taken by ______________________  Date ____________\n")
		}
		fmt.Fprintf(&b, "\nRecord %s\n", c.sealLine())
	}
	return b.Bytes()
}

// Markdown writes the form as Markdown.
func (c Custody) Markdown() []byte {
	c = c.shown()
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Chain of custody %s: %s\n\n", c.Incident.ID, cell(given(c.Incident.Title)))
	c.heading(&b, "\n", cell)
	for _, x := range c.Exhibits {
		fmt.Fprintf(&b, "\n## %s: %s\n\n", cell(x.ID), cell(given(x.Title)))
		for _, w := range x.warnings() {
			fmt.Fprintf(&b, "- **%s**\n", cell(w))
		}
		b.WriteString("\n| | |\n| --- | --- |\n")
		for _, f := range x.Facts() {
			v := cell(f.Value)
			if f.Missing {
				v = "**" + v + "**"
			}
			fmt.Fprintf(&b, "| %s | %s |\n", f.Label, v)
		}
		fmt.Fprintf(&b, "| Deviations | %s |\n", cell(first(strings.Join(x.Deviations, "; "), x.NoDeviations())))
		b.WriteString("\n| Time (UTC) | Entry | Who | What | |\n| --- | --- | --- | --- | --- |\n")
		for _, ev := range x.Events {
			text := cell(ev.Text)
			for _, s := range ev.Signers {
				text += "; " + cell(s.Words())
			}
			fmt.Fprintf(&b, "| %s | #%d | %s | %s | %s |\n", exactly(ev.Time), ev.Seq, cell(ev.By), ev.What, text)
		}
		b.WriteString("\n| Given by, signature | Taken by, signature | Date | Reason | Place |\n| --- | --- | --- | --- | --- |\n|  |  |  |  |  |\n|  |  |  |  |  |\n")
		fmt.Fprintf(&b, "\nRecord %s\n", cell(c.sealLine()))
	}
	return b.Bytes()
}

// flat writes a text on one line.
func flat(s string) string { return strings.ReplaceAll(s, "\n", " / ") }

func (c Custody) heading(b *bytes.Buffer, gap string, quote func(string) string) {
	if c.Incident.Drill {
		fmt.Fprintf(b, "DRILL: an exercise\n%s", gap)
	}
	fmt.Fprintf(b, "%s, made %s with %s\n%s", counted(len(c.Exhibits), "exhibit", "exhibits"), exactly(c.Made), quote(given(c.Tool)), gap)
	if !c.Roster {
		fmt.Fprintf(b, "No roster of keys is here: signatures were NOT checked\n%s", gap)
	}
	for _, g := range c.Gaps {
		fmt.Fprintf(b, "! %s\n%s", quote(g), gap)
	}
}

func (c Custody) sealLine() string {
	return first(c.Integrity.Seal, "without a head: nothing ties this form to a record")
}

// warnings are what stands above the facts of an exhibit.
func (x Chain) warnings() []string {
	var out []string
	if x.Erased != "" {
		out = append(out, "ERASED by "+x.Erased)
	}
	if x.Open != "" {
		out = append(out, x.Open+" was not answered")
	}
	if len(x.Unsigned) > 0 {
		out = append(out, "NOT signed by both: "+strings.Join(x.Unsigned, ", "))
	}
	return append(out, x.Gaps...)
}

// indented keeps the further lines of a text below its first.
func indented(s string, n int) string {
	return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", n))
}
