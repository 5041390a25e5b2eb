package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudMigrations are the migrations to an instance.
type CloudMigrations struct {
	Head       kit.CloudHead
	Migrations Migrations
}
