package forensics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/record"
)

func TestGrowingFindsItsLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	long := strings.Repeat("x", 200<<10)
	text := "a\n" + long + "\nb\n" + long
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := OpenGrowing(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close() //nolint:errcheck // read only
	n := int64(len(long))
	for _, c := range []struct{ from, to, want int64 }{
		{0, 1, 0}, {0, 2, 2}, {0, int64(len(text)), n + 5}, {2, n + 2, 2}, {2, n + 3, n + 3}, {n + 3, n + 4, n + 3}, {n + 5, int64(len(text)), n + 5}, {0, 0, 0},
	} {
		if got, err := g.LineEnd(c.from, c.to); err != nil || got != c.want {
			t.Errorf("the last line of %d to %d ends at %d, want %d: %v", c.from, c.to, got, c.want, err)
		}
	}
	l := NewLocker(t.TempDir(), [32]byte{1})
	x, err := l.SealPiece(t.Context(), g, n+3, n+5, record.Exhibit{Source: path}, nil)
	if err != nil || x.Size != 2 || *x.Piece != (record.Piece{From: n + 3, To: n + 5}) {
		t.Fatalf("%+v: %v", x.Piece, err)
	}
	if sum, err := g.SHA256(t.Context(), n+3, n+5); err != nil || sum != x.SHA256 {
		t.Errorf("the piece hashes to %s, its exhibit to %s: %v", sum, x.SHA256, err)
	}
	// It became shorter between the look and the sealing.
	if err := os.Truncate(path, n+4); err != nil {
		t.Fatal(err)
	}
	x, err = l.SealPiece(t.Context(), g, n+3, n+5, record.Exhibit{Source: path}, nil)
	if err != nil || x.Piece.To != n+4 || !strings.Contains(strings.Join(x.Deviations, " "), "became shorter") {
		t.Errorf("%+v %v: %v", x.Piece, x.Deviations, err)
	}
}
