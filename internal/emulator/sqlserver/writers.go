package sqlserveremu

// usageView is sys.dm_db_index_usage_stats: a row for each table used since
// the server started. Reading is not counted here.
func usageView(n *session, _ *database) (out [][]any) {
	for _, db := range n.server.sorted() {
		if db.state != online {
			continue
		}
		for _, t := range db.tables.Sorted() {
			if t.Updates > 0 {
				out = append(out, []any{int64(db.id), int64(t.ID), int64(0), int64(0), int64(0), int64(0), t.Updates, nil, nil, nil, t.Updated, int64(0)})
			}
		}
	}
	return out
}

// transactionsView is sys.dm_tran_database_transactions for transactions that
// have written: type 1 reads and writes, state 4 has log records.
func transactionsView(n *session, _ *database) (out [][]any) {
	for _, o := range n.server.sessions {
		records := map[string]int64{}
		if o.tran != nil {
			for _, u := range o.tran.undo {
				records[u.database]++
			}
		}
		for name, count := range records {
			if db := n.server.find(name); db != nil {
				out = append(out, []any{int64(o.tran.id), int64(db.id), o.tran.began, int64(1), int64(4), count, count * db.rowBytes})
			}
		}
	}
	return out
}

func sessionTransactionsView(n *session, _ *database) (out [][]any) {
	for _, o := range n.server.sessions {
		if o.tran != nil {
			out = append(out, []any{int64(o.id), int64(o.tran.id), true, true})
		}
	}
	return out
}
