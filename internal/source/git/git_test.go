package git

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
	"github.com/ticktie/ticktie/internal/source/sourcetest"
)

// repository is one made by git itself, in a directory of its own.
type repository struct {
	t   *testing.T
	dir string
}

func (r repository) git(date string, args ...string) string {
	r.t.Helper()
	c := exec.Command("git", args...)
	c.Dir = r.dir
	c.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date,
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Bot", "GIT_COMMITTER_EMAIL=bot@example.org",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := c.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) commit(date, file, message string) {
	r.t.Helper()
	path := filepath.Join(r.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(message+date), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.git(date, "add", "-A")
	r.git(date, "commit", "-q", "-m", message)
}

// history has four changes of 2025 on its first-parent line, one before and
// one after; the merge brings two commits that are not on the line.
func history(t *testing.T) repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed; it makes the repositories of this test")
	}
	r := repository{t, filepath.Join(t.TempDir(), "repo")}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("", "init", "-q", "-b", "main")
	r.commit("2024-12-31T23:59:59Z", "a.txt", "before the period")
	r.commit("2025-01-01T00:00:00Z", "a.txt", "first\n\nReviewed-by: Ben <ben@example.org>\nReviewed-by: Cyd <cyd@example.org>")
	r.git("", "checkout", "-q", "-b", "side")
	r.commit("2025-02-01T10:00:00+02:00", "dir/b.txt", "on the side")
	r.commit("2025-02-02T10:00:00+02:00", "dir/deep/c.txt", "on the side again")
	r.git("", "checkout", "-q", "main")
	r.commit("2025-02-03T10:00:00Z", "a.txt", "straight to main")
	r.git("2025-02-04T10:00:00Z", "merge", "-q", "--no-ff", "-m", "merge the side", "side")
	r.git("2025-02-04T10:00:01Z", "tag", "-a", "-m", "release", "v1")
	r.git("2025-02-05T10:00:00Z", "mv", "dir/b.txt", "moved.txt")
	r.commit("2025-12-31T23:59:59Z", "moved.txt", "last, with \"quotes\", and\nlines")
	r.commit("2026-01-01T00:00:00Z", "a.txt", "after the period")
	return r
}

func request(t *testing.T, dir, repo string, columns ...string) source.Request {
	t.Helper()
	o, err := objects.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &program.Population{ID: "changes", Source: program.Source{Git: &program.GitSource{Repository: repo, Branch: "main"}}}
	for _, c := range columns {
		p.Columns = append(p.Columns, program.Column{Name: strings.ToLower(strings.NewReplacer(".", "_", "-", "_").Replace(c)), From: c, Type: "text"})
	}
	return source.Request{
		Population: p, DataDir: dir, Location: time.UTC, Objects: o,
		Period: engagement.Period{First: engagement.Date{Year: 2025, Month: 1, Day: 1}, Last: engagement.Date{Year: 2025, Month: 12, Day: 31}},
		Now:    func() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) },
	}
}

var every = []string{
	"sha", "first_parent", "merge_source", "parents", "parent_count", "author_name", "author_email", "author_time",
	"committer_name", "committer_email", "committer_time", "subject", "message", "trailers", "tags", "paths", "path_count", "trailer.reviewed-by",
}

func TestConformance(t *testing.T) {
	r := history(t)
	sourcetest.Run(t, sourcetest.Case{
		Connector: New(),
		Request:   func(t *testing.T) source.Request { return request(t, filepath.Dir(r.dir), "repo", every...) },
		Broken:    func(t *testing.T) source.Request { return request(t, t.TempDir(), "repo", "sha") },
		Fields:    every, Records: 4,
	})
}

func feed(t *testing.T, q source.Request) ([][]string, *source.Extraction) {
	t.Helper()
	b, ex, err := sourcetest.Read(t.Context(), New(), q)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows, ex
}

// The same line, as git itself lists it.
func TestAgreesWithGitLog(t *testing.T) {
	r := history(t)
	rows, ex := feed(t, request(t, filepath.Dir(r.dir), "repo", "sha", "parents", "author_time", "subject", "trailer.Reviewed-by", "merge_source", "tags"))
	log := r.git("", "log", "--first-parent", "--reverse", "--since=2025-01-01T00:00:00Z", "--until=2025-12-31T23:59:59Z", "--format=%H|%P|%aI|%s|%(trailers:key=Reviewed-by,valueonly,separator=%x2C)|%D", "main")
	lines := strings.Split(log, "\n")
	if len(lines) != 4 || len(rows) != 4 {
		t.Fatalf("git lists %d changes, we feed %d, 4 were made", len(lines), len(rows))
	}
	for i, line := range lines {
		f := strings.Split(line, "|")
		parents := strings.Fields(f[1])
		want := []string{fmt.Sprint(i + 1), f[0], `["` + strings.Join(parents, `","`) + `"]`, strings.Replace(f[2], "+00:00", "Z", 1), f[3], strings.ReplaceAll(f[4], ",", "\n"), "", "[]"}
		if len(parents) > 1 {
			want[6], want[7] = parents[1], `["v1"]`
		}
		if d := cmp.Diff(want, rows[i]); d != "" {
			t.Errorf("change %d: - git, + ours\n%s", i+1, d)
		}
	}
	if ex.Reported["commits_on_line"] != r.git("", "rev-list", "--first-parent", "--count", "main") {
		t.Errorf("the line has %s commits, git counts otherwise", ex.Reported["commits_on_line"])
	}
}

