package sqlserveremu

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Hold makes a database online with the contents that a restore elsewhere
// ended with, in the place of one of that name: an emulated cloud restores
// files, and this server is where its databases are read and written.
func (s *Server) Hold(name string, contents json.RawMessage, readOnly bool) error {
	c := Contents{Tables: []TableContents{}}
	if len(contents) > 0 {
		if err := json.Unmarshal(contents, &c); err != nil {
			return fmt.Errorf("read contents of %s: %w", name, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.find(name); old != nil && old.system {
		return fmt.Errorf("%s is the server's own", name)
	}
	db := s.newDatabase(name, 1<<20)
	db.tables = tablesOf(&c)
	if c.LSN.Compare(db.next) > 0 {
		db.next = c.LSN
	}
	db.lastLog, db.lastLogAt = db.checkpoint(), s.now()
	db.logBegan = db.lastLog
	db.readOnly = readOnly
	s.databases[strings.ToLower(name)] = db
	return nil
}
