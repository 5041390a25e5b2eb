-- +goose Up
-- Which sets a file holds, by GUID: a row of the catalogue that means another
-- one is wrong about its place.
ALTER TABLE bucket_files ADD COLUMN holds TEXT NOT NULL DEFAULT '';
