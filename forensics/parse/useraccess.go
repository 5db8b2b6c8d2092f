package parse

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/ese"
	"firebreak/timeline"
)

// userAccess is User Access Logging of Windows Server 2012 and later: who came to
// which role of the server, from which address, for up to three years.
func userAccess() eseFormat {
	return eseFormat{
		"ual",
		[]string{"current.mdb", "systemidentity.mdb", "{*}.mdb"},
		"CLIENTS", readUserAccess,
		About{
			Formats:   "User Access Logging of Windows Server 2012 and later: Current.mdb, {GUID}.mdb, SystemIdentity.mdb",
			Events:    "a user at a role from an address: started at the first time, accessed at the last; `days` has the accesses of each day of the year. A role first and last used, a name of an address, a virtual machine: logged; the machine itself, at the making of its record: logged",
			Times:     "100 ns, UTC",
			Reference: "Microsoft Learn, Get started with User Access Logging; B. Lindsey, P. Kim, User Access Logging (KStrike)",
			Oracle:    "esedbexport: rows",
			Differs:   "a client is two events where its first and last time differ",
		},
	}
}

// roles of a server that matter most, by their ids.
func serverRoles() map[string]string {
	return map[string]string{
		"10a9226f-50ee-49d8-a393-9a501d47ce04": "File Server",
		"ad495fc3-0eaa-413d-ba7d-8b13fa7ec598": "Active Directory Domain Services",
		"4116a14d-3840-4f42-a67f-f2f9ff46eb4c": "Windows Deployment Services",
		"48eed6b2-9cdc-4358-b5a5-8dea3b2f3f6a": "DHCP Server",
		"7cc4b071-292c-4732-97a1-cf9a7301195d": "FAX Server",
		"7fb09bd3-7fe6-435e-8348-7d8aefb6cea3": "Print and Document Services",
		"910cbaf9-b612-4782-a21f-f7c75105434a": "BranchCache",
		"952285d9-edb7-4b6b-9d85-0c09e3da0bbd": "Remote Access",
		"b4cdd739-089c-417e-878d-855f90081be7": "Active Directory Rights Management Service",
		"bbd85b29-9dcc-4fd9-865d-3846dcba75c7": "Network Policy and Access Services",
		"c23f1c6a-30a8-41b6-bbf7-f266563dfcd6": "FTP Server",
		"c50fcc83-bc8d-4df5-8a3d-89d7f80f074b": "Active Directory Certificate Services",
		"d6256cf7-98fb-4eb4-aa18-303f1da1f770": "Web Server",
		"d8dc1c8e-ea13-49ce-9a68-c9dca8db8b33": "Windows Server Update Services",
		"bd7f7c0d-7c36-4721-afa8-0bba700e26f9": "SQL Server Database Engine",
	}
}

func readUserAccess(db *eseFile) error {
	for _, t := range []struct {
		name string
		tell func(*ese.Row) error
	}{
		{"CLIENTS", db.client},
		{"ROLE_ACCESS", db.roleAccess},
		{"DNS", db.clientName},
		{"VIRTUALMACHINES", db.virtualMachine},
		{"SYSTEM_IDENTITY", db.systemIdentity},
	} {
		if err := db.rows(t.name, t.tell); err != nil {
			return err
		}
	}
	return nil
}

func roleOf(row *ese.Row) string {
	id := row.Value("RoleGuid").Bytes.GUID(0)
	if name := serverRoles()[id]; name != "" {
		return name
	}
	return id
}

