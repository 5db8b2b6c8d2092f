package profiles

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestForensicArtifacts(t *testing.T) {
	s, err := Folder(fstest.MapFS{"data/linux.yaml": {Data: []byte(`# Ours.
---
name: Cron
doc: |
  Cron tables.

  More of it.
sources:
- type: FILE
  attributes: {paths: ['/etc/crontab', '/etc/cron.d/**', '/opt/**3/x{1}', '%%users.homedir%%/.cron', '/proc/1/x', '%%environ_x%%/y']}
- type: COMMAND
  attributes: {cmd: crontab, args: [-l]}
- type: FILE
  attributes: {paths: ['C:\x']}
  supported_os: [Windows]
supported_os: [Linux, Windows]
---
name: Homes
doc: Homes.
sources:
- type: PATH
  attributes: {paths:['/home/*']}
---
name: Both
doc: Both of them.
sources:
- type: ARTIFACT_GROUP
  attributes: {names: [Cron, Homes, OfWindows]}
supported_os: [Linux]
`)}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Sources != 4 || s.Taken != 3 || len(s.Refused) != 2 {
		t.Errorf("%d sources, %d taken, %+v", s.Sources, s.Taken, s.Refused)
	}
	c, ok := s.Collector("Cron")
	if !ok || c.Title != "Cron tables." || len(c.Artefacts) != 1 || !slices.Equal(c.Artefacts[0].Paths, []string{"/etc/crontab", "/etc/cron.d/**10", `/opt/**3/x\{1\}`, "~/.cron"}) {
		t.Errorf("%+v", c)
	}
	if r := c.Refused; !strings.Contains(r[0].Reason, "view of the kernel") || !strings.Contains(r[0].Reason, "a variable") || !strings.Contains(r[1].Reason, "never run: it shows") && !strings.Contains(r[1].Reason, "crontab -l") || r[1].Place != "data/linux.yaml:11:3" {
		t.Errorf("%+v", r)
	}
	if names, err := s.Members("Both"); err != nil || !slices.Equal(names, []string{"Cron", "Homes"}) {
		t.Errorf("%v, %v", names, err)
	}
	if names, err := s.Members(All); err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestUAC(t *testing.T) {
	s, err := Folder(fstest.MapFS{
		"artifacts/files/shell.yaml": {Data: []byte(`version: 1.0
artifacts:
  -
    description: Histories.
    supported_os: [all]
    collector: file
    path: %user_home%/.bash_history %user_home%/"My [x] files"/*.txt /%temp_directory%/x # not this
    max_file_size: 1024
    exclude_name_pattern: ["*.gz", "a,b"]
  -
    description: A command.
    supported_os: [linux, aix]
    collector: command
    command: """
      ps ax
      id
    """
  -
    description: Of another system.
    supported_os: [macos]
    collector: file
    path: /Users
  -
    description: From a list.
    supported_os: [all]
    collector: file
    path: /tmp/list
    is_file_list: true
`)},
		"artifacts/bodyfile.yaml": {Data: []byte("version: 1\nartifacts:\n  -\n    description: All.\n    supported_os: [all]\n    collector: stat\n    path: /\n")},
		"artifacts/hash.yaml":     {Data: []byte("version: 1\nartifacts:\n  -\n    description: Hashes.\n    supported_os: [all]\n    collector: hash\n    path: /usr\n    max_depth: 2\n    file_type: [f]\n    permissions: [-4000, /0111]\n")},
		"profiles/some.yaml":      {Data: []byte("name: some\ndescription: Some.\nartifacts:\n  - files/*\n  - bodyfile.yaml\n  - hash*\n  - !hash.yaml\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Sources != 5 || s.Taken != 3 || len(s.Refused) != 3 {
		t.Errorf("%d sources, %d taken, %+v", s.Sources, s.Taken, s.Refused)
	}
	c, _ := s.Collector("files/shell")
	if len(c.Artefacts) != 1 || !slices.Equal(c.Artefacts[0].Paths, []string{"~/.bash_history", "~/.bash_history/**", `~/My \[x] files/*.txt`, `~/My \[x] files/*.txt/**`}) ||
		c.Artefacts[0].MaxSize != 1024 || len(c.Artefacts[0].NotNames) != 2 {
		t.Errorf("%+v", c)
	}
	h, _ := s.Collector("hash")
	if a := h.Artefacts[0]; a.Do != Hash || !slices.Equal(a.Paths, []string{"/usr", "/usr/**2"}) || !a.Modes[0].Fits(0o104755) || a.Modes[0].Fits(0o755) || !a.Modes[1].Fits(0o100) {
		t.Errorf("%+v", a)
	}
	p, _ := s.Profile("some")
	if !slices.Equal(p.Collectors, []string{"bodyfile", "files/shell", "linux.listing"}) && !slices.Equal(p.Collectors, []string{"files/shell", "bodyfile", "linux.listing"}) || !slices.Equal(p.Listing, []string{"/"}) {
		t.Errorf("%+v", p)
	}
}

func TestBadFolders(t *testing.T) {
	for name, in := range map[string]fstest.MapFS{
		"none": {"x.txt": {Data: []byte("x")}},
		"yaml": {"a.yaml": {Data: []byte("name: X\nsources: [{type: FILE, attributes: {paths: {a: b}}}]\n")}},
		"uac":  {"artifacts/a.yaml": {Data: []byte("artifacts:\n  -\n    nonsense: x\n")}, "profiles/p.yaml": {Data: []byte("name: p\n")}},
	} {
		if _, err := Folder(in); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// The real ones, where a machine has them: every source for Linux is taken over
// or refused with a reason.
func TestRealDefinitions(t *testing.T) {
	for name, env := range map[string]string{"ForensicArtifacts": "FIREBREAK_FORENSICARTIFACTS", "UAC": "FIREBREAK_UAC"} {
		t.Run(name, func(t *testing.T) {
			dir := os.Getenv(env)
			if dir == "" {
				t.Skipf("%s names no folder with the definitions of %s", env, name)
			}
			s, err := Folder(os.DirFS(dir))
			if err != nil {
				t.Fatal(err)
			}
			why := map[string]int{}
			for _, r := range s.Refused {
				reason, _, _ := strings.Cut(r.Reason, ": what it")
				if r.Type != "command" && r.Type != "COMMAND" {
					reason = r.Reason
				}
				why[r.Type+": "+reason]++
				if r.Reason == "" || r.Place == "" {
					t.Errorf("%+v", r)
				}
			}
			t.Logf("%d definitions, %d profiles, %d sources for Linux, %d taken over, %d refused", len(s.Collectors), len(s.Profiles), s.Sources, s.Taken, len(s.Refused))
			for _, k := range slices.Sorted(maps.Keys(why)) {
				t.Logf("%4d %s", why[k], k)
			}
			for _, p := range s.Profiles {
				if _, err := s.Members(p.Name); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func FuzzFolder(f *testing.F) {
	f.Add([]byte("version: 1\nartifacts:\n  -\n    supported_os: [all]\n    collector: file\n    path: /a \"b\" %user_home%\n"))
	f.Add([]byte("name: A\ndoc: B\nsources:\n- {type: FILE, attributes: {paths: [/x]}}\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = Folder(fstest.MapFS{"a.yaml": {Data: b}})
		_, _ = Folder(fstest.MapFS{"artifacts/a.yaml": {Data: b}, "profiles/p.yaml": {Data: b}})
	})
}
