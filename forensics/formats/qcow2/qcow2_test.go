package qcow2_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/forensics/formats/qcow2"
)

// raw is a disk with text, noise, zeros and holes.
func raw(size int) []byte {
	b, r := make([]byte, size), rand.NewChaCha8([32]byte{5})
	for at := 0; at < size; at += 96 << 10 {
		part := b[at:min(size, at+96<<10)]
		switch (at / (96 << 10)) % 4 {
		case 0:
			_, _ = r.Read(part)
		case 1:
			copy(part, bytes.Repeat([]byte("a line of a log\n"), len(part)/16))
		}
	}
	return b
}

// TestForms compares images that qemu-img made with what they were made of.
func TestForms(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("qemu-img")
	if err != nil {
		t.Skip("qemu-img is not installed: qemu-utils")
	}
	dir := t.TempDir()
	want := raw(3<<20 + 512*3)
	if err := os.WriteFile(filepath.Join(dir, "raw"), want, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	for name, o := range map[string]string{
		"v2": "compat=0.10", "v3": "compat=1.1", "512": "cluster_size=512", "2M": "cluster_size=2M",
		"v2 zlib": "-c compat=0.10", "zlib": "-c compat=1.1", "zlib 4k": "-c cluster_size=4k", "zstd": "-c compression_type=zstd", "lazy": "lazy_refcounts=on,preallocation=metadata",
	} {
		t.Run(name, func(t *testing.T) {
			file := strings.ReplaceAll(name, " ", "-") + ".qcow2"
			args := []string{"convert", "-O", "qcow2"}
			if o, packed := strings.CutPrefix(o, "-c "); packed {
				args = append(args, "-c", "-o", o)
			} else {
				args = append(args, "-o", o)
			}
			run(append(args, "raw", file)...)
			f, err := os.Open(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() //nolint:errcheck // read only
			i, err := qcow2.Open(f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(io.NewSectionReader(i, 0, i.Size()))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, which are others: %v", len(got), err)
			}
			part := make([]byte, 100_000)
			if n, err := i.ReadAt(part, 1<<20-7); n != len(part) || err != nil || !bytes.Equal(part, want[1<<20-7:][:n]) {
				t.Errorf("%d bytes from the middle: %v", n, err)
			}
			if n, err := i.ReadAt(part, i.Size()-5); n != 5 || !errors.Is(err, io.EOF) {
				t.Errorf("%d bytes at the end: %v", n, err)
			}
		})
	}
	run("create", "-q", "-f", "qcow2", "-b", "v3.qcow2", "-F", "qcow2", "upper.qcow2")
	run("create", "-q", "-f", "qcow2", "-o", "extended_l2=on,cluster_size=64k", "extended.qcow2", "1M")
	run("create", "-q", "-f", "qcow2", "-o", "data_file=data", "external.qcow2", "1M")
	run("create", "-q", "-f", "qcow2", "--object", "secret,id=s,data=x", "-o", "encrypt.format=luks,encrypt.key-secret=s", "encrypted.qcow2", "1M")
	for file, says := range map[string]string{"upper": `only what differs from "v3.qcow2"`, "extended": "extended L2", "external": "another file", "encrypted": "encrypted"} {
		b, err := os.ReadFile(filepath.Join(dir, file+".qcow2"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := qcow2.Open(bytes.NewReader(b)); !errors.Is(err, qcow2.ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// small is an image by hand: a disk of two clusters of 512 bytes, the first there.
func small() []byte {
	b := make([]byte, 512*4)
	copy(b, "QFI\xfb")
	be := binary.BigEndian
	be.PutUint32(b[4:], 2)
	be.PutUint32(b[20:], 9)
	be.PutUint64(b[24:], 1024)
	be.PutUint32(b[36:], 1)
	be.PutUint64(b[40:], 512)
	be.PutUint64(b[512:], 1024|1<<63)
	be.PutUint64(b[1024:], 1536|1<<63)
	copy(b[1536:], "here")
	return b
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	i, err := qcow2.Open(bytes.NewReader(small()))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(io.NewSectionReader(i, 0, i.Size())); err != nil || len(b) != 1024 || !bytes.HasPrefix(b, []byte("here\x00")) {
		t.Errorf("%q, %v", b, err)
	}
	be := binary.BigEndian
	for name, change := range map[string]func([]byte){
		"a huge disk":          func(b []byte) { be.PutUint64(b[24:], 1<<62) },
		"a disk for a table":   func(b []byte) { be.PutUint64(b[24:], 1<<40) },
		"clusters of nothing":  func(b []byte) { be.PutUint32(b[20:], 60) },
		"a table behind":       func(b []byte) { be.PutUint64(b[40:], 1<<30) },
		"a table out of line":  func(b []byte) { be.PutUint64(b[512:], 1536|512<<40) },
		"a cluster that packs": func(b []byte) { be.PutUint64(b[1024:], 1<<62|1536) },
	} {
		b := small()
		change(b)
		i, err := qcow2.Open(bytes.NewReader(b))
		if err == nil {
			_, err = io.ReadAll(io.NewSectionReader(i, 0, i.Size()))
		}
		if !errors.Is(err, qcow2.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzImage(f *testing.F) {
	f.Add(small(), int64(0))
	three := append(small(), make([]byte, 600)...)
	binary.BigEndian.PutUint32(three[4:], 3)
	binary.BigEndian.PutUint64(three[72:], 8)
	binary.BigEndian.PutUint32(three[100:], 112)
	three[104] = 1
	binary.BigEndian.PutUint64(three[1024:], 1<<62|1536)
	f.Add(three, int64(100))
	f.Fuzz(func(_ *testing.T, b []byte, off int64) {
		i, err := qcow2.Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		_, _ = i.ReadAt(make([]byte, 4096), off)
		_, _ = i.ReadAt(make([]byte, 4096), i.Size()-1)
	})
}
