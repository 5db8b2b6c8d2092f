package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"firebreak/record"
)

// fileOf is an exhibit of a file that did not change while it was read.
func fileOf(source string, inode uint64, at time.Time) record.Exhibit {
	s := record.Stat{Size: 7, Inode: inode, Modified: at, Changed: at}
	after := s
	return record.Exhibit{Source: source, Before: &s, After: &after}
}

// Whatever is said to be whole is whole when the stream is cut there.
func TestWholeIsWhole(t *testing.T) {
	id := identity(t)
	for name, to := range map[string][]age.Recipient{"sealed": {id.Recipient()}, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			type cut struct {
				at    int
				items []string
			}
			var cuts []cut
			var all []string
			o := options(t, to...)
			o.Whole = func(items []record.Exhibit) {
				for _, e := range items {
					all = append(all, e.Source)
				}
				cuts = append(cuts, cut{out.Len(), all[:len(all):len(all)]})
			}
			w, err := Create(&out, o)
			must(t, err)
			const files = 120
			for i := range files {
				b := noise(t, 1+i*97%40_000)
				if i%3 == 0 { // what is packed well stays long in the compressor and in age
					b = bytes.Repeat([]byte{byte(i)}, 200_000)
				}
				put(t, w, fmt.Sprintf("/f%d", i), b)
			}
			_, err = w.Close(record.Collection{})
			must(t, err)
			if len(all) != files || len(cuts) < 5 {
				t.Fatalf("told of %d items, %d times", len(all), len(cuts))
			}
			for i, c := range cuts {
				if i%3 != 0 && i < len(cuts)-2 {
					continue
				}
				got, report, err := read(t, out.Bytes()[:c.at], id)
				must(t, err)
				for _, source := range c.items {
					if !got[source].whole {
						t.Fatalf("cut after %d bytes (%s), %s is not whole, and was said to be", c.at, report.Cut, source)
					}
				}
			}
		})
	}
}

func TestTaken(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	var l Taken
	file := fileOf("/var/log/a", 12, at)
	line, ok := l.Add("one", file)
	if !ok || len(line) != 65 {
		t.Fatalf("%q, %v", line, ok)
	}
	changed := fileOf("/var/log/b", 13, at)
	changed.After.Size++
	for _, e := range []record.Exhibit{changed, {Source: "/proc"}, {Source: "x", Before: changed.Before}} {
		if _, ok := l.Add("one", e); ok {
			t.Errorf("%+v was listed", e)
		}
	}
	l.Add("two", fileOf("/var/log/c", 14, at))
	var text bytes.Buffer
	_, err := l.WriteTo(&text)
	must(t, err)
	if strings.Contains(text.String(), "log") {
		t.Error("a name stands there in the clear")
	}
	again, err := ReadTaken(io.MultiReader(bytes.NewReader(text.Bytes()), strings.NewReader(line[:30])))
	must(t, err)
	if again.Len() != 2 || len(again.In()) != 2 {
		t.Errorf("%d in %v", again.Len(), again.In())
	}
	now := fileOf("/var/log/a", 12, at)
	now.After = nil
	if in, ok := again.Holds(now); !ok || in != "one" {
		t.Errorf("%q, %v", in, ok)
	}
	for what, change := range map[string]func(*record.Exhibit){
		"name": func(e *record.Exhibit) { e.Source += "x" }, "size": func(e *record.Exhibit) { e.Before.Size++ },
		"inode": func(e *record.Exhibit) { e.Before.Inode++ }, "root": func(e *record.Exhibit) { e.Root = "/mnt" },
		"mtime": func(e *record.Exhibit) { e.Before.Modified = at.Add(1) }, "ctime": func(e *record.Exhibit) { e.Before.Changed = at.Add(1) },
	} {
		other := fileOf("/var/log/a", 12, at)
		other.After = nil
		change(&other)
		if _, ok := again.Holds(other); ok {
			t.Errorf("with another %s it is still held", what)
		}
	}
	if _, ok := (*Taken)(nil).Holds(now); ok {
		t.Error("nothing holds something")
	}
	for _, bad := range []string{"", "x", "firebreak taken v1\nin\n", "firebreak taken v1\n" + line, "firebreak taken v1\nin a\nzz\n", "firebreak taken v1\nin a\n" + strings.Repeat("g", 64) + "\n", strings.Repeat("y", 9999)} {
		if _, err := ReadTaken(strings.NewReader(bad)); !errors.Is(err, ErrTaken) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	if _, err := ReadTaken(&ended{r: iotestErr{}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, context.Canceled }

func FuzzTaken(f *testing.F) {
	f.Add([]byte("firebreak taken v1\nin a\n" + strings.Repeat("0a", 32) + "\nend\nmore"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ReadTaken(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if _, err := l.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		again, err := ReadTaken(&out)
		if err != nil || again.Len() != l.Len() {
			t.Fatalf("%d, then %d: %v", l.Len(), again.Len(), err)
		}
	})
}
