package harborline

// The records that hold the seeded faults of payroll. Their keys are the same
// at every scale, because each client's first employees are always there.
const (
	leaver          = "E07-0003" // left on 2025-08-15
	leaverRun       = "PR-2025-01147"
	wrongNet        = "E23-0002"
	wrongNetRun     = "PR-2025-00563"
	duplicatePayee  = "E31-0001"
	duplicateRun    = "PR-2025-00871"
	selfApprovedRun = "PR-2025-00672"
	earlyRun        = "PR-2025-01304"
)
