package timeline

import (
	"testing"
	"time"
)

func TestFormatTime(t *testing.T) {
	at := time.Date(2026, 3, 7, 4, 5, 6, 120034000, time.UTC)
	for _, tt := range []struct{ form, want string }{
		{"%b %e %H:%M:%S", "Mar  7 04:05:06"},
		{"%b %d %H:%M:%S@+3600", "Mar 07 05:05:06"},
		{"%Y-%m-%dT%H:%M:%S.%6N+02:00@+7200", "2026-03-07T06:05:06.120034+02:00"},
		{"%Y-%m-%d %H:%M:%S,%3N@-20106", "2026-03-06 22:30:00,120"},
		{"%s.%9N", "1772856306.120034000"},
		{"#%s@+0.5", "#1772856306"},
		{"%d/%b/%Y:%H:%M:%S%%", "07/Mar/2026:04:05:06%"},
		{"%H:%M:%S.%1N@+0.9", "04:05:07.0"},
	} {
		if got, ok := FormatTime(tt.form, at); !ok || got != tt.want {
			t.Errorf("%q gives %q, %v, want %q", tt.form, got, ok, tt.want)
		}
	}
	for _, form := range []string{"%", "%x", "%0N", "%3", "a@b", "%S@"} {
		if got, ok := FormatTime(form, at); ok {
			t.Errorf("%q gives %q", form, got)
		}
	}
}

func TestTimeText(t *testing.T) {
	at := time.Date(2026, 3, 7, 4, 5, 6, 0, time.UTC)
	for want, e := range map[string]Event{
		"Mar  7 04:05:06": {Time: at, Attributes: Attributes{{TimeFormName, "%b %e %H:%M:%S"}}},
		"as written":      {Time: at, Attributes: Attributes{{TimeFormName, "%b"}, {TimeTextName, "as written"}}},
		"":                {Attributes: Attributes{{TimeFormName, "%b"}}},
	} {
		if got := e.TimeText(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestShown(t *testing.T) {
	e := Event{Time: time.Date(2026, 3, 7, 4, 5, 6, 0, time.UTC), Attributes: Attributes{{"a", "b"}, {TimeFormName, "%H:%M"}, {"z", "y"}}}
	if got := e.Shown(); len(got) != 3 || got.Get(TimeTextName) != "04:05" || got.Has(TimeFormName) || !e.Attributes.Has(TimeFormName) {
		t.Errorf("%+v", got)
	}
	e.Time = time.Time{}
	if got := e.Shown(); !got.Has(TimeFormName) {
		t.Errorf("%+v", got)
	}
}

func FuzzFormatTime(f *testing.F) {
	f.Add("%b %e %H:%M:%S.%6N@+3600", int64(0))
	f.Fuzz(func(_ *testing.T, form string, at int64) { FormatTime(form, time.Unix(at, 0)) })
}
