package testkit

// Hostile returns text such as an intruder leaves in logs, file names and API
// replies: terminal escapes, text that runs backwards or cannot be seen, markup,
// formulas, bytes that are no text. Nothing that shows foreign text may be
// impressed by any of it.
func Hostile() []string {
	return []string{
		"login ok\x1b]0;owned",                // OSC title, never ended
		"\x1b]52;c;ZXZpbA==\x07",              // clipboard
		"\x1b]8;;http://evil.example\x1b\\x",  // link
		"\x1bP$q\"p\x1b\\\x1b[?1049h\x1b[2J",  // DCS, alternate screen, erase
		"a\u009b31mb\u009d0;t\u009c",          // C1 as UTF-8
		"a\x9b31mb",                           // C1 as a byte
		"FAILED\rok    \b\b\b",                // overwriting
		"svch\u202etxt.exe\u2066x\u2069",      // bidi
		"pay\u200bpal\ufeff\u2060",            // zero width
		"x\U000e0041\U000e007f",               // tag characters
		"a\u2028b\u2029c\u0085d",              // separators
		"caf\xe9 \xff\xed\xa0\x80\x00",        // not UTF-8, NUL
		"\ue0b0\U000f0000\u26a0\ufe0f",        // private use, variation selector
		"one\ntwo\r\n# three\n- four\n> five", // lines that look like markup
		"<script>alert(1)</script><img src=x onerror=alert(2)>",
		"</style></svg></title></textarea><svg onload=alert(3)>",
		`" onmouseover="alert(4)" style="background:url(http://evil.example/5)`,
		"[click](javascript:alert(6)) ![](http://evil.example/7.png) <http://evil.example/8>",
		"http://evil.example/9 https://evil.example/10 mailto:a@evil.example www.evil.example",
		"`code` ``` ```` ~~~~ | a | b |\n|---|---|\n**b** _i_ [x]: http://evil.example/11",
		"<!-- --> &lt; &#x3c;script&#x3e; &amp; <b>bold</b> <br>",
		"=1+2 @SUM(A1) -2+3 +1 {{ .Title }} ${HOME} $(id) %s%n %!v(MISSING)",
		"a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301", // a tower of marks
	}
}
