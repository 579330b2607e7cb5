package sampling

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func percent(n int64) Rate { return big.NewRat(n, 100) }

// domain: testing, table 6.1, whole.
func TestTableOfSizes(t *testing.T) {
	const table = `
3 76 129 176 221 265 99 157 208 257 303
4 57 96 132 166 198 74 117 156 192 227
5 45 77 105 132 158 59 93 124 153 181
6 38 64 88 110 132 49 78 103 127 150
7 32 55 75 94 113 42 66 88 109 129
8 28 48 65 82 98 36 58 77 95 112
9 25 42 58 73 87 32 51 68 84 100
10 22 38 52 65 78 29 46 61 76 89
15 15 25 34 43 52 19 30 40 50 59
20 11 18 25 32 38 14 22 30 37 44`
	for line := range strings.Lines(strings.TrimSpace(table)) {
		var tolerable int64
		var want [10]int64
		scan(t, line, &tolerable, want[:])
		for i, w := range want {
			got, err := Size(0, int64(i%5), []Rate{percent(90), percent(95)}[i/5], percent(tolerable))
			if err != nil || got != w {
				t.Errorf("T %d %%, column %d: %d, %v; want %d", tolerable, i, got, err, w)
			}
		}
	}
}

func scan(t *testing.T, line string, first *int64, rest []int64) {
	t.Helper()
	into := []any{first}
	for i := range rest {
		into = append(into, &rest[i])
	}
	if _, err := fmt.Sscan(line, into...); err != nil {
		t.Fatal(err)
	}
}

// domain: testing, table 6.2, whole, in tenths of a percent.
func TestTableOfUpperRates(t *testing.T) {
	const table = `
5 369 584 753 888 451 657 811 924
10 206 337 450 552 259 394 507 607
15 142 236 317 393 181 279 363 440
20 109 181 245 304 139 216 283 344
25 88 147 199 248 113 176 231 282
30 74 124 168 209 95 149 195 239
40 56 94 128 159 72 113 149 183
45 50 84 114 142 64 101 133 163
60 38 63 86 108 49 77 101 124
100 23 38 52 66 30 47 62 76`
	for line := range strings.Lines(strings.TrimSpace(table)) {
		var n int64
		var want [8]int64
		scan(t, line, &n, want[:])
		for i, w := range want {
			r, err := UpperRate(int64(i%4), n, []Rate{percent(90), percent(95)}[i/4], 7)
			if err != nil {
				t.Fatal(err)
			}
			tenths := new(big.Rat).Mul(r, big.NewRat(1000, 1))
			if got := tenths.FloatString(0); got != fmt.Sprint(w) {
				t.Errorf("n %d, column %d: %s, want %d", n, i, tenths.FloatString(4), w)
			}
		}
	}
}

// The rows below were computed in Python with fractions.Fraction and math.comb,
// by trying every number one after the other.

func TestUpperLimitsByTrial(t *testing.T) {
	for _, c := range [][5]int64{ // k, n, N, confidence in percent, limit
		{0, 1, 1, 95, 0},
		{0, 1, 2, 90, 1},
		{0, 1, 2, 95, 1},
		{0, 1, 3, 99, 2},
		{0, 3, 80, 95, 49},
		{0, 4, 9, 90, 3},
		{0, 6, 17, 80, 3},
		{0, 7, 9, 90, 1},
		{1, 1, 1, 80, 1},
		{1, 1, 1, 90, 1},
		{1, 1, 1, 95, 1},
		{1, 1, 1, 99, 1},
		{1, 1, 2, 95, 2},
		{1, 2, 2, 90, 1},
		{1, 2, 3, 95, 2},
		{1, 3, 40, 90, 31},
		{1, 10, 40, 99, 18},
		{1, 11, 17, 99, 5},
		{1, 19, 40, 80, 5},
		{1, 37, 40, 95, 2},
		{1, 40, 40, 80, 1},
		{1, 70, 150, 95, 7},
		{1, 147, 150, 95, 1},
		{1, 150, 150, 95, 1},
		{2, 2, 9, 99, 9},
		{2, 5, 5, 99, 2},
		{2, 6, 17, 80, 9},
		{2, 9, 9, 90, 2},
		{2, 15, 17, 95, 3},
		{2, 45, 80, 99, 10},
		{3, 20, 40, 95, 11},
		{3, 60, 150, 99, 20},
		{4, 5, 17, 95, 16},
		{4, 8, 9, 95, 5},
		{4, 17, 40, 95, 16},
		{12, 30, 40, 80, 18},
		{19, 61, 150, 80, 53},
	} {
		got, err := UpperLimit(c[0], c[1], c[2], percent(c[3]))
		if err != nil || got != c[4] {
			t.Errorf("%v: %d, %v", c, got, err)
		}
	}
}

