-- +goose Up
-- What the databases of a source server held when somebody counted them.
ALTER TABLE smc_servers ADD COLUMN counts TEXT NOT NULL DEFAULT '[]';
