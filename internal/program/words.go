package program

import "regexp"

// The words that fields may hold (domain: glossary, reports, soc1-objectives).
var (
	reportWords     = []string{"soc1", "soc2", "soc2_hipaa", "soc3"}
	systemKinds     = []string{"application", "database", "infrastructure", "directory", "repository", "saas", "process"}
	categoryWords   = []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"}
	hipaaWords      = []string{"security", "breach", "business_associate"}
	assertionWords  = []string{"O", "C", "A", "V", "K", "L", "R", "P", "E"}
	levelWords      = []string{"low", "medium", "high"}
	natureWords     = []string{"manual", "automated", "hybrid"}
	kindWords       = []string{"preventive", "detective", "corrective"}
	frequencyWords  = []string{"continuous", "per_event", "multiple_daily", "daily", "weekly", "monthly", "quarterly", "semi_annual", "annual", "ad_hoc"}
	methodWords     = []string{"inquiry", "observation", "inspection", "reperformance"}
	testMethods     = []string{"full_population", "inspection", "observation", "reperformance", "recalculation"}
	typeWords       = []string{"text", "integer", "decimal", "date", "timestamp", "boolean"}
	roundWords      = []string{"half_up", "half_even", "down"}
	ambiguousWords  = []string{"refuse", "earlier", "later"}
	outsideWords    = []string{"refuse", "leave_out"}
	expectedWords   = []string{"day", "business_day", "week", "month"}
	tieOutWords     = []string{"count", "total", "roll_forward", "sequence", "reconcile", "boundary", "second_extraction", "query_inspection"}
	subserviceWords = []string{"carve_out", "inclusive"}
	weekdayWords    = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	judgementWords  = []string{"met", "deviation", "not_evaluable", "not_applicable"}
	formatWords     = []string{"csv", "tsv", "json", "jsonl", "parquet", "xlsx", "yaml"}
	encodingWords   = []string{"utf-8", "utf-16le", "utf-16be", "windows-1252"}
	headerWords     = []string{"first", "none"}
	gitTimeWords    = []string{"committer", "author"}
	// Generic procedures (domain: soc1-objectives, section 2.1).
	procedureWords = []string{
		"FP-RECALC", "FP-TIE", "FP-MATCH", "FP-ROLL", "FP-DUP", "FP-GAP", "FP-SCHED", "FP-LIMIT", "FP-VALID", "FP-SOD", "FP-AUTH",
		"FP-MASTER", "FP-PARAM", "FP-CUTOFF", "FP-TIMELY", "FP-BAL", "FP-REVERSE", "FP-ACCESS", "FP-IDLE", "FP-REPORT", "FP-RECON-AGE", "FP-ANALYTIC",
	}
	// Names that views and frames have of themselves.
	reservedNames = []string{"item", "_record", "_day", "key", "event_day", "frame", "judged", "derived", "kept", "valid_from", "valid_to"}
)

// The forms of texts, as regular expressions that Go and JSON Schema both read.
const (
	idPattern     = `^[A-Za-z0-9][A-Za-z0-9._-]*$`
	viewPattern   = `^[a-z][a-z0-9_]*$`
	ratePattern   = `^0(\.[0-9]+)?$`
	numberPattern = `^-?[0-9]+(\.[0-9]+)?$`
	dayPattern    = `^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
	datePattern   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
)

var (
	idForm     = regexp.MustCompile(idPattern)
	viewForm   = regexp.MustCompile(viewPattern)
	rateForm   = regexp.MustCompile(ratePattern)
	numberForm = regexp.MustCompile(numberPattern)
	dayForm    = regexp.MustCompile(dayPattern)
)
