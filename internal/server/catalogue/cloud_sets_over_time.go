package catalogue

import (
	"context"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// setFacts counts an instance's sets; what cannot be counted is left out.
func (s *Pages) setFacts(ctx context.Context, z kit.Zone, instanceID string) []kit.Fact {
	var facts []kit.Fact
	for _, of := range []struct {
		label string
		kind  backup.Kind
	}{{"Full", backup.Full}, {"Differential", backup.Differential}, {"Log", backup.Log}} {
		n, bytes, err := s.Catalogue.CountRecords(ctx, backup.RecordFilter{InstanceID: instanceID, Kind: of.kind, State: backup.Complete, Origin: backup.InCloud})
		if err != nil {
			s.Log.Warn("count sets", "instance", instanceID, "err", err)
			return nil
		}
		facts = append(facts, kit.Fact{Label: of.label + " backups", Value: kit.Count(int(n), "set", "sets"), Note: kit.Bytes(bytes).Text, Title: kit.Bytes(bytes).Exact})
	}
	newest, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: instanceID, Kind: backup.Full, State: backup.Complete, Origin: backup.InCloud, Limit: 1})
	if err == nil && len(newest) == 1 {
		at := newest[0].Finished()
		facts = append(facts, kit.Fact{Label: "Newest full backup", Value: z.Ago(at), Note: z.At(at).UTC + " UTC", Title: z.At(at).Exact, Words: true})
	}
	return facts
}

// setCharts draws sizes, durations and rates of the sets listed; fewer than
// three tell nothing.
func setCharts(z kit.Zone, rows []backup.Record) []kit.Chart {
	if len(rows) < 3 {
		return nil
	}
	lines := []struct {
		name, class string
		is          func(backup.Record) bool
	}{
		{"Full", "full", func(r backup.Record) bool { return r.Set.Kind == backup.Full && !r.Snapshot() }},
		{"Differential", "diff", func(r backup.Record) bool { return r.Set.Kind == backup.Differential }},
		{"Snapshot", "snap", func(r backup.Record) bool { return r.Snapshot() }},
	}
	lines = slices.DeleteFunc(lines, func(l struct {
		name, class string
		is          func(backup.Record) bool
	}) bool {
		return !slices.ContainsFunc(rows, l.is)
	})
	chart := func(id, title, unit string, value func(backup.Record) kit.ChartValue) kit.Chart {
		c := kit.Chart{ID: id, Title: title, Unit: unit}
		for _, l := range lines {
			c.Series = append(c.Series, kit.ChartSeries{Name: l.name, Class: l.class})
		}
		for _, r := range slices.Backward(rows) {
			if r.State != backup.Complete || r.Cloud == nil {
				continue
			}
			row := kit.ChartRow{When: z.At(r.Finished()), Unix: r.Finished().Unix(), Values: make([]kit.ChartValue, len(lines))}
			for i, l := range lines {
				if l.is(r) {
					row.Values[i] = value(r)
				}
			}
			c.Rows = append(c.Rows, row)
		}
		return c
	}
	return []kit.Chart{
		chart("sizes", "Size", "bytes", func(r backup.Record) kit.ChartValue {
			return kit.ChartValue{Text: kit.Bytes(r.Bytes()).Text, Raw: float64(r.Bytes())}
		}),
		chart("durations", "Duration", "seconds", func(r backup.Record) kit.ChartValue {
			d := lasted(r)
			return kit.ChartValue{Text: kit.Span(d), Raw: d.Seconds()}
		}),
		chart("rates", "Rate", "rate", func(r backup.Record) kit.ChartValue {
			d := lasted(r)
			if d < time.Second {
				return kit.ChartValue{}
			}
			rate := float64(r.Bytes()) / d.Seconds()
			return kit.ChartValue{Text: kit.Bytes(int64(rate)).Text + "/s", Raw: rate}
		}),
	}
}

func lasted(r backup.Record) time.Duration {
	if r.Cloud == nil || r.Cloud.Started.IsZero() {
		return 0
	}
	return r.Cloud.Finished.Sub(r.Cloud.Started)
}
