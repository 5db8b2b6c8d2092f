package store

import (
	"time"

	"golang.org/x/sys/unix"
)

func mount(dir, options string) error { return unix.Mount("tmpfs", dir, "tmpfs", 0, options) }

// remount changes the size, or makes the file system read-only.
func remount(dir, options string) error {
	if options == "ro" {
		return unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	return unix.Mount("", dir, "", unix.MS_REMOUNT, options)
}

func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }

func mountOverlay(dir, lower, upper, work string) error {
	return unix.Mount("overlay", dir, "overlay", 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
}

// stop stops a process and waits until it is.
func stop(pid int) error {
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return err
	}
	for !stopped(pid) {
		time.Sleep(time.Millisecond)
	}
	return nil
}
