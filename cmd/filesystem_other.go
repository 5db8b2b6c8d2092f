//go:build !linux

package cmd

// remoteFileSystem is not known here.
func remoteFileSystem(string) string { return "" }