// Paths against the first parent, as git diff lists them without renames.
func TestPaths(t *testing.T) {
	r := history(t)
	rows, _ := feed(t, request(t, filepath.Dir(r.dir), "repo", "sha", "paths"))
	for _, row := range rows {
		want := strings.Split(r.git("", "diff", "--no-renames", "--name-only", row[1]+"^1", row[1]), "\n")
		if got := `["` + strings.Join(want, `","`) + `"]`; got != row[2] {
			t.Errorf("change %s touches %s, git says %s", row[1], row[2], got)
		}
	}
	q := request(t, filepath.Dir(r.dir), "repo", "subject")
	q.Population.Source.Git.Paths = []string{"dir/"}
	rows, ex := feed(t, q)
	if len(rows) != 2 || rows[0][1] != "merge the side" || len(ex.Notes) != 1 {
		t.Errorf("changes in dir: %v, notes %v", rows, ex.Notes)
	}
}

// A shallow clone says what it does not know.
func TestShallowIsAGap(t *testing.T) {
	r := history(t)
	dir := t.TempDir()
	repository{t, dir}.git("", "clone", "-q", "--depth", "3", "file://"+r.dir, "shallow")
	rows, ex := feed(t, request(t, dir, "shallow", "sha", "subject"))
	if len(rows) != 2 || len(ex.Gaps) != 1 {
		t.Fatalf("%d changes and gaps %+v; want the 2 that are there and 1 gap", len(rows), ex.Gaps)
	}
	if g := ex.Gaps[0]; !g.From.Equal(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) || !g.To.Equal(time.Date(2025, 2, 4, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("the gap is %s to %s", g.From, g.To)
	}
}

func TestRefusesWhatItCannotRead(t *testing.T) {
	r := history(t)
	for name, change := range map[string]func(*source.Request){
		"branch": func(q *source.Request) { q.Population.Source.Git.Branch = "nowhere" },
		"leaves": func(q *source.Request) { q.Population.Source.Git.Repository = "../repo" },
		"column": func(q *source.Request) { q.Population.Columns[0].From = "approver" },
		"time":   func(q *source.Request) { q.Population.Source.Git.Time = "now" },
	} {
		q := request(t, filepath.Dir(r.dir), "repo", "sha")
		change(&q)
		if _, _, err := sourcetest.Read(t.Context(), New(), q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Trailers, as git interpret-trailers reads them.
func TestTrailersAgreeWithGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	for _, m := range []string{
		"subject\n\nbody\n\nReviewed-by: Ada <a@b>\nChange-Id: I1\n",
		"subject\n\nReviewed-by: Ada\n  goes on\nFixes: #1\n",
		"subject\n\nnot a trailer\nReviewed-by: Ada\n",
		"subject\n\none\ntwo\nSigned-off-by: Ada\n",
		"subject\n\none\ntwo\nthree\nfour\nSigned-off-by: Ada\n",
		"Reviewed-by: in the subject\n",
		"subject\nReviewed-by: not after a blank line\n",
		"subject\n\nA b: c\nD: e\n",
		"subject\n\nKey : value\n",
		"subject\n\nX: y\n\n\n",
		"subject\r\n\r\nX: y\r\n",
		"subject\n\nX: y\n--- \nrest\n",
		"",
		"\n\n\n",
		"subject\n\n https://example.org\nX: y\n",
		"subject\n\nX:\n",
	} {
		c := exec.Command("git", "interpret-trailers", "--parse", "--unfold")
		c.Stdin = strings.NewReader(m)
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		var ours strings.Builder
		for _, x := range Trailers(m) {
			ours.WriteString(strings.TrimRight(x.Name+": "+x.Value, " ") + "\n")
		}
		var theirs strings.Builder
		for _, l := range strings.Split(strings.ReplaceAll(string(out), "\r", ""), "\n") {
			if l != "" {
				theirs.WriteString(strings.TrimRight(l, " ") + "\n")
			}
		}
		if ours.String() != theirs.String() {
			t.Errorf("%q: ours %q, git's %q", m, ours.String(), theirs.String())
		}
	}
}

func FuzzTrailers(f *testing.F) {
	f.Add("subject\n\nReviewed-by: Ada <a@b>\n")
	f.Add("s\n\n x\n\ty\nA:\n")
	f.Add("\x00\n\n:\n")
	f.Fuzz(func(t *testing.T, m string) {
		for _, x := range Trailers(m) {
			if x.Name == "" || strings.ContainsAny(x.Name, " :\n") || strings.Contains(x.Value, "\n") {
				t.Errorf("%q gives %+v", m, x)
			}
		}
	})
}
