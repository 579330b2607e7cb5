package files

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/ticktie/ticktie/internal/program"
)

type format string

const (
	formatCSV     format = "csv"
	formatTSV     format = "tsv"
	formatJSON    format = "json"
	formatLines   format = "jsonl"
	formatYAML    format = "yaml"
	formatXLSX    format = "xlsx"
	formatParquet format = "parquet"
)

// formatOf returns the format of a name, "" if the name does not tell.
func formatOf(name string) format {
	ext := strings.ToLower(path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz")))
	switch ext {
	case ".csv":
		return formatCSV
	case ".tsv", ".tab":
		return formatTSV
	case ".json":
		return formatJSON
	case ".jsonl", ".ndjson":
		return formatLines
	case ".yaml", ".yml":
		return formatYAML
	case ".xlsx", ".xlsm":
		return formatXLSX
	case ".parquet":
		return formatParquet
	}
	return ""
}

// zipped stands for a file whose members have the formats.
const zipped format = "zip"

// format is the declared format, or that of the file's name.
func (s *stream) format(name string) (format, error) {
	switch f := format(s.def.Format); f {
	case formatCSV, formatTSV, formatJSON, formatLines, formatYAML, formatXLSX, formatParquet:
		return f, nil
	case "":
	default:
		return "", fmt.Errorf("source.files.format %q is not known: write csv, tsv, json, jsonl, yaml, xlsx or parquet", s.def.Format)
	}
	if f := formatOf(name); f != "" {
		return f, nil
	}
	if strings.EqualFold(path.Ext(name), ".zip") {
		return zipped, nil
	}
	return "", fmt.Errorf("the name of %s does not tell its format: set source.files.format", name)
}

// dialect is how delimited text is written.
type dialect struct {
	delim  []byte // set by format when empty
	quote  byte   // 0: none
	escape byte   // 0: a doubled quote
	header bool
	names  []string
	skip   int
}

func newDialect(d *program.FilesSource) (dialect, error) {
	out := dialect{quote: '"', header: true, names: d.Names, skip: d.SkipLines}
	switch d.Header {
	case "", "first":
		if len(d.Names) > 0 {
			return out, errors.New("source.files.names is for files without a header: set header to none, or leave out names")
		}
	case "none":
		out.header = false
		if len(d.Names) == 0 {
			return out, errors.New("source.files.header is none: give the field names in source.files.names")
		}
	default:
		return out, fmt.Errorf("source.files.header %q is not known: write first or none", d.Header)
	}
	if d.SkipLines < 0 {
		return out, errors.New("source.files.skip_lines is negative: write how many lines come before the header")
	}
	switch d.Encoding {
	case "", utf8Name, utf16leName, utf16beName, cp1252Name:
	default:
		_, err := decodeAs(nil, d.Encoding)
		return out, err
	}
	return out, out.setMarks(d)
}

func (x *dialect) setMarks(d *program.FilesSource) error {
	var err error
	if d.Quote == "none" {
		x.quote = 0
	} else if x.quote, err = oneByte("quote", d.Quote, '"'); err != nil {
		return err
	}
	if x.escape, err = oneByte("escape", d.Escape, 0); err != nil {
		return err
	}
	if x.escape == x.quote {
		x.escape = 0
	}
	if d.Delimiter != "" {
		if utf8.RuneCountInString(d.Delimiter) != 1 || !utf8.ValidString(d.Delimiter) || strings.ContainsAny(d.Delimiter, "\r\n\x00") {
			return fmt.Errorf("source.files.delimiter %q must be one character and no line end", d.Delimiter)
		}
		x.delim = []byte(d.Delimiter)
	}
	if bytes.Equal(x.delim, []byte{x.quote}) || bytes.Equal(x.delim, []byte{x.escape}) {
		return fmt.Errorf("source.files.delimiter %q is also the quote or the escape: they must differ", d.Delimiter)
	}
	return nil
}

func oneByte(what, text string, byDefault byte) (byte, error) {
	switch {
	case text == "":
		return byDefault, nil
	case len(text) == 1 && text[0] < utf8.RuneSelf && !strings.ContainsAny(text, "\r\n\x00"):
		return text[0], nil
	}
	return 0, fmt.Errorf("source.files.%s %q must be one ASCII character and no line end", what, text)
}

// forFormat fills in the delimiter that a format has by default.
func (x dialect) forFormat(f format) dialect {
	if x.delim == nil {
		x.delim = []byte{','}
		if f == formatTSV {
			x.delim = []byte{'\t'}
		}
	}
	return x
}

// plain reports whether the dialect is that of the canonical feed.
func (x dialect) plain() bool {
	return len(x.delim) == 1 && x.delim[0] == ',' && x.quote == '"' && x.escape == 0
}
