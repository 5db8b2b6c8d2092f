package clocks_test

import (
	"fmt"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review/clocks"
)

// The calendars of the table: the holidays that its cases meet.
func calendars() map[string]playbooks.Calendar {
	days := func(dates ...string) (c playbooks.Calendar) {
		for _, d := range dates {
			c.Holidays = append(c.Holidays, playbooks.Holiday{Date: d})
		}
		return c
	}
	ae := days("2026-12-02")
	ae.Weekend = []string{"friday", "saturday"}
	return map[string]playbooks.Calendar{
		"":   {},
		"de": days("2026-04-03", "2026-04-06", "2026-12-25", "2026-12-26", "2027-01-01"),
		"us": days("2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25", "2027-01-01"),
		"uk": days("2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28"),
		"br": days("2026-02-16", "2026-02-17"),
		"ae": ae,
	}
}

// dueCase is one row of the table. The starts are "event time", with the offset that
// people's clocks have there and then; "met:ID time" is a submission.
type dueCase struct {
	rule    string
	starts  []string
	zone    string
	cal     string
	want    string
	because string
}

// table was worked out by hand, with a calendar on paper, from the texts that the
// rules cite. Nothing in it was computed by this program.
var table = []dueCase{ //nolint:gochecknoglobals // a table
	// GDPR Art. 33(1), 72 hours from awareness. Hours are elapsed; Regulation 1182/71
	// Art. 3(4) moves only periods that are not in hours.
	{"eu-gdpr-33-authority", []string{"aware 2026-11-25T14:20:00+01:00"}, "Europe/Berlin", "de", "2026-11-28T14:20:00+01:00", "Wednesday to Saturday: three times 24 hours, kept on a Saturday"},
	{"eu-gdpr-33-authority", []string{"aware 2026-03-27T14:20:00+01:00"}, "Europe/Berlin", "de", "2026-03-30T15:20:00+02:00", "an hour is missing on Sunday 29 March, so the clock shows an hour more"},
	{"eu-gdpr-33-authority", []string{"aware 2026-10-23T14:20:00+02:00"}, "Europe/Berlin", "de", "2026-10-26T13:20:00+01:00", "an hour comes twice on Sunday 25 October, so the clock shows an hour less"},
	{"eu-gdpr-33-authority", []string{"aware 2026-12-30T23:00:00+01:00"}, "Europe/Berlin", "de", "2027-01-02T23:00:00+01:00", "over New Year's Day, and over a year's end"},
	{"eu-gdpr-33-authority", []string{"aware 2028-02-27T10:00:00+01:00"}, "Europe/Berlin", "", "2028-03-01T10:00:00+01:00", "28 and 29 February are two of the three days"},
	{"eu-gdpr-33-authority", []string{"aware 2026-04-03T18:00:00+02:00"}, "Europe/Berlin", "de", "2026-04-06T18:00:00+02:00", "Good Friday to Easter Monday: hours run through both"},
	{"eu-gdpr-33-authority", []string{"aware 2026-10-25T02:30:00+02:00"}, "Europe/Berlin", "", "2026-10-28T01:30:00+01:00", "half past two, the first time that day"},
	{"eu-gdpr-33-authority", []string{"aware 2026-10-25T02:30:00+01:00"}, "Europe/Berlin", "", "2026-10-28T02:30:00+01:00", "half past two, the second time that day"},
	{"eu-gdpr-33-authority", []string{"aware 2026-05-05T00:10:00+05:30"}, "Asia/Kolkata", "", "2026-05-08T00:10:00+05:30", "a zone of half hours: nothing but 72 hours"},

	// UK GDPR Art. 33 and PECR reg. 5A, 72 hours.
	{"uk-gdpr-33-ico", []string{"aware 2026-03-28T09:00:00+00:00"}, "Europe/London", "uk", "2026-03-31T10:00:00+01:00", "summer time begins on Sunday 29 March"},
	{"uk-gdpr-33-ico", []string{"aware 2026-10-24T09:00:00+01:00"}, "Europe/London", "uk", "2026-10-27T08:00:00+00:00", "summer time ends on Sunday 25 October"},
	{"uk-pecr-5a", []string{"aware 2026-06-01T00:00:00+01:00"}, "Europe/London", "uk", "2026-06-04T00:00:00+01:00", "from midnight to midnight"},

	// NIS2 Art. 23(4)(a) and (b), 24 and 72 hours from awareness.
	{"eu-nis2-early-warning", []string{"aware 2026-03-28T12:00:00+01:00"}, "Europe/Berlin", "", "2026-03-29T13:00:00+02:00", "24 hours over the beginning of summer time"},
	{"eu-nis2-early-warning", []string{"aware 2026-10-24T12:00:00+02:00"}, "Europe/Berlin", "", "2026-10-25T11:00:00+01:00", "24 hours over its end"},
	{"eu-nis2-early-warning", []string{"aware 2026-12-31T20:00:00+02:00"}, "Europe/Helsinki", "", "2027-01-01T20:00:00+02:00", "a holiday does not stop hours"},
	{"eu-nis2-notification", []string{"aware 2026-08-14T16:45:00+03:00"}, "Europe/Athens", "", "2026-08-17T16:45:00+03:00", "Friday to Monday over the Assumption"},

	// NIS2 Art. 23(4)(d), one month after the submission of the notification. Regulation
	// 1182/71 Art. 3(2)(c): the day of the same number, or the last of a month that has none.
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-01-31T10:00:00+01:00"}, "Europe/Berlin", "de", "2026-02-28T23:59:59+01:00", "no 31 February: its last day, a Saturday, kept"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2028-01-31T10:00:00+01:00"}, "Europe/Berlin", "de", "2028-02-29T23:59:59+01:00", "a leap year has a 29th"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2027-01-30T08:00:00+01:00"}, "Europe/Berlin", "de", "2027-02-28T23:59:59+01:00", "no 30 February either"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-02-28T10:00:00+01:00"}, "Europe/Berlin", "de", "2026-03-28T23:59:59+01:00", "the same number, not the month's end"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-03-31T09:00:00+02:00"}, "Europe/Berlin", "de", "2026-04-30T23:59:59+02:00", "April has 30 days"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-12-15T09:00:00+01:00"}, "Europe/Berlin", "de", "2027-01-15T23:59:59+01:00", "over the year's end"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-05-31T23:30:00+00:00"}, "Europe/Berlin", "de", "2026-07-01T23:59:59+02:00", "in Berlin it was half past one of 1 June already"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-10-24T18:00:00+02:00"}, "Europe/Berlin", "de", "2026-11-24T23:59:59+01:00", "the last day ends in winter time"},
	{"eu-nis2-final", []string{"met:eu-nis2-notification 2026-06-02T18:00:00+02:00", "met:eu-nis2-notification 2026-06-10T18:00:00+02:00"}, "Europe/Berlin", "de", "2026-07-02T23:59:59+02:00", "a correction of the notification moves nothing: the first submission counts"},

	// DORA: Delegated Regulation 2025/301 Art. 5(1)(a): 4 hours from classification, 24 from
	// awareness at the latest; (2): classified later, 4 hours from then.
	{"eu-dora-initial", []string{"aware 2026-06-01T08:00:00+02:00", "classified 2026-06-01T10:00:00+02:00"}, "Europe/Berlin", "", "2026-06-01T14:00:00+02:00", "4 hours from classification are earlier"},
	{"eu-dora-initial", []string{"aware 2026-06-01T08:00:00+02:00", "classified 2026-06-02T07:00:00+02:00"}, "Europe/Berlin", "", "2026-06-02T08:00:00+02:00", "24 hours from awareness are earlier than 11:00"},
	{"eu-dora-initial", []string{"aware 2026-06-01T08:00:00+02:00", "classified 2026-06-02T09:00:00+02:00"}, "Europe/Berlin", "", "2026-06-02T13:00:00+02:00", "classified only after the 24 hours: 4 hours from then"},
	{"eu-dora-initial", []string{"aware 2026-06-01T08:00:00+02:00", "classified 2026-06-02T08:00:00+02:00"}, "Europe/Berlin", "", "2026-06-02T08:00:00+02:00", "classified with the last second of the 24 hours: at once"},
	{"eu-dora-initial", []string{"classified 2026-10-25T01:00:00+02:00"}, "Europe/Berlin", "", "2026-10-25T04:00:00+01:00", "4 hours over the end of summer time; nobody said when it was known"},
	{"eu-dora-initial", []string{"aware 2026-03-28T20:00:00+01:00", "classified 2026-03-29T18:00:00+02:00"}, "Europe/Berlin", "", "2026-03-29T21:00:00+02:00", "24 hours over the beginning of summer time, before the 4 hours at 22:00"},
	// (1)(b): 72 hours from the submission of the initial notification.
	{"eu-dora-intermediate", []string{"aware 2026-10-22T08:00:00+02:00", "met:eu-dora-initial 2026-10-23T17:00:00+02:00"}, "Europe/Berlin", "", "2026-10-26T16:00:00+01:00", "from submission, not from awareness; summer time ends in between"},
	{"eu-dora-intermediate", []string{"met:eu-dora-initial 2026-06-03T09:00:00+02:00"}, "Europe/Berlin", "", "2026-06-06T09:00:00+02:00", "ends on a Saturday: noon of Monday holds for some entities only, so kept"},
	// (1)(c): one month from the intermediate report, or the last updated one.
	{"eu-dora-final", []string{"met:eu-dora-intermediate 2026-08-31T12:00:00+02:00"}, "Europe/Berlin", "", "2026-09-30T23:59:59+02:00", "September has 30 days"},
	{"eu-dora-final", []string{"met:eu-dora-intermediate 2026-06-04T12:00:00+02:00", "met:eu-dora-intermediate 2026-06-12T12:00:00+02:00"}, "Europe/Berlin", "", "2026-07-12T23:59:59+02:00", "from the last of two; a Sunday, kept"},

	// Cyber Resilience Act Art. 14: hours; then days and a month by Regulation 1182/71
	// Art. 3(1), (2) and (4), which moves a last day that is no working day.
	{"eu-cra-14-vuln-24h", []string{"aware 2026-09-12T08:00:00+02:00"}, "Europe/Vienna", "", "2026-09-13T08:00:00+02:00", "Saturday to Sunday"},
	{"eu-cra-14-vuln-72h", []string{"aware 2026-12-24T18:00:00+01:00"}, "Europe/Vienna", "de", "2026-12-27T18:00:00+01:00", "through Christmas"},
	{"eu-cra-14-vuln-final", []string{"fix_available 2026-09-14T15:00:00+02:00"}, "Europe/Vienna", "de", "2026-09-28T23:59:59+02:00", "14 days after a Monday is a Monday"},
	{"eu-cra-14-vuln-final", []string{"fix_available 2026-09-12T15:00:00+02:00"}, "Europe/Vienna", "de", "2026-09-28T23:59:59+02:00", "26 September is a Saturday: the following Monday"},
	{"eu-cra-14-vuln-final", []string{"fix_available 2026-12-11T15:00:00+01:00"}, "Europe/Berlin", "de", "2026-12-28T23:59:59+01:00", "25 December, then a holiday on Saturday, then Sunday: Monday"},
	{"eu-cra-14-vuln-final", []string{"fix_available 2026-09-14T15:00:00+05:45"}, "Asia/Kathmandu", "", "2026-09-28T23:59:59+05:45", "a zone of quarter hours"},
	{"eu-cra-14-incident-24h", []string{"aware 2026-10-24T22:00:00+02:00"}, "Europe/Berlin", "", "2026-10-25T21:00:00+01:00", "24 hours over the end of summer time"},
	{"eu-cra-14-incident-72h", []string{"aware 2026-09-30T23:59:00+02:00"}, "Europe/Paris", "", "2026-10-03T23:59:00+02:00", "over a month's end"},
	{"eu-cra-14-incident-final", []string{"met:eu-cra-14-incident-72h 2026-11-14T10:00:00+01:00"}, "Europe/Berlin", "de", "2026-12-14T23:59:59+01:00", "14 December is a Monday"},
	{"eu-cra-14-incident-final", []string{"met:eu-cra-14-incident-72h 2026-12-31T10:00:00+01:00"}, "Europe/Berlin", "de", "2027-02-01T23:59:59+01:00", "31 January 2027 is a Sunday: the Monday after it"},

	// Form 8-K, General Instruction B.1: four business days after the event; one on a
	// closed day begins with the next open one. EDGAR ends a day at 17:30 Eastern.
	{"us-sec-8k-105", []string{"determined 2026-06-01T09:00:00-04:00"}, "America/New_York", "us", "2026-06-05T17:30:00-04:00", "Monday: Tuesday, Wednesday, Thursday, Friday"},
	{"us-sec-8k-105", []string{"determined 2026-06-05T18:00:00-04:00"}, "America/New_York", "us", "2026-06-11T17:30:00-04:00", "Friday: Monday to Thursday"},
	{"us-sec-8k-105", []string{"determined 2026-06-06T11:00:00-04:00"}, "America/New_York", "us", "2026-06-11T17:30:00-04:00", "Saturday: the four days run on, and include, Monday"},
	{"us-sec-8k-105", []string{"determined 2026-11-24T15:00:00-05:00"}, "America/New_York", "us", "2026-12-01T17:30:00-05:00", "Tuesday: Wednesday, not Thanksgiving, Friday, Monday, Tuesday"},
	{"us-sec-8k-105", []string{"determined 2026-07-01T10:00:00-04:00"}, "America/New_York", "us", "2026-07-08T17:30:00-04:00", "4 July 2026 is a Saturday and kept on Friday 3 July: Thursday, Monday, Tuesday, Wednesday"},
	{"us-sec-8k-105", []string{"determined 2026-12-23T16:00:00-05:00"}, "America/New_York", "us", "2026-12-30T17:30:00-05:00", "Wednesday: Thursday, not Christmas, Monday, Tuesday, Wednesday"},
	{"us-sec-8k-105", []string{"determined 2026-03-05T10:00:00-05:00"}, "America/New_York", "us", "2026-03-11T17:30:00-04:00", "Thursday: Friday, Monday, Tuesday, Wednesday, by then in summer time"},
	{"us-sec-8k-105", []string{"determined 2026-06-02T02:00:00+02:00"}, "Europe/Berlin", "us", "2026-06-05T17:30:00-04:00", "Tuesday in Berlin is still Monday evening in New York, whose days count"},
	{"us-sec-8k-105", []string{"determined 2026-01-16T10:00:00-05:00"}, "America/New_York", "us", "2026-01-23T17:30:00-05:00", "Friday: not Martin Luther King's day, Tuesday to Friday"},
	{"us-sec-8k-105", []string{"determined 2026-11-24T15:00:00-05:00"}, "America/New_York", "", "2026-11-30T17:30:00-05:00", "without a calendar Thanksgiving is taken for a business day: earlier than the law, never later"},
	{"pci-visa-3bd", []string{"suspected 2026-05-22T10:00:00+01:00"}, "Europe/London", "uk", "2026-05-28T23:59:59+01:00", "Friday: not the bank holiday, Tuesday, Wednesday, Thursday"},
	{"pci-visa-3bd", []string{"suspected 2026-06-03T12:00:00+04:00"}, "Asia/Dubai", "ae", "2026-06-08T23:59:59+04:00", "a weekend of Friday and Saturday: Thursday, Sunday, Monday"},
	{"br-lgpd-3bd", []string{"aware 2026-02-12T12:00:00-03:00"}, "America/Sao_Paulo", "br", "2026-02-19T23:59:59-03:00", "Thursday: Friday, not carnival, Wednesday, Thursday"},

	// HIPAA, 45 CFR 164.404(b): 60 calendar days after discovery; 164.408(c): 60 days after
	// the end of the calendar year.
	{"us-hipaa-404-individuals", []string{"discovered 2026-01-01T12:00:00-05:00"}, "America/New_York", "us", "2026-03-02T23:59:59-05:00", "30 days of January, 28 of February, 2 of March"},
	{"us-hipaa-404-individuals", []string{"discovered 2028-01-01T12:00:00-05:00"}, "America/New_York", "", "2028-03-01T23:59:59-05:00", "30, 29 of a leap February, 1 of March"},
	{"us-hipaa-404-individuals", []string{"discovered 2026-02-01T10:00:00-06:00"}, "America/Chicago", "us", "2026-04-02T23:59:59-05:00", "27, 31 and 2; the last day ends in summer time"},
	{"us-hipaa-404-individuals", []string{"discovered 2026-09-15T23:50:00-07:00"}, "America/Los_Angeles", "us", "2026-11-14T23:59:59-08:00", "15, 31 and 14 from the 15th there, though it is the 16th in UTC; a Saturday, kept"},
	{"us-hipaa-404-individuals", []string{"discovered 2026-06-01T05:00:00+14:00"}, "Pacific/Kiritimati", "", "2026-07-31T23:59:59+14:00", "29 and 31 from 1 June there, though it is 31 May in UTC"},
	{"us-hipaa-408-hhs-500", []string{"discovered 2026-05-10T10:00:00-04:00"}, "America/New_York", "us", "2026-07-09T23:59:59-04:00", "21 days of May, 30 of June, 9 of July"},
	{"us-hipaa-408-hhs-small", []string{"discovered 2026-05-10T10:00:00-04:00"}, "America/New_York", "us", "2027-03-01T23:59:59-05:00", "31 and 28 days after the year's end, and one of March"},
	{"us-hipaa-408-hhs-small", []string{"discovered 2027-11-01T10:00:00-04:00"}, "America/New_York", "", "2028-02-29T23:59:59-05:00", "31 and 29 in a leap year"},
	{"us-hipaa-408-hhs-small", []string{"discovered 2026-12-31T23:30:00-05:00"}, "America/New_York", "us", "2027-03-01T23:59:59-05:00", "the year of New York, though UTC is in the next one"},

	// Others in the United States.
	{"us-bank-36h", []string{"determined 2026-10-30T20:00:00-04:00"}, "America/New_York", "us", "2026-11-01T07:00:00-05:00", "36 hours over the end of summer time on 1 November"},
	{"us-nydfs-72h", []string{"determined 2026-03-06T09:00:00-05:00"}, "America/New_York", "us", "2026-03-09T10:00:00-04:00", "72 hours over its beginning on 8 March"},
	{"us-nydfs-extortion", []string{"paid 2026-03-07T12:00:00-05:00"}, "America/New_York", "us", "2026-03-08T13:00:00-04:00", "24 hours over the same"},
	{"us-nydfs-extortion-30d", []string{"paid 2026-01-30T09:00:00-05:00"}, "America/New_York", "us", "2026-03-01T23:59:59-05:00", "1 day of January, 28, 1 of March; a Sunday, kept"},
	{"us-ca-residents", []string{"discovered 2026-02-10T08:00:00-08:00"}, "America/Los_Angeles", "us", "2026-03-12T23:59:59-07:00", "18 and 12; the last day ends in summer time"},
	{"us-ca-ag", []string{"notified_people 2026-10-25T08:00:00-07:00"}, "America/Los_Angeles", "us", "2026-11-09T23:59:59-08:00", "6 and 9 days"},
	{"us-ca-ag", []string{"met:us-ca-residents 2026-10-25T08:00:00-07:00"}, "America/Los_Angeles", "us", "2026-11-09T23:59:59-08:00", "that people were told is said by the submission to them"},
	{"us-ny-899aa", []string{"discovered 2026-01-31T22:00:00-05:00"}, "America/New_York", "us", "2026-03-02T23:59:59-05:00", "28 and 2 days; it is February already in UTC, and that does not count"},
	{"us-co-30d", []string{"determined 2026-10-20T09:00:00-06:00"}, "America/Denver", "us", "2026-11-19T23:59:59-07:00", "11 and 19 days; the last day ends in winter time"},
	{"us-wa-30d", []string{"discovered 2026-12-31T12:00:00-08:00"}, "America/Los_Angeles", "us", "2027-01-30T23:59:59-08:00", "30 days of January; a Saturday, kept"},
	{"us-tx-ag", []string{"determined 2026-01-31T17:00:00-06:00"}, "America/Chicago", "us", "2026-03-02T23:59:59-06:00", "28 and 2 days"},
	{"us-fl-30d", []string{"determined 2028-02-01T09:00:00-05:00"}, "America/New_York", "", "2028-03-02T23:59:59-05:00", "28 days of a leap February, and 2"},
	{"us-ftc-safeguards", []string{"discovered 2026-12-15T09:00:00-05:00"}, "America/New_York", "us", "2027-01-14T23:59:59-05:00", "16 and 14 days"},
	{"us-ftc-safeguards", []string{"discovered 2026-10-15T09:00:00-02:30"}, "America/St_Johns", "", "2026-11-14T23:59:59-03:30", "16 and 14 days, from one half-hour offset to the other"},

	// Australia and elsewhere.
	{"au-ransom-72h", []string{"paid 2026-04-03T10:00:00+11:00"}, "Australia/Sydney", "", "2026-04-06T09:00:00+10:00", "summer time ends there on 5 April"},
	{"au-ransom-72h", []string{"paid 2026-10-02T10:00:00+10:00"}, "Australia/Sydney", "", "2026-10-05T11:00:00+11:00", "and begins on 4 October"},
	{"au-cps234-72h", []string{"aware 2026-04-04T12:00:00+10:30"}, "Australia/Adelaide", "", "2026-04-07T11:00:00+09:30", "the same in a zone of half hours"},
	{"au-ndb-assess", []string{"suspected 2026-03-20T12:00:00+11:00"}, "Australia/Sydney", "", "2026-04-19T23:59:59+10:00", "11 and 19 days; a Sunday, kept"},
	{"au-ndb-assess", []string{"suspected 2026-03-20T12:00:00+11:00"}, "Australia/Lord_Howe", "", "2026-04-19T23:59:59+10:30", "where summer time is half an hour"},
	{"au-soci-12h", []string{"aware 2026-10-03T20:00:00+10:00"}, "Australia/Sydney", "", "2026-10-04T09:00:00+11:00", "12 hours over the beginning of summer time"},
	{"au-soci-12h-written", []string{"met:au-soci-12h 2026-04-03T08:00:00+11:00"}, "Australia/Sydney", "", "2026-04-06T19:00:00+10:00", "three days and a half, an hour of them twice"},
	{"in-certin-6h", []string{"aware 2026-08-14T21:00:00+05:30"}, "Asia/Kolkata", "", "2026-08-15T03:00:00+05:30", "into a holiday"},
	{"sg-pdpa-3d", []string{"determined 2026-02-15T10:00:00+08:00"}, "Asia/Singapore", "", "2026-02-18T23:59:59+08:00", "calendar days count holidays: 16, 17, 18"},
	{"ch-isa-24h", []string{"discovered 2026-03-28T23:30:00+01:00"}, "Europe/Zurich", "", "2026-03-30T00:30:00+02:00", "24 hours end past midnight of the next day but one"},

	// Places whose days have holes.
	{"au-ndb-assess", []string{"suspected 2011-11-30T12:00:00-10:00"}, "Pacific/Apia", "", "2011-12-29T23:59:59-10:00", "the 30th day is 30 December 2011, which Samoa left out: the end of the day before"},
	{"au-cps234-72h", []string{"aware 2011-12-28T12:00:00-10:00"}, "Pacific/Apia", "", "2012-01-01T12:00:00+14:00", "72 hours, over a date that was not there"},
	{"au-ndb-assess", []string{"suspected 2026-02-26T12:00:00-02:00"}, "America/Nuuk", "", "2026-03-28T22:59:59-02:00", "2 and 28 days; the last hour of 28 March is left out there"},
	{"au-ndb-assess", []string{"suspected 2026-03-24T12:00:00+02:00"}, "Africa/Cairo", "", "2026-04-23T23:59:59+02:00", "7 and 23 days; the first hour of the day after is left out there"},
}

