package metrics_test

import (
	"os"
	"testing"

	"firebreak/review/metrics"
)

// TestPage: the page about the metrics has their definitions as they are.
func TestPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	want, ok := metrics.Reference(string(b))
	if !ok || want != string(b) {
		t.Error("docs/metrics.md is not what the table says: make docs")
	}
}
