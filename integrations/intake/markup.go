package intake

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxElements is how deep elements of XML may lie within each other.
const maxElements = 64

// markup reads XML or HTML by its first element.
func (c *reading) markup(r *bufio.Reader) error {
	head, err := r.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	lower := strings.ToLower(string(head))
	var name string
	var read func(io.Reader) error
	switch {
	case strings.Contains(lower, "<analysis"):
		name, read = "dependency-check", c.dependencyXML
	case strings.Contains(lower, "<html") || strings.HasPrefix(lower, "<!doctype html"):
		name, read = "sonarqube", c.sonarHTML
	default:
		return fmt.Errorf("%w: it is XML, and neither a report of Dependency-Check nor an HTML page of sonar-report", ErrUnknown)
	}
	if c.format == nil {
		for _, f := range formats() {
			if f.name == name {
				c.format = &f
			}
		}
	} else if c.format.name != name {
		return fmt.Errorf("%w: it is no %s", ErrMalformed, c.format.name)
	}
	c.report.Snapshot = true
	c.tool = c.format.tool
	return read(&bounded{r: r})
}

// bounded ends what is too large.
type bounded struct {
	r io.Reader
	n int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.n += int64(n); b.n > maxTotal {
		return 0, fmt.Errorf("%w: more than %d GiB", ErrTooLarge, maxTotal>>30)
	}
	return n, err
}

// xmlDependency is a <dependency>; it is the only thing that is held at a time.
type xmlDependency struct {
	Virtual  string `xml:"isVirtual,attr"`
	FileName string `xml:"fileName"`
	FilePath string `xml:"filePath"`
	SHA1     string `xml:"sha1"`
	Packages []struct {
		ID string `xml:"id"`
	} `xml:"identifiers>package"`
	Old []struct {
		Name string `xml:"name"`
	} `xml:"identifiers>identifier"`
	Related []struct {
		FilePath string `xml:"filePath"`
	} `xml:"relatedDependencies>relatedDependency"`
	Vulnerabilities struct {
		List []xmlVulnerability `xml:",any"`
	} `xml:"vulnerabilities"`
}

type xmlVulnerability struct {
	XMLName     xml.Name
	Source      string   `xml:"source,attr"`
	Name        string   `xml:"name"`
	Severity    string   `xml:"severity"`
	CVSS3       string   `xml:"cvssV3>baseScore"`
	CVSS2       string   `xml:"cvssV2>score"`
	CVSS4       string   `xml:"cvssV4>baseScore"`
	Old         string   `xml:"cvssScore"`
	CWEs        []string `xml:"cwes>cwe"`
	CWE         string   `xml:"cwe"`
	Description string   `xml:"description"`
	Notes       string   `xml:"notes"`
	References  []struct {
		URL string `xml:"url"`
	} `xml:"references>reference"`
}

