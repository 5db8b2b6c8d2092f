package drill

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/integrations"
)

// User is an account of the drill's host that somebody else uses.
const User = "backup-op"

// account is a line of passwd(5) with its line of shadow(5).
type account struct {
	Name    string `json:"name"`
	UID     int    `json:"uid"`
	Shell   string `json:"shell"`
	Hash    string `json:"hash"`
	Expires string `json:"expires,omitempty"` // days since 1970
}

func newAccounts() []account {
	return []account{
		{"root", 0, "/bin/bash", "$y$drill", ""},
		{"www-data", 33, "/usr/sbin/nologin", "*", ""},
		{"deploy", 1001, "/bin/bash", "$y$drill", "21500"},
		{User, 1002, "/bin/bash", "$y$drill", ""},
		{"kiosk", 1003, "/bin/sh", "", ""},
	}
}

func (h *host) account(name string) *account {
	i := slices.IndexFunc(h.Accounts, func(a account) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &h.Accounts[i]
}

// getent is getent -s files DATABASE NAME.
func (fakeHost) getent(s *state, argv []string) (string, int) {
	if len(argv) != 4 {
		return "getent: wrong number of arguments", 1
	}
	a := s.Host.account(argv[3])
	switch {
	case a == nil:
		return "", 2
	case argv[2] == "passwd":
		return fmt.Sprintf("%s:x:%d:%d::/home/%s:%s\n", a.Name, a.UID, a.UID, a.Name, a.Shell), 0
	case argv[2] == "shadow":
		return fmt.Sprintf("%s:%s:20000:0:99999:7::%s:\n", a.Name, a.Hash, a.Expires), 0
	}
	return "Unknown database: " + argv[2], 1
}

// usermod is usermod [-L|-U|-p HASH] [-e DATE] NAME.
func (f fakeHost) usermod(s *state, argv []string) (string, int) {
	if len(argv) == 0 {
		return "usermod: no login", 2
	}
	a := s.Host.account(argv[len(argv)-1])
	if a == nil {
		return fmt.Sprintf("usermod: user '%s' does not exist", argv[len(argv)-1]), 6
	}
	was := *a
	for i := 0; i < len(argv)-1; i++ {
		switch argv[i] {
		case "-L":
			if !strings.HasPrefix(a.Hash, "!") {
				a.Hash = "!" + a.Hash
			}
		case "-U":
			if a.Hash == "!" {
				return "usermod: unlocking the user's password would result in a passwordless account.", 1
			}
			a.Hash = strings.TrimPrefix(a.Hash, "!")
		case "-p":
			i++
			a.Hash = argv[i]
		case "-e":
			i++
			a.Expires = ""
			if argv[i] != "" {
				t, err := time.Parse(time.DateOnly, argv[i])
				if err != nil {
					return fmt.Sprintf("usermod: invalid date '%s'", argv[i]), 3
				}
				a.Expires = strconv.FormatInt(t.Unix()/(24*3600), 10)
			}
		default:
			return "usermod: invalid option", 2
		}
	}
	if *a != was {
		what := "account changed"
		if strings.HasPrefix(a.Hash, "!") && a.Expires == "1" {
			what = "account locked"
		}
		f.effect(s, "linux", what, a.Name, "")
	}
	return "", 0
}

func of(uid string) func(integrations.Process) bool {
	return func(p integrations.Process) bool { return strconv.Itoa(p.UID) == uid }
}

// ps is ps -o stat= -u UID.
func (fakeHost) ps(s *state, argv []string) (string, int) {
	text := ""
	for _, p := range s.Host.Processes {
		if of(argv[len(argv)-1])(p) {
			text += p.State + "\n"
		}
	}
	if text == "" {
		return "", 1
	}
	return text, 0
}

// pkill is pkill -KILL -u UID.
func (f fakeHost) pkill(s *state, argv []string) (string, int) {
	uid := argv[len(argv)-1]
	before := len(s.Host.Processes)
	s.Host.Processes = slices.DeleteFunc(s.Host.Processes, of(uid))
	if len(s.Host.Processes) == before {
		return "", 1
	}
	f.effect(s, "linux", "sessions ended", uid, "")
	return "", 0
}

// Unit is a service of the drill's host that should not be there.
const Unit = "kworkerds.service"

// unit is what systemd says of one.
type unit struct {
	Name     string `json:"name"`
	Load     string `json:"load"`
	Active   string `json:"active"`
	File     string `json:"file"`
	Fragment string `json:"fragment"`
}

func newUnits() []unit {
	return []unit{
		{"nginx.service", "loaded", "active", "enabled", "/lib/systemd/system/nginx.service"},
		{"cron.service", "loaded", "active", "enabled", "/lib/systemd/system/cron.service"},
		{Unit, "loaded", "active", "enabled", "/etc/systemd/system/" + Unit},
	}
}

// systemctl is systemctl show … -- UNIT, or one that changes it.
func (f fakeHost) systemctl(s *state, argv []string) (string, int) {
	if len(argv) < 3 || argv[len(argv)-2] != "--" {
		return "Unknown operation", 2
	}
	name := argv[len(argv)-1]
	i := slices.IndexFunc(s.Host.Units, func(u unit) bool { return u.Name == name })
	if i < 0 {
		if argv[0] == "show" {
			return "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nFragmentPath=\nTriggeredBy=\n", 0
		}
		return "Unit " + name + " not found.", 5
	}
	u := &s.Host.Units[i]
	if argv[0] == "show" {
		load := u.Load
		return fmt.Sprintf("LoadState=%s\nActiveState=%s\nUnitFileState=%s\nFragmentPath=%s\nTriggeredBy=\n", load, u.Active, u.File, u.Fragment), 0
	}
	own := strings.HasPrefix(u.Fragment, "/etc/systemd/system/")
	switch argv[1] {
	case "mask":
		if own {
			return "Failed to mask unit: File " + u.Fragment + " already exists.", 1 + 1
		}
		u.Load, u.File = "masked", "masked"
		if u.Active != "active" {
			f.effect(s, "linux", "unit masked", name, "")
		}
	case "unmask":
		u.Load, u.File = "loaded", "enabled"
	case "disable":
		u.File = "disabled"
		if u.Active != "active" {
			f.effect(s, "linux", "unit disabled", name, "")
		}
	case "enable":
		u.File = "enabled"
	case "stop":
		if u.Active == "active" {
			u.Active = "inactive"
			f.effect(s, "linux", "unit stopped", name, "")
		}
	case "start":
		if u.Load == "masked" {
			return "Failed to start " + name + ": Unit " + name + " is masked.", 1 + 1
		}
		if u.Active != "active" {
			u.Active = "active"
			f.effect(s, "linux", "unit started", name, "")
		}
	default:
		return "Unknown operation " + argv[1], 2
	}
	return "", 0
}
