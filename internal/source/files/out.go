package files

import (
	"context"
	"fmt"
	"io"
)

// out buffers the canonical feed.
type out struct {
	ctx context.Context
	w   io.Writer
	buf []byte
}

const outSize = 512 << 10

// flushFull writes the buffer once it is full.
func (o *out) flushFull() error {
	if len(o.buf) < outSize {
		return nil
	}
	return o.flush()
}

func (o *out) flush() error {
	if err := o.ctx.Err(); err != nil {
		return fmt.Errorf("feeding records: %w", err)
	}
	if len(o.buf) == 0 {
		return nil
	}
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	if err != nil {
		return fmt.Errorf("feeding records: %w", err)
	}
	return nil
}

// Write makes out the writer beneath a source.Writer.
func (o *out) Write(p []byte) (int, error) {
	o.buf = append(o.buf, p...)
	return len(p), o.flushFull()
}
