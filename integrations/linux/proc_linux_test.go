package linux

import "testing"

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("4242 (a) b (c)) S 1 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 884201 1 2 3"))
	f.Add([]byte("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 2 0 0"))
	f.Add([]byte("1 ) ("))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseStat(b)
		if err == nil && p.State == "" {
			t.Error("no state")
		}
		parseStatus(b, 1)
	})
}

func TestParseStat(t *testing.T) {
	p, err := parseStat([]byte("4242 (a) b (c)) S 17 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 884201 1 2 3"))
	if err != nil || p.PID != 4242 || p.Parent != 17 || p.Name != "a) b (c)" || p.State != "S" || p.Start != 884201 || p.Kernel {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = parseStat([]byte("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 2 0 0")); err != nil || !p.Kernel {
		t.Errorf("%+v, %v", p, err)
	}
}
