package preflight

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// Collect asks the bucket, the instance and the files for what Judge decides
// by. An error of kind Unavailable means that it cannot be told now; what the
// other sides refuse for good becomes a finding.
func Collect(ctx context.Context, ports migration.Ports, target migration.Target, m migration.Migration, b migration.Budget, now time.Time) (Facts, []migration.Finding, error) {
	f := Facts{Migration: m, CallsDay: b.Database, CallsHost: b.Instance, Now: now}
	var barred []migration.Finding
	bar := func(code, title string, err error) error {
		if fault.Is(err, fault.Unavailable) || fault.Of(err) == fault.Unknown {
			return err
		}
		message, fix := fault.Texts(err)
		barred = append(barred, migration.Finding{Code: code, Title: title, Level: migration.Barred, Text: message, Fix: fix})
		return nil
	}
	staging, err := ports.Bucket(ctx, m.StagingID)
	if err == nil {
		f.Bucket, err = staging.Info(ctx)
	}
	if err == nil {
		f.Beside, err = beside(ctx, staging, m)
	}
	if err != nil {
		if err := bar("bucket", "Bucket", err); err != nil {
			return f, nil, err
		}
	}
	if f.Instance, err = target.Instance(ctx); err == nil {
		f.Databases, err = target.Databases(ctx)
	}
	if err != nil {
		if err := bar("instance", "Instance", err); err != nil {
			return f, nil, err
		}
	}
	for _, file := range m.Chain() {
		s, err := setFacts(ctx, ports, m, file)
		if err != nil {
			if err := bar("source", "Files", err); err != nil {
				return f, nil, err
			}
			continue
		}
		f.Sets = append(f.Sets, s)
	}
	return f, barred, nil
}

// dataOf are the files of the database as its full backup tells them.
func dataOf(sets []SetFacts) []bakfile.DataFile {
	for _, s := range sets {
		if s.File.Kind == "full" && len(s.Data) > 0 {
			return s.Data
		}
	}
	return nil
}

// setFacts reads a planned file's header again.
func setFacts(ctx context.Context, ports migration.Ports, m migration.Migration, f migration.File) (SetFacts, error) {
	if f.State == migration.FileApplied || f.State == migration.FileSent {
		return SetFacts{File: f, Position: 1, SetsInFile: 1, FamilyCount: 1, Complete: true}, nil
	}
	from, err := ports.Bucket(ctx, m.SourceOf(f))
	if err != nil {
		return SetFacts{}, err
	}
	object, err := from.Stat(ctx, f.Source)
	if err != nil {
		return SetFacts{}, err
	}
	file, err := bakfile.Read(objectstore.ReaderAt(ctx, from, f.Source, object.Size), object.Size)
	if err != nil {
		return SetFacts{}, fmt.Errorf("read header of %s: %w", f.Source, err)
	}
	for _, s := range file.Sets {
		if f.Is(s) && object.Size >= f.Size { // others may have appended
			return SetFacts{File: f, VersionMajor: s.VersionMajor, RecoveryModel: string(s.RecoveryModel), Position: s.Position,
				SetsInFile: len(file.Sets), FamilyCount: file.Media.FamilyCount, Complete: s.Complete, Data: s.Files, TDEThumbprint: file.TDEThumbprint}, nil
		}
	}
	return SetFacts{}, migration.Changed(f)
}

// Files collects and judges what a migration of given files needs.
func Files(ctx context.Context, ports migration.Ports, target migration.Target, m migration.Migration, b migration.Budget, now time.Time) ([]migration.Finding, error) {
	f, barred, err := Collect(ctx, ports, target, m, b, now)
	if err != nil {
		return nil, err
	}
	if len(barred) == 0 {
		if f.Host, err = collectHost(ctx, ports, target, f, dataOf(f.Sets)); err != nil {
			return nil, err
		}
		own, err := serviceFindings(ctx, target, f)
		return append(Judge(f), own...), err
	}
	// What could not be asked would only make further findings of its own.
	asked := map[string]bool{}
	for _, b := range barred {
		asked[b.Title] = true
	}
	out := barred
	for _, j := range Judge(f) {
		dependent := asked["Instance"] && (j.Title == "Version" || j.Title == "Space" || j.Title == "Name") || asked["Bucket"] && j.Title == "Bucket" ||
			asked["Files"] && (j.Title == "Files" || j.Title == "Version") || (asked["Instance"] && j.Title == "Bucket")
		if !asked[j.Title] && !dependent {
			out = append(out, j)
		}
	}
	return out, nil
}
