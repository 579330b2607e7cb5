// Package duckdb runs Ticktie's population and attribute work on the embedded
// DuckDB. It is the only package that imports the DuckDB driver.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"runtime"

	duck "github.com/duckdb/duckdb-go/v2"
)

// Config bounds one engine.
type Config struct {
	MemoryMB int    // memory limit of the engine; 0: 3072
	Threads  int    // 0: all processors
	TempDir  string // where the engine spills; made if missing; "": the system's
}

// database opens an in-memory DuckDB with safe, deterministic settings: UTC,
// no extension loading, insertion order kept.
func database(ctx context.Context, c Config) (*sql.DB, error) {
	if c.MemoryMB == 0 {
		c.MemoryMB = 3072
	}
	if c.Threads == 0 {
		c.Threads = runtime.NumCPU()
	}
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	if err := os.MkdirAll(c.TempDir, 0o700); err != nil {
		return nil, fmt.Errorf("opening DuckDB: making its temporary directory: %w", err)
	}
	connector, err := duck.NewConnector("", func(e driver.ExecerContext) error {
		for _, q := range []string{
			"SET autoinstall_known_extensions = false",
			"SET autoload_known_extensions = false",
			"SET TimeZone = 'UTC'",
			"SET preserve_insertion_order = true",
			fmt.Sprintf("SET memory_limit = '%dMB'", c.MemoryMB),
			fmt.Sprintf("SET threads = %d", c.Threads),
			"SET temp_directory = " + literal(c.TempDir),
		} {
			if _, err := e.ExecContext(ctx, q, nil); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening DuckDB: %w", err)
	}
	return sql.OpenDB(connector), nil
}
