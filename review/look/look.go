// Package look holds what the pages of a review, of an exercise, of the custody of
// evidence and of the numbers have in common: the style sheet and the head that
// forbids a page to load or to run anything.
//
// A page that uses it needs nothing from anywhere. It follows the reader's setting
// of light and dark, holds in forced colours, and prints.
package look

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"html/template"
	"strings"
	"unicode/utf8"
)

//go:embed base.css
var base string

//go:embed chart.css
var chart string

// Base is the style sheet that all pages share.
func Base() string { return base }

// Chart is the style of the drawings of package figure.
func Chart() string { return chart }

// Head is the beginning of a page up to and with the end of its head: no source of
// anything is allowed but the style that stands in it, known by its hash. The title
// is seen outside of the page as well, in tabs, histories and lists of files, so it
// says no more than the page's reader may know of an incident.
func Head(title string, styles ...string) template.HTML {
	style := strings.Join(styles, "\n")
	sum := sha256.Sum256([]byte(style))
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	b.WriteString(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-` + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'\">\n")
	b.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	b.WriteString("<meta name=\"color-scheme\" content=\"light dark\">\n")
	b.WriteString("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex, nofollow, noarchive\">\n")
	b.WriteString("<meta name=\"format-detection\" content=\"telephone=no, email=no, address=no, date=no, url=no\">\n")
	b.WriteString("<title>" + Escape(title) + "</title>\n<style>" + style + "</style>\n</head>\n")
	return template.HTML(b.String()) //nolint:gosec // our own words, and a title that is escaped
}

// Box opens a box that scrolls by itself and can be reached by keyboard, for a table
// that may be wider than the window. The caller closes it.
func Box(label string) template.HTML {
	return template.HTML(`<div class="scroll" role="region" tabindex="0" aria-label="` + Escape(label) + `">`) //nolint:gosec // escaped
}

// Escape makes text of anything, for a page and for a drawing in it; what no
// document may hold becomes a replacement character.
func Escape(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if strings.ContainsFunc(s, unfit) {
		s = strings.Map(func(r rune) rune {
			if unfit(r) {
				return utf8.RuneError
			}
			return r
		}, s)
	}
	return html.EscapeString(s)
}

func unfit(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f || r&0xfffe == 0xfffe
}
