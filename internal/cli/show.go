package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// width of text that is wrapped.
const width = 100

func (a *app) printJSON(v any) {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		fmt.Fprintf(a.err, "ticktie: printing JSON: %v\n", err)
		a.worse(exitFailed)
	}
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// num groups the digits of n by thousands.
func num(n int64) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// count is a number with its noun: "1 item", "2 items".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return num(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return num(n) + " " + noun + "s"
}

// paragraph writes text wrapped, with a label before its first line.
func paragraph(w io.Writer, indent, label, text string) {
	const labelWidth = 14
	lines := wrap(text, width-len(indent)-labelWidth)
	for i, l := range lines {
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(w, "%s%-*s%s\n", indent, labelWidth, label, l)
	}
}

func wrap(text string, n int) []string {
	var lines []string
	var line strings.Builder
	for _, word := range strings.Fields(text) {
		if line.Len() > 0 && line.Len()+1+len(word) > n {
			lines = append(lines, line.String())
			line.Reset()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	if line.Len() > 0 || len(lines) == 0 {
		lines = append(lines, line.String())
	}
	return lines
}
