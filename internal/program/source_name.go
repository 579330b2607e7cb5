package program

// Connector is the name of the one connector that the source sets; "" if none.
func (s Source) Connector() string {
	switch {
	case s.Files != nil:
		return "files"
	case s.Git != nil:
		return "git"
	default:
		return ""
	}
}
