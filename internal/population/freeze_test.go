package population

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// fake is a connector, a stream and a freezer in one, each of which can fail.
type fake struct {
	ext                          source.Extraction
	frozen                       Frozen
	openErr, freezeErr, closeErr error
	closed                       int
	request                      source.Request
	noExtraction                 bool
}

func (f *fake) Name() string    { return "fake" }
func (f *fake) Version() string { return "1" }

func (f *fake) Open(_ context.Context, r source.Request) (source.Stream, error) {
	f.request = r
	if f.openErr != nil {
		return nil, f.openErr
	}
	return f, nil
}

func (f *fake) Fields() []string                      { return []string{"id"} }
func (f *fake) Parquet() []string                     { return nil }
func (f *fake) Feed(context.Context, io.Writer) error { return nil }
func (f *fake) Close(context.Context) (*source.Extraction, error) {
	f.closed++
	if f.noExtraction {
		return nil, f.closeErr
	}
	return &f.ext, f.closeErr
}

func (f *fake) Freeze(_ context.Context, r FreezeRequest) (*Frozen, error) {
	if f.freezeErr != nil {
		return nil, f.freezeErr
	}
	out := f.frozen
	var err error
	out.Snapshot.Data, err = r.Objects.PutBytes([]byte("data"))
	return &out, err
}

