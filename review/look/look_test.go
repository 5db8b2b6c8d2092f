package look_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"firebreak/review/look"
)

// TestPolicyKnowsTheStyle: the hash in the policy is that of the style in the page,
// and a title stays a title.
func TestPolicyKnowsTheStyle(t *testing.T) {
	head := string(look.Head(`</title><script>alert(1)</script>`, look.Base(), "b{}"))
	_, rest, _ := strings.Cut(head, "<style>")
	style, _, ok := strings.Cut(rest, "</style>")
	if !ok || !strings.HasSuffix(style, "b{}") {
		t.Fatalf("no style in %.300s", head)
	}
	sum := sha256.Sum256([]byte(style))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(head, want) {
		t.Errorf("%s is not in the policy", want)
	}
	if !strings.Contains(head, "default-src 'none'") || strings.Contains(head, "<script") || strings.Contains(head, "unsafe") {
		t.Errorf("%.600s", head)
	}
}

// TestNothingIsLoaded: a style sheet could ask for things as well.
func TestNothingIsLoaded(t *testing.T) {
	for _, css := range []string{look.Base(), look.Chart()} {
		for _, bad := range []string{"url(", "@import", "@font-face", "http", "expression", "</"} {
			if strings.Contains(css, bad) {
				t.Errorf("%s in a style sheet", bad)
			}
		}
	}
}

// TestContrast computes the contrast of all words with what may be behind them, in
// light, in dark and on paper: 4.5 for words, 3 for the shapes of drawings.
func TestContrast(t *testing.T) {
	for i, p := range palettes(t) {
		at := []string{"light", "dark", "paper"}[i]
		check := func(least float64, backs string, fronts ...string) {
			for _, back := range strings.Fields(backs) {
				for _, front := range fronts {
					if got := contrast(t, p[front], p[back]); got < least {
						t.Errorf("%s: %s on %s has %.2f, less than %.1f", at, front, back, got, least)
					}
				}
			}
		}
		check(4.5, "paper card plainbg okbg warnbg badbg unknownbg", "ink")
		check(4.5, "paper card", "soft", "link")
		check(4.5, "badbg unknownbg warnbg plainbg", "link", "soft")
		check(4.5, "okbg", "ok")
		check(4.5, "warnbg", "warn")
		check(4.5, "badbg", "bad")
		check(4.5, "unknownbg", "unknown")
		check(4.5, "p0 p1 p2 p3 p4 p5", "paper") // words on a phase
		check(3, "card", "attack", "act", "change", "machine", "density", "used", "unknown", "bad", "edge", "p0", "p1", "p2", "p3", "p4", "p5")
	}
}

var variable = regexp.MustCompile(`--([a-z0-9]+): *(#[0-9a-f]{3,6})`)

// palettes are those of light, dark and paper.
func palettes(t *testing.T) []map[string]string {
	t.Helper()
	var out []map[string]string
	for _, block := range strings.Split(look.Base(), ":root {")[1:] {
		body, _, _ := strings.Cut(block, "}")
		p := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(body, -1) {
			p[m[1]] = m[2]
		}
		out = append(out, p)
	}
	if len(out) != 3 || len(out[0]) != len(out[1]) || len(out[0]) != len(out[2]) {
		t.Fatalf("palettes of %d, %v", len(out), out)
	}
	return out
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// luminance is that of WCAG 2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = fmt.Sprintf("%c%[1]c%c%[2]c%c%[3]c", hex[0], hex[1], hex[2])
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("colour %q: %v", colour, err)
	}
	part := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= .04045 {
			return c / 12.92
		}
		return math.Pow((c+.055)/1.055, 2.4)
	}
	return .2126*part(16) + .7152*part(8) + .0722*part(0)
}
