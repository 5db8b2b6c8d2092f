// Package ocsf writes a review as an Incident Finding of the Open Cybersecurity
// Schema Framework (class 2005, version 1.8.0), for a SIEM or a data lake: what the
// incident is, how it stands, who has it, the findings that people confirmed, the
// techniques, and the attacker's values as observables.
//
// It is pure. What the review does not know is left out where OCSF lets it, and
// has its number for "unknown" where it does not.
package ocsf

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/indicators"
)

// Version is the version of OCSF.
const Version = "1.8.0"

type object = map[string]any

// The activities of class 2005.
const (
	created = 1
	updated = 2
	closed  = 3
)

// Finding is the review as an Incident Finding.
func Finding(r review.Review) ([]byte, error) {
	out := object{
		"category_uid": 2, "category_name": "Findings", "class_uid": 2005, "class_name": "Incident Finding",
		"metadata": metadata(r), "finding_info_list": findings(r), "timezone_offset": 0,
	}
	activity(out, r)
	state(out, r)
	assigned(out, r)
	times(out, r)
	if text := strings.Join(r.Summary, " "); text != "" {
		out["message"] = review.Harmless(text)
	}
	if text := cmp.Or(r.Incident.Summary, r.Incident.Title); !record.Gone(text) {
		out["desc"] = review.Harmless(text)
	}
	if list := attacks(r); len(list) > 0 {
		out["attacks"] = list
	}
	if list := observables(r); len(list) > 0 {
		out["observables"] = list
	}
	if list := tickets(r); len(list) > 0 {
		out["tickets"] = list
	}
	breach(out, r)
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OCSF finding: %w", err)
	}
	return append(data, '\n'), nil
}

func metadata(r review.Review) object {
	name, version, _ := strings.Cut(r.Tool, " ")
	product := object{"name": "Firebreak", "vendor_name": "Firebreak"}
	if name != "" && version != "" {
		product["version"] = review.Harmless(version)
	}
	out := object{
		"version": Version, "product": product, "profiles": []string{"incident"}, "log_name": review.Format,
		"uid": review.UUID(r.Namespace("ocsf"), "finding"),
	}
	labels := []string{}
	if l := r.Label(); l != "" {
		labels = append(labels, "TLP:"+strings.ToUpper(review.Harmless(string(l))))
	}
	if r.Incident.Drill {
		labels = append(labels, "drill")
	}
	for _, line := range r.Overhead() {
		labels = append(labels, review.Harmless(line))
	}
	if len(labels) > 0 {
		out["labels"] = labels
	}
	return out
}

// activity says what the finding reports: an incident that was just opened, one
// that goes on, or its end.
func activity(out object, r review.Review) {
	id, name := updated, "Update"
	switch {
	case r.Incident.Status == incident.Closed:
		id, name = closed, "Close"
	case r.Integrity.Entries == 1:
		id, name = created, "Create"
	}
	out["activity_id"], out["activity_name"] = id, name
	out["type_uid"], out["type_name"] = 2005*100+id, "Incident Finding: "+name
}

func state(out object, r review.Review) {
	out["severity_id"], out["severity"] = 0, "Unknown"
	if s := r.Incident.Severity; s >= incident.SEV1 && s <= incident.SEV4 {
		out["severity_id"], out["severity"] = 6-int(s), []string{"Critical", "High", "Medium", "Low"}[s-1]
	}
	switch {
	case r.Incident.Status == incident.Closed:
		out["status_id"], out["status"] = 5, "Closed"
	case r.Incident.Roles[incident.Commander] != "" || len(r.Actions) > 0 || r.Incident.Phase > incident.Identify:
		out["status_id"], out["status"] = 2, "In Progress"
	default:
		out["status_id"], out["status"] = 1, "New"
	}
	switch {
	case r.Incident.Drill:
		out["verdict_id"], out["verdict"] = 6, "Test"
	case r.Confirmed():
		out["verdict_id"], out["verdict"] = 2, "True Positive"
	default:
		out["verdict_id"], out["verdict"] = 0, "Unknown"
	}
}

// assigned names the commander; OCSF wants a person or a group. Where nobody is
// known it is the group of those who respond.
func assigned(out object, r review.Review) {
	if name := r.Incident.Roles[incident.Commander]; !record.Gone(name) {
		out["assignee"] = object{"name": review.Harmless(name)}
		return
	}
	out["assignee_group"] = object{"name": "responders", "desc": "who commands the incident is not known"}
}

