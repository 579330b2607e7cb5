package duckdb

import (
	"testing"

	"github.com/ticktie/ticktie/internal/program"
)

// guarded is a program with two populations and a parameter table.
func guarded(t *testing.T) *program.Program {
	t.Helper()
	return &program.Program{
		Organization: program.Organization{Zone: "UTC"},
		Populations: []program.Population{
			table(t, "lines: id text, who text, amount decimal2, hours integer, day date, seen timestamp, open boolean"),
			table(t, "people: who text, role text, top decimal2"),
		},
		Parameters: []program.ParameterTable{{ID: "rates", Columns: []program.Column{{Name: "rate", Type: "decimal", Scale: 4}}}},
	}
}

func checkTest(t *testing.T, frame, holds string) []error {
	t.Helper()
	test := &program.Test{
		ID: "T", Control: "C", Population: "lines", With: []string{"people"}, Parameters: []string{"rates"}, Frame: frame,
		Attributes: []program.Attribute{{ID: "A", Text: "t", Holds: holds}},
	}
	return NewEngine(Config{Threads: 1}).CheckSQL(t.Context(), guarded(t), test)
}

// What a condition must not hold: each would read, write, wait, guess, or
// answer differently the next time.
var illegalConditions = []string{
	"", " ", ";", "NULL", "true; DROP TABLE lines", "true) FROM people; DELETE FROM lines --", "1) UNION SELECT (2",
	"true) FROM lines WHERE (true", "amount > 1 FROM lines", "amount >", "amount > (SELECT max(top) FROM people)",
	"EXISTS (SELECT 1 FROM people)", "who IN (SELECT who FROM people)", "random() > 0.5", "now() > seen", "current_date > day",
	"current_timestamp > seen", "today() > day", "get_current_timestamp() > seen", "uuid() <> who", "gen_random_uuid()::VARCHAR <> who",
	"getenv('HOME') = who", "current_setting('threads') = who", "version() = who", "current_user = who", "current_schema() = who",
	"nextval('s') > 1", "txid_current() > 1", "read_text('/etc/passwd') = who", "count(*) > 1", "sum(amount) > 1", "max(amount) = amount",
	"list(who) = [who]", "row_number() OVER () = 1", "lag(amount) OVER (ORDER BY day) < amount", "amount / 2 > 1", "hours / 3 = 1", "amount // 2 > 1",
	"avg(amount) > 1", "sqrt(amount) > 1", "pow(amount, 2) > 1", "CAST(amount AS DOUBLE) > 1", "amount > 1e3", "amount::FLOAT = 1", "ln(hours) > 1",
	"approver = who", "amount", "who", "day", "amount + 1", "'x'", "#1 = who", "$1 = who", "? = who", "pg_sleep(1) = 1", "sleep_ms(1) = 1",
	"setseed(0.5) IS NULL", "query('SELECT 1') = 1", "getvariable('x') = who", "currval('s') = 1", "stats(amount) = who", "age(seen) > INTERVAL 1 DAY",
	"in_search_path('a','b')", "has_table_privilege('lines','select')", "lambda_x -> 1", "/* unclosed", "amount > 1 /*", "true OR",
}

var legalConditions = []string{
	"true", "amount > 1", "amount > 1 -- a remark", "amount /* inside */ > 1", "amount = 12.50", "amount * hours = 100.00", "abs(amount) <= 5",
	"round(amount, 1) = amount", "div(amount, 3, 2) > 1", "rounded(amount * 1.005, 2) = amount", "who IS NOT NULL", "who IS DISTINCT FROM 'x'",
	"coalesce(who, '') <> ''", "who IN ('a', 'b')", "amount BETWEEN 1 AND 2", "who LIKE 'a%'", "who ILIKE 'A_'", "regexp_matches(who, '^[a-z]+$')",
	"length(who) > 2 AND lower(who) = who", "day >= period_first() AND day <= period_last()", "day + 3 > DATE '2025-01-01'", "date_diff('day', day, CAST(seen AS DATE)) <= 3",
	"seen <= TIMESTAMP '2025-01-01 10:00:00' + INTERVAL 4 HOUR", "seen + INTERVAL 2 DAY > seen", "local_day(seen, 'Europe/Paris') = day", "isodow(day) < 6", "year(day) = 2025",
	"strftime(day, '%Y-%m') = '2025-01'", "CASE WHEN open THEN amount > 1 ELSE false END", "NOT open", "open OR amount > 1", "greatest(amount, 1.00) = amount",
	"nullif(who, '') IS NOT NULL", "amount % 2 = 0", "-amount < 0", "concat(who, 'x') = 'ax'", "who || 'x' = 'ax'", "substr(who, 1, 1) = 'a'", "split_part(who, '@', 2) = 'b'",
	"list_contains(['a', 'b'], who)", "len(string_split(who, ',')) = 1", "TRY(CAST(who AS INTEGER)) > 1", "TRY_CAST(who AS INTEGER) IS NULL", "md5(who) <> who",
	"contains(who, 'a')", "starts_with(who, 'a')", "date_trunc('month', day) = day", "last_day(day) = day",
}

