package population

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
)

// TieOutFormat is the format of a TieOut.
const TieOutFormat = "ticktie-tieout/v1"

// TieOutAll performs every tie-out that the population declares, in declared
// order. Others and their digests are the snapshots in force, by population
// id. A tie-out that cannot be performed is not evaluable, with the reason;
// the error is for reading that failed for all.
func TieOutAll(ctx context.Context, r Reader, pop *program.Population, snap *Snapshot, digest objects.Digest,
	others map[string]*Snapshot, otherDigests map[string]objects.Digest,
) ([]TieOut, error) {
	out := make([]TieOut, 0, len(pop.TieOuts))
	for _, def := range pop.TieOuts {
		t := tying{ctx: ctx, r: r, def: def, every: pop.ExpectedEvery, snap: snap, out: TieOut{
			Format: TieOutFormat, Population: pop.ID, Snapshot: digest,
			ID: def.ID, Kind: def.Kind, Independent: def.Independent,
		}}
		if def.Against == pop.ID {
			t.other, t.out.Against = snap, digest
		} else if def.Against != "" {
			t.other, t.out.Against = others[def.Against], otherDigests[def.Against]
		}
		if err := t.perform(); err != nil {
			return nil, fmt.Errorf("tie-out %s of population %s: %w", def.ID, pop.ID, err)
		}
		out = append(out, t.out)
	}
	return out, nil
}

// unknown is why a tie-out is not evaluable: one clause for a reader.
type unknown string

func (u unknown) Error() string { return string(u) }

// tying is one tie-out being performed.
type tying struct {
	ctx   context.Context //nolint:containedctx // lives for one call
	r     Reader
	def   program.TieOut
	every string // the population's expected_every
	snap  *Snapshot
	other *Snapshot // nil: none, or not frozen
	out   TieOut
}

// perform fills the outcome. What the engine says about the SQL of a tie-out
// makes it not evaluable; what stops every reading is an error.
func (t *tying) perform() error {
	err := t.judge()
	var why unknown
	switch {
	case err == nil:
		return nil
	case t.ctx.Err() != nil:
		return t.ctx.Err()
	case errors.Is(err, objects.ErrMissing):
		return err
	case errors.As(err, &why):
		t.out.Reason = string(why)
	case t.snap.hides() || t.other != nil && t.other.hides():
		// The engine's message may hold a restricted value.
		t.out.Reason = "its SQL failed; the engine's message is not shown because the population has restricted columns"
	default:
		t.out.Reason = "its SQL failed: " + err.Error()
	}
	t.out.Outcome = NotEvaluable
	t.out.Ours, t.out.Theirs, t.out.Difference, t.out.Differing, t.out.Details = "", "", "", 0, nil
	return nil
}

func (s *Snapshot) hides() bool {
	for _, c := range s.Columns {
		if c.Restricted {
			return true
		}
	}
	return false
}

func (t *tying) judge() error {
	if t.def.Against != "" && t.other == nil {
		return unknown(fmt.Sprintf("population %s is not frozen for this period: collect it", t.def.Against))
	}
	switch t.def.Kind {
	case "count", "total":
		return t.total()
	case "roll_forward":
		return t.rollForward()
	case "reconcile":
		return t.reconcile()
	case "sequence":
		return t.sequence()
	case "boundary":
		return t.boundary()
	case "second_extraction":
		return t.secondExtraction()
	case "query_inspection":
		return unknown("a person inspects the query and says what was seen")
	}
	return unknown(fmt.Sprintf("%q is no kind of tie-out", t.def.Kind))
}

// settle writes agree or differ.
func (t *tying) settle(differing int64) {
	t.out.Differing, t.out.Outcome = differing, Agrees
	if differing > 0 {
		t.out.Outcome = Differs
	}
}

// detail adds a line to the first hundred, unless it could show a restricted value.
func (t *tying) detail(format string, args ...any) {
	if len(t.out.Details) < maxListed && !t.touchesRestricted() {
		t.out.Details = append(t.out.Details, fmt.Sprintf(format, args...))
	}
}

// touchesRestricted reports whether the tie-out's SQL names a restricted column.
func (t *tying) touchesRestricted() bool {
	d := t.def
	ours := strings.Join(append([]string{d.Measure, d.Where, d.Series, d.Opening, d.Increase, d.Decrease, d.Closing}, append(d.By, d.SeriesBy...)...), " ")
	theirs := strings.Join(append([]string{d.Measure, d.AgainstMeasure, d.AgainstWhere, d.Closing}, append(d.By, d.AgainstBy...)...), " ")
	return t.snap.mentions(ours) || t.other != nil && t.other.mentions(theirs)
}

// mentions reports whether SQL names a restricted column of the snapshot.
func (s *Snapshot) mentions(sql string) bool {
	for _, c := range s.Columns {
		if c.Restricted && regexp.MustCompile(`(?i)(^|[^A-Za-z0-9_])`+regexp.QuoteMeta(c.Name)+`($|[^A-Za-z0-9_])`).MatchString(sql) {
			return true
		}
	}
	return false
}

// snaps are the views that the tie-out's SQL reads.
func (t *tying) snaps() map[string]*Snapshot {
	m := map[string]*Snapshot{}
	if t.other != nil {
		m[t.def.Against] = t.other
	}
	m[t.snap.Population] = t.snap
	return m
}

var decimalText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// amount is an exact decimal, and how many decimals it was written with.
type amount struct {
	value *big.Rat
	scale int
}

func parseAmount(text *string, what string) (amount, error) {
	if text == nil {
		return amount{}, unknown(what + " gives no value; write coalesce(…, 0) if absent means none")
	}
	if !decimalText.MatchString(*text) {
		return amount{}, unknown(what + " does not give an exact number")
	}
	v, ok := new(big.Rat).SetString(*text)
	if !ok {
		return amount{}, unknown(what + " does not give an exact number")
	}
	_, fraction, _ := strings.Cut(*text, ".")
	return amount{v, len(fraction)}, nil
}

func (a amount) String() string { return a.value.FloatString(a.scale) }

func (a amount) add(b amount, sign int64) amount {
	scaled := new(big.Rat).Mul(b.value, big.NewRat(sign, 1))
	return amount{new(big.Rat).Add(a.value, scaled), max(a.scale, b.scale)}
}

// beyond reports whether a differs from b by more than the tolerance.
func (t *tying) beyond(difference amount) (bool, error) {
	tolerance := amount{value: new(big.Rat)}
	if t.def.Tolerance != "" {
		var err error
		if tolerance, err = parseAmount(&t.def.Tolerance, "the tolerance"); err != nil {
			return false, err
		}
	}
	return new(big.Rat).Abs(difference.value).Cmp(tolerance.value) > 0, nil
}
