package store

import "golang.org/x/sys/unix"

func mount(dir, options string) error { return unix.Mount("tmpfs", dir, "tmpfs", 0, options) }

// remount changes the size, or makes the file system read-only.
func remount(dir, options string) error {
	if options == "ro" {
		return unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	return unix.Mount("", dir, "", unix.MS_REMOUNT, options)
}

func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }
