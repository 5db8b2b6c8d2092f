package page_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/review"
)

// rich is the review of the rich story of package review's tests, read from its
// JSON form.
func rich(t testing.TB) review.Review {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testkit.Root(t), "review", "testdata", "rich.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r review.Review
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}
