package backup

import (
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// CannotStop says of a plan for a moment what a target applies that cannot stop
// inside a log: the last log that may hold the moment, to its end.
func (p *Plan) CannotStop(at time.Time) {
	for i := len(p.Steps) - 1; i >= 0; i-- {
		s := p.Steps[i]
		if !s.StopAt {
			continue
		}
		end := "a time that the backup does not tell"
		if !s.Set.Finished.IsZero() {
			end = words.Moment(s.Set.Finished.Time()).String()
		}
		p.Notes = append(p.Notes, fmt.Sprintf("This target cannot stop inside a log backup, so it will not stop at %s: %s is applied to its end, with all that changed until %s. "+
			"To stop earlier, choose the end of the backup before it; to stop at the moment, choose a SQL Server of your own as the target.", words.Moment(at), s.Set.label(), end))
		return
	}
}
