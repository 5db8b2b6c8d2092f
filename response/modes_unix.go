//go:build unix

package response

// posixModes says that the mode of a file tells who can get at it.
const posixModes = true
