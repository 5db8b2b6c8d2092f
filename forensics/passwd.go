package forensics

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxAccounts bounds passwd, group and shadow.
const maxAccounts = 16 << 20

// parsePasswd reads passwd(5): name:password:UID:GID:GECOS:home:shell. Lines of
// another shape are passed over.
func parsePasswd(b []byte) (list []Account) {
	for line := range bytes.Lines(b) {
		f := strings.Split(strings.TrimRight(string(line), "\r\n"), ":")
		if len(f) != 7 || f[0] == "" {
			continue
		}
		uid, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(f[3], 10, 32)
		if err != nil {
			continue
		}
		a := Account{
			Name: f[0], UID: uint32(uid), GID: uint32(gid), Gecos: f[4], Home: f[5], Shell: f[6],
		}
		a.Password, a.Scheme = judgePassword(f[1])
		if f[1] == "x" {
			a.Password = "unknown" // shadow says
		}
		for _, m := range []struct{ name, text string }{{"name", a.Name}, {"gecos", a.Gecos}, {"home", a.Home}, {"shell", a.Shell}} {
			a.Raw = raw(a.Raw, m.name, m.text)
		}
		list = append(list, a)
	}
	return list
}

// judgePassword says what a password field allows and how it is hashed, and
// forgets the hash.
func judgePassword(field string) (state, scheme string) {
	locked := strings.HasPrefix(field, "!")
	hash := strings.TrimLeft(field, "!")
	switch {
	case field == "":
		return "empty", ""
	case hash == "" || strings.HasPrefix(hash, "*") || hash == "x":
		return "disabled", ""
	case locked:
		return "locked", schemeOf(hash)
	}
	return "usable", schemeOf(hash)
}

// schemeOf names a hash by its prefix (crypt(5)).
func schemeOf(hash string) string {
	if !strings.HasPrefix(hash, "$") {
		if strings.HasPrefix(hash, "_") {
			return "bsdicrypt"
		}
		return "descrypt"
	}
	id, _, _ := strings.Cut(hash[1:], "$")
	switch id {
	case "1":
		return "md5"
	case "5":
		return "sha256"
	case "6":
		return "sha512"
	case "y":
		return "yescrypt"
	case "gy":
		return "gost-yescrypt"
	case "7":
		return "scrypt"
	case "2", "2a", "2b", "2x", "2y":
		return "bcrypt"
	}
	return "other"
}

// applyShadow adds what shadow(5) says: whether the password works, when it was
// changed, when the account expires.
func applyShadow(list []Account, b []byte) {
	at := map[string]int{}
	for i, a := range list {
		at[a.Name] = i
	}
	for line := range bytes.Lines(b) {
		f := strings.Split(strings.TrimRight(string(line), "\r\n"), ":")
		if len(f) < 2 {
			continue
		}
		i, ok := at[f[0]]
		if !ok {
			continue
		}
		list[i].Password, list[i].Scheme = judgePassword(f[1])
		if len(f) > 2 {
			list[i].Changed = dayOf(f[2])
		}
		if len(f) > 7 {
			list[i].Expires = dayOf(f[7])
		}
	}
}

// dayOf turns days since 1970 into a date.
func dayOf(s string) time.Time {
	days, err := strconv.ParseInt(s, 10, 32)
	if err != nil || days <= 0 {
		return time.Time{}
	}
	return time.Unix(days*86400, 0).UTC()
}

// applyGroups adds the groups that name an account as a member (group(5)).
func applyGroups(list []Account, b []byte) {
	at := map[string]int{}
	for i, a := range list {
		at[a.Name] = i
	}
	for line := range bytes.Lines(b) {
		f := strings.Split(strings.TrimRight(string(line), "\r\n"), ":")
		if len(f) != 4 {
			continue
		}
		for member := range strings.SplitSeq(f[3], ",") {
			if i, ok := at[strings.TrimSpace(member)]; ok {
				list[i].Groups = append(list[i].Groups, strings.ToValidUTF8(f[0], "\uFFFD"))
			}
		}
	}
}

// passwordFiles hold password hashes on old systems only, and much else on all.
var passwordFiles = []string{"/etc/passwd", "/etc/passwd-", "/etc/group", "/etc/group-"}

// withheldHashes is said of an exhibit without its hashes.
func withheldHashes(n int) string {
	return fmt.Sprintf("%d password fields that may hold a hash are withheld: not the file byte for byte", n)
}

// withoutHashes replaces the password fields of passwd or group lines that may
// hold a hash, and counts them. Everything else stays byte for byte.
func withoutHashes(b []byte) (out []byte, withheld int) {
	for line := range bytes.Lines(b) {
		f := bytes.SplitN(line, []byte(":"), 3)
		if len(f) == 3 && len(f[1]) > 2 {
			withheld++
			line = bytes.Join([][]byte{f[0], []byte("[withheld]"), f[2]}, []byte(":"))
		}
		out = append(out, line...)
	}
	return out, withheld
}