func (db *eseFile) client(row *ese.Row) error {
	user, role := eseText(row, "AuthenticatedUserName"), roleOf(row)
	first, last := eseTime(row, "InsertDate"), eseTime(row, "LastAccess")
	e := timeline.Event{Source: "auth", Precision: timeline.Nanosecond, Time: first, TimeKind: timeline.Started, User: user}
	address := ""
	if b := row.Value("Address").Bytes; len(b) == 4 || len(b) == 16 {
		ip, _ := netip.AddrFromSlice(b)
		address = ip.Unmap().String()
	}
	total := strconv.FormatInt(eseNumber(row, "TotalAccesses"), 10)
	setAll(&e.Attributes, attrAction, "login", attrSrcIP, address, "role", role, "count", total, "days", accessDays(row),
		"client", eseText(row, "ClientName"), "tenant", row.Value("TenantId").Bytes.GUID(0))
	who := named(user) + pre(" from ", address) + " at " + role + ", " + total + " times in all"
	if last.Equal(first) || last.IsZero() || first.IsZero() {
		if first.IsZero() {
			e.Time = last
		}
		e.Message = "access by " + who
		return db.put(row, e)
	}
	e.Message = "first access by " + who
	again := e.Clone()
	if err := db.put(row, e); err != nil {
		return err
	}
	again.Time, again.TimeKind, again.Message = last, timeline.Accessed, "last access by "+who
	return db.put(row, again)
}

// accessDays is the accesses of each day, as DAY:COUNT; the year is that of the
// file.
func accessDays(row *ese.Row) string {
	var out []string
	for day := 1; day <= 366; day++ {
		if n := eseNumber(row, "Day"+strconv.Itoa(day)); n != 0 {
			out = append(out, strconv.Itoa(day)+":"+strconv.FormatInt(n, 10))
		}
	}
	return strings.Join(out, " ")
}

// twice puts an event at the first and one at the last time of a thing.
func (db *eseFile) twice(row *ese.Row, e timeline.Event, firstColumn, lastColumn, what string) error {
	first, last := eseTime(row, firstColumn), eseTime(row, lastColumn)
	e.Precision, e.TimeKind = timeline.Nanosecond, timeline.Logged
	for i, t := range []time.Time{first, last} {
		if i == 1 && (t.IsZero() || t.Equal(first)) {
			break
		}
		at := e.Clone()
		at.Time, at.Message = t, []string{"first", "last"}[i]+" seen: "+what
		if err := db.put(row, at); err != nil {
			return err
		}
	}
	return nil
}

func (db *eseFile) roleAccess(row *ese.Row) error {
	e := timeline.Event{Source: "system"}
	role := roleOf(row)
	setAll(&e.Attributes, "role", role)
	return db.twice(row, e, "FirstSeen", "LastSeen", "use of the role "+role)
}

func (db *eseFile) clientName(row *ese.Row) error {
	e := timeline.Event{Source: "network", Precision: timeline.Millisecond, TimeKind: timeline.Logged, Time: eseTime(row, "LastSeen")}
	address, name := eseText(row, "Address"), eseText(row, "HostName")
	setAll(&e.Attributes, attrSrcIP, address, attrSrcHost, name)
	e.Message = "address " + named(address) + " is " + named(name)
	return db.put(row, e)
}

func (db *eseFile) virtualMachine(row *ese.Row) error {
	e := timeline.Event{Source: "system"}
	id := row.Value("VmGuid").Bytes.GUID(0)
	setAll(&e.Attributes, "vm", id, "bios", row.Value("BIOSGuid").Bytes.GUID(0), "serial", eseText(row, "SerialNumber"))
	return db.twice(row, e, "CreationTime", "LastSeenActive", "virtual machine "+id)
}

func (db *eseFile) systemIdentity(row *ese.Row) error {
	e := timeline.Event{Source: "system", Precision: timeline.Millisecond, TimeKind: timeline.Logged, Time: eseTime(row, "CreationTime")}
	name := eseText(row, "SystemDNSHostName")
	version := strconv.FormatInt(eseNumber(row, "OSMajor"), 10) + "." + strconv.FormatInt(eseNumber(row, "OSMinor"), 10) + "." + strconv.FormatInt(eseNumber(row, "OSBuildNumber"), 10)
	setAll(&e.Attributes, "domain", eseText(row, "SystemDomainName"), "version", version, "product", eseText(row, "SystemProductName"),
		"vendor", eseText(row, "SystemManufacturer"), "serial", eseText(row, "SystemSerialNumber"), "uuid", eseText(row, "SystemSMBIOSUUID"))
	e.Host = name
	e.Message = "the machine is " + named(name) + ", Windows " + version
	return db.put(row, e)
}
