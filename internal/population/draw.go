package population

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ticktie/ticktie/internal/sampling"
)

// Draw takes the n items of the snapshot with the smallest ranks under the
// seed. It streams every key once, so that it works on any population.
func Draw(ctx context.Context, r Reader, s *Snapshot, seed [32]byte, n int) ([]sampling.Selected, error) {
	pr, pw := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := r.Keys(ctx, s, pw)
		pw.CloseWithError(err)
		written <- err
	}()
	lines := bufio.NewScanner(pr)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	var count int64
	selected := sampling.Draw(seed, n, func(yield func(string) bool) {
		for lines.Scan() {
			count++
			if !yield(lines.Text()) {
				return
			}
		}
	})
	pr.CloseWithError(errors.New("drawn"))
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the keys of population %s: %w", s.Population, err)
	}
	if err := <-written; err != nil {
		return nil, fmt.Errorf("reading the keys of population %s: %w", s.Population, err)
	}
	if count != s.Items {
		return nil, fmt.Errorf("reading the keys of population %s: %d keys came for %d items", s.Population, count, s.Items)
	}
	return selected, nil
}
