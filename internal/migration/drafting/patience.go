package drafting

import "time"

// patience is how long a page waits for a server or a cloud to answer.
const patience = 5 * time.Second
