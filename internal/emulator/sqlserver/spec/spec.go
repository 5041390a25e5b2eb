// Package spec says what an emulated SQL Server has from the start: logins,
// databases and their tables.
package spec

import (
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
)

// Login is a SQL login.
type Login struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Sysadmin bool   `json:"sysadmin"`
	Disabled bool   `json:"disabled"`
	// Roles are those in databases: db_owner, db_backupoperator, db_datareader,
	// db_datawriter. The name * stands for every database but the system's own.
	Roles map[string][]string `json:"roles"`
	// Server holds server roles and permissions: dbcreator, "VIEW SERVER
	// STATE", "ALTER ANY CONNECTION", "EXECUTE xp_create_subdir".
	Server []string `json:"server"`
}

// Database is a database that exists from the start.
type Database struct {
	Name     string
	Recovery bakfile.RecoveryModel // default FULL
	// Size is how many bytes its full backup has at least; default 1 MiB.
	Size int64
	// RowBytes is how much log one changed row makes; default 512.
	RowBytes int64
	Tables   []Table
	// Features are those of sys.dm_db_persisted_sku_features.
	Features []string
	// Containers are further filegroups: FD of FILESTREAM, FX of
	// memory-optimised tables. Their files have type S.
	Containers []Container
	// Contained databases have users of their own, CONTAINMENT = PARTIAL.
	Contained bool
	// Encrypted databases have TDE.
	Encrypted bool
	// Unbacked databases have never had a full backup.
	Unbacked bool
}

// Container is a filegroup of one container, with its kind in sys.data_spaces.
type Container struct {
	Name, Kind string
}

// Table is a table with generated rows. Without columns it gets some of
// every type.
type Table struct {
	Schema  string // default dbo
	Name    string
	Columns []contents.Column
	Rows    int
}
