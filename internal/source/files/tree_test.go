package files_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
)

func TestJSON(t *testing.T) {
	for name, c := range map[string]struct {
		f    program.FilesSource
		file string
		text string
		cols []string
		feed string
		want []refusal
	}{
		"array": {
			file: "a.json", cols: []string{"id", "ok", "t"},
			text: `[{"id":1,"ok":true,"t":"a"},{"id":2,"ok":null,"t":""}]`,
			feed: "1,1,true,a\n2,2,,\"\"\n",
		},
		"numbers as written": {
			file: "a.jsonl", cols: []string{"n"},
			text: "{\"n\":1e3}\n{\"n\":12345678901234567890.10}\n{\"n\":-0.0}\n{\"n\":1E-7}\n",
			feed: "1,1e3\n2,12345678901234567890.10\n3,-0.0\n4,1E-7\n",
		},
		"paths": {
			file: "a.json", cols: []string{"a.b[1].c", "a.b[9].c", `["k.l"]`, "k.l", "o"},
			text: `[{"a":{"b":[{},{"c":"x"}]},"k.l":"dot","o":{"z":[1.50,"<é>",null],"a":false}}]`,
			feed: "1,x,,dot,dot,\"{\"\"a\"\":false,\"\"z\"\":[1.50,\"\"<é>\"\",null]}\"\n",
			f:    program.FilesSource{},
		},
		"records inside": {
			f: program.FilesSource{Records: "a.list"}, file: "a.json", cols: []string{"id"},
			text: "{\"x\":[{\"id\":9}],\"a\":{\"y\":\"]\",\"list\":\n [ {\"id\":1} ,\n{\"id\":2}],\"z\":[]},\"end\":{}}\n",
			feed: "1,1\n2,2\n",
		},
		"whole file": {
			f: program.FilesSource{Records: ".", Explode: "members"}, file: "a.json", cols: []string{"org", "members[]"},
			text: `{"org":"k","members":["a","b"]}`,
			feed: "1,k,a\n2,k,b\n",
		},
		"explode": {
			f: program.FilesSource{Explode: "ch.list"}, file: "a.jsonl", cols: []string{"id", "ch.list[].op", "ch.list[].by.name"},
			text: "{\"id\":1,\"ch\":{\"list\":[{\"op\":\"add\",\"by\":{\"name\":\"x\"}},{\"op\":\"del\"}]}}\n" +
				"{\"id\":2,\"ch\":{\"list\":[]}}\n{\"id\":3}\n{\"id\":4,\"ch\":{\"list\":7}}\n{\"id\":5,\"ch\":{\"list\":[5]}}\n",
			feed: "1,1,add,x\n2,1,del,\n",
			want: []refusal{ // lines 1 to 3 take 69, 26 and 9 bytes
				{3, 4, 104, "structure", `{"id":4,"ch":{"list":7}}`},
				{4, 5, 129, "structure", `{"id":5,"ch":{"list":[5]}}`},
			},
		},
		"escapes": {
			file: "a.jsonl", cols: []string{"t"},
			text: `{"t":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}` + "\n",
			feed: "1,\"a\"\"\\/\b\f\n\r\té😀\"\n",
		},
		"refused lines": {
			file: "a.jsonl", cols: []string{"id"},
			text: "{\"id\":1}\n\n{\"id\":2,\"id\":2}\n{\"id\":3,\"x\":{\"y\":1,\"y\":2}}\n{\"id\":4\n[5]\n{\"id\":\"\\ud800\"}\n{\"id\":\"\\u0000\"}\n{\"id\":\"\xC3\xA9\"}\n{\"id\":\"\xE9\"}\r\n{\"id\":9}\n",
			feed: "1,1\n8,é\n10,9\n",
			want: []refusal{
				{2, 3, 10, "structure", `{"id":2,"id":2}`},
				{3, 4, 26, "structure", `{"id":3,"x":{"y":1,"y":2}}`},
				{4, 5, 53, "structure", `{"id":4`},
				{5, 6, 61, "structure", `[5]`},
				{6, 7, 65, "encoding", `{"id":"\ud800"}`},
				{7, 8, 81, "encoding", `{"id":"\u0000"}`},
				{9, 10, 109, "encoding", "{\"id\":\"\uFFFD\"}"},
			},
		},
		"refused elements": {
			file: "a.json", cols: []string{"id"},
			text: "[{\"id\":1},\n {\"id\":2 3},\n 4,\n {\"id\":5}]",
			feed: "1,1\n4,5\n",
			want: []refusal{{2, 2, 12, "structure", `{"id":2 3}`}, {3, 3, 25, "structure", "4"}},
		},
		"UTF-16": {
			file: "a.json", cols: []string{"id"},
			text: "\xFF\xFE[\x00{\x00\"\x00i\x00d\x00\"\x00:\x00\"\x00\xE9\x00\"\x00}\x00]\x00",
			feed: "1,é\n",
		},
		"nothing": {file: "a.json", cols: []string{"id"}, text: " [ ] ", feed: ""},
		"yaml": {
			file: "a.yaml", cols: []string{"id", "t", "o"},
			text: "# people\n- id: 007\n  t: |\n    two\n    lines\n  o: {b: 1.50, a: [x, ~]}\n\n- {id: 1e3, t: 'it''s'}\n- id: true\n  t: ~\n---\n- id: 2024-01-02\n",
			feed: "1,007,\"two\nlines\n\",\"{\"\"a\"\":[\"\"x\"\",null],\"\"b\"\":1.50}\"\n2,1e3,it's,\n3,true,,\n4,2024-01-02,,\n",
		},
		"yaml refused": {
			file: "a.yml", cols: []string{"id"},
			text: "- id: 1\n- id: 2\n  id: 3\n- &a {id: 4}\n- *a\n- <<: {id: 5}\n- id: !!str 6\n- 7\n",
			feed: "1,1\n3,4\n",
			want: []refusal{
				{2, 2, 8, "structure", "- id: 2\n  id: 3"},
				{4, 5, 37, "structure", "- *a"},
				{5, 6, 42, "structure", "- <<: {id: 5}"},
				{6, 7, 56, "structure", "- id: !!str 6"},
				{7, 8, 70, "structure", "- 7"},
			},
		},
		"yaml list inside": {
			f: program.FilesSource{Records: "org.teams"}, file: "a.yaml", cols: []string{"name"},
			text: "org:\n  teams:\n  - name: a\n  - name: b\n",
			feed: "1,a\n2,b\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.f.Paths = []string{"*"}
			cols := columns(c.cols...)
			for i := range cols {
				cols[i].Optional = name == "paths"
			}
			feed, ex := mustRead(t, request(t, write(t, c.file, c.text), population(c.f, cols)))
			if diff := cmp.Diff(c.feed, feed); diff != "" {
				t.Errorf("feed: %s", diff)
			}
			if diff := cmp.Diff(c.want, refusals(ex)); diff != "" {
				t.Errorf("refused: %s", diff)
			}
			for _, x := range ex.Refused {
				p, err := ex.Locate(x.Record)
				if diff := cmp.Diff(x.Place, p); diff != "" || err != nil {
					t.Errorf("found elsewhere: %v %s", err, diff)
				}
			}
		})
	}
}

