package explain

const beside = "it is said beside the field of a form, which is corrected and sent again"

// orders are the codes of refused settings and orders about a cloud's backups.
var orders = []Row{
	{Code: "retention", Title: "retention not taken", None: beside, Cause: "The service does not take this retention.", Fix: "Choose 7 to 730 days."},
	{Code: "backup-days", Title: "days not taken", None: beside, Cause: "The service does not take these days.", Fix: "Choose at least two days a week."},
	{Code: "backup-hour", Title: "hour not taken", None: beside, Cause: "The service does not take this hour.", Fix: "Choose a full hour, in UTC."},
	{Code: "log-frequency", Title: "frequency not taken", None: beside, Cause: "The service does not take this frequency of log backups.", Fix: "Choose every 30 minutes, or as data."},
	{Code: "log-as-data", Title: "logs need intervals", None: beside, Cause: "With snapshots, logs cannot be backed up only as often as data.", Fix: "Choose every 30 minutes."},
	{Code: "log-always", Title: "log backup stays", None: beside, Cause: "Log backup cannot be switched off.", Fix: "Leave it on."},
	{Code: "cross-region", Title: "cross-region backup on", None: beside, Cause: "The instance cannot change to snapshots while cross-region backup is on.", Fix: "Switch cross-region backup off first."},
	{Code: "snapshots-stay", Title: "snapshots stay", None: beside, Cause: "An instance that takes snapshots cannot go back to physical backups.", Fix: "Take physical backups by hand: that stays possible."},
	{Code: "method", Title: "method not supported", None: beside,
		Cause: "The instance does not support this backup method; with more than 4,000 GB of storage only snapshots are.", Fix: "Choose the other method."},
	{Code: "edition-setting", Title: "setting not there", None: beside, Cause: "The edition of the instance does not have this setting.", Fix: "The priority of nodes is for Cluster Edition with physical backups."},
	{Code: "advanced-policy", Title: "advanced policy", None: beside, Cause: "The instance has an advanced backup policy, which the service lets nobody change through its API.", Fix: "Change it in the console."},
	{Code: "no-policy", Title: "no backup policy", None: beside, Cause: "The service has no backup policy for this instance.", Fix: "Look at the instance in the console."},
	{Code: "released", Title: "setting not taken", None: beside, Cause: "The service does not take this setting for released instances.", Fix: "Choose another one."},
	{Code: "backup-running", Title: "another backup running", None: beside, Cause: "Another backup of the instance is under way.", Fix: "Wait until it has ended."},
	{Code: "backup-type", Title: "type not taken", None: beside, Cause: "The service does not take this type of backup.", Fix: "Choose another one."},
	{Code: "restore-time", Title: "moment out of reach", None: beside, Cause: "The instance cannot be restored to this moment.", Fix: "Choose a moment inside its recovery window."},
	{Code: "combination", Title: "choices exclude others", None: beside, Cause: "Two of the choices exclude each other.", Fix: "See the reasons beside the fields."},
	{Code: "expiry", Title: "expiry not taken", None: beside, Cause: "The service does not keep this set until then.",
		Fix: "Only single-database sets of manual, physical, full and successful backups can be kept longer, and never shorter."},
}
