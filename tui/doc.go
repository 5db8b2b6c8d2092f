// Package tui is the full-screen and the plain-line face of an incident. It
// draws and asks; every fact it shows and every act it performs goes through a
// response.Session, so it can do nothing that a command cannot.
//
// It never blocks: all work runs in commands with a context, and an answer
// that has been overtaken by a newer question is dropped. Foreign text is
// escaped and cut where a line is made (draw.go) and nowhere else. No other
// package draws, and only this one knows Bubble Tea.
package tui
