package parse

import (
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"strings"

	"firebreak/forensics/formats/evtx"
)

// winDerive adds the fields that stand inside the texts of other fields: the
// details of PowerShell's engine, what a scheduled task runs, the kinds of
// Sysmon's hashes, what a WMI consumer runs.
func winDerive(provider, id string, fields []evtx.Field) []evtx.Field {
	switch provider {
	case "PowerShell":
		for _, f := range fields {
			if (f.Name == "data2" || f.Name == "data3") && strings.Contains(f.Value, "HostApplication=") {
				return powershellDetails(fields, f.Value)
			}
		}
	case "Microsoft-Windows-Security-Auditing":
		if id != "4698" && id != "4699" && id != "4700" && id != "4701" && id != "4702" {
			return fields
		}
		for _, f := range fields {
			if f.Name == "TaskContent" || f.Name == "TaskContentNew" {
				return taskContent(fields, f.Value)
			}
		}
	case "Microsoft-Windows-Sysmon":
		for _, f := range fields {
			if f.Name == "Hashes" || f.Name == "Hash" {
				return sysmonHashes(fields, f.Value)
			}
		}
	case "Microsoft-Windows-WMI-Activity":
		if id != "5861" {
			return fields
		}
		for _, f := range fields {
			if f.Name == "PossibleCause" {
				return wmiConsumer(fields, f.Value)
			}
		}
	}
	return fields
}

// powershellKeys are those of the details, in which values may have line feeds.
const powershellKeys = " CommandLine CommandName CommandPath CommandType DetailSequence DetailTotal EngineVersion HostApplication HostId HostName HostVersion NewEngineState NewProviderState PipelineId PreviousEngineState ProviderName RunspaceId ScriptName Severity ErrorMessage SequenceNumber UserId "

func powershellDetails(fields []evtx.Field, text string) []evtx.Field {
	first := len(fields)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimLeft(line, "\t "), "=")
		switch {
		case ok && name != "" && strings.Contains(powershellKeys, " "+name+" "):
			fields = append(fields, evtx.Field{Name: name, Value: value})
		case len(fields) > first:
			fields[len(fields)-1].Value += line
		}
	}
	kept := fields[:first]
	for _, f := range fields[first:] {
		if f.Value = strings.TrimSpace(f.Value); f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

// sysmonHashes cuts "SHA1=…,MD5=…,SHA256=…,IMPHASH=…" into its kinds.
func sysmonHashes(fields []evtx.Field, text string) []evtx.Field {
	for pair := range strings.SplitSeq(text, ",") {
		kind, hash, ok := strings.Cut(pair, "=")
		if ok && hash != "" && len(hash) <= 64 && strings.Trim(hash, "0123456789abcdefABCDEF") == "" {
			switch kind {
			case "MD5", "SHA1", "SHA256", "IMPHASH":
				fields = append(fields, evtx.Field{Name: "Hash." + kind, Value: strings.ToLower(hash)})
			}
		}
	}
	return fields
}

// Limits of a task: its actions that are told, and how deep its XML is.
const (
	maxTaskActions = 16
	maxTaskDepth   = 64
)

// taskContent reads the XML of a task: its actions, author, and account.
//
// Reference: [MS-TSCH] 2.3, the task's schema.
func taskContent(fields []evtx.Field, text string) []evtx.Field {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it says UTF-16, and was
	d.Strict = false
	var runs []string
	var in []string
	set := func(name, value string) {
		for _, f := range fields {
			if f.Name == name {
				return
			}
		}
		fields = append(fields, evtx.Field{Name: name, Value: value})
	}
	for {
		token, err := d.Token()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				set("TaskError", err.Error())
			}
			break
		}
		switch x := token.(type) {
		case xml.StartElement:
			if len(in) >= maxTaskDepth {
				return fields
			}
			in = append(in, x.Name.Local)
			if x.Name.Local == "Exec" && len(runs) < maxTaskActions {
				runs = append(runs, "")
			}
		case xml.EndElement:
			if len(in) > 0 {
				in = in[:len(in)-1]
			}
		case xml.CharData:
			value := strings.TrimSpace(string(x))
			if len(in) < 2 || value == "" {
				continue
			}
			switch above, name := in[len(in)-2], in[len(in)-1]; {
			case above == "Exec" && (name == "Command" || name == "Arguments") && len(runs) > 0:
				last := &runs[len(runs)-1]
				*last = strings.TrimSpace(*last + " " + value)
			case above == "ComHandler" && name == "ClassId" && len(runs) < maxTaskActions:
				runs = append(runs, "COM "+value)
			case above == "RegistrationInfo" && name == "Author":
				set("TaskAuthor", value)
			case above == "Principal" && (name == "UserId" || name == "GroupId"):
				set("TaskAccount", value)
			case above == "Principal" && name == "RunLevel":
				set("TaskRunLevel", value)
			}
		}
	}
	if len(runs) > 0 {
		set("TaskRuns", strings.Join(runs, "; "))
	}
	return fields
}

// wmiConsumer finds what a permanent consumer runs, in MOF.
func wmiConsumer(fields []evtx.Field, text string) []evtx.Field {
	for _, name := range []string{"CommandLineTemplate", "ExecutablePath", "ScriptText", "ScriptFileName"} {
		_, rest, ok := strings.Cut(text, name+" = \"")
		if !ok {
			continue
		}
		for i := 0; i < len(rest); i++ {
			if rest[i] == '\\' {
				i++
			} else if rest[i] == '"' {
				fields = append(fields, evtx.Field{Name: name, Value: strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\r`, "").Replace(rest[:i])})
				break
			}
		}
	}
	return fields
}

// winAddress is an address without the marks of IPv4 inside IPv6; empty for what
// is none, as LOCAL.
func winAddress(v string) string {
	v = strings.TrimPrefix(v, "::ffff:")
	if _, err := netip.ParseAddr(v); err != nil {
		return ""
	}
	return v
}

// winSID is the name of an account that each Windows has, else its number.
func winSID(sid string) string {
	switch sid {
	case "S-1-5-18":
		return `NT AUTHORITY\SYSTEM`
	case "S-1-5-19":
		return `NT AUTHORITY\LOCAL SERVICE`
	case "S-1-5-20":
		return `NT AUTHORITY\NETWORK SERVICE`
	case "S-1-5-7":
		return `NT AUTHORITY\ANONYMOUS LOGON`
	}
	return sid
}
