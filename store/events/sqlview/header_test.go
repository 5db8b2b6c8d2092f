package sqlview

import (
	"testing"

	sqlite3 "github.com/mattn/go-sqlite3"

	"firebreak/internal/testkit"
)

// What sqlite.h declares is what the SQLite that is linked declares.
func TestDeclarationsAreThoseOfSQLite(t *testing.T) {
	t.Parallel()
	testkit.SQLiteDeclares(t, "sqlite.h", 100, "sqlite3_module", "sqlite3_vtab", "sqlite3_vtab_cursor", "sqlite3_index_info",
		"sqlite3_file", "sqlite3_io_methods", "sqlite3_vfs")
	if _, number, _ := sqlite3.Version(); number < 3054001 || number >= 4000000 {
		t.Errorf("SQLite is version %d: read what has changed in vtab.c and where.c", number)
	}
}
