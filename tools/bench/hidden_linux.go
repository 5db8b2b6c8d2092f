package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// hiding makes a command run in a mount namespace of its own, in which the
// folders are empty. This program mounts there and becomes the command, so that
// what is measured is the command alone. It needs root.
func hiding(c *exec.Cmd, folders []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if c.Err != nil { // the command was not found
		return c.Err
	}
	args := append([]string{self, "hidden", strconv.Itoa(len(folders))}, folders...)
	c.Args = append(append(args, c.Path), c.Args[1:]...)
	c.Path = self
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS} // which makes its mounts private, too
	return nil
}

// execHidden mounts nothing over each folder and becomes the command.
func execHidden(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 || len(args) < n+2 {
		return fmt.Errorf("hidden %q: a count, as many folders and a command", args)
	}
	for _, dir := range args[1 : n+1] {
		if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_RDONLY|syscall.MS_NOSUID|syscall.MS_NODEV, "size=4k"); err != nil {
			return fmt.Errorf("hide %s: %w", dir, err)
		}
	}
	command := args[n+1:]
	return fmt.Errorf("run %s: %w", command[0], syscall.Exec(command[0], command, os.Environ()))
}

// countNames prints how many names are below a folder, on its file system.
func countNames(root string, out io.Writer) error {
	device := func(info fs.FileInfo) uint64 {
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			return s.Dev
		}
		return 0
	}
	top, err := os.Lstat(root)
	if err != nil {
		return err
	}
	names := 0
	err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went meanwhile
		}
		if err != nil {
			return err
		}
		names++
		if !d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil && device(info) != device(top) {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, names)
	return err
}
