package playbooks

// lawOf says a clock in words, where its id is one that is known; "" otherwise.
// It is there to be read: the deadline itself is not worked out here, and none of
// it is legal advice.
func lawOf(use string) string {
	return map[string]string{
		"au-ndb-assess":            "30 days to assess whether it is to be notified (Australia, Privacy Act s 26WH)",
		"au-ransom-72h":            "72 hours after a ransom was paid to report it (Australia, Cyber Security Act 2024)",
		"eu-aiact-73":              "15 days to report a serious incident, sooner for the gravest (EU AI Act Art. 73)",
		"eu-cra-14-incident-24h":   "24 hours for the early warning of a severe incident (Cyber Resilience Act Art. 14)",
		"eu-cra-14-incident-72h":   "72 hours for the notification of a severe incident (Cyber Resilience Act Art. 14)",
		"eu-cra-14-vuln-24h":       "24 hours for the early warning of an exploited vulnerability (Cyber Resilience Act Art. 14)",
		"eu-cra-14-vuln-72h":       "72 hours for the notification of an exploited vulnerability (Cyber Resilience Act Art. 14)",
		"eu-cra-14-vuln-final":     "14 days after a remedy is there for the final report (Cyber Resilience Act Art. 14)",
		"eu-dora-initial":          "4 hours after the classification, 24 hours after awareness at most (DORA Art. 19)",
		"eu-gdpr-33-authority":     "72 hours to tell the data protection authority (GDPR Art. 33)",
		"eu-gdpr-33-processor":     "without undue delay to tell the controller (GDPR Art. 33(2))",
		"eu-gdpr-34-people":        "without undue delay to tell the people concerned (GDPR Art. 34)",
		"eu-nis2-early-warning":    "24 hours for the early warning (NIS2 Art. 23)",
		"eu-nis2-notification":     "72 hours for the notification (NIS2 Art. 23)",
		"pci-visa-3bd":             "3 business days for the first report to Visa",
		"uk-gdpr-33-ico":           "72 hours to tell the ICO (UK GDPR Art. 33)",
		"uk-gdpr-34-people":        "without undue delay to tell the people concerned (UK GDPR Art. 34)",
		"us-hipaa-404-individuals": "60 days at most to tell the people concerned (HIPAA, 45 CFR 164.404)",
		"us-hipaa-410-ba":          "60 days at most to tell the covered entity (HIPAA, 45 CFR 164.410)",
		"us-ny-899aa":              "30 days to tell New York residents (GBL 899-aa)",
		"us-nydfs-extortion":       "24 hours after a ransom was paid to report it (23 NYCRR 500.17)",
		"us-sec-8k-105":            "4 business days after it was found material (SEC Form 8-K, item 1.05)",
	}[use]
}
