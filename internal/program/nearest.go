package program

import "strings"

// nearest returns the known word that a slip of the pen most likely meant, or
// "". Of words as near, the one that begins alike is meant.
func nearest(word string, known []string) string {
	best, bestDistance, bestAlike := "", len(word)/2+1, 0
	word = strings.ToLower(word)
	for _, k := range known {
		lower := strings.ToLower(k)
		d, same := distance(word, lower), alike(word, lower)
		if same >= shortest && same == len(word) { // cut short
			d = min(d, 1)
		}
		if d < bestDistance || d == bestDistance && best != "" && same > bestAlike {
			best, bestDistance, bestAlike = k, d, same
		}
	}
	return best
}

// shortest is how many letters a word cut short must have.
const shortest = 3

// alike is the number of letters with which two words begin alike.
func alike(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance is the number of letters to insert, delete, change or swap.
func distance(a, b string) int {
	if max(len(a), len(b)) > 80 {
		return max(len(a), len(b))
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// didYouMean ends a sentence with the nearest known word, or with all of them.
func didYouMean(word string, known []string) string {
	if n := nearest(word, known); n != "" {
		return "; did you mean " + n + "?"
	}
	if len(known) == 0 {
		return ""
	}
	return "; known are " + strings.Join(known, ", ")
}
