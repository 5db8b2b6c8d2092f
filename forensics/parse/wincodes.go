package parse

import (
	"strconv"
	"strings"
)

// winCode is a code in words, with the code where it is not known.
func winCode(table, code string) string {
	if table == "access" {
		return winAccess(code)
	}
	key := strings.ToLower(strings.TrimSpace(code))
	if words := winWords(table, key); words != "" {
		return words
	}
	return code
}

func winWords(table, code string) string {
	switch table {
	case "logon":
		return winLogonType(code)
	case "status":
		return winStatus(code)
	case "kerberos":
		return winKerberos(code)
	case "cipher":
		return winCipher(code)
	case "start":
		return winStart(code)
	}
	return ""
}

// winLogonType explains the types of logon.
func winLogonType(code string) string {
	switch code {
	case "0":
		return "type 0, system"
	case "2":
		return "type 2, interactive"
	case "3":
		return "type 3, network"
	case "4":
		return "type 4, batch"
	case "5":
		return "type 5, service"
	case "7":
		return "type 7, unlock"
	case "8":
		return "type 8, network with the password in clear"
	case "9":
		return "type 9, new credentials"
	case "10":
		return "type 10, remote desktop"
	case "11":
		return "type 11, cached credentials"
	case "12":
		return "type 12, remote desktop with cached credentials"
	case "13":
		return "type 13, unlock with cached credentials"
	}
	return ""
}

// winStatus explains NTSTATUS codes of logons, and %%-codes of failure reasons.
func winStatus(code string) string {
	switch code {
	case "0x0":
		return "success"
	case "0xc0000064":
		return "no such user (0xc0000064)"
	case "0xc000006a":
		return "wrong password (0xc000006a)"
	case "0xc000006d", "%%2313":
		return "wrong user name or password"
	case "0xc000006e":
		return "account restriction (0xc000006e)"
	case "0xc000006f", "%%2311":
		return "outside the hours of logon"
	case "0xc0000070", "%%2312":
		return "not allowed from this workstation"
	case "0xc0000071", "%%2309":
		return "password has expired"
	case "0xc0000072", "%%2310":
		return "account is disabled"
	case "0xc00000dc":
		return "domain controller in the wrong state"
	case "0xc0000133":
		return "clocks differ too much"
	case "0xc000015b", "%%2308":
		return "this type of logon is not granted"
	case "0xc000018c":
		return "trust between the domains failed"
	case "0xc0000192":
		return "the Netlogon service is not running"
	case "0xc0000193", "%%2305":
		return "account has expired"
	case "0xc0000224":
		return "password has to be changed"
	case "0xc0000225":
		return "not found (0xc0000225)"
	case "0xc0000234", "%%2307":
		return "account is locked out"
	case "0xc00002ee", "%%2304":
		return "an error during logon"
	case "0xc0000413":
		return "the machine's authentication firewall refused"
	}
	return ""
}

// winKerberos explains the result codes of RFC 4120.
func winKerberos(code string) string {
	switch code {
	case "0x0":
		return "success"
	case "0x6":
		return "no such client"
	case "0x7":
		return "no such server"
	case "0x9":
		return "no key for the client or the server"
	case "0xc":
		return "policy refuses"
	case "0xe":
		return "encryption type is not supported"
	case "0x12":
		return "account is disabled, expired or locked out"
	case "0x17":
		return "password has expired"
	case "0x18":
		return "wrong password"
	case "0x19":
		return "further preauthentication is needed"
	case "0x1b":
		return "server needs user-to-user authentication"
	case "0x1f":
		return "integrity check failed"
	case "0x20":
		return "ticket has expired"
	case "0x25":
		return "clocks differ too much"
	}
	return ""
}

// winCipher explains the encryption types of tickets.
func winCipher(code string) string {
	switch code {
	case "0x1", "0x3":
		return "DES"
	case "0x11":
		return "AES128"
	case "0x12":
		return "AES256"
	case "0x17":
		return "RC4"
	case "0x18":
		return "RC4-EXP"
	}
	return ""
}

// winStart explains how a service starts, in 4697.
func winStart(code string) string {
	switch code {
	case "0":
		return "boot"
	case "1":
		return "system"
	case "2":
		return "automatic"
	case "3":
		return "on demand"
	case "4":
		return "disabled"
	}
	return ""
}

// winAccess tells roughly what an access mask of a process or a file asks for.
func winAccess(code string) string {
	hex, ok := strings.CutPrefix(strings.ToLower(code), "0x")
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || err != nil {
		return code
	}
	if n&0x1fffff == 0x1fffff || n == 0x1f0fff {
		return code + " (all)"
	}
	var names []string
	for _, b := range []struct {
		bit  uint64
		name string
	}{
		{0x2, "create thread"},
		{0x8, "change memory"},
		{0x10, "read memory"},
		{0x20, "write memory"},
		{0x40, "duplicate handles"},
		{0x80, "create process"},
		{0x400, "query"},
		{0x1000, "query limited"},
		{0x10000, "delete"},
		{0x40000, "change permissions"},
		{0x80000, "take ownership"},
	} {
		if n&b.bit != 0 {
			names = append(names, b.name)
		}
	}
	if names == nil {
		return code
	}
	return code + " (" + strings.Join(names, ", ") + ")"
}
