package sampling

import (
	"slices"
	"testing"
)

func rate(t *testing.T, s string) Rate {
	t.Helper()
	r, err := ParseRate(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// domain: testing, table 6.1.
func TestSizesOfLargePopulations(t *testing.T) {
	for _, c := range []struct {
		tolerable, confidence string
		want                  []int64
	}{
		{"0.03", "0.90", []int64{76, 129, 176, 221, 265}},
		{"0.03", "0.95", []int64{99, 157, 208, 257, 303}},
		{"0.05", "0.90", []int64{45, 77, 105, 132, 158}},
		{"0.05", "0.95", []int64{59, 93, 124, 153, 181}},
		{"0.07", "0.90", []int64{32, 55, 75, 94, 113}},
		{"0.07", "0.95", []int64{42, 66, 88, 109, 129}},
		{"0.10", "0.90", []int64{22, 38, 52, 65, 78}},
		{"0.10", "0.95", []int64{29, 46, 61, 76, 89}},
		{"0.20", "0.90", []int64{11, 18, 25, 32, 38}},
		{"0.20", "0.95", []int64{14, 22, 30, 37, 44}},
	} {
		for k, want := range c.want {
			got, err := Size(0, int64(k), rate(t, c.confidence), rate(t, c.tolerable))
			if err != nil || got != want {
				t.Errorf("T %s, c %s, k %d: %d, %v; want %d", c.tolerable, c.confidence, k, got, err, want)
			}
		}
	}
}

// domain: testing, table 6.3.
func TestSizesOfSmallPopulations(t *testing.T) {
	for n, want := range map[int64][4]int64{
		12: {11, 12, 8, 9}, 24: {17, 19, 13, 15}, 52: {28, 33, 16, 20}, 100: {32, 39, 18, 23}, 250: {40, 51, 21, 26},
		365: {41, 52, 21, 27}, 500: {42, 54, 21, 28}, 1000: {44, 56, 22, 28}, 5000: {45, 58, 22, 29},
	} {
		for i, c := range [4][2]string{{"0.90", "0.05"}, {"0.95", "0.05"}, {"0.90", "0.10"}, {"0.95", "0.10"}} {
			got, err := Size(n, 0, rate(t, c[0]), rate(t, c[1]))
			if err != nil || got != want[i] {
				t.Errorf("N %d, c %s, T %s: %d, %v; want %d", n, c[0], c[1], got, err, want[i])
			}
		}
	}
}

// domain: testing, section 5.3.
func TestUpperLimits(t *testing.T) {
	for _, c := range [][4]int64{
		{4, 2, 2, 2},
		{12, 2, 7, 8},
		{12, 3, 5, 6},
		{12, 5, 3, 4},
		{24, 5, 8, 9},
		{52, 5, 18, 22},
		{52, 8, 12, 15},
		{52, 15, 6, 8},
		{250, 25, 20, 26},
		{250, 40, 12, 16},
		{365, 25, 31, 39},
		{1000, 25, 86, 111},
		{1000, 45, 48, 62},
		{1000, 60, 36, 47},
	} {
		for i, confidence := range []string{"0.90", "0.95"} {
			got, err := UpperLimit(0, c[1], c[0], rate(t, confidence))
			if err != nil || got != c[2+i] {
				t.Errorf("N %d, n %d, c %s: %d, %v; want %d", c[0], c[1], confidence, got, err, c[2+i])
			}
		}
	}
}

// domain: testing, table 6.2, which rounds to the nearest 0.1 %; ours rounds up,
// so that it lies within 0.1 above half a step below.
func TestUpperRates(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want [4]float64
	}{{5, [4]float64{36.9, 58.4, 75.3, 88.8}}, {25, [4]float64{8.8, 14.7, 19.9, 24.8}}, {60, [4]float64{3.8, 6.3, 8.6, 10.8}}, {100, [4]float64{2.3, 3.8, 5.2, 6.6}}} {
		for k, want := range c.want {
			r, err := UpperRate(int64(k), c.n, rate(t, "0.90"), 4)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := r.Float64()
			if d := got*100 - want; d < -0.051 || d > 0.061 {
				t.Errorf("n %d, k %d: %.4f %%, the table has %.1f", c.n, k, got*100, want)
			}
		}
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	if _, err := Size(10, 1, rate(t, "0.90"), rate(t, "0.05")); err == nil {
		t.Error("one deviation allowed where one is too many")
	}
	for _, s := range []string{"", "0", "1", "-0.1", "5%", "x"} {
		if _, err := ParseRate(s); err == nil {
			t.Errorf("%q is taken for a rate", s)
		}
	}
}

// The vectors are from Python's hashlib:
//
//	seed = sha256(b"ticktie-sample/v1\nsoc1\nPAY-01.T1\nsha256:00\nab\ncd\n")
//	rank = sha256((seed.hexdigest()+"\n"+key).encode())
func TestDraw(t *testing.T) {
	seed := Seed("soc1", "PAY-01.T1", "sha256:00", "ab", "cd")
	keys := []string{`["1"]`, `["2"]`, `["3"]`, `["4"]`, `["5"]`, `["6"]`, `["7"]`, `["8"]`, `["9"]`, `["10"]`}
	got := Draw(seed, 3, slices.Values(keys))
	want := vectors
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if all := Draw(seed, 20, slices.Values(keys)); len(all) != 10 {
		t.Errorf("%d of 10 items when 20 are wanted", len(all))
	}
}

var vectors = []Selected{
	{3, `["4"]`, "0a2b34edbf76fcfd0e7a98daa65d42bef37ccc65153d8175e4f165d148caff28"},
	{0, `["1"]`, "29b595029d4518c11c258b5f141b7540a9dbe128b210ee616738c1cff1d5f0eb"},
	{8, `["9"]`, "483adade709f8ff719fe9402b98514c6d69965ce6274d97fcdc6c1bf6f3efc63"},
}
