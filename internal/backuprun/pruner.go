package backuprun

// Pruner removes sets that nothing keeps.
type Pruner struct{ Kit }
