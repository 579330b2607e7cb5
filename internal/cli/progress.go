package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows long work: a moving line on a terminal, a plain line for each
// piece of work elsewhere.
type progress struct {
	mu    sync.Mutex
	plain io.Writer // nil on a terminal
	bars  *mpb.Progress
	bar   *mpb.Bar
	what  string
	said  time.Time
}

func (a *app) startProgress() *progress {
	if a.quiet {
		return &progress{}
	}
	if f, ok := a.err.(*os.File); ok && terminal(f) && os.Getenv("TERM") != "dumb" {
		return &progress{bars: mpb.New(mpb.WithOutput(f), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))}
	}
	return &progress{plain: a.err}
}

func terminal(f *os.File) bool {
	s, err := f.Stat()
	return err == nil && s.Mode()&os.ModeCharDevice != 0
}

// report is called by the stages from any goroutine.
func (p *progress) report(stage, subject string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what := stage + " " + subject
	switch {
	case p.bars != nil:
		p.onTerminal(what, done, total)
	case p.plain == nil:
	case what != p.what:
		p.what, p.said = what, time.Now()
		fmt.Fprintln(p.plain, what)
	case time.Since(p.said) > 10*time.Second:
		p.said = time.Now()
		fmt.Fprintf(p.plain, "%s: %s\n", what, num(done))
	}
}

func (p *progress) onTerminal(what string, done, total int64) {
	if what != p.what {
		p.endBar()
		p.what = what
		p.bar = p.bars.AddBar(total,
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(what+" ")),
			mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return num(s.Current) })))
	}
	p.bar.SetCurrent(done)
}

func (p *progress) endBar() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bar = nil
	}
}

// stop clears the line before results are printed.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endBar()
	if p.bars != nil {
		p.bars.Wait()
	}
}
