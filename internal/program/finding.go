package program

import "fmt"

// Finding is something wrong, or doubtful, in a program.
type Finding struct {
	File     string `json:"file"` // relative to the program, slash-separated
	Line     int    `json:"line"` // from 1; 0 if the whole file is meant
	Column   int    `json:"column"`
	Code     string `json:"code"`
	Severity string `json:"severity"` // error or warning
	Message  string `json:"message"`
}

const (
	severityError   = "error"
	severityWarning = "warning"
)

func (f Finding) String() string {
	at := f.File
	if f.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if f.Severity == severityWarning {
		return at + ": warning: " + f.Message
	}
	return at + ": " + f.Message
}
