// Package pattern compiles any number of patterns of paths into one automaton
// that a walk of a disk steps through name by name: each name is looked at
// once, however many patterns there are, and a folder that no pattern leads into
// costs nothing.
//
// A pattern is a path from the root, its parts between slashes being names or
// globs: * any characters, ? one, [a-z] and [!a-z] one of a class, a backslash
// takes the next character as it is. ** is any number of folders, none too; **3
// is three at most. {a,b} stands for each of its texts. ~ at the beginning is
// every home folder. Matching is by bytes where names are not UTF-8; a leading
// dot is a character like others.
package pattern
