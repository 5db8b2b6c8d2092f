package parse

import (
	"strings"
	"time"

	"firebreak/forensics/formats/rpm"
	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// dnf5History is what dnf 5 keeps of its transactions.
func dnf5History() dbFormat {
	return dbFormat{
		"dnf5.history",
		[]string{"transaction_history.sqlite"},
		[]string{"trans", "trans_item", "trans_item_action"},
		[]dbTable{{"trans", tellDnf5Transaction, nil}, {"trans_item", tellDnf5Item, nil}},
		About{
			Formats: "transaction_history.sqlite of dnf 5, with its write-ahead log; both forms of its names",
			Events:  "a transaction: started, and ended where its end is known, with its command; a package of it: installed, with what was done and why",
			Times:   "seconds, UTC", Reference: "dnf5, libdnf5/transaction/db/sql",
		},
	}
}

func tellDnf5Transaction(db *database, row *sqlite.Row) error {
	command := text(row, "description")
	if command == "" {
		command = text(row, "cmdline")
	}
	state, err := db.nameOf("trans_state", row.Value("state_id"))
	if err != nil {
		return err
	}
	outcome := map[string]string{"Ok": "success", "Error": "failure"}[state]
	return db.putTransaction(row, command, outcome)
}

// nameOf is the name of a row of a table of names.
func (db *database) nameOf(table string, id sqlite.Value) (string, error) {
	var row sqlite.Row
	known, err := db.look(table, id, &row)
	if err != nil || !known {
		return "", err
	}
	return text(&row, "name"), nil
}

// dnf5Actions are the field's words for what was done.
var dnf5Actions = map[string]string{
	"Install": "install", "Upgrade": "upgrade", "Downgrade": "downgrade", "Reinstall": "install", "Remove": "remove", "Replaced": "remove", "Reason Change": "modify",
}

func tellDnf5Item(db *database, row *sqlite.Row) error {
	e := timeline.Event{Source: "package", Precision: timeline.Second, TimeKind: timeline.Installed}
	a := &e.Attributes
	var trans, pkg, repo sqlite.Row
	inTrans, err := db.look("trans", row.Value("trans_id"), &trans)
	if err != nil {
		return err
	}
	if inTrans {
		e.Time = rowTime(trans.Value("dt_begin"), time.Second)
		setAll(a, attrCommand, text(&trans, "description"))
	}
	known, err := db.look("rpm", row.Value("item_id"), &pkg)
	if err != nil {
		return err
	}
	name := "item " + row.Value("item_id").String()
	if known {
		name = text(&pkg, "name")
		arch := text(&pkg, "arch")
		if name == "" { // names and architectures have tables of their own
			if name, err = db.nameOf("pkg_names", pkg.Value("name_id")); err == nil {
				arch, err = db.nameOf("archs", pkg.Value("arch_id"))
			}
		}
		if err != nil {
			return err
		}
		version := rpm.Package{Epoch: pkg.Value("epoch").String(), Version: text(&pkg, "version"), Release: text(&pkg, "release")}.EVR()
		setAll(a, "package", name, "version", version, "arch", arch)
		name = named(name) + " " + version + pre(".", arch)
	}
	fromRepo, err := db.look("repo", row.Value("repo_id"), &repo)
	if err != nil {
		return err
	}
	if fromRepo {
		setAll(a, "repository", text(&repo, "repoid"))
	}
	did, err := db.nameOf("trans_item_action", row.Value("action_id"))
	if err != nil {
		return err
	}
	why, err := db.nameOf("trans_item_reason", row.Value("reason_id"))
	if err != nil {
		return err
	}
	if action := dnf5Actions[did]; action != "" {
		a.Set(attrAction, action)
	}
	setAll(a, "reason", strings.ToLower(why), "transaction", row.Value("trans_id").String())
	e.Message = say(strings.ToLower(named(did)), name, post(a.Get("repository")))
	return db.put(row, e)
}
