//go:build !linux

package cmd

// exposures are the ways in which what is in memory can end on a disk. Where
// that cannot be seen, it says so.
func exposures() (swap, core string) {
	return "whether swap is encrypted cannot be seen here: look at the settings of the system", ""
}
