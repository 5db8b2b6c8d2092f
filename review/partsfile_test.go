package review

import (
	"errors"
	"strings"
	"testing"
)

func TestPartsFileReadsBackAsItWasWritten(t *testing.T) {
	texts := []string{
		"", "plain", "two\n\nparagraphs", "# a heading of its own\n<!-- a comment of its own -->",
		"<!-- part: summary, version 1 -->", "\\<!-- part: summary, version 1 -->\n\\\\<!-- part: x -->",
		"# Impact\n\n# Impact", "```\n<!-- part: luck, version 0 -->\n```", strings.Repeat("long ", 200_000), "äöü 漢字 \u202eevil",
	}
	var in []PartDraft
	for i, text := range texts {
		in = append(in, PartDraft{Parts()[i].Key, i, text})
	}
	text := PartsFile("2026-0001", in)
	for name, file := range map[string]string{"as it is": text, "with Windows' line ends": "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n")} {
		out, err := ReadPartsFile(file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(out) != len(in) {
			t.Fatalf("%s: %d parts", name, len(out))
		}
		for i := range in {
			want := in[i]
			want.Text = strings.TrimRight(want.Text, " ")
			if out[i] != want {
				t.Errorf("%s: part %s reads %.100q, want %.100q", name, in[i].Part, out[i].Text, want.Text)
			}
		}
	}
}

func TestPartsFileThatWasBroken(t *testing.T) {
	good := PartsFile("2026-0001", []PartDraft{{"summary", 1, "a"}, {"luck", 0, "b"}})
	for name, text := range map[string]string{
		"no part":        "just words",
		"unknown part":   strings.Replace(good, "part: luck", "part: nonsense", 1),
		"twice":          strings.Replace(good, "part: luck", "part: summary", 1),
		"changed number": strings.Replace(good, "version 1 -->", "version one -->", 1),
	} {
		if _, err := ReadPartsFile(text); !errors.Is(err, ErrPartsFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"no UTF-8":   strings.Replace(good, "\na\n", "\n\xff\xfe\n", 1),
		"NUL":        strings.Replace(good, "\na\n", "\n\x00\n", 1),
		"a note too": strings.Replace(good, "\na\n", "\n"+strings.Repeat("x", MaxPart+1)+"\n", 1),
		"ten MB":     good + strings.Repeat("x", 17<<20),
	} {
		if _, err := ReadPartsFile(text); err == nil || errors.Is(err, ErrPartsFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := ReadPartsFile(good[:strings.Index(good, "<!-- part: luck")])
	if err != nil || len(left) != 1 || left[0] != (PartDraft{"summary", 1, "a"}) {
		t.Errorf("%+v, %v", left, err)
	}
	// Who takes the heading or the question away, or writes above them, loses nothing.
	out, err := ReadPartsFile("<!-- part: luck, version 0 -->\nmine\n# Where we were lucky\n")
	if err != nil || out[0].Text != "mine\n# Where we were lucky" {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestBothTextsAreToldFromOne(t *testing.T) {
	b := Both("mine\nmore", "theirs", "version 3 by bob")
	if !IsBoth(b) || IsBoth("mine") || IsBoth("=======") || !strings.Contains(b, "mine\nmore\n=======\ntheirs\n>>>>>>> version 3 by bob") {
		t.Error(b)
	}
}

func FuzzPartsFile(f *testing.F) {
	f.Add("plain", "")
	f.Add("<!-- part: summary, version 1 -->", "\\<!-- part: ")
	f.Add("# Executive summary", "\r\n<!-- x")
	f.Fuzz(func(t *testing.T, a, b string) {
		_, _ = ReadPartsFile(a) // anything may come
		x, errA := PartTextOf(a)
		y, errB := PartTextOf(b)
		if errA != nil || errB != nil {
			return
		}
		out, err := ReadPartsFile(PartsFile("2026-0001", []PartDraft{{"summary", 3, x}, {"limits", 0, y}}))
		if err != nil || len(out) != 2 || out[0].Text != x || out[1].Text != y {
			t.Errorf("%q, %q: %+v, %v", x, y, out, err)
		}
	})
}