func date(s string) engagement.Date {
	d, err := engagement.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

var (
	week      = engagement.Period{First: date("2025-03-03"), Last: date("2025-03-09")} // Monday to Sunday
	extracted = time.Date(2025, 4, 1, 9, 0, 0, 0, time.UTC)
)

func weekOf(items ...int64) []Day {
	var days []Day
	for i, n := range items {
		days = append(days, Day{Date: week.First.AddDays(i), Items: n})
	}
	return days
}

func newFake() *fake {
	return &fake{
		ext: source.Extraction{
			Connector: "fake", Version: "1", Records: 6, Blank: 2, Ended: extracted,
			Refused: []source.Refused{{Record: 2, Place: source.Place{File: "a.csv", Line: 3, Offset: 20, Raw: "secret line"}, Code: "ragged", Reason: "The record has 3 fields."}},
			Locate: func(n int64) (source.Place, error) {
				return source.Place{File: "a.csv", Line: n + 1, Offset: n * 10, Raw: "raw secret"}, nil
			},
		},
		frozen: Frozen{
			Snapshot: Snapshot{Items: 3, Columns: []Column{{Name: "id", Type: "VARCHAR"}}, Coverage: Coverage{Days: weekOf(1, 1, 0, 0, 1, 0, 0)}},
			Refused:  []source.Refused{{Record: 5, Column: "id", Value: "secret", Code: "bad_value", Reason: "Column id: no."}},
			LeftOut:  1,
		},
	}
}

func freezeFake(t *testing.T, f *fake, pop *program.Population) (*Snapshot, objects.Digest, *objects.Store, error) {
	t.Helper()
	store, err := objects.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deps := Deps{Connector: f, Freezer: f, Objects: store, TempDir: store.TempDir(), Now: func() time.Time { return extracted }}
	prog := &program.Program{Organization: program.Organization{Zone: "Europe/London"}}
	s, digest, _, err := Freeze(t.Context(), deps, prog, pop, week, "/data", nil, "", "")
	return s, digest, store, err
}

func TestFreeze(t *testing.T) {
	f := newFake()
	pop := &program.Population{ID: "p", Key: []string{"id"}, ExpectedEvery: "business_day", Columns: []program.Column{{Name: "id"}}}
	s, digest, store, err := freezeFake(t, f, pop)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Counts{Read: 6, Items: 3, Refused: 2, LeftOut: 1, Blank: 2}, s.Counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]int64{"ragged": 1, "bad_value": 1}, s.RefusedBy); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"2025-03-05 to 2025-03-06: no items on 2 days, expected every business day"}, s.Coverage.Gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
	raw, err := store.Read(digest)
	if err != nil {
		t.Fatal(err)
	}
	var stored Snapshot
	if err := json.Unmarshal(raw, &stored); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, &stored); d != "" {
		t.Errorf("stored snapshot (-want +got):\n%s", d)
	}
	if s.Zone != "Europe/London" || !s.FrozenAt.Equal(extracted) || f.closed != 1 || f.request.DataDir != "/data" {
		t.Errorf("zone %s, frozen %s, closed %d times, data %s", s.Zone, s.FrozenAt, f.closed, f.request.DataDir)
	}
	refused, err := store.Read(s.Refused)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"code":"ragged","file":"a.csv","line":3,"offset":20,"raw":"secret line","reason":"The record has 3 fields.","record":2}` + "\n" +
		`{"code":"bad_value","column":"id","file":"a.csv","line":6,"offset":50,"raw":"raw secret","reason":"Column id: no.","record":5,"value":"secret"}` + "\n"
	if d := cmp.Diff(want, string(refused)); d != "" {
		t.Errorf("refused set (-want +got):\n%s", d)
	}
	for _, d := range []objects.Digest{s.Extraction, s.Definition, s.Data} {
		if _, err := store.Read(d); err != nil {
			t.Error(err)
		}
	}
}

func TestFreezeKeepsNoRestrictedText(t *testing.T) {
	pop := &program.Population{ID: "p", Key: []string{"id"}, Columns: []program.Column{{Name: "id"}, {Name: "pay", Restricted: true}}}
	s, _, store, err := freezeFake(t, newFake(), pop)
	if err != nil {
		t.Fatal(err)
	}
	refused, err := store.Read(s.Refused)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(refused), "secret") {
		t.Errorf("the refused set holds text of a restricted record: %s", refused)
	}
}

func TestFreezeFails(t *testing.T) {
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		change func(*fake, *program.Population)
		want   string
	}{
		"open":            {func(f *fake, _ *program.Population) { f.openErr = boom }, "boom"},
		"freeze":          {func(f *fake, _ *program.Population) { f.freezeErr = boom }, "boom"},
		"close":           {func(f *fake, _ *program.Population) { f.closeErr = boom }, "boom"},
		"no record":       {func(f *fake, _ *program.Population) { f.noExtraction = true }, "no extraction record"},
		"a record lost":   {func(f *fake, _ *program.Population) { f.ext.Records = 7 }, "does not add up: 7 records read"},
		"a record gained": {func(f *fake, _ *program.Population) { f.frozen.Snapshot.Items = 4 }, "does not add up"},
		"refused twice":   {func(f *fake, _ *program.Population) { f.frozen.Refused[0].Record = 2 }, "refused twice"},
		"not located": {func(f *fake, _ *program.Population) {
			f.ext.Locate = func(int64) (source.Place, error) { return source.Place{}, boom }
		}, "finding refused record 5"},
		"zone": {func(_ *fake, p *program.Population) { p.Zone = "Europe/Nowhere" }, "no zone of the IANA"},
		"state with gap": {func(f *fake, p *program.Population) {
			p.State = true
			f.ext.Gaps = []source.Gap{{Reason: "page 3 failed"}}
		}, "page 3 failed"},
	} {
		t.Run(name, func(t *testing.T) {
			f, pop := newFake(), &program.Population{ID: "p", Columns: []program.Column{{Name: "id"}}}
			tc.change(f, pop)
			_, digest, _, err := freezeFake(t, f, pop)
			if err == nil || !strings.Contains(err.Error(), tc.want) || digest != "" {
				t.Errorf("error %v, digest %s; want an error with %q", err, digest, tc.want)
			}
			if opened := name != "open" && name != "zone"; opened && f.closed != 1 {
				t.Errorf("closed %d times", f.closed)
			}
		})
	}
}

func TestFreezeAgainNeedsReason(t *testing.T) {
	_, _, _, err := Freeze(t.Context(), Deps{}, &program.Program{}, &program.Population{ID: "p"}, week, "", &Snapshot{}, "sha256:x", "")
	if err == nil || !strings.Contains(err.Error(), "reason") {
		t.Errorf("error %v", err)
	}
}

func TestPlaceOfParquet(t *testing.T) {
	ext := &source.Extraction{Files: []source.File{{Name: "a", FirstRecord: 1, Records: 10}, {Name: "b", FirstRecord: 11, Records: 5}}}
	got, err := placeOf(12, ext)
	if d := cmp.Diff(source.Place{File: "b", Line: 2}, got); d != "" || err != nil {
		t.Errorf("place (-want +got):\n%s%v", d, err)
	}
	if _, err := placeOf(16, ext); err == nil {
		t.Error("a record of no file was found")
	}
}

func TestCover(t *testing.T) {
	calendar := program.Calendar{Holidays: []engagement.Date{date("2025-03-05")}}
	noon := func(s string) time.Time { return date(s).In(time.UTC).Add(12 * time.Hour) }
	for name, tc := range map[string]struct {
		items  []int64
		every  string
		gaps   []source.Gap
		states string
		words  []string
	}{
		"nothing expected": {[]int64{1, 0, 0, 0, 0, 0, 1}, "", nil, "c n n n n n c", nil},
		"every day":        {[]int64{1, 0, 0, 1, 1, 0, 1}, "day", nil, "c g g c c g c", []string{"2025-03-04 to 2025-03-05: no items on 2 days, expected every day", "2025-03-08: no items on 1 day, expected every day"}},
		"business days":    {[]int64{1, 0, 0, 0, 1, 0, 0}, "business_day", nil, "c g n g c n n", []string{"2025-03-04 to 2025-03-06: no items on 2 days, expected every business day"}},
		"week with items":  {[]int64{0, 0, 1, 0, 0, 0, 0}, "week", nil, "n n c n n n n", nil},
		"week without":     {[]int64{0, 0, 0, 0, 0, 0, 0}, "week", nil, "g g g g g g g", []string{"2025-03-03 to 2025-03-09: no items on 7 days, expected every week"}},
		"cut week":         {[]int64{0, 0, 0, 0, 0, 0}, "week", nil, "n n n n n n", nil},
		"cut month":        {[]int64{0, 0, 0, 0, 0, 0, 0}, "month", nil, "n n n n n n n", nil},
		"unreachable": {
			[]int64{1, 1, 1, 1, 1, 1, 1},
			"day",
			[]source.Gap{{From: noon("2025-03-04"), To: noon("2025-03-05"), Reason: "The API answered 500."}},
			"c u u c c c c",
			[]string{"2025-03-04T12:00:00Z to 2025-03-05T12:00:00Z: the source could not answer: The API answered 500"},
		},
		"unreachable to midnight": {
			[]int64{1, 1, 1, 1, 1, 1, 1},
			"",
			[]source.Gap{{From: noon("2025-03-04"), To: date("2025-03-05").In(time.UTC), Reason: "down"}},
			"c u c c c c c",
			[]string{"2025-03-04T12:00:00Z to 2025-03-05T00:00:00Z: the source could not answer: down"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cover(weekOf(tc.items...), tc.gaps, tc.every, calendar, time.UTC)
			var states []string
			for _, d := range c.Days {
				states = append(states, d.State[:1])
			}
			if got := strings.Join(states, " "); got != tc.states {
				t.Errorf("states %s, want %s", got, tc.states)
			}
			if d := cmp.Diff(tc.words, c.Gaps); d != "" {
				t.Errorf("gaps (-want +got):\n%s", d)
			}
		})
	}
}

func TestCoverWholeMonth(t *testing.T) {
	var days []Day
	for _, d := range (engagement.Period{First: date("2025-01-15"), Last: date("2025-04-30")}).Days() {
		items := int64(0)
		if d.Month == time.March {
			items = 1
		}
		days = append(days, Day{Date: d, Items: items})
	}
	c := cover(days, nil, "month", program.Calendar{}, time.UTC)
	want := []string{"2025-02-01 to 2025-02-28: no items on 28 days, expected every month", "2025-04-01 to 2025-04-30: no items on 30 days, expected every month"}
	if d := cmp.Diff(want, c.Gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
}

func TestProven(t *testing.T) {
	declared := &program.Population{TieOuts: []program.TieOut{{ID: "a"}}}
	tie := func(id string, independent bool, outcome string) TieOut {
		return TieOut{ID: id, Independent: independent, Outcome: outcome}
	}
	for name, tc := range map[string]struct {
		pop  *program.Population
		ties []TieOut
		want string // reason; empty: proven
	}{
		"none declared":     {&program.Population{}, nil, "its definition declares no tie-out"},
		"not tied out":      {declared, nil, "it was not tied out"},
		"proven":            {declared, []TieOut{tie("a", true, Agrees)}, ""},
		"another unknown":   {declared, []TieOut{tie("a", true, Agrees), tie("b", true, NotEvaluable)}, ""},
		"another differs":   {declared, []TieOut{tie("a", true, Agrees), tie("b", false, Differs)}, "it differs in 1 tie-out (b)"},
		"not independent":   {declared, []TieOut{tie("a", false, Agrees)}, "no tie-out against an independent source is declared"},
		"unknown":           {declared, []TieOut{tie("a", true, NotEvaluable), tie("b", false, Agrees)}, "no independent tie-out agrees (a not evaluable)"},
		"unknown and worse": {declared, []TieOut{tie("a", true, Differs), tie("b", false, Differs)}, "it differs in 2 tie-outs (a, b)"},
	} {
		t.Run(name, func(t *testing.T) {
			ok, reason := Proven(tc.ties, tc.pop)
			if ok != (tc.want == "") || reason != tc.want {
				t.Errorf("proven %v, %q; want %q", ok, reason, tc.want)
			}
		})
	}
}
