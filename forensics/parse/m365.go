package parse

import (
	"bufio"
	"cmp"
	"strings"
)

// m365Audit is the unified audit log of Microsoft 365: records of the management
// activity interface (JSON, Operation and CreationTime), the answers of
// Search-UnifiedAuditLog in JSON, and the CSV export of the portal; the last two
// have the record as a text in AuditData.
//
// Reference: Microsoft Learn, "Office 365 Management Activity API schema" and
// "Detailed properties in the audit log". Times are UTC without saying so.
func m365Audit() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("CreationTime", "Operation") && h.any("Workload", "RecordType", "UserId") ||
				h.has("AuditData") && h.any("Operations", "Operation", "RecordType", "CreationDate")
		},
		inner: "AuditData",
		tell:  tellM365,
	}
}

func tellM365(t *tale) string {
	if !t.when(t.get("CreationTime", "CreationDate", "CreatedDateTime")) && !t.m365Written(t.get("CreationDate")) {
		return "no time"
	}
	op := t.get("Operation", "Operations")
	if op == "" {
		return "no operation"
	}
	t.e.Source = "cloud"
	t.e.User = t.get("UserId", "UserIds", "MailboxOwnerUPN")
	ip := cmp.Or(t.get("ClientIP", "ClientIPAddress", "ActorIpAddress"))
	t.peer(ip)
	t.set("service", t.get("Workload"))
	t.set("account", t.get("OrganizationId"))
	t.set("user_agent", t.get("UserAgent"))
	action := verb(op)
	switch op {
	case "FileAccessed", "MailItemsAccessed", "FilePreviewed", "PageViewed":
		action = "read"
	case "FileDownloaded":
		action = "download"
	case "FileUploaded":
		action = "upload"
	case "FileDeleted", "HardDelete", "SoftDelete":
		action = "delete"
	case "FileModified":
		action = "modify"
	}
	t.set(attrAction, action)
	what := t.get("ObjectId", "SourceFileName", "Item.Subject", "MailboxOwnerUPN")
	t.set("resource", what)
	if strings.HasPrefix(what, "http") {
		t.set("url", what)
	}
	if t.get("Workload") == "AzureActiveDirectory" && strings.Contains(strings.ToLower(op), "user") && strings.Contains(what, "@") {
		t.set(attrTarget, what)
	}
	result := t.get("ResultStatus")
	switch strings.ToLower(result) {
	case "succeeded", "success", "true", "partiallysucceeded":
		t.set(attrOutcome, "success")
		result = ""
	case "failed", "failure", "false":
		t.set(attrOutcome, "failure")
		result = cmp.Or(t.get("LogonError"), result)
	}
	if op == "UserLoginFailed" {
		t.set(attrOutcome, "failure")
		result = cmp.Or(t.get("LogonError"), "failed")
	}
	rule := m365Parameters(t)
	t.e.Message = say(t.get("Workload"), op, pre("by ", t.e.User), pre("from ", ip), pre(": ", what), rule, post(result))
	return ""
}

// m365Parameters are the parameters of a cmdlet, as of New-InboxRule: they say
// where mail goes.
func m365Parameters(t *tale) string {
	if t.get("Workload") != "Exchange" || t.get("Parameters") == "" {
		return ""
	}
	var out []string
	for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"} {
		name := t.at("Parameters", n+".Name")
		if name == "" {
			break
		}
		out = append(out, "-"+name+" "+t.at("Parameters", n+".Value"))
	}
	text := strings.Join(out, " ")
	t.set(attrCommand, say(t.get("Operation"), text))
	return text
}

// m365Written reads the times of PowerShell and of the older exports:
// "/Date(1700000000000)/", "7/10/2023 12:04:05 PM".
func (t *tale) m365Written(text string) bool {
	if ms, ok := strings.CutPrefix(text, "/Date("); ok {
		return t.since(strings.TrimSuffix(ms, ")/"), "ms")
	}
	return t.american(text)
}

// american reads "7/10/2023 12:04:05 PM", with or without the half of the day,
// as UTC.
func (t *tale) american(text string) bool {
	f := strings.Fields(strings.TrimSuffix(text, "Z"))
	if len(f) < 2 {
		return false
	}
	day := strings.Split(strings.TrimSuffix(f[0], ","), "/")
	hour := strings.Split(f[1], ":")
	if len(day) != 3 || len(hour) < 2 || len(hour) > 3 {
		return false
	}
	if len(hour) == 2 {
		hour = append(hour, "00")
	}
	for _, x := range []*string{&day[0], &day[1], &hour[0], &hour[1], &hour[2]} {
		if len(*x) == 1 {
			*x = "0" + *x
		}
	}
	if len(f) > 2 {
		h := two(hour[0], 0)
		switch half := strings.ToUpper(f[2]); {
		case h < 1 || h > 12 || half != "AM" && half != "PM":
			return false
		case half == "PM" && h != 12:
			hour[0] = string([]byte{'0' + byte(h+12)/10, '0' + byte(h+12)%10})
		case half == "AM" && h == 12:
			hour[0] = "00"
		}
	}
	s, ok := isoStamp(day[2]+"-"+day[0]+"-"+day[1]+"T"+strings.Join(hour, ":"), utcClock())
	if !ok {
		return false
	}
	t.e.Time, t.e.Precision = s.time, s.precision
	t.j.told(t.a, wording{}, text)
	return true
}

// parseM365CSV reads the portal's export: a heading, and AuditData as the last
// columns but few. A row counts as its record.
func parseM365CSV(j *job, r *bufio.Reader) error {
	s := m365Audit()
	return eachNamed(j, r, nil, ',', "", func(head *columns, row csvRow) error {
		e := j.slot()
		e.TimeKind = "logged"
		e.Attributes = append(e.Attributes, row.attrs...)
		t := tale{j: j, e: e, a: &e.Attributes}
		for i, name := range head.names {
			if v := row.fields[i]; v != "" && name != "AuditData" && name != "" && !isOurs(name) && len(*t.a) < maxAttributes {
				t.a.Set(name, v)
			}
		}
		var why string
		if data := strings.TrimSpace(head.of(row, "AuditData")); data != "" {
			why = s.fill(&t, bytesOf(data))
		} else {
			why = s.tell(&t)
		}
		if why != "" {
			return unfit(why)
		}
		return j.keep(row.offset)
	})
}

// isM365CSV knows the export by its heading.
func isM365CSV(_ string, head []byte) bool {
	seen := 0
	for _, name := range headingOf(head) {
		switch strings.Trim(name, `"`) {
		case "AuditData", "CreationDate":
			seen++
		}
	}
	return seen == 2
}
