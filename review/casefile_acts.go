package review

import (
	"fmt"
	"strings"

	"firebreak/record"
)

// exhibit writes one exhibit: what it was taken from, the sealed bytes, the
// number it goes by, and an action for each link of its chain.
func (f *caseFile) exhibit(x Chain) {
	source := f.source(x)
	sealed := f.thing("exhibit", x.ID, "uco-observable:ObservableObject")
	sealed.put("uco-core:name", x.Title)
	sealed.say(x.Kind)
	content := f.thing("exhibit content", x.ID, "uco-observable:ContentDataFacet")
	if x.Size > 0 || !record.Gone(x.SHA256) { // else it was withheld
		content["uco-observable:sizeInBytes"] = whole(x.Size)
	}
	if hash := f.hash(x.SHA256); hash != nil {
		content.link("uco-observable:hash", hash)
	}
	sealed.link("uco-core:hasFacet", content)
	if x.Blob != "" {
		file := f.thing("exhibit file", x.ID, "uco-observable:FileFacet")
		file["uco-observable:fileName"] = x.Blob
		file["uco-observable:filePath"] = "evidence/" + x.Blob[:min(2, len(x.Blob))] + "/" + x.Blob
		sealed.link("uco-core:hasFacet", file)
	}
	host := f.machine(x.Host, x.Machine)
	if host != nil {
		f.relate(source, host, "Contained_Within")
	}
	if kept := f.machine(x.Stored, nil); kept != nil && x.Erased == "" {
		f.relate(sealed, kept, "Stored_On")
	}
	number := f.thing("provenance", x.ID, "case-investigation:ProvenanceRecord")
	number["case-investigation:exhibitNumber"], number["case-investigation:rootExhibitNumber"] = x.ID, x.ID
	number.link("uco-core:object", sealed)
	if x.Holder != "" {
		number.say("Held by " + x.Holder)
	}
	number.say(x.Gaps...)
	f.all = append(f.all, number.id())

	before := f.taken(x, source, sealed, number, host)
	for _, ev := range x.Events {
		if ev.What == "collected" || ev.What == "sealed" {
			continue
		}
		before = f.link(ev, sealed, number, before)
	}
}

// taken is the action that collected and sealed an exhibit.
func (f *caseFile) taken(x Chain, source, sealed, number, host node) node {
	n := f.thing("entry", fmt.Sprint(x.Seq), "case-investigation:InvestigativeAction")
	n["uco-core:name"] = "collected"
	n.at("uco-action:startTime", x.Started)
	n.at("uco-action:endTime", x.Finished)
	n["uco-action:actionStatus"] = "Success"
	if who := f.person(x.SealedBy); who != nil {
		n["uco-action:performer"] = node{"@id": who.id()}
	}
	if tool := f.program(x.Exhibit); tool != nil {
		n.link("uco-action:instrument", tool)
	}
	if host != nil {
		n["uco-action:environment"] = node{"@id": host.id()}
	}
	n.link("uco-action:object", source)
	n.link("uco-action:result", sealed, number)
	n.say(x.Method)
	if len(x.Argv) > 0 {
		n.say("Command line: " + quoteArgv(x.Argv))
	}
	if x.absent["clock"] == "" {
		n.say("Clock against UTC: " + x.Clock.String())
	}
	switch {
	case record.Gone(x.Authority) && x.absent["authority"] == "":
		n.say("On whose authority it was taken is not known.")
	case !record.Gone(x.Authority):
		n.say("On the authority of " + x.Authority)
		order := f.thing("authorization", x.Authority, "case-investigation:Authorization")
		order["uco-core:name"] = x.Authority
		inv := f.at["urn:uuid:"+uuid(f.seed+"\ninvestigation\n"+string(f.c.Incident.ID))]
		inv.link("case-investigation:relevantAuthorization", order)
	}
	for _, d := range x.Deviations {
		n.say("Deviation: " + d)
	}
	f.all = append(f.all, n.id())
	return n
}

// link is the action of one entry; an entry about several exhibits is one
// action with several objects.
func (f *caseFile) link(ev CustodyEvent, sealed, number, before node) node {
	n := f.thing("entry", fmt.Sprint(ev.Seq), "case-investigation:InvestigativeAction")
	if n["uco-core:name"] == nil {
		f.all = append(f.all, n.id())
	}
	n["uco-core:name"] = ev.What
	n.at("uco-action:startTime", ev.Time)
	n.at("uco-action:endTime", ev.Time)
	n["uco-action:actionStatus"] = "Success"
	if ev.Bad {
		n["uco-action:actionStatus"] = "Fail"
	}
	if who := f.person(ev.By); who != nil {
		n["uco-action:performer"] = node{"@id": who.id()}
	}
	n.link("uco-action:object", sealed)
	n.say(ev.Text)
	for _, s := range ev.Signers {
		n.say(s.Words())
	}
	for _, t := range f.c.Transfers {
		if t.ID == ev.Transfer {
			n.link("uco-action:participant", f.person(t.From), f.person(t.To))
			n.link("uco-action:location", f.place(t.Place))
		}
	}
	if ev.What == "accepted" {
		n.link("uco-action:result", number)
	}
	if before != nil && before.id() != n.id() {
		n.link("case-investigation:wasInformedBy", before)
	}
	return n
}

// actionStatus are the words of the vocabulary for the states of an action.
var actionStatus = map[string]string{
	statePlanned: "Pending", stateApproved: "Pending", stateSending: "Ongoing", stateSent: "Complete/Finish",
	stateVerified: "Success", stateFailed: "Fail", stateRejected: "Fail", stateUnknown: "Unknown",
	stateQueued: "Pending", stateDropped: "Fail",
}

// outside is an action on an outside system, planned, sent or undone.
func (f *caseFile) outside(a Action) {
	n := f.thing("action", a.ID, "case-investigation:InvestigativeAction")
	n.put("uco-core:name", first(a.Title, a.Name))
	doer := a.Sent
	if doer.Seq == 0 {
		doer = a.Planned
	}
	n.at("uco-action:startTime", doer.Time)
	if a.Changed.Seq > doer.Seq {
		n.at("uco-action:endTime", a.Changed.Time)
	}
	n.put("uco-action:actionStatus", first(actionStatus[a.State], "Unknown"))
	if who := f.person(doer.By); who != nil {
		n["uco-action:performer"] = node{"@id": who.id()}
	}
	for _, y := range a.Approvals {
		n.link("uco-action:participant", f.person(y.By))
	}
	if !record.Gone(a.Target) {
		target := f.thing("target", a.Target, "uco-observable:ObservableObject")
		target["uco-core:name"] = a.Target
		n.link("uco-action:object", target)
	}
	n.say(strings.TrimSpace(a.ID+" "+a.Name), a.Reason, a.Says, a.Standing)
	if a.Reverts != "" {
		n.say("Undoes " + a.Reverts)
	}
	if a.Digest != "" {
		n.say("Plan with SHA-256 " + a.Digest)
	}
	f.all = append(f.all, n.id())
}
