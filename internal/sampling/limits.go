package sampling

import (
	"errors"
	"fmt"
	"math/big"
)

// ErrPlan is the kind of error of a plan that cannot be.
var ErrPlan = errors.New("no such plan")

// Rate is an exact share such as a confidence or a tolerable rate.
type Rate = *big.Rat

// ParseRate reads an exact decimal between 0 and 1, both excluded.
func ParseRate(s string) (Rate, error) {
	r, ok := new(big.Rat).SetString(s)
	if !ok || r.Sign() <= 0 || r.Cmp(big.NewRat(1, 1)) >= 0 {
		return nil, fmt.Errorf("%w: %q is no rate between 0 and 1; write 0.05 for 5 %%", ErrPlan, s)
	}
	return r, nil
}

// choose is n over k.
func choose(n, k int64) *big.Int {
	if k < 0 || k > n {
		return new(big.Int)
	}
	return new(big.Int).Binomial(n, k)
}

// AtMost is the chance, exact, of at most k deviations in a sample of n from a
// population of size items with d deviating ones (hypergeometric).
func AtMost(k, size, d, n int64) *big.Rat {
	sum := new(big.Int)
	for i := int64(0); i <= k; i++ {
		sum.Add(sum, new(big.Int).Mul(choose(d, i), choose(size-d, n-i)))
	}
	return new(big.Rat).SetFrac(sum, choose(size, n))
}

// AtMostOfMany is the same for a very large population with the deviation
// rate p (binomial).
func AtMostOfMany(k, n int64, p Rate) *big.Rat {
	q := new(big.Rat).Sub(big.NewRat(1, 1), p)
	sum := new(big.Rat)
	for i := int64(0); i <= k; i++ {
		term := new(big.Rat).SetInt(choose(n, i))
		term.Mul(term, power(p, i))
		term.Mul(term, power(q, n-i))
		sum.Add(sum, term)
	}
	return sum
}

func power(r *big.Rat, n int64) *big.Rat {
	e := big.NewInt(n)
	return new(big.Rat).SetFrac(new(big.Int).Exp(r.Num(), e, nil), new(big.Int).Exp(r.Denom(), e, nil))
}

// Size is the smallest sample that supports reliance at the confidence if it
// shows at most allowed deviations. A population of 0 items means a very large
// one. It is an error if no sample can (domain: testing, section 6).
func Size(population, allowed int64, confidence, tolerable Rate) (int64, error) {
	risk := new(big.Rat).Sub(big.NewRat(1, 1), confidence)
	if population == 0 {
		return search(allowed+1, 1<<20, func(n int64) bool { return AtMostOfMany(allowed, n, tolerable).Cmp(risk) <= 0 }, func() error {
			return fmt.Errorf("%w: more than a million items would be needed", ErrPlan)
		})
	}
	d := floorTimes(tolerable, population) + 1
	if allowed >= d {
		return 0, fmt.Errorf("%w: %d deviations are allowed, and %d deviating items of %d are already more than tolerable; test every item", ErrPlan, allowed, d, population)
	}
	return search(allowed+1, population, func(n int64) bool { return AtMost(allowed, population, d, n).Cmp(risk) <= 0 }, func() error {
		return fmt.Errorf("%w: not even every item would do", ErrPlan)
	})
}

// search returns the smallest n for which enough holds; enough must stay true.
func search(low, high int64, enough func(int64) bool, none func() error) (int64, error) {
	top := low
	for !enough(top) {
		if top >= high {
			return 0, none()
		}
		top = min(top*2, high)
	}
	for low < top {
		mid := (low + top) / 2
		if enough(mid) {
			top = mid
		} else {
			low = mid + 1
		}
	}
	return top, nil
}

func floorTimes(r Rate, n int64) int64 {
	x := new(big.Rat).Mul(r, new(big.Rat).SetInt64(n))
	return new(big.Int).Quo(x.Num(), x.Denom()).Int64()
}

// UpperLimit is the largest number of deviating items in the population that
// is still compatible with k deviations in a sample of n at the confidence.
func UpperLimit(k, n, population int64, confidence Rate) (int64, error) {
	if n < 1 || n > population || k < 0 || k > n {
		return 0, fmt.Errorf("%w: %d deviations in a sample of %d from %d items", ErrPlan, k, n, population)
	}
	risk := new(big.Rat).Sub(big.NewRat(1, 1), confidence)
	most := population - n + k
	low, high := k, most
	for low < high {
		mid := (low + high + 1) / 2
		if AtMost(k, population, mid, n).Cmp(risk) > 0 {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low, nil
}

// UpperRate is the upper limit of the deviation rate in a very large
// population, rounded up to the given number of decimals (a share, not percent).
func UpperRate(k, n int64, confidence Rate, decimals int) (*big.Rat, error) {
	if n < 1 || k < 0 || k > n {
		return nil, fmt.Errorf("%w: %d deviations in a sample of %d", ErrPlan, k, n)
	}
	risk := new(big.Rat).Sub(big.NewRat(1, 1), confidence)
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	// The smallest step at which the chance is at most the risk.
	step, err := search(1, unit.Int64(), func(s int64) bool {
		return AtMostOfMany(k, n, big.NewRat(s, unit.Int64())).Cmp(risk) <= 0
	}, func() error { return nil })
	if err != nil || step == 0 {
		return big.NewRat(1, 1), err
	}
	return big.NewRat(step, unit.Int64()), nil
}
