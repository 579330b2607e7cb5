package population

import (
	"fmt"
	"slices"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/source"
)

// locate joins the records that the source and the engine refused, in record
// order, and finds each one again in its file.
func locate(engine []source.Refused, ext *source.Extraction) ([]source.Refused, error) {
	all := slices.Concat(ext.Refused, engine)
	slices.SortStableFunc(all, func(a, b source.Refused) int { return int(a.Record - b.Record) })
	for i := range all {
		r := &all[i]
		if i > 0 && all[i-1].Record == r.Record {
			return nil, fmt.Errorf("record %d was refused twice: nothing was kept", r.Record)
		}
		if r.Place != (source.Place{}) {
			continue
		}
		place, err := placeOf(r.Record, ext)
		if err != nil {
			return nil, fmt.Errorf("finding refused record %d again in its source: %w", r.Record, err)
		}
		r.Place = place
	}
	return all, nil
}

func placeOf(record int64, ext *source.Extraction) (source.Place, error) {
	if ext.Locate != nil {
		return ext.Locate(record)
	}
	for _, f := range ext.Files {
		if row := record - f.FirstRecord; row >= 0 && row < f.Records {
			return source.Place{File: f.Name, Line: row + 1}, nil
		}
	}
	return source.Place{}, fmt.Errorf("no file of the extraction record holds it")
}

func countCodes(refused []source.Refused) map[string]int64 {
	if len(refused) == 0 {
		return nil
	}
	by := map[string]int64{}
	for _, r := range refused {
		by[r.Code]++
	}
	return by
}

// putRefused stores the refused records as JSON lines in record order; none
// gives no object. With hide, neither value nor raw text is kept: both could
// show a restricted column, and the raw bytes are kept apart.
func putRefused(store *objects.Store, refused []source.Refused, hide bool) (objects.Digest, error) {
	if len(refused) == 0 {
		return "", nil
	}
	w, err := store.Create()
	if err != nil {
		return "", err
	}
	for _, r := range refused {
		if hide {
			r.Value, r.Raw = "", ""
		}
		line, err := objects.Canonical(r)
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		if err != nil {
			w.Abort()
			return "", err
		}
	}
	digest, _, err := w.Commit()
	return digest, err
}