func entryOf(t *testing.T, seq int64, kind record.Kind, payload any) record.Entry {
	t.Helper()
	d, err := record.NewDraft(incident.Actor{ID: "p1", Name: "Ada"}, kind, incident.Contain, "", payload)
	if err != nil {
		t.Fatal(err)
	}
	return record.Entry{Seq: seq, Time: time.Date(2026, 1, 1, 0, 0, int(seq), 0, time.UTC), Actor: d.Actor, Kind: kind, Fields: d.Fields}
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// startsOf makes entries of "event time" and "met:ID time".
func startsOf(t *testing.T, zone string, starts ...string) []record.Entry {
	t.Helper()
	var out []record.Entry
	for i, s := range starts {
		var what, at string
		if _, err := fmt.Sscan(s, &what, &at); err != nil {
			t.Fatal(err)
		}
		if len(what) > 4 && what[:4] == "met:" {
			out = append(out, entryOf(t, int64(i+1), record.ClockMet, record.Submission{Clock: what[4:], At: moment(t, at)}))
			continue
		}
		out = append(out, entryOf(t, int64(i+1), record.ClockStarted, record.ClockStart{Event: what, At: moment(t, at), Zone: zone, Reason: "by hand"}))
	}
	return out
}

func wholeBook(t *testing.T) *clocks.Book {
	t.Helper()
	b, err := clocks.NewBook(nil, clocks.Choice{All: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func lineOf(t *testing.T, lines []clocks.Line, id string) clocks.Line {
	t.Helper()
	for _, l := range lines {
		if l.Clock == id {
			return l
		}
	}
	t.Fatalf("no line of %s", id)
	return clocks.Line{}
}

func TestDueTable(t *testing.T) {
	t.Parallel()
	b, cals := wholeBook(t), calendars()
	seen := map[string]bool{}
	for _, c := range table {
		seen[c.rule] = true
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		want := moment(t, c.want)
		if _, offset := want.Zone(); c.rule != "us-sec-8k-105" { // a slip of the hand in the table itself
			if _, there := want.In(loc).Zone(); there != offset {
				t.Errorf("%s %v: %s is not an offset of %s", c.rule, c.starts, c.want, c.zone)
			}
		}
		for _, by := range []string{"the entry's zone", "the configuration's"} {
			zone, terms := c.zone, clocks.Terms{Now: want.Add(-time.Second), Calendars: clocks.Calendars{clocks.DefaultCalendar: cals[c.cal]}}
			if by != "the entry's zone" {
				zone, terms.Zone = "", loc
			} else if len(c.starts[0]) > 4 && c.starts[0][:4] == "met:" {
				terms.Zone = loc // a submission has no zone of its own
			}
			l := lineOf(t, clocks.Lines(b, clocks.Fold(startsOf(t, zone, c.starts...)), terms), c.rule)
			if !l.Due.Equal(want) {
				t.Errorf("%s %v in %s by %s: due %s, want %s (%s)", c.rule, c.starts, c.zone, by, l.Due.In(loc).Format(time.RFC3339), c.want, c.because)
			}
		}
	}
	if len(table) < 60 {
		t.Errorf("the table has %d cases", len(table))
	}
	for _, r := range b.Rules() { // one that nobody worked out is one that nobody has checked
		if !r.Within.IsZero() && !seen[r.ID] && r.Confidence != clocks.Remembered {
			t.Errorf("no case of %s", r.ID)
		}
	}
}