// times are milliseconds since 1970: when the finding was made, and the ends of
// what it tells of.
func times(out object, r review.Review) {
	made := r.Made
	var first, last time.Time
	for _, row := range r.Timeline {
		if row.Time.IsZero() {
			continue
		}
		if first.IsZero() || row.Time.Before(first) {
			first = row.Time
		}
		if row.Time.After(last) {
			last = row.Time
		}
	}
	if made.IsZero() {
		made = last
	}
	out["time"] = made.UnixMilli()
	if !first.IsZero() {
		out["start_time"], out["end_time"] = first.UnixMilli(), last.UnixMilli()
	}
}

// findings are the incident itself and each finding of triage that a person
// confirmed.
func findings(r review.Review) []object {
	self := object{"uid": cmp.Or(string(r.Incident.ID), review.UUID(r.Namespace("ocsf"), "incident")), "types": []string{"incident"}}
	if !record.Gone(r.Incident.Title) {
		self["title"] = review.Harmless(r.Incident.Title)
	}
	when(self, "created_time", r.Incident.Opened)
	when(self, "modified_time", r.Made)
	when(self, "first_seen_time", r.Incident.Detected)
	out := []object{self}
	for _, f := range r.Findings {
		one := object{"uid": cmp.Or(f.ID, fmt.Sprintf("#%d", f.Seq)), "types": []string{"triage"}}
		if !record.Gone(f.Title) {
			one["title"] = review.Harmless(f.Title)
		}
		if text := strings.TrimSpace(strings.Join([]string{f.About, f.Host, f.Says}, " ")); text != "" {
			one["desc"] = review.Harmless(text)
		}
		when(one, "created_time", f.Time)
		when(one, "first_seen_time", f.First)
		if a := attack(f.Technique, ""); a != nil {
			one["attacks"] = []object{a}
		}
		out = append(out, one)
	}
	return out
}

func when(o object, name string, t time.Time) {
	if !t.IsZero() {
		o[name] = t.UnixMilli()
	}
}

func attacks(r review.Review) []object {
	var out []object
	for _, t := range r.Techniques {
		if a := attack(t.ID, t.Name); a != nil {
			out = append(out, a)
		}
	}
	return out
}

var shape = lazyre.New(`^T[0-9]{4}(\.[0-9]{3})?$`)

// attack is a technique, and the one that it is a part of.
func attack(id, name string) object {
	if !shape.MatchString(id) {
		return nil
	}
	whole, part, _ := strings.Cut(id, ".")
	out := object{"technique": object{"uid": whole, "src_url": "https://attack.mitre.org/techniques/" + whole}}
	of, known := out["technique"].(object)
	if part != "" {
		of, known = object{"uid": id, "src_url": "https://attack.mitre.org/techniques/" + whole + "/" + part}, true
		out["sub_technique"] = of
	}
	if known && !record.Gone(name) {
		of["name"] = review.Harmless(name)
	}
	return out
}

// types are OCSF' numbers and names for the kinds of indicators.
var types = map[indicators.Kind]struct {
	id   int
	name string
}{
	indicators.IPv4: {2, "IP Address"}, indicators.IPv6: {2, "IP Address"}, indicators.Domain: {1, "Hostname"}, indicators.URL: {6, "URL String"},
	indicators.Mail: {5, "Email Address"}, indicators.MD5: {8, "Hash"}, indicators.SHA1: {8, "Hash"}, indicators.SHA256: {8, "Hash"}, indicators.SHA512: {8, "Hash"},
	indicators.Path: {45, "File Path"}, indicators.Account: {4, "User Name"}, indicators.Process: {13, "Command Line"},
}

func observables(r review.Review) []object {
	found, _ := indicators.Of(r)
	var out []object
	for _, i := range found {
		t := types[i.Kind]
		if i.Network {
			t.id, t.name = 12, "Subnet"
		}
		out = append(out, object{"type_id": t.id, "type": t.name, "value": i.Value})
	}
	return out
}

// tickets are the follow-ups that are tracked somewhere.
func tickets(r review.Review) []object {
	var out []object
	for n, i := range r.Items {
		if i.Link == "" {
			continue
		}
		one := object{"uid": cmp.Or(i.ID, fmt.Sprint(n+1)), "type_id": 2, "type": "External"}
		if u, err := url.Parse(i.Link); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
			one["src_url"] = u.String()
		}
		if !record.Gone(i.Text) {
			one["title"] = review.Harmless(i.Text)
		}
		out = append(out, one)
	}
	return out
}

// breach says whether records are said to be lost, where anybody said so.
func breach(out object, r review.Review) {
	for _, m := range r.Impact {
		if m.Measure != "records" {
			continue
		}
		if m.Certainty != "excluded" {
			out["is_suspected_breach"] = true
			return
		}
		out["is_suspected_breach"] = false
	}
}
