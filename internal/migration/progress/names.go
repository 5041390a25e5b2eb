package progress

import "github.com/bakplane/bakplane/internal/endpoint"

func instanceName(i endpoint.Instance) string {
	if i.Traits.Source {
		return i.Name
	}
	if i.Name == "" || i.Name == i.InstanceID {
		return i.InstanceID
	}
	return i.Name + " (" + i.InstanceID + ")"
}
