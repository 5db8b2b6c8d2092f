package playbooks

// LawOf says in words what a clock of that id asks for, and by which law; ""
// for one that is not known. It is for orientation: counsel decides.
func LawOf(use string) string { return laws[use] }

// laws is only ever read.
var laws = map[string]string{
	"eu-gdpr-33-authority":     "72 hours to tell the data protection authority (GDPR Art. 33)",
	"eu-gdpr-33-processor":     "without undue delay, as a processor, to tell the controller (GDPR Art. 33(2))",
	"eu-gdpr-34-people":        "without undue delay to tell the people concerned, where their risk is high (GDPR Art. 34)",
	"eu-nis2-early-warning":    "24 hours for the early warning to the CSIRT or authority (NIS2 Art. 23)",
	"eu-nis2-notification":     "72 hours for the notification to the CSIRT or authority (NIS2 Art. 23)",
	"eu-nis2-final":            "one month after the notification for the final report (NIS2 Art. 23)",
	"eu-dora-initial":          "4 hours after it is classified as major, 24 hours after awareness at the latest (DORA Art. 19)",
	"eu-cra-14-vuln-24h":       "24 hours for the early warning of an exploited vulnerability in a product (CRA Art. 14)",
	"eu-cra-14-vuln-72h":       "72 hours for the notification of an exploited vulnerability in a product (CRA Art. 14)",
	"eu-cra-14-vuln-final":     "14 days after a fix is there for the final report on a vulnerability (CRA Art. 14)",
	"eu-cra-14-incident-24h":   "24 hours for the early warning of a severe incident of a product (CRA Art. 14)",
	"eu-cra-14-incident-72h":   "72 hours for the notification of a severe incident of a product (CRA Art. 14)",
	"eu-aiact-73":              "15 days at the latest to report a serious incident of a high-risk AI system (AI Act Art. 73)",
	"uk-gdpr-33-ico":           "72 hours to tell the ICO (UK GDPR Art. 33)",
	"uk-gdpr-34-people":        "without undue delay to tell the people concerned, where their risk is high (UK GDPR Art. 34)",
	"us-sec-8k-105":            "4 business days after the materiality decision (SEC Form 8-K, item 1.05)",
	"us-hipaa-404-individuals": "60 days at the latest to tell the people concerned (HIPAA, 45 CFR 164.404)",
	"us-hipaa-410-ba":          "60 days at the latest, as a business associate, to tell the covered entity (HIPAA, 45 CFR 164.410)",
	"us-ca-residents":          "30 days to tell the residents of California concerned (Cal. Civ. Code 1798.82)",
	"us-ny-899aa":              "30 days to tell the residents of New York concerned, and its authorities (GBL 899-aa)",
	"us-nydfs-extortion":       "24 hours to tell the superintendent that extortion was paid (23 NYCRR 500.17(c))",
	"pci-visa-3bd":             "3 business days for the first report to Visa, through the acquirer (card brand rules)",
	"au-ndb-assess":            "30 days to assess whether people have to be told (Australia, Privacy Act, NDB scheme)",
	"au-ransom-72h":            "72 hours to report that extortion was paid (Australia, Cyber Security Act 2024)",
}
