package cmd

import (
	"encoding/xml"
	"fmt"
	"strings"

	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/response"
)

// The JUnit form that CI systems read: suites, cases, failures.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	File     string      `xml:"file,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes the results of tests as JUnit XML.
func writeJUnit(file string, tests []response.PlaybookTest, strict bool) error {
	out := junitSuites{Name: "firebreak playbook test"}
	for _, t := range tests {
		s := junitSuiteOf(t, strict)
		out.Tests, out.Failures, out.Errors = out.Tests+s.Tests, out.Failures+s.Failures, out.Errors+s.Errors
		out.Suites = append(out.Suites, s)
	}
	b, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	if err := durable.Replace(file, append([]byte(xml.Header), append(b, '\n')...), 0o644); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}

func junitSuiteOf(t response.PlaybookTest, strict bool) junitSuite {
	s := junitSuite{Name: term.Safe(t.Playbook), File: term.Safe(t.File)}
	add := func(c junitCase) {
		c.Class, c.File = s.Name, s.File
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
		s.Cases = append(s.Cases, c)
	}
	for _, p := range t.Problems {
		add(junitCase{Name: p.Code, Line: p.Line, Error: &junitMessage{term.Safe(p.Message), term.Safe(p.String())}})
	}
	for _, c := range t.Cases {
		x := junitCase{Name: term.Safe(c.Name), Line: c.Line, Output: term.Safe("it went: " + strings.Join(c.Path, " ") + " (" + c.End + ")")}
		if !c.OK {
			lines := make([]string, len(c.Failures))
			for i, f := range c.Failures {
				lines[i] = term.Safe(fmt.Sprintf("%s:%d: %s", t.File, f.Line, f.Message))
			}
			x.Failure = &junitMessage{term.Safe(c.Failures[0].Message), strings.Join(lines, "\n")}
		}
		add(x)
	}
	if strict && t.Untested {
		add(junitCase{Name: "tests", Failure: &junitMessage{"the playbook has no tests", term.Safe(t.File) + " is not there"}})
	}
	if strict && len(t.Unreached) > 0 {
		lines := make([]string, len(t.Unreached))
		for i, u := range t.Unreached {
			lines[i] = term.Safe(fmt.Sprintf("%s:%d: no case reaches step %s", t.Source, u.Line, u.Step))
		}
		add(junitCase{Name: "every step is reached", Failure: &junitMessage{fmt.Sprintf("no case reaches %d steps", len(lines)), strings.Join(lines, "\n")}})
	}
	return s
}
