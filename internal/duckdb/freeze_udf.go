package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"
)

// Names of the SQL functions that ask the Go code.
const refuseFunction = "ticktie_refuse"

func slowFunction(column int) string { return fmt.Sprintf("ticktie_cast_%d", column) }

// chunkFunc is a SQL function over texts that works on a chunk of rows.
type chunkFunc struct {
	config duck.ScalarFuncConfig
	run    func(chunk *duck.DataChunk, out duck.Vector) error
}

// Config implements duck.ScalarFunc.
func (f *chunkFunc) Config() duck.ScalarFuncConfig { return f.config }

// Executor implements duck.ScalarFunc.
func (f *chunkFunc) Executor() duck.ScalarFuncExecutor {
	return duck.ScalarFuncExecutor{ChunkContextExecutor: func(_ context.Context, s *duck.ChunkIteratorState) error {
		return f.run(s.GetInputChunk(), s.GetResultVector())
	}}
}

// registerFunctions gives the session the functions of a freeze: one cast for
// each column, and the refusal of records.
func registerFunctions(conn *sql.Conn, columns []*caster, j *recordJudge) error {
	text, err := duck.NewTypeInfo(duck.TYPE_VARCHAR)
	if err != nil {
		return err
	}
	for i, c := range columns {
		f := &chunkFunc{
			config: duck.ScalarFuncConfig{InputTypeInfos: []duck.TypeInfo{text}, ResultTypeInfo: text},
			run:    c.castChunk,
		}
		if err := duck.RegisterScalarUDF(conn, slowFunction(i), f); err != nil {
			return err
		}
	}
	return duck.RegisterScalarUDF(conn, refuseFunction, &chunkFunc{
		config: duck.ScalarFuncConfig{
			VariadicTypeInfo: text, ResultTypeInfo: text, Volatile: true, SpecialNullHandling: true,
		},
		run: j.refuseChunk,
	})
}

// castChunk casts a chunk of texts; a text that is refused gives NULL.
func (c *caster) castChunk(chunk *duck.DataChunk, out duck.Vector) error {
	in, err := textColumn(chunk, 0)
	if err != nil {
		return err
	}
	w, err := duck.GetVectorWriter[string](out)
	if err != nil {
		return err
	}
	for row := range chunk.GetSize() {
		text, valid, err := in.GetValueBorrowed(row)
		if err != nil {
			return err
		}
		canonical := ""
		if valid {
			var fail *failure
			canonical, fail = c.cast(strings.Clone(text))
			valid = fail == nil
		}
		if !valid {
			err = w.SetNull(row)
		} else {
			if c.rounds != nil && c.rounds(text) {
				c.rounded.Add(1)
			}
			err = w.Set(row, canonical)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func textColumn(chunk *duck.DataChunk, column int) (duck.VectorView[string], error) {
	v, err := chunk.GetVector(column)
	if err != nil {
		return duck.VectorView[string]{}, err
	}
	return duck.GetVectorView[string](v)
}

// refuseChunk hands a chunk of records to the judge: the record number, then
// the fields. Its value is always NULL.
func (j *recordJudge) refuseChunk(chunk *duck.DataChunk, out duck.Vector) error {
	w, err := duck.GetVectorWriter[string](out)
	if err != nil {
		return err
	}
	views := make([]duck.VectorView[string], chunk.ColumnCount())
	for i := range views {
		if views[i], err = textColumn(chunk, i); err != nil {
			return err
		}
	}
	for row := range chunk.GetSize() {
		fields, err := textsAt(views, row)
		if err != nil {
			return err
		}
		if fields[0] == nil {
			return fmt.Errorf("a record came without its number")
		}
		number, err := strconv.ParseInt(*fields[0], 10, 64)
		if err != nil {
			return fmt.Errorf("a record came with the number %q", *fields[0])
		}
		if number < 0 { // see lineWriter
			number = -number
			for _, f := range fields[1:] {
				if f != nil {
					*f = unescaped.Replace(*f)
				}
			}
		}
		j.record(number, fields[1:])
		if err := w.SetNull(row); err != nil {
			return err
		}
	}
	return nil
}

func textsAt(views []duck.VectorView[string], row int) ([]*string, error) {
	out := make([]*string, len(views))
	for i, v := range views {
		text, valid, err := v.GetValueBorrowed(row)
		if err != nil {
			return nil, err
		}
		if valid {
			text = strings.Clone(text)
			out[i] = &text
		}
	}
	return out, nil
}
