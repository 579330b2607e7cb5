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

// share is an exact fraction that is not reduced: reducing costs far more than
// comparing.
type share struct{ num, den *big.Int }

// atMost reports whether s <= r.
func (s share) atMost(r *big.Rat) bool {
	return new(big.Int).Mul(s.num, r.Denom()).Cmp(new(big.Int).Mul(r.Num(), s.den)) <= 0
}

// AtMost is the chance, exact, of at most k deviations in a sample of n from a
// population of size items with d deviating ones (hypergeometric). It wants
// 0 <= n <= size and 0 <= d <= size.
func AtMost(k, size, d, n int64) *big.Rat {
	s := hypergeometric(k, size, d, n)
	return new(big.Rat).SetFrac(s.num, s.den)
}

// hypergeometric adds up the chances of exactly i deviations, from the smallest
// i that can be; each follows from the one before.
func hypergeometric(k, size, d, n int64) share {
	term, den, first := fewest(size, d, n)
	sum := new(big.Int)
	for i := first; i <= min(k, n, d); i++ {
		sum.Add(sum, term)
		term.Mul(term, big.NewInt(d-i))
		term.Mul(term, big.NewInt(n-i))
		term.Quo(term, big.NewInt(i+1))
		term.Quo(term, big.NewInt(size-d-n+i+1))
	}
	return share{sum, den}
}

// fewest is the chance, as a numerator and a denominator, of the smallest
// possible number of deviations, first: C(d,first) C(size-d,n-first) / C(size,n).
// Without a deviation that is a quotient of products of min(d,n) factors.
func fewest(size, d, n int64) (num, den *big.Int, first int64) {
	if first = n - (size - d); first > 0 {
		return new(big.Int).Binomial(d, first), new(big.Int).Binomial(size, n), first // the others are all taken
	}
	few, many := min(d, n), max(d, n)
	return new(big.Int).MulRange(size-many-few+1, size-many), new(big.Int).MulRange(size-few+1, size), 0
}

// AtMostOfMany is the same for a very large population with the deviation
// rate p, below 1 (binomial).
func AtMostOfMany(k, n int64, p Rate) *big.Rat {
	s := binomial(k, n, p)
	return new(big.Rat).SetFrac(s.num, s.den)
}

// binomial adds up C(n,i) a^i (b-a)^(n-i) over b^n, where p is a/b.
func binomial(k, n int64, p Rate) share {
	a, b := p.Num(), p.Denom()
	rest := new(big.Int).Sub(b, a)
	term := new(big.Int).Exp(rest, big.NewInt(n), nil)
	sum := new(big.Int)
	for i := int64(0); i <= min(k, n); i++ {
		sum.Add(sum, term)
		term.Mul(term, a)
		term.Mul(term, big.NewInt(n-i))
		term.Quo(term, new(big.Int).Mul(rest, big.NewInt(i+1)))
	}
	return share{sum, new(big.Int).Exp(b, big.NewInt(n), nil)}
}

// Size is the smallest sample that supports reliance at the confidence if it
// shows at most allowed deviations. A population of 0 items means a very large
// one. It is an error if no sample can (domain: testing, section 6).
func Size(population, allowed int64, confidence, tolerable Rate) (int64, error) {
	risk := new(big.Rat).Sub(big.NewRat(1, 1), confidence)
	if population == 0 {
		return search(allowed+1, 1<<20, func(n int64) bool { return binomial(allowed, n, tolerable).atMost(risk) }, func() error {
			return fmt.Errorf("%w: more than a million items would be needed", ErrPlan)
		})
	}
	d := floorTimes(tolerable, population) + 1
	if allowed >= d {
		return 0, fmt.Errorf("%w: %d deviations are allowed, and %d deviating items of %d are already more than tolerable; test every item", ErrPlan, allowed, d, population)
	}
	return search(allowed+1, population, func(n int64) bool { return hypergeometric(allowed, population, d, n).atMost(risk) }, func() error {
		return fmt.Errorf("%w: not even every item would do", ErrPlan)
	})
}

// search returns the smallest n from low to high for which enough holds; enough
// must stay true. It looks near low first, where the numbers are small.
func search(low, high int64, enough func(int64) bool, none func() error) (int64, error) {
	if low > high {
		return 0, none()
	}
	top := low
	for !enough(top) {
		if top >= high {
			return 0, none()
		}
		low, top = top+1, min(top*2, high)
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
	// The smallest number that is not compatible is one more.
	d, err := search(k+1, population-n+k, func(d int64) bool {
		return hypergeometric(k, population, d, n).atMost(risk)
	}, func() error { return ErrPlan })
	if err != nil {
		return population - n + k, nil // every item outside the sample may deviate
	}
	return d - 1, nil
}

// UpperRate is the upper limit of the deviation rate in a very large
// population, rounded up to the given number of decimals (a share, not percent).
func UpperRate(k, n int64, confidence Rate, decimals int) (*big.Rat, error) {
	const most = 12 // more would tell nothing, and take long
	if n < 1 || k < 0 || k > n || decimals < 1 || decimals > most {
		return nil, fmt.Errorf("%w: %d deviations in a sample of %d, to %d decimals", ErrPlan, k, n, decimals)
	}
	risk := new(big.Rat).Sub(big.NewRat(1, 1), confidence)
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	// The smallest step below 1 at which the chance is at most the risk.
	step, err := search(1, unit.Int64()-1, func(s int64) bool {
		return binomial(k, n, big.NewRat(s, unit.Int64())).atMost(risk)
	}, func() error { return ErrPlan })
	if err != nil {
		return big.NewRat(1, 1), nil // only at 1, or not even there
	}
	return big.NewRat(step, unit.Int64()), nil
}