func TestSizesByTrial(t *testing.T) {
	for _, c := range [][5]int64{ // N, k, confidence and tolerable rate in percent, size; -1: none
		{0, 0, 80, 50, 3},
		{0, 1, 80, 50, 5},
		{0, 1, 90, 5, 77},
		{0, 2, 80, 29, 14},
		{0, 2, 90, 5, 105},
		{0, 3, 80, 50, 10},
		{0, 3, 95, 29, 25},
		{0, 4, 80, 50, 12},
		{0, 4, 90, 10, 78},
		{0, 4, 99, 1, 1157},
		{0, 4, 99, 5, 229},
		{7, 0, 80, 1, 6},
		{7, 0, 95, 10, 7},
		{7, 0, 99, 50, 4},
		{7, 1, 80, 29, 5},
		{7, 1, 95, 50, 5},
		{7, 2, 80, 5, -1},
		{7, 2, 99, 1, -1},
		{7, 3, 80, 29, -1},
		{20, 0, 90, 1, 18},
		{20, 1, 80, 29, 8},
		{20, 1, 95, 10, 17},
		{20, 3, 95, 10, -1},
		{20, 4, 95, 1, -1},
		{33, 0, 99, 50, 6},
		{33, 1, 80, 5, 30},
		{33, 2, 80, 1, -1},
		{33, 3, 95, 5, -1},
		{100, 0, 80, 10, 13},
		{100, 0, 99, 3, 68},
		{100, 3, 80, 5, 73},
		{100, 3, 80, 29, 17},
		{100, 4, 99, 50, 18},
		{250, 0, 90, 29, 7},
		{250, 0, 99, 3, 108},
		{250, 3, 80, 29, 18},
		{250, 3, 99, 1, -1},
	} {
		got, err := Size(c[0], c[1], percent(c[2]), percent(c[3]))
		if c[4] == -1 {
			if !errors.Is(err, ErrPlan) {
				t.Errorf("%v: %d, %v", c, got, err)
			}
			continue
		}
		if err != nil || got != c[4] {
			t.Errorf("%v: %d, %v", c, got, err)
		}
	}
}

