package pattern

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// matches walks a path through the automaton.
func matches(s *Set, name string) []int {
	at := s.Start()
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		at = s.Step(at, part, nil)
	}
	var ids []int
	s.Ends(at, func(id int) { ids = append(ids, id) })
	slices.Sort(ids)
	return ids
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct{ pattern, yes, no string }{
		{"/etc/passwd", "/etc/passwd", "/etc/passwd- /etc /passwd /x/etc/passwd"},
		{"/var/log/*.log", "/var/log/a.log /var/log/.log", "/var/log/a.log.1 /var/log/a/b.log"},
		{"/var/log/wtmp[.-]*", "/var/log/wtmp.1 /var/log/wtmp-20261128", "/var/log/wtmp /var/log/wtmp_1"},
		{"/etc/rc[!a-z].d/S??*", "/etc/rc3.d/S01x", "/etc/rcs.d/S01x /etc/rc3.d/S0"},
		{"/srv/**/*.php", "/srv/a.php /srv/a/b/c/d.php", "/srv /srv/a.txt /a.php"},
		{"/srv/**", "/srv /srv/a /srv/a/b", "/srvx /a/srv"},
		{"/srv/**2/x", "/srv/x /srv/a/x /srv/a/b/x", "/srv/a/b/c/x"},
		{"/**/x", "/x /a/x /a/b/x", "/a/xx"},
		{"/a/{b,c{d,e}}/f", "/a/b/f /a/cd/f /a/ce/f", "/a/c/f /a/bcd/f"},
		{"/a/{b}", "/a/{b}", "/a/b"},
		{`/a/\*b`, "/a/*b", "/a/xb"},
		{"~/.bashrc", "/root/.bashrc /home/ann/.bashrc", "/home/.bashrc /home/bob/.bashrc /.bashrc"},
		{"~/.mozilla/**/places.sqlite", "/home/ann/.mozilla/a/places.sqlite", "/root/.mozilla/a/places.sqlite"},
		{"/t/?", "/t/x /t/日 /t/\xff", "/t/xy"},
		{"/t/[à-é]", "/t/è", "/t/z"},
	} {
		s := New()
		s.Home("/root", false)
		s.Home("/home/ann", true)
		if err := s.Add(c.pattern, 7); err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for name := range strings.FieldsSeq(c.yes) {
			if got := matches(s, name); !slices.Equal(got, []int{7}) {
				t.Errorf("%s does not match %q: %v", c.pattern, name, got)
			}
		}
		for name := range strings.FieldsSeq(c.no) {
			if got := matches(s, name); len(got) != 0 {
				t.Errorf("%s matches %q", c.pattern, name)
			}
		}
	}
}

func TestManyPatternsOneAutomaton(t *testing.T) {
	s := New()
	for i, p := range []string{"/a/*", "/a/b", "/**/b", "/a/{b,c}", "/a/[b]", "/a/b", "/**3/q/r"} {
		if err := s.Add(p, i); err != nil {
			t.Fatal(err)
		}
	}
	if got := matches(s, "/a/b"); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("found %v", got)
	}
	if at := s.Step(s.Start(), "a", nil); !s.Leads(at) || !s.Open(at) {
		t.Error("/a is on the way")
	}
	if at := s.Step(s.Start(), "z", nil); s.Leads(at) || !s.Open(at) {
		t.Error("only ** goes on below /z")
	}
}

func TestBadPatterns(t *testing.T) {
	for _, p := range []string{"", "a", "etc/x", "/a/../b", "/[", "/[a", `/a\`, "/[z-a]", "/[[:alpha:]]", "/**0", "/**65", "/" + strings.Repeat("x", MaxLength), strings.Repeat("/{a,b}", 12)} {
		if err := New().Add(p, 0); err == nil {
			t.Errorf("%.40q was taken", p)
		}
	}
}

func TestPrefix(t *testing.T) {
	for p, want := range map[string]string{
		"/var/log/auth.log*": "/var/log", "/var/log/*/x": "/var/log", "/etc/passwd": "/etc", "/x": "", "/**/x": "", "~/x": "", `/a\*/b`: "/a*", "/a/{b,c}/d": "/a",
	} {
		if got := Prefix(p); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
}

// A glob with many stars has to end in time on a text that nearly fits.
func TestGlobIsNotExponential(t *testing.T) {
	g, err := Compile(strings.Repeat("*a", 200) + "b")
	if err != nil {
		t.Fatal(err)
	}
	if g.Match(strings.Repeat("a", 10_000)) {
		t.Error("it does not end in b")
	}
}

func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"*.log", "a.log"}, {"[a-z]?", "ab"}, {"\\*", "*"}, {"[!x]*", "\xff"}, {"[]]", "]"}, {"a**b", "ab"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, p, name string) {
		g, err := Compile(p)
		if err != nil {
			return
		}
		got := g.Match(name)
		// path.Match has the same globs but for [!…], ], slashes and bytes that are not UTF-8.
		if strings.ContainsAny(p, "!/^[]") || strings.Contains(name, "/") || strings.ToValidUTF8(p+name, "") != p+name {
			return
		}
		if want, err := path.Match(p, name); err == nil && got != want {
			t.Errorf("%q on %q: %v, path.Match says %v", p, name, got, want)
		}
	})
}

func FuzzSet(f *testing.F) {
	f.Add("/a/**/{b,c}*", "/a/x/b")
	f.Add("~/**3/x", "/root/x")
	f.Fuzz(func(t *testing.T, p, name string) {
		s := New()
		s.Home("/root", true)
		if s.Add(p, 1) != nil {
			return
		}
		if n := len(matches(s, name)); n > 1 {
			t.Errorf("%q found %d times", name, n)
		}
		if !strings.ContainsAny(p, "~{\\") && !strings.Contains(p, "//") && !strings.Contains(p, "/.") && len(p) > 1 && !strings.HasSuffix(p, "/") {
			if q := Quote(p); len(matches(quoted(t, q), p)) != 1 {
				t.Errorf("%q quoted is %q and does not match itself", p, q)
			}
		}
	})
}

func quoted(t *testing.T, q string) *Set {
	t.Helper()
	s := New()
	if err := s.Add(q, 1); err != nil {
		t.Fatal(fmt.Errorf("quoted: %w", err))
	}
	return s
}