// dependencyXML reads a report one dependency after the other. Its JSON pointer is
// the path of elements, counted from 0: /dependencies/3/vulnerabilities/0.
//
// Reference: dependency-check/DependencyCheck, core/src/main/resources/schema,
// dependency-check.1.3.xsd to 4.1.xsd.
func (c *reading) dependencyXML(r io.Reader) error {
	d := xml.NewDecoder(r)
	d.CharsetReader = charset
	var open []string
	var text strings.Builder
	engine, project, dependency := "", "", 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return xmlError(err)
		}
		switch t := t.(type) {
		case xml.Directive:
			if strings.Contains(strings.ToUpper(string(t)), "ENTITY") {
				return fmt.Errorf("%w: entities are declared in it", ErrMalformed)
			}
		case xml.StartElement:
			open = append(open, t.Name.Local)
			text.Reset()
			if len(open) > maxElements {
				return fmt.Errorf("%w: more than %d elements within each other", ErrMalformed, maxElements)
			}
			if len(open) == 1 && t.Name.Local != "analysis" {
				return fmt.Errorf("%w: its first element is <%s>", ErrUnknown, clip(t.Name.Local, 60))
			}
			if strings.Join(open, "/") == "analysis/dependencies/dependency" {
				if dependency == 0 {
					c.by(c.format.tool, strings.TrimSpace(engine))
					c.cover(strings.TrimSpace(project), "")
				}
				dep, err := c.xmlDependency(d, t)
				if err != nil {
					return err
				}
				if err := c.dependency(dep, under("/dependencies", dependency)); err != nil {
					return err
				}
				dependency++
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if text.Len() < maxText {
				text.Write(t)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != t.Name.Local {
				return fmt.Errorf("%w: </%s> ends nothing", ErrMalformed, clip(t.Name.Local, 60))
			}
			switch strings.Join(open, "/") {
			case "analysis/scanInfo/engineVersion":
				engine = text.String()
			case "analysis/projectInfo/name":
				project = text.String()
			case "analysis/projectInfo/reportDate":
				c.seen = momentOf(strings.TrimSpace(text.String()))
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%w: it ends inside <%s>", ErrMalformed, clip(open[len(open)-1], 60))
	}
	if dependency == 0 {
		c.by(c.format.tool, strings.TrimSpace(engine))
		c.cover(strings.TrimSpace(project), "")
	}
	return nil
}

// xmlDependency decodes one element; RawToken has taken its start, so the decoder
// is given it again.
func (c *reading) xmlDependency(d *xml.Decoder, start xml.StartElement) (xmlDependency, error) {
	var dep xmlDependency
	if err := xml.NewTokenDecoder(&element{d: d, start: start.Copy()}).Decode(&dep); err != nil {
		return dep, xmlError(err)
	}
	return dep, nil
}

// element hands out the tokens of one element, with plain names.
type element struct {
	d     *xml.Decoder
	start xml.StartElement
	depth int
	begun bool
	from  int64
}

func (e *element) Token() (xml.Token, error) {
	if !e.begun {
		e.begun, e.depth, e.from = true, 1, e.d.InputOffset()
		return plainStart(e.start), nil
	}
	if e.depth == 0 {
		return nil, io.EOF
	}
	t, err := e.d.RawToken()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if e.d.InputOffset()-e.from > MaxValue {
		return nil, fmt.Errorf("%w: a dependency has more than %d MiB", ErrTooLarge, MaxValue>>20)
	}
	switch t := t.(type) {
	case xml.StartElement:
		if e.depth++; e.depth > maxElements {
			return nil, fmt.Errorf("%w: more than %d elements within each other", ErrMalformed, maxElements)
		}
		return plainStart(t), nil
	case xml.EndElement:
		e.depth--
		return xml.EndElement{Name: xml.Name{Local: t.Name.Local}}, nil
	}
	return t, nil
}

func plainStart(t xml.StartElement) xml.StartElement {
	out := xml.StartElement{Name: xml.Name{Local: t.Name.Local}}
	for _, a := range t.Attr {
		out.Attr = append(out.Attr, xml.Attr{Name: xml.Name{Local: a.Name.Local}, Value: a.Value})
	}
	return out
}

func xmlError(err error) error {
	for _, own := range []error{ErrTooLarge, ErrMalformed, ErrUnknown} {
		if errors.Is(err, own) {
			return err
		}
	}
	var bad *xml.SyntaxError
	if errors.As(err, &bad) {
		return fmt.Errorf("%w: line %d: %s", ErrMalformed, bad.Line, clip(bad.Msg, maxShort))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends too early", ErrMalformed)
	}
	return err
}

// charset knows the encodings that declare themselves.
func charset(name string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be": // UTF-16 is UTF-8 by now
		return in, nil
	case "iso-8859-1", "latin1", "windows-1252":
		return &latin1{r: bufio.NewReader(in)}, nil
	}
	return nil, fmt.Errorf("%w: the encoding %.40q", ErrMalformed, name)
}

// latin1 makes UTF-8 of ISO 8859-1.
type latin1 struct {
	r    *bufio.Reader
	left []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		b, err := l.r.ReadByte()
		if err != nil {
			return 0, err
		}
		l.left = []byte(string(rune(b)))
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}

func (c *reading) dependency(dep xmlDependency, at string) error {
	for i, v := range dep.Vulnerabilities.List {
		if v.XMLName.Local != "vulnerability" && v.XMLName.Local != "suppressedVulnerability" {
			continue
		}
		f := c.begin(Vulnerability, under(at, "vulnerabilities", i))
		f.Rule = strings.TrimSpace(v.Name)
		f.Message = strings.TrimSpace(v.Description)
		f.Title = cmp.Or(joined(": ", f.Rule, dep.FileName), f.Rule)
		f.names(f.Rule)
		f.weakness(append(v.CWEs, v.CWE)...)
		f.Says = strings.TrimSpace(v.Severity)
		f.Score = strings.TrimSpace(cmp.Or(v.CVSS4, v.CVSS3, v.CVSS2, v.Old))
		f.File = strings.TrimSpace(dep.FilePath)
		id := ""
		for _, p := range dep.Packages {
			id = cmp.Or(id, strings.TrimSpace(p.ID))
		}
		for _, p := range dep.Old {
			if name := strings.Trim(strings.TrimSpace(p.Name), "()"); !strings.HasPrefix(name, "cpe:") {
				id = cmp.Or(id, name)
			}
		}
		f.dependencyOf(id, dep.FileName)
		if len(v.References) > 0 {
			f.URL = v.References[0].URL
		}
		if v.XMLName.Local == "suppressedVulnerability" {
			f.State, f.StateSays = Suppressed, joined(": ", "suppressed", strings.TrimSpace(v.Notes))
		}
		f.dependencySeverity()
		f.Fingerprint = cmp.Or(strings.TrimSpace(dep.SHA1), f.File, dep.FileName) + "|" + f.File + "|" + f.Rule
		if err := c.add(""); err != nil {
			return err
		}
	}
	return nil
}

// dependencyOf takes the name and version of a package URL, else of a file.
func (f *Finding) dependencyOf(id, file string) {
	f.Package = strings.TrimSpace(file)
	rest, ok := strings.CutPrefix(id, "pkg:")
	if !ok {
		if g, v, ok := cutLast(id, ":"); ok { // group:artifact:version
			f.Package, f.Version = g, v
		}
		return
	}
	rest, _, _ = strings.Cut(rest, "?")
	if _, name, ok := strings.Cut(rest, "/"); ok {
		rest = name
	}
	if name, version, ok := cutLast(rest, "@"); ok && name != "" {
		f.Package, f.Version = filePath(name), filePath(version)
	} else {
		f.Package = filePath(rest)
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (f *Finding) dependencySeverity() {
	if f.Severity = severityOf(f.Says); f.Severity == Unknown && f.Score != "" {
		f.Severity = severityOfScore(f.Score)
	}
}

// readDependencyCheck reads the report in JSON.
func readDependencyCheck(c *reading, n *node, at string) error {
	c.by("OWASP Dependency-Check", n.at("scanInfo", "engineVersion"))
	c.cover(n.at("projectInfo", "name"), "")
	c.seen = moment(n.get("projectInfo", "reportDate"))
	return n.get("dependencies").each(func(i int, d *node) error {
		for _, list := range []string{"vulnerabilities", "suppressedVulnerabilities"} {
			err := d.get(list).each(func(k int, v *node) error {
				return c.dependencyJSON(d, v, list != "vulnerabilities", under(at, "dependencies", i, list, k))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *reading) dependencyJSON(d, v *node, suppressed bool, at string) error {
	f := c.begin(Vulnerability, at)
	f.Rule = v.at("name")
	f.Message = v.at("description")
	f.Title = joined(": ", f.Rule, d.at("fileName"))
	f.names(f.Rule)
	f.weakness(v.get("cwes").texts()...)
	f.Says = v.at("severity")
	f.Score = cmp.Or(v.at("cvssv4", "baseScore"), v.at("cvssv3", "baseScore"), v.at("cvssv2", "score"))
	f.File = d.at("filePath")
	f.dependencyOf(d.get("packages").first().at("id"), d.at("fileName"))
	f.URL = v.get("references").first().at("url")
	if suppressed {
		f.State, f.StateSays = Suppressed, joined(": ", "suppressed", v.at("notes"))
	}
	f.dependencySeverity()
	f.Fingerprint = cmp.Or(d.at("sha1"), f.File, d.at("fileName")) + "|" + f.File + "|" + f.Rule
	return c.add("")
}
