package files_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
	"github.com/ticktie/ticktie/internal/source/files"
)

// BenchmarkFeed feeds a large file, named by TICKTIE_BIG_CSV, through a FIFO.
// Its columns are payment_id, posted_at, account, counterparty, amount,
// currency, approver and memo.
func BenchmarkFeed(b *testing.B) {
	big := os.Getenv("TICKTIE_BIG_CSV")
	if big == "" {
		b.Skip("TICKTIE_BIG_CSV names no file")
	}
	info, err := os.Stat(big)
	if err != nil {
		b.Fatal(err)
	}
	all := []string{"payment_id", "posted_at", "account", "counterparty", "amount", "currency", "approver", "memo"}
	for name, cols := range map[string][]string{"all": all, "some": {"amount", "payment_id", "posted_at", "approver"}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(info.Size())
			for b.Loop() {
				feedFIFO(b, big, cols)
			}
		})
	}
}

func feedFIFO(b *testing.B, big string, cols []string) {
	fifo := filepath.Join(b.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		b.Fatal(err)
	}
	go func() {
		if r, err := os.Open(fifo); err == nil {
			_, _ = io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r})
			r.Close()
		}
	}()
	store, err := objects.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	p := population(program.FilesSource{Paths: []string{filepath.Base(big)}}, columns(cols...))
	s, err := files.New().Open(context.Background(), source.Request{Population: p, DataDir: filepath.Dir(big), Objects: store, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := s.Feed(context.Background(), w); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(start).Seconds(), "feed-s")
	w.Close()
	if _, err := s.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
