package git

import (
	"strings"
)

// Trailer is one "Name: value" line at the end of a commit message.
type Trailer struct{ Name, Value string }

// ours are lines that git itself writes among trailers.
var ours = []string{"Signed-off-by: ", "(cherry picked from commit "}

// Trailers reads the last paragraph of a commit message by git's rules: it is
// a block of trailers if every line is one, or if git wrote one of them and at
// least a quarter are. The first paragraph, the subject, never is. A line that
// begins with a blank goes on with the value before it. Everything from a line
// that begins with "---" on is not part of the message.
func Trailers(message string) []Trailer {
	block := lastParagraph(message)
	var out []Trailer
	trailers, others, written := 0, 0, false
	goesOn := false // whether the line before was a trailer with a name
	for _, line := range block {
		if line[0] == ' ' || line[0] == '\t' {
			if goesOn {
				last := &out[len(out)-1]
				last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
			} else {
				others++
			}
			continue
		}
		goesOn = false
		for _, prefix := range ours {
			written = written || strings.HasPrefix(line, prefix)
		}
		if strings.HasPrefix(line, ours[1]) {
			trailers++
			continue
		}
		if name, value, ok := trailer(line); ok {
			trailers++
			goesOn = true
			out = append(out, Trailer{name, value})
		} else {
			others++
		}
	}
	if trailers == 0 || others > 0 && (!written || trailers*3 < others) {
		return nil
	}
	return out
}

// trailer splits "Name: value"; a name has letters, digits and hyphens only.
func trailer(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || name == "" {
		return "", "", false
	}
	for _, r := range name {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return "", "", false
		}
	}
	return name, strings.TrimSpace(value), true
}

// lastParagraph returns the lines after the last blank line, if there is one
// with text before it. Comment lines are left out.
func lastParagraph(message string) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(message, "\r\n", "\n"), "\n") {
		if strings.HasPrefix(line, "---") && (len(line) == 3 || line[3] == ' ' || line[3] == '\t') {
			break
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		lines = append(lines, line)
	}
	end := len(lines)
	for end > 0 && strings.TrimSpace(lines[end-1]) == "" {
		end--
	}
	start := end
	for start > 0 && strings.TrimSpace(lines[start-1]) != "" {
		start--
	}
	for _, before := range lines[:start] {
		if strings.TrimSpace(before) != "" {
			return lines[start:end]
		}
	}
	return nil
}
