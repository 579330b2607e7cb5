package program

import "strings"

// sqlWords splits a SQL condition into words and signs in small letters,
// leaving out comments and the inside of texts. It reads no more of SQL than
// finding names needs.
func sqlWords(sql string) []string {
	var out []string
	for i := 0; i < len(sql); {
		switch b := sql[i]; {
		case b == '\'':
			i = after(sql, i+1, "'")
			out = append(out, "''")
		case b == '"':
			end := after(sql, i+1, `"`)
			out = append(out, strings.ToLower(strings.Trim(sql[i:end], `"`)))
			i = end
		case strings.HasPrefix(sql[i:], "--"):
			i = after(sql, i, "\n")
		case strings.HasPrefix(sql[i:], "/*"):
			i = after(sql, i+2, "*/")
		case wordByte(b):
			end := i
			for end < len(sql) && wordByte(sql[end]) {
				end++
			}
			out = append(out, strings.ToLower(sql[i:end]))
			i = end
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			i++
		default:
			out = append(out, sql[i:i+1])
			i++
		}
	}
	return out
}

// after is the index behind the next mark, or the end.
func after(sql string, from int, mark string) int {
	if i := strings.Index(sql[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(sql)
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// mentions reports whether a condition reads a column: its name as a word that
// is not a function's.
func mentions(words []string, name string) bool {
	for i, w := range words {
		if w == name && wordAt(words, i+1) != "(" {
			return true
		}
	}
	return false
}

func wordAt(words []string, i int) string {
	if i < 0 || i >= len(words) {
		return ""
	}
	return words[i]
}

// asksAbsence reports whether a condition says itself what an absent value of
// the column means: IS [NOT] NULL, IS [NOT] DISTINCT FROM, coalesce.
func asksAbsence(words []string, name string) bool {
	for i, w := range words {
		if w != name {
			continue
		}
		next := wordAt(words, i+1)
		if next == "is" || next == "isnull" || next == "notnull" {
			return true
		}
		if wordAt(words, i-1) == "from" && wordAt(words, i-2) == "distinct" || coalesced(words, i) {
			return true
		}
	}
	return false
}

// coalesced reports whether the word at i stands inside coalesce( … ).
func coalesced(words []string, i int) bool {
	depth := 0
	for i--; i >= 0; i-- {
		switch words[i] {
		case ")":
			depth++
		case "(":
			if depth--; depth < 0 && (wordAt(words, i-1) == "coalesce" || wordAt(words, i-1) == "ifnull") {
				return true
			}
		}
	}
	return false
}
