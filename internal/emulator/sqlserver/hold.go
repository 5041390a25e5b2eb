package sqlserveremu

import (
	"encoding/json"
	"fmt"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
)

// Hold makes a database online with the contents that a restore elsewhere
// ended with, in the place of one of that name: an emulated cloud restores
// files, and this server is where its databases are read and written.
func (s *Server) Hold(name string, carried json.RawMessage, readOnly bool) error {
	c := Contents{Tables: []TableContents{}}
	if len(carried) > 0 {
		if err := json.Unmarshal(carried, &c); err != nil {
			return fmt.Errorf("read contents of %s: %w", name, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.find(name); old != nil && old.system {
		return fmt.Errorf("%s is the server's own", name)
	}
	db := s.newDatabase(name, 1<<20)
	db.tables = contents.TablesOf(&c)
	if c.LSN.Compare(db.next) > 0 {
		db.next = c.LSN
	}
	db.lastLog, db.lastLogAt = db.checkpoint(), s.now()
	db.logBegan = db.lastLog
	db.readOnly = readOnly
	s.databases[s.key(name)] = db
	return nil
}
