package forensics

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
)

// maxConfig bounds sshd's configuration.
const maxConfig = 1 << 20

// ssh takes the authorized keys that sshd was told to look for elsewhere.
func (c *collection) ssh(ctx context.Context) error {
	var patterns []string
	for _, name := range append([]string{"etc/ssh/sshd_config"}, c.match("/", "/etc/ssh/sshd_config.d/*.conf", false)...) {
		if b, err := c.small("/"+name, maxConfig); err == nil {
			patterns = append(patterns, keyFiles(string(b))...)
		}
	}
	slices.Sort(patterns)
	for _, p := range slices.Compact(patterns) {
		if err := c.keysAt(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// keyFiles returns the arguments of AuthorizedKeysFile (sshd_config(5)) that are
// not its defaults.
func keyFiles(config string) []string {
	var out []string
	for line := range strings.Lines(config) {
		f := strings.Fields(strings.Replace(line, "=", " ", 1))
		if len(f) < 2 || !strings.EqualFold(f[0], "AuthorizedKeysFile") {
			continue
		}
		for _, p := range f[1:] {
			switch p = strings.Trim(p, `"`); p {
			case "none", ".ssh/authorized_keys", ".ssh/authorized_keys2", "%h/.ssh/authorized_keys":
			default:
				out = append(out, p)
			}
		}
	}
	return out
}

// keysAt takes what a pattern of sshd means for every account.
func (c *collection) keysAt(ctx context.Context, pattern string) error {
	accounts := c.passwd()
	if !strings.ContainsAny(pattern, "%") && path.IsAbs(pattern) && len(accounts) > 1 {
		accounts = accounts[:1] // one file for all
	}
	for i, a := range accounts {
		if int64(i) >= c.Limits.Files {
			c.refuse(pattern, refuse("more than %d accounts: the rest was not looked at", c.Limits.Files))
			return nil
		}
		name := strings.NewReplacer("%%", "%", "%h", a.Home, "%u", a.Name, "%U", strconv.FormatUint(uint64(a.UID), 10)).Replace(pattern)
		w := want{
			base: "/", name: path.Clean("/" + name), kind: "linux.authorized_keys", format: FormatSettings, optional: true,
		}
		if home := path.Clean("/" + a.Home); !path.IsAbs(name) {
			w.base, w.name, w.strict = home, path.Clean(name), true
		} else if below, ok := strings.CutPrefix(w.name, home+"/"); ok {
			w.base, w.name, w.strict = home, below, true
		}
		w.title = "Authorized ssh keys " + w.path()
		if _, seen := c.inodes[c.inodeAt(w)]; seen {
			continue
		}
		if err := c.take(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// inodeAt looks at a file without taking it.
func (c *collection) inodeAt(w want) inode {
	h, err := c.tree.at(w.base, w.name, w.strict)
	if err != nil {
		return inode{}
	}
	defer func() { _ = h.close() }()
	return inodeOf(&h.raw)
}
