package parse

import (
	"cmp"
	"time"

	"firebreak/forensics/formats/rpm"
	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// rpmDatabase is rpm's database in SQLite: a header of each package.
func rpmDatabase() dbFormat {
	return dbFormat{
		"rpmdb",
		[]string{"rpmdb.sqlite"},
		[]string{"Packages", "Installtid", "Basenames"},
		[]dbTable{{"Packages", tellRPM, func(row *sqlite.Row) bool {
			_, err := rpm.Read(row.Value("blob").Bytes)
			return err == nil
		}}},
		About{
			Formats: "rpmdb.sqlite of rpm 4.16 and later, with its write-ahead log",
			Events:  "a package: installed; a removed one whose row is not overwritten is recovered. `signed` says whether the header has a signature: nobody has checked it",
			Times:   "seconds, UTC", Reference: "rpm, docs/manual/format_header.md and lib/backend/sqlite.c", Oracle: "rpm -qa",
			Differs: "the files of a package are counted and not listed",
		},
	}
}

// dnfHistory is what dnf 4 keeps of its transactions.
func dnfHistory() dbFormat {
	return dbFormat{
		"dnf.history",
		nil,
		[]string{"trans", "trans_item", "item_replaced_by"},
		[]dbTable{{"trans", tellDnfTransaction, nil}, {"trans_item", tellDnfItem, nil}},
		About{
			Formats: "history.sqlite of dnf 4, with its write-ahead log",
			Events:  "a transaction: started, and ended where its end is known, with its command; a package of it: installed, with what was done and why",
			Times:   "seconds, UTC", Reference: "libdnf, libdnf/transaction/sql/create.sql, Types.hpp", Oracle: "dnf history",
		},
	}
}

func tellDnfTransaction(db *database, row *sqlite.Row) error {
	outcome := ""
	switch n, _ := row.Value("state").Number(); n {
	case 1:
		outcome = "success"
	case 2:
		outcome = "failure"
	}
	return db.putTransaction(row, text(row, "cmdline"), outcome)
}

// putTransaction puts a transaction of dnf, and its end where that is known.
func (db *database) putTransaction(row *sqlite.Row, command, outcome string) error {
	id := row.Value("id").String()
	e := timeline.Event{
		Source: "package", Time: rowTime(row.Value("dt_begin"), time.Second), Precision: timeline.Second, TimeKind: timeline.Started,
		Message: "dnf transaction " + id + ": " + named(command),
	}
	uid := row.Value("user_id").String()
	if uid == "4294967295" || uid == "-1" { // nobody logged in: a timer
		uid = ""
	}
	setAll(&e.Attributes, attrAction, "exec", attrCommand, command, attrOutcome, outcome, "uid", uid, "transaction", id,
		"release", text(row, "releasever"), "comment", text(row, "comment"))
	if err := db.putCopy(row, e); err != nil {
		return err
	}
	end := rowTime(row.Value("dt_end"), time.Second)
	if end.IsZero() {
		return nil
	}
	e.Time, e.TimeKind, e.Message = end, timeline.Ended, "end of "+e.Message
	return db.put(row, e)
}

// dnfActions are what was done with a package, and the field's word for it.
var dnfActions = [...][2]string{
	{},
	{"install", "install"},
	{"downgrade", "downgrade"},
	{"downgraded", "remove"},
	{"obsolete", "install"},
	{"obsoleted", "remove"},
	{"upgrade", "upgrade"},
	{"upgraded", "remove"},
	{"remove", "remove"},
	{"reinstall", "install"},
	{"reinstalled", "remove"},
	{"reason change", "modify"},
}

func tellDnfItem(db *database, row *sqlite.Row) error {
	var trans, pkg, repo sqlite.Row
	inTrans, err := db.look("trans", row.Value("trans_id"), &trans)
	if err != nil {
		return err
	}
	known, err := db.look("rpm", row.Value("item_id"), &pkg)
	if err != nil {
		return err
	}
	fromRepo, err := db.look("repo", row.Value("repo_id"), &repo)
	if err != nil {
		return err
	}
	e := timeline.Event{Source: "package", Precision: timeline.Second, TimeKind: timeline.Installed}
	a := &e.Attributes
	if inTrans {
		e.Time = rowTime(trans.Value("dt_begin"), time.Second)
		setAll(a, attrCommand, text(&trans, "cmdline"))
	}
	name := "item " + row.Value("item_id").String()
	if known {
		name = text(&pkg, "name")
		version := rpm.Package{Epoch: pkg.Value("epoch").String(), Version: text(&pkg, "version"), Release: text(&pkg, "release")}.EVR()
		setAll(a, "package", name, "version", version, "arch", text(&pkg, "arch"))
		name += " " + version + pre(".", text(&pkg, "arch"))
	}
	if fromRepo {
		setAll(a, "repository", text(&repo, "repoid"))
	}
	did := [2]string{"changed", "modify"}
	if n, ok := row.Value("action").Number(); ok && n > 0 && n < int64(len(dnfActions)) {
		did = dnfActions[n]
	}
	reasons := []string{"", "dependency", "user", "clean", "weak dependency", "group", "external user"}
	if n, ok := row.Value("reason").Number(); ok && n > 0 && n < int64(len(reasons)) {
		a.Set("reason", reasons[n])
	}
	setAll(a, attrAction, did[1], "transaction", row.Value("trans_id").String())
	e.Message = say(did[0], name, post(a.Get("repository")))
	return db.put(row, e)
}

// look finds the row of a table that a value names.
func (db *database) look(table string, of sqlite.Value, row *sqlite.Row) (bool, error) {
	id, ok := of.Number()
	t, err := db.table(table)
	if err != nil || t == nil || !ok {
		return false, err
	}
	return db.file.Lookup(t, id, row)
}

// yumHistory is what yum keeps of its transactions.
func yumHistory() dbFormat {
	return dbFormat{
		"yum.history",
		nil,
		[]string{"trans_beg", "trans_data_pkgs", "pkgtups"},
		[]dbTable{{"trans_beg", tellYumTransaction, nil}, {"trans_data_pkgs", tellYumPackage, nil}},
		About{
			Formats: "history-DATE.sqlite of yum 3", Events: "a transaction: started, and ended where its end is known, with its command; a package of it: installed, with what was done",
			Times: "seconds, UTC", Reference: "yum, yum/history.py", Oracle: "yum history",
		},
	}
}

func tellYumTransaction(db *database, row *sqlite.Row) error {
	var end sqlite.Row
	if err := db.yumCommands(); err != nil {
		return err
	}
	id, _ := row.Value("tid").Number()
	command := db.commands[id]
	e := timeline.Event{
		Source: "package", Time: rowTime(row.Value("timestamp"), time.Second), Precision: timeline.Second, TimeKind: timeline.Started,
		Message: "yum transaction " + row.Value("tid").String() + ": " + named(command),
	}
	uid := row.Value("loginuid").String()
	if uid == "4294967295" || uid == "-1" {
		uid = ""
	}
	setAll(&e.Attributes, attrAction, "exec", attrCommand, command, "uid", uid, "transaction", row.Value("tid").String())
	ended, err := db.look("trans_end", row.Value("tid"), &end)
	if err != nil {
		return err
	}
	if ended {
		outcome := "failure"
		if n, ok := end.Value("return_code").Number(); ok && n == 0 {
			outcome = "success"
		}
		e.Attributes.Set(attrOutcome, outcome)
	}
	if err := db.putCopy(row, e); err != nil || !ended {
		return err
	}
	e.Time, e.TimeKind, e.Message = rowTime(end.Value("timestamp"), time.Second), timeline.Ended, "end of "+e.Message
	return db.put(row, e)
}

// yumCommands reads the command lines, whose table has no key.
func (db *database) yumCommands() error {
	if db.commands != nil {
		return nil
	}
	db.commands = map[int64]string{}
	t, err := db.table("trans_cmdline")
	if err != nil || t == nil {
		return err
	}
	return db.file.Rows(db.ctx, t, func(row *sqlite.Row) error {
		if id, ok := row.Value("tid").Number(); ok && len(db.commands) < maxChains {
			db.commands[id] = text(row, "cmdline")
		}
		return nil
	}, func(offset int64, err error) error { db.reject(offset, nil, err.Error()); return nil })
}

func tellYumPackage(db *database, row *sqlite.Row) error {
	var trans, pkg sqlite.Row
	inTrans, err := db.look("trans_beg", row.Value("tid"), &trans)
	if err != nil {
		return err
	}
	known, err := db.look("pkgtups", row.Value("pkgtupid"), &pkg)
	if err != nil {
		return err
	}
	e := timeline.Event{Source: "package", Precision: timeline.Second, TimeKind: timeline.Installed}
	if inTrans {
		e.Time = rowTime(trans.Value("timestamp"), time.Second)
	}
	name := "package " + row.Value("pkgtupid").String()
	if known {
		name = text(&pkg, "name")
		version := rpm.Package{Epoch: pkg.Value("epoch").String(), Version: text(&pkg, "version"), Release: text(&pkg, "release")}.EVR()
		setAll(&e.Attributes, "package", name, "version", version, "arch", text(&pkg, "arch"))
		name += " " + version + pre(".", text(&pkg, "arch"))
	}
	state := text(row, "state")
	action := map[string]string{
		"Install": "install", "True-Install": "install", "Dep-Install": "install", "Obsoleting": "install", "Reinstall": "install", "Update": "upgrade",
		"Downgrade": "downgrade", "Erase": "remove", "Obsoleted": "remove", "Updated": "remove", "Downgraded": "remove",
	}[state]
	setAll(&e.Attributes, attrAction, cmp.Or(action, "modify"), "state", state, "transaction", row.Value("tid").String())
	e.Message = say(cmp.Or(state, "changed"), name)
	return db.put(row, e)
}
