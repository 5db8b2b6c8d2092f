package cmd_test

import (
	"strings"

	"firebreak/integrations/drill"
)

// reviewing is what people do with a review.
func (j *jsonPage) reviewing() {
	to := j.b.t.TempDir()
	j.run("review parts ID", 0, "review", "parts", "last")
	j.run("review edit ID PART", 0, "review", "edit", "last", "summary", "--from", j.b.write("summary.md", "Human error, they said."))
	printed := j.b.want(0, "review", "edit", "last", "--print").out
	j.run("review edit ID PART", 0, "review", "edit", "last", "summary", "--from", j.b.write("summary.md", "An alert nobody read. Careless, they said."))
	j.run("review edit ID PART", 3, "review", "edit", "last", "--from", j.b.write("late.md", strings.Replace(printed, "they said.", "nobody says.", 1)))
	j.run("review parts ID", 0, "review", "parts", "last")
	j.run("review parts ID --history PART", 0, "review", "parts", "last", "--history", "summary")
	j.run("review state ID", 0, "review", "state", "last")
	j.run("review state ID STATE", 0, "review", "state", "last", "in-review", "--reason", "done")
	j.run("review state ID STATE --request", 0, "review", "state", "last", "reviewed", "--request")
	j.run("review release ID --preview", 0, "review", "release", "last", "--preview", "--draft", "--for", "them", "--reason", "asked", "--profile", "executive")
	j.run("review release ID", 0, "review", "release", "last", "--draft", "--for", "them", "--reason", "asked", "--to", to)
	j.run("review release ID --list", 0, "review", "release", "last", "--list")
	j.run("review check ID RELEASE", 0, "review", "check", "last", "v1")
	j.run("review again ID RELEASE --to FOLDER", 0, "review", "again", "last", "v1", "--to", to)
	j.run("review state ID", 0, "review", "state", "last")
}

// followUps are filed at the stand-in, and promised to the next incident of the kind.
func (j *jsonPage) followUps() {
	j.run("items add ID TEXT", 0, "items", "add", "last", "Give keys an end", "--owner", "ada", "--due", "2026-01-02", "--class", "prevent", "--verify", "an old key fails", "--factor", "f1")
	var added struct{ Item string }
	j.b.into(&added, "items", "add", "last", "Look at the list each day")
	id := added.Item
	j.run("items push ID", 0, "items", "push", "last", "--repo", drill.Repo, "--yes")
	j.b.want(3, "items", "push", "last", id, "--repo", drill.Repo, "--yes") // it has its issue
	j.run("items change ID ITEM", 0, "items", "change", "last", id, "--owner", "grace", "--due", "2026-01-02", "--class", "detect", "--verify", "it is signed", "--factor", "f1", "--reason", "she has time")
	j.run("items done ID ITEM", 0, "items", "done", "last", id)
	j.run("items pull ID", 0, "items", "pull", "last") // its issue is open
	j.run("items done ID ITEM", 0, "items", "done", "last", id)
	j.b.want(2, "items", "verify", "last", id)
	j.run("items verify ID ITEM", 0, "items", "verify", "last", id, "--reason", "seen")
	j.run("items reopen ID ITEM", 0, "items", "reopen", "last", id, "--reason", "not each day")
	j.run("items", 0, "items")
	j.run("items ID", 0, "items", "last")
	j.run("items drop ID ITEM", 0, "items", "drop", "last", id, "--reason", "the list is gone")
	j.run("items ID --promised", 0, "items", "last", "--promised")
}
