package population

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// Format is the format of a Snapshot.
const Format = "ticktie-snapshot/v1"

// Deps are the parts that freezing works with.
type Deps struct {
	Connector source.Connector
	Freezer   Freezer
	Objects   *objects.Store
	TempDir   string // private, on the objects' file system
	Now       func() time.Time
	Progress  func(records int64) // nil: nobody watches
}

// Freeze reads a population's source once and stores what it found: data,
// refused set, extraction record, definition, and the snapshot that names
// them, whose digest it returns. Any error of the source or the engine leaves
// no snapshot. Earlier is the snapshot that this one follows, and reason why
// it was frozen again; both are empty the first time.
func Freeze(ctx context.Context, deps Deps, prog *program.Program, pop *program.Population, period engagement.Period,
	dataDir string, earlier *Snapshot, earlierDigest objects.Digest, reason string,
) (*Snapshot, objects.Digest, *source.Extraction, error) {
	if earlier != nil && reason == "" {
		return nil, "", nil, fmt.Errorf("freezing population %s again: give the reason why, it stays beside both snapshots", pop.ID)
	}
	f := freezing{Deps: deps, prog: prog, pop: pop, period: period, dataDir: dataDir}
	if err := f.location(); err != nil {
		return nil, "", nil, err
	}
	frozen, ext, err := f.extract(ctx)
	if err != nil {
		return nil, "", nil, err
	}
	s := &frozen.Snapshot
	if earlier != nil {
		s.Earlier, s.Reason = earlierDigest, reason
	}
	digest, err := f.store(frozen, ext)
	if err != nil {
		return nil, "", nil, err
	}
	return s, digest, ext, nil
}

// freezing is one population being frozen.
type freezing struct {
	Deps
	prog    *program.Program
	pop     *program.Population
	period  engagement.Period
	dataDir string
	loc     *time.Location
}

// location resolves the zone of local days. A missing zone is an error: a day
// in an unnamed zone cannot be checked by anybody.
func (f *freezing) location() error {
	name := f.pop.Zone
	if name == "" {
		name = f.prog.Organization.Zone
	}
	if name == "" || name == "Local" {
		return fmt.Errorf("population %s has no zone for its local days: declare zone here or in ticktie.yaml, for example Europe/London", f.pop.ID)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("population %s: %q is no zone of the IANA data base: %w", f.pop.ID, name, err)
	}
	f.loc = loc
	return nil
}

// extract runs the connector's stream through the freezer and closes it.
func (f *freezing) extract(ctx context.Context) (*Frozen, *source.Extraction, error) {
	stream, err := f.Connector.Open(ctx, source.Request{
		Population: f.pop, Organization: f.prog.Organization.Name, DataDir: f.dataDir,
		Period: f.period, Location: f.loc, Objects: f.Objects, Now: f.Now,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("opening the source of population %s: %w", f.pop.ID, err)
	}
	progress := f.Progress
	if progress == nil {
		progress = func(int64) {}
	}
	frozen, freezeErr := f.Freezer.Freeze(ctx, FreezeRequest{
		Population: f.pop, Period: f.period, Location: f.loc, Stream: stream,
		TempDir: f.TempDir, Objects: f.Objects, Progress: progress,
	})
	// The stream is closed in any case: it holds files and raw bytes.
	ext, closeErr := stream.Close(context.WithoutCancel(ctx))
	if freezeErr != nil {
		return nil, nil, freezeErr
	}
	if closeErr != nil {
		return nil, nil, fmt.Errorf("ending the extraction of population %s: %w", f.pop.ID, closeErr)
	}
	if ext == nil {
		return nil, nil, fmt.Errorf("ending the extraction of population %s: connector %s gave no extraction record", f.pop.ID, f.Connector.Name())
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("freezing population %s: %w", f.pop.ID, err)
	}
	return frozen, ext, nil
}

// store writes all objects of the snapshot and, last, the snapshot itself.
func (f *freezing) store(frozen *Frozen, ext *source.Extraction) (objects.Digest, error) {
	s := &frozen.Snapshot
	refused, err := locate(frozen.Refused, ext)
	if err != nil {
		return "", fmt.Errorf("freezing population %s: %w", f.pop.ID, err)
	}
	s.Format, s.Population, s.Period, s.Zone, s.Key = Format, f.pop.ID, f.period, f.loc.String(), f.pop.Key
	s.FrozenAt = ext.Ended.UTC()
	if s.FrozenAt.IsZero() {
		s.FrozenAt = f.Now().UTC()
	}
	s.Counts = Counts{
		Read: ext.Records, Items: s.Items, Refused: int64(len(refused)), LeftOut: frozen.LeftOut, Blank: ext.Blank,
	}
	if err := s.Counts.check(); err != nil {
		return "", fmt.Errorf("freezing population %s: %w", f.pop.ID, err)
	}
	s.RefusedBy = countCodes(refused)
	if !f.pop.State {
		s.Coverage = cover(s.Coverage.Days, ext.Gaps, f.pop.ExpectedEvery, f.prog.Organization.Calendar, f.loc)
	} else if err := noGaps(ext.Gaps); err != nil {
		return "", fmt.Errorf("freezing population %s: %w", f.pop.ID, err)
	}
	if s.Refused, err = putRefused(f.Objects, refused, f.hidden()); err != nil {
		return "", fmt.Errorf("storing the refused records of population %s: %w", f.pop.ID, err)
	}
	if s.Extraction, err = f.Objects.PutJSON(ext); err != nil {
		return "", fmt.Errorf("storing the extraction record of population %s: %w", f.pop.ID, err)
	}
	if s.Definition, err = f.Objects.PutJSON(f.pop); err != nil {
		return "", fmt.Errorf("storing the definition of population %s: %w", f.pop.ID, err)
	}
	digest, err := f.Objects.PutJSON(s)
	if err != nil {
		return "", fmt.Errorf("storing the snapshot of population %s: %w", f.pop.ID, err)
	}
	return digest, nil
}

// hidden reports whether refused values may not be kept as text: a record's
// raw text shows its restricted columns too.
func (f *freezing) hidden() bool {
	for _, c := range f.pop.Columns {
		if c.Restricted {
			return true
		}
	}
	return false
}

// noGaps refuses a state that its source could not answer in full: a list as
// of a day has no days that could carry the gap.
func noGaps(gaps []source.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	return errors.New("the source could not answer in full: " + gaps[0].Reason)
}

// check proves that every record read is accounted for.
func (c Counts) check() error {
	if c.Read != c.Items+c.Refused+c.LeftOut {
		return fmt.Errorf("the count does not add up: %d records read, but %d items, %d refused and %d left out: nothing was kept", c.Read, c.Items, c.Refused, c.LeftOut)
	}
	return nil
}