func TestJSONErrors(t *testing.T) {
	for name, c := range map[string]struct {
		f          program.FilesSource
		file, text string
		want       string
	}{
		"array cut off":        {file: "a.json", text: `[{"id":1},{"id":2}`, want: "cut off"},
		"record cut off":       {file: "a.json", text: `[{"id":1},{"id":"2`, want: "cut off"},
		"after a comma":        {file: "a.json", text: `[{"id":1},]`, want: "line 1"},
		"empty":                {file: "a.json", text: ``, want: "cut off"},
		"no comma":             {file: "a.json", text: "[{\"id\":1}\n{\"id\":2}]", want: "line 2"},
		"more after":           {file: "a.json", text: "[{\"id\":1}]\n{\"id\":2}", want: "line 2"},
		"two values":           {file: "a.json", text: "[{\"id\":1}][{\"id\":2}]", want: "more after the end"},
		"object":               {file: "a.json", text: `{"id":1}`, want: "source.files.records"},
		"no such array":        {f: program.FilesSource{Records: "recrods"}, file: "a.json", text: `{"meta":1,"records":[]}`, want: `"records"`},
		"no array":             {f: program.FilesSource{Records: "records"}, file: "a.json", text: `{"records":{}}`, want: "not an array"},
		"array twice":          {f: program.FilesSource{Records: "records"}, file: "a.json", text: `{"records":[{"id":1}],"records":[]}`, want: "twice"},
		"object cut off":       {f: program.FilesSource{Records: "records"}, file: "a.json", text: `{"records":[{"id":1}]`, want: "cut off"},
		"last line cut off":    {file: "a.jsonl", text: "{\"id\":1}\n{\"id\":", want: "last line, 2"},
		"column in no record":  {file: "a.jsonl", text: "{\"Id\":1}\n{\"Id\":2}\n", want: `"Id"`},
		"yaml no list":         {file: "a.yaml", text: "id: 1\n", want: "not a list"},
		"yaml broken":          {file: "a.yaml", text: "- id: [1\n- {", want: "not valid YAML"},
		"yaml not text":        {file: "a.yaml", text: "- id: \xE2\x82\xAC\xE9\n", want: "no text"},
		"bad explode":          {f: program.FilesSource{Explode: "a..b"}, file: "a.json", text: `[{"id":1}]`, want: "explode"},
		"yaml no such list":    {f: program.FilesSource{Records: "teems"}, file: "a.yaml", text: "teams:\n- id: 1\n", want: `"teams"`},
		"explode, misspelt":    {f: program.FilesSource{Records: "records", Explode: "chnages"}, file: "a.json", text: `{"records":[{"id":1,"changes":[1]}]}`, want: `"changes"`},
		"everything in quotes": {file: "a.json", text: `["` + strings.Repeat("x", 17<<20), want: "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			c.f.Paths = []string{"*"}
			feed, _, err := read(request(t, write(t, c.file, c.text), population(c.f, columns("id"))))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("fed %q, error %v, want %s", feed, err, c.want)
			}
		})
	}
}

// TestJSONOptional: a field that only some records have is absent in the others.
func TestJSONOptional(t *testing.T) {
	dir := write(t, "1.jsonl", "{\"id\":1,\"more\":2}\n", "2.jsonl", "{\"id\":3}\n")
	feed, ex := mustRead(t, request(t, dir, population(program.FilesSource{Paths: []string{"*"}}, columns("id", "more"))))
	if feed != "1,1,2\n2,3,\n" {
		t.Errorf("fed %q", feed)
	}
	if diff := cmp.Diff([]string{`has no record with "more"`}, ex.Files[1].Drift); diff != "" {
		t.Error(diff)
	}
}
