package sampling

import (
	"fmt"
	"math/big"
)

// Supports reports whether a sample that was planned statistically supports
// reliance: whether k deviations among n items leave the upper limit at or
// below the tolerable rate. It compares unrounded. A population of 0 items
// means a very large one. It is not for samples whose size came from a table:
// those are judgement (domain: testing, section 5.3).
func Supports(k, n, population int64, confidence, tolerable Rate) (bool, error) {
	if n < 1 || k < 0 || k > n || population != 0 && n > population {
		return false, fmt.Errorf("%w: %d deviations in a sample of %d from %d items", ErrPlan, k, n, population)
	}
	risk := new(big.Rat).Sub(big.NewRat(1, 1), confidence)
	if population == 0 {
		return binomial(k, n, tolerable).atMost(risk), nil
	}
	d, err := UpperLimit(k, n, population, confidence)
	if err != nil {
		return false, err
	}
	return big.NewRat(d, population).Cmp(tolerable) <= 0, nil
}

// SizeExpecting is the smallest sample, and the deviations it may show, that
// supports reliance if deviations occur at the expected rate: the smallest n
// for which ceil(expected × n) of them are allowed. An expected rate of nil is
// none (domain: testing, section 6).
func SizeExpecting(population int64, confidence, tolerable, expected Rate) (n, allowed int64, err error) {
	if expected == nil || expected.Sign() == 0 {
		n, err = Size(population, 0, confidence, tolerable)
		return n, 0, err
	}
	if expected.Sign() < 0 || expected.Cmp(tolerable) >= 0 {
		return 0, 0, fmt.Errorf("%w: the expected rate %s is not below the tolerable rate %s; test every item", ErrPlan, expected.RatString(), tolerable.RatString())
	}
	// k deviations are allowed for n above (k-1)/expected and up to k/expected.
	perDeviation := new(big.Rat).Inv(expected)
	for allowed = 1; ; allowed++ {
		n, err = Size(population, allowed, confidence, tolerable)
		if err != nil {
			return 0, 0, err
		}
		n = max(n, floorTimes(perDeviation, allowed-1)+1)
		if population != 0 && n > population {
			return 0, 0, fmt.Errorf("%w: not even every item would do", ErrPlan)
		}
		if n <= floorTimes(perDeviation, allowed) {
			return n, allowed, nil
		}
	}
}

// Risk is how much rests on a control, as judged by a person.
type Risk int

// The columns of the tables.
const (
	LowRisk Risk = iota
	OrdinaryRisk
	HighRisk
)

// FrequencySize is the size by judgement, not statistics, for a control that
// runs at a frequency over twelve months: annual, semi_annual, quarterly,
// monthly, semi_monthly, weekly, daily, multiple_daily, automated (each
// scenario and system once). No confidence may be printed beside it (domain:
// testing, section 5.1; no standard gives such sizes).
func FrequencySize(frequency string, r Risk) (int64, error) {
	sizes, known := map[string][3]int64{
		"annual":         {1, 1, 1},
		"semi_annual":    {1, 2, 2},
		"quarterly":      {2, 2, 3},
		"monthly":        {2, 3, 5},
		"semi_monthly":   {3, 5, 8},
		"weekly":         {5, 8, 15},
		"daily":          {20, 25, 40},
		"multiple_daily": {25, 25, 60},
		"automated":      {1, 1, 1},
	}[frequency]
	if !known || r < LowRisk || r > HighRisk {
		return 0, fmt.Errorf("%w: there is no size for the frequency %q; count its instances and size by their number", ErrPlan, frequency)
	}
	return sizes[r], nil
}

// EventSize is the size by judgement, not statistics, for a control that acts
// on events, by their number in the period. There is none for a low risk and
// none for a population without events, which needs a procedure that shows
// that nothing occurred (domain: testing, section 5.2).
func EventSize(population int64, r Risk) (int64, error) {
	if r != OrdinaryRisk && r != HighRisk {
		return 0, fmt.Errorf("%w: sizes by number of events are for an ordinary or a high risk", ErrPlan)
	}
	if population < 1 {
		return 0, fmt.Errorf("%w: %d events leave nothing to select; show that none occurred", ErrPlan, population)
	}
	for _, row := range []struct{ upTo, ordinary, high int64 }{
		{1, 1, 1}, {2, 2, 2}, {4, 2, 3}, {12, 3, 5}, {24, 5, 8}, {52, 8, 15}, {199, 20, 30}, {365, 25, 40},
	} {
		if population <= row.upTo && r == HighRisk {
			return row.high, nil
		}
		if population <= row.upTo {
			return row.ordinary, nil
		}
	}
	if r == HighRisk {
		return 60, nil
	}
	return 25, nil
}
