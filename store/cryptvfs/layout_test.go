package cryptvfs

import "testing"

// The units of the log follow each other without gap or overlap, in the
// logical file and on disk, and sizes are translated there and back.
func FuzzLayout(f *testing.F) {
	for _, at := range []int64{0, 1, 31, 32, 33, 55, 56, 57, 4151, 4152, 4153, 4176, 1 << 20, 1 << 40} {
		f.Add(at)
	}
	f.Fuzz(func(t *testing.T, at int64) {
		if at < 0 || at > 1<<46 {
			t.Skip()
		}
		u := unitAt(at)
		if at < u.at || at >= u.end() {
			t.Fatalf("byte %d is not in its unit %+v", at, u)
		}
		next := unitAt(u.end())
		if next.at != u.end() || next.disk != u.diskEnd() || next.disk <= u.disk {
			t.Errorf("unit %+v is followed by %+v", u, next)
		}
		if u.part == partFrameHeader && (next.part != partFramePage || next.index != u.index) {
			t.Errorf("frame header %+v is followed by %+v", u, next)
		}
		if d := diskSize(u.end()); d != u.diskEnd() || logicalSize(d) != u.end() {
			t.Errorf("a log that ends with %+v has %d bytes on disk, which hold %d", u, d, logicalSize(d))
		}
		if l := logicalSize(diskSize(at)); l < at {
			t.Errorf("truncated to %d, %d are left", at, l)
		}
		if l := logicalSize(u.diskEnd() - 1); l > u.at {
			t.Errorf("half a unit %+v counts: %d", u, l)
		}
		if d := diskSize(logicalSize(at)); d > at {
			t.Errorf("%d bytes on disk hold %d, which need %d", at, logicalSize(at), d)
		}
	})
}
