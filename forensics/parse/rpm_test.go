package parse

import (
	"encoding/binary"
	"testing"

	"firebreak/internal/testkit/rpmdb"
)

func TestRPMDatabases(t *testing.T) {
	headers := [][]byte{rpmdb.Header("tool", "1.2", rpmdb.File{Path: "/usr/bin/tool", Text: "x"}), []byte("no header"), rpmdb.Header("gone", "3")}
	es, in := writtenFile(t, "Packages.db", rpmdb.NDB(2, headers...))
	tells(t, es, []string{"2025-11-20T12:00:00 installed : installed tool 1.2-1.noarch", "2025-11-20T12:00:00 installed : was installed and is removed: gone 3-1"},
		map[string]string{"package": "tool", "files": "1", "signed": "no", "recovered": "a header that the database does not know"})
	if in.Parser != "rpmdb.ndb" || in.Events != 1 || in.Recovered != 1 || in.Rejected != 1 {
		t.Errorf("%+v", in)
	}
	es, in = writtenFile(t, "Packages", rpmdb.Berkeley(binary.BigEndian, headers...))
	tells(t, es, []string{"2025-11-20T12:00:00 installed : installed gone 3-1.noarch", "2025-11-20T12:00:00 installed : installed tool 1.2-1.noarch"}, nil)
	if in.Parser != "rpmdb.bdb" || in.Events != 2 || in.Rejected != 1 {
		t.Errorf("%+v", in)
	}
}
