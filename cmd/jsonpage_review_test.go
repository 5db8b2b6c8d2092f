package cmd_test

import "strings"

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
