package record_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"firebreak/record"
)

func handover() record.Handover {
	return record.Handover{
		Incident: "2026-0007", Transfer: "t3", From: "Ada Okafor", To: "Jun Lindqvist", Reason: "imaging in the lab", Place: "room 3",
		Exhibits: []record.HandoverItem{{"e1", 4811, strings.Repeat("9f", 32)}, {"e12", 0, strings.Repeat("00", 32)}},
		Time:     time.Date(2026, 11, 20, 3, 4, 5, 0, time.UTC), Head: "2026-0007 @12 " + strings.Repeat("ab", 32),
	}
}

func TestHandoverText(t *testing.T) {
	t.Parallel()
	want := "firebreak custody handover v1\nincident: 2026-0007\ntransfer: t3\n" +
		"exhibit: e1, 4811 bytes, sha256 " + strings.Repeat("9f", 32) + "\nexhibit: e12, 0 bytes, sha256 " + strings.Repeat("00", 32) + "\n" +
		"from: Ada Okafor\nto: Jun Lindqvist\nreason: imaging in the lab\nplace: room 3\ntime: 2026-11-20T03:04:05Z\nhead: 2026-0007 @12 " + strings.Repeat("ab", 32) + "\n"
	if got := handover().Text(); got != want {
		t.Errorf("the statement is\n%s\nwant\n%s", got, want)
	}
}

func TestHandoverReadsBack(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{
		"plain", "", "two\nlines", "a\u202eb", " spaces ", `"quoted"`, "x: y", "t3\nto: Eve", "\x1b[2J", "\xff\xfe", "éà漢", "\u00a0",
	} {
		h := handover()
		h.Reason, h.Place = reason, reason
		text := h.Text()
		if n := strings.Count(text, "\n"); n < 9 || n > 11 {
			t.Errorf("reason %q makes %d lines of the statement", reason, n)
		}
		got, err := record.ParseHandover(text)
		if err != nil {
			t.Errorf("reason %q: %v", reason, err)
			continue
		}
		if got.Reason != reason || got.Place != reason || got.To != h.To || len(got.Exhibits) != 2 || got.Exhibits[1] != h.Exhibits[1] || !got.Time.Equal(h.Time) {
			t.Errorf("reason %q reads back as %+v", reason, got)
		}
	}
}

func TestHandoverHasOneForm(t *testing.T) {
	t.Parallel()
	good := handover().Text()
	for name, text := range map[string]string{
		"empty":              "",
		"no line break":      strings.TrimSuffix(good, "\n"),
		"one more":           good + "\n",
		"trailing text":      good + "to: Eve\n",
		"carriage returns":   strings.ReplaceAll(good, "\n", "\r\n"),
		"another receiver":   strings.Replace(good, "reason:", "to: Eve\nreason:", 1),
		"another order":      strings.Replace(good, "from: Ada Okafor\nto: Jun Lindqvist\n", "to: Jun Lindqvist\nfrom: Ada Okafor\n", 1),
		"quoted for nothing": strings.Replace(good, "room 3", `"room 3"`, 1),
		"a local time":       strings.Replace(good, "03:04:05Z", "04:04:05+01:00", 1),
		"a sign":             strings.Replace(good, "4811", "+4811", 1),
		"an unknown name":    strings.Replace(good, "place:", "where:", 1),
		"a refusal":          handover().Refusal("no"),
		"too long":           good + strings.Repeat("x", record.MaxHandover),
	} {
		if _, err := record.ParseHandover(text); !errors.Is(err, record.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

// A signed no must never serve as a yes, nor as the no to something else.
func TestRefusals(t *testing.T) {
	t.Parallel()
	h, other := handover(), handover()
	other.Transfer = "t4"
	no := h.Refusal("no safe here")
	for name, c := range map[string]struct {
		got, want bool
	}{
		"its own":              {h.Refuses(no, "no safe here"), true},
		"its reason is erased": {h.Refuses(no, ""), true},
		"without a reason":     {h.Refuses(h.Refusal(""), ""), true},
		"another reason":       {h.Refuses(no, "tired"), false},
		"a yes":                {h.Refuses(h.Text(), ""), false},
		"another transfer":     {h.Refuses(other.Refusal("no safe here"), ""), false},
		"more before":          {h.Refuses(strings.Replace(no, "reason:", "x\nreason:", 1), ""), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %t", name, c.got)
		}
	}
}

func FuzzParseHandover(f *testing.F) {
	f.Add(handover().Text())
	f.Add("firebreak custody handover v1\n")
	f.Add(strings.Replace(handover().Text(), "imaging in the lab", `"a\nb"`, 1))
	f.Fuzz(func(t *testing.T, text string) {
		h, err := record.ParseHandover(text)
		if err == nil && h.Text() != text {
			t.Errorf("%q reads as %+v, which is another text", text, h)
		}
		if err != nil && !errors.Is(err, record.ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestClockWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		clock *record.Clock
		want  string
	}{
		{nil, "unknown"},
		{&record.Clock{}, "unknown"},
		{&record.Clock{Known: true, Offset: time.Second}, "not synchronised: how far it was from UTC is unknown"},
		{&record.Clock{Known: true, Synchronised: true, Offset: 2 * time.Millisecond, MaxError: time.Second}, "off by about 2ms, at most 1s"},
	} {
		if got := c.clock.String(); !strings.Contains(got, c.want) {
			t.Errorf("%+v is %q, want %q in it", c.clock, got, c.want)
		}
	}
}
