package files_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
	"github.com/ticktie/ticktie/internal/source/files"
)

// seven returns a file that DuckDB wrote:
//
//	COPY (SELECT i::BIGINT AS id, 'name ' || i AS name, {'a': i, 'b': [1,2]} AS nested,
//	true AS ok FROM range(7) t(i)) TO 'seven.parquet' (FORMAT parquet)
func seven(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/seven.parquet")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func openParquet(t *testing.T, r source.Request) ([]string, *source.Extraction, error) {
	t.Helper()
	s, err := files.New().Open(context.Background(), r)
	if err != nil {
		return nil, nil, err
	}
	if err := s.Feed(context.Background(), &bytes.Buffer{}); err == nil {
		t.Error("Feed was accepted for Parquet files")
	}
	paths := s.Parquet()
	ex, err := s.Close(context.Background())
	return paths, ex, err
}

func TestParquet(t *testing.T) {
	text := seven(t)
	r := request(t, write(t, "a.parquet", text, "b.parquet", text), population(program.FilesSource{Paths: []string{"*"}}, columns("name", "id")))
	paths, ex, err := openParquet(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 2 || ex.Records != 14 || ex.Files[1].FirstRecord != 8 || ex.Locate != nil || ex.Bytes != int64(2*len(text)) {
		t.Errorf("paths %v, extraction %+v", paths, ex)
	}
	if diff := cmp.Diff([]string{"id", "name", "nested", "ok"}, ex.Files[0].Header); diff != "" {
		t.Error(diff)
	}
	for i, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil || string(b) != text || p != r.Objects.Path(ex.Files[i].SHA256) {
			t.Errorf("%s is not the stored file, %v", p, err)
		}
	}
}

func TestParquetErrors(t *testing.T) {
	text := seven(t)
	for name, c := range map[string]struct {
		files []string
		f     program.FilesSource
		want  string
	}{
		"cut off":        {files: []string{"a.parquet", text[:len(text)-9]}, want: "not a whole Parquet file"},
		"short":          {files: []string{"a.parquet", "PAR1"}, want: "too short"},
		"footer":         {files: []string{"a.parquet", text[:len(text)-8] + "\xFF\xFF\xFF\x00PAR1"}, want: "footer"},
		"empty footer":   {files: []string{"a.parquet", "PAR1\x00\x01\x00\x00\x00PAR1"}, want: "footer"},
		"encrypted":      {files: []string{"a.parquet", "PARE" + text[4:len(text)-4] + "PARE"}, want: "encrypted"},
		"column missing": {files: []string{"a.parquet", text}, want: `"name"`},
		"mixed":          {files: []string{"a.parquet", text, "b.csv", "nme\n"}, want: "only"},
		"file column":    {files: []string{"a.parquet", text}, f: program.FilesSource{FileColumn: "f"}, want: "file_column"},
	} {
		t.Run(name, func(t *testing.T) {
			c.f.Paths = []string{"*"}
			_, _, err := openParquet(t, request(t, write(t, c.files...), population(c.f, columns("nme"))))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
