package files

import (
	"context"
	"errors"
)

func (s *stream) readWorkbook(ctx context.Context, raw *rawFile, name string, f format) error {
	return errors.New("workbooks cannot be read yet")
}

func (s *stream) takeParquet(ctx context.Context) error {
	return errors.New("parquet files cannot be read yet")
}