func TestSizesExpectingByTrial(t *testing.T) {
	for _, c := range [][6]int64{ // N, confidence in percent, tolerable and expected rate in permille, size, allowed; -1: none
		{0, 90, 50, 5, 77, 1},
		{0, 90, 50, 10, 77, 1},
		{0, 90, 100, 10, 38, 1},
		{0, 90, 100, 20, 38, 1},
		{0, 90, 60, 15, 64, 1},
		{0, 90, 100, 25, 38, 1},
		{0, 95, 50, 5, 93, 1},
		{0, 95, 50, 10, 93, 1},
		{0, 95, 100, 10, 46, 1},
		{0, 95, 100, 20, 46, 1},
		{0, 95, 60, 15, 103, 2},
		{0, 95, 100, 25, 61, 2},
		{100, 90, 50, 5, 51, 1},
		{100, 90, 50, 10, 51, 1},
		{100, 90, 100, 10, 30, 1},
		{100, 90, 100, 20, 30, 1},
		{100, 90, 60, 15, 45, 1},
		{100, 90, 100, 25, 30, 1},
		{100, 95, 50, 5, 58, 1},
		{100, 95, 50, 10, 58, 1},
		{100, 95, 100, 10, 36, 1},
		{100, 95, 100, 20, 36, 1},
		{100, 95, 60, 15, 51, 1},
		{100, 95, 100, 25, 36, 1},
		{500, 90, 50, 5, 70, 1},
		{500, 90, 50, 10, 70, 1},
		{500, 90, 100, 10, 36, 1},
		{500, 90, 100, 20, 36, 1},
		{500, 90, 60, 15, 59, 1},
		{500, 90, 100, 25, 36, 1},
		{500, 95, 50, 5, 84, 1},
		{500, 95, 50, 10, 84, 1},
		{500, 95, 100, 10, 44, 1},
		{500, 95, 100, 20, 44, 1},
		{500, 95, 60, 15, 93, 2},
		{500, 95, 100, 25, 58, 2},
		{2000, 90, 50, 5, 75, 1},
		{2000, 90, 50, 10, 75, 1},
		{2000, 90, 100, 10, 37, 1},
		{2000, 90, 100, 20, 37, 1},
		{2000, 90, 60, 15, 63, 1},
		{2000, 90, 100, 25, 37, 1},
		{2000, 95, 50, 5, 91, 1},
		{2000, 95, 50, 10, 91, 1},
		{2000, 95, 100, 10, 45, 1},
		{2000, 95, 100, 20, 45, 1},
		{2000, 95, 60, 15, 101, 2},
		{2000, 95, 100, 25, 60, 2},
	} {
		n, k, err := SizeExpecting(c[0], percent(c[1]), big.NewRat(c[2], 1000), big.NewRat(c[3], 1000))
		if c[4] == -1 {
			if !errors.Is(err, ErrPlan) {
				t.Errorf("%v: %d, %d, %v", c, n, k, err)
			}
			continue
		}
		if err != nil || n != c[4] || k != c[5] {
			t.Errorf("%v: %d, %d, %v", c, n, k, err)
		}
	}
	if n, k, err := SizeExpecting(0, percent(90), percent(5), nil); n != 45 || k != 0 || err != nil {
		t.Errorf("expecting none: %d, %d, %v", n, k, err)
	}
	if _, _, err := SizeExpecting(0, percent(90), percent(5), percent(5)); !errors.Is(err, ErrPlan) {
		t.Errorf("expecting as much as is tolerable: %v", err)
	}
}

