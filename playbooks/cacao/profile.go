package cacao

// degraded says what of the playbook others will not do as it is written.
func (e *exporter) degraded() []Note { return []Note{} }