func TestIllegalConditionsAreRefused(t *testing.T) {
	if len(illegalConditions) < 40 || len(legalConditions) < 40 {
		t.Fatal("the lists are too short to mean much")
	}
	for _, c := range illegalConditions {
		if errs := checkTest(t, "", c); len(errs) == 0 {
			t.Errorf("%q is accepted", c)
		}
	}
}

func TestLegalConditionsAreAccepted(t *testing.T) {
	for _, c := range legalConditions {
		if errs := checkTest(t, "", c); len(errs) > 0 {
			t.Errorf("%q: %v", c, errs)
		}
	}
}

// What a frame must not be.
var illegalFrames = []string{
	"DROP TABLE lines", "DELETE FROM lines", "INSERT INTO lines SELECT * FROM lines", "UPDATE lines SET who = 'x'", "CREATE TABLE x AS SELECT 1",
	"COPY lines TO '/tmp/x'", "COPY (SELECT * FROM lines) TO '/tmp/x.parquet' (FORMAT parquet, use_tmp_file false)", "ATTACH '/tmp/x.db'", "DETACH memory",
	"INSTALL httpfs", "LOAD json", "PRAGMA database_list", "SET threads = 1", "RESET threads", "EXPORT DATABASE '/tmp/x'", "IMPORT DATABASE '/tmp/x'", "CALL pragma_version()",
	"VACUUM", "CHECKPOINT", "BEGIN TRANSACTION", "SELECT 1; SELECT 2", "SELECT * FROM lines; DROP TABLE lines",
	"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_parquet('x')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')",
	"SELECT * FROM glob('/*')", "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_tables()", "SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_class",
	"SELECT * FROM sqlite_master", "SELECT * FROM secret", "SELECT p.*, s.* FROM lines p, duckdb_secrets() s", "SELECT * FROM lines TABLESAMPLE 10%", "SELECT * FROM lines USING SAMPLE 5",
	"SELECT *, random() AS r FROM lines", "SELECT *, now() AS r FROM lines", "SELECT *, avg(amount) OVER () AS r FROM lines", "SELECT *, amount / 3 AS r FROM lines",
	"WITH x AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM lines", "SELECT * FROM (SELECT * FROM glob('*')) g, lines", "SELECT p.*, (SELECT content FROM read_text('/etc/passwd')) AS c FROM lines p",
	"FROM query('SELECT 1')", "FROM query_table(['lines'])", "SHOW TABLES", "DESCRIBE lines", "SUMMARIZE lines", "SELECT string_agg(who, ',') AS w FROM lines", "SELECT nonsense FROM lines",
	"SELECT * FROM memory.main.lines", "SELECT * FROM temp.lines", "EXPLAIN SELECT 1", "VALUES (1)", "PREPARE p AS SELECT 1", "EXECUTE p", "SELECT * FROM test_all_types()", "SELECT * FROM repeat_row(1, num_rows = 3)",
}

var legalFrames = []string{
	"SELECT * FROM lines", "SELECT p.*, q.role FROM lines p LEFT JOIN people q ON q.who = p.who", "FROM lines",
	"WITH q AS (SELECT who, max(top) AS most FROM people GROUP BY who) SELECT p.*, q.most FROM lines p LEFT JOIN q ON q.who = p.who",
	"SELECT p.*, count(*) OVER (PARTITION BY who) AS same, row_number() OVER (PARTITION BY who ORDER BY item) AS nth FROM lines p",
	"SELECT p.*, r.rate FROM lines p LEFT JOIN rates r ON r.valid_from <= p.day AND (r.valid_to IS NULL OR p.day < r.valid_to)",
	"SELECT p.*, (SELECT count(*) FROM people q WHERE q.who = p.who) AS n FROM lines p", "SELECT p.*, x.n FROM lines p, (SELECT count(*) AS n FROM people) x",
	"SELECT p.* FROM lines p WHERE EXISTS (SELECT 1 FROM people q WHERE q.who = p.who)", "SELECT p.*, d FROM lines p, (SELECT unnest(generate_series(1, 3)) AS d) x",
	"SELECT p.*, string_agg(who, ',' ORDER BY item) OVER () AS all_of_them FROM lines p", "SELECT p.*, sum(amount) OVER (PARTITION BY who) AS total FROM lines p",
	"(SELECT * FROM lines)", "SELECT * FROM lines UNION ALL SELECT * FROM lines", "SELECT * FROM lines ORDER BY item", "SELECT *, div(amount, 3, 2) AS third FROM lines",
}

func TestIllegalFramesAreRefused(t *testing.T) {
	for _, f := range illegalFrames {
		if errs := checkTest(t, f, "true"); len(errs) == 0 {
			t.Errorf("%q is accepted", f)
		}
	}
}

func TestLegalFramesAreAccepted(t *testing.T) {
	for _, f := range legalFrames {
		if errs := checkTest(t, f, "true"); len(errs) > 0 {
			t.Errorf("%q: %v", f, errs)
		}
	}
}