func TestUpperRatesByTrial(t *testing.T) {
	for _, c := range [][4]int64{ // k, n, confidence in percent, limit in millionths, rounded up
		{0, 1, 90, 900000},
		{0, 1, 95, 950000},
		{0, 5, 90, 369043},
		{0, 5, 95, 450720},
		{0, 10, 90, 205672},
		{0, 10, 95, 258866},
		{0, 25, 90, 87990},
		{0, 25, 95, 112929},
		{0, 60, 90, 37650},
		{0, 60, 95, 48703},
		{0, 100, 90, 22763},
		{0, 100, 95, 29514},
		{1, 1, 90, 1000000},
		{1, 1, 95, 1000000},
		{1, 5, 90, 583891},
		{1, 5, 95, 657409},
		{1, 10, 90, 336848},
		{1, 10, 95, 394164},
		{1, 25, 90, 146868},
		{1, 25, 95, 176121},
		{1, 60, 90, 63288},
		{1, 60, 95, 76640},
		{1, 100, 90, 38340},
		{1, 100, 95, 46560},
		{2, 5, 90, 753364},
		{2, 5, 95, 810745},
		{2, 10, 90, 449604},
		{2, 10, 95, 506902},
		{2, 25, 90, 199136},
		{2, 25, 95, 231040},
		{2, 60, 90, 86279},
		{2, 60, 95, 101236},
		{2, 100, 90, 52346},
		{2, 100, 95, 61620},
		{3, 5, 90, 887766},
		{3, 5, 95, 923560},
		{3, 10, 90, 551731},
		{3, 10, 95, 606625},
		{3, 25, 90, 248019},
		{3, 25, 95, 281723},
		{3, 60, 90, 107966},
		{3, 60, 95, 124188},
		{3, 100, 90, 65586},
		{3, 100, 95, 75711},
		{4, 5, 90, 979149},
		{4, 5, 95, 989794},
		{5, 5, 90, 1000000},
		{5, 5, 95, 1000000},
		{9, 10, 90, 989520},
		{9, 10, 95, 994884},
		{10, 10, 90, 1000000},
		{10, 10, 95, 1000000},
		{24, 25, 90, 995795},
		{24, 25, 95, 997951},
		{25, 25, 90, 1000000},
		{25, 25, 95, 1000000},
		{59, 60, 90, 998246},
		{59, 60, 95, 999146},
		{60, 60, 90, 1000000},
		{60, 60, 95, 1000000},
		{99, 100, 90, 998947},
		{99, 100, 95, 999488},
		{100, 100, 90, 1000000},
		{100, 100, 95, 1000000},
	} {
		got, err := UpperRate(c[0], c[1], percent(c[2]), 6)
		if err != nil || got.Cmp(big.NewRat(c[3], 1_000_000)) != 0 {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
}

// Upper limits and the decision agree, at the edge too: 45 items without a
// deviation do at 90 % and 5 %, 44 do not.
func TestSupports(t *testing.T) {
	for _, c := range []struct {
		k, n, population, confidence, tolerable int64
		want                                    bool
	}{
		{0, 45, 0, 90, 5, true},
		{0, 44, 0, 90, 5, false},
		{1, 77, 0, 90, 5, true},
		{1, 76, 0, 90, 5, false},
		{0, 40, 250, 90, 5, true},
		{0, 39, 250, 90, 5, false},
		{0, 100, 100, 95, 1, true},    // every item, none deviates
		{29, 100, 100, 95, 29, true},  // every item: 29 of 100 are exactly 29 %
		{30, 100, 100, 95, 29, false}, // and 30 are more
	} {
		got, err := Supports(c.k, c.n, c.population, percent(c.confidence), percent(c.tolerable))
		if err != nil || got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	for _, c := range [][3]int64{{-1, 5, 0}, {6, 5, 0}, {0, 0, 0}, {0, 6, 5}} {
		if _, err := Supports(c[0], c[1], c[2], percent(90), percent(5)); !errors.Is(err, ErrPlan) {
			t.Errorf("%v: %v", c, err)
		}
		if c[2] == 0 {
			continue
		}
		if _, err := UpperLimit(c[0], c[1], c[2], percent(90)); !errors.Is(err, ErrPlan) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// domain: testing, tables 5.1 and 5.2.
func TestSizesByJudgement(t *testing.T) {
	for frequency, want := range map[string][3]int64{
		"annual": {1, 1, 1}, "semi_annual": {1, 2, 2}, "quarterly": {2, 2, 3}, "monthly": {2, 3, 5},
		"semi_monthly": {3, 5, 8}, "weekly": {5, 8, 15}, "daily": {20, 25, 40}, "multiple_daily": {25, 25, 60},
	} {
		for r, w := range want {
			if got, err := FrequencySize(frequency, Risk(r)); got != w || err != nil {
				t.Errorf("%s, risk %d: %d, %v", frequency, r, got, err)
			}
		}
	}
	// The tables agree where the counts are the same.
	for frequency, counts := range map[string][]int64{
		"annual": {1}, "semi_annual": {2}, "quarterly": {4}, "monthly": {12}, "semi_monthly": {24}, "weekly": {52}, "daily": {250, 365}, "multiple_daily": {366, 1e9},
	} {
		for _, n := range counts {
			for _, r := range []Risk{OrdinaryRisk, HighRisk} {
				byTime, _ := FrequencySize(frequency, r)
				if got, err := EventSize(n, r); got != byTime || err != nil {
					t.Errorf("%s, %d events, risk %d: %d, %v; the other table has %d", frequency, n, r, got, err, byTime)
				}
			}
		}
	}
	for n, want := range map[int64][2]int64{3: {2, 3}, 5: {3, 5}, 13: {5, 8}, 25: {8, 15}, 53: {20, 30}, 199: {20, 30}, 200: {25, 40}} {
		for i, r := range []Risk{OrdinaryRisk, HighRisk} {
			if got, err := EventSize(n, r); got != want[i] || err != nil {
				t.Errorf("%d events, risk %d: %d, %v", n, r, got, err)
			}
		}
	}
	for _, bad := range []func() (int64, error){
		func() (int64, error) { return EventSize(0, HighRisk) },
		func() (int64, error) { return EventSize(10, LowRisk) },
		func() (int64, error) { return FrequencySize("ad_hoc", HighRisk) },
		func() (int64, error) { return FrequencySize("daily", Risk(3)) },
	} {
		if n, err := bad(); !errors.Is(err, ErrPlan) {
			t.Errorf("%d, %v", n, err)
		}
	}
}
