package parse

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"firebreak/timeline"
)

// tells compares events, in any order, and what one of them has.
func tells(t *testing.T, es []timeline.Event, want []string, has map[string]string) {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	if got := inWords(es); !slices.Equal(got, want) {
		t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, value := range has {
		if !slices.ContainsFunc(es, func(e timeline.Event) bool { return e.Attributes.Get(name) == value }) {
			t.Errorf("no event has %s=%q", name, value)
		}
	}
}

func TestQuarantine(t *testing.T) {
	path := madeDatabase(t, "com.apple.LaunchServices.QuarantineEventsV2", "", "PRAGMA secure_delete = OFF",
		"CREATE TABLE LSQuarantineEvent (  LSQuarantineEventIdentifier TEXT PRIMARY KEY NOT NULL,  LSQuarantineTimeStamp REAL,  LSQuarantineAgentBundleIdentifier TEXT,  LSQuarantineAgentName TEXT,  LSQuarantineDataURLString TEXT,  LSQuarantineSenderName TEXT,  LSQuarantineSenderAddress TEXT,  LSQuarantineTypeNumber INTEGER,  LSQuarantineOriginTitle TEXT,  LSQuarantineOriginURLString TEXT,  LSQuarantineOriginAlias BLOB )",
		"INSERT INTO LSQuarantineEvent VALUES ('A-1', 785329200.5, 'com.apple.Safari', 'Safari', 'https://cdn.evil.example/x.dmg', NULL, NULL, 0, 'Free x', 'https://evil.example/', NULL)",
		"INSERT INTO LSQuarantineEvent VALUES ('A-2', 785329300.0, 'com.apple.mail', 'Mail', NULL, 'Eve', 'eve@evil.example', 2, NULL, NULL, NULL)",
		"INSERT INTO LSQuarantineEvent VALUES ('A-3', 785329400.25, NULL, 'curl', 'https://gone.example/y', NULL, NULL, 1, NULL, NULL, NULL)",
		"DELETE FROM LSQuarantineEvent WHERE LSQuarantineEventIdentifier = 'A-3'")
	es, in := eventsOf(t, path)
	tells(t, es, []string{
		"2025-11-20T11:00:00.5 logged : web download taken in by Safari from https://cdn.evil.example/x.dmg",
		"2025-11-20T11:01:40 logged : mail attachment taken in by Mail from Eve (eve@evil.example)",
		"2025-11-20T11:03:20.25 logged : download taken in by curl from https://gone.example/y",
	}, map[string]string{"quarantine_id": "A-1", "referer": "https://evil.example/", "sender": "Eve (eve@evil.example)"})
	if in.Recovered != 1 || in.Parser != "macos.quarantine" {
		t.Errorf("%+v", in)
	}
}

func TestTCC(t *testing.T) {
	for name, c := range map[string]struct {
		create string
		rows   []string
		want   []string
	}{
		"new": {
			"CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, auth_value INTEGER NOT NULL, auth_reason INTEGER NOT NULL, auth_version INTEGER NOT NULL, csreq BLOB, policy_id INTEGER, indirect_object_identifier_type INTEGER, indirect_object_identifier TEXT NOT NULL DEFAULT 'UNUSED', indirect_object_code_identity BLOB, flags INTEGER, last_modified INTEGER NOT NULL DEFAULT (CAST(strftime('%s','now') AS INTEGER)), PRIMARY KEY (service, client, client_type, indirect_object_identifier))",
			[]string{
				"'kTCCServiceSystemPolicyAllFiles','/tmp/x',1,2,3,1,NULL,NULL,0,'UNUSED',NULL,0,1763636400", "'kTCCServiceAppleEvents','com.example.term',0,0,2,1,NULL,NULL,0,'com.apple.finder',NULL,0,1763636500",
			},
			[]string{
				"2025-11-20T11:00:00 modified : access to SystemPolicyAllFiles for /tmp/x: allowed",
				"2025-11-20T11:01:40 modified : access to AppleEvents for com.example.term: denied (of com.apple.finder)",
			},
		},
		"old": {
			"CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, allowed INTEGER NOT NULL, prompt_count INTEGER NOT NULL, csreq BLOB, policy_id INTEGER)",
			[]string{"'kTCCServiceAddressBook','com.example.a',0,1,1,NULL,NULL", "'kTCCServiceCalendar','com.example.a',0,0,2,NULL,NULL"},
			[]string{"- undated : access to AddressBook for com.example.a: allowed", "- undated : access to Calendar for com.example.a: denied"},
		},
	} {
		statements := []string{"CREATE TABLE admin (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL)", c.create}
		for _, r := range c.rows {
			statements = append(statements, "INSERT INTO access VALUES ("+r+")")
		}
		t.Run(name, func(t *testing.T) {
			es, in := eventsOf(t, madeDatabase(t, "some.db", "", statements...))
			tells(t, es, c.want, map[string]string{"outcome": "success", "decision": "denied"})
			if in.Parser != "macos.tcc" {
				t.Errorf("%+v", in)
			}
		})
	}
}

func TestKnowledge(t *testing.T) {
	path := madeDatabase(t, "knowledgeC.db", "_journal_mode=WAL",
		"CREATE TABLE ZOBJECT ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZSOURCE INTEGER, ZSTRUCTUREDMETADATA INTEGER, ZVALUEINTEGER INTEGER, ZSECONDSFROMGMT INTEGER, ZCREATIONDATE TIMESTAMP, ZENDDATE TIMESTAMP, ZSTARTDATE TIMESTAMP, ZVALUEDOUBLE FLOAT, ZSTREAMNAME VARCHAR, ZVALUESTRING VARCHAR )",
		"CREATE TABLE ZSOURCE ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZBUNDLEID VARCHAR, ZDEVICEID VARCHAR )",
		"CREATE TABLE ZSTRUCTUREDMETADATA ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_DKSAFARIHISTORYMETADATAKEY__TITLE VARCHAR, Z_DKAPPLICATIONMETADATAKEY__LAUNCHREASON VARCHAR, ZMETADATAHASH VARCHAR )",
		"INSERT INTO ZSOURCE VALUES (1, 1, 'com.apple.Safari', 'DEV')",
		"INSERT INTO ZSTRUCTUREDMETADATA VALUES (1, 1, 'Evil', NULL, 'h'), (2, 1, NULL, 'com.apple.SpringBoard.transitionReason.homescreen', NULL)",
		"INSERT INTO ZOBJECT VALUES (1, 1, 1, NULL, 2, NULL, 3600, 785329260.0, 785329230.0, 785329200.0, NULL, '/app/inFocus', 'com.apple.Terminal')",
		"INSERT INTO ZOBJECT VALUES (2, 1, 1, 1, 1, NULL, 3600, 785329300.0, 785329300.0, 785329300.0, NULL, '/safari/history', 'https://evil.example/')",
		"INSERT INTO ZOBJECT VALUES (3, 1, 1, NULL, NULL, 1, 0, NULL, NULL, 785329400.0, NULL, '/device/isLocked', NULL)",
		"INSERT INTO ZOBJECT VALUES (4, 1, 1, NULL, 99, 7, 0, NULL, NULL, NULL, NULL, '/other', NULL)")
	es, in := eventsOf(t, path)
	tells(t, es, []string{
		"- undated : other: 7",
		"2025-11-20T11:00:00 started : in focus: com.apple.Terminal",
		"2025-11-20T11:01:40 started : safari/history: https://evil.example/ (Evil)",
		"2025-11-20T11:03:20 started : device locked",
	}, map[string]string{"took_s": "30", "source_bundle": "com.apple.Safari", "launchreason": "com.apple.SpringBoard.transitionReason.homescreen", "action": "lock", "url": "https://evil.example/"})
	if in.Parser != "macos.knowledge" || in.Rejected != 0 {
		t.Errorf("%+v", in)
	}
}

func TestBrowserForms(t *testing.T) {
	es, in := eventsOf(t, madeDatabase(t, "Login Data", "",
		"CREATE TABLE logins (origin_url VARCHAR NOT NULL, action_url VARCHAR, username_value VARCHAR, password_value BLOB, signon_realm VARCHAR NOT NULL, date_created INTEGER NOT NULL, blacklisted_by_user INTEGER NOT NULL, times_used INTEGER, id INTEGER PRIMARY KEY AUTOINCREMENT, date_last_used INTEGER NOT NULL DEFAULT 0, date_password_modified INTEGER NOT NULL DEFAULT 0)",
		"INSERT INTO logins VALUES ('https://bank.example/', '', 'ann', x'763130736563726574', 'https://bank.example/', 13408200000000000, 0, 3, 1, 13408200060000000, 13408200000000000), ('https://never.example/', '', '', x'', 'https://never.example/', 13408200000000000, 1, 0, 2, 0, 0)"))
	tells(t, es, []string{
		"2025-11-21T12:00:00 born : login ann kept for https://bank.example/", "2025-11-21T12:00:00 born : no login is to be kept for https://never.example/",
		"2025-11-21T12:01:00 accessed : last use of the login ann kept for https://bank.example/",
	}, map[string]string{"account": "ann"})
	if in.Parser != "chromium.logins" {
		t.Errorf("%+v", in)
	}
	es, in = eventsOf(t, madeDatabase(t, "formhistory.sqlite", "",
		"CREATE TABLE moz_formhistory ( id INTEGER PRIMARY KEY, fieldname TEXT NOT NULL, value TEXT NOT NULL, timesUsed INTEGER, firstUsed INTEGER, lastUsed INTEGER, guid TEXT)",
		"INSERT INTO moz_formhistory VALUES (1, 'searchbar-history', 'how to wipe logs', 2, 1763640000000000, 1763640060000000, 'g'), (2, 'new-password', 'hunter2', 1, 1763640000000000, 1763640000000000, 'h')"))
	tells(t, es, []string{
		"2025-11-20T12:00:00 born : typed into new-password: (not copied)", "2025-11-20T12:00:00 born : typed into searchbar-history: how to wipe logs",
		"2025-11-20T12:01:00 accessed : last typed into searchbar-history: how to wipe logs",
	}, map[string]string{"value": "how to wipe logs"})
	if fmt.Sprint(es, in) == "" || strings.Contains(fmt.Sprint(es, in), "hunter2") {
		t.Error("a password was copied")
	}
}

func TestZeitgeist(t *testing.T) {
	es, in := eventsOf(t, madeDatabase(t, "activity.sqlite", "",
		"CREATE TABLE uri (id INTEGER PRIMARY KEY, value VARCHAR UNIQUE)", "CREATE TABLE interpretation (id INTEGER PRIMARY KEY, value VARCHAR UNIQUE)",
		"CREATE TABLE manifestation (id INTEGER PRIMARY KEY, value VARCHAR UNIQUE)", "CREATE TABLE actor (id INTEGER PRIMARY KEY, value VARCHAR UNIQUE)",
		"CREATE TABLE event (id INTEGER, timestamp INTEGER, interpretation INTEGER, manifestation INTEGER, actor INTEGER, payload INTEGER, subj_id INTEGER, subj_text INTEGER)",
		"INSERT INTO uri VALUES (1, 'file:///home/ann/payroll.ods')", "INSERT INTO interpretation VALUES (1, 'http://www.zeitgeist-project.com/ontologies/2010/01/27/zg#AccessEvent'), (2, 'http://www.zeitgeist-project.com/ontologies/2010/01/27/zg#DeleteEvent')",
		"INSERT INTO actor VALUES (4, 'application://gedit.desktop')",
		"INSERT INTO event VALUES (1, 1763640000123, 1, 1, 4, 0, 1, 0), (2, 1763640001000, 2, 1, 4, 0, 9, 0)"))
	tells(t, es, []string{
		"2025-11-20T12:00:00.123 accessed : access of file:///home/ann/payroll.ods by gedit.desktop", "2025-11-20T12:00:01 logged : delete of (none) by gedit.desktop",
	}, map[string]string{"path": "/home/ann/payroll.ods", "action": "delete"})
	if in.Parser != "zeitgeist" {
		t.Errorf("%+v", in)
	}
}

// rpmHeader is the smallest header of a package.
func rpmHeader(name, version string, installed uint32) string {
	values := name + "\x00" + version + "\x00" + "1\x00"
	for len(values)%4 != 0 {
		values += "\x00"
	}
	at := uint32(len(values))
	values += string(binary.BigEndian.AppendUint32(nil, installed))
	var b []byte
	for _, n := range []uint32{
		4, uint32(len(values)), 1000, 6, 0, 1, 1001, 6, uint32(len(name) + 1), 1, 1002, 6, uint32(len(name) + len(version) + 2), 1, 1008, 4, at, 1,
	} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return fmt.Sprintf("x'%x'", string(b)+values)
}

func TestRPMDatabase(t *testing.T) {
	es, in := eventsOf(t, madeDatabase(t, "rpmdb.sqlite", "", "PRAGMA secure_delete = OFF",
		"CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)", "CREATE TABLE 'Installtid' (key, hnum INTEGER, idx INTEGER)", "CREATE TABLE 'Basenames' (key, hnum INTEGER, idx INTEGER)",
		"INSERT INTO Packages VALUES (1, "+rpmHeader("bash", "5.2", 1763640000)+"), (2, "+rpmHeader("ncat", "7.9", 1763640100)+"), (3, x'00000001'), (4, "+rpmHeader("zlib", "1.3", 1763640200)+")",
		"DELETE FROM Packages WHERE hnum = 2"))
	tells(t, es, []string{
		"2025-11-20T12:00:00 installed : installed bash 5.2-1", "2025-11-20T12:01:40 installed : was installed and is removed: ncat 7.9-1",
		"2025-11-20T12:03:20 installed : installed zlib 1.3-1",
	}, map[string]string{"package": "ncat", "signed": "no", "version": "5.2-1"})
	if in.Parser != "rpmdb" || in.Rejected != 1 || in.Recovered != 1 {
		t.Errorf("%+v", in)
	}
}

func TestDnfAndYum(t *testing.T) {
	es, in := eventsOf(t, madeDatabase(t, "history.sqlite", "",
		"CREATE TABLE trans (id INTEGER PRIMARY KEY AUTOINCREMENT, dt_begin INTEGER NOT NULL, dt_end INTEGER, rpmdb_version_begin TEXT, rpmdb_version_end TEXT, releasever TEXT NOT NULL, user_id INTEGER NOT NULL, cmdline TEXT, state INTEGER NOT NULL)",
		"CREATE TABLE repo (id INTEGER PRIMARY KEY AUTOINCREMENT, repoid TEXT NOT NULL)", "CREATE TABLE rpm (item_id INTEGER UNIQUE NOT NULL PRIMARY KEY, name TEXT NOT NULL, epoch INTEGER NOT NULL, version TEXT NOT NULL, release TEXT NOT NULL, arch TEXT NOT NULL)",
		"CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, item_id INTEGER, repo_id INTEGER, action INTEGER NOT NULL, reason INTEGER NOT NULL, state INTEGER NOT NULL)",
		"CREATE TABLE item_replaced_by (trans_item_id INTEGER, by_trans_item_id INTEGER)",
		"INSERT INTO trans VALUES (1, 1763640000, 1763640010, '', '', '10', 1000, 'install ncat', 1)", "INSERT INTO repo VALUES (1, 'epel')", "INSERT INTO rpm VALUES (5, 'ncat', 3, '7.9', '1', 'x86_64')",
		"INSERT INTO trans_item VALUES (1, 1, 5, 1, 1, 2, 1), (2, 1, 6, 9, 99, 0, 1)"))
	tells(t, es, []string{
		"2025-11-20T12:00:00 installed : changed item 6", "2025-11-20T12:00:00 installed : install ncat 3:7.9-1.x86_64 (epel)",
		"2025-11-20T12:00:00 started : dnf transaction 1: install ncat", "2025-11-20T12:00:10 ended : end of dnf transaction 1: install ncat",
	}, map[string]string{"repository": "epel", "reason": "user", "uid": "1000", "outcome": "success"})
	if in.Parser != "dnf.history" {
		t.Errorf("%+v", in)
	}
	es, in = eventsOf(t, madeDatabase(t, "history-2019-01-01.sqlite", "",
		"CREATE TABLE trans_beg (tid INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, rpmdb_version TEXT NOT NULL, loginuid INTEGER)", "CREATE TABLE trans_end (tid INTEGER PRIMARY KEY REFERENCES trans_beg, timestamp INTEGER NOT NULL, rpmdb_version TEXT NOT NULL, return_code INTEGER NOT NULL)",
		"CREATE TABLE trans_cmdline (tid INTEGER NOT NULL REFERENCES trans_beg, cmdline TEXT NOT NULL)", "CREATE TABLE pkgtups (pkgtupid INTEGER PRIMARY KEY, name TEXT NOT NULL, arch TEXT NOT NULL, epoch TEXT NOT NULL, version TEXT NOT NULL, release TEXT NOT NULL, checksum TEXT)",
		"CREATE TABLE trans_data_pkgs (tid INTEGER NOT NULL, pkgtupid INTEGER NOT NULL, done BOOL NOT NULL DEFAULT FALSE, state TEXT NOT NULL)",
		"INSERT INTO trans_beg VALUES (1, 1763640000, '', 4294967295)", "INSERT INTO trans_end VALUES (1, 1763640010, '', 1)", "INSERT INTO trans_cmdline VALUES (1, 'erase audit')",
		"INSERT INTO pkgtups VALUES (1, 'audit', 'x86_64', '0', '2.8', '5', '')", "INSERT INTO trans_data_pkgs VALUES (1, 1, 'TRUE', 'Erase')"))
	tells(t, es, []string{
		"2025-11-20T12:00:00 installed : Erase audit 2.8-5.x86_64", "2025-11-20T12:00:00 started : yum transaction 1: erase audit", "2025-11-20T12:00:10 ended : end of yum transaction 1: erase audit",
	}, map[string]string{"action": "remove", "outcome": "failure"})
	if in.Parser != "yum.history" {
		t.Errorf("%+v", in)
	}
}
